/* SPDX-License-Identifier: MIT */
/*
 * mark FILE WORD: adds a line to a file, the word and the wall clock in ns at which this program
 * began. Linked statically, so that it begins at once; a trigger of the benchmark.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec now;
	char line[128];
	int fd, n;

	clock_gettime(CLOCK_REALTIME, &now);
	if (argc != 3)
		return 2;
	fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	n = snprintf(line, sizeof(line), "%.64s %lld%09ld\n", argv[2], (long long)now.tv_sec,
		     now.tv_nsec);
	return fd < 0 || write(fd, line, (size_t)n) != n;
}
