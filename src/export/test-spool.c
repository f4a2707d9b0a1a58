// SPDX-License-Identifier: MIT
/* covers: spool-open.c spool-read.c spool-state.c gap.c */
#include "export/spool-internal.h"

#include "export/gap.h"
#include "test/unit.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { PAYLOAD = 200 };

struct world {
	char *base, *folder;
	struct spool *spool;
	unsigned told;
};

static void count_told(void *userdata, const char *sentence)
{
	struct world *world = userdata;

	world->told++;
}

static void open_as(struct world *world, uint64_t bytes, const char *boot, const char *host)
{
	const struct spool_options options = {
		.folder = world->folder,
		.bytes = bytes,
		.boot = boot,
		.host = host,
		.tell = count_told,
		.userdata = world,
	};
	struct error err = ERROR_INIT;

	if (spool_open(&options, &world->spool, &err) < 0)
		fail_msg("%s", error_text(&err));
	error_done(&err);
}

static void open_with(struct world *world, uint64_t bytes, const char *boot)
{
	open_as(world, bytes, boot, "here");
}

static void reopen(struct world *world)
{
	spool_free(world->spool);
	open_with(world, 8 << 20, "00000000-0000-0000-0000-000000000001");
}

/* As if the daemon had been killed: what is gathered is nowhere. */
static void kill_it(struct world *world)
{
	world->spool->gathered.size = 0;
	world->spool->gathered_events = 0;
	world->spool->state_changed = false;
	world->spool->state.losing = false;
	reopen(world);
}

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->base = unit_folder_new();
	world->folder = unit_path(world->base, "sinks/one");
	open_with(world, 8 << 20, "00000000-0000-0000-0000-000000000001");
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	spool_free(world->spool);
	free(world->folder);
	unit_folder_free(world->base);
	free(world);
	return 0;
}

static void add(struct spool *spool, unsigned count)
{
	char payload[PAYLOAD + 1];

	while (count-- > 0) {
		snprintf(payload, sizeof(payload), "{\"n\":%0194d}", (int)count);
		spool_add(spool, SPOOL_EVENT, 42, payload, PAYLOAD);
	}
}

struct sums {
	uint64_t events, gaps, lost, first, next;
};

/* Everything that has not arrived: in order, no number twice, none left out. */
static struct sums drain(struct spool *spool)
{
	struct sums sums = { .first = spool_acked(spool), .next = spool_acked(spool) };
	struct spool_record record;
	struct spool_origin origin;
	int r;

	spool_rewind(spool);
	while ((r = spool_next(spool, &record, &origin)) > 0) {
		assert_int_equal(record.sequence, sums.next);
		assert_int_equal(strlen(origin.boot), 36);
		sums.next += record.count;
		if (record.kind == SPOOL_GAP) {
			assert_non_null(
				memmem(record.payload.data, record.payload.size, "\"reason\"", 8));
			sums.gaps++;
			sums.lost += record.count;
		} else {
			assert_int_equal(record.payload.size, PAYLOAD);
			sums.events++;
		}
	}
	assert_int_equal(r, 0);
	assert_int_equal(sums.next, spool_end(spool));
	return sums;
}

static void test_kept_over_restarts(void **state)
{
	struct world *world = *state;
	struct sums sums;
	uint64_t middle;

	add(world->spool, 1000);
	assert_int_equal(spool_flush(world->spool), 0);
	sums = drain(world->spool);
	assert_int_equal(sums.events, 1000);
	middle = sums.first + 400;
	spool_ack(world->spool, middle);
	reopen(world);
	add(world->spool, 10);
	assert_int_equal(spool_flush(world->spool), 0);
	sums = drain(world->spool);
	assert_int_equal(sums.first, middle);
	assert_int_equal(sums.events, 610);
	assert_int_equal(sums.gaps, 0);
	assert_int_equal(world->told, 0);
	spool_ack(world->spool, sums.next);
	reopen(world);
	assert_int_equal(drain(world->spool).events, 0);
	assert_int_equal(spool_counters(world->spool)->queued, 0);
	assert_int_equal(spool_counters(world->spool)->bytes, 0);
}

static void test_full(void **state)
{
	struct world *world = *state;
	struct sums sums;
	uint64_t told;

	spool_free(world->spool);
	open_with(world, SPOOL_BYTES_LEAST, "00000000-0000-0000-0000-000000000001");
	for (int i = 0; i < 100; i++) {
		add(world->spool, 100);
		assert_int_equal(spool_flush(world->spool), 0);
		assert_true(spool_counters(world->spool)->bytes <= SPOOL_BYTES_LEAST);
	}
	sums = drain(world->spool);
	/* No more than a record's room is left. */
	assert_true(sums.events >= (SPOOL_BYTES_LEAST - 4096) / (PAYLOAD + SEGMENT_RECORD));
	assert_int_equal(spool_counters(world->spool)->lost, 10000 - sums.events);
	/* Where an event has no room, the record of those that were lost before may have. */
	told = sums.lost;
	spool_ack(world->spool, sums.next);
	add(world->spool, 1);
	assert_int_equal(spool_flush(world->spool), 0);
	sums = drain(world->spool);
	assert_int_equal(sums.gaps, 1);
	assert_int_equal(told + sums.lost, spool_counters(world->spool)->lost);
	assert_int_equal(sums.events, 1);
}

