// SPDX-License-Identifier: MIT
/* reeve status and reeve events: what the daemon is, and what it does as it does it. */
#include "cli/commands.h"

#include "cli/control.h"
#include "cli/show.h"
#include "util/units.h"

#include <inttypes.h>

static int run_status(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct show show = { .out = cli->out, .colour = cli->colour_out, .all = cli->all };
	_cleanup_(control_freep) struct control *control = NULL;
	struct error err = ERROR_INIT;
	json_t *reply = NULL;
	int r = control_open(cli, false, &control, &err);

	if (r == -ENOENT && cli->json)
		fputs("{\n  \"running\": false\n}\n", cli->out);
	if (r >= 0)
		r = control_call(control, "GetStatus", NULL, &reply, &err);
	if (r < 0)
		return cli_fail(cli, &err);
	json_object_set_new(reply, "running", json_true());
	r = EXIT_DONE;
	if (cli->json)
		r = cli_print_json(cli, reply);
	else
		show_status(&show, reply);
	json_decref(reply);
	return r;
}

static const struct command_option status_options[] = {
	{ "all", 'a', OPTION_FLAG, NULL, "also the counters that are zero",
	  offsetof(struct cli, all) },
};

const struct command status_command = {
	.name = "status",
	.usage = "[OPTION...]",
	.summary = "Show the daemon: sources, groups, losses and last decisions",
	.description = "The exit code is 1 when no daemon runs; *--json* then prints "
		       "_{\"running\": false}_.",
	COMMAND_OPTIONS(status_options),
	.run = run_status,
};

struct follower {
	const struct cli *cli;
	uint64_t left; /* decisions still wanted; 0: all */
};

/* Each line is written at once: who follows through a pipe wants it now. */
static int on_event(json_t *reply, void *userdata)
{
	struct follower *follower = userdata;
	const struct cli *cli = follower->cli;
	struct show show = { .out = cli->out, .colour = cli->colour_out };
	const json_t *decision = json_object_get(reply, "decision");
	uint64_t lost = member_integer(reply, "lost");

	if (cli->json) {
		json_dumpf(reply, cli->out, JSON_COMPACT);
		fputc('\n', cli->out);
	} else {
		if (lost > 0)
			fprintf(cli->out, "(%" PRIu64 " lost: this reader was too slow)\n", lost);
		if (json_is_object(decision))
			show_decision(&show, decision);
	}
	if (fflush(cli->out) != 0)
		return -EIO;
	return json_is_object(decision) && follower->left > 0 && --follower->left == 0 ? 1 : 0;
}

static int run_events(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(control_freep) struct control *control = NULL;
	struct follower follower = { .cli = cli };
	struct error err = ERROR_INIT;
	int r;

	if (cli->count && (parse_u64(cli->count, &follower.left) < 0 || follower.left == 0)) {
		error_set(&err, -EINVAL, "events: --count is \"%s\"; it is a number from 1",
			  cli->count);
		return cli_usage(cli, &err);
	}
	r = control_open(cli, false, &control, &err);
	if (r >= 0)
		r = control_observe(control, on_event, &follower, &err);
	if (r == 0)
		r = error_set(&err, -EPIPE, "the daemon has ended");
	if (r < 0 && err.code == 0)
		error_set_errno(&err, r, "cannot follow the events");
	return r < 0 ? cli_fail(cli, &err) : EXIT_DONE;
}

static const struct command_option events_options[] = {
	{ "count", 'n', OPTION_STRING, "N", "end after so many decisions",
	  offsetof(struct cli, count) },
};

const struct command events_command = {
	.name = "events",
	.usage = "[OPTION...]",
	.summary = "Follow the daemon's decisions as they are made",
	.description = "Shows what is decided from now on, until interrupted. With *--json*, each "
		       "line is one object with a member _decision_, _lost_ or both.",
	COMMAND_OPTIONS(events_options),
	.run = run_events,
};
