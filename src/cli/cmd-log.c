// SPDX-License-Identifier: MIT
/* reeve log: what was decided, from the daemon's record, and as it goes on. */
#include "cli/commands.h"

#include "cli/control.h"
#include "cli/output.h"
#include "cli/show.h"
#include "util/units.h"
#include "varlink/client.h"

#include <inttypes.h>

enum { LINES_DEFAULT = 1000 };

static void print(const struct cli *cli, const json_t *decision)
{
	struct show show = { .out = cli->out, .colour = cli->colour_out };

	if (!cli->json) {
		show_decision(&show, decision);
		return;
	}
	json_dumpf(decision, cli->out, JSON_COMPACT);
	fputc('\n', cli->out);
}

/* Each line is written at once: who follows through a pipe wants it now. */
static int on_decision(json_t *reply, void *userdata)
{
	const struct cli *cli = userdata;
	const json_t *decision = json_object_get(reply, "decision");
	uint64_t lost = member_integer(reply, "lost");

	if (lost > 0)
		cli_say(cli, "%" PRIu64 " decisions are missing here: this reader was too slow",
			lost);
	if (json_is_object(decision))
		print(cli, decision);
	return fflush(cli->out) != 0 ? -EIO : 0;
}

static int list(const struct cli *cli, struct control *control, json_t *wish, struct error *err)
{
	json_t *reply = NULL, *decision;
	int r = control_call(control, "ListDecisions", wish, &reply, err);
	size_t index;

	if (r < 0)
		return r;
	json_array_foreach(json_object_get(reply, "decisions"), index, decision)
		print(cli, decision);
	json_decref(reply);
	return 0;
}

static int follow(const struct cli *cli, struct control *control, json_t *wish, struct error *err)
{
	struct cli copy = *cli;
	int r = varlink_observe(control_client(control), "io.reeve.SubscribeDecisions", wish,
				on_decision, &copy, err);

	if (r == 0)
		return error_set(err, -EPIPE, "the daemon has ended");
	return r < 0 && err->code == 0 ? error_set_errno(err, r, "cannot follow the record") : r;
}

static int run_log(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(control_freep) struct control *control = NULL;
	struct error err = ERROR_INIT;
	uint64_t lines = LINES_DEFAULT;
	json_t *wish;
	int r;

	if (cli->count && parse_u64(cli->count, &lines) < 0) {
		error_set(&err, -EINVAL, "log: --lines is \"%s\"; it is a number", cli->count);
		return cli_usage(cli, &err);
	}
	r = control_open(cli, false, &control, &err);
	if (r < 0)
		return cli_fail(cli, &err);
	wish = json_pack("{s:s?, s:b, s:I}", "rule", cli->rule, "denied", (int)cli->denied, "limit",
			 (json_int_t)lines);
	r = cli->follow ? follow(cli, control, wish, &err) : list(cli, control, wish, &err);
	return r < 0 ? cli_fail(cli, &err) : EXIT_DONE;
}

static const struct command_option log_options[] = {
	{ "denied", 0, OPTION_FLAG, NULL, "only what was refused", offsetof(struct cli, denied) },
	{ "follow", 'f', OPTION_FLAG, NULL, "and what is decided from now on",
	  offsetof(struct cli, follow) },
	{ "lines", 'n', OPTION_STRING, "N", "the last N (default 1000)",
	  offsetof(struct cli, count) },
	{ "rule", 'r', OPTION_STRING, "RULE", "only what that rule had a part in",
	  offsetof(struct cli, rule) },
};

const struct command log_command = {
	.name = "log",
	.usage = "[OPTION...]",
	.summary = "Show what was decided: when, by which rule, about whom, with what result",
	.description = "Reads the daemon's record (_decisions_ in *reeve.yaml*(5)). *--json* "
		       "prints one object a line.",
	COMMAND_OPTIONS(log_options),
	.run = run_log,
};
