// SPDX-License-Identifier: MIT
/*
 * cpu-hog MILLISECONDS [SUFFIX]: computes for so long, then prints in how many hierarchies it was
 * in a group of that name at first, and its share of one processor in percent.
 */
#include "where.h"

#include <time.h>

static double clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int found = where_am_i(argc > 2 ? argv[2] : "/");
	double start = clock_ms(CLOCK_MONOTONIC), cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	double length = argc > 1 ? strtod(argv[1], NULL) : 1000, now;
	volatile unsigned long work = 0;

	do {
		for (int i = 0; i < 100000; i++)
			work += (unsigned long)i;
		now = clock_ms(CLOCK_MONOTONIC);
	} while (now - start < length);
	printf("%d %.2f\n", found,
	       100 * (clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (now - start));
	return work ? 0 : 1;
}
