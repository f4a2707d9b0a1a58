// SPDX-License-Identifier: MIT
#include "core/verify.h"

#include "test/unit.h"

#include <sys/syscall.h>

/* Process 12 of a /proc of our own; by image, as the BPF program sees real processes only. */
struct fixture {
	char *folder;
	struct host *host;
	struct confirm *confirm;
	struct decision decision;
	uint64_t ticks;
};

static void set_image(const struct fixture *f, const char *image)
{
	unit_write(f->folder, "proc/12/auxv", image);
}

static void set_thread(const struct fixture *f, int tid, const char *syscall, unsigned user,
		       unsigned kernel)
{
	char name[64], text[200];

	snprintf(name, sizeof(name), "proc/12/task/%d/syscall", tid);
	unit_write(f->folder, name, syscall);
	snprintf(name, sizeof(name), "proc/12/stat");
	snprintf(text, sizeof(text),
		 "12 (a) b) R 1 12 12 0 -1 4194304 90 0 1 0 %u %u 7 8 20 0 1 0 100\n", user,
		 kernel);
	unit_write(f->folder, name, text);
}

static void start(struct fixture *f)
{
	*f = (struct fixture){ .folder = unit_folder_new() };
	set_image(f, "one");
	assert_int_equal(host_new_at(f->folder, 1, &f->host, NULL), 0);
	assert_int_equal(confirm_new(f->host, &f->confirm), 0);
	assert_false(confirm_is_fast(f->confirm));
	f->decision.pid = 12;
	f->decision.ticket = confirm_ticket(f->confirm, 12);
	assert_true(f->decision.ticket != 0);
	confirm_arm(f->confirm, 12, f->decision.ticket);
}

static void stop(struct fixture *f)
{
	confirm_free(f->confirm);
	host_free(f->host);
	unit_folder_free(f->folder);
}

static enum verify_outcome verify(struct fixture *f)
{
	return verify_execution(f->confirm, f->host, &f->decision, &f->ticks);
}

static void test_success_and_failure(void **state)
{
	struct fixture f;
	char text[100];

	start(&f);
	snprintf(text, sizeof(text), "%d 0x1 0x2 0x3 0x4 0x0 0x0 0x1 0x2\n", SYS_execve);
	set_thread(&f, 12, text, 5, 5);
	assert_int_equal(verify(&f), VERIFY_LATER);
	/* Blocked in another call, with the old image: it failed. */
	set_thread(&f, 12, "0 0x1 0x2 0x3 0x4 0x0 0x0 0x1 0x2\n", 5, 5);
	assert_int_equal(verify(&f), VERIFY_FAILED);
	/* Another thread is in execve. */
	set_thread(&f, 13, text, 5, 5);
	assert_int_equal(verify(&f), VERIFY_LATER);
	set_image(&f, "two");
	assert_int_equal(verify(&f), VERIFY_DONE);
	f.decision.pid = 14;
	assert_int_equal(verify(&f), VERIFY_DONE);
	stop(&f);
}

/* However long it waits for a processor; only what it has used tells. */
static void test_running(void **state)
{
	const unsigned much = (unsigned)sysconf(_SC_CLK_TCK);
	struct fixture f;

	start(&f);
	set_thread(&f, 12, "running\n", 1000, 1000);
	for (int i = 0; i < 20; i++)
		assert_int_equal(verify(&f), VERIFY_LATER);
	set_thread(&f, 12, "running\n", 1000 + much / 10, 1000 + much / 10);
	assert_int_equal(verify(&f), VERIFY_LATER);
	set_thread(&f, 12, "running\n", 1000 + much / 10, 1000 + much / 4);
	assert_int_equal(verify(&f), VERIFY_FAILED);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success_and_failure),
		cmocka_unit_test(test_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
