// SPDX-License-Identifier: MIT
/*
 * Daemon or not: commands speak io.reeve's methods and do not care who answers. A socket that is
 * there but refuses us is an error, never a reason to work without the daemon behind its back.
 */
#include "cli/control.h"

#include "core/engine.h"
#include "util/places.h"
#include "varlink/client.h"

#define INTERFACE "io.reeve."

enum { CALL_TIMEOUT_MS = 30 * 1000 };

struct control {
	struct varlink_client *client; /* or NULL: local */
	struct host *host;
	struct engine *engine;
};

void control_free(struct control *control)
{
	if (!control)
		return;
	varlink_client_freep(&control->client);
	engine_freep(&control->engine);
	host_freep(&control->host);
	free(control);
}

static bool is_permission(int code)
{
	return code == -EACCES || code == -EPERM;
}

/* An engine for one command's work. */
static int open_local(const struct cli *cli, struct control *control, struct error *err)
{
	struct engine_options options = {
		.config_path = cli->config,
		.runtime_dir = cli->runtime_dir,
		.load_flags = LOAD_REQUIRE_OWNERSHIP,
		.local = true,
		.bare = cli->command->flags & COMMAND_BARE,
		.guard_fd = -1,
	};
	struct diagnostics diagnostics = { 0 };
	int r = host_new(&control->host, err);

	if (r < 0)
		return r;
	r = engine_new(control->host, NULL, &options, &control->engine, &diagnostics, err);
	if (diagnostics.errors > 0) {
		diagnostics_print(&diagnostics, cli->colour_err, cli->err);
		error_set(err, r, "the policy %s is not valid, see above",
			  cli->config ? cli->config : ENGINE_CONFIG_PATH);
	}
	diagnostics_done(&diagnostics);
	if (r < 0 && err && err->code == 0)
		error_set_errno(err, r, "cannot work without the daemon");
	if (is_permission(r) && geteuid() != 0) {
		struct error cause = ERROR_INIT;

		error_move(&cause, err);
		error_set(err, r, "no daemon runs, and without it this must be run as root (%s)",
			  error_text(&cause));
		error_done(&cause);
	}
	return r;
}

int control_open(const struct cli *cli, bool local_too, struct control **ret_control,
		 struct error *err)
{
	_cleanup_(control_freep) struct control *control = calloc(1, sizeof(*control));
	_cleanup_(freep) char *path = place_socket(cli->runtime_dir);
	struct error cause = ERROR_INIT;
	int r;

	if (!control || !path)
		return error_oom(err);
	r = varlink_connect(path, &control->client, &cause);
	if (r == -ENOENT || r == -ECONNREFUSED) {
		error_done(&cause);
		if (!local_too)
			return error_set(err, -ENOENT,
					 "no daemon runs: nothing answers at %s (start reeved, "
					 "or name its folder by --runtime-dir)",
					 path);
		r = open_local(cli, control, err);
	} else if (is_permission(r)) {
		error_done(&cause);
		error_set(err, r,
			  "cannot reach the daemon at %s: %s (root may do everything, members of "
			  "the group \"reeve\" may look)",
			  path, strerror(-r));
	} else if (r < 0) {
		if (cause.code == 0)
			error_set_errno(&cause, r, "cannot reach the daemon at %s", path);
		error_move(err, &cause);
	}
	if (r < 0)
		return r;
	*ret_control = TAKE_PTR(control);
	return 0;
}

int control_call(struct control *control, const char *method, json_t *parameters,
		 json_t **ret_reply, struct error *err)
{
	_cleanup_(freep) char *full = NULL, *name = NULL;
	json_t *reply = NULL;
	int r;

	if (asprintf(&full, INTERFACE "%s", method) < 0) {
		full = NULL;
		json_decref(parameters);
		return error_oom(err);
	}
	if (!control->client) {
		json_t *given = parameters ? parameters : json_object();

		r = given ? engine_control(control->engine, full, given, ret_reply, err)
			  : error_oom(err);
		json_decref(given);
		return r;
	}
	r = varlink_call(control->client, full, parameters, CALL_TIMEOUT_MS, &reply, &name, err);
	if (r > 0) {
		r = varlink_explain(name, reply, err);
		/* What callers tell apart by number must be the same with and without a daemon. */
		if (streq(name, INTERFACE "NoSuchGroup") || streq(name, INTERFACE "NoSuchService"))
			r = -ENOENT;
		json_decref(reply);
		return r;
	}
	if (r == 0)
		*ret_reply = reply;
	return r;
}

struct varlink_client *control_client(const struct control *control)
{
	return control->client;
}

int control_observe(struct control *control, int (*function)(json_t *reply, void *userdata),
		    void *userdata, struct error *err)
{
	if (!control->client)
		return error_set(err, -EOPNOTSUPP, "there are no events without a daemon");
	return varlink_observe(control->client, INTERFACE "Events", NULL, function, userdata, err);
}
