// SPDX-License-Identifier: MIT
/* A daemon that answers what it is told to, and a group that comes and goes. Folders that are no
 * groups stand for groups up to where they are entered. */
#include "front/passing.h"

#include "front/test-daemon.h"

#include <sys/stat.h>

static const char create[] = "{\"method\":\"io.reeve.CreateGroup\",\"parameters\":{\"name\":\"g\","
			     "\"limits\":{\"pids\":5}}}";

static const char delete[] = "{\"method\":\"io.reeve.DeleteGroup\",\"oneway\":false,"
			     "\"parameters\":{\"name\":\"g\"}}";

static void begin(struct passing *passing, const char *folder)
{
	const char *words[] = { "5" };
	struct limits_given limits = { .words[LIMIT_PIDS] = { words, 1 } };

	passing_init(passing);
	assert_int_equal(passing_begin(passing, folder, "g", &limits), 0);
}

/* What passing_end() says of a reply; `removes`: the daemon is asked to take the group away. */
static int make(const char *reply, bool removes)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	int listening = daemon_listen(folder), r;
	struct passing passing;
	struct entrance entrance;
	pid_t pid = fork();

	if (pid == 0) {
		bool good = daemon_answer(listening, create, reply);

		if (removes)
			good = daemon_answer(listening, delete, "{\"parameters\":{}}") && good;
		_exit(!good);
	}
	close(listening);
	entrance_init(&entrance);
	begin(&passing, folder);
	r = passing_end(&passing, &entrance);
	assert_int_equal(passing.made, removes || strstr(reply, "paths\":[\"") != NULL);
	entrance_done(&entrance);
	passing_done(&passing);
	assert_false(passing.made);
	daemon_end(pid);
	return r;
}

static void test_replies(void **state)
{
	assert_int_equal(make("{\"error\":\"io.reeve.Failed\",\"parameters\":{}}", false), -EPROTO);
	assert_int_equal(make("", false), -ECONNRESET);
	/* Made, and something is to be said: the whole program does it again. */
	assert_int_equal(make("{\"parameters\":{\"problems\":[\"a \\\"b\\\"\"],\"paths\":[]}}",
			      true),
			 -EPROTO);
	assert_int_equal(make("{\"parameters\":{\"problems\":[],\"paths\":[]}}", true), -ENOENT);
}

/* The folder is removed, and what is in one is told. */
static void test_removal(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *group = unit_path(folder, "group"), *reply = NULL;
	int listening = daemon_listen(folder);
	struct entrance entrance;
	struct passing passing;
	pid_t pid = fork();

	assert_true(asprintf(&reply, "{\"parameters\":{\"problems\":[],\"paths\":[\"%s\"]}}",
			     group) > 0);
	if (pid == 0) {
		char gone[] = "{\"method\":\"io.reeve.DeleteGroup\",\"oneway\":true,"
			      "\"parameters\":{\"name\":\"g\"}}";
		bool good = daemon_answer(listening, create, reply);

		_exit(!(daemon_answer(listening, gone, "") && good));
	}
	assert_int_equal(mkdir(group, 0700), 0);
	entrance_init(&entrance);
	begin(&passing, folder);
	assert_int_equal(passing_end(&passing, &entrance), -EINVAL);
	passing_done(&passing);
	assert_int_equal(access(group, F_OK), -1);
	close(listening);
	daemon_end(pid);
}

static void test_words(void **state)
{
	const char *words[] = { "\"" };
	struct limits_given limits = { .words[LIMIT_RAM] = { words, 1 } },
			    none = { .words = { { 0 } } };
	struct passing passing;
	char longer[300];

	passing_init(&passing);
	assert_int_equal(passing_begin(&passing, "/none", NULL, &limits), -EINVAL);
	assert_int_equal(passing_begin(&passing, "/none", "\"", &none), -EINVAL);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(passing_begin(&passing, "/none", longer, &none), -ENAMETOOLONG);
	assert_int_equal(passing_begin(&passing, "/none", NULL, &none), -ENOENT);
	passing_done(&passing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("front/passing", tests, NULL, NULL);
}
