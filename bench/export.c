// SPDX-License-Identifier: MIT
/*
 * An exporter by itself, with events of a usual size.
 *
 * usage: bench-export FOLDER BROKERS TOPIC COUNT RATE
 *
 * Gives events numbers until there are COUNT of them in all (of this process and those before it
 * that used the folder), RATE a second (0: as fast as it can before the sink is opened), and ends
 * when all have arrived. Prints, as one object of JSON: how many arrived, in how many seconds, the
 * processor's seconds of all threads, and bytes of memory before, and at most.
 */
#include "export/exporter.h"
#include "util/fd.h"
#include "util/host.h"

#include <fcntl.h>
#include <sys/resource.h>

enum { TICK_USEC = 5000 };

static const char event[] =
	"{\"type\":\"exec\",\"source\":\"bpf\",\"time\":\"2026-01-31T12:00:00.123456789Z\",\"pid\":"
	"15507,\"ppid\":15211,\"exec_id\":\"768c9f93-4feeba-15507.4\",\"exe\":\"/usr/bin/cc1\","
	"\"filename\":\"/usr/bin/cc1\",\"comm\":\"cc1\",\"argv\":[\"/usr/bin/"
	"cc1\",\"-quiet\",\"-O2\","
	"\"main.c\",\"-o\",\"/tmp/ccXyZ.s\"],\"cwd\":\"/home/user/src\",\"uid\":1000,\"gid\":1000,"
	"\"euid\":1000,\"user\":\"user\",\"cgroup\":\"/user.slice\",\"container\":null}";

struct run {
	sd_event *event;
	struct exporter *exporter;
	uint64_t left, rate, begun, added;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench-export: %s\n", what);
	exit(1);
}

static uint64_t memory(const char *key)
{
	char text[4096];
	const char *at;

	if (file_read_into(AT_FDCWD, "/proc/self/status", text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

static void add(struct run *run, uint64_t count)
{
	for (; count > 0 && run->left > 0; count--, run->left--, run->added++)
		exporter_add(run->exporter, SPOOL_EVENT, clock_realtime(), event,
			     sizeof(event) - 1);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct run *run = userdata;
	uint64_t due = (clock_monotonic() - run->begun) / 1000 * run->rate / 1000000;

	if (due > run->added)
		add(run, due - run->added);
	if (run->left == 0 && exporter_spool(run->exporter)->queued == 0)
		return sd_event_exit(run->event, 0);
	if (sd_event_source_set_time_relative(source, TICK_USEC) < 0)
		return -EIO;
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void tell(void *userdata, int level, const char *sentence)
{
	fprintf(stderr, "%s\n", sentence);
}

/* How many were given numbers by processes before this one: kept beside the spool. */
static uint64_t first_number(const char *folder, uint64_t next)
{
	char path[4096], text[32];

	snprintf(path, sizeof(path), "%s.first", folder);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) > 0)
		return strtoull(text, NULL, 10);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)next);
	if (file_replace_at(AT_FDCWD, path, text, strlen(text), 0600) < 0)
		die("cannot write beside the folder");
	return next;
}

/* The numbers that are given out already; and, where no rate is asked for, all the others. */
static uint64_t fill(const char *folder, uint64_t count, bool all)
{
	const struct spool_options options = { .folder = folder,
					       .bytes = UINT64_C(4) << 30,
					       .boot = "00000000-0000-0000-0000-000000000001",
					       .host = "bench" };
	struct error err = ERROR_INIT;
	struct spool *spool;
	uint64_t next, first;

	if (spool_open(&options, &spool, &err) < 0)
		die(error_text(&err));
	next = spool_acked(spool) + spool_counters(spool)->queued;
	first = first_number(folder, next);
	for (; all && next - first < count; next++)
		spool_add(spool, SPOOL_EVENT, clock_realtime(), event, sizeof(event) - 1);
	spool_free(spool);
	return next - first < count ? count - (next - first) : 0;
}

static void open_exporter(struct run *run, const char *folder, const char *brokers,
			  const char *topic)
{
	const struct sink_setting settings[] = {
		{ "bootstrap.servers", brokers },
		{ "topic", topic },
		{ "reconnect.backoff.max.ms", "500" },
	};
	const struct exporter_options options = {
		.event = run->event,
		.name = "bench",
		.host = "bench",
		.class = &sink_kafka,
		.settings = settings,
		.setting_count = ARRAY_SIZE(settings),
		.spool = { .folder = folder,
			   .bytes = UINT64_C(4) << 30,
			   .boot = "00000000-0000-0000-0000-000000000001" },
		.tell = tell,
	};
	struct error err = ERROR_INIT;

	if (exporter_new(&options, &run->exporter, &err) < 0)
		die(error_text(&err));
}

static double processor_seconds(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };
	uint64_t idle;
	double used;

	if (argc != 6)
		die("usage: bench-export FOLDER BROKERS TOPIC COUNT RATE");
	run.rate = strtoull(argv[5], NULL, 10);
	run.left = fill(argv[1], strtoull(argv[4], NULL, 10), run.rate == 0);
	idle = memory("VmRSS:");
	used = processor_seconds();
	run.begun = clock_monotonic();
	if (sd_event_new(&run.event) < 0 ||
	    sd_event_add_time_relative(run.event, NULL, CLOCK_MONOTONIC, 0, 1000, on_tick, &run) <
		    0)
		die("no event loop");
	open_exporter(&run, argv[1], argv[2], argv[3]);
	if (sd_event_loop(run.event) < 0)
		die("the loop has failed");
	printf("{\"delivered\": %llu, \"seconds\": %.3f, \"processor\": %.3f, \"idle\": %llu, "
	       "\"peak\": %llu, \"lost\": %llu}\n",
	       (unsigned long long)exporter_counters(run.exporter)->delivered,
	       (double)(clock_monotonic() - run.begun) / 1e9, processor_seconds() - used,
	       (unsigned long long)idle, (unsigned long long)memory("VmHWM:"),
	       (unsigned long long)exporter_spool(run.exporter)->lost);
	exporter_free(run.exporter);
	sd_event_unref(run.event);
	return 0;
}
