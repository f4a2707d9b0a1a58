// SPDX-License-Identifier: MIT
/*
 * covers: cli.c cmd-doctor.c cmd-group.c cmd-simple.c cmd-status.c control.c
 * Command lines, what they ask of the daemon or the engine, and the exit codes.
 */
#include "cli/test-fake.h"

#include "test/unit.h"

static int set_up(void **state)
{
	fake_reset();
	setenv("TZ", "UTC", true);
	return 0;
}

/* The whole of what was asked: "io.reeve.Scan {}". */
static void assert_asked(const char *method, const char *parameters)
{
	assert_non_null(fake.method);
	assert_string_equal(fake.method, method);
	if (parameters)
		assert_string_equal(fake.parameters, parameters);
	else
		assert_null(fake.parameters);
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* ---- usage ---- */

static void test_no_command(void **state)
{
	static const char *const none[] = { NULL };

	assert_int_equal(fake_run(none), EXIT_USAGE);
	assert_string_equal(fake.out, "");
	assert_contains(fake.err, "usage: reeve");
}

static void test_help(void **state)
{
	assert_int_equal(RUN("--help"), EXIT_DONE);
	assert_contains(fake.out, "group delete");
	assert_string_equal(fake.err, "");
	assert_int_equal(RUN("group", "--help"), EXIT_DONE);
	assert_contains(fake.out, "usage: reeve group COMMAND");
	assert_int_equal(RUN("group", "move", "--help"), EXIT_DONE);
	assert_contains(fake.out, "usage: reeve group move NAME PID...");
	assert_int_equal(RUN("help", "run"), EXIT_DONE);
	assert_contains(fake.out, "--cpu-weight N");
	assert_int_equal(fake.calls, 0);
}

static void test_version(void **state)
{
	assert_int_equal(RUN("--version"), EXIT_DONE);
	assert_string_equal(fake.out, "reeve " REEVE_VERSION "\n");
	assert_int_equal(RUN("version", "--json"), EXIT_DONE);
	assert_string_equal(fake.out, "{\n  \"version\": \"" REEVE_VERSION "\"\n}\n");
	assert_int_equal(RUN("--json", "--version"), EXIT_DONE);
	assert_string_equal(fake.out, "{\n  \"version\": \"" REEVE_VERSION "\"\n}\n");
}

static void test_wrong_words(void **state)
{
	static const struct {
		const char *words[6];
		const char *said;
	} cases[] = {
		{ { "stauts" }, "did you mean \"status\"?" },
		{ { "xyzzy" }, "unknown command \"xyzzy\" (reeve --help lists all)" },
		{ { "group" }, "group: which one of these?" },
		{ { "group", "lsit" }, "did you mean \"group list\"?" },
		{ { "status", "--jsn" }, "unknown option --jsn (did you mean --json?)" },
		{ { "--jsn", "status" }, "did you mean --json?" },
		{ { "status", "extra" }, "\"extra\" is one operand too many" },
		{ { "group", "show" }, "group show: an operand is missing" },
		{ { "group", "move", "x" }, "group move: an operand is missing" },
		{ { "group", "move", "x", "12a" }, "\"12a\" is not a process id" },
		{ { "group", "move", "x", "0" }, "\"0\" is not a process id" },
		{ { "group", "set", "x" }, "no limit is given" },
		{ { "group", "set", "x", "--freeze", "maybe" }, "it can be yes or no" },
		{ { "group", "list", "--ram", "1G" }, "unknown option --ram" },
		{ { "events", "--count", "0" }, "it is a number from 1" },
		{ { "status", "--runtime-dir" }, "needs a value (DIR)" },
		{ { "run", "true" }, "neither a group (-g NAME) nor a limit" },
		{ { "run", "-g", "x" }, "run: no program is named" },
		{ { "check", "--compat", "feter" }, "did you mean fetter?" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(fake_run(cases[i].words), EXIT_USAGE);
		assert_string_equal(fake.out, "");
		assert_true(strncmp(fake.err, "reeve: ", 7) == 0);
		assert_contains(fake.err, cases[i].said);
	}
	assert_int_equal(fake.calls, 0);
}

static void test_group_and_limits_exclude(void **state)
{
	assert_int_equal(RUN("run", "-g", "x", "--ram", "1G", "true"), EXIT_USAGE);
	assert_contains(fake.err, "limits and --name are for a new one");
}

/* ---- daemon or not ---- */

static void test_calls_the_daemon(void **state)
{
	fake.reply = "{\"seen\": 9, \"matched\": 5, \"moved\": 2, \"already\": 2, \"failed\": 0, "
		     "\"vanished\": 1}";
	assert_int_equal(RUN("scan"), EXIT_DONE);
	assert_asked("io.reeve.Scan", NULL);
	assert_false(fake.local);
	assert_string_equal(fake.out, "9 processes seen, 5 matched: 2 moved, 2 already there, "
				      "1 ended meanwhile, 0 failed\n");
}

static void test_works_without_daemon(void **state)
{
	fake.connect = -ECONNREFUSED;
	fake.reply = "{\"groups\": []}";
	assert_int_equal(RUN("group", "list"), EXIT_DONE);
	assert_true(fake.local);
	assert_null(fake.config);
	assert_asked("io.reeve.ListGroups", "{}");
	assert_string_equal(fake.out, "no groups\n");
	assert_int_equal(RUN("group", "list", "--config", "/x.yaml"), EXIT_DONE);
	assert_string_equal(fake.config, "/x.yaml");
}

static void test_needs_the_daemon(void **state)
{
	static const char *const commands[] = { "status", "reload", "events" };

	fake.connect = -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		assert_int_equal(RUN(commands[i], "--runtime-dir", "/r"), EXIT_FAILED);
		assert_contains(fake.err, "no daemon runs: nothing answers at /r/reeve.sock");
	}
	assert_int_equal(RUN("status", "--json"), EXIT_FAILED);
	assert_string_equal(fake.out, "{\n  \"running\": false\n}\n");
	assert_false(fake.local);
}

/* A daemon that refuses us is no reason to work behind its back. */
static void test_refused(void **state)
{
	fake.connect = -EACCES;
	assert_int_equal(RUN("group", "list"), EXIT_FAILED);
	assert_contains(fake.err, "cannot reach the daemon at /run/reeve/reeve.sock: "
				  "Permission denied");
	assert_false(fake.local);
}

static void test_bad_policy(void **state)
{
	fake.connect = -ENOENT;
	fake.engine = -EINVAL;
	fake.sentence = "the policy is not valid";
	assert_int_equal(RUN("scan", "--config", "x.yaml"), EXIT_FAILED);
	assert_contains(fake.err, "x.yaml:1:1: error: a mistake");
	assert_contains(fake.err, "reeve: the policy is not valid");
}

static void test_sentence_as_it_is(void **state)
{
	fake.error = "io.reeve.Failed";
	fake.sentence = "group \"a\": memory.max: it is what it is";
	assert_int_equal(RUN("group", "freeze", "a"), EXIT_FAILED);
	assert_string_equal(fake.err, "reeve: group \"a\": memory.max: it is what it is\n");
	assert_string_equal(fake.out, "");
}

static void test_errors_cannot_act_on_a_terminal(void **state)
{
	fake.connect = -ENOENT;
	fake.call = -ENOENT;
	fake.sentence = "no group \"\033[2J\"";
	assert_int_equal(RUN("group", "show", "x"), EXIT_FAILED);
	assert_string_equal(fake.err, "reeve: no group \"\\x1b[2J\"\n");
}

/* ---- what is asked ---- */

static void test_group_requests(void **state)
{
	static const struct {
		const char *words[8];
		const char *method, *parameters, *said;
	} cases[] = {
		{ { "group", "create", "a/b" },
		  "io.reeve.CreateGroup",
		  "{\"limits\":{},\"name\":\"a/b\"}",
		  "a/b: created\n" },
		{ { "group", "create", "a", "--ram", "2G", "--pids=64" },
		  "io.reeve.CreateGroup",
		  "{\"limits\":{\"pids\":64,\"ram\":\"2G\"},\"name\":\"a\"}",
		  "a: created\n" },
		{ { "group", "set", "a", "-l", "cpu_weight=50" },
		  "io.reeve.SetGroup",
		  "{\"limits\":{\"cpu_weight\":50},\"name\":\"a\"}",
		  "a: set\n" },
		{ { "group", "delete", "a" },
		  "io.reeve.DeleteGroup",
		  "{\"name\":\"a\"}",
		  "a: deleted\n" },
		{ { "group", "delete", "--evacuate", "a" },
		  "io.reeve.DeleteGroup",
		  "{\"evacuate\":true,\"name\":\"a\"}",
		  "a: deleted\n" },
		{ { "group", "freeze", "a" },
		  "io.reeve.FreezeGroup",
		  "{\"name\":\"a\"}",
		  "a: frozen\n" },
		{ { "group", "thaw", "a" },
		  "io.reeve.ThawGroup",
		  "{\"name\":\"a\"}",
		  "a: thawed\n" },
		{ { "group", "kill", "a" },
		  "io.reeve.KillGroup",
		  "{\"name\":\"a\"}",
		  "a: killed\n" },
		{ { "group", "freeze", "--", "-odd" },
		  "io.reeve.FreezeGroup",
		  "{\"name\":\"-odd\"}",
		  "-odd: frozen\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(fake_run(cases[i].words), EXIT_DONE);
		assert_asked(cases[i].method, cases[i].parameters);
		assert_string_equal(fake.out, cases[i].said);
		assert_string_equal(fake.err, "");
	}
}

static void test_move(void **state)
{
	fake.reply = "{\"moved\": 1, \"problems\": [\"process 7 cannot be moved\"]}";
	assert_int_equal(RUN("group", "move", "a", "7", "8"), EXIT_FAILED);
	assert_asked("io.reeve.MoveProcesses", "{\"group\":\"a\",\"pids\":[7,8]}");
	assert_string_equal(fake.out, "1 of 2 moved\n");
	assert_string_equal(fake.err, "reeve: process 7 cannot be moved\n");
}

static void test_problems_fail(void **state)
{
	fake.reply = "{\"problems\": [\"one\", \"two\"]}";
	assert_int_equal(RUN("group", "set", "a", "--ram", "1G"), EXIT_FAILED);
	assert_string_equal(fake.err, "reeve: one\nreeve: two\n");
	assert_string_equal(fake.out, "");
}

static void test_clean(void **state)
{
	fake.connect = -ENOENT;
	fake.reply = "{\"removed\": 1, \"problems\": []}";
	assert_int_equal(RUN("clean"), EXIT_DONE);
	assert_string_equal(fake.out, "1 group removed\n");
	fake.reply = "{\"removed\": 0, \"problems\": []}";
	assert_int_equal(RUN("clean"), EXIT_DONE);
	assert_string_equal(fake.out, "nothing to remove\n");
}

static void test_scan_that_failed(void **state)
{
	fake.reply = "{\"failed\": 1}";
	assert_int_equal(RUN("scan", "--json"), EXIT_FAILED);
	assert_string_equal(fake.out, "{\n  \"failed\": 1\n}\n");
}

static void test_reload(void **state)
{
	fake.reply = "{\"rules\": 1, \"groups\": 2, \"warnings\": [\"odd\"]}";
	assert_int_equal(RUN("reload"), EXIT_DONE);
	assert_string_equal(fake.out, "reloaded: 1 rule, 2 groups\n");
	assert_string_equal(fake.err, "reeve: odd\n");
}

/* ---- events ---- */

#define DECISION                                                                              \
	"{\"time\": \"2020-01-02T03:04:05.678901Z\", \"pid\": 12, \"path\": \"/bin/x\", "     \
	"\"rule\": \"r\", \"group\": \"g\", \"action\": \"execute\", \"result\": \"moved\", " \
	"\"microseconds\": 40}"

static void test_events(void **state)
{
	fake.events = "[{\"decision\": " DECISION "}, {\"lost\": 3}, {\"decision\": " DECISION "}]";
	assert_int_equal(RUN("events", "--count", "2"), EXIT_DONE);
	assert_asked("io.reeve.Events", NULL);
	assert_string_equal(
		fake.out,
		"2020-01-02 03:04:05       12  /bin/x  execute by rule r -> g: moved in 40us\n"
		"(3 lost: this reader was too slow)\n"
		"2020-01-02 03:04:05       12  /bin/x  execute by rule r -> g: moved in 40us\n");
	assert_int_equal(RUN("events", "-n1", "--json"), EXIT_DONE);
	assert_true(strncmp(fake.out, "{\"decision\":{\"time\":", 20) == 0);
	assert_ptr_equal(strchr(fake.out, '\n'), fake.out + strlen(fake.out) - 1);
}

static void test_events_end(void **state)
{
	assert_int_equal(RUN("events"), EXIT_FAILED);
	assert_string_equal(fake.err, "reeve: the daemon has ended\n");
}

/* ---- run, as far as nothing is started ---- */

static void test_self_test(void **state)
{
	assert_int_equal(RUN("doctor", "--self-test"), EXIT_DONE);
	assert_contains(fake.out, "odd ");
	assert_contains(fake.out, "right");
	assert_int_equal(RUN("doctor", "--self-test", "--source", "procfs"), EXIT_DONE);
	assert_null(strstr(fake.out, "connector"));
	fake.self_test = 1;
	assert_int_equal(RUN("doctor", "--self-test", "--source", "procfs"), EXIT_FAILED);
	assert_contains(fake.out, "procfs: odd: exec exe: wrong: /wrong instead of /right\n");
	assert_int_equal(RUN("doctor", "--self-test", "--source", "procfs", "--json"), EXIT_FAILED);
	assert_contains(fake.out, "\"passed\": false");
	assert_contains(fake.out, "\"verdict\": \"wrong\"");
}

static void test_self_test_of_nothing(void **state)
{
	fake.self_test = -EOPNOTSUPP;
	fake.sentence = "it is\033 not there";
	assert_int_equal(RUN("doctor", "--self-test"), EXIT_FAILED);
	assert_contains(fake.out, "--  procfs: it is\\x1b not there\n");
	fake.self_test = -ENOMEM;
	assert_int_equal(RUN("doctor", "--self-test"), EXIT_FAILED);
	assert_contains(fake.err, "the self-test of ");
	assert_int_equal(RUN("doctor", "--self-test", "--source", "replay"), EXIT_USAGE);
	assert_int_equal(RUN("doctor", "--self-test", "--source", "none"), EXIT_USAGE);
	assert_int_equal(RUN("doctor", "--all"), EXIT_USAGE);
}

static void test_run_without_group(void **state)
{
	fake.error = "io.reeve.NoSuchGroup";
	fake.sentence = "there is no group \"x\"";
	assert_int_equal(RUN("run", "-g", "x", "--", "true"), 125);
	assert_string_equal(fake.err, "reeve: there is no group \"x\"\n");
}

static void test_run_limit_not_set(void **state)
{
	fake.reply = "{\"problems\": [\"no\"]}";
	assert_int_equal(RUN("run", "--name", "n", "--ram", "1G", "true", "--json"), 125);
	assert_asked("io.reeve.DeleteGroup", "{\"name\":\"n\"}");
	assert_string_equal(fake.err,
			    "reeve: no\nreeve: not started, for its limits could not all be set\n");
}

static void test_run_frozen(void **state)
{
	fake.reply = "{\"group\": {\"name\": \"x\", \"frozen\": true, \"paths\": [\"/\"]}}";
	assert_int_equal(RUN("run", "-g", "x", "true"), 125);
	assert_contains(fake.err, "the group \"x\" is frozen");
	assert_asked("io.reeve.GetGroup", "{\"name\":\"x\"}");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_command, set_up),
		cmocka_unit_test_setup(test_help, set_up),
		cmocka_unit_test_setup(test_version, set_up),
		cmocka_unit_test_setup(test_wrong_words, set_up),
		cmocka_unit_test_setup(test_group_and_limits_exclude, set_up),
		cmocka_unit_test_setup(test_calls_the_daemon, set_up),
		cmocka_unit_test_setup(test_works_without_daemon, set_up),
		cmocka_unit_test_setup(test_needs_the_daemon, set_up),
		cmocka_unit_test_setup(test_refused, set_up),
		cmocka_unit_test_setup(test_bad_policy, set_up),
		cmocka_unit_test_setup(test_sentence_as_it_is, set_up),
		cmocka_unit_test_setup(test_errors_cannot_act_on_a_terminal, set_up),
		cmocka_unit_test_setup(test_group_requests, set_up),
		cmocka_unit_test_setup(test_move, set_up),
		cmocka_unit_test_setup(test_problems_fail, set_up),
		cmocka_unit_test_setup(test_clean, set_up),
		cmocka_unit_test_setup(test_scan_that_failed, set_up),
		cmocka_unit_test_setup(test_reload, set_up),
		cmocka_unit_test_setup(test_events, set_up),
		cmocka_unit_test_setup(test_events_end, set_up),
		cmocka_unit_test_setup(test_self_test, set_up),
		cmocka_unit_test_setup(test_self_test_of_nothing, set_up),
		cmocka_unit_test_setup(test_run_without_group, set_up),
		cmocka_unit_test_setup(test_run_limit_not_set, set_up),
		cmocka_unit_test_setup(test_run_frozen, set_up),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fake_reset();
	return failed;
}
