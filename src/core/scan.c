// SPDX-License-Identifier: MIT
/*
 * A scan is a snapshot of a moving thing: processes vanish while they are looked at (no error),
 * and children may be forked between the listing and the move of their parent. So the listing is
 * repeated until a pass moves nobody new, at most PASSES_MAX times.
 */
#include "core/scan.h"

#include "core/subject.h"
#include "source/host-name.h"
#include "util/fd.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

enum { PASSES_MAX = 4, MOUNTINFO_LIMIT = 64 << 20 };

struct scan {
	const struct host *host;
	const struct snapshot *snapshot;
	const struct scan_options *options;
	struct scan_result *result;
	bool first_pass;
	struct membership was;
	struct mount_table *mounts;
	struct name_buffer exe, script;
};

/*
 * Identity, and the name here, as at the gate, of a file: `link` below /proc leads to it, and shows
 * its path. "(deleted)" is not part of its name.
 */
static bool read_key(struct scan *scan, pid_t pid, const char *link, struct name_buffer *names,
		     struct file_key *key)
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;
	struct seen_file file = { .pid = pid };
	struct statx st;
	ssize_t n;

	n = readlinkat(scan->host->proc_fd, link, names->path, PATH_MAX);
	if (n <= 0 || n == PATH_MAX ||
	    statx(scan->host->proc_fd, link, AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID,
		  &st) < 0)
		return false;
	if (st.stx_nlink == 0 && (size_t)n > suffix &&
	    memcmp(names->path + n - suffix, deleted, suffix) == 0)
		n -= (ssize_t)suffix;
	names->path[n] = '\0';
	names->length = (size_t)n;
	file.mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
	file.dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	file.ino = st.stx_ino;
	*key = (struct file_key){ .dev = file.dev, .ino = file.ino, .path = "" };
	if (host_name_find(scan->host, scan->mounts, &file, names) != HOST_NAME_NONE) {
		key->path = names->path;
		key->length = names->length;
	}
	return true;
}

/* A script that is open says what its name is as a program does; opened here, it shows in our own
 * /proc/self/fd. */
static bool read_script_key(struct scan *scan, pid_t pid, int fd, struct file_key *key)
{
	char link[40];

	snprintf(link, sizeof(link), "self/fd/%d", fd);
	return read_key(scan, pid, link, &scan->script, key);
}

/* The script, open, or -1 if it is none. */
static int open_script(const char *path)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;
	char head[2];

	/* The name is any user's word: opening a device could act on it. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || pread(fd, head, 2, 0) != 2 ||
	    head[0] != '#' || head[1] != '!')
		return -1;
	return TAKE_FD(fd);
}

/*
 * The kernel puts a script's path after the interpreter and its one optional argument, so it is
 * the second or third word of the command line.
 */
static bool read_script(struct scan *scan, pid_t pid, struct file_key *key)
{
	char name[40], words[2 * PATH_MAX], below[PATH_MAX + 64];
	ssize_t n;
	const char *at;

	snprintf(name, sizeof(name), "%d/cmdline", pid);
	n = file_read_into(scan->host->proc_fd, name, words, sizeof(words));
	/* The script is among the first words, however many follow. */
	if (n == -EFBIG)
		n = sizeof(words) - 1;
	if (n <= 0)
		return false;
	words[n] = '\0';
	at = words;
	for (int word = 0; word < 3 && at < words + n; word++, at += strlen(at) + 1) {
		_cleanup_(closep) int fd = -1;

		if (word == 0 || *at == '\0' || *at == '-')
			continue;
		if (*at == '/')
			snprintf(below, sizeof(below), "%s/%d/root%s", scan->host->proc_path, pid,
				 at);
		else
			snprintf(below, sizeof(below), "%s/%d/cwd/%.*s", scan->host->proc_path, pid,
				 PATH_MAX, at);
		fd = open_script(below);
		if (fd >= 0)
			return read_script_key(scan, pid, fd, key);
	}
	return false;
}

