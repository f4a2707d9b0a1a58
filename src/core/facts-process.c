// SPDX-License-Identifier: MIT
/*
 * One reader for each part. A part that cannot be read stays unknown, and a condition that asks
 * for it does not hold.
 *
 * While a process waits in execve, /proc still shows the program that it runs; of the new one the
 * gate has the file, and the arguments are where the caller has them. Names of files are the
 * host's: a file of another mount namespace that has no name here is not told, for its path would
 * mean another file here.
 */
#include "core/facts-process.h"

#include "core/execve-call.h"
#include "core/facts-ids.h"
#include "core/zone.h"
#include "source/interpreter.h"
#include "util/proc-text.h"
#include "source/peek.h"
#include "util/fd.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>

static const char *const namespace_names[FACT_NAMESPACE_KINDS] = {
	"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts",
};

static void know(struct process_facts *process, enum fact_part part)
{
	process->facts.known |= UINT32_C(1) << part;
}

static bool read_stat(const struct process_facts *process, pid_t pid, struct proc_stat *stat)
{
	char text[PROC_STAT_SIZE];

	return proc_stat_read(process->world->host->proc_fd, pid, text, stat) >= 0;
}

/* ---- names ---- */

/* Where a link of /proc/PID leads, by the host's name, into `path`; its length or 0. */
static size_t read_link(struct process_facts *process, pid_t pid, const char *link,
			char path[static PATH_MAX + 1])
{
	struct name_buffer *names = &process->names;
	struct seen_file file;
	char name[48];

	snprintf(name, sizeof(name), "%d/%s", pid, link);
	if (!process->find_name ||
	    host_name_of_link(process->world->host->proc_fd, name, &file, names) < 0)
		return 0;
	file.pid = pid;
	/* A file in memory has this name everywhere. */
	if (strncmp(names->path, "/memfd:", 7) != 0 &&
	    process->find_name(&file, names, process->userdata) == HOST_NAME_NONE)
		return 0;
	memcpy(path, names->path, names->length + 1);
	return names->length;
}

static void ask_exe(struct process_facts *process)
{
	struct facts *facts = &process->facts;

	facts->exe.size = read_link(process, facts->pid, "exe", process->exe);
	facts->exe.data = process->exe;
	if (facts->exe.size > 0)
		know(process, FACT_EXE);
}

static void ask_cwd(struct process_facts *process)
{
	struct facts *facts = &process->facts;

	facts->cwd.size = read_link(process, facts->pid, "cwd", process->cwd);
	facts->cwd.data = process->cwd;
	if (facts->cwd.size > 0)
		know(process, FACT_CWD);
}

/* ---- what is executed ---- */

/* What execve was told: its name, which gives the process's, and its arguments. */
static void ask_call(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	struct slice name = { facts->file.path, facts->file.length };
	struct execve_call call;
	ssize_t n;

	facts->asked |= UINT32_C(1) << FACT_ARGUMENTS | UINT32_C(1) << FACT_COMM;
	if (!execve_call_find(process->world->host, facts->pid, &call))
		return;
	n = memory_read_string(call.tid, call.filename, process->asked_for,
			       sizeof(process->asked_for));
	if (n > 0)
		name = (struct slice){ process->asked_for, (size_t)n };
	name = slice_last_part(name);
	name.size = MIN(name.size, sizeof(process->comm) - 2);
	memcpy(process->comm, name.data, name.size);
	facts->comm = (struct slice){ process->comm, name.size };
	know(process, FACT_COMM);
	n = memory_read_list(call.tid, call.argv, process->arguments, sizeof(process->arguments),
			     &facts->argv_cut);
	if (n < 0)
		return;
	facts->argv = (struct slice){ process->arguments, (size_t)n };
	know(process, FACT_ARGUMENTS);
}

static void ask_comm(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	char name[32];
	ssize_t n;

	if (process->executing) {
		ask_call(process);
		return;
	}
	snprintf(name, sizeof(name), "%d/comm", facts->pid);
	n = file_read_into(process->world->host->proc_fd, name, process->comm,
			   sizeof(process->comm));
	if (n <= 0)
		return;
	facts->comm = (struct slice){ process->comm, (size_t)n - (process->comm[n - 1] == '\n') };
	know(process, FACT_COMM);
}

