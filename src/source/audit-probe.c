// SPDX-License-Identifier: MIT
/*
 * The checks in the order in which the kernel makes them: audit_netlink_ok() and
 * audit_multicast_bind() in kernel/audit.c.
 */
#include "source/audit-probe.h"

#include "source/audit-socket.h"

#include <sys/stat.h>

/* audit_set_failure(): what the kernel does when a record is lost. */
enum { FAILURE_PANIC = 2 };

struct check {
	const struct host *host;
	struct audit_control *control;
	struct audit_state *state;
	hook_report_fn report;
	void *userdata;
	struct error *err;
};

static int refuse(const struct check *check, const char *name, int error, const char *reason,
		  const char *advice)
{
	const struct hook_report report = { name, HOOK_REFUSED, -error, reason, advice };

	if (check->report)
		check->report(&report, check->userdata);
	error_done(check->err);
	return error_set(check->err, error, "%s", reason);
}

/* `reason` may be a note about what works, or NULL. */
static void accept_hook(const struct check *check, const char *name, const char *reason,
			const char *advice)
{
	const struct hook_report report = { name, HOOK_WORKS, 0, reason, advice };

	if (check->report)
		check->report(&report, check->userdata);
}

static int check_control(const struct check *check)
{
	static const char name[] = "AUDIT_GET";
	int r = audit_control_status(check->control, &check->state->status, check->err);

	if (r >= 0)
		r = audit_control_rules(check->control, &check->state->rules, check->err);
	if (r == -ECONNREFUSED)
		return refuse(check, name, r,
			      "this is another user namespace, and audit answers the host's alone",
			      "run it on the host");
	if (r == -EPERM)
		return refuse(check, name, r,
			      "CAP_AUDIT_CONTROL is missing, or this is another process namespace",
			      "run it as root on the host");
	if (r < 0)
		return refuse(check, name, r, "the kernel does not answer", NULL);
	accept_hook(check, name,
		    check->state->status.pid ? "an audit daemon runs, and is not disturbed" : NULL,
		    NULL);
	return 0;
}

static bool is_other_network(const struct host *host)
{
	struct stat own, first;

	return fstatat(host->proc_fd, "self/ns/net", &own, 0) == 0 &&
	       fstatat(host->proc_fd, "1/ns/net", &first, 0) == 0 && own.st_ino != first.st_ino;
}

static int check_multicast(const struct check *check)
{
	static const char name[] = "AUDIT_NLGRP_READLOG";
	_cleanup_(audit_socket_freep) struct audit_socket *sock = NULL;
	int r = audit_socket_new(0, &sock, check->err);

	if (r == -EPERM)
		return refuse(check, name, r, "CAP_AUDIT_READ is missing", "run it as root");
	if (r < 0)
		return refuse(check, name, r, "the group of audit records cannot be read", NULL);
	/* kauditd_send_multicast_skb() sends to the first network namespace alone. */
	if (is_other_network(check->host))
		return refuse(check, name, -ENONET,
			      "this is another network namespace, where no audit record comes",
			      "run it in the host's network namespace");
	accept_hook(check, name, NULL, NULL);
	return 0;
}

static int check_rules(const struct check *check)
{
	static const char name[] = "AUDIT_ADD_RULE";
	const struct audit_state *state = check->state;

	if (audit_abi_arch(AUDIT_ABI_NATIVE) == 0)
		return refuse(check, name, -EOPNOTSUPP,
			      "the system calls of this processor are not known", NULL);
	if (state->status.enabled > 1)
		return refuse(check, name, -EPERM,
			      "the audit configuration is locked until the next boot: no rule can "
			      "be "
			      "added",
			      "take \"-e 2\" out of the audit rules and reboot");
	if (state->status.failure == FAILURE_PANIC)
		return refuse(check, name, -EBUSY,
			      "the kernel is told to panic when an audit record is lost, so reeve "
			      "adds none",
			      "auditctl -f 1");
	if (state->rules.never_task)
		return refuse(
			check, name, -EOPNOTSUPP,
			"a rule \"never,task\" is loaded: what was started since is not audited",
			"delete that rule (auditctl -d never,task); processes that run already "
			"stay unseen");
	accept_hook(check, name, NULL, NULL);
	return 0;
}

/* What works, but not for all. */
static void check_blind_spots(const struct check *check)
{
	static const char name[] = "audit rules of others";
	const struct audit_rules *rules = &check->state->rules;

	if (rules->never_some_task)
		accept_hook(check, name, "a rule \"never,task\" hides the processes that it names",
			    "auditctl -l shows it");
	else if (rules->never_exit)
		accept_hook(check, name, "a rule \"never,exit\" hides the executions that it names",
			    "auditctl -l shows it");
	else if (rules->excluded)
		accept_hook(check, name,
			    "a rule in the list \"exclude\" takes away records that are read here",
			    "auditctl -l shows it");
	if (check->state->status.enabled == 0)
		accept_hook(
			check, "audit enabled",
			"audit is switched off, and will be while nobody watches: a process that "
			"runs already is seen only after it has forked, and one that is started "
			"once audit was on takes about 1 µs more for each execution until the "
			"next boot",
			NULL);
}

int audit_probe(const struct host *host, struct audit_control *control,
		struct audit_state *ret_state, hook_report_fn report, void *userdata,
		struct error *err)
{
	_cleanup_(error_done) struct error own = ERROR_INIT;
	const struct check check = {
		.host = host,
		.control = control,
		.state = ret_state,
		.report = report,
		.userdata = userdata,
		.err = err ? err : &own,
	};
	int r = check_control(&check);

	/* All are told, the first that is refused counts. */
	if (r < 0)
		return r;
	r = check_multicast(&check);
	if (r >= 0)
		r = check_rules(&check);
	if (r >= 0)
		check_blind_spots(&check);
	return r;
}
