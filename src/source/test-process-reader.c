// SPDX-License-Identifier: MIT
/* A made-up /proc for odd contents, the real one for odd processes. */
#include "source/process-reader.h"

#include "source/test-child.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define STAT(pid, comm, state, threads, start)                                                     \
#pid " (" comm ") " state " 77 1 1 34817 -1 0 0 0 0 0 0 0 0 0 20 0 " #threads " 0 " #start \
	     " 0 0 0 100 200 300\n"

struct fixture {
	char *folder;
	struct host *host;
	struct process_reader *reader;
	struct event event;
};

static const char *const variables[] = { "REEVE_TEST_VARIABLE", "HOME" };

static struct fixture start_at(char *folder)
{
	struct fixture f = { .folder = folder };

	if (folder) {
		unit_write(folder, "proc/sys/kernel/random/boot_id",
			   "3f2a9c10-89ab-cdef-0123-456789abcdef\n");
		assert_int_equal(host_new_at(folder, 1, &f.host, NULL), 0);
	} else {
		assert_int_equal(host_new(&f.host, NULL), 0);
	}
	assert_int_equal(process_reader_new(f.host, variables, ARRAY_SIZE(variables), &f.reader,
					    NULL),
			 0);
	return f;
}

static void finish(struct fixture *f)
{
	process_reader_free(f->reader);
	host_free(f->host);
	unit_folder_free(f->folder);
}

static int look(struct fixture *f, pid_t pid, bool brief)
{
	event_init(&f->event, EVENT_RUNNING, SOURCE_PROCFS);
	return process_reader_read(f->reader, pid, brief, &f->event);
}

static void expect_bytes(const struct event *event, enum event_field field, const void *data,
			 size_t size)
{
	const struct slice *slice =
		(const struct slice *)(const void *)((const char *)event +
						     event_fields[field].offset);

	if (!event_knows(event, field))
		fail_msg("%s is not known", event_fields[field].name);
	if (slice->size != size || memcmp(slice->data, data, size) != 0)
		fail_msg("%s is \"%.*s\"", event_fields[field].name, (int)slice->size, slice->data);
}

static void expect(const struct event *event, enum event_field field, const char *text)
{
	expect_bytes(event, field, text, strlen(text));
}

static void write_process(const char *folder)
{
	unit_write(folder, "proc/5/stat", STAT(5, "a) b", "S", 1, 1234));
	unit_write(folder, "proc/5/status", "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t5\t1\n");
	unit_write(folder, "proc/5/cgroup", "3:pids:/p\n0::/two\n");
	unit_write(folder, "proc/5/loginuid", "1000");
	unit_write(folder, "proc/5/sessionid", "4294967295");
	unit_write(folder, "proc/5/cmdline", "no NUL at its end");
	unit_write(folder, "proc/5/environ", "HOME=/home/x");
	unit_write(folder, "bin/prog", "");
}

