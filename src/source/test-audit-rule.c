// SPDX-License-Identifier: MIT
#include "source/audit-rule.h"

#include "test/unit.h"

#include <sys/syscall.h>

static const struct audit_key key = { .pid = 12, .start = 345, .port = 67, .was_off = true };

static void test_keys(void **state)
{
	static const char *const others[] = {
		"",
		"reeve",
		"reeve-",
		"reeve-1-2-3",
		"reeve-1-2-3-",
		"reeve-1-2-3-no",
		"reeve-1-2-3-on ",
		"reeve-01-2-3-on",
		"reeve-1-2-3-offe",
		"reeve--1-2-3-off",
		"reeve-1-2-3-on\x01",
		"Reeve-1-2-3-on",
		"exec",
		"reeve-1-2-3-on-more",
		"xreeve-1-2-3-on",
	};
	char text[AUDIT_KEY_TEXT];
	struct audit_key parsed;

	assert_int_equal(audit_key_format(&key, text), 19);
	assert_string_equal(text, "reeve-12-345-67-off");
	assert_true(audit_key_parse(slice_of(text), &parsed));
	assert_true(audit_key_is_same(&parsed, &key));
	assert_true(parsed.was_off);
	assert_true(
		audit_key_parse(slice_of("reeve-4294967295-18446744073709551615-1-on"), &parsed));
	assert_int_equal(parsed.start, UINT64_MAX);
	assert_false(parsed.was_off);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(audit_key_parse(slice_of(others[i]), &parsed));
}

static enum audit_rule_kind judge(const struct audit_rule *rule, struct audit_key *ret_key)
{
	return audit_rule_judge((struct slice){ rule->bytes, rule->size }, ret_key);
}

static void test_own_rules(void **state)
{
	struct audit_rule rule;
	struct audit_key parsed;

	audit_rule_make(&rule, AUDIT_ABI_NATIVE, AUDIT_CALL_EXEC, true, &key);
	assert_int_equal(audit_rule_data(&rule)->flags, AUDIT_FILTER_EXIT);
	assert_int_equal(audit_rule_data(&rule)->action, AUDIT_ALWAYS);
	assert_int_equal(audit_rule_data(&rule)->field_count, 3);
	assert_int_equal(audit_rule_data(&rule)->fields[1], AUDIT_SUCCESS);
	assert_true(audit_rule_data(&rule)->mask[AUDIT_WORD(SYS_execve)] & AUDIT_BIT(SYS_execve));
	assert_true(audit_rule_data(&rule)->mask[AUDIT_WORD(SYS_execveat)] &
		    AUDIT_BIT(SYS_execveat));
	assert_int_equal(judge(&rule, &parsed), AUDIT_RULE_REEVE);
	assert_true(audit_key_is_same(&parsed, &key));
	audit_rule_make(&rule, AUDIT_ABI_NATIVE, AUDIT_CALL_SETUID, false, &key);
	assert_int_equal(audit_rule_data(&rule)->field_count, 2);
	assert_int_equal(judge(&rule, &parsed), AUDIT_RULE_REEVE);
	/* Executions, but only where the program is another user's. */
	audit_rule_make(&rule, AUDIT_ABI_NATIVE, AUDIT_CALL_EXEC_USER, true, &key);
	assert_int_equal(audit_rule_data(&rule)->field_count, 4);
	assert_int_equal(audit_rule_data(&rule)->fields[2], AUDIT_FIELD_COMPARE);
	assert_int_equal(audit_rule_data(&rule)->values[2], AUDIT_COMPARE_UID_TO_EUID);
	assert_int_equal(audit_rule_data(&rule)->fieldflags[2], AUDIT_NOT_EQUAL);
	assert_true(audit_rule_data(&rule)->mask[AUDIT_WORD(SYS_execve)] & AUDIT_BIT(SYS_execve));
	assert_int_equal(judge(&rule, &parsed), AUDIT_RULE_REEVE);
}

