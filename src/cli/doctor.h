/* SPDX-License-Identifier: MIT */
/* What this host can do for reeve: one finding a question, each answered by trying or looking. */
#pragma once

#include "cgroup/layout.h"
#include "util/text.h"

struct doctor {
	const struct host *host;
	const struct layout *layout; /* NULL: could not be detected */
	const char *layout_error;    /* then */
	unsigned kernel[2];	     /* 6, 1 */
};

struct finding {
	const char *name;
	bool ok;
	bool essential;	    /* without it reeve cannot do its main job here */
	struct text reason; /* always something */
	const char *todo;   /* or NULL */
};

/* Answers question `index`; false behind the last one. The finding's text is the caller's. */
bool doctor_ask(const struct doctor *doctor, size_t index, struct finding *ret_finding);
