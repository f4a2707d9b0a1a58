// SPDX-License-Identifier: MIT
/*
 * Runs one fuzzer over its corpus without libFuzzer, so that every build and every compiler does:
 * each file as it is, cut off at every byte, and with single bytes changed. Nothing is random: what
 * failed once fails again. Prints TAP, a test a file.
 *
 * usage: replay-NAME FILE-OR-FOLDER...
 */
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
void __sanitizer_set_death_callback(void (*function)(void)) __attribute__((weak));

enum {
	FILE_MAX = 16 << 20,
	CUT_MAX = 4096,	   /* files are cut at each of so many bytes */
	CHANGE_MAX = 1024, /* and at most so many bytes, evenly spread, are changed */
};

/* What each chosen byte is changed to, by exclusive or: other letter, other case, other kind. */
static const uint8_t changes[] = { 0x01, 0x20, 0x80, 0xff };

/* What is being run just now, for the message when it is the last thing that happens. */
static char now[512];

static void say_where(void)
{
	static const char before[] = "\n# while it read ";

	(void)!write(STDERR_FILENO, before, sizeof(before) - 1);
	(void)!write(STDERR_FILENO, now, strlen(now));
	(void)!write(STDERR_FILENO, "\n", 1);
}

static void on_signal(int number)
{
	say_where();
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_the_end(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

	/* Meson ends what takes too long by SIGTERM. */
	signal(SIGTERM, on_signal);
	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(say_where);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		signal(crashes[i], on_signal);
}

/* Runs a copy of exactly that size, so that reading behind its end is seen. */
static void run(const char *data, size_t size)
{
	_cleanup_(freep) uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
}

static size_t run_cut(const char *path, const char *data, size_t size)
{
	size_t runs = 0;

	for (; runs < MIN(size, (size_t)CUT_MAX); runs++) {
		snprintf(now, sizeof(now), "%s cut to %zu bytes", path, runs);
		run(data, runs);
	}
	return runs;
}

static size_t run_changed(const char *path, char *data, size_t size)
{
	size_t step = size / CHANGE_MAX + 1, runs = 0;

	for (size_t at = 0; at < size; at += step) {
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++, runs++) {
			snprintf(now, sizeof(now), "%s with byte %zu xor 0x%02x", path, at,
				 changes[i]);
			data[at] = (char)(data[at] ^ changes[i]);
			run(data, size);
			data[at] = (char)(data[at] ^ changes[i]);
		}
	}
	return runs;
}

static int run_file(const char *path, unsigned number)
{
	_cleanup_(freep) char *data = NULL;
	size_t size, runs;
	int r = file_read_at(AT_FDCWD, path, FILE_MAX, &data, &size);

	if (r < 0) {
		printf("not ok %u %s\n# %s\n", number, path, strerror(-r));
		return -1;
	}
	snprintf(now, sizeof(now), "%s", path);
	run(data, size);
	runs = 1 + run_cut(path, data, size) + run_changed(path, data, size);
	printf("ok %u %s, %zu runs\n", number, path, runs);
	fflush(stdout);
	return 0;
}

static int is_no_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Runs all files of a folder; returns how many failed, or -1. */
static int run_folder(const char *path, unsigned *number)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_no_dot, alphasort), failed = 0;

	for (int i = 0; i < count; i++) {
		_cleanup_(freep) char *file = NULL;

		if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
			abort();
		failed += run_file(file, ++*number) < 0;
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count > 0 ? failed : -1;
}

int main(int argc, char **argv)
{
	unsigned number = 0;
	int failed = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	catch_the_end();
	for (int i = 1; i < argc; i++) {
		struct stat st;
		int r;

		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			r = run_folder(argv[i], &number);
		else
			r = run_file(argv[i], ++number);
		if (r < 0 && number == 0)
			printf("not ok %u %s holds no file\n", ++number, argv[i]);
		failed += r != 0;
	}
	printf("1..%u\n", number);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
