// SPDX-License-Identifier: MIT
/* The scanner is the test's own: it takes the place of source/scan-processes.c when linked. */
#include "core/processes.h"

#include "cgroup/fake.h"
#include "source/scan-processes.h"
#include "test/unit.h"

static int scan_result;
static const char *group_v2, *group_v1;
static size_t group_v1_size;

int scan_processes(const struct process_scan_options *options,
		   struct process_scan_result *ret_result, struct error *err)
{
	static const uint32_t pids[] = { 30, 7, 1000 };

	if (scan_result < 0)
		return error_set(err, scan_result, "there is no /proc");
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		struct event event;

		event_init(&event, EVENT_RUNNING, SOURCE_PROCFS);
		event_set(&event, PID, pid, pids[i]);
		event_set(&event, PPID, ppid, 1);
		event_set(&event, UID, uid, 0);
		event_set(&event, START, start, 1000);
		event_set(&event, EXE, exe, slice_of("/bin/x\033[2J"));
		if (pids[i] == 30 && group_v2)
			event_set(&event, CGROUP, cgroup, slice_of(group_v2));
		if (pids[i] == 30 && group_v1)
			event_set(&event, CGROUP_V1, cgroup_v1,
				  (struct slice){ group_v1, group_v1_size });
		options->sink.event(&event, options->sink.userdata);
	}
	*ret_result = (struct process_scan_result){ .found = ARRAY_SIZE(pids) };
	return 0;
}

static struct groups *groups_of(const struct fake *fake)
{
	static const char *const names[] = { "build", "build/link", "web" };
	struct limits limits = { .set = LIMIT_BIT(LIMIT_PIDS), .pids = 100 };
	struct group_problems problems = { 0 };
	struct group_spec specs[ARRAY_SIZE(names)];
	struct groups *groups = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		specs[i] = (struct group_spec){ .name = names[i], .limits = &limits };
	assert_int_equal(groups_open(fake->layout, "reeve", NULL, &groups, NULL), 0);
	assert_int_equal(groups_apply(groups, specs, ARRAY_SIZE(specs), &problems, NULL), 0);
	group_problems_done(&problems);
	return groups;
}

static void test_placement(void **state)
{
	static const char lines[] = "memory:/\0pids:/reeve/web/inner";
	static const struct slice none;
	const struct slice v1 = { lines, sizeof(lines) };
	struct groups *groups;
	struct fake fake;

	fake_init(&fake, FAKE_V2);
	groups = groups_of(&fake);
	assert_string_equal(placement_of(fake.layout, groups, slice_of("/reeve/build"), none),
			    "build");
	assert_string_equal(placement_of(fake.layout, groups, slice_of("/reeve/build/link"), none),
			    "build/link");
	assert_string_equal(placement_of(fake.layout, groups, slice_of("/reeve/build/own"), none),
			    "build");
	assert_null(placement_of(fake.layout, groups, slice_of("/reeve/builder"), none));
	assert_null(placement_of(fake.layout, groups, slice_of("/"), v1));
	assert_null(placement_of(fake.layout, groups, none, none));
	groups_free(groups);
	fake_done(&fake);

	fake_init(&fake, FAKE_V1);
	groups = groups_of(&fake);
	assert_string_equal(placement_of(fake.layout, groups, none, v1), "web");
	assert_null(placement_of(fake.layout, groups, slice_of("/reeve/web"), none));
	groups_free(groups);
	fake_done(&fake);
}

static const char *text_at(const json_t *list, size_t index, const char *key)
{
	return json_string_value(json_object_get(json_array_get(list, index), key));
}

static void test_list(void **state)
{
	struct process_list_options options = { 0 };
	const json_t *known;
	json_t *list = NULL;
	struct fake fake;

	fake_init(&fake, FAKE_V2);
	options.host = fake.host;
	options.layout = fake.layout;
	options.groups = groups_of(&fake);
	group_v2 = "/reeve/web";
	assert_int_equal(process_list(&options, &list, NULL), 0);
	assert_int_equal(json_array_size(list), 3);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "pid")), 7);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 2), "pid")), 1000);
	assert_string_equal(text_at(list, 1, "placement"), "web");
	assert_null(text_at(list, 0, "placement"));
	assert_true(json_integer_value(json_object_get(json_array_get(list, 0), "age")) > 0);
	known = json_object_get(json_array_get(list, 0), "known");
	assert_string_equal(json_string_value(json_object_get(known, "type")), "running");
	json_decref(list);
	group_v2 = NULL;

	scan_result = -EACCES;
	assert_int_equal(process_list(&options, &list, NULL), -EACCES);
	scan_result = 0;
	groups_free(options.groups);
	fake_done(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
