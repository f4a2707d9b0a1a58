// SPDX-License-Identifier: MIT
#include "core/filter.h"

#include "test/unit.h"

static struct process_table *new_table(void)
{
	struct process_table *table = NULL;

	assert_int_equal(process_table_new(0x3f2a9c10, &table), 0);
	return table;
}

static struct filter *new_filter(const char *types)
{
	struct filter *filter = NULL;

	assert_int_equal(filter_new(&filter), 0);
	assert_int_equal(filter_add(filter, FILTER_TYPE, types, 0, NULL), 0);
	return filter;
}

static void add(struct filter *filter, enum filter_key key, const char *word)
{
	struct error err = ERROR_INIT;

	if (filter_add(filter, key, word, FILTER_NAMES, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static struct event event_of(enum event_type type, uint32_t pid)
{
	struct event event;

	event_init(&event, type, SOURCE_BPF);
	event_set(&event, PID, pid, pid);
	return event;
}

static void refused(enum filter_key key, const char *word, const char *part)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(filter_add(filter, key, word, 0, &err), -EINVAL);
	if (!strstr(error_text(&err), part))
		fail_msg("\"%s\" is not in: %s", part, error_text(&err));
}

static void test_types(void **state)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec,exit");
	struct event event = event_of(EVENT_EXEC, 7);

	assert_int_equal(filter_types(filter), EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_EXIT));
	assert_int_equal(filter_asks(filter), filter_types(filter));
	assert_true(filter_pass(filter, &event));
	event.type = EVENT_FORK;
	assert_false(filter_pass(filter, &event));
	event.type = EVENT_RUNNING;
	assert_true(filter_pass(filter, &event));
	event.type = EVENT_GAP;
	assert_true(filter_pass(filter, &event));
	filter_add_types(filter, EVENT_BIT(EVENT_FORK));
	event.type = EVENT_FORK;
	assert_true(filter_pass(filter, &event));
	add(filter, FILTER_TYPE, "all");
	assert_int_equal(filter_types(filter), EVENT_ALL);
	assert_int_equal(filter_count(filter, FILTER_TYPE), 2);
	assert_string_equal(filter_word(filter, FILTER_TYPE, 0), "exec,exit");
}

static void test_bad_words(void **state)
{
	refused(FILTER_TYPE, "exce", "did you mean \"exec\"");
	refused(FILTER_TYPE, "exec,", "no kind of event \"\"");
	refused(FILTER_TYPE, "xyzzy", "there are exec, fork");
	refused(FILTER_USER, "root", "is not a number");
	refused(FILTER_EXE, "", "no program");
	refused(FILTER_CGROUP, "system.slice", "begins with \"/\"");
	refused(FILTER_CONTAINER, "", "names no container");
	refused(FILTER_PID, "0", "no process id");
	refused(FILTER_PID, "-1", "no process id");
	refused(FILTER_TREE, "4194304", "no process id");
}

static void test_users(void **state)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct event event = event_of(EVENT_EXEC, 7);

	add(filter, FILTER_USER, "root");
	assert_string_equal(filter_word(filter, FILTER_USER, 0), "0");
	assert_false(filter_pass(filter, &event));
	event_set(&event, UID, uid, 0);
	assert_true(filter_pass(filter, &event));
	event.uid = 1000;
	assert_false(filter_pass(filter, &event));
	add(filter, FILTER_USER, "1000");
	assert_true(filter_pass(filter, &event));
	assert_int_equal(filter_add(filter, FILTER_USER, "no-such-user-here", FILTER_NAMES, &err),
			 -EINVAL);
}

static bool exe_passes(const char *word, const char *exe)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("all");
	struct event event = event_of(EVENT_EXEC, 7);
	struct slice path = slice_of(exe);

	add(filter, FILTER_EXE, word);
	/* No NUL behind it, as in a ring. */
	_cleanup_(freep) char *copy = malloc(path.size + 1);
	assert_non_null(copy);
	memcpy(copy, path.data, path.size);
	copy[path.size] = 'x';
	event_set(&event, EXE, exe, (struct slice){ copy, path.size });
	return filter_pass(filter, &event);
}

