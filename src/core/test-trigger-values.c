// SPDX-License-Identifier: MIT
#include "core/trigger-values.h"
#include "util/fields.h"

#include "test/unit.h"

#include <jansson.h>
#include <sys/syscall.h>

static const struct decision decision = { .pid = 1234 };

static struct subject subject_of(const char *cgroup)
{
	struct subject subject = {
		.ppid = 77,
		.uid = 1000,
		.gid = 100,
		.euid = 0,
		.loginuid = UINT32_MAX,
		.session = 5,
		.tty = 0x8803,
		.syscall = SYS_execve,
		.arguments = { 0x55aa, 0, 1 },
		.comm = "sh \xff",
		.exe = "/bin/dash",
		.cwd = "/home/a b",
	};

	snprintf(subject.cgroup, sizeof(subject.cgroup), "%s", cgroup);
	return subject;
}

static struct trigger_values values_of(const struct subject *subject)
{
	struct trigger_values values = {
		.decision = &decision,
		.subject = subject,
		.path = "/opt/new\nline",
		.rule = "the \"rule\"",
		.action = "execute",
		.verdict = "allow",
		.argv = { "x\0-a\0\0", 6 },
		.user = slice_of("anna"),
		.time_ns = UINT64_C(1700000000123456789),
		.exec_id = { .boot = 0x3f2a9c10, .pid = 1234, .start = 0x5e3c1, .exec = 42 },
	};

	trigger_values_init(&values);
	return values;
}

/* The value of a variable, or NULL. */
static const char *variable(const struct text *text, const char *name)
{
	size_t size = strlen(name);

	for (size_t at = 0; at < text->size; at += strlen(text->data + at) + 1)
		if (strncmp(text->data + at, name, size) == 0 && text->data[at + size] == '=')
			return text->data + at + size + 1;
	return NULL;
}

static void test_environment(void **state)
{
	static const struct {
		const char *name, *value;
	} wanted[] = {
		{ "FETTER_A0", "55aa" },
		{ "FETTER_A3", "0" },
		{ "FETTER_AUID", "unset" },
		{ "FETTER_SES", "5" },
		{ "FETTER_COMM", "sh \xff" },
		{ "FETTER_EXE", "/opt/new\nline" },
		{ "FETTER_EXIT", "0" },
		{ "FETTER_PID", "1234" },
		{ "FETTER_PPID", "77" },
		{ "FETTER_RESULT", "success" },
		{ "FETTER_SYSCALL", "execve" },
		{ "FETTER_TTY", "pts3" },
		{ "FETTER_UID", "1000" },
		{ "REEVE_EXEC_ID", "3f2a9c10-5e3c1-1234.42" },
		{ "REEVE_ARGV", "[\"x\",\"-a\",\"\"]" },
		{ "REEVE_CGROUP", "/system.slice/x" },
		{ "REEVE_CWD", "/home/a b" },
		{ "REEVE_DECISION", "allow" },
		{ "REEVE_EVENT", "execute" },
		{ "REEVE_GROUP", "" },
		{ "REEVE_RULE", "the \"rule\"" },
		{ "REEVE_TIME", "2023-11-14T22:13:20.123456Z" },
		{ "REEVE_USER", "anna" },
		/* Not known: not there. */
		{ "REEVE_CONTAINER", NULL },
		{ "REEVE_SCRIPT", NULL },
		{ "REEVE_UNIX_GROUP", NULL },
	};
	const struct subject subject = subject_of("0::/system.slice/x\n4:memory:/y\n");
	const struct trigger_values values = values_of(&subject);
	_cleanup_(text_done) struct text text = { 0 };

	trigger_values_environment(&values, &text);
	assert_false(text.failed);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const char *value = variable(&text, wanted[i].name);

		if (!wanted[i].value ? value != NULL : !value || !streq(value, wanted[i].value))
			fail_msg("%s is %s", wanted[i].name, value ? value : "not there");
	}
}

static void test_an_open_that_is_refused(void **state)
{
	struct subject subject = subject_of("");
	struct trigger_values values;
	_cleanup_(text_done) struct text text = { 0 };

	subject.syscall = -1;
	values = values_of(&subject);
	values.action = "write";
	values.verdict = "deny";
	values.argv.size = 0;
	trigger_values_environment(&values, &text);
	assert_string_equal(variable(&text, "FETTER_EXE"), "/bin/dash");
	assert_string_equal(variable(&text, "FETTER_RESULT"), "fail");
	assert_string_equal(variable(&text, "FETTER_EXIT"), "EPERM");
	assert_string_equal(variable(&text, "REEVE_PATH"), "/opt/new\nline");
	assert_null(variable(&text, "FETTER_SYSCALL"));
	assert_null(variable(&text, "FETTER_A0"));
	assert_null(variable(&text, "REEVE_ARGV"));
	assert_null(variable(&text, "REEVE_CGROUP"));
}

static void test_fields(void **state)
{
	const struct subject subject = subject_of("4:memory:/m\n3:pids:/p\n");
	struct trigger_values values = values_of(&subject);
	_cleanup_(text_done) struct text text = { 0 };

	assert_int_equal(fields_expand("%p|%P|%e|%n|%f|%s|%w|%u|%U|%g|%G|%r|%a|%c|%C|%t|%%",
				       trigger_values_field, &values, &text),
			 0);
	assert_string_equal(text.data,
			    "1234|77|/opt/new\nline|new\nline|/opt/new\nline||/home/a b|anna|1000|"
			    "100|100|the \"rule\"|execute||/m|2023-11-14T22:13:20.123456Z|%");
}

static void test_container(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	_cleanup_(text_done) struct text text = { 0 };
	struct trigger_values values;
	struct subject subject;
	char cgroup[200];

	snprintf(cgroup, sizeof(cgroup), "0::/docker/%s\n", id);
	subject = subject_of(cgroup);
	values = values_of(&subject);
	trigger_values_environment(&values, &text);
	assert_string_equal(variable(&text, "REEVE_CONTAINER"), id);
	assert_string_equal(variable(&text, "REEVE_CONTAINER_RUNTIME"), "docker");
}

/* One line that can be read, whatever bytes were in it. */
static void test_json(void **state)
{
	const struct subject subject = subject_of("0::/a\n");
	const struct trigger_values values = values_of(&subject);
	_cleanup_(freep) char *line = trigger_values_json(&values);
	json_t *object = json_loads(line, 0, NULL);

	assert_non_null(object);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_int_equal(json_integer_value(json_object_get(object, "pid")), 1234);
	assert_string_equal(json_string_value(json_object_get(object, "rule")), "the \"rule\"");
	assert_string_equal(json_string_value(json_object_get(object, "comm")), "sh \\xff");
	assert_string_equal(json_string_value(json_object_get(object, "cgroup")), "/a");
	assert_int_equal(json_array_size(json_object_get(object, "argv")), 3);
	assert_true(json_is_null(json_object_get(object, "container")));
	assert_null(json_object_get(object, "script"));
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment), cmocka_unit_test(test_an_open_that_is_refused),
		cmocka_unit_test(test_fields),	    cmocka_unit_test(test_container),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
