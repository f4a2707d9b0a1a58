/* SPDX-License-Identifier: MIT */
/*
 * watch-floor: what the bpf source adds to one execution.
 *
 *	watch-floor [--rounds N] [--block N] [--source NAME] PROGRAM
 *
 * A storm of PROGRAM (vfork, execve, wait) runs on processor 0, the source on processor 1, in a
 * process of its own. In every round each condition has one block of executions, in an order that
 * changes from round to round:
 *
 *	bare	 the source is closed
 *	nothing	 it is open, and nobody asks for an event
 *	exec	 execution records
 *	lives	 executions, forks and exits
 *
 * What a condition adds is the median of the differences to its own round's bare block, so that the
 * machine's slow and fast moments fall on both. One JSON object on standard output.
 */
#include "source/source.h"

#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { BARE, NOTHING, EXEC, LIVES, CONDITIONS, MAX_ROUNDS = 1000 };

static const char *const names[CONDITIONS] = { "bare", "nothing", "exec", "lives" };
static const uint32_t types[CONDITIONS] = {
	[EXEC] = EVENT_BIT(EVENT_EXEC),
	[LIVES] = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT),
};

/* What the reader answers when it has changed to another condition. */
struct answer {
	int result;
	uint64_t seen, lost, cpu_us; /* of the condition before */
};

struct reader {
	const struct source_class *class;
	const struct host *host;
	struct source *source;
	uint64_t events, seen, lost, cpu_us;
};

static void count_event(struct event *event, void *userdata)
{
	struct reader *reader = userdata;

	reader->events += event->pid != 0;
}

static uint64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static int change(struct reader *reader, int condition)
{
	struct source_options options = { .host = reader->host,
					  .sink = { count_event, reader },
					  .types = types[condition],
					  .quiet = getpid() };
	struct error err = ERROR_INIT;
	int r = 0;

	if (condition == BARE) {
		source_free(reader->source);
		reader->source = NULL;
	} else if (reader->source) {
		r = reader->class->set_types(reader->source, types[condition], &err);
	} else {
		r = reader->class->open(&options, &reader->source, &err);
		reader->seen = reader->lost = 0;
	}
	if (r < 0)
		fprintf(stderr, "watch-floor: %s\n", error_text(&err));
	error_done(&err);
	return r;
}

static void read_events(struct reader *reader, int control)
{
	struct pollfd fds[2] = { { .fd = control, .events = POLLIN }, { .fd = -1 } };
	uint64_t due = UINT64_MAX, now = clock_monotonic();
	int ms = -1;

	if (reader->source) {
		fds[1] = (struct pollfd){ reader->class->fd(reader->source), POLLIN, 0 };
		due = reader->class->due(reader->source);
	}
	if (due != UINT64_MAX)
		ms = due <= now ? 0 : (int)((due - now) / 1000000 + 1);
	poll(fds, 2, ms);
	if (reader->source && (fds[1].revents || clock_monotonic() >= due))
		reader->class->dispatch(reader->source, NULL);
}

/* The reader's process: changes when it is told to, and answers how it went until then. */
static _noreturn_ void read_and_answer(struct reader *reader, int control)
{
	struct answer answer;
	unsigned char condition;
	uint64_t now;
	ssize_t size;

	for (;;) {
		read_events(reader, control);
		size = recv(control, &condition, 1, MSG_DONTWAIT);
		if (size < 0 && errno == EAGAIN)
			continue;
		if (size != 1)
			exit(0);
		now = cpu_us();
		answer = (struct answer){ .cpu_us = now - reader->cpu_us };
		if (reader->source) {
			answer.seen = reader->source->counters.seen - reader->seen;
			answer.lost = reader->source->counters.lost - reader->lost;
			reader->seen = reader->source->counters.seen;
			reader->lost = reader->source->counters.lost;
		}
		answer.result = change(reader, condition);
		reader->cpu_us = cpu_us();
		if (send(control, &answer, sizeof(answer), 0) < 0)
			exit(1);
	}
}

