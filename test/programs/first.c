// SPDX-License-Identifier: MIT
/*
 * first SUFFIX HIERARCHIES: exits at once, with 0 if it is in a group of that name in at least so
 * many hierarchies. Reading where it is comes before everything else.
 */
#include "where.h"

int main(int argc, char **argv)
{
	int found = argc == 3 ? where_am_i(argv[1]) : 0;

	if (argc != 3)
		return 2;
	return found >= (int)strtol(argv[2], NULL, 10) ? 0 : 1;
}
