// SPDX-License-Identifier: MIT
/* covers: port.c port-message.c
 *
 * data/examples/port-sandbox.c uses the library as its users do. */
#include "lib/port-message.h"

#include "test/unit.h"

static struct reeve_port *port;

static int begin(void **state)
{
	return reeve_port_open(NULL, &port);
}

static int end(void **state)
{
	reeve_port_close(port);
	return 0;
}

static pid_t fork_child(void)
{
	struct reeve_message *reply = NULL;
	pid_t pid;

	assert_int_equal(reeve_port_call(port, (struct reeve_place){ 0 }, "fork", NULL, &reply), 0);
	assert_int_equal(reply->kind, REEVE_MESSAGE_REPLY);
	pid = (pid_t)reply->number;
	reeve_message_free(reply);
	return pid;
}

static void calls(void **state)
{
	struct reeve_message *reply;

	assert_int_equal(reeve_port_call(port, (struct reeve_place){ 0 }, "chdir",
					 "[\"/nonexistent\"]", &reply),
			 0);
	assert_int_equal(reply->kind, REEVE_MESSAGE_REFUSED);
	assert_string_equal(reply->error, "enoent");
	reeve_message_free(reply);
	assert_int_equal(reeve_port_send(port, (struct reeve_place){ 0 }, "chdir", "[", NULL),
			 -EINVAL);
	assert_int_equal(reeve_port_next(port, 0, &reply), -EAGAIN);
}

static void a_program_and_its_words(void **state)
{
	pid_t pid = fork_child();
	struct reeve_place at = { 1, &pid };
	struct reeve_message *message;
	char said[8] = "";
	size_t size = 0;

	assert_int_equal(reeve_port_call(port, at, "execvp", "[\"cat\",[\"cat\"]]", &message), 0);
	assert_int_equal(message->kind, REEVE_MESSAGE_REPLY);
	reeve_message_free(message);
	assert_int_equal(reeve_port_write(port, at, "a\0\xff", 3), 0);
	while (size < 3) {
		assert_int_equal(reeve_port_next(port, 5000, &message), 0);
		if (message->kind == REEVE_MESSAGE_STDOUT) {
			assert_int_equal(message->from.pids[0], pid);
			memcpy(said + size, message->data, message->size);
			size += message->size;
		}
		reeve_message_free(message);
	}
	assert_memory_equal(said, "a\0\xff", 3);
}

static void lines_that_are_none(void **state)
{
	static const char *const lines[] = { "", "[]", "{}", "{\"at\":[],\"stdout\":1}",
					     "{\"at\":[],\"error\":1}" };
	struct reeve_message *message;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(port_message_read(lines[i], strlen(lines[i]), &message), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls, begin, end),
		cmocka_unit_test_setup_teardown(a_program_and_its_words, begin, end),
		cmocka_unit_test(lines_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
