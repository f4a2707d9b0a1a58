// SPDX-License-Identifier: MIT
/* A daemon that answers what it is told to, and a program that asks where a group is. */
#include "front/locate.h"

#include "test/unit.h"
#include "util/places.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct daemon {
	char *folder;
	pid_t pid;
};

static int listen_at(const char *folder)
{
	_cleanup_(freep) char *path = unit_path(folder, PLACE_SOCKET);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* Answers one client, in two pieces; ends with 0 if it was asked what it should be. */
static _noreturn_ void answer(int listening, const char *reply)
{
	static const char wanted[] =
		"{\"method\":\"io.reeve.LocateGroup\",\"parameters\":{\"name\":\"g\"}}";
	int fd = accept(listening, NULL, NULL);
	size_t size = strlen(reply), half = size / 2;
	char asked[256] = "";
	bool good = recv(fd, asked, sizeof(asked), 0) == sizeof(wanted) && streq(asked, wanted);

	(void)send(fd, reply, half, MSG_NOSIGNAL);
	/* A reply that is empty is none. */
	if (size > 0)
		(void)send(fd, reply + half, size + 1 - half, MSG_NOSIGNAL);
	_exit(good ? 0 : 1);
}

static int ask(const char *reply)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	int listening = listen_at(folder), fd = -1, status, r;
	struct entrance entrance;
	pid_t pid = fork();

	if (pid == 0)
		answer(listening, reply);
	close(listening);
	entrance_init(&entrance);
	assert_int_equal(locate_begin(folder, "g", &fd), 0);
	r = locate_end(fd, &entrance);
	close(fd);
	entrance_done(&entrance);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return r;
}

static void test_answers(void **state)
{
	assert_int_equal(ask(""), -ECONNRESET);
	assert_int_equal(ask("{\"error\":\"io.reeve.NoSuchGroup\",\"parameters\":{}}"), -EPROTO);
	assert_int_equal(ask("{\"parameters\":{\"paths\":[\"/proc\"],\"frozen\":true}}"), -EBUSY);
	assert_int_equal(ask("{\"parameters\":{\"paths\":[],\"frozen\":false}}"), -EBUSY);
	/* Opened, and found to be no group. */
	assert_int_equal(ask("{\"parameters\":{\"paths\":[\"/proc\"],\"frozen\":false}}"), -EINVAL);
}

static void test_nobody(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	char longer[256];
	int fd = -1;

	assert_int_equal(locate_begin(folder, "g", &fd), -ENOENT);
	assert_int_equal(locate_begin(folder, "\"", &fd), -EINVAL);
	assert_int_equal(locate_begin(folder, "g\n", &fd), -EINVAL);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(locate_begin(longer, "g", &fd), -ENAMETOOLONG);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests_name("front/locate", tests, NULL, NULL);
}
