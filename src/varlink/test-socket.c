// SPDX-License-Identifier: MIT
/* The socket's file: what may be in its place, who may open it, and who removes it. */
#include "varlink/test-fixture.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct varlink_server *new_server(struct fixture *f)
{
	struct varlink_server *server = NULL;

	assert_int_equal(varlink_server_new(f->event, NULL, 0, NULL, NULL, &server, NULL), 0);
	return server;
}

/* A socket file at the fixture's path that nobody listens at, or that somebody does. */
static int plant(const struct fixture *f, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, f->path, strlen(f->path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void expect_listen(struct fixture *f, const char *path, int code, const char *part)
{
	_cleanup_(varlink_server_freep) struct varlink_server *server = new_server(f);
	_cleanup_(error_done) struct error err = ERROR_INIT;

	assert_int_equal(varlink_server_listen(server, path, (gid_t)-1, &err), code);
	if (code < 0) {
		assert_non_null(err.message);
		assert_non_null(strstr(err.message, part));
	}
}

static void fixture_without_server(struct fixture *f)
{
	fixture_start(f, NULL, (gid_t)-1);
	varlink_server_free(TAKE_PTR(f->server));
	assert_int_equal(access(f->path, F_OK), -1);
}

static void test_mode(void **state)
{
	mode_t old = umask(0);
	struct fixture f;
	struct stat st;

	fixture_start(&f, NULL, (gid_t)-1);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(st.st_uid, geteuid());
	fixture_stop(&f);
	/* A strict umask must not keep the group out. */
	fixture_without_server(&f);
	f.server = new_server(&f);
	(void)umask(0777);
	assert_int_equal(varlink_server_listen(f.server, f.path, getegid(), NULL), 0);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_int_equal(st.st_gid, getegid());
	fixture_stop(&f);
	(void)umask(old);
}

static void test_stale(void **state)
{
	struct fixture f;

	fixture_without_server(&f);
	close(plant(&f, SOCK_STREAM));
	assert_int_equal(access(f.path, F_OK), 0);
	expect_listen(&f, f.path, 0, NULL);
	/* Bound, and not listening: its daemon is dead, or has not begun. */
	close(plant(&f, SOCK_DGRAM));
	expect_listen(&f, f.path, 0, NULL);
	fixture_stop(&f);
}

static void test_living(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	expect_listen(&f, f.path, -EADDRINUSE, f.path);
	fd = dial(&f);
	ask(&f, fd, ECHO_1);
	expect(&f, fd, ANSWER_1);
	close(fd);
	fixture_stop(&f);

	/* Of another type; and one whose queue is full. */
	fixture_without_server(&f);
	fd = plant(&f, SOCK_DGRAM);
	expect_listen(&f, f.path, -EADDRINUSE, "another daemon");
	close(fd);
	assert_int_equal(unlink(f.path), 0);
	fd = plant(&f, SOCK_STREAM);
	assert_int_equal(listen(fd, 0), 0);
	{
		int first = dial(&f);

		expect_listen(&f, f.path, -EADDRINUSE, "another daemon");
		close(first);
	}
	close(fd);
	assert_int_equal(unlink(f.path), 0);
	fixture_stop(&f);
}

static void test_no_socket(void **state)
{
	struct fixture f;

	fixture_without_server(&f);
	close(open(f.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	expect_listen(&f, f.path, -EEXIST, "is not a socket");
	assert_int_equal(unlink(f.path), 0);
	assert_int_equal(mkdir(f.path, 0700), 0);
	expect_listen(&f, f.path, -EEXIST, "is not a socket");
	assert_int_equal(rmdir(f.path), 0);
	assert_int_equal(symlink("/dev/null", f.path), 0);
	expect_listen(&f, f.path, -EEXIST, "is not a socket");
	assert_int_equal(unlink(f.path), 0);
	fixture_stop(&f);
}

static void test_path(void **state)
{
	struct fixture f;
	char path[160];
	size_t n;

	fixture_without_server(&f);
	n = (size_t)snprintf(path, sizeof(path), "%s/", f.folder);
	memset(path + n, 'x', sizeof(path) - n);
	path[108] = '\0';
	expect_listen(&f, path, -ENAMETOOLONG, "108 bytes long, at most 107");
	path[107] = '\0';
	expect_listen(&f, path, 0, NULL);
	expect_listen(&f, "", -EINVAL, "no path");
	expect_listen(&f, "/nonexistent/reeve.sock", -ENOENT, "/nonexistent/reeve.sock");
	fixture_stop(&f);
}

/* Another daemon has taken the path: it is not ours to remove any more. */
static void test_removes_own_only(void **state)
{
	struct fixture f;
	int fd;

	fixture_start(&f, NULL, (gid_t)-1);
	assert_int_equal(unlink(f.path), 0);
	fd = plant(&f, SOCK_STREAM);
	varlink_server_free(TAKE_PTR(f.server));
	assert_int_equal(access(f.path, F_OK), 0);
	assert_int_equal(unlink(f.path), 0);
	close(fd);
	fixture_stop(&f);
}

static void test_twice(void **state)
{
	struct fixture f;

	fixture_start(&f, NULL, (gid_t)-1);
	assert_int_equal(varlink_server_listen(f.server, f.path, (gid_t)-1, NULL), -EALREADY);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode),   cmocka_unit_test(test_stale),
		cmocka_unit_test(test_living), cmocka_unit_test(test_no_socket),
		cmocka_unit_test(test_path),   cmocka_unit_test(test_removes_own_only),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
