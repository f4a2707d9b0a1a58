// SPDX-License-Identifier: MIT
/*
 * What one recorded execution costs in reeve itself, without the kernel's part: the process table,
 * the JSON line, the text line, the bytes of a record file. Prints nanoseconds of processor time an
 * event, the median of some rounds. usage: bench-render [ROUNDS]
 */
#include "export/event-json.h"
#include "export/event-text.h"
#include "model/event-codec.h"
#include "model/process-table.h"
#include "model/users.h"
#include "util/macros.h"

#include <time.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { EVENTS = 20000, ROUNDS_MAX = 99 };

/* What a step is done with, one after the other. */
struct bench {
	struct process_table *table;
	struct users *users;
	struct event_json json;
	struct event_text lines;
	struct event_codec codec;
	struct text text;
	uint64_t encoded, encoded_bytes;
};

/* As the bpf source tells an execution in a container. */
static void make_exec(struct event *event, uint32_t i)
{
	static const char argv[] = "/usr/bin/python3\0-m\0http.server\0--bind\0127.0.0.1\0"
				   "8080";
	static const char v1[] = "name=systemd:/docker/" ID "\0cpu,cpuacct:/docker/" ID
				 "\0memory:/docker/" ID "\0pids:/docker/" ID;

	event_init(event, EVENT_EXEC, SOURCE_BPF);
	event_set(event, TIME, time, UINT64_C(1795331743000000000) + i * UINT64_C(50000));
	event_set(event, BOOTTIME, boottime, UINT64_C(70000000000) + i * UINT64_C(50000));
	event_set(event, PID, pid, 1000 + i);
	event_set(event, TID, tid, 1000 + i);
	event_set(event, PPID, ppid, 999);
	event_set(event, START, start, event->boottime - 10000);
	event_set(event, EXE, exe, slice_of("/usr/bin/python3.11"));
	event_set(event, FILENAME, filename, slice_of("/usr/bin/python3"));
	event_set(event, COMM, comm, slice_of("python3"));
	event_set(event, ARGV, argv, (struct slice){ argv, sizeof(argv) });
	event_set(event, CWD, cwd, slice_of("/srv/www"));
	event_set(event, UID, uid, 1000);
	event_set(event, GID, gid, 1000);
	event_set(event, EUID, euid, 1000);
	event_set(event, EGID, egid, 1000);
	event_set(event, INODE, inode, 1234567);
	event_set(event, DEV, dev, 0x801);
	event_set(event, NLINK, nlink, 1);
	event_set(event, MODE, mode, 0100755);
	event_set(event, CGROUP, cgroup, slice_of("/system.slice/docker-" ID ".scope"));
	event_set(event, CGROUP_ID, cgroup_id, 4711);
	event_set(event, CGROUP_V1, cgroup_v1, (struct slice){ v1, sizeof(v1) });
	event_set(event, MNT_NS, mnt_ns, 4026532000);
	event_set(event, PID_NS, pid_ns, 4026532001);
}

static void nothing(struct bench *bench, struct event *event)
{
}

static void table(struct bench *bench, struct event *event)
{
	struct event end;

	if (process_table_apply(bench->table, event) < 0)
		abort();
	event_init(&end, EVENT_EXIT, SOURCE_BPF);
	event_set(&end, PID, pid, event->pid);
	event_set(&end, BOOTTIME, boottime, event->boottime + 10);
	if (process_table_apply(bench->table, &end) < 0)
		abort();
}

static void table_and_names(struct bench *bench, struct event *event)
{
	table(bench, event);
	users_fill(bench->users, event, event->boottime);
}

static void to_json(struct bench *bench, struct event *event)
{
	if (bench->text.size > 1 << 16)
		bench->text.size = 0;
	if (event_json_add(&bench->json, event, &bench->text) < 0)
		abort();
}

static void to_text(struct bench *bench, struct event *event)
{
	if (bench->text.size > 1 << 16)
		bench->text.size = 0;
	if (event_text_add(&bench->lines, event, &bench->text) < 0)
		abort();
}

/* Blocks of 64 KiB, as record files have them. */
static void to_bytes(struct bench *bench, struct event *event)
{
	size_t before;

	if (bench->text.size > 1 << 16 || bench->encoded == 0) {
		bench->text.size = 0;
		event_codec_begin(&bench->codec, &bench->text);
	}
	before = bench->text.size;
	if (event_encode(&bench->codec, event, &bench->text) < 0)
		abort();
	bench->encoded++;
	bench->encoded_bytes += bench->text.size - before;
}

static void all(struct bench *bench, struct event *event)
{
	table_and_names(bench, event);
	to_json(bench, event);
}

static const struct {
	const char *name;
	void (*step)(struct bench *bench, struct event *event);
} steps[] = {
	{ "making the event", nothing },
	{ "process table, exec and exit", table },
	{ "the same and names", table_and_names },
	{ "JSON", to_json },
	{ "table, names, JSON", all },
	{ "text line", to_text },
	{ "bytes of a record file", to_bytes },
};

/* Other programs on the machine do not count. */
static uint64_t processor_time(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double measure(struct bench *bench, void (*step)(struct bench *, struct event *),
		      unsigned rounds)
{
	double times[ROUNDS_MAX];
	static uint32_t number; /* no two events are of one process */

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t begin = processor_time();

		for (unsigned j = 0; j < EVENTS; j++) {
			struct event event;

			make_exec(&event, number++);
			step(bench, &event);
		}
		times[i] = (double)(processor_time() - begin) / EVENTS;
	}
	qsort(times, rounds, sizeof(times[0]), ascending);
	return times[rounds / 2];
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 15;
	struct bench bench = { 0 };
	double base = 0;

	rounds = MIN(MAX(rounds, 1U), (unsigned)ROUNDS_MAX);
	if (process_table_new(1, &bench.table) < 0 || users_new("", &bench.users) < 0)
		return EXIT_FAILURE;
	event_json_init(&bench.json, NULL);
	event_text_init(&bench.lines, NULL, false, 0);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		double ns = measure(&bench, steps[i].step, rounds);

		printf("%-32s %7.0f ns\n", steps[i].name, i ? ns - base : ns);
		base = i ? base : ns;
	}
	printf("%-32s %7.0f bytes\n", "a recorded event",
	       (double)bench.encoded_bytes / (double)bench.encoded);
	users_free(bench.users);
	process_table_free(bench.table);
	text_done(&bench.text);
	return EXIT_SUCCESS;
}
