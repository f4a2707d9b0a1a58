// SPDX-License-Identifier: MIT
#include "front/ask.h"

#include "front/test-daemon.h"

static int ask(const char *reply, char answer[static ASK_ANSWER_MAX])
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	int listening = daemon_listen(folder), fd = -1, r;
	pid_t pid = fork();

	if (pid == 0)
		_exit(!daemon_answer(listening, "{}", reply));
	close(listening);
	assert_int_equal(ask_open(folder, 5, &fd), 0);
	assert_int_equal(ask_send(fd, "{}", 2), 0);
	r = ask_receive(fd, answer);
	close(fd);
	daemon_end(pid);
	return r;
}

static void test_answers(void **state)
{
	char answer[ASK_ANSWER_MAX], longer[ASK_ANSWER_MAX + 1];

	assert_int_equal(ask("{\"parameters\":{}}", answer), 0);
	assert_string_equal(answer, "{\"parameters\":{}}");
	assert_int_equal(ask("", answer), -ECONNRESET);
	memset(longer, ' ', sizeof(longer));
	longer[ASK_ANSWER_MAX] = '\0';
	assert_int_equal(ask(longer, answer), -EMSGSIZE);
}

static void test_plain(void **state)
{
	assert_true(ask_is_plain(""));
	assert_true(ask_is_plain("run-1 ~"));
	assert_false(ask_is_plain("\""));
	assert_false(ask_is_plain("\\"));
	assert_false(ask_is_plain("a\n"));
	assert_false(ask_is_plain("\xc3\xa4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests_name("front/ask", tests, NULL, NULL);
}
