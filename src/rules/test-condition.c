// SPDX-License-Identifier: MIT
/* covers: condition-new.c */
#include "rules/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/sysmacros.h>
#include <cmocka.h>

/* A process of which everything is known. */
static struct facts known_facts(void)
{
	static const char argv[] = "git\0push\0--force", v1[] = "cpu,cpuacct:/build/a\0name=x:/y";
	struct facts facts = {
		.known = UINT32_MAX,
		.uid = 1000,
		.euid = 0,
		.gid = 100,
		.egid = 101,
		.loginuid = UINT32_MAX,
		.tty = (uint32_t)makedev(136, 3),
		.gids = { 27, 44 },
		.gid_count = 2,
		.exe = slice_of("/usr/bin/git"),
		.comm = slice_of("kworker/0:1"),
		.cwd = slice_of("/home/me"),
		.script = slice_of("/opt/x.sh"),
		.argv = { argv, sizeof(argv) },
		.cgroup = slice_of("/user.slice/user-1000.slice/x"),
		.cgroup_v1 = { v1, sizeof(v1) },
		.group = slice_of("build/link"),
		.container_runtime = slice_of("docker"),
		.container_id = slice_of("0123456789abcdef"),
		.pod = slice_of("p-1"),
		.namespaces = { [NS_MNT] = 7, [NS_PID] = 9 },
		.host_namespaces = { [NS_MNT] = 7, [NS_PID] = 8, [NS_NET] = 1 },
		.ancestors = { { 10, slice_of("/usr/bin/bash") }, { 1, slice_of("/sbin/init") } },
		.ancestor_count = 2,
		/* 2024-02-29 23:30 UTC, a Thursday */
		.time = 1709249400,
		.utc_offset = 3600,
	};

	return facts;
}

static enum holds ask(const struct policy_condition *from, struct facts *facts)
{
	struct condition *conditions = NULL;
	enum holds holds;

	assert_int_equal(conditions_new(from, 1, &conditions), 0);
	holds = condition_holds(conditions, facts);
	conditions_free(conditions, 1);
	return holds;
}

static enum holds ask_word(enum condition_kind kind, enum word_form form, const char *text,
			   struct facts *facts)
{
	char copy[80];
	struct policy_word word = { .form = form, .text = copy };
	struct policy_condition condition = { .kind = kind, .words = &word, .word_count = 1 };

	snprintf(copy, sizeof(copy), "%s", text);
	if (strncmp(text, "all:", 4) == 0 && kind == CONDITION_ARGS) {
		word.text += 4;
		word.joined = true;
	}
	return ask(&condition, facts);
}

static enum holds ask_number(enum condition_kind kind, uint64_t least, uint64_t most,
			     struct facts *facts)
{
	char text[] = "x";
	struct policy_word word = {
		.form = WORD_NUMBER, .text = text, .least = least, .most = most
	};
	struct policy_condition condition = { .kind = kind, .words = &word, .word_count = 1 };

	return ask(&condition, facts);
}

static void numbers(void **state)
{
	struct facts facts = known_facts();

	assert_int_equal(ask_number(CONDITION_UID, 1000, 1999, &facts), HOLDS_YES);
	assert_int_equal(ask_number(CONDITION_UID, 0, 999, &facts), HOLDS_NO);
	assert_int_equal(ask_number(CONDITION_USER, 1000, 1000, &facts), HOLDS_YES);
	assert_int_equal(ask_number(CONDITION_EUID, 0, 0, &facts), HOLDS_YES);
	assert_int_equal(ask_number(CONDITION_EUID, 1000, 1000, &facts), HOLDS_NO);
	for (gid_t gid = 0; gid < 200; gid++)
		assert_int_equal(ask_number(CONDITION_UNIX_GROUP, gid, gid, &facts),
				 gid == 27 || gid == 44 || gid == 100 || gid == 101);
	/* Nobody logged in is not the user 4294967295. */
	assert_int_equal(ask_number(CONDITION_LOGINUID, 0, UINT32_MAX, &facts), HOLDS_NO);
	assert_int_equal(ask_word(CONDITION_LOGINUID, WORD_EXACT, "unset", &facts), HOLDS_YES);
	facts.loginuid = 5;
	assert_int_equal(ask_number(CONDITION_LOGINUID, 5, 5, &facts), HOLDS_YES);
	assert_int_equal(ask_word(CONDITION_LOGINUID, WORD_EXACT, "unset", &facts), HOLDS_NO);
}