static void ask_arguments(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	ssize_t n;

	if (process->executing) {
		ask_call(process);
		return;
	}
	/* Not cmdline: the kernel would read the same memory, and wait for it. */
	n = peek_arguments(facts->pid, process->arguments, sizeof(process->arguments) - 1);
	if (n < 0)
		return;
	facts->argv_cut = n == sizeof(process->arguments) - 1;
	/* Who overwrites its command line may leave the last NUL out. */
	if (n > 0 && process->arguments[n - 1] != '\0')
		n++;
	facts->argv = (struct slice){ process->arguments, (size_t)n };
	know(process, FACT_ARGUMENTS);
}

/* ---- scripts ---- */

/* The file is a script: it is told by its name, and its interpreter as its first line has it. */
static bool script_by_file(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	char head[INTERPRETER_LINE];
	ssize_t n = pread(process->file_fd, head, sizeof(head), 0);

	if (n <= 0 || !interpreter_parse(head, (size_t)n, process->interpreter))
		return false;
	interpreter_parse_argument(head, (size_t)n, process->interpreter_argument);
	facts->interpreter = slice_of(process->interpreter);
	facts->script = (struct slice){ facts->file.path, facts->file.length };
	return true;
}

/* The file is the interpreter of what was asked for. */
static bool script_by_call(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	int n;

	if (!facts_know(facts, FACT_COMM) || process->asked_for[0] == '\0')
		return false;
	if (process->asked_for[0] == '/')
		n = snprintf(process->script, sizeof(process->script), "%s", process->asked_for);
	else if (facts_know(facts, FACT_CWD))
		n = snprintf(process->script, sizeof(process->script), "%.*s/%s",
			     (int)facts->cwd.size, facts->cwd.data,
			     strncmp(process->asked_for, "./", 2) == 0 ? process->asked_for + 2
								       : process->asked_for);
	else
		return false;
	if (n < 0 || (size_t)n >= sizeof(process->script))
		return false;
	facts->script = (struct slice){ process->script, (size_t)n };
	facts->interpreter = (struct slice){ facts->file.path, facts->file.length };
	process->interpreter_argument[0] = '\0';
	return true;
}

/* Strings with their NULs in place of the first one of the list; false: there is no room. */
static bool replace_first(struct process_facts *process, const struct slice *strings, size_t count)
{
	struct slice *argv = &process->facts.argv;
	size_t first = argv->size > 0 ? strnlen(argv->data, argv->size - 1) + 1 : 0;
	size_t rest = argv->size - first, front = 0;

	for (size_t i = 0; i < count; i++)
		front += strings[i].size > 0 ? strings[i].size + 1 : 0;
	if (front + rest > sizeof(process->arguments))
		return false;
	memmove(process->arguments + front, process->arguments + first, rest);
	front = 0;
	for (size_t i = 0; i < count; i++) {
		if (strings[i].size == 0)
			continue;
		memcpy(process->arguments + front, strings[i].data, strings[i].size);
		front += strings[i].size;
		process->arguments[front++] = '\0';
	}
	*argv = (struct slice){ process->arguments, front + rest };
	return true;
}

void process_facts_put_interpreter(struct process_facts *process)
{
	const struct facts *facts = &process->facts;
	const uint32_t both = UINT32_C(1) << FACT_ARGUMENTS | UINT32_C(1) << FACT_SCRIPT;
	const struct slice front[] = {
		facts->interpreter,
		slice_of(process->interpreter_argument),
		slice_of(process->asked_for),
	};

	if (!process->executing || (facts->known & both) != both || facts->script.size == 0 ||
	    process->asked_for[0] == '\0')
		return;
	(void)replace_first(process, front, ARRAY_SIZE(front));
}

/* Of a process that runs already nothing tells what it was asked to run. */
static void ask_script(struct process_facts *process)
{
	struct facts *facts = &process->facts;

	if (!process->executing)
		return;
	facts->script = facts->interpreter = (struct slice){ 0 };
	if (!interpreter_is_loader(facts->file.path) && process->is_second &&
	    process->is_second(process->userdata)) {
		if (script_by_call(process))
			know(process, FACT_SCRIPT);
		return;
	}
	if (process->file_fd < 0)
		return;
	(void)script_by_file(process);
	know(process, FACT_SCRIPT);
}

/* ---- the rest ---- */

