// SPDX-License-Identifier: MIT
/*
 * The server with clients that behave, and who may call what.
 *
 * covers: call.c connection.c service.c
 */
#include "varlink/test-fixture.h"

#include "util/fd.h"

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- clients that behave ---- */

static void test_call(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	ask(&f, fd, ECHO_1);
	expect(&f, fd, ANSWER_1);
	ask(&f, fd, ECHO_1);
	expect(&f, fd, ANSWER_1);
	assert_int_equal(counters(&f)->calls, 2);
	assert_int_equal(counters(&f)->open, 1);
	close(fd);
	turn(&f);
	assert_int_equal(counters(&f)->open, 0);
	assert_int_equal(counters(&f)->malformed, 0);
	fixture_stop(&f);
}

static void test_errors(void **state)
{
	static const struct {
		const char *question, *answer;
	} cases[] = {
		{ "{\"method\":\"io.other.X\"}",
		  "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":"
		  "{\"interface\":\"io.other\"}}" },
		{ "{\"method\":\"nodot\"}",
		  "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":"
		  "{\"interface\":\"nodot\"}}" },
		{ "{\"method\":\"io.test.X\"}",
		  "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":"
		  "{\"method\":\"io.test.X\"}}" },
		{ "{\"method\":\"io.test.Missing\"}",
		  "{\"error\":\"org.varlink.service.MethodNotImplemented\",\"parameters\":"
		  "{\"method\":\"io.test.Missing\"}}" },
		{ "{\"method\":\"io.test.Echo\",\"upgrade\":true}",
		  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"
		  "{\"parameter\":\"upgrade\"}}" },
		{ "{\"method\":\"io.test.Fail\"}",
		  "{\"error\":\"io.reeve.Failed\",\"parameters\":{\"errno\":28,\"message\":"
		  "\"No space left on device\"}}" },
		{ "{\"method\":\"io.test.FailAfterAnswer\"}", "{\"parameters\":{}}" },
	};
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ask(&f, fd, cases[i].question);
		expect(&f, fd, cases[i].answer);
	}
	assert_int_equal(counters(&f)->errors, ARRAY_SIZE(cases) - 1);
	close(fd);
	fixture_stop(&f);
}

static void test_introspection(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	ask(&f, fd, "{\"method\":\"org.varlink.service.GetInfo\"}");
	expect(&f, fd,
	       "{\"parameters\":{\"vendor\":\"reeve\",\"product\":\"reeve\",\"version\":"
	       "\"" REEVE_VERSION "\",\"url\":\"\",\"interfaces\":[\"org.varlink.service\","
	       "\"io.test\"]}}");
	ask(&f, fd, "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{\"x\":1}}");
	expect(&f, fd,
	       "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"
	       "{\"parameter\":\"x\"}}");
	ask(&f, fd,
	    "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
	    "{\"interface\":\"io.test\"}}");
	expect(&f, fd, "{\"parameters\":{\"description\":\"interface io.test\\n\"}}");
	ask(&f, fd,
	    "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
	    "{\"interface\":\"io.none\"}}");
	expect(&f, fd,
	       "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":"
	       "{\"interface\":\"io.none\"}}");
	ask(&f, fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}");
	expect(&f, fd,
	       "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":"
	       "{\"parameter\":\"interface\"}}");
	ask(&f, fd,
	    "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
	    "{\"interface\":\"org.varlink.service\"}}");
	text = hear(&f, fd);
	assert_non_null(strstr(text, "method GetInfo() -> ("));
	close(fd);
	fixture_stop(&f);
}

/* 1,000 requests in one write are answered one by one, in order, whatever each answer is. */
static void test_pipelining(void **state)
{
	_cleanup_(freep) char *text = malloc(1000 * 80);
	struct fixture f;
	size_t size = 0;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	for (int i = 0; i < 1000; i++)
		size += (size_t)snprintf(text + size, 80,
					 i % 10 ? "{\"method\":\"io.test.Echo\",\"parameters\":"
						  "{\"n\":%d}}"
						: "{\"method\":\"io.test.Fail%d\"}",
					 i) +
			1;
	say(&f, fd, text, size);
	for (int i = 0; i < 1000; i++) {
		char wanted[160];

		snprintf(wanted, sizeof(wanted),
			 i % 10 ? "{\"parameters\":{\"n\":%d}}"
				: "{\"error\":\"org.varlink.service.MethodNotFound\","
				  "\"parameters\":"
				  "{\"method\":\"io.test.Fail%d\"}}",
			 i);
		expect(&f, fd, wanted);
	}
	close(fd);
	fixture_stop(&f);
}

