// SPDX-License-Identifier: MIT
#include "bpf/listing.h"

#include "test/unit.h"
#include "util/fd.h"

#include <sys/mman.h>

struct told {
	unsigned running, groups;
	size_t bytes;
};

static void on_record(const void *record, uint32_t size, void *userdata)
{
	struct told *told = userdata;
	struct watch_head head;

	memcpy(&head, record, sizeof(head));
	told->running += head.record == WATCH_RUNNING;
	told->groups += head.record == WATCH_CGROUP;
	told->bytes += size;
}

static int file_of(const void *data, size_t size)
{
	int fd = memfd_create("records", MFD_CLOEXEC);

	assert_int_equal(write(fd, data, size), (ssize_t)size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static size_t add_running(char *to, uint16_t size, uint16_t below)
{
	struct watch_exec running = { .head.record = WATCH_RUNNING,
				      .exe = { .size = size, .below = below } };

	memcpy(to, &running, sizeof(running));
	memset(to + sizeof(running), 'x', (size_t)size + below);
	return sizeof(running) + size + below;
}

static size_t add_groups(char *to, uint32_t size)
{
	struct watch_cgroup groups = { .head.record = WATCH_CGROUP, .size = size };

	memcpy(to, &groups, sizeof(groups));
	memset(to + sizeof(groups), 'x', size);
	return sizeof(groups) + size;
}

/* More than one buffer of them, so that some are read in two pieces. */
static void test_records(void **state)
{
	_cleanup_(freep) char *data = malloc(1 << 20);
	_cleanup_(closep) int fd = -1;
	struct told told = { 0 };
	size_t size = 0;

	for (unsigned i = 0; i < 500; i++) {
		if (i % 10 == 0)
			size += add_groups(data + size, 8 * (i % 7));
		size += add_running(data + size, (uint16_t)(i % 300), (uint16_t)(i % 3));
	}
	fd = file_of(data, size);
	assert_int_equal(listing_read(fd, on_record, &told), 0);
	assert_int_equal(told.running, 500);
	assert_int_equal(told.groups, 50);
	assert_int_equal(told.bytes, size);
}

static void test_none(void **state)
{
	_cleanup_(closep) int fd = file_of("", 0);
	struct told told = { 0 };

	assert_int_equal(listing_read(fd, on_record, &told), 0);
	assert_int_equal(told.bytes, 0);
	assert_int_equal(listing_read(-1, on_record, &told), -EBADF);
}

static void test_records_that_are_none(void **state)
{
	struct watch_head other = { .record = WATCH_FORK };
	char data[4096];
	size_t size = add_running(data, 100, 0);

	for (size_t n = 1; n < size; n++) {
		_cleanup_(closep) int cut = file_of(data, n);
		struct told told = { 0 };

		assert_int_equal(listing_read(cut, on_record, &told), -EBADMSG);
		assert_int_equal(told.bytes, 0);
	}
	for (int i = 0; i < 2; i++) {
		_cleanup_(closep) int fd = -1;
		struct told told = { 0 };

		/* One of another kind, and one that no buffer holds. */
		if (i == 0)
			memcpy(data, &other, sizeof(other));
		else
			add_groups(data, 0);
		if (i == 1)
			((struct watch_cgroup *)(void *)data)->size = UINT32_MAX;
		fd = file_of(data, size);
		assert_int_equal(listing_read(fd, on_record, &told), -EBADMSG);
		assert_int_equal(told.bytes, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_records_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
