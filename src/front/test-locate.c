// SPDX-License-Identifier: MIT
/* A daemon that answers what it is told to, and a program that asks where a group is. */
#include "front/locate.h"

#include "front/test-daemon.h"

static const char wanted[] =
	"{\"method\":\"io.reeve.LocateGroup\",\"parameters\":{\"name\":\"g\"}}";

static int ask(const char *reply)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	int listening = daemon_listen(folder), fd = -1, r;
	struct entrance entrance;
	pid_t pid = fork();

	if (pid == 0)
		_exit(!daemon_answer(listening, wanted, reply));
	close(listening);
	entrance_init(&entrance);
	assert_int_equal(locate_begin(folder, "g", &fd), 0);
	r = locate_end(fd, &entrance);
	close(fd);
	entrance_done(&entrance);
	daemon_end(pid);
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
