/* SPDX-License-Identifier: MIT */
/*
 * The control side of the kernel's audit: its state, and reeve's own rules in it.
 *
 * Rules are added at the end of the list "exit", one a kind of call and ABI, each with a key of
 * this instance: "reeve-PID-START-PORT-on" (-off: audit was switched off before). By the key they
 * are known as ours, as those of another instance that lives, or as left behind by one that has
 * crashed. No other rule is ever added, moved or deleted, and the pid of the audit daemon is never
 * set.
 */
#pragma once

#include "source/audit-calls.h"
#include "util/error.h"
#include "util/host.h"

#include <linux/audit.h>

struct audit_control;

/* What the rules that are loaded mean for us. */
struct audit_rules {
	unsigned count;
	bool never_task;      /* all processes begun since are not audited: nothing is seen */
	bool never_some_task; /* some are not */
	bool never_exit;      /* a rule before ours may hide executions */
	bool excluded;	      /* records that we read are suppressed by their type */
	unsigned living;      /* rules of other reeves that run */
	bool was_off;	      /* one of those, or of the dead, has switched audit on */
};

/*
 * Opens the kernel's end. -EPROTONOSUPPORT: the kernel has no audit. What follows says whether it
 * may be used.
 */
int audit_control_new(const struct host *host, struct audit_control **ret_control,
		      struct error *err);
/* Takes all that was added away, and switches audit off if we had switched it on. */
void audit_control_free(struct audit_control *control);
DEFINE_CLEANUP(struct audit_control *, audit_control_free);

/* Asks and waits. -EPERM: CAP_AUDIT_CONTROL is missing, or we are in another pid namespace;
 * -ECONNREFUSED: in another user namespace. */
int audit_control_status(struct audit_control *control, struct audit_status *ret_status,
			 struct error *err);
int audit_control_rules(struct audit_control *control, struct audit_rules *ret_rules,
			struct error *err);

/* Takes away the rules of reeves that have died. Returns how many. */
int audit_control_clean(struct audit_control *control, struct error *err);

/*
 * Makes our rules those for `calls` (bits 1 << enum audit_call); with `failed` for executions that
 * fail, too. Switches audit on where it is off. With 0 everything is put back as it was.
 * -EINVAL on adding: the kernel is built without CONFIG_AUDITSYSCALL.
 */
int audit_control_apply(struct audit_control *control, unsigned calls, bool failed,
			struct error *err);
/* Adds again what another program has taken away ("auditctl -D"). Returns how many. */
int audit_control_restore(struct audit_control *control, struct error *err);

/* True if a rule with this key is ours. */
bool audit_control_is_ours(const struct audit_control *control, const char *key, size_t size);
/* We have switched audit on. */
bool audit_control_has_enabled(const struct audit_control *control);

/* Asks for the status without waiting for it. */
int audit_control_ask(struct audit_control *control);
/* 1: *ret_status is the answer; 0: it has not come; -errno. */
int audit_control_answer(struct audit_control *control, struct audit_status *ret_status);
int audit_control_fd(const struct audit_control *control);
