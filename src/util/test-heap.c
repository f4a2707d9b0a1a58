// SPDX-License-Identifier: MIT
#include "util/heap.h"

#include "test/unit.h"

#include <inttypes.h>

enum { PIECES = 100000, PIECE = 200 }; /* some 20 MB, each below what malloc() maps by itself */

/* A line of /proc/self/status, in kB. */
static uint64_t status_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	uint64_t value = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, 10);
	fclose(file);
	return value;
}

/* Uses much memory, of which one piece at the end stays. */
static void *use_much(void)
{
	void **pieces = calloc(PIECES, sizeof(*pieces)), *last;

	assert_non_null(pieces);
	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = malloc(PIECE);
		assert_non_null(pieces[i]);
		memset(pieces[i], 1, PIECE);
	}
	for (size_t i = 0; i + 1 < PIECES; i++)
		free(pieces[i]);
	last = pieces[PIECES - 1];
	free(pieces);
	return last;
}

static void test_trim(void **state)
{
	uint64_t before = status_of("VmRSS:");
	bool locked; /* not without root, where RLIMIT_MEMLOCK is low */
	void *kept;

	(void)state;
	heap_lock();
	locked = status_of("VmLck:") > 0;
	kept = use_much();
	assert_true(status_of("VmRSS:") > before + 15000);
	heap_trim();
	if (!UNIT_SANITIZED)
		assert_true(status_of("VmRSS:") < before + 5000);
	assert_int_equal(status_of("VmLck:") > 0, locked);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
