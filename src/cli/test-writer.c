// SPDX-License-Identifier: MIT
#include "cli/writer.h"

#include "util/host.h"

#include "test/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>

struct pipe {
	int read_fd;
	FILE *file;
};

static struct pipe new_pipe(void)
{
	int fds[2];
	struct pipe made;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
	made.read_fd = fds[0];
	made.file = fdopen(fds[1], "w");
	assert_non_null(made.file);
	return made;
}

static void gather(struct writer *writer, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text_add_bytes(&writer->text, &"0123456789"[i % 10], 1);
}

static void test_memory(void **state)
{
	struct writer writer;
	char *data = NULL;
	size_t size;
	FILE *file = open_memstream(&data, &size);

	writer_init(&writer, file, -1, UINT64_MAX);
	assert_int_equal(writer_flush(&writer), 0);
	gather(&writer, 20);
	assert_int_equal(writer_flush(&writer), 0);
	gather(&writer, 3);
	assert_int_equal(writer_flush(&writer), 0);
	assert_string_equal(data, "01234567890123456789012");
	writer_done(&writer);
	fclose(file);
	free(data);
}

static void test_pipe(void **state)
{
	struct pipe made = new_pipe();
	struct writer writer;
	char back[64];

	writer_init(&writer, made.file, -1, UINT64_MAX);
	gather(&writer, 15);
	assert_int_equal(writer_flush(&writer), 0);
	assert_int_equal(read(made.read_fd, back, sizeof(back)), 15);
	assert_memory_equal(back, "012345678901234", 15);
	writer_done(&writer);
	fclose(made.file);
	close(made.read_fd);
}

/* The reader is stuck: a signal is heard all the same, though not at once. */
static void test_stop(void **state)
{
	struct pipe made = new_pipe();
	int stop = eventfd(1, EFD_CLOEXEC);
	uint64_t begun = clock_monotonic();
	struct writer writer;

	writer_init(&writer, made.file, stop, UINT64_MAX);
	gather(&writer, 200000);
	assert_int_equal(writer_flush(&writer), -EINTR);
	assert_in_range(clock_monotonic() - begun, 900000000, 20000000000);
	writer_done(&writer);
	fclose(made.file);
	close(made.read_fd);
	close(stop);
}

static void test_deadline(void **state)
{
	struct pipe made = new_pipe();
	uint64_t begun = clock_monotonic();
	struct writer writer;

	writer_init(&writer, made.file, -1, begun + 100000000);
	gather(&writer, 200000);
	assert_int_equal(writer_flush(&writer), -EINTR);
	assert_in_range(clock_monotonic() - begun, 90000000, 20000000000);
	writer_done(&writer);
	fclose(made.file);
	close(made.read_fd);
}

static void test_nobody_reads(void **state)
{
	struct pipe made = new_pipe();
	struct writer writer;

	(void)signal(SIGPIPE, SIG_IGN);
	close(made.read_fd);
	writer_init(&writer, made.file, -1, UINT64_MAX);
	gather(&writer, 10);
	assert_int_equal(writer_flush(&writer), -EPIPE);
	writer_done(&writer);
	fclose(made.file);
}

static void test_full_disk(void **state)
{
	FILE *file = fopen("/dev/full", "we");
	struct writer writer;

	if (!file)
		skip();
	writer_init(&writer, file, -1, UINT64_MAX);
	gather(&writer, 10);
	assert_int_equal(writer_flush(&writer), -ENOSPC);
	writer_done(&writer);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),	     cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_stop),	     cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_nobody_reads), cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
