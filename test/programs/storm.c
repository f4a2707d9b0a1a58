// SPDX-License-Identifier: MIT
/*
 * storm MILLISECONDS WORKERS PROGRAM [ARGUMENT...]: so many processes at once execute the program
 * again and again for so long, or until SIGTERM. Prints how many executions there were, how many
 * ended with 0, and the milliseconds that the slowest one took. The file $E2E_PROGRESS has a line
 * for each worker all the while: how many it has done.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { LINE = 12 };

extern char **environ;

struct tally {
	long count, right;
	long long slowest;
};

static volatile sig_atomic_t *enough; /* shared with the workers */

static void on_term(_unused_ int number)
{
	*enough = 1;
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void tell(int progress, long worker, long count)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "%*ld\n", LINE - 1, count);

	if (progress >= 0)
		(void)!pwrite(progress, line, (size_t)n, worker * LINE);
}

static void execute_until(long long end, char **argv, struct tally *tally, int progress,
			  long worker)
{
	while (now() < end && !*enough) {
		long long begun = now();
		pid_t pid;
		int status;

		if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0)
			continue;
		if (waitpid(pid, &status, 0) == pid && status == 0)
			tally->right++;
		tell(progress, worker, ++tally->count);
		tally->slowest = MAX(tally->slowest, now() - begun);
	}
}

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

static void start(long workers, long long end, char **argv, struct tally *tallies)
{
	const char *path = getenv("E2E_PROGRESS");
	int progress = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

	for (long i = 0; i < workers; i++)
		tell(progress, i, 0);
	for (long i = 0; i < workers; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			execute_until(end, argv, &tallies[i], progress, i);
			_exit(0);
		}
	}
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	struct tally *tallies, all = { 0 };
	long workers;

	if (argc < 4)
		return 2;
	workers = strtol(argv[2], NULL, 10);
	enough = shared(sizeof(*enough));
	tallies = shared((size_t)workers * sizeof(*tallies));
	sigaction(SIGTERM, &action, NULL);
	start(workers, now() + strtol(argv[1], NULL, 10) * 1000000LL, argv + 3, tallies);
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
