/* SPDX-License-Identifier: MIT */
/* What the sources of events can do on this host: each asked with its hooks, by trying. */
#pragma once

#include "cli/cli.h"
#include "source/source.h"

/* A hook's report with texts of its own. */
struct hook_finding {
	enum hook_state state;
	int error;
	char *name, *reason, *advice; /* the last two or NULL */
};

struct source_finding {
	const struct source_class *source;
	struct error why; /* of what does not work */
	bool ok;
	struct hook_finding *hooks;
	size_t hook_count;
};

/* -ENOMEM. Where the source does not work, that is a finding. */
int source_finding_make(const struct host *host, const struct source_class *source,
			struct source_finding *ret_finding);
void source_finding_done(struct source_finding *finding);

/* In the form of doctor's other lines. */
void source_finding_print(const struct cli *cli, const struct source_finding *finding);
json_t *source_finding_to_json(const struct source_finding *finding);