static void link_at(const char *folder, const char *target, const char *name)
{
	_cleanup_(freep) char *path = unit_path(folder, name);

	if (symlink(target, path) < 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static void test_all_fields(void **state)
{
	char *folder = unit_folder_new();
	_cleanup_(freep) char *program = unit_path(folder, "bin/prog");
	struct fixture f = start_at(folder);
	struct stat st;

	write_process(folder);
	unit_write(folder, "proc/5/ns/x", "");
	link_at(folder, program, "proc/5/exe");
	link_at(folder, "/", "proc/5/root");
	link_at(folder, folder, "proc/5/cwd");
	link_at(folder, "mnt:[4026531841]", "proc/5/ns/mnt");
	link_at(folder, "pid:[7]", "proc/5/ns/pid");
	link_at(folder, "nonsense", "proc/5/ns/net");
	assert_int_equal(stat(program, &st), 0);

	assert_int_equal(look(&f, 5, false), 0);
	assert_int_equal(f.event.pid, 5);
	assert_int_equal(f.event.tid, 5);
	assert_int_equal(f.event.ppid, 77);
	assert_int_equal(f.event.ns_pid, 1);
	expect(&f.event, FIELD_COMM, "a) b");
	assert_int_equal(f.event.start, UINT64_C(12340000000));
	assert_true(
		process_id_eq(&f.event.exec_id,
			      &(struct process_id){ .boot = 0x3f2a9c10, .pid = 5, .start = 1234 }));
	assert_int_equal(f.event.uid, 1);
	assert_int_equal(f.event.euid, 2);
	assert_int_equal(f.event.suid, 3);
	assert_int_equal(f.event.gid, 5);
	assert_int_equal(f.event.egid, 6);
	assert_int_equal(f.event.sgid, 7);
	assert_int_equal(f.event.loginuid, 1000);
	assert_int_equal(f.event.session, UINT32_MAX);
	expect(&f.event, FIELD_EXE, program);
	expect(&f.event, FIELD_EXE_IN_ROOT, program);
	expect(&f.event, FIELD_CWD, folder);
	expect_bytes(&f.event, FIELD_ARGV, "no NUL at its end", 18);
	expect_bytes(&f.event, FIELD_ENV, "HOME=/home/x", 13);
	expect(&f.event, FIELD_CGROUP, "/two");
	expect_bytes(&f.event, FIELD_CGROUP_V1, "pids:/p", 8);
	assert_int_equal(f.event.inode, st.st_ino);
	assert_int_equal(f.event.dev, st.st_dev);
	assert_int_equal(f.event.mode, st.st_mode);
	assert_int_equal(f.event.nlink, 1);
	assert_int_equal(f.event.mnt_ns, 4026531841);
	assert_int_equal(f.event.pid_ns, 7);
	assert_false(event_knows(&f.event, FIELD_NET_NS));
	assert_false(event_knows(&f.event, FIELD_CGROUP_ID));
	assert_int_equal(f.event.flags, 0);
	finish(&f);
}

static void test_brief(void **state)
{
	char *folder = unit_folder_new();
	_cleanup_(freep) char *program = unit_path(folder, "bin/prog");
	struct fixture f = start_at(folder);

	write_process(folder);
	link_at(folder, program, "proc/5/exe");
	assert_int_equal(look(&f, 5, true), 0);
	expect(&f.event, FIELD_EXE, program);
	assert_int_equal(f.event.uid, 1);
	expect(&f.event, FIELD_CGROUP, "/two");
	assert_false(event_knows(&f.event, FIELD_ARGV));
	assert_false(event_knows(&f.event, FIELD_ENV));
	assert_false(event_knows(&f.event, FIELD_CWD));
	assert_false(event_knows(&f.event, FIELD_LOGINUID));
	finish(&f);
}

/* What cannot be read is not known, and nothing else is the worse for it. */
static void test_little(void **state)
{
	char *folder = unit_folder_new();
	struct fixture f = start_at(folder);

	unit_write(folder, "proc/5/stat", STAT(5, "x", "S", 1, 9));
	unit_write(folder, "proc/5/status", "");
	assert_int_equal(look(&f, 5, false), 0);
	assert_int_equal(f.event.pid, 5);
	expect(&f.event, FIELD_COMM, "x");
	assert_false(event_knows(&f.event, FIELD_UID));
	assert_false(event_knows(&f.event, FIELD_EXE));
	assert_false(event_knows(&f.event, FIELD_CGROUP));
	assert_false(event_knows(&f.event, FIELD_MNT_NS));
	finish(&f);
}

static void test_none(void **state)
{
	char *folder = unit_folder_new();
	struct fixture f = start_at(folder);

	unit_write(folder, "proc/5/x", "");
	unit_write(folder, "proc/6/stat", "nonsense");
	unit_write(folder, "proc/7/stat", "");
	unit_write(folder, "proc/8/stat", STAT(8, "x", "Z", 1, 9));
	unit_write(folder, "proc/8/status", "");
	unit_write(folder, "proc/9", "a file");
	assert_int_equal(look(&f, 4, false), -ESRCH);
	assert_int_equal(look(&f, 5, false), -ESRCH);
	assert_int_equal(look(&f, 6, false), -EBADMSG);
	assert_int_equal(look(&f, 7, false), -ESRCH);
	assert_int_equal(look(&f, 8, false), 1);
	assert_int_equal(look(&f, 9, false), -ESRCH);
	assert_int_equal(look(&f, 0, false), -ESRCH);
	assert_int_equal(look(&f, -1, false), -ESRCH);
	assert_int_equal(process_reader_read_stat(f.reader, -1, &f.event), -ESRCH);
	assert_int_equal(process_reader_read_status(f.reader, 0, &f.event), -ESRCH);
	finish(&f);
}

/* cgroup v1 says the root of a process that ends; v2 does not. */
static void test_groups_of_one_that_ends(void **state)
{
	static const char *const stats[] = {
		"5 (x) Z 2 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 44 0 0 0 0 0 0",
		"5 (x) R 2 0 0 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 44 0 0 0 0 0 0",
	};
	char *folder = unit_folder_new();
	struct fixture f = start_at(folder);

	unit_write(folder, "proc/5/cgroup", "3:pids:/\n0::/two\n");
	unit_write(folder, "proc/5/status", "");
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		unit_write(folder, "proc/5/stat", stats[i]);
		assert_true(look(&f, 5, false) >= 0);
		assert_false(event_knows(&f.event, FIELD_CGROUP_V1));
		expect(&f.event, FIELD_CGROUP, "/two");
	}
	finish(&f);
}

static void test_a_kernel_thread(void **state)
{
	char *folder = unit_folder_new();
	struct fixture f = start_at(folder);

	unit_write(folder, "proc/5/stat",
		   "5 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 44 0 0 0 0 0 0");
	unit_write(folder, "proc/5/cmdline", "");
	unit_write(folder, "proc/5/status", "");
	assert_int_equal(look(&f, 5, false), 0);
	assert_int_equal(f.event.flags, FLAG_KERNEL);
	assert_false(event_knows(&f.event, FIELD_ARGV));
	finish(&f);
}

static void write_much(const char *folder, const char *name, size_t size)
{
	_cleanup_(freep) char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, 'a', size);
	text[size] = '\0';
	unit_write(folder, name, text);
}

