/* SPDX-License-Identifier: MIT */
/*
 * Adds to an event of audit's what only /proc knows: paths from the host's root, groups,
 * namespaces, when the process was made. By then the process may have ended, executed again, or
 * given its id away; each field is added only where it is certain to be of this event.
 */
#pragma once

#include "source/audit-event.h"
#include "util/error.h"
#include "util/host.h"

struct audit_process;

/* `environment` is borrowed. */
int audit_process_new(const struct host *host, const char *const *environment, size_t count,
		      struct audit_process **ret_process, struct error *err);
void audit_process_free(struct audit_process *process);
DEFINE_CLEANUP(struct audit_process *, audit_process_free);

/* To be called before a round of events. */
void audit_process_refresh(struct audit_process *process);

/* The group is what `made` was made from. New slices hold until the next call. */
void audit_process_add(struct audit_process *process, const struct audit_group *group,
		       struct audit_event *made);