struct slice group_of_path(const struct group_bases *bases, unsigned hierarchy, const char *path,
			   size_t length)
{
	for (size_t i = 0; bases && i < bases->count; i++) {
		struct slice prefix = bases->in[i].prefix;

		if (bases->in[i].hierarchy == hierarchy && length > prefix.size &&
		    memcmp(path, prefix.data, prefix.size) == 0)
			return (struct slice){ path + prefix.size, length - prefix.size };
	}
	return (struct slice){ 0 };
}

static void find_group(struct process_facts *process)
{
	struct facts *facts = &process->facts;

	facts->group = (struct slice){ 0 };
	for (size_t i = 0; process->bases && i < process->bases->count; i++) {
		unsigned hierarchy = process->bases->in[i].hierarchy;
		struct slice group;
		const char *path;
		size_t length;

		if (!membership_path(&process->was, hierarchy, &path, &length))
			continue;
		group = group_of_path(process->bases, hierarchy, path, length);
		/* A group is not in every hierarchy: where it is not, the one above it is. */
		if (group.size > facts->group.size)
			facts->group = group;
	}
}

static void ask_cgroup(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	struct slice text, v2;
	size_t v1;

	if (membership_read(process->world->host, facts->pid, &process->was) < 0)
		return;
	text = (struct slice){ process->was.text, process->was.size };
	v1 = proc_cgroup_parse(text, &v2, process->groups_v1);
	facts->cgroup = v2;
	facts->cgroup_v1 = (struct slice){ process->groups_v1, v1 };
	(void)container_of_groups(v2, facts->cgroup_v1, &process->container);
	facts->container_runtime = process->container.runtime;
	facts->container_id = process->container.id;
	facts->pod = process->container.pod;
	find_group(process);
	know(process, FACT_CGROUP);
}

static uint32_t read_namespace(const struct host *host, const char *pid, const char *kind)
{
	char name[48], link[64];
	const char *bracket;
	ssize_t n;

	snprintf(name, sizeof(name), "%s/ns/%s", pid, kind);
	n = readlinkat(host->proc_fd, name, link, sizeof(link) - 1);
	if (n <= 0)
		return 0;
	link[n] = '\0';
	bracket = strchr(link, '[');
	return bracket ? (uint32_t)strtoul(bracket + 1, NULL, 10) : 0;
}

static void ask_namespaces(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", facts->pid);
	for (size_t i = 0; i < FACT_NAMESPACE_KINDS; i++)
		facts->namespaces[i] =
			read_namespace(process->world->host, pid, namespace_names[i]);
	/* One kind may be missing in a kernel; all are when we may not look. */
	if (facts->namespaces[NS_MNT] != 0)
		know(process, FACT_NAMESPACES);
}

/* Up to the first that cannot be read: who is above it is unknown then. */
static void ask_ancestors(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	char path[PATH_MAX + 1];
	size_t used = 0;
	struct proc_stat stat;
	pid_t pid;

	if (!read_stat(process, facts->pid, &stat))
		return;
	facts->ancestor_count = 0;
	for (pid = (pid_t)stat.ppid; pid > 0 && facts->ancestor_count < FACT_ANCESTORS_MOST;
	     pid = (pid_t)stat.ppid) {
		struct fact_ancestor *ancestor = &facts->ancestors[facts->ancestor_count];
		size_t size = read_link(process, pid, "exe", path);

		*ancestor = (struct fact_ancestor){ .pid = pid };
		if (size > 0 && size < sizeof(process->ancestors) - used) {
			memcpy(process->ancestors + used, path, size + 1);
			ancestor->exe = (struct slice){ process->ancestors + used, size };
			used += size + 1;
		}
		facts->ancestor_count++;
		if (!read_stat(process, pid, &stat))
			break;
	}
	know(process, FACT_ANCESTORS);
}

static int stat_program(const struct process_facts *process, struct stat *st)
{
	char name[40];

	if (process->file_fd >= 0 && process->executing)
		return fstat(process->file_fd, st);
	snprintf(name, sizeof(name), "%d/exe", process->facts.pid);
	return fstatat(process->world->host->proc_fd, name, st, AT_NO_AUTOMOUNT);
}

/* A set-id bit has no effect on a file system that is mounted nosuid, and of a user that the
 * process is already. */
