// SPDX-License-Identifier: MIT
/*
 * huge-pages COUNT: maps so many huge pages of 2 MiB, writes to one after the other, and prints
 * after each how many it has. The kernel ends it (SIGBUS) at the first that it may not have.
 */
#include "util/macros.h"

#include <sys/mman.h>

int main(int argc, char **argv)
{
	size_t page = 2 << 20, count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	/* MAP_NORESERVE: what is refused is refused at the page, not at the whole. */
	char *pages = mmap(NULL, count * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED) {
		printf("cannot map: %s\n", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		pages[i * page] = 1;
		printf("%zu\n", i + 1);
		fflush(stdout);
	}
	return 0;
}