static void test_programs(void **state)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("all");
	struct event event = event_of(EVENT_EXEC, 7);

	assert_true(exe_passes("/usr/bin/ls", "/usr/bin/ls"));
	assert_false(exe_passes("/usr/bin/ls", "/usr/bin/lsx"));
	assert_true(exe_passes("ls", "/usr/bin/ls"));
	assert_false(exe_passes("ls", "/usr/bin/false"));
	assert_true(exe_passes("l?", "/usr/bin/ls"));
	assert_true(exe_passes("/usr/bin/", "/usr/bin/ls"));
	assert_true(exe_passes("/usr/**", "/usr/local/bin/x"));
	assert_false(exe_passes("/usr/*", "/usr/local/bin/x"));
	assert_false(exe_passes("*", ""));
	assert_true(exe_passes("bin/ls", "/usr/bin/ls"));
	assert_false(exe_passes("bin/ls", "/usr/sbin/ls"));
	assert_true(exe_passes("*/ls", "/usr/bin/ls"));
	assert_true(exe_passes("local/", "/usr/local/bin/x"));
	assert_true(exe_passes("**/x", "/usr/local/bin/x"));

	add(filter, FILTER_EXE, "work.sh");
	assert_false(filter_pass(filter, &event));
	event_set(&event, EXE, exe, slice_of("/bin/sh"));
	event_set(&event, SCRIPT, script, slice_of("/srv/work.sh"));
	assert_true(filter_pass(filter, &event));
	event = event_of(EVENT_FAILED, 7);
	event_set(&event, EXE, exe, slice_of("/bin/sh"));
	event_set(&event, FILENAME, filename, slice_of("./work.sh"));
	assert_true(filter_pass(filter, &event));
}

static bool cgroup_passes(const char *word, const char *v2, const char *v1, size_t v1_size)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");
	struct event event = event_of(EVENT_EXEC, 7);

	add(filter, FILTER_CGROUP, word);
	if (v2)
		event_set(&event, CGROUP, cgroup, slice_of(v2));
	if (v1)
		event_set(&event, CGROUP_V1, cgroup_v1, (struct slice){ v1, v1_size });
	return filter_pass(filter, &event);
}

static void test_groups(void **state)
{
	static const char v1[] = "cpu,cpuacct:/build/link\0memory:/";

	assert_true(cgroup_passes("/a", "/a", NULL, 0));
	assert_true(cgroup_passes("/a/", "/a/b", NULL, 0));
	assert_true(cgroup_passes("/", "/a/b", NULL, 0));
	assert_false(cgroup_passes("/a", "/ab", NULL, 0));
	assert_false(cgroup_passes("/a", NULL, NULL, 0));
	assert_true(cgroup_passes("/**/ssh*.service", "/system.slice/ssh.service", NULL, 0));
	assert_true(cgroup_passes("/build", "/", v1, sizeof(v1)));
	assert_true(cgroup_passes("/*/link", NULL, v1, sizeof(v1)));
	assert_false(cgroup_passes("/link", NULL, v1, sizeof(v1)));
	/* A list that breaks off. */
	assert_false(cgroup_passes("/build", NULL, v1, 9));
}

static bool container_passes(const char *word, const char *runtime, const char *id, const char *pod)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");
	struct event event = event_of(EVENT_EXEC, 7);

	add(filter, FILTER_CONTAINER, word);
	event_set(&event, CGROUP, cgroup, slice_of("/x"));
	if (runtime)
		event_set(&event, CONTAINER_RUNTIME, container_runtime, slice_of(runtime));
	if (id)
		event_set(&event, CONTAINER_ID, container_id, slice_of(id));
	if (pod)
		event_set(&event, POD, pod, slice_of(pod));
	return filter_pass(filter, &event);
}

static void test_containers(void **state)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");
	struct event unknown = event_of(EVENT_EXEC, 7);

	assert_true(container_passes("host", NULL, NULL, NULL));
	assert_false(container_passes("any", NULL, NULL, NULL));
	assert_true(container_passes("any", "docker", "0123abc", NULL));
	assert_false(container_passes("host", "docker", "0123abc", NULL));
	assert_true(container_passes("docker", "docker", "0123abc", NULL));
	assert_true(container_passes("0123", "docker", "0123abc", NULL));
	assert_false(container_passes("123", "docker", "0123abc", NULL));
	assert_true(container_passes("id:host", "nspawn", "host", NULL));
	assert_false(container_passes("id:host", "docker", "0123abc", NULL));
	assert_true(container_passes("12-34", "containerd", "0123abc", "12-34"));
	assert_true(container_passes("--json", "lxc", "--json", NULL));
	add(filter, FILTER_CONTAINER, "host");
	assert_false(filter_pass(filter, &unknown));
}

