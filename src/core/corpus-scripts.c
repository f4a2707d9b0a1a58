// SPDX-License-Identifier: MIT
/*
 * Forms in which another file than the one asked for is executed: scripts and their interpreters,
 * handlers of binfmt_misc, programs that are only a loader's arguments, programs for 32 bits.
 */
#include "core/corpus-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#define ENV   "/usr/bin/env"
#define MAGIC "reeve corpus data"

/* A script whose first line has "@" where the case's folder goes. */
static int write_script(struct corpus_run *run, const char *name, const char *interpreter,
			const char *rest, struct error *err)
{
	const char *path = corpus_at(run, interpreter);
	struct text script;
	int r;

	if (!path)
		return error_oom(err);
	text_init(&script);
	text_addf(&script, "#!%s%s\n", path, rest);
	r = script.failed ? error_oom(err)
			  : corpus_write(run, name, script.data, script.size, 0755, err);
	text_done(&script);
	return r;
}

static int prepare_script(struct corpus_run *run, struct error *err)
{
	return write_script(run, "script", "@/payload", " -x y", err);
}

static int prepare_nested(struct corpus_run *run, struct error *err)
{
	int r = write_script(run, "inner", "@/payload", " two", err);

	return r < 0 ? r : write_script(run, "outer", "@/inner", " one", err);
}

/* As it was written, or made whole: both say which script it is. */
static void expect_relative(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);

	corpus_also(record, SCRIPT, script, slice_of(run->filename));
}

/* What the first line names, or what it comes down to: the kernel keeps the last. */
static void expect_nested(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);

	corpus_also(record, INTERPRETER, interpreter, slice_of(run->exe));
}

/* ---- env -S ---- */

static const char *env_is_missing(_unused_ const struct corpus *corpus)
{
	return access(ENV, X_OK) == 0 ? NULL : "there is no " ENV;
}

static int prepare_env(struct corpus_run *run, struct error *err)
{
	struct text line;
	const char *payload = corpus_at(run, "@/payload");
	int r;

	if (!payload)
		return error_oom(err);
	text_init(&line);
	text_addf(&line, " -S %s a b", payload);
	r = line.failed ? error_oom(err) : write_script(run, "script", ENV, line.data, err);
	text_done(&line);
	return r;
}

/* The first execution is that of env, with all its argument as one. */
static void expect_env(struct corpus_run *run)
{
	struct corpus_record *first = corpus_find(run, EVENT_EXEC, CORPUS_MAIN), *second, *end;
	char *path = arena_alloc(run->arena, PATH_MAX);
	struct text told;
	struct stat file;

	if (!path || !realpath(ENV, path) || stat(path, &file) < 0)
		return;
	text_init(&told);
	text_addf(&told, "%s%c-S %s a b%c%s%c%s", ENV, 0, run->exe, 0, run->filename, 0,
		  run->argv[1]);
	second = corpus_add(run, EVENT_EXEC, CORPUS_MAIN);
	event_set(&second->want, FILENAME, filename, slice_of(run->exe));
	event_set(&second->want, COMM, comm, slice_of("payload"));
	corpus_empty(second, FIELD_SCRIPT);
	corpus_empty(second, FIELD_INTERPRETER);
	event_set(&first->want, ARGV, argv,
		  (struct slice){ arena_copy(run->arena, told.data, told.size), told.size + 1 });
	text_done(&told);
	event_set(&first->want, EXE, exe, slice_of(path));
	event_set(&first->want, EXE_IN_ROOT, exe_in_root, slice_of(path));
	event_set(&first->want, INODE, inode, file.st_ino);
	event_set(&first->want, DEV, dev, file.st_dev);
	event_set(&first->want, NLINK, nlink, (uint32_t)file.st_nlink);
	event_set(&first->want, MODE, mode, file.st_mode);
	if (corpus_in_overlay(path)) {
		event_forget(&first->want, FIELD_INODE);
		event_forget(&first->want, FIELD_DEV);
	}
	first->flags_free = FLAG_UPPER;
	first->brief = true;
	end = corpus_find(run, EVENT_EXIT, CORPUS_MAIN);
	event_set(&end->want, COMM, comm, slice_of("payload"));
	event_set(&end->want, EXECS, execs, 2);
	end->follows_brief = true;
}