static const struct {
	enum condition_kind kind;
	enum word_form form;
	const char *text;
	enum holds holds;
} rows[] = {
	{ CONDITION_COMM, WORD_EXACT, "kworker/0:1", HOLDS_YES },
	{ CONDITION_COMM, WORD_GLOB, "kworker*", HOLDS_YES },
	{ CONDITION_COMM, WORD_REGEX, "^kworker/\\d", HOLDS_YES },
	{ CONDITION_COMM, WORD_EXACT, "kworker", HOLDS_NO },
	{ CONDITION_EXE, WORD_EXACT, "/usr/bin/git", HOLDS_YES },
	{ CONDITION_EXE, WORD_EXACT, "git", HOLDS_YES },
	{ CONDITION_EXE, WORD_GLOB, "gi?", HOLDS_YES },
	{ CONDITION_EXE, WORD_GLOB, "/usr/*/git", HOLDS_YES },
	{ CONDITION_EXE, WORD_GLOB, "/usr/*t", HOLDS_NO },
	{ CONDITION_EXE, WORD_FOLDER, "/usr", HOLDS_YES },
	{ CONDITION_EXE, WORD_FOLDER, "/", HOLDS_YES },
	{ CONDITION_EXE, WORD_FOLDER, "/us", HOLDS_NO },
	{ CONDITION_EXE, WORD_FOLDER, "/usr/bin/git", HOLDS_NO },
	{ CONDITION_SCRIPT, WORD_EXACT, "x.sh", HOLDS_YES },
	{ CONDITION_INTERPRETER, WORD_GLOB, "**", HOLDS_NO },
	{ CONDITION_CWD, WORD_FOLDER, "/home/me", HOLDS_YES },
	{ CONDITION_CWD, WORD_FOLDER, "/home", HOLDS_YES },
	{ CONDITION_CWD, WORD_EXACT, "/home", HOLDS_NO },
	{ CONDITION_ARGS, WORD_EXACT, "--force", HOLDS_YES },
	{ CONDITION_ARGS, WORD_EXACT, "git", HOLDS_NO },
	{ CONDITION_ARGS, WORD_GLOB, "--f*", HOLDS_YES },
	{ CONDITION_ARGS, WORD_REGEX, "^push$", HOLDS_YES },
	{ CONDITION_ARGS, WORD_REGEX, "push.*force", HOLDS_NO },
	{ CONDITION_ARGS, WORD_REGEX, "all:^push --force$", HOLDS_YES },
	{ CONDITION_ARGS, WORD_GLOB, "all:push *e", HOLDS_YES },
	{ CONDITION_ARGS, WORD_EXACT, "all:push --force", HOLDS_YES },
	{ CONDITION_ARGS, WORD_EXACT, "all:push", HOLDS_NO },
	{ CONDITION_ARGS, WORD_EXACT, "all:push --force x", HOLDS_NO },
	{ CONDITION_TTY, WORD_EXACT, "any", HOLDS_YES },
	{ CONDITION_TTY, WORD_EXACT, "none", HOLDS_NO },
	{ CONDITION_TTY, WORD_EXACT, "pts/3", HOLDS_YES },
	{ CONDITION_TTY, WORD_GLOB, "pts/*", HOLDS_YES },
	{ CONDITION_TTY, WORD_GLOB, "tty*", HOLDS_NO },
	{ CONDITION_CGROUP, WORD_EXACT, "/user.slice", HOLDS_YES },
	{ CONDITION_CGROUP, WORD_EXACT, "user.slice", HOLDS_YES },
	{ CONDITION_CGROUP, WORD_EXACT, "/user", HOLDS_NO },
	{ CONDITION_CGROUP, WORD_GLOB, "/user.slice/user-*.slice", HOLDS_YES },
	{ CONDITION_CGROUP, WORD_EXACT, "/build", HOLDS_YES },
	{ CONDITION_CGROUP, WORD_EXACT, "/y", HOLDS_YES },
	{ CONDITION_CGROUP, WORD_EXACT, "/z", HOLDS_NO },
	{ CONDITION_GROUP_IN, WORD_EXACT, "build", HOLDS_YES },
	{ CONDITION_GROUP_IN, WORD_EXACT, "build/link", HOLDS_YES },
	{ CONDITION_GROUP_IN, WORD_EXACT, "link", HOLDS_NO },
	{ CONDITION_CONTAINER, WORD_EXACT, "any", HOLDS_YES },
	{ CONDITION_CONTAINER, WORD_EXACT, "host", HOLDS_NO },
	{ CONDITION_CONTAINER, WORD_EXACT, "docker", HOLDS_YES },
	{ CONDITION_CONTAINER, WORD_EXACT, "podman", HOLDS_NO },
	{ CONDITION_CONTAINER, WORD_EXACT, "012345", HOLDS_YES },
	{ CONDITION_CONTAINER, WORD_EXACT, "12345", HOLDS_NO },
	{ CONDITION_CONTAINER, WORD_EXACT, "pod:p-1", HOLDS_YES },
	{ CONDITION_CONTAINER, WORD_EXACT, "pod:p", HOLDS_NO },
	{ CONDITION_NAMESPACE, WORD_EXACT, "mnt:host", HOLDS_YES },
	{ CONDITION_NAMESPACE, WORD_EXACT, "mnt:other", HOLDS_NO },
	{ CONDITION_NAMESPACE, WORD_EXACT, "pid:other", HOLDS_YES },
	{ CONDITION_NAMESPACE, WORD_EXACT, "pid:9", HOLDS_YES },
	{ CONDITION_NAMESPACE, WORD_EXACT, "net:host", HOLDS_UNKNOWN },
	{ CONDITION_PARENT, WORD_EXACT, "bash", HOLDS_YES },
	{ CONDITION_PARENT, WORD_EXACT, "init", HOLDS_NO },
	{ CONDITION_ANCESTOR, WORD_EXACT, "init", HOLDS_YES },
	{ CONDITION_ANCESTOR, WORD_FOLDER, "/usr/bin", HOLDS_YES },
	{ CONDITION_ANCESTOR, WORD_EXACT, "sshd", HOLDS_NO },
};

