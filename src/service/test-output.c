// SPDX-License-Identifier: MIT
/* Pipes, files and rotation on a loop of our own. covers: compress.c */
#include "service/output.h"

#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <zlib.h>

struct fixture {
	char *folder, *pipe, *file;
	sd_event *event;
};

static void fixture_init(struct fixture *f)
{
	f->folder = unit_folder_new();
	assert_true(asprintf(&f->pipe, "%s/out", f->folder) > 0);
	assert_true(asprintf(&f->file, "%s/log", f->folder) > 0);
	assert_true(sd_event_new(&f->event) >= 0);
}

static void fixture_done(struct fixture *f)
{
	sd_event_unref(f->event);
	free(f->pipe);
	free(f->file);
	unit_folder_free(f->folder);
}

static struct output *start(struct fixture *f, uint64_t size, unsigned keep, bool compress)
{
	const struct output_place place = { f->pipe, f->file, size, keep, compress };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct output *output = NULL;

	if (output_new(f->event, &place, &output, &err) < 0)
		fail_msg("%s", error_text(&err));
	return output;
}

/* Until the loop has nothing to do. */
static void turn(struct fixture *f)
{
	while (sd_event_run(f->event, 0) > 0)
		;
}

static void print(struct fixture *f, struct output *output, const char *text)
{
	assert_int_equal(write_all(output_fd(output), text, strlen(text)), 0);
	turn(f);
}

static void expect(const struct fixture *f, const char *ending, const char *wanted)
{
	_cleanup_(freep) char *path = NULL, *text = NULL;

	assert_true(asprintf(&path, "%s%s", f->file, ending) > 0);
	if (!wanted) {
		assert_int_equal(access(path, F_OK), -1);
		return;
	}
	assert_int_equal(file_read_at(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	assert_string_equal(text, wanted);
}

static void test_rotation(void **state)
{
	struct fixture f;
	struct output *output;

	fixture_init(&f);
	output = start(&f, 8, 2, false);
	print(&f, output, "one-1");
	print(&f, output, "two-2");
	print(&f, output, "three");
	print(&f, output, "four");
	expect(&f, "", "four");
	expect(&f, ".1", "three");
	expect(&f, ".2", "two-2");
	expect(&f, ".3", NULL);
	assert_int_equal(output_counters(output)->rotations, 3);
	assert_int_equal(output_counters(output)->bytes, 19);
	assert_int_equal(output_counters(output)->lost, 0);
	output_free(output);
	/* It goes on where it was. */
	output = start(&f, 100, 2, false);
	print(&f, output, "!");
	expect(&f, "", "four!");
	output_free(output);
	fixture_done(&f);
}

static void test_compression(void **state)
{
	char path[4096], text[64] = "";
	struct output *output;
	struct fixture f;
	gzFile file;

	fixture_init(&f);
	output = start(&f, 8, 2, true);
	print(&f, output, "one-1");
	print(&f, output, "two-2");
	expect(&f, ".1", NULL);
	snprintf(path, sizeof(path), "%s.1.gz", f.file);
	file = gzopen(path, "r");
	assert_non_null(file);
	assert_int_equal(gzread(file, text, sizeof(text)), 5);
	assert_string_equal(text, "one-1");
	gzclose(file);
	print(&f, output, "three");
	snprintf(path, sizeof(path), "%s.2.gz", f.file);
	assert_int_equal(access(path, F_OK), 0);
	output_free(output);
	fixture_done(&f);
}

/* What is printed while nobody reads is not lost, and nobody dies of it. */
static void test_no_reader(void **state)
{
	struct output *output;
	struct fixture f;
	int fd;

	fixture_init(&f);
	output = start(&f, 100, 1, false);
	fd = fcntl(output_fd(output), F_DUPFD_CLOEXEC, 0);
	output_free(output);
	assert_int_equal(write_all(fd, "meanwhile", 9), 0);
	output = start(&f, 100, 1, false);
	turn(&f);
	expect(&f, "", "meanwhile");
	close(fd);
	output_free(output);
	fixture_done(&f);
}

static void test_lost(void **state)
{
	struct output *output;
	struct fixture f;

	fixture_init(&f);
	output = start(&f, 4, 0, false);
	print(&f, output, "123");
	assert_int_equal(unlink(f.file), 0);
	assert_int_equal(mkdir(f.file, 0700), 0);
	print(&f, output, "45");
	assert_int_equal(output_counters(output)->lost, 2);
	assert_int_not_equal(output_counters(output)->last_error, 0);
	/* As soon as it can be written again, it is. */
	assert_int_equal(rmdir(f.file), 0);
	print(&f, output, "67");
	expect(&f, "", "67");
	output_free(output);
	fixture_done(&f);
}

/* Something else under the pipe's name is left alone. */
static void test_no_pipe(void **state)
{
	struct fixture f;
	struct output_place place;
	struct output *output = NULL;

	fixture_init(&f);
	place = (struct output_place){ f.pipe, f.file, 100, 1, false };
	assert_int_equal(close(open(f.pipe, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(output_new(f.event, &place, &output, NULL), -EEXIST);
	assert_null(output);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rotation),  cmocka_unit_test(test_compression),
		cmocka_unit_test(test_no_reader), cmocka_unit_test(test_lost),
		cmocka_unit_test(test_no_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
