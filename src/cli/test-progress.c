// SPDX-License-Identifier: MIT
/* A line on a terminal, none elsewhere, and nothing left of it. */
#include "cli/progress.h"

#include "test/unit.h"

#include <fcntl.h>
#include <pty.h>

/* What the terminal was sent. */
static const char *sent(int terminal, char buffer[static 512])
{
	ssize_t n;

	(void)fcntl(terminal, F_SETFL, O_NONBLOCK);
	n = read(terminal, buffer, 511);
	buffer[MAX(n, 0)] = '\0';
	return buffer;
}

static void test_terminal(void **state)
{
	struct winsize size = { .ws_row = 24, .ws_col = 20 };
	struct progress progress;
	char buffer[512];
	int terminal, ours;
	FILE *file;

	setenv("TERM", "xterm", true);
	assert_int_equal(openpty(&terminal, &ours, NULL, NULL, &size), 0);
	file = fdopen(ours, "w");
	assert_non_null(file);
	progress_init(&progress, file);
	progress_say(&progress, "at once");
	progress_end(&progress);
	assert_string_equal(sent(terminal, buffer), "");
	progress.due_ns = 0;
	progress_say(&progress, "%d of \033[1m", 1);
	progress_say(&progress, "too soon");
	assert_string_equal(sent(terminal, buffer), "\r\033[K1 of \\x1b[1m");
	progress.due_ns = 0;
	progress_say(&progress, "ä2345678901234567890");
	assert_string_equal(sent(terminal, buffer), "\r\033[Kä234567890123456789");
	progress_end(&progress);
	progress_end(&progress);
	assert_string_equal(sent(terminal, buffer), "\r\033[K");
	setenv("TERM", "dumb", true);
	progress_init(&progress, file);
	progress.due_ns = 0;
	progress_say(&progress, "no line can be erased");
	progress_end(&progress);
	assert_string_equal(sent(terminal, buffer), "");
	fclose(file);
	close(terminal);
}

static void test_elsewhere(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	struct progress progress;

	assert_non_null(file);
	progress_init(&progress, file);
	progress.due_ns = 0;
	progress_say(&progress, "nobody looks");
	progress_end(&progress);
	fclose(file);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
