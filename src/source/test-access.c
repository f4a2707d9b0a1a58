// SPDX-License-Identifier: MIT
#include "source/access.h"

#include "test/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>

static int give_flags(uint64_t address, uint64_t *ret_word, void *userdata)
{
	assert_int_equal(address, 0x7f00);
	*ret_word = *(uint64_t *)userdata;
	return 0;
}

static int give_nothing(uint64_t address, uint64_t *ret_word, void *userdata)
{
	return -EFAULT;
}

static unsigned parse(long number, uint64_t a1, uint64_t a2)
{
	char text[200];

	snprintf(text, sizeof(text), "%ld 0xffffff9c 0x%llx 0x%llx 0x0 0x0 0x0 0x7ffc 0x7f12\n",
		 number, (unsigned long long)a1, (unsigned long long)a2);
	return access_parse(text, give_nothing, NULL);
}

static void test_flags(void **state)
{
	assert_int_equal(parse(SYS_openat, 1, O_RDONLY | O_CLOEXEC), ACCESS_READ);
	assert_int_equal(parse(SYS_openat, 1, O_WRONLY), ACCESS_WRITE);
	assert_int_equal(parse(SYS_openat, 1, O_RDWR), ACCESS_READ | ACCESS_WRITE);
	/* Truncating is writing, whatever else is asked for. */
	assert_int_equal(parse(SYS_openat, 1, O_RDONLY | O_TRUNC), ACCESS_READ | ACCESS_WRITE);
	assert_int_equal(parse(SYS_execve, 1, 2), ACCESS_EXECUTE);
	assert_int_equal(parse(SYS_execveat, 1, 2), ACCESS_EXECUTE);
	assert_int_equal(parse(SYS_io_uring_enter, 1, 2), ACCESS_UNKNOWN);
	assert_int_equal(parse(-1, 1, 2), ACCESS_UNKNOWN);
#ifdef SYS_open
	assert_int_equal(parse(SYS_open, O_WRONLY, 0), ACCESS_WRITE);
	assert_int_equal(parse(SYS_creat, 0600, 0), ACCESS_WRITE);
#endif
}

static void test_openat2(void **state)
{
	uint64_t flags = O_RDWR;
	char text[100];

	snprintf(text, sizeof(text), "%d 0x3 0x10 0x7f00 0x18 0x0 0x0 0x1 0x2", SYS_openat2);
	assert_int_equal(access_parse(text, give_flags, &flags), ACCESS_READ | ACCESS_WRITE);
	assert_int_equal(access_parse(text, give_nothing, NULL), ACCESS_UNKNOWN);
	assert_int_equal(access_parse(text, NULL, NULL), ACCESS_UNKNOWN);
}

static void test_other_texts(void **state)
{
	assert_int_equal(access_parse("running\n", NULL, NULL), ACCESS_UNKNOWN);
	assert_int_equal(access_parse("", NULL, NULL), ACCESS_UNKNOWN);
	assert_int_equal(access_parse("-1 0x7ffc 0x7f12\n", NULL, NULL), ACCESS_UNKNOWN);
	assert_int_equal(access_parse("257 0x", NULL, NULL), ACCESS_UNKNOWN);
}

static void test_a_thread(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	char text[100];

	snprintf(text, sizeof(text), "%d 0x3 0x10 0x1 0x0 0x0 0x0 0x1 0x2", SYS_openat);
	unit_write(folder, "proc/12/syscall", text);
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(access_of_thread(host, 12), ACCESS_WRITE);
	assert_int_equal(access_of_thread(host, 13), ACCESS_UNKNOWN);

	/* One that never gets to sleep is not waited for without end. */
	unit_write(folder, "proc/14/syscall", "running\n");
	assert_int_equal(access_of_thread(host, 14), ACCESS_UNKNOWN);
	assert_true(access_read_syscall(host, 14, 0, text, sizeof(text)));
	assert_string_equal(text, "running\n");
	assert_false(access_read_syscall(host, 13, 0, text, sizeof(text)));
}

static void *sleep_soon(void *userdata)
{
	_cleanup_(freep) char *later = unit_path(userdata, "proc/15/later");
	_cleanup_(freep) char *now = unit_path(userdata, "proc/15/syscall");

	usleep(20000);
	assert_int_equal(rename(later, now), 0);
	return NULL;
}

static void test_a_thread_on_its_way(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	pthread_t thread;
	char text[100];

	snprintf(text, sizeof(text), "%d 0x3 0x10 0x0 0x0 0x0 0x0 0x1 0x2", SYS_openat);
	unit_write(folder, "proc/15/syscall", "running\n");
	unit_write(folder, "proc/15/later", text);
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleep_soon, folder), 0);
	assert_int_equal(access_of_thread(host, 15), ACCESS_READ);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_place(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	char text[100];

	snprintf(text, sizeof(text), "%d 0x3 0x10 0x1 0x0 0x0 0x0 0x1 0x2", SYS_execve);
	unit_write(folder, "proc/12/task/12/syscall", "running\n");
	unit_write(folder, "proc/12/task/14/syscall", text);
	unit_write(folder, "proc/15/task/15/syscall", "running\n");
	unit_write(folder, "proc/16/task/16/syscall", "1 0x1 0x0 0x0 0x0 0x0 0x0 0x1 0x2");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(access_place_of(host, 12), ACCESS_IN_EXECVE);
	assert_int_equal(access_place_of(host, 15), ACCESS_RUNNING);
	assert_int_equal(access_place_of(host, 16), ACCESS_OUTSIDE);
	assert_int_equal(access_place_of(host, 17), ACCESS_OUTSIDE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_openat2),
		cmocka_unit_test(test_other_texts),
		cmocka_unit_test(test_a_thread),
		cmocka_unit_test(test_a_thread_on_its_way),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