/* A call put aside holds back those behind it on its connection, and nobody else's. */
static void test_later(void **state)
{
	struct fixture f;
	int fd, other;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	other = dial(&f);
	ask(&f, fd, LATER);
	ask(&f, fd, ECHO_1);
	assert_non_null(f.kept);
	assert_int_equal(varlink_peer(f.kept)->pid, getpid());
	ask(&f, other, ECHO_1);
	expect(&f, other, ANSWER_1);
	assert_int_equal(recv(fd, (char[1]){ 0 }, 1, 0), -1);
	assert_int_equal(varlink_reply(f.kept, json_pack("{s:s}", "first", "yes")), 0);
	expect(&f, fd, "{\"parameters\":{\"first\":\"yes\"}}");
	expect(&f, fd, ANSWER_1);
	assert_int_equal(f.gone, 0);
	close(fd);
	close(other);
	fixture_stop(&f);
}

static void test_more(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	ask(&f, fd, "{\"method\":\"io.test.Later\",\"more\":true}");
	assert_true(varlink_wants_more(f.kept));
	assert_int_equal(varlink_notify(f.kept, json_pack("{s:i}", "n", 1)), 0);
	assert_int_equal(varlink_notify(f.kept, json_pack("{s:i}", "n", 2)), 0);
	assert_int_equal(varlink_notify_text(f.kept, "{\"n\":3}x", 7), 0);
	assert_int_equal(varlink_backlog(f.kept), 0);
	assert_int_equal(varlink_error(f.kept, "io.test.Over", NULL), 0);
	expect(&f, fd, "{\"parameters\":{\"n\":1},\"continues\":true}");
	expect(&f, fd, "{\"parameters\":{\"n\":2},\"continues\":true}");
	expect(&f, fd, "{\"parameters\":{\"n\":3},\"continues\":true}");
	expect(&f, fd, "{\"error\":\"io.test.Over\",\"parameters\":{}}");

	ask(&f, fd, LATER);
	assert_int_equal(varlink_notify(f.kept, NULL), -EINVAL);
	assert_int_equal(varlink_notify_text(f.kept, "{}", 2), -EINVAL);
	assert_int_equal(varlink_reply(f.kept, NULL), 0);
	close(fd);
	fixture_stop(&f);
}

static void test_oneway(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	ask(&f, fd, TOUCH_ONEWAY);
	ask(&f, fd, "{\"method\":\"io.test.Fail\",\"oneway\":true}");
	ask(&f, fd, "{\"method\":\"io.test.Later\",\"oneway\":true}");
	ask(&f, fd, ECHO_1);
	assert_int_equal(varlink_reply(f.kept, NULL), 0);
	expect(&f, fd, ANSWER_1);
	assert_int_equal(f.touched, 1);
	close(fd);

	/* Told and gone: what had arrived is still done. */
	fd = dial(&f);
	send_now(fd, TOUCH_ONEWAY, sizeof(TOUCH_ONEWAY));
	close(fd);
	turn(&f);
	assert_int_equal(f.touched, 2);
	assert_int_equal(counters(&f)->open, 0);
	fixture_stop(&f);
}

/* `printf ... | nc -N`: the client says that it sends no more, and still reads. */
static void test_half_close(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	fd = dial(&f);
	send_now(fd, ECHO_1 "\0" ECHO_1, 2 * sizeof(ECHO_1));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(&f, fd, ANSWER_1);
	expect(&f, fd, ANSWER_1);
	expect(&f, fd, NULL);
	close(fd);
	assert_int_equal(counters(&f)->malformed, 0);

	fd = dial(&f);
	send_now(fd, LATER, sizeof(LATER));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turn(&f);
	assert_int_equal(varlink_reply(f.kept, NULL), 0);
	expect(&f, fd, "{\"parameters\":{}}");
	expect(&f, fd, NULL);
	close(fd);
	fixture_stop(&f);
}

