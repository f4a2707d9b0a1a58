// SPDX-License-Identifier: MIT
/*
 * storm MILLISECONDS WORKERS PROGRAM [ARGUMENT...]: so many processes at once execute the program
 * again and again for so long. Prints how many executions there were, how many ended with 0, and
 * the milliseconds that the slowest one took.
 */
#include "util/macros.h"

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

struct tally {
	long count, right;
	long long slowest;
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void execute_until(long long end, char **argv, struct tally *tally)
{
	while (now() < end) {
		long long begun = now();
		pid_t pid;
		int status;

		if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0)
			continue;
		if (waitpid(pid, &status, 0) == pid && status == 0)
			tally->right++;
		tally->count++;
		tally->slowest = MAX(tally->slowest, now() - begun);
	}
}

int main(int argc, char **argv)
{
	struct tally *tallies, all = { 0 };
	long long end;
	long workers;

	if (argc < 4)
		return 2;
	end = now() + strtol(argv[1], NULL, 10) * 1000000LL;
	workers = strtol(argv[2], NULL, 10);
	tallies = mmap(NULL, (size_t)workers * sizeof(*tallies), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		return 1;
	for (long i = 0; i < workers; i++) {
		if (fork() == 0) {
			execute_until(end, argv + 3, &tallies[i]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (long i = 0; i < workers; i++) {
		all.count += tallies[i].count;
		all.right += tallies[i].right;
		all.slowest = MAX(all.slowest, tallies[i].slowest);
	}
	printf("%ld %ld %lld\n", all.count, all.right, all.slowest / 1000000);
	return 0;
}
