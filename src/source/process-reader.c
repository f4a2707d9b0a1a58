// SPDX-License-Identifier: MIT
/*
 * About thirty system calls a process; the whole price of a scan is here, so files of known form
 * are read by one read(2) into buffers that stay: procfs hands a text of one record out whole when
 * the buffer has room.
 *
 * A process may execute while it is read. Then exe could be of one program and argv of the next:
 * the file is looked at again at the end, and if it is another one, all is read again.
 */
#include "source/process-reader.h"

#include "source/proc-path.h"
#include "source/proc-script.h"
#include "util/digits.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
	TORN_MAX = 3, /* times that a process is read again because it has executed meanwhile */
	LIST_MAX = 256 << 10,
	CGROUP_MAX = 64 << 10,
	BRIEF_NAMESPACES = 2,
};

struct process_reader {
	const struct host *host;
	const char *const *environment;
	size_t environment_count;
	struct path_finder *finder;
	uint32_t boot;
	struct proc_stat stat;
	struct found_path exe, cwd;
	struct slice root;
	char root_text[PATH_MAX];
	char stat_text[4096];
	char status_text[16384];
	char cgroup_text[CGROUP_MAX];
	char cgroup_list[CGROUP_MAX + 1];
	char argv[LIST_MAX + 1];
	char filename[PATH_MAX];
	char script[3 * PATH_MAX];
	char environ_text[LIST_MAX];
	char environ_list[LIST_MAX + 1];
};

int process_reader_new(const struct host *host, const char *const *environment, size_t count,
		       struct process_reader **ret_reader, struct error *err)
{
	_cleanup_(process_reader_freep) struct process_reader *reader = calloc(1, sizeof(*reader));
	char boot_id[37], digits[9];
	int r;

	if (!reader)
		return error_oom(err);
	reader->host = host;
	reader->environment = environment;
	reader->environment_count = count;
	r = host_boot_id(host, boot_id);
	if (r < 0)
		return error_set_errno(err, r, "cannot read the boot id from %s", host->proc_path);
	memcpy(digits, boot_id, 8);
	digits[8] = '\0';
	reader->boot = (uint32_t)strtoul(digits, NULL, 16);
	r = path_finder_new(host, &reader->finder);
	if (r < 0)
		return error_oom(err);
	*ret_reader = TAKE_PTR(reader);
	return 0;
}

void process_reader_free(struct process_reader *reader)
{
	if (!reader)
		return;
	path_finder_free(reader->finder);
	free(reader);
}

void process_reader_refresh(struct process_reader *reader)
{
	path_finder_refresh(reader->finder);
}

const struct proc_stat *process_reader_stat(const struct process_reader *reader)
{
	return &reader->stat;
}

uint32_t process_reader_boot(const struct process_reader *reader)
{
	return reader->boot;
}

/* ---- files ---- */

/* "123" or "123/stat" */
static void write_name(pid_t pid, const char *file, char name[static 32])
{
	size_t size = digits_decimal((unsigned)pid, name);

	memcpy(name + size, file, strlen(file) + 1);
}

/* What one read gives of a file; size 0 and -errno where it gives nothing. */
static int read_text(int dirfd, const char *name, char *buffer, size_t size, struct slice *ret_text)
{
	_cleanup_(closep) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	*ret_text = (struct slice){ buffer, 0 };
	if (fd < 0)
		return -errno;
	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	ret_text->size = (size_t)n;
	return 0;
}

static int gone(int error)
{
	return error == -ENOENT || error == -ENOTDIR ? -ESRCH : error;
}

static int take_stat(struct process_reader *reader, int dirfd, const char *name,
		     struct event *event)
{
	const struct proc_stat *stat = &reader->stat;
	struct slice text;
	int r = read_text(dirfd, name, reader->stat_text, sizeof(reader->stat_text), &text);

	if (r < 0)
		return gone(r);
	if (proc_stat_parse(text, &reader->stat) < 0)
		return text.size == 0 ? -ESRCH : -EBADMSG;
	event_set(event, PID, pid, stat->pid);
	event_set(event, PPID, ppid, stat->ppid);
	event_set(event, COMM, comm, stat->comm);
	event_set(event, TTY, tty, stat->tty);
	event_set(event, START, start, stat->start * (UINT64_C(1000000000) / PROC_STAT_USER_HZ));
	event_set(event, EXEC_ID, exec_id,
		  (struct process_id){
			  .boot = reader->boot,
			  .pid = stat->pid,
			  .start = stat->start,
		  });
	event_flag(event, stat->flags & PROC_STAT_KTHREAD ? FLAG_KERNEL : 0);
	return proc_stat_has_ended(stat);
}