/* A rule of somebody else: a list, an action, up to two fields. */
static enum audit_rule_kind judge_other(uint32_t list, uint32_t action, uint32_t call,
					uint32_t field, uint32_t value, const char *text)
{
	struct audit_rule rule = { 0 };
	struct audit_key parsed;

	audit_rule_data(&rule)->flags = list;
	audit_rule_data(&rule)->action = action;
	audit_rule_data(&rule)->mask[AUDIT_WORD(call)] |= AUDIT_BIT(call);
	if (field) {
		audit_rule_data(&rule)->fields[0] = field;
		audit_rule_data(&rule)->fieldflags[0] = AUDIT_EQUAL;
		audit_rule_data(&rule)->values[0] = value;
		audit_rule_data(&rule)->field_count++;
	}
	if (text) {
		audit_rule_data(&rule)->fields[audit_rule_data(&rule)->field_count] =
			AUDIT_FILTERKEY;
		audit_rule_data(&rule)->values[audit_rule_data(&rule)->field_count++] =
			(uint32_t)strlen(text);
		audit_rule_data(&rule)->buflen = (uint32_t)strlen(text);
		memcpy(rule.bytes + sizeof(struct audit_rule_data), text, strlen(text));
	}
	rule.size = sizeof(struct audit_rule_data) + audit_rule_data(&rule)->buflen;
	return judge(&rule, &parsed);
}

static void test_what_rules_of_others_mean(void **state)
{
	assert_int_equal(judge_other(AUDIT_FILTER_TASK, AUDIT_NEVER, 0, 0, 0, NULL),
			 AUDIT_RULE_NEVER_TASK);
	assert_int_equal(judge_other(AUDIT_FILTER_TASK, AUDIT_NEVER, 0, 0, 0, "quiet"),
			 AUDIT_RULE_NEVER_TASK);
	assert_int_equal(judge_other(AUDIT_FILTER_TASK, AUDIT_NEVER, 0, AUDIT_UID, 1, NULL),
			 AUDIT_RULE_NEVER_SOME_TASK);
	assert_int_equal(judge_other(AUDIT_FILTER_TASK, AUDIT_ALWAYS, 0, AUDIT_UID, 1, NULL),
			 AUDIT_RULE_OTHER);
	assert_int_equal(judge_other(AUDIT_FILTER_EXIT, AUDIT_NEVER, SYS_execve, AUDIT_UID, 1, ""),
			 AUDIT_RULE_NEVER_EXEC);
	assert_int_equal(judge_other(AUDIT_FILTER_EXIT | AUDIT_FILTER_PREPEND, AUDIT_NEVER,
				     SYS_execveat, 0, 0, NULL),
			 AUDIT_RULE_NEVER_EXEC);
	assert_int_equal(judge_other(AUDIT_FILTER_EXIT, AUDIT_NEVER, SYS_openat, 0, 0, NULL),
			 AUDIT_RULE_OTHER);
	assert_int_equal(judge_other(AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve, 0, 0, "exec"),
			 AUDIT_RULE_OTHER);
	assert_int_equal(judge_other(AUDIT_FILTER_EXCLUDE, AUDIT_ALWAYS, 0, AUDIT_MSGTYPE,
				     AUDIT_CWD, NULL),
			 AUDIT_RULE_EXCLUDE);
	assert_int_equal(judge_other(AUDIT_FILTER_EXCLUDE, AUDIT_ALWAYS, 0, AUDIT_MSGTYPE,
				     AUDIT_PROCTITLE, NULL),
			 AUDIT_RULE_OTHER);
	/* Not ours: another list. */
	assert_int_equal(judge_other(AUDIT_FILTER_TASK, AUDIT_ALWAYS, 0, 0, 0, "reeve-1-2-3-on"),
			 AUDIT_RULE_OTHER);
}

static void test_cut_rules(void **state)
{
	struct audit_rule rule;
	struct audit_key parsed;

	audit_rule_make(&rule, AUDIT_ABI_NATIVE, AUDIT_CALL_EXEC, true, &key);
	for (size_t size = 0; size < rule.size; size++)
		assert_int_equal(audit_rule_judge((struct slice){ rule.bytes, size }, &parsed),
				 AUDIT_RULE_INVALID);
	audit_rule_data(&rule)->values[2]++;
	assert_int_equal(judge(&rule, &parsed), AUDIT_RULE_INVALID);
	audit_rule_data(&rule)->field_count = AUDIT_MAX_FIELDS + 1;
	assert_int_equal(judge(&rule, &parsed), AUDIT_RULE_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_own_rules),
		cmocka_unit_test(test_what_rules_of_others_mean),
		cmocka_unit_test(test_cut_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
