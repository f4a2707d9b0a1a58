// SPDX-License-Identifier: MIT
/*
 * Plans from words: what each key makes of its value, and what is said of a bad one.
 * covers: recipe-*.c
 */
#include "launch/recipe.h"

#include "test/unit.h"

#include <linux/mount.h>

struct fixture {
	struct recipe *recipe;
	struct launch_plan plan;
};

static void begin(struct fixture *f)
{
	assert_int_equal(recipe_new(&f->recipe), 0);
	f->plan = (struct launch_plan){ .clone_fd = -1 };
}

static void set(struct fixture *f, const char *key, const char *value)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (recipe_set(f->recipe, key, value, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void plan(struct fixture *f)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (recipe_plan(f->recipe, &f->plan, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static void test_empty(void **state)
{
	struct fixture f;

	begin(&f);
	plan(&f);
	assert_null(f.plan.namespaces);
	assert_null(f.plan.file_system);
	assert_null(f.plan.identity);
	assert_null(f.plan.conditions);
	assert_null(f.plan.confinement);
	assert_null(f.plan.envp);
	assert_false(recipe_is_sandbox(f.recipe));
	recipe_free(f.recipe);
}

static void test_mounts(void **state)
{
	const struct launch_file_system *system;
	const struct launch_namespaces *spaces;
	struct fixture f;

	begin(&f);
	set(&f, "bind", "/b:/a-b//c/");
	set(&f, "tmpfs", "/a/b:size=1m,ro,mode=0700");
	set(&f, "bind", "/x\\:y");
	set(&f, "ro-bind", "/s:/a:noexec,shallow,optional");
	set(&f, "mask", "/zz");
	set(&f, "read-only", "/proc");
	set(&f, "read-only", "/a");
	set(&f, "symlink", "a:/l");
	set(&f, "proc", "yes");
	set(&f, "root", "/r");
	set(&f, "ro-root", "yes");
	set(&f, "overlay", "tmp");
	set(&f, "chdir", "/w");
	plan(&f);
	system = f.plan.file_system;
	spaces = f.plan.namespaces;
	assert_true(spaces->unshare & CLONE_NEWNS);
	assert_int_equal(system->root, LAUNCH_ROOT_PATH);
	assert_string_equal(system->path, "/r");
	assert_true(system->read_only && system->overlay && !system->changes);
	assert_string_equal(f.plan.folder, "/w");
	assert_int_equal(system->mount_count, 9);
	assert_string_equal(system->mounts[0].target, "/a");
	assert_string_equal(system->mounts[0].source, "/s");
	assert_int_equal(system->mounts[0].attributes, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
	assert_true(system->mounts[0].shallow && system->mounts[0].optional);
	assert_string_equal(system->mounts[1].target, "/a/b");
	assert_string_equal(system->mounts[1].options, "size=1m,mode=0700");
	assert_true(system->mounts[1].attributes & MOUNT_ATTR_RDONLY);
	assert_string_equal(system->mounts[2].target, "/a-b/c");
	assert_string_equal(system->mounts[3].target, "/l");
	assert_string_equal(system->mounts[4].target, "/proc");
	assert_string_equal(system->mounts[5].target, "/x:y");
	assert_string_equal(system->mounts[5].source, "/x:y");
	assert_int_equal(system->mounts[6].kind, LAUNCH_MOUNT_MASK);
	assert_int_equal(system->mounts[7].kind, LAUNCH_MOUNT_READ_ONLY);
	assert_string_equal(system->mounts[7].target, "/a");
	assert_string_equal(system->mounts[8].target, "/proc");
	assert_true(recipe_is_sandbox(f.recipe));
	recipe_free(f.recipe);
}

static void test_settings(void **state)
{
	static const struct {
		const char *unshare, *setting, *path, *error;
	} rows[] = {
		{ "net", "net.ipv4.ip_forward=1", "net/ipv4/ip_forward", NULL },
		{ "net", "net/ipv4/conf/eth0.1/forwarding=1", "net/ipv4/conf/eth0.1/forwarding",
		  NULL },
		{ "net", "net.ipv4.conf.eth0/1.forwarding=1", "net/ipv4/conf/eth0.1/forwarding",
		  NULL },
		{ "ipc", "kernel.sem=1 2 3 4", "kernel/sem", NULL },
		{ "ipc", "net.ipv4.ip_forward=1", NULL, "for others too" },
		{ "net", "kernel.shmmax=1", NULL, "for others too" },
		{ "all", "kernel.shmmax_=1", NULL, "whole host" },
		{ "all", "vm.swappiness=1", NULL, "whole host" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		struct fixture f;
		int r;

		begin(&f);
		set(&f, "unshare", rows[i].unshare);
		set(&f, "sysctl", rows[i].setting);
		r = recipe_plan(f.recipe, &f.plan, &err);
		assert_int_equal(r, rows[i].error ? -EINVAL : 0);
		if (rows[i].error)
			assert_non_null(strstr(error_text(&err), rows[i].error));
		else
			assert_string_equal(f.plan.namespaces->settings[0].path, rows[i].path);
		recipe_free(f.recipe);
	}
}

static void test_process(void **state)
{
	const struct launch_conditions *conditions;
	struct fixture f;

	begin(&f);
	set(&f, "nice", "-5");
	set(&f, "umask", "027");
	set(&f, "ionice", "best-effort:6");
	set(&f, "affinity", "0,2-3");
	set(&f, "oom-score-adj", "-17");
	set(&f, "rlimit", "nofile=7");
	set(&f, "rlimit", "core=0");
	set(&f, "sched", "rr:12");
	set(&f, "new-session", "yes");
	set(&f, "init", "yes");
	plan(&f);
	conditions = f.plan.conditions;
	assert_int_equal(conditions->nice, -5);
	assert_int_equal(conditions->umask, 027);
	assert_int_equal(conditions->io_priority, 2 << 13 | 6);
	assert_int_equal(CPU_COUNT(conditions->affinity), 3);
	assert_true(CPU_ISSET(3, conditions->affinity));
	assert_int_equal(conditions->oom_score, -17);
	assert_int_equal(conditions->rlimit_count, 2);
	assert_int_equal(conditions->rlimits[1].resource, RLIMIT_CORE);
	assert_int_equal(conditions->scheduling->policy, SCHED_RR);
	assert_int_equal(conditions->scheduling->priority, 12);
	assert_int_equal(conditions->scheduling->nice, -5);
	assert_true(conditions->new_session && conditions->init);
	assert_true(f.plan.namespaces->unshare & CLONE_NEWPID);
	set(&f, "sched", "deadline:1ms/2ms/4ms");
	plan(&f);
	assert_int_equal(f.plan.conditions->scheduling->deadline, 2000000);
	recipe_free(f.recipe);
}

static void test_identity(void **state)
{
	struct fixture f;

	begin(&f);
	set(&f, "user", "daemon");
	plan(&f);
	assert_int_equal(f.plan.identity->user, 1);
	assert_int_equal(f.plan.identity->group, 1);
	assert_true(f.plan.identity->set_groups);
	assert_int_equal(f.plan.identity->group_count, 1);
	set(&f, "user", "4000000:root");
	set(&f, "groups", "daemon,7");
	plan(&f);
	assert_int_equal(f.plan.identity->user, 4000000);
	assert_int_equal(f.plan.identity->group, 0);
	assert_int_equal(f.plan.identity->group_count, 2);
	assert_int_equal(f.plan.identity->groups[1], 7);
	set(&f, "groups", "");
	plan(&f);
	assert_int_equal(f.plan.identity->group_count, 0);
	recipe_free(f.recipe);
}

static void test_environment(void **state)
{
	char one[] = "A=1", two[] = "B=2", three[] = "C=3";
	char *given[] = { one, two, three, NULL };
	struct fixture f;

	begin(&f);
	set(&f, "env", "B=x");
	set(&f, "env", "A");
	set(&f, "env", "D=y");
	set(&f, "env", "D=z");
	f.plan.envp = given;
	plan(&f);
	assert_string_equal(f.plan.envp[0], "C=3");
	assert_string_equal(f.plan.envp[1], "B=x");
	assert_string_equal(f.plan.envp[2], "D=z");
	assert_null(f.plan.envp[3]);
	set(&f, "clear-env", "yes");
	f.plan.envp = given;
	plan(&f);
	assert_string_equal(f.plan.envp[0], "B=x");
	assert_string_equal(f.plan.envp[1], "D=z");
	assert_null(f.plan.envp[2]);
	recipe_free(f.recipe);
}

static void test_namespaces(void **state)
{
	const struct launch_namespaces *spaces;
	struct fixture f;

	begin(&f);
	set(&f, "unshare", "mnt,pid,uts");
	set(&f, "map-user", "0:1000:10");
	set(&f, "map-user", "20");
	set(&f, "hostname", "box");
	set(&f, "net", "none");
	plan(&f);
	spaces = f.plan.namespaces;
	assert_true(spaces->unshare ==
		    (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWUSER | CLONE_NEWNET));
	assert_true(spaces->loopback);
	assert_int_equal(spaces->user_count, 2);
	assert_int_equal(spaces->users[0].outside, 1000);
	assert_int_equal(spaces->users[1].outside, geteuid());
	set(&f, "net", "host");
	plan(&f);
	assert_false(spaces->unshare & CLONE_NEWNET);
	assert_false(spaces->loopback);
	recipe_free(f.recipe);
}

static void test_refused(void **state)
{
	static const struct {
		const char *key, *value, *part;
	} cases[] = {
		{ "bindd", "/a", "did you mean \"bind\"?" },
		{ "bind", "a", "bind: \"a\" is no absolute path" },
		{ "bind", ":/a", "names nothing" },
		{ "bind", "/a:/", "the root itself" },
		{ "bind", "/a:/b/../c", "\"..\"" },
		{ "bind", "/a:/b:rw", "no option \"rw\"" },
		{ "bind", "/a:/b:nodevv", "did you mean \"nodev\"?" },
		{ "symlink", "/a", "TARGET:AT" },
		{ "overlay", "x", "neither \"tmp\" nor" },
		{ "unshare", "pids", "did you mean \"pid\"?" },
		{ "map-user", "x", "INSIDE[:OUTSIDE[:COUNT]]" },
		{ "map-user", "0:1:2:3", "INSIDE[:OUTSIDE[:COUNT]]" },
		{ "map-user", "0:1:0", "INSIDE[:OUTSIDE[:COUNT]]" },
		{ "map-user", "0:4294967295:2", "INSIDE[:OUTSIDE[:COUNT]]" },
		{ "net", "reeve-test-none", "/run/netns/reeve-test-none" },
		{ "hostname", "", "1 to 64 bytes" },
		{ "sysctl", "net.ipv4.ip_forward", "NAME=VALUE" },
		{ "sysctl", "=1", "NAME=VALUE" },
		{ "sysctl", "/net/ipv4=1", "no name of a setting" },
		{ "sysctl", "net/../kernel/panic=1", "no name of a setting" },
		{ "user", "reeve-no-such", "no user \"reeve-no-such\"" },
		{ "user", "0:reeve-no-such", "no group \"reeve-no-such\"" },
		{ "user", "4000000", "name a group too" },
		{ "user", "4294967295", "no user" },
		{ "groups", "daemon,", "no group \"\"" },
		{ "nice", "20", "from -20 to 19" },
		{ "nice", "x", "from -20 to 19" },
		{ "umask", "8", "octal" },
		{ "umask", "7777", "octal" },
		{ "ionice", "idle:3", "has no level" },
		{ "ionice", "idel", "did you mean \"idle\"?" },
		{ "ionice", "realtime:8", "from 0 to 7" },
		{ "sched", "fifo", "needs a level" },
		{ "sched", "fifo:100", "from 1 to 99" },
		{ "sched", "deadline:1/2", "RUNTIME/DEADLINE/PERIOD" },
		{ "affinity", "3-1", "from 3" },
		{ "affinity", "9999", "from 0" },
		{ "oom-score-adj", "1001", "from -1000 to 1000" },
		{ "rlimit", "x=1", "no resource limit" },
		{ "env", "=x", "NAME=VALUE" },
		{ "proc", "maybe", "neither yes nor no" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		struct fixture f;

		begin(&f);
		if (recipe_set(f.recipe, cases[i].key, cases[i].value, &err) == 0)
			fail_msg("%s %s is taken", cases[i].key, cases[i].value);
		if (!strstr(error_text(&err), cases[i].part))
			fail_msg("%s %s: %s", cases[i].key, cases[i].value, error_text(&err));
		recipe_free(f.recipe);
	}
}

static void test_together(void **state)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct fixture f;

	begin(&f);
	set(&f, "tmpfs", "/a");
	set(&f, "bind", "/b:/a");
	assert_int_equal(recipe_plan(f.recipe, &f.plan, &err), -EINVAL);
	assert_string_equal(error_text(&err), "two things are to be at \"/a\"");
	recipe_free(f.recipe);
	error_done(&err);
	err = (struct error)ERROR_INIT;
	begin(&f);
	set(&f, "overlay", "/a");
	set(&f, "empty-root", "yes");
	assert_int_equal(recipe_plan(f.recipe, &f.plan, &err), -EINVAL);
	recipe_free(f.recipe);
}

static void test_confinement(void **state)
{
	struct fixture f;

	begin(&f);
	set(&f, "seccomp", "kill ptrace");
	set(&f, "capabilities", "chown");
	plan(&f);
	assert_non_null(f.plan.confinement->seccomp);
	assert_true(f.plan.confinement->no_new_privileges);
	assert_int_equal(f.plan.confinement->capabilities->permitted, 1);
	assert_null(f.plan.confinement->landlock);
	assert_null(recipe_remark(f.recipe, 0));
	set(&f, "seccomp", "kill clone(flags & CLONE_NEWUSER != 0)");
	plan(&f);
	assert_non_null(strstr(recipe_remark(f.recipe, 0), "clone3"));
	assert_null(recipe_remark(f.recipe, 1));
	recipe_free(f.recipe);
}

static void test_a_sandbox_has_no_capabilities(void **state)
{
	struct fixture f;

	begin(&f);
	set(&f, "unshare", "uts,user");
	plan(&f);
	assert_int_equal(f.plan.confinement->capabilities->permitted, 0);
	assert_int_equal(f.plan.confinement->capabilities->bounding, 0);
	assert_true(f.plan.confinement->no_new_privileges);
	set(&f, "capabilities", "all");
	plan(&f);
	assert_true(f.plan.confinement->capabilities->permitted > 1);
	recipe_free(f.recipe);
}

static void refused(const char *key, const char *value, const char *sentence)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct fixture f;

	begin(&f);
	assert_int_equal(recipe_set(f.recipe, key, value, &err), -EINVAL);
	assert_string_equal(error_text(&err), sentence);
	recipe_free(f.recipe);
}

static void test_mistakes_of_confinement(void **state)
{
	refused("capabilities", "chwon",
		"capabilities: unknown capability \"chwon\" (did you mean "
		"\"chown\"?)");
	refused("seccomp", "kill ptrcae",
		"seccomp: policy:1:6: unknown system call \"ptrcae\" (did "
		"you mean \"ptrace\"?)");
	refused("seccomp", "kill execve",
		"seccomp: policy:1:6: this forbids execve (kill), so that no program could be "
		"started: write \"allow execve\" behind it");
	refused("allow-read", "", "allow-read: an empty word (\"none\" allows nothing)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_confinement),
		cmocka_unit_test(test_a_sandbox_has_no_capabilities),
		cmocka_unit_test(test_mistakes_of_confinement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
