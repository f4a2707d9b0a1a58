// SPDX-License-Identifier: MIT
/*
 * burst COUNT ATONCE PROGRAM [ARGUMENT...]: runs the program so many times, so many at once, and
 * prints how many ended with 0 and how many nanoseconds it all took.
 */
#include "util/macros.h"

#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int wait_one(void)
{
	int status;

	return wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	long count, at_once, running = 0, right = 0;
	long long start = now();

	if (argc < 4)
		return 2;
	count = strtol(argv[1], NULL, 10);
	at_once = strtol(argv[2], NULL, 10);
	for (long i = 0; i < count; i++) {
		pid_t pid;

		if (running == at_once) {
			right += wait_one();
			running--;
		}
		if (posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ) == 0)
			running++;
	}
	for (; running > 0; running--)
		right += wait_one();
	printf("%ld %lld\n", right, now() - start);
	return 0;
}
