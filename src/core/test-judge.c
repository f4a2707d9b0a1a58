// SPDX-License-Identifier: MIT
#include "core/judge.h"

#include "config/load.h"
#include "test/unit.h"

#include <sys/stat.h>

struct fixture {
	struct host *host;
	struct policy *policy;
	struct judge *judge;
	char *folder;
};

static void begin(struct fixture *f, const char *text)
{
	struct diagnostics diagnostics = { 0 };

	f->folder = unit_folder_new();
	assert_int_equal(host_new(&f->host, NULL), 0);
	assert_int_equal(policy_parse("t.yaml", text, strlen(text), 0, &f->policy, &diagnostics),
			 0);
	diagnostics_done(&diagnostics);
	assert_int_equal(judge_new(f->host, f->policy, &f->judge, NULL), 0);
}

static void finish(struct fixture *f)
{
	judge_free(f->judge);
	policy_free(f->policy);
	host_free(f->host);
	unit_folder_free(f->folder);
}

static struct event exec_of(const char *exe, const char *script)
{
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, EXE, exe, slice_of(exe));
	if (script)
		event_set(&event, SCRIPT, script, slice_of(script));
	return event;
}

#define RULES                                                                   \
	"rules:\n"                                                              \
	"  shells: {paths: [/opt/none/sh], action: execute, group: slow}\n"     \
	"  work: {paths: [/opt/none/work/**], action: execute, group: fast}\n"  \
	"  bad: {paths: [/opt/none/bad], action: execute, trigger: KILL}\n"     \
	"  told: {paths: [/opt/none/work/x], action: execute, trigger: tell}\n" \
	"  shadow: {paths: [/opt/none/shadow], action: read, trigger: tell}\n"  \
	"groups: {slow: {pids: 5}, fast: {pids: 6}}\n"                          \
	"triggers: {tell: {run: /bin/true}}\n"

static void test_names(void **state)
{
	struct judgement judgement;
	struct fixture f = { 0 };
	struct event event;

	begin(&f, RULES);
	event = exec_of("/opt/none/other", NULL);
	assert_false(judge_event(f.judge, &event, &judgement));
	assert_int_equal(judgement.group, POLICY_NONE);
	event = exec_of("/opt/none/shadow", NULL);
	assert_false(judge_event(f.judge, &event, &judgement));
	event_init(&event, EVENT_EXEC, SOURCE_CONNECTOR);
	assert_false(judge_event(f.judge, &event, &judgement));

	event = exec_of("/opt/none/sh", NULL);
	assert_true(judge_event(f.judge, &event, &judgement));
	assert_string_equal(f.policy->groups[judgement.group].name, "slow");
	assert_int_equal(judgement.count, 1);
	event = exec_of("/opt/none/bad", NULL);
	assert_true(judge_event(f.judge, &event, &judgement));
	assert_true(judgement.kill);
	assert_int_equal(judgement.group, POLICY_NONE);
	finish(&f);
}

static void test_scripts(void **state)
{
	struct judgement judgement;
	struct fixture f = { 0 };
	struct event event = exec_of("/opt/none/sh", "/opt/none/work/x");

	begin(&f, RULES);
	assert_true(judge_event(f.judge, &event, &judgement));
	assert_string_equal(f.policy->groups[judgement.group].name, "fast");
	assert_string_equal(f.policy->rules[judgement.group_rule].name, "work");
	/* The script's two, then the interpreter's. */
	assert_int_equal(judgement.count, 3);
	assert_string_equal(f.policy->rules[judgement.rules[1]].name, "told");
	assert_string_equal(f.policy->rules[judgement.rules[2]].name, "shells");
	finish(&f);
}

/* A hard link is found by what it is, but only if it is of this boot. */
static void test_identity(void **state)
{
	_cleanup_(freep) char *path = NULL, *text = NULL;
	char *folder = unit_folder_new(), boot[37];
	struct judgement judgement;
	struct fixture f = { 0 };
	struct event event = exec_of("/opt/none/link", NULL);
	struct stat st;

	unit_write(folder, "tool", "x");
	path = unit_path(folder, "tool");
	assert_int_equal(stat(path, &st), 0);
	assert_true(asprintf(&text,
			     "rules: {r: {paths: [%s], action: execute, group: g}}\n"
			     "groups: {g: {pids: 5}}\n",
			     path) > 0);
	begin(&f, text);
	event_set(&event, DEV, dev, st.st_dev);
	event_set(&event, INODE, inode, st.st_ino);
	assert_false(judge_event(f.judge, &event, &judgement));
	assert_int_equal(host_boot_id(f.host, boot), 0);
	event_set(&event, EXEC_ID, exec_id,
		  (struct process_id){ .boot = (uint32_t)strtoul(boot, NULL, 16) });
	assert_true(judge_event(f.judge, &event, &judgement));
	event.exec_id.boot++;
	assert_false(judge_event(f.judge, &event, &judgement));
	finish(&f);
	unit_folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
