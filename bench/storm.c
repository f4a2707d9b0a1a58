/* SPDX-License-Identifier: MIT */
/*
 * storm: runs programs again and again and tells how long each execution took.
 *
 *	storm [--count N] [--block N] [--gap-ms N] [--warm N] [--cpu N] [--samples]
 *	      -- PROGRAM [ARG...] [-- PROGRAM [ARG...]]...
 *
 * One execution is vfork (CLONE_VM|CLONE_VFORK), execve and wait, and is timed from before the
 * first to after the last. Several programs take turns, `--block` executions each, until every one
 * has run `--count` times; that way the machine's slow and fast moments fall on all of them alike,
 * and the difference between two programs of one run is drift-free. The first `--warm` turns of
 * every program are not counted. `--gap-ms` sleeps between executions: a hierarchy in which
 * nothing moved for some 20 ms is cold, and a cold move is what a user meets.
 *
 * The result is one JSON object on standard output. `ok` counts children that exited with 0.
 */
#include "util/macros.h"

#include <getopt.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_PROGRAMS = 8, EXEC_FAILED = 127 };

struct program {
	char **argv;
	double *us;
	size_t n, ok, not_executed;
};

struct storm {
	struct program programs[MAX_PROGRAMS];
	size_t n_programs, count, block, warm;
	unsigned gap_ms;
	int cpu;
	bool samples;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void gap(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	if (ms > 0)
		nanosleep(&t, NULL);
}

/* Runs `argv` once. Returns its wait status, or a negative errno when it could not be forked. */
static int run_once(char **argv, double *ret_us)
{
	static char *const environment[] = { NULL };
	double begin = now_us();
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		execve(argv[0], argv, environment);
		_exit(EXEC_FAILED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	*ret_us = now_us() - begin;
	return status;
}

static int run_block(const struct storm *s, struct program *p, size_t n, bool counted)
{
	double us;
	int status;

	for (size_t i = 0; i < n; i++) {
		gap(s->gap_ms);
		status = run_once(p->argv, &us);
		if (status < 0) {
			fprintf(stderr, "storm: cannot run %s: %s\n", p->argv[0],
				strerror(-status));
			return status;
		}
		if (!counted)
			continue;
		p->us[p->n++] = us;
		p->ok += status == 0;
		p->not_executed += WIFEXITED(status) && WEXITSTATUS(status) == EXEC_FAILED;
	}
	return 0;
}

static int run_all(struct storm *s)
{
	int r = 0;

	for (size_t i = 0; i < s->n_programs && r == 0 && s->warm > 0; i++)
		r = run_block(s, &s->programs[i], s->warm, false);
	for (size_t done = 0; done < s->count && r == 0; done += s->block) {
		for (size_t i = 0; i < s->n_programs && r == 0; i++)
			r = run_block(s, &s->programs[i], MIN(s->block, s->count - done), true);
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The nearest-rank percentile of sorted times. */
static double percentile(const struct program *p, double percent)
{
	size_t rank = (size_t)((double)p->n * percent / 100.0);

	return p->us[MIN(rank, p->n - 1)];
}

static void print_samples(const struct program *p)
{
	printf(", \"samples_us\": [");
	for (size_t i = 0; i < p->n; i++)
		printf("%s%.1f", i ? ", " : "", p->us[i]);
	printf("]");
}

static void print_program(struct program *p, bool samples)
{
	static const struct {
		const char *name;
		double percent;
	} columns[] = { { "min_us", 0 },  { "p5_us", 5 },   { "p25_us", 25 }, { "p50_us", 50 },
			{ "p75_us", 75 }, { "p95_us", 95 }, { "p99_us", 99 }, { "max_us", 100 } };
	double sum = 0;

	for (size_t i = 0; i < p->n; i++)
		sum += p->us[i];
	printf("{\"program\": \"%s\", \"n\": %zu, \"ok\": %zu, \"not_executed\": %zu, "
	       "\"mean_us\": %.3f",
	       p->argv[0], p->n, p->ok, p->not_executed, sum / (double)p->n);
	if (samples)
		print_samples(p);
	qsort(p->us, p->n, sizeof(*p->us), compare);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf(", \"%s\": %.3f", columns[i].name, percentile(p, columns[i].percent));
	printf("}");
}

static void print_result(struct storm *s)
{
	printf("{\"count\": %zu, \"block\": %zu, \"gap_ms\": %u, \"cpu\": %d, \"programs\": [",
	       s->count, s->block, s->gap_ms, s->cpu);
	for (size_t i = 0; i < s->n_programs; i++) {
		printf("%s", i ? ", " : "");
		print_program(&s->programs[i], s->samples);
	}
	printf("]}\n");
}

static bool number(const char *text, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *ret <= INT32_MAX;
}

static bool parse_options(struct storm *s, int argc, char **argv)
{
	static const struct option options[] = { { "count", required_argument, NULL, 'n' },
						 { "block", required_argument, NULL, 'b' },
						 { "gap-ms", required_argument, NULL, 'g' },
						 { "warm", required_argument, NULL, 'w' },
						 { "cpu", required_argument, NULL, 'c' },
						 { "samples", no_argument, NULL, 's' },
						 { 0 } };
	unsigned long value = 0;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		if (c == '?' || (optarg && !number(optarg, &value)))
			return false;
		switch (c) {
		case 'n':
			s->count = value;
			break;
		case 'b':
			s->block = value;
			break;
		case 'g':
			s->gap_ms = (unsigned)value;
			break;
		case 'w':
			s->warm = value;
			break;
		case 'c':
			s->cpu = (int)value;
			break;
		case 's':
			s->samples = true;
			break;
		}
	}
	return s->count > 0 && s->block > 0;
}

/* What follows the options are programs with their arguments, separated by "--". */
static bool parse_programs(struct storm *s, char **argv)
{
	for (char **at = argv; *at; at++) {
		if (at == argv || streq(*at, "--")) {
			if (s->n_programs == MAX_PROGRAMS)
				return false;
			if (at != argv)
				*at++ = NULL;
			if (!*at)
				return false;
			s->programs[s->n_programs++].argv = at;
		}
	}
	return s->n_programs > 0;
}

static int pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct storm s = { .count = 1000, .block = 50, .cpu = -1 };
	int r;

	if (!parse_options(&s, argc, argv) || !parse_programs(&s, argv + optind)) {
		fprintf(stderr,
			"usage: storm [--count N] [--block N] [--gap-ms N] [--warm N] [--cpu N] "
			"[--samples] -- PROGRAM [ARG...] [-- PROGRAM [ARG...]]...\n");
		return 2;
	}
	r = pin(s.cpu);
	if (r < 0) {
		fprintf(stderr, "storm: cannot run on processor %d: %s\n", s.cpu, strerror(-r));
		return 1;
	}
	for (size_t i = 0; i < s.n_programs; i++) {
		s.programs[i].us = calloc(s.count, sizeof(double));
		if (!s.programs[i].us) {
			fprintf(stderr, "storm: no memory for %zu times\n", s.count);
			return 1;
		}
	}
	r = run_all(&s);
	if (r == 0)
		print_result(&s);
	for (size_t i = 0; i < s.n_programs; i++)
		free(s.programs[i].us);
	return r < 0;
}
