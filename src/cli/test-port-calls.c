// SPDX-License-Identifier: MIT
#include "cli/port-calls.h"

#include "test/unit.h"

static struct port_calls calls;

static int begin(void **state)
{
	static const char described[] =
		"[[\"chmod\",9,\"changes a mode\",[[\"path\",\"path\",\"none\"],[\"mode\",\"uint\","
		"\"none\"]]],[\"execvp\",21,\"executes\",[[\"file\",\"path\",\"none\"],[\"argv\","
		"\"strings\",\"none\"]]],[\"fork\",28,\"a child\",[]],"
		"[\"kill\",49,\"sends\",[[\"pid\",\"int\",\"none\"],[\"signal\",\"const\","
		"\"signal\"]]],[\"execve\",20,\"x\",[[\"path\",\"path\",\"none\"],[\"argv\","
		"\"strings\",\"none\"],[\"env\",\"strings\",\"none\"]]],"
		"[\"open\",56,\"o\",[[\"flags\",\"flags\",\"signal\"],[\"limit\",\"rlimit\","
		"\"none\"],[\"time\",\"time\",\"none\"],[\"handler\",\"handler\",\"none\"]]],"
		"[\"setgroups\",83,\"g\",[[\"groups\",\"numbers\",\"none\"]]],"
		"[\"alloc\",0,\"m\",[[\"memory\",\"struct\",\"none\"]]]]";

	if (port_calls_init(&calls, json_loads(described, 0, NULL)) < 0)
		return -1;
	return port_calls_set_table(&calls, "signal",
				    json_loads("[[\"sigkill\",9],[\"sigterm\",15]]", 0, NULL));
}

static int end(void **state)
{
	port_calls_done(&calls);
	return 0;
}

/* The arguments as JSON, or "WORD: sentence". */
static void is(const char *text, const char *expected)
{
	struct port_line line;
	struct error err = ERROR_INIT;
	size_t column, bad = 0;
	json_t *arguments = NULL;
	char *shown;

	assert_int_equal(port_line_parse(text, strlen(text), NULL, NULL, &line, &column, &err), 0);
	if (port_calls_arguments(&calls, port_calls_find(&calls, line.words[0].text),
				 line.words + 1, line.count - 1, &arguments, &bad, &err) == 0)
		shown = json_dumps(arguments, JSON_COMPACT);
	else if (asprintf(&shown, "%zu: %s", bad, error_text(&err)) < 0)
		shown = NULL;
	assert_string_equal(shown, expected);
	free(shown);
	json_decref(arguments);
	error_done(&err);
	port_line_done(&line);
}

static void test_values(void **state)
{
	is("fork", "[]");
	is("chmod /x 0755", "[\"/x\",493]");
	is("chmod '/a b' 0x10", "[\"/a b\",16]");
	is("execvp ls ls -l", "[\"ls\",[\"ls\",\"-l\"]]");
	is("execvp ls [\"ls\"]", "[\"ls\",[\"ls\"]]");
	is("execvp ls", "[\"ls\",[]]");
	is("execve ls [\"ls\"] A=1 B=2", "[\"ls\",[\"ls\"],[\"A=1\",\"B=2\"]]");
	is("kill -3 SIGKILL", "[-3,\"SIGKILL\"]");
	is("kill 3 9", "[3,9]");
	is("open sigkill|sigterm 5:infinity 1.5 none",
	   "[[\"sigkill\",\"sigterm\"],[5,\"infinity\"],1.5,null]");
	is("setgroups 1 2", "[[1,2]]");
	is("alloc [{\"ptr\":3}]", "[[{\"ptr\":3}]]");
	is("chmod \"\\xff\" 18446744073709551615",
	   "[{\"base64\":\"/w==\"},\"18446744073709551615\"]");
}

static void test_mistakes(void **state)
{
	is("chmod /x", "1: chmod has 2 arguments, and 1 is given: chmod PATH MODE");
	is("fork 1", "0: fork has 0 arguments, and 1 is given: fork");
	is("chmod /x rwx",
	   "1: chmod: \"mode\" is to be a number: decimal, 0x..., or octal with a 0 first");
	is("kill 3 sigkil", "1: kill: \"sigkil\" is none of \"signal\"; did you mean \"sigkill\"?");
	is("kill 3 whatever",
	   "1: kill: \"whatever\" is none of \"signal\": \"constants signal\" lists them");
	is("open sigkill|sigtern 1 1 none",
	   "0: open: \"sigtern\" is none of \"flags\"; did you mean \"sigterm\"?");
	is("setgroups 1 x",
	   "1: setgroups: \"groups\" is to be a number: decimal, 0x..., or octal with a 0 first");
	is("execve ls ls ls", "1: execve: \"argv\" is to be a JSON array: [\"a\", \"b\"]");
}

static void test_what_is_no_table(void **state)
{
	struct port_calls none;

	assert_int_equal(port_calls_init(&none, json_loads("[[1]]", 0, NULL)), -EPROTO);
	assert_int_equal(port_calls_init(&none, NULL), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_what_is_no_table),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
