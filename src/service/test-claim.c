// SPDX-License-Identifier: MIT
#include "service/claim.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

static void test_one_holder(void **state)
{
	char *folder = unit_folder_new(), part[40];
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int first = -1, second = -1, copy;

	assert_int_equal(claim_folder(folder, &first, NULL), 0);
	assert_true(claim_holds(first, folder));
	assert_int_equal(claim_folder(folder, &second, &err), -EBUSY);
	assert_int_equal(second, -1);
	snprintf(part, sizeof(part), "(process %d)", getpid());
	assert_non_null(strstr(error_text(&err), part));
	assert_non_null(strstr(error_text(&err), folder));
	/* As for a daemon that takes over: it is held as long as anybody has it. */
	copy = fcntl(first, F_DUPFD_CLOEXEC, 0);
	close(first);
	assert_int_equal(claim_folder(folder, &second, NULL), -EBUSY);
	close(copy);
	assert_int_equal(claim_folder(folder, &second, NULL), 0);
	close(second);
	unit_folder_free(folder);
}

/* Somebody has made the folder anew: the lock in the old one says nothing of it. */
static void test_another_folder(void **state)
{
	char *above = unit_folder_new(), *folder = unit_path(above, "a"),
	     *away = unit_path(above, "b");
	_cleanup_(error_done) struct error err = ERROR_INIT;
	int fd = -1, other = -1;

	assert_int_equal(claim_folder(folder, &fd, &err), -ENOENT);
	assert_false(claim_holds(fd, folder));
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(claim_folder(folder, &fd, NULL), 0);
	assert_int_equal(rename(folder, away), 0);
	assert_false(claim_holds(fd, folder));
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_false(claim_holds(fd, folder));
	assert_int_equal(claim_folder(folder, &other, NULL), 0);
	assert_true(claim_holds(fd, away));
	close(fd);
	close(other);
	free(folder);
	free(away);
	unit_folder_free(above);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_holder),
		cmocka_unit_test(test_another_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
