// SPDX-License-Identifier: MIT
/* reeve top is a program of its own: no other command loads what draws on a terminal. */
#include "cli/commands.h"

#include "util/places.h"
#include "util/units.h"

#include <inttypes.h>

static int run_top(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	char beside[PLACE_SIZE], interval[32];
	const char *places[] = { beside, REEVE_LIBEXEC_DIR "/reeve-top" };
	uint64_t interval_ns = UINT64_C(1000000000);
	struct error err = ERROR_INIT;

	if (cli->interval &&
	    (parse_duration(cli->interval, UINT64_C(1000000000), &interval_ns) < 0 ||
	     interval_ns < UINT64_C(100000000))) {
		error_set(&err, -EINVAL,
			  "top: --interval is \"%s\"; it is a time from 0.1 seconds, such as 2 or "
			  "500ms",
			  cli->interval);
		return cli_usage(cli, &err);
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		error_set(&err, -ENOTTY,
			  "top: this is no terminal (for programs: reeve status --json)");
		return cli_fail(cli, &err);
	}
	/* The program knows no options. */
	if (cli->color && streq(cli->color, "never"))
		setenv("NO_COLOR", "1", true);
	else if (cli->color && streq(cli->color, "always"))
		unsetenv("NO_COLOR");
	place_beside("reeve-top", beside);
	snprintf(interval, sizeof(interval), "%" PRIu64, interval_ns);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		execl(places[i], "reeve-top", cli->runtime_dir, interval, (char *)NULL);
	error_set_errno(&err, -errno, "top: cannot start %s", places[1]);
	return cli_fail(cli, &err);
}

static const struct command_option top_options[] = {
	{ "interval", 'i', OPTION_STRING, "TIME", "look so often (default 1s)",
	  offsetof(struct cli, interval) },
};

const struct command top_command = {
	.name = "top",
	.usage = "[OPTION...]",
	.summary = "Show on the terminal what groups use, and steer them",
	.description =
		"Groups as a tree, each with its share of a processor and the last minutes of "
		"that, "
		"memory and tasks against their limits, input and output, the share of time in "
		"which some of it waited for a processor (c), memory (m) or io (i), the time for "
		"which its limit held it back, and processes killed for want of memory. Below are "
		"decisions as they are made.\n\n"
		"Arrows move; *space* folds, *enter* shows the processes of a group, *s* takes "
		"another order, */* shows only groups with a text in their name, *f* freezes, *t* "
		"thaws, *k* kills after a question, *l* changes a limit (_cpu=50%_, "
		"_pids=default_), *d* hides decisions, *?* lists all keys, *q* quits. Members of "
		"the group _reeve_ may look; what changes something is for root.\n\n"
		"With _NO_COLOR_ there is no colour. A terminal that can place no cursor gets "
		"plain "
		"lines.",
	.flags = COMMAND_TEXT,
	COMMAND_OPTIONS(top_options),
	.run = run_top,
};