static void words(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct facts facts = known_facts(), unknown = { .known = 0 };

		if (ask_word(rows[i].kind, rows[i].form, rows[i].text, &facts) != rows[i].holds)
			fail_msg("row %zu: %s", i, rows[i].text);
		assert_int_equal(ask_word(rows[i].kind, rows[i].form, rows[i].text, &unknown),
				 HOLDS_UNKNOWN);
	}
}

static void what_was_cut_is_not_denied(void **state)
{
	struct facts facts = known_facts();

	facts.argv_cut = true;
	assert_int_equal(ask_word(CONDITION_ARGS, WORD_EXACT, "x", &facts), HOLDS_UNKNOWN);
	assert_int_equal(ask_word(CONDITION_ARGS, WORD_EXACT, "push", &facts), HOLDS_YES);
	facts.ancestor_count = FACT_ANCESTORS_MOST;
	assert_int_equal(ask_word(CONDITION_ANCESTOR, WORD_EXACT, "x", &facts), HOLDS_UNKNOWN);
	assert_int_equal(ask_word(CONDITION_PARENT, WORD_EXACT, "x", &facts), HOLDS_NO);
}

static void yes_or_no(void **state)
{
	struct facts facts = known_facts();
	struct policy_condition deleted = { .kind = CONDITION_DELETED, .wanted = true };

	assert_int_equal(ask(&deleted, &facts), HOLDS_NO);
	deleted.wanted = false;
	assert_int_equal(ask(&deleted, &facts), HOLDS_YES);
	facts.memfd = true;
	deleted = (struct policy_condition){ .kind = CONDITION_MEMFD, .wanted = true };
	assert_int_equal(ask(&deleted, &facts), HOLDS_YES);
	deleted = (struct policy_condition){ .kind = CONDITION_REALTIME, .wanted = true };
	assert_int_equal(ask(&deleted, &facts), HOLDS_NO);
	facts.realtime = true;
	assert_int_equal(ask(&deleted, &facts), HOLDS_YES);
}