/* ---- binfmt_misc ---- */

static int prepare_data(struct corpus_run *run, struct error *err)
{
	int r = corpus_write(run, "data", MAGIC "\n", sizeof(MAGIC), 0755, err);

	return r < 0 ? r : corpus_make_folder(run, "handlers", err);
}

/* Registers the payload as the handler of files that begin with MAGIC. */
static int add_handler(struct corpus_run *run)
{
	const char *file = corpus_at(run, "@/handlers/register");
	const char *payload = corpus_at(run, "@/payload");
	struct text text;
	int r;

	if (!file || !payload)
		return -ENOMEM;
	text_init(&text);
	text_addf(&text,
		  ":reeve-corpus-%d:M::" MAGIC "::%s:", (int)run->corpus->shared->truth[0].pid,
		  payload);
	r = text.failed ? -ENOMEM : file_write_at(AT_FDCWD, file, text.data);
	text_done(&text);
	return r;
}

/* From Linux 6.7 on a user namespace has handlers of its own. */
static int set_up_own_handler(struct corpus_run *run)
{
	char users[64], groups[64];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return corpus_cannot(run, "have a user namespace of its own");
	if (file_write_at(run->proc_fd, "self/setgroups", "deny") < 0 ||
	    file_write_at(run->proc_fd, "self/uid_map", users) < 0 ||
	    file_write_at(run->proc_fd, "self/gid_map", groups) < 0)
		return corpus_cannot(run, "map its user and group");
	if (mount("none", corpus_at(run, "@/handlers"), "binfmt_misc", 0, NULL) < 0)
		return corpus_cannot(run, "mount binfmt_misc in a user namespace");
	errno = -add_handler(run);
	return errno ? corpus_cannot(run, "register a handler") : 0;
}

static int prepare_handler(struct corpus_run *run, struct error *err)
{
	int r = prepare_data(run, err);

	if (r < 0)
		return r;
	run->corpus->shared->truth[0].pid = getpid();
	if (mount("none", corpus_at(run, "@/handlers"), "binfmt_misc", 0, NULL) < 0)
		return error_set_errno(err, -errno, "cannot mount binfmt_misc"), 1;
	r = add_handler(run);
	return r < 0 ? error_set_errno(err, r, "cannot register a handler"), 1 : 0;
}

static void remove_handler(struct corpus_run *run)
{
	char name[64];
	const char *file;

	snprintf(name, sizeof(name), "@/handlers/reeve-corpus-%d", (int)getpid());
	file = corpus_at(run, name);
	if (file)
		file_write_at(AT_FDCWD, file, "-1");
	umount2(corpus_at(run, "@/handlers"), MNT_DETACH);
}

/* ---- other programs ---- */

static const char *cat_is_missing(_unused_ const struct corpus *corpus)
{
	return access("/bin/cat", X_OK) == 0 ? NULL : "there is no /bin/cat";
}

static int prepare_cat(struct corpus_run *run, struct error *err)
{
	char *path = arena_alloc(run->arena, PATH_MAX);

	if (!path || !realpath("/bin/cat", path))
		return error_set(err, -ENOENT, "cannot find /bin/cat"), 1;
	run->exe = run->in_root = path;
	return 0;
}

/* It waits for its input to end, and nobody sees what it prints. */
static int set_up_cat(struct corpus_run *run)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (dup2(PAYLOAD_FD, STDIN_FILENO) < 0 || fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return corpus_cannot(run, "arrange its input");
	close(PAYLOAD_FD);
	return 0;
}

static const char *no_32_bits(const struct corpus *corpus)
{
	struct utsname name;

	if (uname(&name) < 0 || !streq(name.machine, "x86_64"))
		return "the program for 32 bits is one for i386";
	if (faccessat(corpus->host->proc_fd, "sys/abi/vsyscall32", F_OK, 0) < 0)
		return "this kernel runs no programs for 32 bits";
	return NULL;
}

static int prepare_32_bits(struct corpus_run *run, struct error *err)
{
	return corpus_write(run, "payload32", corpus_payload_32, corpus_payload_32_size, 0755, err);
}

