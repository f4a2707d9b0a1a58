/* SPDX-License-Identifier: MIT */
/*
 * opens COUNT FILE...: opens each file for reading and closes it, COUNT times, in turn by blocks of
 * 100; prints for each the median of a block's mean, in ns, as one JSON object.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <time.h>

enum { BLOCK = 100, FILES_MOST = 8 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double one_block(const char *path)
{
	double begin = now_ns();

	for (int i = 0; i < BLOCK; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			fprintf(stderr, "opens: %s: %s\n", path, strerror(errno));
			exit(1);
		}
		close(fd);
	}
	return (now_ns() - begin) / BLOCK;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	size_t blocks = argc > 2 ? strtoul(argv[1], NULL, 10) / BLOCK : 0;
	size_t files = argc > 2 ? (size_t)argc - 2 : 0;
	double *ns;

	if (blocks == 0 || files > FILES_MOST) {
		fprintf(stderr, "usage: opens COUNT FILE... (COUNT >= %d, at most %d files)\n",
			BLOCK, FILES_MOST);
		return 2;
	}
	ns = calloc(blocks * files, sizeof(*ns));
	if (!ns)
		return 1;
	for (size_t i = 0; i < blocks; i++)
		for (size_t f = 0; f < files; f++)
			ns[f * blocks + i] = one_block(argv[f + 2]);
	printf("{\"ns\": [");
	for (size_t f = 0; f < files; f++) {
		qsort(ns + f * blocks, blocks, sizeof(*ns), compare);
		printf("%s%.1f", f ? ", " : "", ns[f * blocks + blocks / 2]);
	}
	puts("]}");
	free(ns);
	return 0;
}