/* What was lost before a daemon was killed is told by the next. */
static void test_killed_while_full(void **state)
{
	struct world *world = *state;
	uint64_t lost, told;

	spool_free(world->spool);
	open_with(world, SPOOL_BYTES_LEAST, "00000000-0000-0000-0000-000000000001");
	for (int i = 0; i < 100; i++) {
		add(world->spool, 100);
		(void)spool_flush(world->spool);
	}
	lost = spool_counters(world->spool)->lost;
	assert_true(lost > 0);
	told = drain(world->spool).lost;
	kill_it(world);
	assert_int_equal(told + spool_counters(world->spool)->lost, lost);
	assert_int_equal(spool_flush(world->spool), 0);
	assert_int_equal(drain(world->spool).lost, lost);
}

static void test_killed_before_write(void **state)
{
	struct world *world = *state;
	struct sums sums;

	add(world->spool, 10);
	spool_flush(world->spool);
	add(world->spool, 5);
	spool_save(world->spool);
	kill_it(world);
	add(world->spool, 1);
	spool_flush(world->spool);
	sums = drain(world->spool);
	assert_int_equal(sums.events, 11);
	assert_int_equal(sums.lost, 5);
}

static char *only_file(struct world *world)
{
	DIR *folder = opendir(world->folder);
	const struct dirent *entry;
	char *path = NULL;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (strstr(entry->d_name, ".spool") && !strstr(entry->d_name, "aside")) {
			assert_null(path);
			path = unit_path(world->folder, entry->d_name);
		}
	closedir(folder);
	assert_non_null(path);
	return path;
}

static void change(const char *path, off_t at, const char *bytes)
{
	_cleanup_(closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, strlen(bytes), at), strlen(bytes));
}

static void test_cut(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = NULL;
	struct sums sums;

	add(world->spool, 100);
	spool_flush(world->spool);
	path = only_file(world);
	spool_free(world->spool);
	world->spool = NULL;
	assert_int_equal(truncate(path, 64 + 50 * (PAYLOAD + SEGMENT_RECORD) + 7), 0);
	reopen(world);
	assert_int_equal(world->told, 1);
	add(world->spool, 3);
	spool_flush(world->spool);
	sums = drain(world->spool);
	assert_int_equal(sums.events, 53);
	assert_int_equal(sums.lost, 50);
	assert_int_equal(spool_counters(world->spool)->lost, 50);
	assert_int_equal(spool_counters(world->spool)->damaged, 1);
}

static void test_overwritten(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = NULL;
	struct sums sums;

	add(world->spool, 100);
	spool_flush(world->spool);
	path = only_file(world);
	change(path, 64 + 20 * (PAYLOAD + SEGMENT_RECORD) + 50, "somebody's");
	change(path, 64 + 40 * (PAYLOAD + SEGMENT_RECORD) + 4, "xyz");
	/* While it is in use, and again by the next daemon: the same gaps. */
	for (int i = 0; i < 2; i++) {
		sums = drain(world->spool);
		assert_int_equal(sums.events, 98);
		assert_int_equal(sums.gaps, 2);
		assert_int_equal(sums.lost, 2);
		assert_int_equal(drain(world->spool).lost, 2);
		assert_int_equal(spool_counters(world->spool)->lost, 2);
		assert_true(world->told > 0);
		reopen(world);
	}
}

static void set_header_aside(struct world *world, off_t at, const char *bytes)
{
	_cleanup_(freep) char *path = NULL;
	struct sums sums;

	add(world->spool, 100);
	spool_flush(world->spool);
	path = only_file(world);
	change(path, at, bytes);
	reopen(world);
	assert_int_equal(world->told, 1);
	add(world->spool, 3);
	spool_flush(world->spool);
	sums = drain(world->spool);
	assert_int_equal(sums.events, 3);
	assert_int_equal(sums.lost, 100);
	/* What is there is kept, and counts. */
	assert_true(spool_counters(world->spool)->bytes > 100 * PAYLOAD);
	spool_ack(world->spool, sums.next);
	reopen(world);
	assert_int_equal(drain(world->spool).next, sums.next);
}

static void test_header_overwritten(void **state)
{
	set_header_aside(*state, 20, "??");
}

