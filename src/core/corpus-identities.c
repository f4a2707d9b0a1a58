// SPDX-License-Identifier: MIT
/* Forms that differ in who executes: users, capabilities, logins, terminals. */
#include "core/corpus-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

enum { SET_USER_MODE = 04755, SET_GROUP_MODE = 02755 };

static const char *not_root(_unused_ const struct corpus *corpus)
{
	return geteuid() == 0 ? NULL : "needs root, to be another user";
}

/* By the system calls themselves: the C library's would ask other threads. */
static int become_nobody(struct corpus_run *run)
{
	if (syscall(SYS_setresgid, CORPUS_NOBODY, CORPUS_NOBODY, CORPUS_NOBODY) < 0 ||
	    syscall(SYS_setresuid, CORPUS_NOBODY, CORPUS_NOBODY, CORPUS_NOBODY) < 0)
		return corpus_cannot(run, "become nobody");
	corpus_note(run, CORPUS_MAIN);
	return 0;
}

/* The effective user alone, as a server does for a request. */
static int become_half(struct corpus_run *run)
{
	if (syscall(SYS_setresuid, -1, CORPUS_NOBODY, -1) < 0)
		return corpus_cannot(run, "have the effective user nobody");
	corpus_note(run, CORPUS_MAIN);
	return 0;
}

static void want_users(struct corpus_record *record, uid_t uid, uid_t euid, uid_t suid)
{
	event_set(&record->want, UID, uid, uid);
	event_set(&record->want, EUID, euid, euid);
	event_set(&record->want, SUID, suid, suid);
}

static void expect_nobody(struct corpus_run *run)
{
	struct corpus_record *record = corpus_add(run, EVENT_SETGID, CORPUS_MAIN);

	event_set(&record->want, GID, gid, CORPUS_NOBODY);
	event_set(&record->want, EGID, egid, CORPUS_NOBODY);
	event_set(&record->want, SGID, sgid, CORPUS_NOBODY);
	record->brief = true;
	record = corpus_add(run, EVENT_SETUID, CORPUS_MAIN);
	want_users(record, CORPUS_NOBODY, CORPUS_NOBODY, CORPUS_NOBODY);
	record->brief = true;
}

/* Execution makes the saved user the effective one. */
static void expect_half(struct corpus_run *run)
{
	struct corpus_record *record = corpus_add(run, EVENT_SETUID, CORPUS_MAIN);

	want_users(record, 0, CORPUS_NOBODY, 0);
	record->brief = true;
	want_users(corpus_find(run, EVENT_EXEC, CORPUS_MAIN), 0, CORPUS_NOBODY, CORPUS_NOBODY);
}

/* ---- programs that change who runs them ---- */

static int set_mode(struct corpus_run *run, mode_t mode, struct error *err)
{
	struct statvfs file_system;

	if (statvfs(run->folder, &file_system) < 0 || file_system.f_flag & ST_NOSUID)
		return error_set(err, -EPERM, "the temporary folder is mounted with nosuid"), 1;
	if (chmod(run->exe, mode) < 0)
		return error_set_errno(err, -errno, "cannot change the mode of %s", run->exe);
	return 0;
}

static int prepare_set_user(struct corpus_run *run, struct error *err)
{
	return set_mode(run, SET_USER_MODE, err);
}

static int prepare_set_group(struct corpus_run *run, struct error *err)
{
	return set_mode(run, SET_GROUP_MODE, err);
}

static void expect_set_user(struct corpus_run *run)
{
	struct corpus_record *record;

	expect_nobody(run);
	record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);
	want_users(record, CORPUS_NOBODY, 0, 0);
	event_set(&record->want, CAPS_GAINED, caps_gained, 1);
	event_set(&record->also, CAPS_GAINED, caps_gained, UINT64_MAX);
	/* The execution is a change of user as well, told behind that of nobody. */
	record = corpus_add(run, EVENT_SETUID, CORPUS_MAIN);
	want_users(record, CORPUS_NOBODY, 0, 0);
	record->brief = true;
}

static void want_groups(struct corpus_record *record)
{
	event_set(&record->want, GID, gid, CORPUS_NOBODY);
	event_set(&record->want, EGID, egid, 0);
	event_set(&record->want, SGID, sgid, 0);
}

static void expect_set_group(struct corpus_run *run)
{
	struct corpus_record *record;

	expect_nobody(run);
	want_groups(corpus_find(run, EVENT_EXEC, CORPUS_MAIN));
	record = corpus_add(run, EVENT_SETGID, CORPUS_MAIN);
	want_groups(record);
	record->brief = true;
}

static int prepare_capable(struct corpus_run *run, struct error *err)
{
	const struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1U << CAP_NET_RAW } },
	};

	if (prctl(PR_CAPBSET_READ, CAP_NET_RAW, 0, 0, 0) != 1)
		return error_set(err, -EPERM, "CAP_NET_RAW cannot be had here"), 1;
	if (setxattr(run->exe, "security.capability", &data, sizeof(data), 0) < 0)
		return error_set_errno(err, -errno, "cannot give a file capabilities"), 1;
	return 0;
}

static void expect_capable(struct corpus_run *run)
{
	expect_nobody(run);
	event_set(&corpus_find(run, EVENT_EXEC, CORPUS_MAIN)->want, CAPS_GAINED, caps_gained,
		  UINT64_C(1) << CAP_NET_RAW);
}

/* ---- logins and terminals ---- */

static int log_in(struct corpus_run *run)
{
	char uid[16];

	snprintf(uid, sizeof(uid), "%d", CORPUS_NOBODY);
	errno = -file_write_at(run->proc_fd, "self/loginuid", uid);
	return errno ? corpus_cannot(run, "set its login user") : 0;
}

/* Both ends stay open: a terminal without its other end hangs up. */
static int take_terminal(struct corpus_run *run)
{
	int number = 0, unlock = 0, master = open("/dev/ptmx", O_RDWR | O_NOCTTY), slave;
	char path[32];

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(master, TIOCGPTN, &number) < 0)
		return corpus_cannot(run, "make a terminal");
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	if (setsid() < 0)
		return corpus_cannot(run, "begin a session");
	slave = open(path, O_RDWR);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return corpus_cannot(run, "take a terminal");
	return 0;
}

const struct corpus_form corpus_identity_forms[] = {
	{ .about = { "setuid", "after a change of user and group", CASE_SMALL },
	  .unfit = not_root,
	  .set_up = become_nobody,
	  .expect = expect_nobody },
	{ .about = { "seteuid", "after a change of the effective user alone" },
	  .unfit = not_root,
	  .set_up = become_half,
	  .expect = expect_half },
	{ .about = { "setuid-program", "a program with the set-user-id bit", CASE_SMALL },
	  .unfit = not_root,
	  .prepare = prepare_set_user,
	  .set_up = become_nobody,
	  .expect = expect_set_user,
	  .event_flags = FLAG_SETUID },
	{ .about = { "setgid-program", "a program with the set-group-id bit" },
	  .unfit = not_root,
	  .prepare = prepare_set_group,
	  .set_up = become_nobody,
	  .expect = expect_set_group,
	  .event_flags = FLAG_SETUID },
	{ .about = { "capable", "a program with capabilities" },
	  .unfit = not_root,
	  .prepare = prepare_capable,
	  .set_up = become_nobody,
	  .expect = expect_capable },
	{ .about = { "login", "with a login user and a session" },
	  .unfit = not_root,
	  .set_up = log_in },
	{ .about = { "terminal", "with a controlling terminal" }, .set_up = take_terminal },
};
const size_t corpus_identity_form_count = ARRAY_SIZE(corpus_identity_forms);