static int move(struct scan *scan, struct decision *decision)
{
	const struct placement *placement = scan->snapshot->placements[decision->group];
	int r;

	if (scan->options->dry_run) {
		decision->flags |= DECISION_DRY;
		return 0;
	}
	if (!placement)
		return -ENOENT;
	r = membership_read(scan->host, decision->pid, &scan->was);
	if (r < 0)
		return r;
	r = placement_move(placement, decision->pid, &scan->was);
	if (r > 0)
		decision->flags |= DECISION_MOVED;
	else if (r == 0)
		decision->flags |= DECISION_ALREADY;
	return r;
}

static void count_outcome(struct scan *scan, const struct decision *decision)
{
	struct scan_result *result = scan->result;

	if (decision->result == -ESRCH)
		result->vanished++;
	else if (decision->result < 0)
		result->failed++;
	else if (decision->flags & DECISION_MOVED)
		result->moved++;
	else if (scan->first_pass)
		result->already++;
}

/* ---- what a repeated scan does for a process that is new ---- */

/* When the process began, in ticks since boot; 0: gone. */
static uint64_t start_time(const struct host *host, pid_t pid)
{
	char name[40], text[1024];
	uint64_t started;
	const char *end;

	snprintf(name, sizeof(name), "%d/stat", pid);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) <= 0)
		return 0;
	end = strrchr(text, ')');
	return end && sscanf(end + 1,
			     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d"
			     " %*d %*d %" SCNu64,
			     &started) == 1
		       ? started
		       : 0;
}

