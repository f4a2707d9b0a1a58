// SPDX-License-Identifier: MIT
/*
 * A scan is a snapshot of a moving thing: processes vanish while they are looked at (no error),
 * and children may be forked between the listing and the move of their parent. So the listing is
 * repeated until a pass moves nobody new, at most PASSES_MAX times.
 */
#include "core/scan.h"

#include "source/host-name.h"
#include "util/fd.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { PASSES_MAX = 4, MOUNTINFO_LIMIT = 64 << 20 };

struct scan {
	const struct host *host;
	const struct snapshot *snapshot;
	bool dry_run;
	const pid_t *spare;
	scan_found_fn found;
	void *userdata;
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

	if (scan->dry_run) {
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

/* True if this process was moved now. */
static bool scan_process(struct scan *scan, pid_t pid)
{
	struct file_key exe, script;
	struct verdict verdict, script_verdict;
	struct decision decision = { .pid = pid, .flags = DECISION_SCAN };
	const char *path;
	size_t skip, length;
	char link[40];
	bool matched;

	if (pid == scan->spare[0] || pid == scan->spare[1])
		return false;
	if (scan->first_pass)
		scan->result->seen++;
	snprintf(link, sizeof(link), "%d/exe", pid);
	if (!read_key(scan, pid, link, &scan->exe, &exe))
		return false; /* a kernel thread, or gone */
	path = scan->exe.path;
	matched = ruleset_match(scan->snapshot->ruleset, ACTION_EXECUTE, &exe, &verdict);
	if (read_script(scan, pid, &script) &&
	    ruleset_match(scan->snapshot->ruleset, ACTION_EXECUTE, &script, &script_verdict) &&
	    (script_verdict.group != POLICY_NONE || !matched)) {
		/* The script's rule comes first, as at the gate. */
		verdict = script_verdict;
		path = scan->script.path;
		matched = true;
	}
	if (!matched || verdict.group == POLICY_NONE)
		return false;
	decision.time_ns = clock_boottime();
	decision.generation = scan->snapshot->generation;
	decision.group = verdict.group;
	decision.group_rule = verdict.group_rule;
	decision.rule_count = 1;
	decision.rules[0] = (uint32_t)verdict.group_rule;
	length = strlen(path);
	skip = length >= DECISION_PATH ? length - DECISION_PATH + 1 : 0;
	memcpy(decision.path, path + skip, length - skip + 1);
	decision.result = move(scan, &decision);
	if (decision.result > 0)
		decision.result = 0;
	if (scan->first_pass)
		scan->result->matched++;
	count_outcome(scan, &decision);
	if (scan->first_pass || (decision.flags & DECISION_MOVED))
		scan->found(&decision, scan->userdata);
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

int place_running(const struct host *host, const struct snapshot *snapshot, bool dry_run,
		  const pid_t spare[2], scan_found_fn found, void *userdata,
		  struct scan_result *ret_result)
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
		.dry_run = dry_run,
		.spare = spare,
		.found = found,
		.userdata = userdata,
		.result = &result,
		.mounts = mounts,
	};
	for (int pass = 0; pass < PASSES_MAX && (pass == 0 || moved > 0); pass++) {
		scan->first_pass = pass == 0;
		moved = scan_pass(scan);
		if (moved < 0)
			return moved;
	}
	*ret_result = result;
	return 0;
}
