/* SPDX-License-Identifier: MIT */
/*
 * setuid UID GROUP COUNT GAP_MS: how long a process takes from its change of user to being in a
 * group.
 *
 * Each is a child of its own that changes its user and then reads /proc/self/cgroup, again and
 * again, until GROUP is in it, for three seconds at most. GAP_MS are slept before each: a hierarchy
 * in which nothing has moved for a while is cold. The result is one JSON object on standard output:
 * microseconds of those who got there, and how many did not.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST_US = 3000000 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds until `group` is there; negative: it never was. */
static double wait_for(int fd, const char *group, double begin)
{
	char text[8192];

	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		double passed = now_us() - begin;

		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, group))
			return passed;
		if (passed > MOST_US)
			return -1;
	}
}

static _noreturn_ void child(uid_t uid, const char *group, int to)
{
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	double begin = now_us(), passed = -1;

	if (fd < 0 || setresuid(uid, uid, uid) < 0)
		_exit(1);
	passed = wait_for(fd, group, begin);
	_exit(write(to, &passed, sizeof(passed)) != sizeof(passed));
}

int main(int argc, char **argv)
{
	size_t count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0, never = 0, told = 0;
	unsigned long gap_ms = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
	struct timespec gap = { .tv_sec = (time_t)gap_ms / 1000,
				.tv_nsec = (long)(gap_ms % 1000) * 1000000 };
	int channel[2];

	if (argc != 5 || pipe(channel) < 0) {
		fprintf(stderr, "usage: setuid UID GROUP COUNT GAP_MS\n");
		return 2;
	}
	printf("{\"samples_us\": [");
	for (size_t i = 0; i < count; i++) {
		double passed = -1;
		pid_t pid;
		int status;

		nanosleep(&gap, NULL);
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			child((uid_t)strtoul(argv[1], NULL, 10), argv[2], channel[1]);
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0 ||
		    read(channel[0], &passed, sizeof(passed)) != sizeof(passed)) {
			fprintf(stderr, "setuid: a child has failed\n");
			return 1;
		}
		if (passed < 0)
			never++;
		else
			printf("%s%.1f", told++ > 0 ? ", " : "", passed);
	}
	printf("], \"never\": %zu}\n", never);
	return 0;
}