static int take_status(struct process_reader *reader, int dirfd, const char *name,
		       struct event *event)
{
	struct proc_status status;
	struct slice text;
	int r = read_text(dirfd, name, reader->status_text, sizeof(reader->status_text), &text);

	if (r < 0)
		return gone(r);
	proc_status_parse(text, &status);
	if (status.known & PROC_STATUS_UID) {
		event_set(event, UID, uid, status.uid);
		event_set(event, EUID, euid, status.euid);
		event_set(event, SUID, suid, status.suid);
	}
	if (status.known & PROC_STATUS_GID) {
		event_set(event, GID, gid, status.gid);
		event_set(event, EGID, egid, status.egid);
		event_set(event, SGID, sgid, status.sgid);
	}
	if (status.known & PROC_STATUS_NS_PID)
		event_set(event, NS_PID, ns_pid, status.ns_pid);
	return 0;
}

static bool read_u32(int dirfd, const char *name, uint32_t *ret_number)
{
	char buffer[32], *end;
	struct slice text;

	if (read_text(dirfd, name, buffer, sizeof(buffer) - 1, &text) < 0 || text.size == 0)
		return false;
	buffer[text.size] = '\0';
	*ret_number = (uint32_t)strtoul(buffer, &end, 10);
	return end != buffer;
}

static void take_login(int dirfd, struct event *event)
{
	uint32_t number;

	if (read_u32(dirfd, "loginuid", &number))
		event_set(event, LOGINUID, loginuid, number);
	if (read_u32(dirfd, "sessionid", &number))
		event_set(event, SESSION, session, number);
}

/* The id of a cgroup is the inode number of its folder. */
static void take_cgroup_id(struct process_reader *reader, struct event *event)
{
	char name[PATH_MAX];
	struct slice root, path = event->cgroup;
	struct stat st;
	int fd = mount_map_cgroup2(path_finder_map(reader->finder), &root);

	if (fd < 0)
		return;
	if (root.size > 1) {
		if (path.size < root.size || memcmp(path.data, root.data, root.size) != 0)
			return;
		path.data += root.size;
		path.size -= root.size;
	}
	while (path.size > 0 && path.data[0] == '/') {
		path.data++;
		path.size--;
	}
	/* Seen from a cgroup namespace, what is outside begins with "/..". */
	if (path.size >= sizeof(name) || (path.size >= 2 && memcmp(path.data, "..", 2) == 0))
		return;
	memcpy(name, path.data, path.size);
	name[path.size] = '\0';
	if (fstatat(fd, path.size ? name : ".", &st, AT_SYMLINK_NOFOLLOW) == 0)
		event_set(event, CGROUP_ID, cgroup_id, st.st_ino);
}

static void take_cgroups(struct process_reader *reader, int dirfd, struct event *event)
{
	struct slice text, v2;
	size_t size;

	if (read_text(dirfd, "cgroup", reader->cgroup_text, sizeof(reader->cgroup_text), &text) < 0)
		return;
	size = proc_cgroup_parse(text, &v2, reader->cgroup_list);
	event_set(event, CGROUP_V1, cgroup_v1, (struct slice){ reader->cgroup_list, size });
	if (!v2.data)
		return;
	event_set(event, CGROUP, cgroup, v2);
	take_cgroup_id(reader, event);
}

/* ---- namespaces ---- */

static const struct {
	const char *link;
	enum event_field field;
	size_t offset;
} namespaces[] = {
	/* The first BRIEF_NAMESPACES are what a brief read wants. */
	{ "ns/mnt", FIELD_MNT_NS, offsetof(struct event, mnt_ns) },
	{ "ns/pid", FIELD_PID_NS, offsetof(struct event, pid_ns) },
	{ "ns/cgroup", FIELD_CGROUP_NS, offsetof(struct event, cgroup_ns) },
	{ "ns/ipc", FIELD_IPC_NS, offsetof(struct event, ipc_ns) },
	{ "ns/net", FIELD_NET_NS, offsetof(struct event, net_ns) },
	{ "ns/time", FIELD_TIME_NS, offsetof(struct event, time_ns) },
	{ "ns/user", FIELD_USER_NS, offsetof(struct event, user_ns) },
	{ "ns/uts", FIELD_UTS_NS, offsetof(struct event, uts_ns) },
};

/* "mnt:[4026531841]" */
static void take_namespaces(int dirfd, size_t count, struct event *event)
{
	for (size_t i = 0; i < count; i++) {
		char text[48], *bracket;
		ssize_t n = readlinkat(dirfd, namespaces[i].link, text, sizeof(text) - 1);
		uint32_t inode;

		if (n <= 0)
			continue;
		text[n] = '\0';
		bracket = strchr(text, '[');
		if (!bracket)
			continue;
		inode = (uint32_t)strtoul(bracket + 1, NULL, 10);
		memcpy((char *)event + namespaces[i].offset, &inode, sizeof(inode));
		event_know(event, namespaces[i].field);
	}
}

