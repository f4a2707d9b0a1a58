// SPDX-License-Identifier: MIT
/*
 * reeve replay: a recorded file, shown as watch shows it; or a policy put to it. Needs neither root
 * nor a daemon, and changes nothing.
 */
#include "cli/commands.h"

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verdicts.h"
#include "cli/view.h"
#include "cli/watch-options.h"
#include "cli/writer.h"
#include "source/replay.h"

#include <signal.h>

struct replay {
	struct filter *filter;
	struct view view;
	struct verdicts *verdicts; /* NULL: events are shown */
	struct writer writer;
	struct progress progress;
	uint64_t left; /* to be shown; 0: all */
	bool over;
};

static void on_event(struct event *event, void *userdata)
{
	struct replay *replay = userdata;
	bool ours = event->type == EVENT_GAP || event->type == EVENT_SOURCE;

	if (replay->over || !filter_pass(replay->filter, event))
		return;
	if (replay->verdicts)
		verdicts_add(replay->verdicts, event, &replay->writer.text);
	else
		view_add(&replay->view, event, &replay->writer.text);
	if (!ours && replay->left > 0 && --replay->left == 0)
		replay->over = true;
}

static int tell_all(struct replay *replay, struct source *source, struct error *err)
{
	int r = 0, percent;

	while (r >= 0 && !replay->over) {
		r = replay_source.dispatch(source, err);
		percent = replay_percent(source);
		if (percent >= 0)
			progress_say(&replay->progress, "%d %% read", percent);
		if (r >= 0)
			r = writer_flush(&replay->writer);
	}
	progress_end(&replay->progress);
	return r == -ENODATA ? 0 : r;
}

static int show_all(struct replay *replay, const char *path, const struct host *host,
		    struct error *err)
{
	const struct source_options options = {
		.host = host,
		.sink = { on_event, replay },
		.types = EVENT_ALL,
		.path = path,
	};
	_cleanup_(source_freep) struct source *source = NULL;
	struct text *text = &replay->writer.text;
	int r = replay_source.open(&options, &source, err);

	if (r < 0)
		return r;
	if (replay->verdicts)
		verdicts_begin(replay->verdicts, text);
	else
		view_begin(&replay->view, text);
	r = tell_all(replay, source, err);
	if (replay->verdicts)
		verdicts_end(replay->verdicts, text);
	else
		view_end(&replay->view, text);
	return r < 0 ? r : writer_flush(&replay->writer);
}

static int prepare(struct replay *replay, const struct cli *cli, const struct host *host,
		   struct error *err)
{
	int r = view_init(&replay->view, cli, err);

	writer_init(&replay->writer, cli->out, -1, UINT64_MAX);
	/* Events on the same terminal are progress enough. */
	if (!output_terminal(cli->out) || cli->summary)
		progress_init(&replay->progress, cli->err);
	/* Trees are followed from their roots on: nobody knows who ran before. */
	if (r >= 0 && filter_seed(replay->filter, NULL) < 0)
		r = error_oom(err);
	if (r >= 0 && cli->policy)
		r = verdicts_new(cli, host, &replay->verdicts, err);
	return r;
}

static int run_replay(struct cli *cli, _unused_ int count, char **operands)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	struct replay replay = { 0 };
	struct error err = ERROR_INIT;
	struct selection selection;
	int r = watch_options_filter(cli, EVENT_ALL, &filter, &err);

	if (r >= 0)
		r = watch_options_count(cli, &replay.left, &err);
	if (r >= 0 && cli->fields)
		r = selection_parse(cli->fields, &selection, &err);
	if (r < 0) {
		error_wrap(&err, "replay");
		return cli_usage(cli, &err);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	replay.filter = filter;
	r = host_new(&host, &err);
	if (r >= 0)
		r = prepare(&replay, cli, host, &err);
	if (r >= 0)
		r = show_all(&replay, operands[0], host, &err);
	writer_done(&replay.writer);
	view_done(&replay.view);
	verdicts_free(replay.verdicts);
	return watch_result(cli, r, &err);
}

static const struct command_option replay_options[] = {
	{ "policy", 0, OPTION_STRING, "PATH",
	  "say what this policy, a file or a folder, would have done, and why",
	  offsetof(struct cli, policy) },
	{ "fields", 'f', OPTION_STRING, "LIST",
	  "show these fields, with commas between; docs/events.md lists them",
	  offsetof(struct cli, fields) },
	{ "summary", 0, OPTION_FLAG, NULL,
	  "no events, but at the end which programs ran most, and longest",
	  offsetof(struct cli, summary) },
	{ "count", 'n', OPTION_STRING, "N", "end after so many events",
	  offsetof(struct cli, count) },
};

const struct command replay_command = {
	.name = "replay",
	.usage = "[OPTION...] FILE",
	.summary = "Show a recorded file, or what a policy would have done with it",
	.description =
		"Needs neither root nor a daemon, and changes nothing. _FILE_ may be \"-\". Of a "
		"file that was cut off, or is damaged, all that is whole is shown, and what is "
		"missing is told.\n\n"
		"With *--policy*, every execution is put to the policy's rules: which group it "
		"would have been placed in, by which rule, and what else would have happened. "
		"Rules "
		"on opening files are not judged, for records hold no openings.",
	.flags = COMMAND_FILTERS | COMMAND_POLICY,
	.operands = 1,
	COMMAND_OPTIONS(replay_options),
	.run = run_replay,
};