/* The facts say 2024-03-01 00:30 local time, a Friday: leap day, zone and year matter. */
static void times(void **state)
{
	struct facts facts = known_facts();
	struct policy_window friday = { .days = 1 << 5, .start = 0, .end = 60 };
	struct policy_window march = { .days = 0x7f, .months = 1 << 3, .month_days = 1 << 1 };
	struct policy_window late = { .days = 1 << 4, .start = 22 * 60, .end = 60 };
	struct policy_window thursday = { .days = 1 << 4 };
	struct policy_condition condition = { .kind = CONDITION_TIME,
					      .windows = &friday,
					      .window_count = 1 };

	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
	condition.windows = &march;
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
	condition.windows = &late;
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
	condition.windows = &thursday;
	assert_int_equal(ask(&condition, &facts), HOLDS_NO);
	facts.utc_offset = 0;
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
}

/* `not` holds unless all of it does; what is unknown proves nothing either way. */
static void not_of_several(void **state)
{
	char git[] = "git", bash[] = "bash", none[] = "sshd";
	struct policy_word words_of[] = { { .text = git }, { .text = bash }, { .text = none } };
	struct policy_condition inner[] = {
		{ .kind = CONDITION_EXE, .words = &words_of[0], .word_count = 1 },
		{ .kind = CONDITION_PARENT, .words = &words_of[1], .word_count = 1 },
	};
	struct policy_condition condition = { .kind = CONDITION_NOT,
					      .inner = inner,
					      .inner_count = 2 };
	struct facts facts = known_facts();

	assert_int_equal(ask(&condition, &facts), HOLDS_NO);
	inner[1].words = &words_of[2];
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
	facts.known = UINT32_C(1) << FACT_EXE;
	assert_int_equal(ask(&condition, &facts), HOLDS_UNKNOWN);
	inner[0].words = &words_of[2];
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
}

static void asked_once(struct facts *facts, enum fact_part part, void *userdata)
{
	++*(unsigned *)userdata;
}

static void a_part_is_asked_for_once(void **state)
{
	unsigned count = 0;
	struct facts facts = { .ask = asked_once, .userdata = &count };

	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_word(CONDITION_EXE, WORD_EXACT, "x", &facts), HOLDS_UNKNOWN);
	assert_int_equal(count, 1);
}

static void members(void **state)
{
	struct policy_word words[] = { { .form = WORD_NUMBER, .least = 7, .most = 7 },
				       { .form = WORD_NUMBER, .member = true } };
	struct policy_condition condition = { .kind = CONDITION_MEMBER_OF, .words = words };
	struct facts facts = known_facts();

	/* Neither the real ids nor the supplementary groups count. */
	condition.word_count = 1;
	assert_int_equal(ask(&condition, &facts), HOLDS_NO);
	words[0].least = words[0].most = 101;
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
	words[0].least = words[0].most = 27;
	assert_int_equal(ask(&condition, &facts), HOLDS_NO);
	condition.word_count = 2; /* euid 0 is listed */
	assert_int_equal(ask(&condition, &facts), HOLDS_YES);
	facts.euid = 1000;
	facts.egid = 0;
	assert_int_equal(ask(&condition, &facts), HOLDS_NO);
}

/* A script goes by its own name, at its own file and at its interpreter's. */
static void programs(void **state)
{
	struct facts facts = known_facts();

	facts.script.size = 0;
	assert_int_equal(ask_word(CONDITION_PROGRAM, WORD_EXACT, "git", &facts), HOLDS_YES);
	assert_int_equal(ask_word(CONDITION_PROGRAM, WORD_EXACT, "/usr/bin/git", &facts),
			 HOLDS_YES);
	assert_int_equal(ask_word(CONDITION_PROGRAM, WORD_EXACT, "bin/git", &facts), HOLDS_NO);
	assert_int_equal(ask_word(CONDITION_PROGRAM, WORD_GLOB, "/usr/b*/**", &facts), HOLDS_YES);
	facts.script = slice_of("/opt/x.sh");
	assert_int_equal(ask_word(CONDITION_PROGRAM, WORD_EXACT, "git", &facts), HOLDS_NO);
	facts.exe = facts.script;
	assert_int_equal(ask_word(CONDITION_PROGRAM, WORD_EXACT, "x.sh", &facts), HOLDS_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(words),
		cmocka_unit_test(what_was_cut_is_not_denied),
		cmocka_unit_test(yes_or_no),
		cmocka_unit_test(times),
		cmocka_unit_test(members),
		cmocka_unit_test(programs),
		cmocka_unit_test(not_of_several),
		cmocka_unit_test(a_part_is_asked_for_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
