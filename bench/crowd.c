/* SPDX-License-Identifier: MIT */
/*
 * crowd N PROGRAM: starts N processes of PROGRAM, which are to wait, prints "ready", and ends them
 * when its standard input does.
 */
#include "util/macros.h"

#include <signal.h>
#include <sys/wait.h>

static pid_t start_one(char **argv)
{
	static char *const environment[] = { NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve(argv[0], argv, environment);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	size_t wanted = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, count = 0;
	pid_t *pids = wanted ? calloc(wanted, sizeof(*pids)) : NULL;
	char byte;

	if (!pids) {
		fprintf(stderr, "usage: crowd N PROGRAM\n");
		return 2;
	}
	while (count < wanted && (pids[count] = start_one(argv + 2)) > 0)
		count++;
	if (count < wanted)
		fprintf(stderr, "crowd: cannot start more than %zu: %s\n", count, strerror(errno));
	else
		puts("ready");
	fflush(stdout);
	while (count == wanted && read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	free(pids);
	return count < wanted;
}
