// SPDX-License-Identifier: MIT
/* reeve record: events into a file, for replay. */
#include "cli/commands.h"

#include "cli/output.h"
#include "cli/stream.h"
#include "cli/watch-options.h"
#include "model/record-file.h"
#include "util/host.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/utsname.h>

struct recording {
	struct record_writer *writer;
	int result; /* the first error of writing */
};

static void on_event(const struct event *event, void *userdata)
{
	struct recording *recording = userdata;
	int r = record_writer_add(recording->writer, event, clock_monotonic());

	if (r < 0 && recording->result == 0)
		recording->result = r;
}

static int on_rest(void *userdata)
{
	struct recording *recording = userdata;
	int r = 0;

	if (record_writer_due(recording->writer) <= clock_monotonic())
		r = record_writer_flush(recording->writer);
	return recording->result < 0 ? recording->result : r;
}

static uint64_t on_due(void *userdata)
{
	return record_writer_due(((struct recording *)userdata)->writer);
}

static int open_file(const struct cli *cli, const char *path, struct error *err)
{
	int fd;

	if (streq(path, "-")) {
		if (isatty(fileno(cli->out)))
			return error_set(err, -EINVAL,
					 "a record is no text for a terminal: name a file, or "
					 "redirect the output");
		fd = fcntl(fileno(cli->out), F_DUPFD_CLOEXEC, 3);
	} else {
		/* Arguments of all users are in it. */
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	}
	return fd < 0 ? error_set_errno(err, -errno, "cannot write \"%s\"", path) : fd;
}

static int begin(const struct cli *cli, const char *path, struct recording *recording,
		 struct error *err)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(closep) int fd = -1;
	struct utsname machine;
	char boot[37] = "";
	struct record_about about = {
		.boot = boot,
		.host = "",
		.version = REEVE_VERSION,
		.started_ns = clock_realtime(),
	};
	int r = host_new(&host, err);

	if (r < 0)
		return r;
	(void)host_boot_id(host, boot);
	if (uname(&machine) == 0)
		about.host = machine.nodename;
	fd = open_file(cli, path, err);
	if (fd < 0)
		return fd;
	r = record_writer_new(fd, &about, &recording->writer, err);
	if (r >= 0)
		TAKE_FD(fd);
	return r;
}

static void tell_done(const struct cli *cli, const char *path, const struct record_writer *writer)
{
	uint64_t events = record_writer_events(writer), lost = record_writer_lost(writer);

	if (cli->json) {
		json_t *told = json_pack("{s:s, s:I, s:I, s:I}", "file", path, "events",
					 (json_int_t)events, "bytes",
					 (json_int_t)record_writer_bytes(writer), "lost",
					 (json_int_t)lost);

		/* Standard output may be the record. */
		(void)json_dumpf(told, cli->err, JSON_COMPACT);
		fputc('\n', cli->err);
		json_decref(told);
		return;
	}
	fprintf(cli->err, "%" PRIu64 " event%s, %" PRIu64 " bytes in ", events,
		events == 1 ? "" : "s", record_writer_bytes(writer));
	output_escaped(cli->err, path);
	fputc('\n', cli->err);
	if (lost > 0)
		cli_say(cli, "%" PRIu64 " events could not be written", lost);
}

static int record(const struct cli *cli, const char *path, const struct stream_options *options,
		  struct error *err)
{
	_cleanup_(stream_freep) struct stream *stream = NULL;
	struct recording recording = { 0 };
	const struct stream_sink sink = {
		.event = on_event,
		.rest = on_rest,
		.due = on_due,
		.userdata = &recording,
	};
	int r = begin(cli, path, &recording, err), finished;

	if (r < 0)
		return r;
	r = stream_new(cli, options, &stream, err);
	if (r >= 0)
		r = stream_run(stream, &sink, err);
	finished = record_writer_finish(recording.writer);
	if (r >= 0)
		r = recording.result < 0 ? recording.result : finished;
	/* A pipe's reader that goes is no mistake of ours, but there is no whole record. */
	if (r < 0 && err->code == 0)
		error_set_errno(err, r, "cannot write \"%s\"", path);
	if (stream) {
		tell_done(cli, path, recording.writer);
		watch_tell_losses(cli, stream_losses(stream));
	}
	record_writer_free(recording.writer);
	return r;
}

static int run_record(struct cli *cli, _unused_ int count, char **operands)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	struct stream_options options = {
		.source = cli->source,
		.local = cli->local,
		.running = true,
		.environment = cli->env.values,
		.environment_count = cli->env.count,
	};
	struct error err = ERROR_INIT;
	int r = watch_options_filter(cli, EVENT_ALL, &filter, &err);

	if (r >= 0)
		r = watch_options_count(cli, &options.count, &err);
	if (r >= 0)
		r = watch_options_timeout(cli, &options.timeout_ns, &err);
	if (r >= 0)
		r = watch_options_source(cli, &err);
	if (r < 0) {
		error_wrap(&err, "record");
		return cli_usage(cli, &err);
	}
	options.filter = filter;
	options.running = filter_types(filter) & EVENT_BIT(EVENT_RUNNING);
	r = record(cli, operands[0], &options, &err);
	return r < 0 ? cli_fail(cli, &err) : EXIT_DONE;
}

static const struct command_option record_options[] = {
	{ "since-start", 0, OPTION_FLAG, NULL, "also what runs already, where --type leaves it out",
	  offsetof(struct cli, since_start) },
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

const struct command record_command = {
	.name = "record",
	.usage = "[OPTION...] FILE",
	.summary = "Write events to a file, to be looked at later",
	.description =
		"Without *--type*, all kinds of events are written, what runs already first. Ends "
		"with *--count*, *--timeout* or an interrupt. The file can be read while it is "
		"written, and after a crash up to its last second; *reeve replay* shows it. _FILE_ "
		"may be \"-\". Only its owner may read it, for it has the arguments of everybody's "
		"programs. With "
		"*--json*, what was written is told on standard error as an object with _file_, "
		"_events_, _bytes_ and _lost_.",
	.flags = COMMAND_FILTERS | COMMAND_POLICY,
	.operands = 1,
	COMMAND_OPTIONS(record_options),
	.run = run_record,
};
