/* SPDX-License-Identifier: MIT */
/* What the kernel's audit allows here, asked without changing anything. */
#pragma once

#include "source/audit-control.h"
#include "source/source.h"

struct audit_state {
	struct audit_status status;
	struct audit_rules rules;
};

/*
 * Looks at everything that the source needs; `report` (may be NULL) is told of each. Returns 0, or
 * why the source cannot work with a sentence in `err`.
 */
int audit_probe(const struct host *host, struct audit_control *control,
		struct audit_state *ret_state, hook_report_fn report, void *userdata,
		struct error *err);
