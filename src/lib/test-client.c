// SPDX-License-Identifier: MIT
/*
 * Calls and events, against a process that answers each message with the next of a list.
 * covers: connect.c events.c
 */
#include "reeve/client.h"
#include "reeve/events.h"

#include "test/unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct daemon {
	char *folder;
	pid_t pid;
};

/* Reads up to a NUL; false at the end. */
static bool hear(int fd)
{
	char byte = 1;

	while (read(fd, &byte, 1) == 1)
		if (byte == '\0')
			return true;
	return false;
}

static void serve(int listener, const char *const *answers)
{
	int fd = accept(listener, NULL, NULL);

	for (; *answers && hear(fd); answers++)
		if (write(fd, *answers, strlen(*answers) + 1) < 0)
			break;
	_exit(0);
}

static struct daemon begin(const char *const *answers)
{
	struct daemon daemon = { .folder = unit_folder_new() };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/reeve.sock", daemon.folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	daemon.pid = fork();
	if (daemon.pid == 0)
		serve(listener, answers);
	close(listener);
	return daemon;
}

static void end(struct daemon *daemon)
{
	kill(daemon->pid, SIGKILL);
	assert_int_equal(waitpid(daemon->pid, NULL, 0), daemon->pid);
	unit_folder_free(daemon->folder);
}

static void test_calls(void **state)
{
	static const char *const answers[] = {
		"{\"parameters\":{\"moved\":3}}",
		"{\"error\":\"io.reeve.NoSuchGroup\",\"parameters\":{\"name\":\"x\",\"message\":"
		"\"there is no group x\"}}",
		"{\"error\":\"io.reeve.Failed\",\"parameters\":{\"errno\":16,\"message\":\"busy\"}"
		"}",
		"{}", NULL
	};
	struct daemon daemon = begin(answers);
	struct reeve_client *client = NULL;
	char *reply = NULL, *sentence = NULL;

	assert_int_equal(reeve_client_open(daemon.folder, &client, NULL), 0);
	assert_int_equal(reeve_client_call(client, "Scan", "{\"a\":", &reply, &sentence), -EINVAL);
	assert_non_null(sentence);
	free(sentence);
	assert_int_equal(reeve_client_call(client, "Scan", "[]", &reply, NULL), -EINVAL);
	assert_int_equal(reeve_client_call(client, "Scan", "{}", &reply, NULL), 0);
	assert_string_equal(reply, "{\"moved\":3}");
	free(reply);
	assert_true(reeve_client_call(client, "GetGroup", "{\"name\":\"x\"}", NULL, &sentence) < 0);
	assert_string_equal(sentence, "there is no group x");
	free(sentence);
	assert_int_equal(reeve_client_call(client, "Reload", NULL, NULL, NULL), -EBUSY);
	assert_int_equal(reeve_client_call(client, "Reload", NULL, NULL, NULL), 0);
	reeve_client_close(client);
	reeve_client_close(NULL);
	end(&daemon);
}

static void test_no_daemon(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	struct reeve_client *client = NULL;
	struct reeve_subscription *subscription = NULL;
	char *sentence = NULL;

	assert_int_equal(reeve_client_open(folder, &client, &sentence), -ENOENT);
	assert_non_null(strstr(sentence, "no daemon listens at"));
	free(sentence);
	assert_int_equal(reeve_subscribe(folder, NULL, &subscription, NULL), -ENOENT);
	assert_int_equal(reeve_subscribe(folder, "{", &subscription, NULL), -EINVAL);
	assert_null(client);
	assert_null(subscription);
}

static void expect_event(struct reeve_subscription *subscription, int64_t pid)
{
	struct reeve_event *event = NULL;
	int64_t number = 0;

	assert_int_equal(reeve_next_event(subscription, -1, &event, NULL), 0);
	assert_int_equal(reeve_event_number(event, "pid", &number), 0);
	assert_int_equal(number, pid);
	reeve_event_free(event);
}

static void test_events(void **state)
{
	static const char *const answers[] = {
		/* two answers to one call, as a service sends them */
		"{\"continues\":true,\"parameters\":{\"events\":[{\"type\":\"exec\",\"pid\":1,"
		"\"container\":{\"id\":\"abc\"}},{\"pid\":2}]}}",
		NULL
	};
	struct daemon daemon = begin(answers);
	struct reeve_subscription *subscription = NULL;
	struct reeve_event *event = NULL;
	_cleanup_(freep) char *json = NULL;
	int64_t number;

	assert_int_equal(reeve_subscribe(daemon.folder, "{\"type\":[\"exec\"]}", &subscription,
					 NULL),
			 0);
	assert_true(reeve_subscription_fd(subscription) >= 0);
	assert_int_equal(reeve_next_event(subscription, -1, &event, NULL), 0);
	assert_string_equal(reeve_event_text(event, "type"), "exec");
	assert_string_equal(reeve_event_text(event, "container.id"), "abc");
	assert_null(reeve_event_text(event, "container.name"));
	assert_null(reeve_event_text(event, "pid"));
	assert_int_equal(reeve_event_number(event, "type", &number), -ENOENT);
	json = reeve_event_json(event);
	assert_non_null(strstr(json, "\"pid\":1"));
	reeve_event_free(event);
	expect_event(subscription, 2);
	/* then the service is gone */
	assert_true(reeve_next_event(subscription, -1, &event, NULL) < 0);
	assert_int_equal(reeve_subscription_lost(subscription), 0);
	reeve_subscription_close(subscription);
	end(&daemon);
}

static void test_lost_events_are_counted(void **state)
{
	static const char *const answers[] = {
		"{\"continues\":true,\"parameters\":{\"lost\":5,\"events\":[{\"pid\":1}]}}", NULL
	};
	struct daemon daemon = begin(answers);
	struct reeve_subscription *subscription = NULL;

	assert_int_equal(reeve_subscribe(daemon.folder, NULL, &subscription, NULL), 0);
	expect_event(subscription, 1);
	assert_int_equal(reeve_subscription_lost(subscription), 5);
	reeve_subscription_close(subscription);
	end(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_lost_events_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
