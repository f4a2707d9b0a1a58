// SPDX-License-Identifier: MIT
/* Network namespaces made ahead: as many as asked for, each another one. */
#include "launch/network-pool.h"

#include "test/unit.h"

#include <sys/stat.h>

static ino_t number_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_ino;
}

static void test_each_is_another(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct network_pool pool = { 0 };
	struct stat own;
	int first, second;

	unit_need_root();
	assert_int_equal(network_pool_take(&pool), -1);
	for (int i = 0; i < 2; i++)
		if (network_pool_fill(&pool, 2, &err) < 0)
			fail_msg("%s", error_text(&err));
	assert_int_equal(pool.count, 2);
	first = network_pool_take(&pool);
	second = network_pool_take(&pool);
	assert_int_equal(stat("/proc/self/ns/net", &own), 0);
	assert_true(number_of(first) != number_of(second));
	assert_true(number_of(first) != own.st_ino);
	assert_int_equal(network_pool_take(&pool), -1);
	close(first);
	close(second);
	assert_int_equal(network_pool_fill(&pool, 1, &err), 0);
	network_pool_done(&pool);
	assert_int_equal(pool.count, 0);
}

static void test_too_many(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct network_pool pool = { 0 };

	assert_int_equal(network_pool_fill(&pool, NETWORK_POOL_MOST + 1, &err), -EINVAL);
	assert_non_null(strstr(error_text(&err), "at most 64"));
	assert_int_equal(pool.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_another),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
