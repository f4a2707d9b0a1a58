// SPDX-License-Identifier: MIT
#include "service/notify.h"

#include "test/unit.h"

#include <sys/socket.h>
#include <sys/un.h>

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		unsigned words;
		const char *status;
	} cases[] = {
		{ "", 0, "" },
		{ "READY=1", NOTIFY_READY, "" },
		{ "READY=1\nSTATUS=all is well\n", NOTIFY_READY | NOTIFY_STATUS, "all is well" },
		{ "READY=0", 0, "" },
		{ "READY=11", 0, "" },
		{ " READY=1", 0, "" },
		{ "WATCHDOG=1\nSTOPPING=1\nRELOADING=1\nWATCHDOG=trigger\nX=y\n\n\n",
		  NOTIFY_WATCHDOG | NOTIFY_STOPPING | NOTIFY_RELOADING | NOTIFY_WATCHDOG_TRIGGER,
		  "" },
		{ "STATUS=\033[2J", NOTIFY_STATUS, "\\x1b[2J" },
		{ "STATUS=", 0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct notify_message message;

		notify_parse(cases[i].text, strlen(cases[i].text), &message);
		assert_int_equal(message.words, cases[i].words);
		assert_string_equal(message.status, cases[i].status);
	}
}

struct seen {
	pid_t sender;
	unsigned words;
	int count;
};

static void on_message(pid_t sender, const struct notify_message *message, void *userdata)
{
	struct seen *seen = userdata;

	seen->sender = sender;
	seen->words |= message->words;
	seen->count++;
}

static void test_socket(void **state)
{
	char *folder = unit_folder_new(), *path = unit_path(folder, "notify");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct notify *notify = NULL, *again = NULL;
	struct seen seen = { 0 };
	sd_event *event = NULL;
	char large[8192];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(notify_new(event, path, -1, on_message, &seen, &notify, NULL), 0);
	/* What was left behind is replaced. */
	assert_int_equal(notify_new(event, path, -1, on_message, &seen, &again, NULL), 0);
	memcpy(address.sun_path, notify_path(again), strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, "READY=1", 7, 0), 7);
	memset(large, 'x', sizeof(large));
	assert_int_equal(send(fd, large, sizeof(large), 0), sizeof(large));
	assert_int_equal(send(fd, "STOPPING=1", 10, 0), 10);
	while (sd_event_run(event, 0) > 0)
		;
	assert_int_equal(seen.sender, getpid());
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.words, NOTIFY_READY | NOTIFY_STOPPING);
	notify_free(again);
	notify_free(notify);
	sd_event_unref(event);
	close(fd);
	free(path);
	unit_folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