static void test_state_lost(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->folder, "state");
	struct sums sums;

	add(world->spool, 100);
	spool_flush(world->spool);
	sums = drain(world->spool);
	spool_ack(world->spool, sums.first + 10);
	spool_free(world->spool);
	world->spool = NULL;
	change(path, 3, "damaged");
	reopen(world);
	assert_int_equal(world->told, 1);
	/* All once more, by the same numbers. */
	assert_int_equal(drain(world->spool).first, sums.first);
	assert_int_equal(drain(world->spool).events, 100);
	assert_int_equal(drain(world->spool).lost, 0);
	/* Nothing at all can be read: numbers are not given out again. */
	_cleanup_(freep) char *file = only_file(world);

	spool_free(world->spool);
	world->spool = NULL;
	change(file, 0, "zzz");
	change(path, 3, "damaged");
	reopen(world);
	add(world->spool, 1);
	spool_flush(world->spool);
	assert_true(drain(world->spool).next > sums.next);
	assert_int_equal(drain(world->spool).gaps, 1);
	assert_int_equal(drain(world->spool).events, 1);
}

static void test_removed_file(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = NULL;

	add(world->spool, 100);
	spool_flush(world->spool);
	path = only_file(world);
	assert_int_equal(unlink(path), 0);
	reopen(world);
	spool_flush(world->spool);
	assert_int_equal(drain(world->spool).lost, 100);
}

static void test_new_boot(void **state)
{
	struct world *world = *state;
	struct spool_record record;
	struct spool_origin origin;

	add(world->spool, 1);
	spool_free(world->spool);
	open_with(world, 8 << 20, "00000000-0000-0000-0000-000000000002");
	add(world->spool, 1);
	spool_flush(world->spool);
	assert_int_equal(spool_next(world->spool, &record, &origin), 1);
	assert_int_equal(origin.boot[35], '1');
	assert_int_equal(spool_next(world->spool, &record, &origin), 1);
	assert_int_equal(origin.boot[35], '2');
	assert_int_equal(spool_next(world->spool, &record, &origin), 0);
}

static void test_in_use(void **state)
{
	struct world *world = *state;
	const struct spool_options options = {
		.folder = world->folder, .bytes = 8 << 20, .boot = "", .host = ""
	};
	struct error err = ERROR_INIT;
	struct spool *other;

	assert_int_equal(spool_open(&options, &other, &err), -EBUSY);
	assert_non_null(strstr(error_text(&err), "in use by another"));
	error_done(&err);
}

static void test_too_large(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *large = calloc(1, SEGMENT_PAYLOAD_MOST + 1);

	add(world->spool, 1);
	spool_add(world->spool, SPOOL_EVENT, 1, large, SEGMENT_PAYLOAD_MOST + 1);
	add(world->spool, 1);
	spool_flush(world->spool);
	assert_int_equal(drain(world->spool).events, 2);
	assert_int_equal(drain(world->spool).lost, 1);
}

/* Each write in turn meets a disk that is full after so many bytes. */
static void test_disk_full_at_each_byte(void **state)
{
	struct world *world = *state;
	struct sums sums;

	for (rlim_t room = 0; room < 3 * (PAYLOAD + SEGMENT_RECORD); room += 13) {
		struct rlimit old, limit;
		uint64_t lost = spool_counters(world->spool)->lost;
		int r;

		(void)signal(SIGXFSZ, SIG_IGN);
		spool_ack(world->spool, spool_end(world->spool));
		reopen(world);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
		limit = old;
		limit.rlim_cur = MAX(room, (rlim_t)SPOOL_STATE);
		lost = spool_counters(world->spool)->lost;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		add(world->spool, 3);
		r = spool_flush(world->spool);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_true(r < 0);
		assert_int_equal(spool_counters(world->spool)->lost - lost, 3);
		add(world->spool, 2);
		assert_int_equal(spool_flush(world->spool), 0);
		sums = drain(world->spool);
		assert_int_equal(sums.events, 2);
		assert_int_equal(sums.lost, 3);
		assert_int_equal(sums.gaps, 1);
	}
}

