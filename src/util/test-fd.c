// SPDX-License-Identifier: MIT
#include "util/fd.h"

#include "test/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct fixture {
	char *folder;
	int fd;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->folder = unit_folder_new();
	f->fd = open(f->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return f->fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	unit_folder_free(f->folder);
	free(f);
	return 0;
}

/* Writes a file of `size` letters. */
static void make_file(const struct fixture *f, const char *name, size_t size)
{
	_cleanup_(freep) char *text = malloc(size + 1);

	memset(text, 'x', size);
	text[size] = '\0';
	unit_write(f->folder, name, text);
}

/* The lowest free descriptor: it must be the same before and after. */
static int next_fd(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	close(fd);
	return fd;
}

static void test_reads_any_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 8192, 100000 };
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_(freep) char *text = NULL;
		size_t size = 1;

		make_file(f, "x", sizes[i]);
		assert_int_equal(file_read_at(f->fd, "x", 100000, &text, &size), 0);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(strlen(text), sizes[i]);
	}
}

static void test_reads_without_a_size(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(freep) char *text = NULL;

	unit_write(f->folder, "x", "hello\n");
	assert_int_equal(file_read_at(f->fd, "x", 6, &text, NULL), 0);
	assert_string_equal(text, "hello\n");
}

static void test_reads_files_that_say_they_are_empty(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;

	assert_int_equal(file_read_at(AT_FDCWD, "/proc/self/status", 1 << 20, &text, &size), 0);
	assert_true(size > 100);
}

static void test_read_refuses_what_is_too_large(void **state)
{
	const struct fixture *f = *state;
	char untouched, *text = &untouched;
	int fd = next_fd();

	make_file(f, "x", 101);
	assert_int_equal(file_read_at(f->fd, "x", 100, &text, NULL), -EFBIG);
	assert_int_equal(file_read_at(AT_FDCWD, "/dev/zero", 100000, &text, NULL), -EFBIG);
	assert_ptr_equal(text, &untouched);
	assert_int_equal(next_fd(), fd);
}

static void test_read_tells_why_not(void **state)
{
	const struct fixture *f = *state;
	char *text = NULL, buffer[16];
	int fd = next_fd();

	assert_int_equal(file_read_at(f->fd, "none", 100, &text, NULL), -ENOENT);
	assert_int_equal(file_read_at(f->fd, ".", 100, &text, NULL), -EISDIR);
	assert_int_equal(file_read_into(f->fd, "none", buffer, sizeof(buffer)), -ENOENT);
	assert_int_equal(file_read_into(f->fd, ".", buffer, sizeof(buffer)), -EISDIR);
	assert_null(text);
	assert_int_equal(next_fd(), fd);
}

static void test_read_into_a_buffer(void **state)
{
	const struct fixture *f = *state;
	char buffer[8];

	unit_write(f->folder, "x", "1234567");
	assert_int_equal(file_read_into(f->fd, "x", buffer, sizeof(buffer)), 7);
	assert_string_equal(buffer, "1234567");
	unit_write(f->folder, "x", "");
	assert_int_equal(file_read_into(f->fd, "x", buffer, sizeof(buffer)), 0);
	assert_string_equal(buffer, "");
}

static void test_read_into_a_buffer_that_is_too_small(void **state)
{
	const struct fixture *f = *state;
	char buffer[8];

	unit_write(f->folder, "x", "12345678");
	assert_int_equal(file_read_into(f->fd, "x", buffer, sizeof(buffer)), -EFBIG);
	assert_int_equal(file_read_into(f->fd, "x", buffer, 0), -EFBIG);
}

static void test_write_in_place(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(freep) char *text = NULL;

	unit_write(f->folder, "x", "12345");
	assert_int_equal(file_write_at(f->fd, "x", "ab"), 0);
	text = unit_read(f->folder, "x");
	/* As cgroup files want it: no truncation, which they would refuse or ignore. */
	assert_string_equal(text, "ab345");
	assert_int_equal(file_write_at(f->fd, "x", ""), 0);
}