/* The program for 32 bits executes the other by a 32-bit call. */
static void expect_compat(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN), *end;
	const char *payload = corpus_at(run, "@/payload");
	struct slice whole = run->told;
	struct stat file;

	record->flags_free = FLAG_COMPAT;
	record = corpus_add(run, EVENT_EXEC, CORPUS_MAIN);
	if (!payload || stat(payload, &file) < 0)
		return;
	whole.data += strlen(whole.data) + 1;
	whole.size -= strlen(run->told.data) + 1;
	event_set(&record->want, ARGV, argv, whole);
	event_set(&record->want, EXE, exe, slice_of(payload));
	event_set(&record->want, EXE_IN_ROOT, exe_in_root, slice_of(payload));
	event_set(&record->want, FILENAME, filename, slice_of(payload));
	event_set(&record->want, COMM, comm, slice_of("payload"));
	event_set(&record->want, INODE, inode, file.st_ino);
	event_set(&record->want, FLAGS, flags, FLAG_COMPAT);
	record->brief = record->after_release = true;
	end = corpus_find(run, EVENT_EXIT, CORPUS_MAIN);
	event_set(&end->want, EXE, exe, slice_of(payload));
	event_set(&end->want, COMM, comm, slice_of("payload"));
	event_set(&end->want, EXECS, execs, 2);
	end->follows_brief = true;
}

const struct corpus_form corpus_script_forms[] = {
	{ .about = { "script", "a script, whose first line names an interpreter", CASE_SMALL },
	  .prepare = prepare_script,
	  .filename = "@/script",
	  .script = "@/script",
	  .interpreter = "@/payload",
	  .told = { "@/payload", "-x y", "@/script", TAG } },
	{ .about = { "script-relative", "a script by a path from the working folder" },
	  .prepare = prepare_script,
	  .filename = "./script",
	  .expect = expect_relative,
	  .script = "@/script",
	  .interpreter = "@/payload",
	  .told = { "@/payload", "-x y", "./script", TAG } },
	{ .about = { "script-nested", "a script whose interpreter is a script" },
	  .prepare = prepare_nested,
	  .expect = expect_nested,
	  .filename = "@/outer",
	  .script = "@/outer",
	  .interpreter = "@/inner",
	  .told = { "@/payload", "two", "@/inner", "one", "@/outer", TAG } },
	{ .about = { "script-env", "a script whose interpreter is env -S" },
	  .unfit = env_is_missing,
	  .prepare = prepare_env,
	  .expect = expect_env,
	  .filename = "@/script",
	  .script = "@/script",
	  .interpreter = ENV,
	  .told = { "@/payload", "a", "b", "@/script", TAG } },
	{ .about = { "binfmt", "a file that binfmt_misc has a handler for, of a user namespace" },
	  .prepare = prepare_data,
	  .set_up = set_up_own_handler,
	  .filename = "@/data",
	  .script = "@/data",
	  .interpreter = "@/payload",
	  .told = { "@/payload", "@/data", TAG } },
	{ .about = { "binfmt-host", "a file that binfmt_misc has a handler for",
		     CASE_CHANGES_HOST },
	  .prepare = prepare_handler,
	  .clean = remove_handler,
	  .filename = "@/data",
	  .script = "@/data",
	  .interpreter = "@/payload",
	  .told = { "@/payload", "@/data", TAG } },
	{ .about = { "dynamic", "a program with a dynamic loader: /bin/cat", CASE_SMALL },
	  .unfit = cat_is_missing,
	  .prepare = prepare_cat,
	  .set_up = set_up_cat,
	  .filename = "/bin/cat",
	  .argv = { "cat", "-" },
	  .flags_free = FLAG_UPPER },
	{ .about = { "elf32", "a program for 32 bits" },
	  .unfit = no_32_bits,
	  .prepare = prepare_32_bits,
	  .exe = "@/payload32" },
	{ .about = { "compat", "an execution by a program for 32 bits" },
	  .unfit = no_32_bits,
	  .prepare = prepare_32_bits,
	  .expect = expect_compat,
	  .exe = "@/payload32",
	  .argv = { "@/payload32", "@/payload", TAG },
	  ORDERS("x\0e\0") },
};
const size_t corpus_script_form_count = ARRAY_SIZE(corpus_script_forms);