/* By a descriptor of it that is older than the last look: its number cannot be another's. */
static bool kill_process(const struct scan *scan, pid_t pid, uint64_t started)
{
	_cleanup_(closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd >= 0 && start_time(scan->host, pid) == started &&
	       syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
}

static void run_triggers(struct scan *scan, struct decision *decision,
			 const struct verdict *verdict, const char *path)
{
	const struct policy *policy = snapshot_policy(scan->snapshot);
	struct urgent urgent = { .rule_count = verdict->count };
	bool any = false;

	for (unsigned i = 0; i < verdict->count; i++)
		any |= policy->rules[verdict->rules[i]].trigger != POLICY_NONE;
	if (!any)
		return;
	decision->flags |= DECISION_TRIGGER;
	urgent.decision = *decision;
	memcpy(urgent.rules, verdict->rules, verdict->count * sizeof(urgent.rules[0]));
	snprintf(urgent.path, sizeof(urgent.path), "%s", path);
	subject_read(scan->host, decision->pid, decision->pid, &urgent.subject);
	scan->options->triggered(&urgent, scan->options->userdata);
}

/* ---- one process ---- */

/* What a process runs, by what rules: the program and, where it is an interpreter, the script. */
struct match {
	struct file_key exe, script;
	struct verdict by_exe, by_script;
	bool exe_matched, script_matched;
	const struct verdict *verdict; /* the one that decides the group */
	const char *path;
};

static bool match(struct scan *scan, pid_t pid, struct match *m)
{
	const struct ruleset *rules = scan->snapshot->ruleset;
	char link[40];

	snprintf(link, sizeof(link), "%d/exe", pid);
	if (!read_key(scan, pid, link, &scan->exe, &m->exe))
		return false; /* a kernel thread, or gone */
	m->exe_matched = ruleset_match(rules, ACTION_EXECUTE, &m->exe, &m->by_exe);
	m->script_matched = read_script(scan, pid, &m->script) &&
			    ruleset_match(rules, ACTION_EXECUTE, &m->script, &m->by_script);
	m->verdict = &m->by_exe;
	m->path = scan->exe.path;
	/* The script's rule comes first, as at the gate. */
	if (m->script_matched && (m->by_script.group != POLICY_NONE || !m->exe_matched)) {
		m->verdict = &m->by_script;
		m->path = scan->script.path;
	}
	return m->exe_matched || m->script_matched;
}

static void fill(struct scan *scan, const struct match *m, struct decision *decision)
{
	size_t length = strlen(m->path);
	size_t skip = length >= DECISION_PATH ? length - DECISION_PATH + 1 : 0;

	decision->time_ns = clock_boottime();
	decision->generation = scan->snapshot->generation;
	decision->group = m->verdict->group;
	decision->group_rule = m->verdict->group_rule;
	decision->rule_count = 1;
	decision->rules[0] = m->verdict->group != POLICY_NONE ? (uint32_t)m->verdict->group_rule
							      : m->verdict->rules[0];
	memcpy(decision->path, m->path + skip, length - skip + 1);
}

/* A process that was not there at the last of the repeated scans. */
static void greet(struct scan *scan, const struct match *m, struct decision *decision,
		  uint64_t started)
{
	bool kill = (m->exe_matched && m->by_exe.kill) || (m->script_matched && m->by_script.kill);

	if (m->script_matched)
		run_triggers(scan, decision, &m->by_script, scan->script.path);
	if (m->exe_matched)
		run_triggers(scan, decision, &m->by_exe, scan->exe.path);
	if (!kill)
		return;
	decision->flags |= DECISION_KILLED;
	if (scan->options->dry_run)
		decision->flags |= DECISION_DRY;
	else if (!kill_process(scan, decision->pid, started))
		decision->flags &= (uint16_t)~DECISION_KILLED;
}

static bool is_new(struct scan *scan, const struct match *m, pid_t pid, uint64_t *ret_started)
{
	const struct file_key *file = m->script_matched ? &m->script : &m->exe;
	struct scan_seen seen = { .pid = pid, .dev = file->dev, .ino = file->ino };

	if (!scan->options->memory)
		return false;
	seen.started = *ret_started = start_time(scan->host, pid);
	return scan_memory_note(scan->options->memory, &seen);
}

/* True if this process was moved now. */
static bool scan_process(struct scan *scan, pid_t pid)
{
	const struct scan_memory *memory = scan->options->memory;
	struct decision decision = { .pid = pid, .flags = DECISION_SCAN };
	uint64_t started = 0;
	struct match m;
	bool new;

	if (pid == scan->options->spare[0] || pid == scan->options->spare[1])
		return false;
	if (scan->first_pass)
		scan->result->seen++;
	if (!match(scan, pid, &m))
		return false;
	new = is_new(scan, &m, pid, &started);
	if (!memory && m.verdict->group == POLICY_NONE)
		return false;
	fill(scan, &m, &decision);
	if (decision.group != POLICY_NONE) {
		decision.result = MIN(move(scan, &decision), 0);
		if (scan->first_pass)
			scan->result->matched++;
		count_outcome(scan, &decision);
	}
	if (new && memory->primed)
		greet(scan, &m, &decision, started);
	if (new || (!memory && scan->first_pass) || (decision.flags & DECISION_MOVED))
		scan->options->found(&decision, scan->options->userdata);
	return (decision.flags & DECISION_MOVED) != 0;
}

static int scan_pass(struct scan *scan)
{
	int fd = openat(scan->host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int moved = 0;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		uint64_t pid = 0;

		for (const char *p = entry->d_name; isdigit((unsigned char)*p); p++)
			pid = pid * 10 + (unsigned)(*p - '0');
		if (pid > 0 && pid <= INT_MAX)
			moved += scan_process(scan, (pid_t)pid);
	}
	closedir(dir);
	return moved;
}

int place_running(const struct host *host, const struct snapshot *snapshot,
		  const struct scan_options *options, struct scan_result *ret_result)
{
	_cleanup_(freep) struct scan *scan = malloc(sizeof(*scan));
	_cleanup_(mount_table_freep) struct mount_table *mounts = NULL;
	struct scan_result result = { 0 };
	char *text = NULL;
	int moved = 0, r;

	if (!scan)
		return -ENOMEM;
	r = file_read_at(host->proc_fd, "self/mountinfo", MOUNTINFO_LIMIT, &text, NULL);
	if (r >= 0)
		r = mount_table_new(text, &mounts);
	if (r < 0)
		return r;
	*scan = (struct scan){
		.host = host,
		.snapshot = snapshot,
		.options = options,
		.result = &result,
		.mounts = mounts,
	};
	if (options->memory)
		scan_memory_begin(options->memory);
	for (int pass = 0; pass < PASSES_MAX && (pass == 0 || moved > 0); pass++) {
		scan->first_pass = pass == 0;
		moved = scan_pass(scan);
		if (moved < 0)
			return moved;
	}
	*ret_result = result;
	return 0;
}