/* ---- the program ---- */

static void take_root(struct process_reader *reader, int dirfd)
{
	ssize_t n = readlinkat(dirfd, "root", reader->root_text, sizeof(reader->root_text));

	reader->root = (struct slice){ reader->root_text, n > 0 ? (size_t)n : 0 };
	if (reader->root.size == sizeof(reader->root_text))
		reader->root.size = 0;
}

static void take_file(const struct statx *stat, struct event *event)
{
	event_set(event, INODE, inode, stat->stx_ino);
	event_set(event, DEV, dev, makedev(stat->stx_dev_major, stat->stx_dev_minor));
	event_set(event, NLINK, nlink, stat->stx_nlink);
	event_set(event, MODE, mode, stat->stx_mode);
}

static int take_exe(struct process_reader *reader, int dirfd, struct event *event)
{
	struct found_path *exe = &reader->exe;
	int r = path_finder_read(reader->finder, dirfd, "exe", reader->root, exe);
	uint32_t flags = 0;

	if (r < 0)
		return r;
	event_set(event, EXE, exe, exe->path);
	event_set(event, EXE_IN_ROOT, exe_in_root, exe->in_root);
	if (exe->has_stat)
		take_file(&exe->stat, event);
	if (exe->memfd)
		flags |= FLAG_MEMFD;
	else if (exe->deleted || (exe->has_stat && exe->stat.stx_nlink == 0))
		flags |= FLAG_DELETED;
	if (exe->foreign)
		flags |= FLAG_FOREIGN;
	event_flag(event, flags);
	return 0;
}

static void take_cwd(struct process_reader *reader, int dirfd, struct event *event)
{
	if (path_finder_read(reader->finder, dirfd, "cwd", reader->root, &reader->cwd) == 0)
		event_set(event, CWD, cwd, reader->cwd.path);
}

/* A process may have overwritten its own arguments, and their last NUL with them. */
static void take_argv(struct process_reader *reader, int dirfd, struct event *event)
{
	struct slice text;

	if (read_text(dirfd, "cmdline", reader->argv, LIST_MAX + 1, &text) < 0)
		return;
	if (text.size > LIST_MAX) {
		text.size = LIST_MAX;
		event_flag(event, FLAG_ARGV_CUT);
	}
	if (text.size > 0 && reader->argv[text.size - 1] != '\0')
		reader->argv[text.size++] = '\0';
	event_set(event, ARGV, argv, text);
}

static void take_environ(struct process_reader *reader, int dirfd, struct event *event)
{
	struct slice text;
	size_t size;

	if (reader->environment_count == 0 ||
	    read_text(dirfd, "environ", reader->environ_text, LIST_MAX, &text) < 0)
		return;
	if (text.size == LIST_MAX)
		event_flag(event, FLAG_ENV_CUT);
	size = proc_environ_pick(text, reader->environment, reader->environment_count,
				 reader->environ_list);
	event_set(event, ENV, env, (struct slice){ reader->environ_list, size });
}

/*
 * The kernel leaves the name that was asked for at the top of the stack, where a process may write
 * as it may over its arguments. Nothing follows it but the end of the stack, so a short read is
 * the rule.
 */
