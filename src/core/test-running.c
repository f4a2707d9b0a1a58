// SPDX-License-Identifier: MIT
#include "core/running.h"

#include "config/load.h"
#include "test/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct {
	struct host *host;
	struct facts_world world;
	struct running *running;
	struct policy *policy;
	struct ruleset *ruleset;
	pid_t pid;
	int input, output; /* our ends */
} test;

static int setup(void **state)
{
	assert_int_equal(host_new(&test.host, NULL), 0);
	facts_world_init(&test.world, test.host);
	assert_int_equal(running_new(test.host, &test.world, &test.running), 0);
	return 0;
}

static void stop(void)
{
	kill(test.pid, SIGKILL);
	waitpid(test.pid, NULL, 0);
	close(test.input);
	close(test.output);
	test.pid = 0;
}

static int teardown(void **state)
{
	if (test.pid > 0)
		stop();
	ruleset_free(test.ruleset);
	policy_free(test.policy);
	test.ruleset = NULL;
	test.policy = NULL;
	running_free(test.running);
	host_free(test.host);
	return 0;
}

static void rules(const char *text)
{
	struct diagnostics diagnostics = { 0 };

	assert_int_equal(policy_parse("cgrules.conf", text, strlen(text), 0, &test.policy,
				      &diagnostics),
			 0);
	diagnostics_done(&diagnostics);
	assert_int_equal(ruleset_new_written(test.policy, &test.ruleset), 0);
}

/* Starts it, and waits until it says something: then it runs what it will run. */
static void start(const char *const *words)
{
	int in[2], out[2];
	char byte;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	test.pid = fork();
	assert_true(test.pid >= 0);
	if (test.pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execv(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	test.input = in[1];
	test.output = out[0];
	assert_int_equal(read(out[0], &byte, 1), 1);
}

/* The rule that decides, or "". */
static const char *judge(void)
{
	struct running_match match;

	if (!running_judge(test.running, test.ruleset, NULL, test.pid, &match))
		return "";
	return test.policy->rules[match.verdict.rules[0]].name;
}

static void test_a_program(void **state)
{
	const char *words[] = { "/bin/cat", "/proc/self/comm", "-", NULL };

	rules("*:catalogue cpu x\n*:cat cpu x\n* cpu y\n");
	start(words);
	assert_string_equal(judge(), "*:cat");
}

static void test_scripts(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *script = unit_path(folder, "job.sh");
	const char *run[] = { script, NULL }, *look[] = { "/bin/cat", script, "-", NULL };

	unit_write(folder, "job.sh", "#!/bin/sh\necho; read line; read line\n");
	assert_int_equal(chmod(script, 0755), 0);
	rules("*:sh cpu a\n*:job.sh cpu b\n*:cat cpu c\n");
	start(run);
	assert_string_equal(judge(), "*:job.sh");
	stop();
	/* Who looks at a script does not run it. */
	start(look);
	assert_string_equal(judge(), "*:cat");
}

static void test_nobody(void **state)
{
	rules("* cpu a\n");
	test.pid = fork();
	assert_true(test.pid >= 0);
	if (test.pid == 0)
		_exit(0);
	waitpid(test.pid, NULL, 0);
	assert_string_equal(judge(), "");
	test.pid = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