static bool set_id_works(struct process_facts *process, const struct stat *st)
{
	bool user = st->st_mode & S_ISUID;
	bool group = (st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
	struct statvfs fs;

	if (!user && !group)
		return false;
	if (process->file_fd >= 0 && fstatvfs(process->file_fd, &fs) == 0 && fs.f_flag & ST_NOSUID)
		return false;
	if (!facts_know(&process->facts, FACT_EFFECTIVE))
		return true;
	return (user && st->st_uid != process->facts.euid) ||
	       (group && st->st_gid != process->facts.egid);
}

static void ask_file_flags(struct process_facts *process)
{
	struct facts *facts = &process->facts;
	struct stat st;

	if (stat_program(process, &st) < 0 || !facts_know(facts, FACT_EXE))
		return;
	facts->memfd = facts->exe.size > 7 && memcmp(facts->exe.data, "/memfd:", 7) == 0;
	facts->deleted = st.st_nlink == 0 && !facts->memfd;
	/* Of a process that runs, its ids show whether it took effect. */
	facts->setuid_program =
		process->executing ? set_id_works(process, &st) : (st.st_mode & S_ISUID) != 0;
	know(process, FACT_FILE_FLAGS);
}

static void ask_time(struct process_facts *process)
{
	process->facts.time = clock_realtime() / UINT64_C(1000000000);
	process->facts.utc_offset =
		atomic_load_explicit(&process->world->utc_offset, memory_order_relaxed);
	know(process, FACT_TIME);
}

static void ask_scheduling(struct process_facts *process)
{
	int policy = sched_getscheduler(process->facts.pid);

	if (policy < 0)
		return;
	policy &= ~SCHED_RESET_ON_FORK;
	process->facts.realtime =
		policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
	know(process, FACT_SCHEDULING);
}

static void ask(struct facts *facts, enum fact_part part, void *userdata)
{
	static void (*const readers[FACT_PARTS])(struct process_facts * process) = {
		[FACT_EFFECTIVE] = facts_ask_effective,
		[FACT_IDS] = facts_ask_ids,
		[FACT_LOGIN] = facts_ask_login,
		[FACT_GROUPS] = facts_ask_ids,
		[FACT_EXE] = ask_exe,
		[FACT_COMM] = ask_comm,
		[FACT_ARGUMENTS] = ask_arguments,
		[FACT_CWD] = ask_cwd,
		[FACT_CGROUP] = ask_cgroup,
		[FACT_NAMESPACES] = ask_namespaces,
		[FACT_SCRIPT] = ask_script,
		[FACT_ANCESTORS] = ask_ancestors,
		[FACT_FILE_FLAGS] = ask_file_flags,
		[FACT_TIME] = ask_time,
		[FACT_SCHEDULING] = ask_scheduling,
	};

	readers[part](userdata);
}

void process_facts_begin(struct process_facts *process, const struct facts_world *world,
			 const struct group_bases *bases, enum occasion on, pid_t pid)
{
	struct facts *facts = &process->facts;

	process->world = world;
	process->bases = bases;
	process->file_fd = -1;
	process->executing = false;
	process->start = 0;
	process->asked_for[0] = '\0';
	facts->on = on;
	facts->has_file = false;
	facts->pid = pid;
	facts->asked = facts->known = 0;
	facts->ask = ask;
	facts->userdata = process;
	memcpy(facts->host_namespaces, world->namespaces, sizeof(facts->host_namespaces));
}

void process_facts_set_file(struct process_facts *process, const struct file_key *file)
{
	struct facts *facts = &process->facts;

	facts->has_file = true;
	facts->file = *file;
	if (facts->on != ON_EXECUTE)
		return;
	facts->exe = (struct slice){ file->path, file->length };
	facts->asked |= UINT32_C(1) << FACT_EXE;
	/* Without a name here it is known by its identity alone. */
	if (file->length > 0)
		know(process, FACT_EXE);
}

/* ---- the world ---- */

void facts_world_init(struct facts_world *world, const struct host *host)
{
	world->host = host;
	for (size_t i = 0; i < FACT_NAMESPACE_KINDS; i++)
		world->namespaces[i] = read_namespace(host, "self", namespace_names[i]);
	facts_world_refresh(world);
}

void facts_world_refresh(struct facts_world *world)
{
	time_t now = (time_t)(clock_realtime() / UINT64_C(1000000000));

	atomic_store(&world->utc_offset, zone_offset(now));
}
