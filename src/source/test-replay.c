// SPDX-License-Identifier: MIT
/*
 * A file is written, damaged and told again.
 * covers: source.c
 */
#include "source/replay.h"

#include "model/record-block.h"
#include "model/record-file.h"
#include "test/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { EVENTS = 40 };

/* What a reader was told. */
struct told {
	uint64_t events, gaps, lost, unknown_gaps;
	uint32_t last_pid;
	bool in_order;
};

static void take(struct event *event, void *userdata)
{
	struct told *told = userdata;

	if (event->type == EVENT_GAP) {
		told->gaps++;
		if (event_knows(event, FIELD_LOST))
			told->lost += event->lost;
		else
			told->unknown_gaps++;
		assert_true(event_knows(event, FIELD_REASON));
		return;
	}
	assert_int_equal(event->type, EVENT_EXEC);
	assert_true(event_knows(event, FIELD_PID));
	told->in_order = told->in_order && event->pid > told->last_pid;
	told->last_pid = event->pid;
	told->events++;
}

static const struct record_about about = { .boot = "3f2a9c10-0000-0000-0000-000000000000",
					   .host = "test",
					   .version = "1",
					   .started_ns = 1 };

/* A block for every ten events. */
static void write_file(const char *path)
{
	_cleanup_(record_writer_freep) struct record_writer *writer = NULL;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(record_writer_new(fd, &about, &writer, NULL), 0);
	for (uint32_t i = 1; i <= EVENTS; i++) {
		struct event event;

		event_init(&event, EVENT_EXEC, SOURCE_BPF);
		event_set(&event, PID, pid, i);
		event_set(&event, BOOTTIME, boottime, i * 1000);
		event_set(&event, EXE, exe, slice_of("/usr/bin/true"));
		assert_int_equal(record_writer_add(writer, &event, 0), 0);
		if (i % 10 == 0)
			assert_int_equal(record_writer_flush(writer), 0);
	}
	assert_int_equal(record_writer_due(writer), UINT64_MAX);
	assert_int_equal(record_writer_finish(writer), 0);
	assert_int_equal(record_writer_events(writer), EVENTS);
	assert_int_equal(record_writer_lost(writer), 0);
}

static int tell(const char *path, struct told *told)
{
	_cleanup_(source_freep) struct source *source = NULL;
	const struct source_options options = { .sink = { take, told },
						.types = EVENT_ALL,
						.path = path };
	int r = replay_source.open(&options, &source, NULL);

	*told = (struct told){ .in_order = true };
	if (r < 0)
		return r;
	while (r >= 0)
		r = replay_source.dispatch(source, NULL);
	assert_int_equal(source->counters.lost, told->lost);
	assert_int_equal(replay_source.due(source), UINT64_MAX);
	return r;
}

static char *read_file(const char *path, size_t *ret_size)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	char *data;

	assert_int_equal(fstat(fd, &stat), 0);
	data = malloc((size_t)stat.st_size);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)stat.st_size), stat.st_size);
	*ret_size = (size_t)stat.st_size;
	return data;
}

static void put_file(const char *path, const char *data, size_t size)
{
	_cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, data, size), size);
}

static void test_there_and_back(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "record");
	struct told told;

	write_file(path);
	assert_int_equal(tell(path, &told), -ENODATA);
	assert_int_equal(told.events, EVENTS);
	assert_true(told.in_order);
	assert_int_equal(told.gaps, 0);
}

static void test_where_it_comes_from(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "record");
	_cleanup_(source_freep) struct source *source = NULL;
	const struct source_options options = { .types = EVENT_ALL, .path = path };

	write_file(path);
	assert_int_equal(replay_source.open(&options, &source, NULL), 0);
	assert_string_equal(replay_source.variant(source),
			    "recorded on test, 1970-01-01T00:00:00Z, by reeve 1");
}

/* Cut at every byte: what stands in whole blocks is told, then that it was cut. */
static void test_cut_off(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "record");
	_cleanup_(freep) char *data = NULL;
	uint64_t before = 0;
	size_t size;

	write_file(path);
	data = read_file(path, &size);
	for (size_t cut = 0; cut < size; cut++) {
		struct told told;
		int r;

		put_file(path, data, cut);
		r = tell(path, &told);
		assert_int_equal(r, cut < RECORD_MAGIC ? -EINVAL : -ENODATA);
		if (r == -EINVAL)
			continue;
		assert_true(told.in_order);
		assert_int_equal(told.events % 10, 0);
		assert_true(told.events >= before);
		assert_int_equal(told.unknown_gaps, 1);
		before = told.events;
	}
	assert_int_equal(before, EVENTS);
}

/* Any byte changed: every event is told or missing in a gap that says how many. */
static void test_damaged(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "record");
	_cleanup_(freep) char *data = NULL;
	size_t size;

	write_file(path);
	data = read_file(path, &size);
	for (size_t at = RECORD_MAGIC; at < size; at++) {
		struct told told;

		data[at] ^= 0x41;
		put_file(path, data, size);
		assert_int_equal(tell(path, &told), -ENODATA);
		assert_true(told.in_order);
		assert_true(told.gaps > 0);
		/* The end block is damaged: all was told. */
		assert_true(told.events + told.lost == EVENTS);
		data[at] ^= 0x41;
	}
}

static void test_no_record_file(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "record");
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const struct source_options options = { .types = EVENT_ALL, .path = path };
	struct source *source = NULL;
	struct told told;
	char magic[RECORD_MAGIC];

	assert_int_equal(tell(path, &told), -ENOENT);
	assert_int_equal(tell(folder, &told), -EISDIR);
	unit_write(folder, "record", "this is a text of more than sixteen bytes");
	assert_int_equal(tell(path, &told), -EINVAL);
	record_magic_pack((uint8_t *)magic);
	magic[8] = 9;
	put_file(path, magic, sizeof(magic));
	assert_int_equal(replay_source.open(&options, &source, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.message, "version 9"));
}

/* The disk is full: a gap of just what was not written, and the rest is right. */
static void test_a_full_disk(void **state)
{
	_cleanup_(record_writer_freep) struct record_writer *writer = NULL;
	struct event event;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(record_writer_new(fd, &about, &writer, NULL), -ENOSPC);
	assert_null(writer);
	close(fd);
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_int_equal(record_writer_new(fd, &about, &writer, NULL), 0);
	assert_int_equal(dup3(open("/dev/full", O_WRONLY | O_CLOEXEC), fd, O_CLOEXEC), fd);
	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	assert_int_equal(record_writer_add(writer, &event, 0), 0);
	assert_int_equal(record_writer_flush(writer), -ENOSPC);
	assert_int_equal(record_writer_lost(writer), 1);
	assert_int_equal(record_writer_events(writer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_where_it_comes_from),
		cmocka_unit_test(test_cut_off),	       cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_no_record_file), cmocka_unit_test(test_a_full_disk),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
