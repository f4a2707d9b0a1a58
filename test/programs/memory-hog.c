// SPDX-License-Identifier: MIT
/*
 * memory-hog MEBIBYTES [SUFFIX [SECONDS]]: first prints in how many hierarchies it is in a group of
 * that name; then takes memory, one MiB after the other, writes to all of it, prints how much it
 * got, and keeps it for so long.
 */
#include "where.h"

int main(int argc, char **argv)
{
	int found = where_am_i(argc > 2 ? argv[2] : "/");
	long wanted = argc > 1 ? strtol(argv[1], NULL, 10) : 64, got = 0;

	printf("%d\n", found);
	fflush(stdout);
	for (; got < wanted; got++) {
		char *piece = malloc(1 << 20);

		if (!piece)
			break;
		memset(piece, (int)got | 1, 1 << 20);
	}
	printf("%ld\n", got);
	fflush(stdout);
	if (argc > 3)
		sleep((unsigned)strtoul(argv[3], NULL, 10));
	return 0;
}
