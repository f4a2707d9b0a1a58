// SPDX-License-Identifier: MIT
/* A folder stands for /proc/PID: its "root" is another folder. */
#include "source/proc-script.h"

#include "test/unit.h"

#include <fcntl.h>

#define LIST(text) ((struct slice){ text, sizeof(text) })

struct fixture {
	char *folder;
	int dirfd;
	struct statx exe;
};

static struct fixture start(void)
{
	struct fixture f = { .folder = unit_folder_new() };
	_cleanup_(freep) char *root = unit_path(f.folder, "jail");
	_cleanup_(freep) char *link = unit_path(f.folder, "root");
	_cleanup_(freep) char *exe = unit_path(f.folder, "jail/bin/sh");
	_cleanup_(freep) char *alias = unit_path(f.folder, "jail/bin/alias");

	unit_write(f.folder, "jail/bin/sh", "");
	unit_write(f.folder, "jail/home/run", "");
	assert_int_equal(symlink(root, link), 0);
	assert_int_equal(symlink("/bin/sh", alias), 0);
	assert_int_equal(statx(AT_FDCWD, exe, 0, STATX_BASIC_STATS, &f.exe), 0);
	f.dirfd = open(f.folder, O_PATH | O_CLOEXEC);
	assert_true(f.dirfd >= 0);
	return f;
}

static void finish(struct fixture *f)
{
	close(f->dirfd);
	unit_folder_free(f->folder);
}

static bool runs(const struct fixture *f, const char *filename, struct slice argv)
{
	const struct proc_script_clues clues = {
		.dirfd = f->dirfd,
		.filename = slice_of(filename),
		.argv = argv,
		.cwd = slice_of("/home"),
		.exe = &f->exe,
	};

	return proc_script_runs(&clues);
}

static void test_scripts(void **state)
{
	struct fixture f = start();

	assert_true(runs(&f, "/home/run", LIST("/bin/sh\0/home/run\0x")));
	assert_true(runs(&f, "/home/run", LIST("/bin/sh\0-e\0/home/run")));
	assert_true(runs(&f, "./run", LIST("/bin/sh\0./run")));
	assert_true(runs(&f, "../home/run", LIST("/bin/sh\0../home/run")));
	finish(&f);
}

static void test_no_scripts(void **state)
{
	struct fixture f = start();

	/* Its own name among its arguments; by a symbolic link, too. */
	assert_false(runs(&f, "/bin/sh", LIST("/bin/sh\0/bin/sh")));
	assert_false(runs(&f, "/bin/alias", LIST("sh\0/bin/alias")));
	/* The name is not among them, or only in front. */
	assert_false(runs(&f, "/home/run", LIST("/bin/sh\0/home/ru\0/home/runs")));
	assert_false(runs(&f, "/home/run", LIST("/home/run")));
	/* Nothing of that name, no file, no name, no arguments. */
	assert_false(runs(&f, "/home/gone", LIST("/bin/sh\0/home/gone")));
	assert_false(runs(&f, "/home", LIST("/bin/sh\0/home")));
	assert_false(runs(&f, "", LIST("/bin/sh\0")));
	assert_false(runs(&f, "/home/run", (struct slice){ NULL, 0 }));
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_no_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
