// SPDX-License-Identifier: MIT
/*
 * Forms of naming the program: paths, links, descriptors, files without a name, odd names.
 * What the kernel calls the thread is the last part of what it was asked to execute.
 */
#include "core/corpus-internal.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { PATH_BYTES = PATH_MAX - 1, NAME_BYTES = 255 };

static int link_payload(struct corpus_run *run, const char *name, bool symbolic, struct error *err)
{
	const char *from = corpus_at(run, "@/payload"), *to = corpus_at(run, name);

	if (!from || !to)
		return error_oom(err);
	if ((symbolic ? symlink("payload", to) : link(from, to)) < 0)
		return error_set_errno(err, -errno, "cannot link %s to %s", to, from);
	return 0;
}

static int change_folder(struct corpus_run *run)
{
	return chdir(run->cwd) < 0 ? corpus_cannot(run, "change its folder") : 0;
}

/* ---- links ---- */

static int prepare_folder_link(struct corpus_run *run, struct error *err)
{
	const char *to = corpus_at(run, "@/bin");
	int r = corpus_write_payload(run, "usr/bin/payload", err);

	if (r == 0 && (!to || symlink("usr/bin", to) < 0))
		r = error_set_errno(err, -errno, "cannot make the link bin");
	return r;
}

/* As `cd /bin && ./ls`: the shell goes through the link, the kernel knows where it leads. */
static int through_link(struct corpus_run *run)
{
	const char *link = corpus_at(run, "@/bin");

	return !link || chdir(link) < 0 ? corpus_cannot(run, "change its folder") : 0;
}

static int prepare_symlink(struct corpus_run *run, struct error *err)
{
	return link_payload(run, "@/link", true, err);
}

static int prepare_hard_link(struct corpus_run *run, struct error *err)
{
	return link_payload(run, "@/second", false, err);
}

static int prepare_dots(struct corpus_run *run, struct error *err)
{
	return corpus_make_folder(run, "a/b", err);
}

/* ---- descriptors ---- */

static int execveat_call(struct corpus_run *run, int fd, const char *path, int flags)
{
	return (int)syscall(SYS_execveat, fd, path, run->argv, corpus_environment(run), flags);
}

static int by_folder_fd(struct corpus_run *run)
{
	int fd = open(run->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return execveat_call(run, fd, "payload", 0);
}

static int by_file_fd(struct corpus_run *run)
{
	return execveat_call(run, open(run->exe, O_RDONLY | O_CLOEXEC), "", AT_EMPTY_PATH);
}

static int by_path_fd(struct corpus_run *run)
{
	return execveat_call(run, open(run->exe, O_PATH | O_CLOEXEC), "", AT_EMPTY_PATH);
}

static int execute_folder_fd(struct corpus_run *run)
{
	return corpus_execute_by(run, by_folder_fd);
}

static int execute_file_fd(struct corpus_run *run)
{
	return corpus_execute_by(run, by_file_fd);
}

static int execute_path_fd(struct corpus_run *run)
{
	return corpus_execute_by(run, by_path_fd);
}

/*
 * What was asked for has no good name: the kernel makes /dev/fd/N[/NAME] of it, some sources have
 * what was written, the name or nothing. Older kernels name the thread by the number, newer by
 * the file.
 */
static void expect_descriptor(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);

	event_forget(&record->want, FIELD_FILENAME);
	event_forget(&record->want, FIELD_COMM);
	event_forget(&corpus_find(run, EVENT_EXIT, CORPUS_MAIN)->want, FIELD_COMM);
}

static void expect_folder_fd(struct corpus_run *run)
{
	event_forget(&corpus_find(run, EVENT_EXEC, CORPUS_MAIN)->want, FIELD_FILENAME);
}

/* ---- files without a name ---- */

/* A copy of the payload in memory; its descriptor is the same in every run. */
static int set_up_memfd(struct corpus_run *run)
{
	char data[16384];
	int from = open(corpus_at(run, "@/payload"), O_RDONLY | O_CLOEXEC);
	int to = memfd_create("corpus", MFD_CLOEXEC);
	ssize_t size = read(from, data, sizeof(data));

	if (to < 0 || size <= 0 || write(to, data, (size_t)size) != size)
		return corpus_cannot(run, "make a program in memory");
	if (dup2(to, PAYLOAD_FD - 1) < 0)
		return corpus_cannot(run, "duplicate a descriptor");
	corpus_note_file(run, PAYLOAD_FD - 1);
	return 0;
}

