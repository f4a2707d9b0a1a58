// SPDX-License-Identifier: MIT
/*
 * forker COUNT: starts so many children that wait, prints how many it could and the error that the
 * next one met ("7 11" is 7, then EAGAIN), and ends them.
 */
#include "util/macros.h"

#include <signal.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 0, count = 0;
	pid_t children[1024];
	int code = 0;

	for (; count < wanted && count < (long)ARRAY_SIZE(children); count++) {
		pid_t pid = fork();

		if (pid < 0) {
			code = errno;
			break;
		}
		if (pid == 0) {
			pause();
			_exit(0);
		}
		children[count] = pid;
	}
	printf("%ld %d\n", count, code);
	for (long i = 0; i < count; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
