// SPDX-License-Identifier: MIT
/* Lines to a socket that stands in for syslog's: there, gone, come again, and full. */
#include "util/syslog-line.h"

#include "test/unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	(void)unlink(path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int say(const char *path, int *fd, const char *message)
{
	return syslog_send(path, fd, LOG_DAEMON, LOG_WARNING, "CGRE", message);
}

static void expect_line(int listener, const char *end)
{
	char text[256], tail[64];
	ssize_t n = recv(listener, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_in_range(n, 1, sizeof(text) - 1);
	text[n] = '\0';
	snprintf(tail, sizeof(tail), " CGRE[%d]: %s", getpid(), end);
	assert_int_equal(strncmp(text, "<28>", 4), 0);
	assert_string_equal(text + strlen(text) - strlen(tail), tail);
}

static void lines_arrive(void **state)
{
	char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "log");
	int fd = -1, listener;

	(void)state;
	assert_int_equal(say(path, &fd, "too early"), -ENOENT);
	listener = listen_at(path);
	assert_int_equal(say(path, &fd, "one"), 0);
	expect_line(listener, "one");
	assert_int_equal(say(path, &fd, "a\nb"), 0);
	expect_line(listener, "a\\x0ab");
	close(listener);
	assert_int_equal(say(path, &fd, "nobody"), -ECONNREFUSED);
	listener = listen_at(path);
	assert_int_equal(say(path, &fd, "again"), 0);
	expect_line(listener, "again");
	close(listener);
	closep(&fd);
	unit_folder_free(folder);
}

static void a_full_one_is_not_waited_for(void **state)
{
	char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "log");
	int fd = -1, listener = listen_at(path), r = 0;

	(void)state;
	for (int i = 0; r == 0 && i < 100000; i++)
		r = say(path, &fd, "more");
	assert_int_equal(r, -EAGAIN);
	close(listener);
	closep(&fd);
	unit_folder_free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_arrive),
		cmocka_unit_test(a_full_one_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