static void test_write_makes_no_file(void **state)
{
	const struct fixture *f = *state;
	int fd = next_fd();

	assert_int_equal(file_write_at(f->fd, "none", "1"), -ENOENT);
	assert_int_equal(file_write_at(AT_FDCWD, "/dev/full", "1"), -ENOSPC);
	assert_int_equal(next_fd(), fd);
}

static void test_replace_makes_and_replaces(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(freep) char *text = NULL;
	mode_t old_mask = umask(077);
	struct stat st;

	assert_int_equal(file_replace_at(f->fd, "x", "first", 5, 0600), 0);
	assert_int_equal(file_replace_at(f->fd, "x", "second", 6, 0644), 0);
	umask(old_mask);
	text = unit_read(f->folder, "x");
	assert_string_equal(text, "second");
	assert_int_equal(fstatat(f->fd, "x", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(faccessat(f->fd, "x.new", F_OK, 0), -1);
}

static void test_replace_does_not_follow_a_link(void **state)
{
	const struct fixture *f = *state;
	_cleanup_(freep) char *victim = NULL;
	struct stat st;

	unit_write(f->folder, "victim", "keep");
	assert_int_equal(symlinkat("victim", f->fd, "link.new"), 0);
	assert_int_equal(symlinkat("victim", f->fd, "link"), 0);
	assert_int_equal(file_replace_at(f->fd, "link", "new", 3, 0600), 0);
	victim = unit_read(f->folder, "victim");
	assert_string_equal(victim, "keep");
	assert_int_equal(fstatat(f->fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void test_a_failed_replace_keeps_the_old_file(void **state)
{
	const struct fixture *f = *state;
	const struct rlimit small = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY };
	_cleanup_(freep) char *text = NULL, *large = calloc(1, 8192);
	struct rlimit before;
	int r, fd = next_fd();

	unit_write(f->folder, "x", "old");
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &small);
	signal(SIGXFSZ, SIG_IGN);
	r = file_replace_at(f->fd, "x", large, 8192, 0600);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(r, -EFBIG);
	text = unit_read(f->folder, "x");
	assert_string_equal(text, "old");
	assert_int_equal(faccessat(f->fd, "x.new", F_OK, 0), -1);
	assert_int_equal(file_replace_at(f->fd, "none/x", "1", 1, 0600), -ENOENT);
	assert_int_equal(next_fd(), fd);
}

static void test_write_all_writes_more_than_a_pipe_takes(void **state)
{
	_cleanup_(freep) char *data = calloc(1, 300000);
	int ends[2];
	pid_t reader;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	reader = fork();
	if (reader == 0) {
		char buffer[4096];

		close(ends[1]);
		while (read(ends[0], buffer, sizeof(buffer)) > 0)
			;
		_exit(0);
	}
	close(ends[0]);
	assert_int_equal(write_all(ends[1], data, 300000), 0);
	assert_int_equal(write_all(ends[1], data, 0), 0);
	close(ends[1]);
	assert_int_equal(write_all(ends[1], data, 1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_any_size),
		cmocka_unit_test(test_reads_without_a_size),
		cmocka_unit_test(test_reads_files_that_say_they_are_empty),
		cmocka_unit_test(test_read_refuses_what_is_too_large),
		cmocka_unit_test(test_read_tells_why_not),
		cmocka_unit_test(test_read_into_a_buffer),
		cmocka_unit_test(test_read_into_a_buffer_that_is_too_small),
		cmocka_unit_test(test_write_in_place),
		cmocka_unit_test(test_write_makes_no_file),
		cmocka_unit_test(test_replace_makes_and_replaces),
		cmocka_unit_test(test_replace_does_not_follow_a_link),
		cmocka_unit_test(test_a_failed_replace_keeps_the_old_file),
		cmocka_unit_test(test_write_all_writes_more_than_a_pipe_takes),
	};

	return cmocka_run_group_tests_name("fd", tests, set_up, tear_down);
}