/* ---- who may what ---- */

/* Asks as another user from another process; returns what came back. */
static char *ask_as(struct fixture *f, uid_t uid, gid_t gid, gid_t extra, const char *question)
{
	int pipes[2], status;
	char *answer;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		char buffer[4096];
		ssize_t n = -1;
		int fd;

		if (setgroups(extra ? 1 : 0, &extra) < 0 || setresgid(gid, gid, gid) < 0 ||
		    setresuid(uid, uid, uid) < 0)
			_exit(1);
		fd = dial(f);
		(void)fcntl(fd, F_SETFL, 0);
		if (send(fd, question, strlen(question) + 1, 0) > 0)
			n = recv(fd, buffer, sizeof(buffer), 0);
		_exit(n > 0 && write_all(pipes[1], buffer, (size_t)n) == 0 ? 0 : 1);
	}
	close(pipes[1]);
	(void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	answer = calloc(1, 4096);
	while (read(pipes[0], answer, 4095) <= 0 && waitpid(pid, &status, WNOHANG) == 0)
		(void)sd_event_run(f->event, 10000);
	close(pipes[0]);
	(void)waitpid(pid, &status, 0);
	return answer;
}

static void test_rights(void **state)
{
	static const char read_it[] = ECHO_1;
	static const char write_it[] = "{\"method\":\"io.test.Touch\"}";
	static const char denied[] = "{\"error\":\"io.reeve.PermissionDenied\",";
	const struct {
		uid_t uid;
		gid_t gid, extra;
		bool may_read;
	} cases[] = {
		{ 65534, 54321, 0, true },
		{ 65534, 65534, 54321, true },
		{ 65534, 65534, 54322, false },
		{ 65534, 65534, 0, false },
	};
	struct fixture f;
	struct stat st;

	if (geteuid() != 0) {
		assert_null(getenv("REEVE_TEST_MUST_RUN"));
		print_message("skipped: other users' rights can only be tried by root\n");
		skip();
	}
	fixture_start(&f, NULL, 54321);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, 54321);
	assert_int_equal(chmod(f.path, 0666), 0);
	assert_int_equal(chmod(f.folder, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *read =
			ask_as(&f, cases[i].uid, cases[i].gid, cases[i].extra, read_it);
		_cleanup_(freep) char *write =
			ask_as(&f, cases[i].uid, cases[i].gid, cases[i].extra, write_it);

		if (cases[i].may_read)
			assert_string_equal(read, ANSWER_1);
		else
			assert_memory_equal(read, denied, sizeof(denied) - 1);
		assert_memory_equal(write, denied, sizeof(denied) - 1);
	}
	assert_int_equal(f.touched, 0);
	assert_int_equal(counters(&f)->denied, 6);
	{
		_cleanup_(freep) char *root = ask_as(&f, 0, 65534, 0, write_it);

		assert_string_equal(root, "{\"parameters\":{}}");
		assert_int_equal(f.touched, 1);
	}
	fixture_stop(&f);
}

/* The last share of the connections is not for readers, so that they cannot keep root out. */
static void test_share_of_root(void **state)
{
	const struct varlink_limits limits = { .connections = 16 };
	struct fixture f;
	int fds[15];

	if (geteuid() != 0)
		skip();
	fixture_start(&f, &limits, 54321);
	assert_int_equal(chmod(f.folder, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = dial(&f);
	turn(&f);
	{
		_cleanup_(freep) char *reader = ask_as(&f, 65534, 54321, 0, ECHO_1);
		_cleanup_(freep) char *root = ask_as(&f, 0, 0, 0, ECHO_1);

		assert_string_equal(reader, "");
		assert_string_equal(root, ANSWER_1);
	}
	assert_int_equal(counters(&f)->refused, 1);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_call),	      cmocka_unit_test(test_errors),
		cmocka_unit_test(test_introspection), cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_later),	      cmocka_unit_test(test_more),
		cmocka_unit_test(test_oneway),	      cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_rights),	      cmocka_unit_test(test_share_of_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