static void test_much(void **state)
{
	char *folder = unit_folder_new();
	_cleanup_(freep) char *program = unit_path(folder, "bin/prog");
	struct fixture f = start_at(folder);

	write_process(folder);
	link_at(folder, program, "proc/5/exe");
	write_much(folder, "proc/5/cmdline", 256 << 10);
	write_much(folder, "proc/5/environ", (256 << 10) - 1);
	assert_int_equal(look(&f, 5, false), 0);
	assert_int_equal(f.event.argv.size, (256 << 10) + 1);
	assert_int_equal(f.event.argv.data[256 << 10], 0);
	assert_int_equal(f.event.flags, 0);

	write_much(folder, "proc/5/cmdline", (256 << 10) + 1);
	write_much(folder, "proc/5/environ", 256 << 10);
	assert_int_equal(look(&f, 5, false), 0);
	assert_int_equal(f.event.argv.size, (256 << 10) + 1);
	assert_int_equal(f.event.argv.data[256 << 10], 0);
	assert_int_equal(f.event.flags, FLAG_ARGV_CUT | FLAG_ENV_CUT);
	finish(&f);
}

static void test_no_boot_id(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct process_reader *reader = NULL;

	unit_write(folder, "proc/x", "");
	assert_int_equal(host_new_at(folder, 1, &host, NULL), 0);
	assert_int_equal(process_reader_new(host, NULL, 0, &reader, &err), -ENOENT);
	assert_non_null(strstr(error_text(&err), "boot id"));
}

/* ---- real processes ---- */

static void test_ourselves(void **state)
{
	struct fixture f = start_at(NULL);
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	assert_int_equal(look(&f, getpid(), false), 0);
	assert_int_equal(f.event.ppid, getppid());
	assert_int_equal(f.event.uid, getuid());
	assert_int_equal(f.event.egid, getegid());
	expect(&f.event, FIELD_EXE, path);
	assert_true(f.event.start <= clock_boottime());
	assert_true(f.event.argv.size > 0);
	assert_true(event_knows(&f.event, FIELD_MNT_NS));
	assert_int_equal(f.event.exec_id.boot, process_reader_boot(f.reader));
	assert_int_equal(process_reader_stat(f.reader)->pid, getpid());
	finish(&f);
}

static void run_with_variables(int ready, int go, const void *data)
{
	static const char *const argv[] = { "", "60", NULL };
	static const char *const variables_of_child[] = { "PATH=/bin", "REEVE_TEST_VARIABLE=a b",
							  "HOME=", NULL };

	(void)chdir("/usr");
	execve("bin/../bin/sleep", (char *const *)(uintptr_t)argv,
	       (char *const *)(uintptr_t)variables_of_child);
}

