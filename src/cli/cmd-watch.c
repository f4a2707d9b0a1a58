// SPDX-License-Identifier: MIT
/* reeve watch: events as they happen, as lines, as JSON, or only their sums. */
#include "cli/commands.h"

#include "cli/output.h"
#include "cli/stream.h"
#include "cli/view.h"
#include "cli/watch-options.h"
#include "cli/writer.h"

struct watch {
	struct view view;
	struct writer writer;
};

static void on_event(const struct event *event, void *userdata)
{
	struct watch *watch = userdata;

	view_add(&watch->view, event, &watch->writer.text);
}

static int on_rest(void *userdata)
{
	return writer_flush(&((struct watch *)userdata)->writer);
}

/* The kinds that are meant where none are named. */
static uint32_t usual_types(const struct cli *cli)
{
	/* What a program has taken is told at its end. */
	return EVENT_BIT(EVENT_EXEC) | (cli->summary ? EVENT_BIT(EVENT_EXIT) : 0);
}

static int follow(struct cli *cli, const struct stream_options *options, struct error *err)
{
	_cleanup_(stream_freep) struct stream *stream = NULL;
	struct watch watch;
	const struct stream_sink sink = {
		.event = on_event,
		.rest = on_rest,
		.userdata = &watch,
	};
	int r = view_init(&watch.view, cli, err), r2;

	if (r >= 0)
		r = stream_new(cli, options, &stream, err);
	if (r < 0) {
		view_done(&watch.view);
		return r;
	}
	writer_init(&watch.writer, cli->out, stream_stop_fd(stream), stream_deadline(stream));
	view_begin(&watch.view, &watch.writer.text);
	r = stream_run(stream, &sink, err);
	view_end(&watch.view, &watch.writer.text);
	r2 = r == -EPIPE && err->code == 0 ? r : writer_flush(&watch.writer);
	watch_tell_losses(cli, stream_losses(stream));
	writer_done(&watch.writer);
	view_done(&watch.view);
	return r < 0 ? r : r2;
}

static int run_watch(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	struct stream_options options = {
		.source = cli->source,
		.local = cli->local,
		.running = cli->since_start,
		.environment = cli->env.values,
		.environment_count = cli->env.count,
	};
	struct error err = ERROR_INIT;
	struct selection selection;
	int r = watch_options_filter(cli, usual_types(cli), &filter, &err);

	if (r >= 0)
		r = watch_options_count(cli, &options.count, &err);
	if (r >= 0)
		r = watch_options_timeout(cli, &options.timeout_ns, &err);
	if (r >= 0)
		r = watch_options_source(cli, &err);
	if (r >= 0 && cli->fields)
		r = selection_parse(cli->fields, &selection, &err);
	if (r < 0) {
		error_wrap(&err, "watch");
		return cli_usage(cli, &err);
	}
	options.filter = filter;
	r = follow(cli, &options, &err);
	return watch_result(cli, r, &err);
}

static const struct command_option watch_options[] = {
	{ "since-start", 0, OPTION_FLAG, NULL, "also what runs already, first",
	  offsetof(struct cli, since_start) },
	{ "fields", 'f', OPTION_STRING, "LIST",
	  "show these fields, with commas between; docs/events.md lists them",
	  offsetof(struct cli, fields) },
	{ "summary", 0, OPTION_FLAG, NULL,
	  "no events, but at the end which programs ran most, and longest",
	  offsetof(struct cli, summary) },
	{ "count", 'n', OPTION_STRING, "N", "end after so many events",
	  offsetof(struct cli, count) },
	{ "timeout", 't', OPTION_STRING, "TIME", "end after this time: 10 (seconds), 500ms, 1h",
	  offsetof(struct cli, timeout) },
	{ "env", 0, OPTION_LIST, "NAME",
	  "also this variable of the environment; not from a daemon; repeatable",
	  offsetof(struct cli, env) },
	{ "source", 0, OPTION_STRING, "NAME",
	  "see by bpf, connector, audit, procfs or gate; does without a daemon",
	  offsetof(struct cli, source) },
	{ "local", 0, OPTION_FLAG, NULL, "do without a daemon, also where one runs",
	  offsetof(struct cli, local) },
};

const struct command watch_command = {
	.name = "watch",
	.usage = "[OPTION...]",
	.summary = "Show what is executed, and what else processes do, as it happens",
	.description =
		"Without *--type*, executions are shown: who ran which program, as what it was "
		"asked for, and in which container. Where a daemon runs, it is asked; members of "
		"the group \"reeve\" may do that. Else root sees by itself.\n\n"
		"Nothing is lost in silence: what could not be kept is told as an event of type "
		"_gap_, with the number where the kernel knows it, and what ran meanwhile and "
		"still runs is told as _running_. Records of types _gap_ and _source_ pass every "
		"filter; *--count* does not count them. The number of lost events is said at the "
		"end.\n\n"
		"With *--json*, each line is one object (docs/events.md). An interrupt, the end of "
		"the reader, and *--timeout* end it with exit code 0.",
	.flags = COMMAND_FILTERS | COMMAND_POLICY,
	COMMAND_OPTIONS(watch_options),
	.run = run_watch,
};