static int by_known_fd(struct corpus_run *run)
{
	return execveat_call(run, PAYLOAD_FD - 1, "", AT_EMPTY_PATH);
}

static int execute_known_fd(struct corpus_run *run)
{
	return corpus_execute_by(run, by_known_fd);
}

static int set_up_deleted(struct corpus_run *run)
{
	int fd = open(run->exe, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, PAYLOAD_FD - 1) < 0 || unlink(run->exe) < 0)
		return corpus_cannot(run, "delete its program");
	corpus_note_file(run, PAYLOAD_FD - 1);
	return 0;
}

static int delete_payload(struct corpus_run *run, struct error *err)
{
	if (unlink(run->exe) < 0)
		return error_set_errno(err, -errno, "cannot delete %s", run->exe);
	return 0;
}

/* An upgrade: another file takes the name of what runs. */
static int replace_payload(struct corpus_run *run, struct error *err)
{
	const char *new = corpus_at(run, "@/payload.new");
	int r = corpus_write(run, "payload.new", "#!/bin/sh\n", 10, 0755, err);

	if (r == 0 && (!new || rename(new, run->exe) < 0))
		r = error_set_errno(err, -errno, "cannot replace %s", run->exe);
	return r;
}

/* Whoever comes late finds it deleted; the link count and the flag are then of that moment. */
static void expect_gone(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);

	event_set(&record->also, NLINK, nlink, record->want.nlink);
	record->want.nlink = 0;
}

/* ---- the same program again ---- */

static void expect_again(struct corpus_run *run)
{
	struct corpus_record *record;

	for (int i = 0; i < 2; i++) {
		record = corpus_add(run, EVENT_EXEC, CORPUS_MAIN);
		event_set(&record->want, FILENAME, filename, slice_of("/proc/self/exe"));
		event_set(&record->want, COMM, comm, slice_of("exe"));
		record->brief = record->after_release = true;
	}
	record = corpus_find(run, EVENT_EXIT, CORPUS_MAIN);
	event_set(&record->want, COMM, comm, slice_of("exe"));
	event_set(&record->want, EXECS, execs, 3);
	record->follows_brief = true;
}

/* ---- odd names ---- */

static int prepare_exe(struct corpus_run *run, struct error *err)
{
	return corpus_write_payload(run, run->exe + strlen(run->folder) + 1, err);
}

/* Folders of the longest names, until the path is as long as any that execve takes. */
static int prepare_long(struct corpus_run *run, struct error *err)
{
	struct text name;
	size_t left = PATH_BYTES - strlen(run->folder);
	int r;

	text_init(&name);
	while (left > 0) {
		/* a slash, and then a name; never leaves less than both need */
		size_t size = MIN(left - 1, NAME_BYTES);

		if (left - 1 - size == 1)
			size--;
		text_add(&name, "/");
		for (size_t i = 0; i < size; i++)
			text_add_bytes(&name, &"reeve"[i % 5], 1);
		left -= size + 1;
	}
	if (name.failed) {
		text_done(&name);
		return error_oom(err);
	}
	r = corpus_write_payload(run, name.data + 1, err);
	if (r == 0) {
		char *path = arena_alloc(run->arena, PATH_MAX);

		if (path)
			snprintf(path, PATH_MAX, "%s%s", run->folder, name.data);
		run->filename = run->exe = run->in_root = path;
		run->argv[0] = path;
		r = path ? 0 : error_oom(err);
	}
	text_done(&name);
	return r;
}

static void expect_long(struct corpus_run *run)
{
	char *told = arena_alloc(run->arena, PATH_MAX + NAME_BYTES);
	size_t size = strlen(run->exe) + 1, rest = strlen(run->argv[1]) + 1;

	if (!told)
		return;
	memcpy(told, run->exe, size);
	memcpy(told + size, run->argv[1], rest);
	event_set(&corpus_find(run, EVENT_EXEC, CORPUS_MAIN)->want, ARGV, argv,
		  (struct slice){ told, size + rest });
}

#define BYTES	"\xff\xfe\xc3\x28\xed\xa0\x80"
#define ESCAPES "\033[31m\033]0;title\007\b\\x1b\x7f\xc2\x9b"

