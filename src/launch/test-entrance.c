// SPDX-License-Identifier: MIT
/* Folders of groups, opened for a plan. Nothing is moved. */
#include "launch/entrance.h"

#include "test/unit.h"

#include <linux/magic.h>
#include <sys/vfs.h>

static void refused(const char *folder, int code, const char *sentence)
{
	struct entrance entrance;
	struct error err = ERROR_INIT;

	entrance_init(&entrance);
	assert_int_equal(entrance_add(&entrance, folder, &err), code);
	assert_non_null(strstr(error_text(&err), sentence));
	assert_int_equal(entrance.clone_fd, -1);
	assert_int_equal(entrance.tasks_count, 0);
	entrance_done(&entrance);
	error_done(&err);
}

static void test_what_is_no_group(void **state)
{
	refused(NULL, -EINVAL, "no name");
	refused("/tmp", -EINVAL, "/tmp is no cgroup");
	refused("/nowhere/group", -ENOENT, "/nowhere/group");
	refused("/dev/null", -ENOTDIR, "/dev/null");
}

/* The root of the v2 hierarchy, wherever it is. */
static const char *v2_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs statfs_of;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (statfs(places[i], &statfs_of) == 0 && statfs_of.f_type == CGROUP2_SUPER_MAGIC)
			return places[i];
	return NULL;
}

static void test_a_group_of_v2(void **state)
{
	const char *root = v2_root();
	struct launch_plan plan = { .clone_fd = -1 };
	struct entrance entrance;

	if (!root)
		skip();
	entrance_init(&entrance);
	assert_int_equal(entrance_add(&entrance, root, NULL), 0);
	entrance_plan(&entrance, &plan);
	assert_true(plan.clone_fd >= 0);
	assert_int_equal(plan.tasks_count, 0);
	/* there is one hierarchy of v2 */
	assert_int_equal(entrance_add(&entrance, root, NULL), -EINVAL);
	entrance_done(&entrance);
	assert_int_equal(entrance.clone_fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_group),
		cmocka_unit_test(test_a_group_of_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