static void take_filename(struct process_reader *reader, int dirfd, struct event *event)
{
	char auxv[1024];
	struct slice text;
	uint64_t address;
	_cleanup_(closep) int fd = -1;
	ssize_t n;

	if (read_text(dirfd, "auxv", auxv, sizeof(auxv), &text) < 0)
		return;
	address = proc_auxv_filename(text);
	fd = address && address <= INT64_MAX ? openat(dirfd, "mem", O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	n = pread(fd, reader->filename, sizeof(reader->filename), (off_t)address);
	if (n > 0 && memchr(reader->filename, 0, (size_t)n))
		event_set(event, FILENAME, filename, slice_of(reader->filename));
}

/* `filename`, made whole where it is relative; the interpreter stands in front of the arguments. */
static void take_script(struct process_reader *reader, int dirfd, struct event *event)
{
	const struct proc_script_clues clues = {
		.dirfd = dirfd,
		.filename = event->filename,
		.argv = event->argv,
		.cwd = reader->cwd.in_root,
		.exe = &reader->exe.stat,
	};
	const char *name = reader->filename;
	int n;

	if (!event_knows(event, FIELD_FILENAME) || !event_knows(event, FIELD_ARGV) ||
	    !event_knows(event, FIELD_CWD) || !reader->exe.has_stat || !proc_script_runs(&clues))
		return;
	event_set(event, INTERPRETER, interpreter, slice_of(event->argv.data));
	event_set(event, SCRIPT, script, event->filename);
	if (name[0] == '/')
		return;
	name += strncmp(name, "./", 2) == 0 ? 2 : 0;
	/* The root ends with the slash that follows others. */
	n = snprintf(reader->script, sizeof(reader->script), "%.*s/%s",
		     event->cwd.size > 1 ? (int)event->cwd.size : 0, event->cwd.data, name);
	if (n > 0 && (size_t)n < sizeof(reader->script))
		event_set(event, SCRIPT, script, slice_of(reader->script));
}

/* True if the process runs another file than the one that was read. */
static bool has_executed(const struct process_reader *reader, int dirfd)
{
	const struct statx *was = &reader->exe.stat;
	struct statx now;

	return reader->exe.has_stat &&
	       statx(dirfd, "exe", AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_INO, &now) == 0 &&
	       (now.stx_ino != was->stx_ino || now.stx_dev_major != was->stx_dev_major ||
		now.stx_dev_minor != was->stx_dev_minor);
}

static void take_program(struct process_reader *reader, int dirfd, bool brief, struct event *event)
{
	/* A kernel thread has no program, no arguments and works in the root. */
	if (reader->stat.flags & PROC_STAT_KTHREAD)
		return;
	take_root(reader, dirfd);
	if (take_exe(reader, dirfd, event) == 0 && !brief) {
		take_argv(reader, dirfd, event);
		take_environ(reader, dirfd, event);
		take_filename(reader, dirfd, event);
	}
	if (brief)
		return;
	take_cwd(reader, dirfd, event);
	take_script(reader, dirfd, event);
}

/* ---- the whole ---- */

/*
 * A leader that has ended before its threads has no memory and no files any more; any of the
 * threads that live on has them. Returns its folder, or -1.
 */
static int open_living_thread(int process)
{
	DIR *dir;
	struct dirent *entry;
	int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), found = -1;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		closep(&fd);
		return -1;
	}
	while (found < 0 && (entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		found = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (found >= 0 && fstatat(found, "exe", &st, 0) < 0) {
			close(found);
			found = -1;
		}
	}
	closedir(dir);
	return found;
}

/* Of a process that ends, cgroup v1 says the root. */
static void forget_cgroups(const struct process_reader *reader, struct event *event)
{
	if (reader->stat.state == 'Z' || (reader->stat.flags & PROC_STAT_EXITING))
		event_forget(event, FIELD_CGROUP_V1);
}

static int read_once(struct process_reader *reader, int dirfd, bool brief, struct event *event)
{
	_cleanup_(closep) int thread = -1;
	int r;

	/* Before stat, which then says whether it was still true. */
	take_cgroups(reader, dirfd, event);
	r = take_stat(reader, dirfd, "stat", event);
	if (r < 0)
		return r;
	forget_cgroups(reader, event);
	if (take_status(reader, dirfd, "status", event) == -ESRCH)
		return -ESRCH;
	if (!brief)
		take_login(dirfd, event);
	if (r > 0)
		return 1;
	if (reader->stat.state == 'Z')
		thread = open_living_thread(dirfd);
	if (thread >= 0) {
		dirfd = thread;
		take_cgroups(reader, dirfd, event);
	}
	take_namespaces(dirfd, brief ? BRIEF_NAMESPACES : ARRAY_SIZE(namespaces), event);
	take_program(reader, dirfd, brief, event);
	return 0;
}

int process_reader_read(struct process_reader *reader, pid_t pid, bool brief, struct event *event)
{
	_cleanup_(closep) int dirfd = -1;
	struct event as_it_was = *event;
	char name[32];
	int r;

	if (pid <= 0)
		return -ESRCH;
	write_name(pid, "", name);
	dirfd = openat(reader->host->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return gone(-errno);
	for (int tries = 0; tries < TORN_MAX; tries++) {
		*event = as_it_was;
		reader->exe.has_stat = false;
		r = read_once(reader, dirfd, brief, event);
		if (r != 0 || brief || !has_executed(reader, dirfd))
			break;
	}
	if (r >= 0)
		event_set(event, TID, tid, event->pid);
	return r;
}

int process_reader_read_stat(struct process_reader *reader, pid_t pid, struct event *event)
{
	char name[32];

	if (pid <= 0)
		return -ESRCH;
	write_name(pid, "/stat", name);
	return take_stat(reader, reader->host->proc_fd, name, event);
}

int process_reader_read_status(struct process_reader *reader, pid_t pid, struct event *event)
{
	char name[32];

	if (pid <= 0)
		return -ESRCH;
	write_name(pid, "/status", name);
	return take_status(reader, reader->host->proc_fd, name, event);
}