static void test_a_child(void **state)
{
	struct fixture f = start_at(NULL);
	struct child child = child_start(run_with_variables, NULL);

	assert_int_equal(look(&f, child.pid, false), 0);
	expect(&f.event, FIELD_EXE, "/usr/bin/sleep");
	expect(&f.event, FIELD_COMM, "sleep");
	expect_bytes(&f.event, FIELD_ARGV, "\00060", 4);
	expect_bytes(&f.event, FIELD_ENV, "REEVE_TEST_VARIABLE=a b\0HOME=", 30);
	expect(&f.event, FIELD_CWD, "/usr");
	expect(&f.event, FIELD_FILENAME, "bin/../bin/sleep");
	assert_int_equal(f.event.ppid, getpid());
	child_end(&child);
	assert_int_equal(look(&f, child.pid, false), -ESRCH);
	finish(&f);
}

/* A child that has ended; it is not waited for yet. */
static void test_a_zombie(void **state)
{
	struct fixture f = start_at(NULL);
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(look(&f, pid, false), 1);
	assert_int_equal(f.event.ppid, getpid());
	assert_int_equal(f.event.uid, getuid());
	assert_false(event_knows(&f.event, FIELD_EXE));
	waitpid(pid, NULL, 0);
	finish(&f);
}

static void *wait_for_ever(void *data)
{
	const int *fds = data;

	/* Only now can nobody mistake the leader's end for the process's. */
	child_ready(fds[0], fds[1]);
	for (;;)
		pause();
	return NULL;
}

static void leave_a_thread(int ready, int go, const void *data)
{
	static int fds[2];
	pthread_t thread;

	fds[0] = ready;
	fds[1] = go;
	if (pthread_create(&thread, NULL, wait_for_ever, fds) == 0)
		syscall(SYS_exit, 0);
}

static void test_a_leader_that_has_ended(void **state)
{
	struct fixture f = start_at(NULL);
	struct child child = child_start(leave_a_thread, NULL);

	for (int i = 0; i < 500; i++) {
		assert_int_equal(look(&f, child.pid, false), 0);
		if (process_reader_stat(f.reader)->state == 'Z')
			break;
		usleep(2000);
	}
	assert_int_equal(process_reader_stat(f.reader)->state, 'Z');
	assert_true(event_knows(&f.event, FIELD_EXE));
	assert_true(event_knows(&f.event, FIELD_ARGV));
	assert_true(event_knows(&f.event, FIELD_MNT_NS));
	assert_int_equal(f.event.tid, child.pid);
	child_end(&child);
	finish(&f);
}

static void run_nested(int ready, int go, const void *data)
{
	char byte;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0)
		_exit(97);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/usr/bin/sleep", "nested", "60", (char *)NULL);
	}
	/* The end of the pipe comes with the execution: from then on it goes with us. */
	close(ready);
	(void)!read(go, &byte, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static pid_t only_child_of(pid_t pid)
{
	char name[64], text[64];
	FILE *file;
	size_t n;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(name, "re");
	if (!file)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

static void test_a_process_namespace(void **state)
{
	struct fixture f = start_at(NULL);
	struct child child;
	pid_t pid;

	unit_need_root();
	child = child_start(run_nested, NULL);
	pid = only_child_of(child.pid);
	if (pid == 0)
		skip(); /* the kernel does not list children */
	assert_int_equal(look(&f, pid, false), 0);
	assert_int_equal(f.event.ns_pid, 1);
	assert_int_equal(f.event.pid, pid);
	child_end(&child);
	finish(&f);
}

/* The id of a cgroup is what stat says of its folder. */
static void test_a_cgroup_id(void **state)
{
	struct fixture f = start_at(NULL);

	assert_int_equal(look(&f, getpid(), true), 0);
	if (!event_knows(&f.event, FIELD_CGROUP_ID))
		skip(); /* cgroup v2 is not mounted */
	if (slice_eq(f.event.cgroup, slice_of("/")))
		assert_int_equal(f.event.cgroup_id, 1);
	assert_true(f.event.cgroup_id > 0);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fields),
		cmocka_unit_test(test_brief),
		cmocka_unit_test(test_little),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_groups_of_one_that_ends),
		cmocka_unit_test(test_a_kernel_thread),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_no_boot_id),
		cmocka_unit_test(test_ourselves),
		cmocka_unit_test(test_a_child),
		cmocka_unit_test(test_a_zombie),
		cmocka_unit_test(test_a_leader_that_has_ended),
		cmocka_unit_test(test_a_process_namespace),
		cmocka_unit_test(test_a_cgroup_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
