// SPDX-License-Identifier: MIT
/* Runs while this is built: the tables of seccomp-calls-table.c. */
#include "launch/seccomp-names.h"

struct call {
	char *name;
	uint32_t number;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct call *)a)->name, ((const struct call *)b)->name);
}

int main(void)
{
	struct call calls[SECCOMP_CALLS_END];
	size_t count = 0;

	for (uint32_t i = 0; i < SECCOMP_CALLS_END; i++) {
		char *name = seccomp_call_name(i);

		if (name)
			calls[count++] = (struct call){ name, i };
	}
	qsort(calls, count, sizeof(calls[0]), by_name);
	puts("static const struct named calls[] = {");
	for (size_t i = 0; i < count; i++) {
		printf("{ \"%s\", %u },\n", calls[i].name, calls[i].number);
		free(calls[i].name);
	}
	puts("};\nstatic const struct named errors[] = {");
	for (int i = 1; i < SECCOMP_ERRNOS_END; i++)
		if (seccomp_errno_name(i))
			printf("{ \"%s\", %d },\n", seccomp_errno_name(i), i);
	puts("};");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