const struct corpus_form corpus_path_forms[] = {
	{ .about = { "absolute", "by its full path", CASE_SMALL } },
	{ .about = { "relative", "by a path from the working folder", CASE_SMALL },
	  .filename = "./payload" },
	{ .about = { "dots", "by a path with .. and // in it" },
	  .prepare = prepare_dots,
	  .filename = "a/../a//b/./../../payload" },
	{ .about = { "other-folder", "by a path from a working folder that is not its own" },
	  .prepare = prepare_dots,
	  .set_up = change_folder,
	  .cwd = "@/a/b",
	  .filename = "../../payload" },
	{ .about = { "folder-link", "as cd /bin && ./ls, where bin is a symbolic link",
		     CASE_SMALL },
	  .prepare = prepare_folder_link,
	  .set_up = through_link,
	  .filename = "./payload",
	  .exe = "@/usr/bin/payload",
	  .cwd = "@/usr/bin" },
	{ .about = { "symlink", "by a symbolic link", CASE_SMALL },
	  .prepare = prepare_symlink,
	  .filename = "@/link" },
	{ .about = { "hard-link", "by the second of its two names" },
	  .prepare = prepare_hard_link,
	  .exe = "@/second" },
	{ .about = { "execveat", "by execveat from a folder's descriptor" },
	  .execute = execute_folder_fd,
	  .expect = expect_folder_fd },
	{ .about = { "empty-path", "by execveat with AT_EMPTY_PATH", CASE_SMALL },
	  .execute = execute_file_fd,
	  .expect = expect_descriptor },
	{ .about = { "o-path", "by execveat of a descriptor opened with O_PATH" },
	  .execute = execute_path_fd,
	  .expect = expect_descriptor },
	{ .about = { "self", "itself again, by /proc/self/exe" },
	  .expect = expect_again,
	  ORDERS("x\0x\0e\0") },
	{ .about = { "memfd", "an anonymous file in memory, by execveat", CASE_SMALL },
	  .set_up = set_up_memfd,
	  .execute = execute_known_fd,
	  .expect = expect_descriptor,
	  .exe = "memfd:corpus",
	  .event_flags = FLAG_MEMFD,
	  .flags_free = FLAG_DELETED | FLAG_FOREIGN },
	{ .about = { "memfd-path", "an anonymous file in memory, by /proc/self/fd/N" },
	  .set_up = set_up_memfd,
	  .expect = expect_descriptor,
	  .filename = "/proc/self/fd/99",
	  .exe = "memfd:corpus",
	  .event_flags = FLAG_MEMFD,
	  .flags_free = FLAG_DELETED | FLAG_FOREIGN },
	{ .about = { "deleted", "a file that was deleted before", CASE_SMALL },
	  .set_up = set_up_deleted,
	  .execute = execute_known_fd,
	  .expect = expect_descriptor,
	  .event_flags = FLAG_DELETED },
	{ .about = { "deleted-later", "a file that is deleted while it runs" },
	  .between = delete_payload,
	  .expect = expect_gone,
	  .flags_free = FLAG_DELETED },
	{ .about = { "replaced", "a file whose name is given to another while it runs" },
	  .between = replace_payload,
	  .expect = expect_gone,
	  .flags_free = FLAG_DELETED },
	{ .about = { "spaces", "a name with spaces" },
	  .prepare = prepare_exe,
	  .no_payload = true,
	  .exe = "@/a name  with spaces " },
	{ .about = { "newline", "a name with a newline and a tab" },
	  .prepare = prepare_exe,
	  .no_payload = true,
	  .exe = "@/two\nlines\tand\r" },
	{ .about = { "bytes", "a name and arguments that are no UTF-8" },
	  .prepare = prepare_exe,
	  .no_payload = true,
	  .exe = "@/" BYTES,
	  .argv = { "@/" BYTES, TAG, BYTES } },
	{ .about = { "escapes", "a name and arguments that would act on a terminal", CASE_SMALL },
	  .prepare = prepare_exe,
	  .no_payload = true,
	  .exe = "@/" ESCAPES,
	  .argv = { "@/" ESCAPES, TAG, ESCAPES } },
	{ .about = { "named-deleted", "a file whose name ends with \" (deleted)\"" },
	  .prepare = prepare_exe,
	  .no_payload = true,
	  .exe = "@/payload (deleted)" },
	{ .about = { "path-4095", "a path of 4,095 bytes, the longest there is" },
	  .prepare = prepare_long,
	  .no_payload = true,
	  .expect = expect_long },
};
const size_t corpus_path_form_count = ARRAY_SIZE(corpus_path_forms);