/* What has arrived does not keep the room that is needed. */
static void test_disk_full_of_what_has_arrived(void **state)
{
	struct world *world = *state;
	struct rlimit old, limit;
	uint64_t lost;

	(void)signal(SIGXFSZ, SIG_IGN);
	add(world->spool, 10);
	assert_int_equal(spool_flush(world->spool), 0);
	spool_ack(world->spool, spool_end(world->spool));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 10 * (PAYLOAD + SEGMENT_RECORD);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	add(world->spool, 3);
	assert_int_equal(spool_flush(world->spool), -EFBIG);
	assert_int_equal(spool_counters(world->spool)->bytes, 0);
	lost = spool_counters(world->spool)->lost;
	add(world->spool, 2);
	assert_int_equal(spool_flush(world->spool), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(drain(world->spool).events, 2);
	assert_int_equal(drain(world->spool).lost, lost);
}

/* Of the state alone nothing is written at first: 64 bytes, of which 32 have room. */
static void test_disk_full_for_the_state(void **state)
{
	struct world *world = *state;
	struct rlimit old, limit;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 32;
	assert_int_equal(ftruncate(world->spool->state_fd, 0), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	world->spool->state_changed = true;
	spool_save(world->spool);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(spool_counters(world->spool)->last_error, -ENOSPC);
	assert_int_equal(spool_counters(world->spool)->failures, 1);
	/* With half a state a new daemon sends all again, by the same numbers. */
	add(world->spool, 3);
	world->spool->state_changed = false;
	assert_int_equal(spool_flush(world->spool), 0);
	world->spool->state_changed = true;
	spool_save(world->spool);
	assert_int_equal(spool_counters(world->spool)->last_error, 0);
	assert_int_equal(drain(world->spool).events, 3);
	reopen(world);
	assert_int_equal(drain(world->spool).events, 3);
}

/* Its disk was in another machine, or the machine had another name. */
static void test_of_another_host(void **state)
{
	static const char boot[] = "00000000-0000-0000-0000-000000000002";
	struct world *world = *state;
	struct spool_record record;
	struct spool_origin origin;

	add(world->spool, 1);
	assert_int_equal(spool_flush(world->spool), 0);
	spool_free(world->spool);
	open_as(world, 8 << 20, boot, "there");
	assert_int_equal(world->told, 1);
	add(world->spool, 1);
	assert_int_equal(spool_flush(world->spool), 0);
	assert_int_equal(spool_next(world->spool, &record, &origin), 1);
	assert_string_equal(origin.host, "here");
	assert_int_equal(origin.boot[35], '1');
	assert_int_equal(spool_next(world->spool, &record, &origin), 1);
	assert_string_equal(origin.host, "there");
	assert_int_equal(spool_next(world->spool, &record, &origin), 0);
	/* A name that could stand in no line of JSON is not written. */
	spool_free(world->spool);
	open_as(world, 8 << 20, boot, "a\"b");
	add(world->spool, 1);
	assert_int_equal(spool_flush(world->spool), 0);
	assert_int_equal(drain(world->spool).events, 3);
}

static void test_gap_text(void **state)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct gap gap = { .time = 0, .first = 5, .count = 2, .reason = "a \"word\"" };

	gap_add_json(&gap, &text);
	assert_string_equal(text.data,
			    "{\"type\":\"gap\",\"source\":\"reeve\",\"time\":"
			    "\"1970-01-01T00:00:00.000000000Z\",\"first\":5,\"last\":6,\"lost\":2,"
			    "\"reason\":\"a \\u0022word\\u0022\"}");
}

static void test_state_file(void **state)
{
	const struct spool_state one = { .next = 9,
					 .acked = 4,
					 .losing = true,
					 .lost_first = 6,
					 .lost_from = 5,
					 .lost_errno = ENOSPC };
	unsigned char bytes[SPOOL_STATE];
	struct spool_state read;

	spool_state_write(&one, bytes);
	assert_int_equal(spool_state_read(bytes, sizeof(bytes), &read), 0);
	assert_int_equal(read.next, one.next);
	assert_int_equal(read.acked, one.acked);
	assert_int_equal(read.losing, one.losing);
	assert_int_equal(read.lost_first, one.lost_first);
	assert_int_equal(read.lost_from, one.lost_from);
	assert_int_equal(read.lost_errno, one.lost_errno);
	assert_int_equal(spool_state_read(bytes, 0, &read), -ENODATA);
	assert_int_equal(spool_state_read(bytes, 63, &read), -EBADMSG);
	for (size_t at = 0; at < SPOOL_STATE; at++) {
		bytes[at] ^= 1;
		assert_int_equal(spool_state_read(bytes, sizeof(bytes), &read), -EBADMSG);
		bytes[at] ^= 1;
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_kept_over_restarts),
		CASE(test_full),
		CASE(test_killed_while_full),
		CASE(test_killed_before_write),
		CASE(test_cut),
		CASE(test_overwritten),
		CASE(test_header_overwritten),
		CASE(test_state_lost),
		CASE(test_removed_file),
		CASE(test_new_boot),
		CASE(test_in_use),
		CASE(test_of_another_host),
		CASE(test_disk_full_for_the_state),
		CASE(test_too_large),
		CASE(test_disk_full_at_each_byte),
		CASE(test_disk_full_of_what_has_arrived),
		cmocka_unit_test(test_gap_text),
		cmocka_unit_test(test_state_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