static void test_all_keys_must_hold(void **state)
{
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");
	struct event event = event_of(EVENT_EXEC, 7);

	add(filter, FILTER_PID, "7");
	add(filter, FILTER_PID, "8");
	add(filter, FILTER_USER, "5");
	assert_false(filter_pass(filter, &event));
	event_set(&event, UID, uid, 5);
	assert_true(filter_pass(filter, &event));
	event.pid = 9;
	assert_false(filter_pass(filter, &event));
}

static void apply_running(struct process_table *table, uint32_t pid, uint32_t ppid)
{
	struct event event = event_of(EVENT_RUNNING, pid);

	event_set(&event, PPID, ppid, ppid);
	event_set(&event, START, start, UINT64_C(1000000000) * pid);
	assert_int_equal(process_table_apply(table, &event), 0);
}

static bool fork_passes(struct filter *filter, uint32_t pid, uint32_t ppid)
{
	struct event event = event_of(EVENT_FORK, pid);

	event_set(&event, PPID, ppid, ppid);
	return filter_pass(filter, &event);
}

static bool passes(struct filter *filter, enum event_type type, uint32_t pid)
{
	struct event event = event_of(type, pid);

	return filter_pass(filter, &event);
}

static void test_trees(void **state)
{
	_cleanup_(process_table_freep) struct process_table *table = new_table();
	_cleanup_(filter_freep) struct filter *filter = new_filter("fork,exec,exit");
	struct event found = event_of(EVENT_RUNNING, 14), event;

	apply_running(table, 10, 1);
	apply_running(table, 11, 10);
	apply_running(table, 20, 1);
	add(filter, FILTER_TREE, "10");
	assert_int_equal(filter_seed(filter, table), 0);
	assert_true(passes(filter, EVENT_EXEC, 10));
	assert_true(passes(filter, EVENT_EXEC, 11));
	assert_false(passes(filter, EVENT_EXEC, 20));
	assert_true(fork_passes(filter, 12, 11));
	/* The parent ends, the child stays in the tree, and so does its child. */
	assert_true(passes(filter, EVENT_EXIT, 11));
	assert_false(passes(filter, EVENT_EXEC, 11));
	assert_true(passes(filter, EVENT_EXEC, 12));
	assert_true(fork_passes(filter, 13, 12));
	assert_true(passes(filter, EVENT_EXIT, 12));
	/* The id is used again, by another. */
	assert_false(fork_passes(filter, 12, 20));
	assert_false(passes(filter, EVENT_EXEC, 12));
	/* An end that was missed: the fork says that the id is another's. */
	assert_false(fork_passes(filter, 13, 20));
	assert_false(passes(filter, EVENT_EXEC, 13));
	/* A source that does not tell forks. */
	event = event_of(EVENT_EXEC, 15);
	event_set(&event, PPID, ppid, 20);
	assert_false(filter_pass(filter, &event));
	event.ppid = 10;
	assert_true(filter_pass(filter, &event));
	assert_true(passes(filter, EVENT_EXEC, 15));
	/* Found after a gap. */
	event_set(&found, PPID, ppid, 10);
	assert_true(filter_pass(filter, &found));
	assert_true(passes(filter, EVENT_EXEC, 14));
}

/* What the tree is followed by need not be shown. */
static void test_tree_asks(void **state)
{
	_cleanup_(process_table_freep) struct process_table *table = new_table();
	_cleanup_(filter_freep) struct filter *filter = new_filter("exec");

	add(filter, FILTER_TREE, "10");
	assert_int_equal(filter_asks(filter),
			 EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) | EVENT_BIT(EVENT_EXIT));
	assert_int_equal(filter_seed(filter, table), 0);
	assert_false(fork_passes(filter, 12, 10));
	assert_true(passes(filter, EVENT_EXEC, 12));
	assert_false(passes(filter, EVENT_EXIT, 12));
	assert_false(passes(filter, EVENT_EXEC, 12));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_all_keys_must_hold),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_tree_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