static double storm(char **argv, size_t count)
{
	uint64_t begin = clock_monotonic();
	int status;

	for (size_t i = 0; i < count; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execv(argv[0], argv);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
			return -1;
	}
	return (double)(clock_monotonic() - begin) / 1e3 / (double)count;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quartile(double *sorted, size_t count, size_t number)
{
	return sorted[(count - 1) * number / 4];
}

struct result {
	double us[CONDITIONS][MAX_ROUNDS];
	uint64_t seen[CONDITIONS], lost[CONDITIONS], cpu_us[CONDITIONS];
};

static int measure(int control, char **argv, size_t rounds, size_t block, struct result *result)
{
	struct answer answer;
	int before = BARE;

	for (size_t i = 0; i < rounds * CONDITIONS; i++) {
		size_t round = i / CONDITIONS;
		int condition = (int)((i * (round % 2 ? 3 : 1) + round) % CONDITIONS);
		unsigned char byte = (unsigned char)condition;

		if (send(control, &byte, 1, 0) != 1 ||
		    recv(control, &answer, sizeof(answer), 0) != sizeof(answer))
			return -errno;
		if (answer.result < 0)
			return answer.result;
		if (i > 0) {
			result->seen[before] += answer.seen;
			result->lost[before] += answer.lost;
			result->cpu_us[before] += answer.cpu_us;
		}
		storm(argv, block / 10 + 1);
		result->us[condition][round] = storm(argv, block);
		if (result->us[condition][round] < 0)
			return -ECHILD;
		before = condition;
		usleep(30000);
	}
	return 0;
}

static void print(struct result *result, size_t rounds, size_t block)
{
	double *bare = result->us[BARE], sorted[MAX_ROUNDS];
	size_t count;

	memcpy(sorted, bare, rounds * sizeof(*sorted));
	qsort(sorted, rounds, sizeof(*sorted), compare);
	printf("{\"rounds\": %zu, \"block\": %zu, \"bare_us\": %.2f", rounds, block,
	       quartile(sorted, rounds, 2));
	for (int c = NOTHING; c < CONDITIONS; c++) {
		for (count = 0; count < rounds; count++)
			sorted[count] = result->us[c][count] - bare[count];
		qsort(sorted, rounds, sizeof(*sorted), compare);
		printf(",\n \"%s\": {\"added_us\": %.3f, \"quartiles\": [%.3f, %.3f], \"seen\": "
		       "%llu, "
		       "\"lost\": %llu, \"reader_us_per_exec\": %.3f}",
		       names[c], quartile(sorted, rounds, 2), quartile(sorted, rounds, 1),
		       quartile(sorted, rounds, 3), (unsigned long long)result->seen[c],
		       (unsigned long long)result->lost[c],
		       (double)result->cpu_us[c] / (double)(rounds * block * 11 / 10));
	}
	printf("}\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "rounds", required_argument, NULL, 'r' },
						 { "block", required_argument, NULL, 'b' },
						 { "source", required_argument, NULL, 's' },
						 { 0 } };
	static struct result result;
	size_t rounds = 40, block = 1000;
	struct reader reader = { .class = source_class_find("bpf") };
	struct host *host = NULL;
	int pair[2], c, r;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		if (c == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (c == 'b')
			block = strtoul(optarg, NULL, 10);
		else if (c == 's')
			reader.class = source_class_find(optarg);
		else
			optind = argc;
	}
	if (optind >= argc || !rounds || rounds > MAX_ROUNDS || !block || !reader.class) {
		fprintf(stderr, "usage: watch-floor [--rounds N] [--block N] [--source NAME] "
				"PROGRAM [ARG...]\n");
		return 2;
	}
	if (host_new(&host, NULL) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return 1;
	reader.host = host;
	if (fork() == 0) {
		close(pair[0]);
		pin(1);
		read_and_answer(&reader, pair[1]);
	}
	close(pair[1]);
	pin(0);
	r = measure(pair[0], argv + optind, rounds, block, &result);
	if (r < 0)
		fprintf(stderr, "watch-floor: %s\n", strerror(-r));
	else
		print(&result, rounds, block);
	close(pair[0]);
	wait(NULL);
	return r < 0;
}
