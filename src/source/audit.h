/* SPDX-License-Identifier: MIT */
/*
 * The source `audit`: executions and changes of user and group as the kernel's audit records them,
 * read from its multicast group, with rules of its own. It works beside the audit daemon and
 * changes nothing of anybody else's (audit-control.h).
 */
#pragma once

#include "source/source.h"

extern const struct source_class audit_source;

/* Takes away audit rules that a reeve has left behind that is dead. Returns how many, or -errno. */
int audit_clean(const struct host *host, struct error *err);
