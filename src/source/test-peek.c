// SPDX-License-Identifier: MIT
/* Of the test's own memory; a server that does not answer is test/e2e/gate.bats's. */
#include "source/peek.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sys/mman.h>

static void test_maps(void **state)
{
	static const char maps[] =
		"55d0e0a00000-55d0e0a28000 r--p 00000000 fe:00 131 /usr/bin/bash\n"
		"55d0e1b00000-55d0e1c00000 rw-p 00000000 00:00 0 [heap]\n"
		"7f0000000000-7f0000001000 r--p 00000000 00:35 77 /home/u/mnt/file\n"
		"7ffe00000000-7ffe00021000 rw-p 00000000 00:00 0 [stack]\n";

	assert_false(peek_may_wait(maps, 0x55d0e0a00000));
	assert_false(peek_may_wait(maps, 0x55d0e0a27fff));
	assert_false(peek_may_wait(maps, 0x55d0e1b00010));
	assert_true(peek_may_wait(maps, 0x7f0000000010));
	assert_false(peek_may_wait(maps, 0x7ffe00020000));
	/* Between mappings, and texts that are none. */
	assert_true(peek_may_wait(maps, 0x55d0e0a28000));
	assert_true(peek_may_wait("", 1));
	assert_true(peek_may_wait("nonsense\n\n", 1));
	assert_true(peek_may_wait("1000-2000 r", 0x1000));
}

static void test_our_own_memory(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char copy[8] = "";
	static const char constant[] = "constant";

	assert_ptr_not_equal(memory, MAP_FAILED);
	memcpy(memory, "touched", 8);
	assert_int_equal(peek_memory(getpid(), (uint64_t)(uintptr_t)memory, copy, 8), 8);
	assert_string_equal(copy, "touched");
	/* Never touched: zeroes. */
	assert_int_equal(peek_memory(getpid(), (uint64_t)(uintptr_t)memory + (uint64_t)page, copy,
				     8),
			 8);
	assert_int_equal(copy[0], 0);
	assert_int_equal(peek_memory(getpid(), (uint64_t)(uintptr_t)constant, copy, 8), 8);
	assert_memory_equal(copy, "constant", 8);
	munmap(memory, (size_t)page * 2);
	assert_true(peek_memory(getpid(), (uint64_t)(uintptr_t)memory, copy, 8) < 0);
	assert_true(peek_memory(getpid(), 0, copy, 8) < 0);
	assert_true(peek_memory(0x7ffffff0, 4096, copy, 8) < 0);
}

static void test_arguments(void **state)
{
	char ours[4096] = "";
	_cleanup_(freep) char *cmdline = unit_read("/proc/self", "cmdline");
	ssize_t n = peek_arguments(getpid(), ours, sizeof(ours));

	assert_true(n > 0);
	assert_string_equal(ours, cmdline);
	assert_int_equal(ours[n - 1], '\0');
	assert_int_equal(peek_arguments(getpid(), ours, 3), 3);
	assert_true(peek_arguments(0x7ffffff0, ours, sizeof(ours)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_our_own_memory),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
