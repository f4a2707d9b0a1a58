// SPDX-License-Identifier: MIT
/* Subscribes and ends the subscription at once: what the kernel allows is what it does. */
#include "source/connector-probe.h"

#include "source/connector-socket.h"

enum { PROBE_BUFFER = 64 << 10 };

static void report_refusal(int error, const struct error *err, hook_report_fn report,
			   void *userdata)
{
	const struct hook_report refused = {
		.name = "connector/proc",
		.state = HOOK_REFUSED,
		.error = -error,
		.reason = error_text(err),
		.advice = error == -EPERM || error == -EACCES ? "run as root, or with CAP_NET_ADMIN"
			  : error == -EXDEV		      ? "run in the host's namespaces"
							      : NULL,
	};

	report(&refused, userdata);
}

int connector_probe(const struct host *host, hook_report_fn report, void *userdata,
		    struct error *err)
{
	_cleanup_(connector_socket_freep) struct connector_socket *socket = NULL;
	_cleanup_(error_done) struct error why = ERROR_INIT;
	struct hook_report hook = { .name = "connector/proc", .state = HOOK_WORKS };
	int r = connector_socket_new(host, PROBE_BUFFER, &socket, &why);

	if (r < 0) {
		report_refusal(r, &why, report, userdata);
		error_move(err, &why);
		return r;
	}
	report(&hook, userdata);
	hook.name = "connector/filter";
	if (!connector_socket_can_choose(socket)) {
		hook.state = HOOK_REFUSED;
		hook.error = EOPNOTSUPP;
		hook.reason = "kernels before 6.6 send every event to every listener";
	}
	report(&hook, userdata);
	hook = (struct hook_report){ .name = "connector/drops", .state = HOOK_WORKS };
	if (!connector_socket_counts(socket)) {
		hook.state = HOOK_REFUSED;
		hook.error = EOPNOTSUPP;
		hook.reason = "the kernel does not say how many messages did not fit";
	}
	report(&hook, userdata);
	return 0;
}
