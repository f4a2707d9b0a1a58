// SPDX-License-Identifier: MIT
/*
 * What is found on each kind of host.
 *
 * covers: controllers.c membership.c
 */
#include "cgroup/fake.h"
#include "cgroup/membership.h"

#include "test/unit.h"

static const struct hierarchy *find(const struct fake *fake, enum controller controller)
{
	return layout_find(fake->layout, controller);
}

static void none_is_no_error(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_NONE);
	assert_int_equal(fake.layout->mode, LAYOUT_NONE);
	assert_string_equal(layout_mode_name(fake.layout->mode), "none");
	assert_int_equal(fake.layout->v2, -1);
	assert_null(find(&fake, CONTROLLER_CPU));
	fake_done(&fake);
}

static void v1_alone(void **state)
{
	const struct hierarchy *memory;
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	assert_int_equal(fake.layout->mode, LAYOUT_V1);
	assert_int_equal(fake.layout->hierarchy_count, 6); /* not name=systemd */
	memory = find(&fake, CONTROLLER_MEMORY);
	assert_non_null(memory);
	assert_string_equal(memory->mount_point, "/sys/fs/cgroup/my memory");
	assert_string_equal(memory->own_path, "/outer/x");
	assert_string_equal(memory->name, "memory");
	assert_int_equal(memory->id, 3);
	assert_true(fake.layout->unmounted & 1U << CONTROLLER_NET_CLS);
	assert_false(fake.layout->unmounted & 1U << CONTROLLER_RDMA); /* not enabled */
	assert_false(fake.layout->systemd);
	fake_done(&fake);
}

static void v1_joint_and_named(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1_JOINT);
	assert_int_equal(fake.layout->hierarchy_count, 2);
	assert_ptr_equal(find(&fake, CONTROLLER_CPU), find(&fake, CONTROLLER_CPUACCT));
	assert_string_equal(find(&fake, CONTROLLER_CPU)->name, "cpu,cpuacct");
	assert_int_equal(find(&fake, CONTROLLER_CPU)->id, 1);
	assert_string_equal(find(&fake, CONTROLLER_CPU)->mount_root, "/");
	assert_true(fake.layout->unmounted & 1U << CONTROLLER_MEMORY);
	fake_done(&fake);
}

static void v2_alone(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	assert_int_equal(fake.layout->mode, LAYOUT_V2);
	assert_int_equal(fake.layout->v2, 0);
	assert_true(fake.layout->hierarchies[0].favordynmods);
	assert_true(find(&fake, CONTROLLER_IO)->v2);
	assert_string_equal(fake.layout->hierarchies[0].own_path, "/own");
	assert_int_equal(fake.layout->unmounted, 0);
	assert_true(fake.layout->available & 1U << CONTROLLER_FREEZER);
	fake_done(&fake);
}

static void hybrid_and_systemd(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_SYSTEMD_HYBRID);
	assert_int_equal(fake.layout->mode, LAYOUT_HYBRID);
	assert_true(fake.layout->systemd);
	assert_false(find(&fake, CONTROLLER_MEMORY)->v2);
	assert_true(find(&fake, CONTROLLER_HUGETLB)->v2);
	for (size_t i = 0; i < fake.layout->hierarchy_count; i++)
		assert_null(strstr(fake.layout->hierarchies[i].mount_point, "systemd"));
	fake_done(&fake);
}

static void better_mount_wins(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V2);
	fake_write(&fake, "proc/self/mountinfo",
		   "30 1 0:28 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"
		   "31 1 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
		   "32 1 0:28 / /not/there rw - cgroup2 cgroup2 rw\n");
	fake_detect(&fake);
	assert_int_equal(fake.layout->hierarchy_count, 1);
	assert_string_equal(fake.layout->hierarchies[0].mount_root, "/");
	assert_false(fake.layout->hierarchies[0].read_only);
	fake_done(&fake);
}

static void membership_lines(void **state)
{
	struct membership m;
	const char *path;
	size_t length;

	(void)state;
	m.size = (size_t)snprintf(m.text, sizeof(m.text),
				  "x\n11:cpu,cpuacct:/a:b\n99999999999:x:/y\n1:name=systemd:/s\n"
				  "0::/two words (deleted)\n3:memory:/last");
	assert_true(membership_path(&m, 11, &path, &length));
	assert_memory_equal(path, "/a:b", length);
	assert_true(membership_path(&m, 0, &path, &length));
	assert_memory_equal(path, "/two words (deleted)", length);
	assert_true(membership_path(&m, 3, &path, &length));
	assert_int_equal(length, 5);
	assert_false(membership_path(&m, 2, &path, &length));
}

static void membership_of_a_process(void **state)
{
	struct membership m;
	struct host *host;

	(void)state;
	assert_int_equal(host_new(&host, NULL), 0);
	assert_int_equal(membership_read(host, 0, &m), -ESRCH);
	assert_int_equal(membership_read(host, 0x3fffffff, &m), -ESRCH);
	if (access("/proc/self/cgroup", F_OK) == 0)
		assert_int_equal(membership_read(host, getpid(), &m), 0);
	host_free(host);
}

static void real_host_is_readable(void **state)
{
	struct error err = ERROR_INIT;
	struct layout *layout;
	struct host *host;

	(void)state;
	assert_int_equal(host_new(&host, &err), 0);
	assert_int_equal(layout_detect(host, &layout, &err), 0);
	layout_free(layout);
	host_free(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_no_error),	 cmocka_unit_test(v1_alone),
		cmocka_unit_test(v1_joint_and_named),	 cmocka_unit_test(v2_alone),
		cmocka_unit_test(hybrid_and_systemd),	 cmocka_unit_test(better_mount_wins),
		cmocka_unit_test(membership_lines),	 cmocka_unit_test(membership_of_a_process),
		cmocka_unit_test(real_host_is_readable),
	};

	return cmocka_run_group_tests_name("cgroup layout", tests, NULL, NULL);
}
