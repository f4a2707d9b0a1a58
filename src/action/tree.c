// SPDX-License-Identifier: MIT
/*
 * One list, which grows while it is walked: whoever is appended is handed to the caller's function
 * at once, and asked for its children after that. When the function moves a process, a child that
 * was made before it is found, and one made after it is where its parent is.
 *
 * A stop is another matter. A fork that is under way when SIGSTOP comes is finished first, and its
 * child is not stopped (Linux 4.19, "signal: Don't restart fork when signals come in"). So the last
 * word on somebody's children is what is read when it stands still.
 */
#include "action/tree.h"

#include "action/target.h"
#include "util/fd.h"
#include "util/proc-text.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	CHILDREN_TEXT = 1 << 20,
	/* How long it is waited that all stand still, and how long between two looks. Who sleeps
	 * uninterruptibly (a parent in vfork(2)) does not; nor does it fork. */
	STAND_USEC = 50000,
	LOOK_USEC = 500,
	/* Who runs may be in a fork, and on a busy machine waits long for a processor to end it. */
	RUN_USEC = 500000,
};

/* What a tree_fn returns to have the process stand still before its children are listed. */
enum { STOPPING = 1 };

struct member {
	pid_t pid;
	bool stopping; /* and not seen to stand still */
	uint64_t start;
};

struct walk {
	const struct host *host;
	tree_fn function;
	void *userdata;
	struct member *members;
	size_t count, room;
	uint32_t *slots; /* by pid: index + 1 of the one that had the number last */
	size_t slot_count;
	bool no_children_files;
	bool moving, running; /* somebody was, whose children were listed in this pass */
	struct tree_result result;
};

static void walk_done(struct walk *walk)
{
	free(walk->members);
	free(walk->slots);
}

static uint32_t *slot_of(const struct walk *walk, pid_t pid)
{
	size_t at = (uint32_t)pid * UINT32_C(2654435761) & (walk->slot_count - 1);

	while (walk->slots[at] != 0 && walk->members[walk->slots[at] - 1].pid != pid)
		at = (at + 1) & (walk->slot_count - 1);
	return &walk->slots[at];
}

static int make_room(struct walk *walk)
{
	size_t room = walk->room ? walk->room * 2 : 64;
	struct member *members;
	uint32_t *slots;

	if (walk->count < walk->room)
		return 0;
	members = reallocarray(walk->members, room, sizeof(*members));
	if (!members)
		return -ENOMEM;
	walk->members = members;
	slots = calloc(room * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(walk->slots);
	walk->slots = slots;
	walk->slot_count = room * 2;
	walk->room = room;
	for (size_t i = 0; i < walk->count; i++)
		*slot_of(walk, walk->members[i].pid) = (uint32_t)i + 1;
	return 0;
}

static int note(struct walk *walk, int r)
{
	if (r == -ESRCH) {
		walk->result.vanished++;
	} else if (r < 0) {
		walk->result.failed++;
		walk->result.last_error = r;
	} else {
		walk->result.done++;
	}
	return r;
}

/* 1: it is new; 0: it was known, or is gone. */
static int append(struct walk *walk, pid_t pid, bool call)
{
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;
	uint32_t *slot;
	int r = proc_stat_read(walk->host->proc_fd, pid, text, &stat);

	if (r < 0 || stat.state == 'Z')
		return 0;
	r = make_room(walk);
	if (r < 0)
		return r;
	slot = slot_of(walk, pid);
	if (*slot != 0 && walk->members[*slot - 1].start == stat.start)
		return 0;
	if (walk->count == TREE_MOST)
		return -E2BIG;
	walk->members[walk->count++] = (struct member){ .pid = pid, .start = stat.start };
	*slot = (uint32_t)walk->count;
	if (call)
		walk->members[walk->count - 1].stopping =
			note(walk, walk->function(pid, stat.start, walk->userdata)) == STOPPING;
	return 1;
}

/* How many are new, or -errno. */
static int append_listed(struct walk *walk, const char *text)
{
	int found = 0;

	for (char *end; *text; text = end) {
		long pid = strtol(text, &end, 10);
		int r;

		if (end == text)
			break;
		r = append(walk, (pid_t)pid, true);
		if (r < 0)
			return r;
		found += r;
	}
	return found;
}

static int append_children_of_thread(struct walk *walk, int tasks, const char *tid)
{
	_cleanup_(freep) char *text = NULL;
	char name[288];
	size_t size;
	int r;

	snprintf(name, sizeof(name), "%s/children", tid);
	r = file_read_at(tasks, name, CHILDREN_TEXT, &text, &size);
	if (r == -ENOENT && faccessat(tasks, tid, F_OK, 0) == 0)
		walk->no_children_files = true;
	return r < 0 ? (r == -ENOMEM ? r : 0) : append_listed(walk, text);
}

static void closedirp(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static int append_children(struct walk *walk, pid_t pid)
{
	_cleanup_(closedirp) DIR *folder = NULL;
	const struct dirent *entry;
	char name[32];
	int fd, found = 0;

	snprintf(name, sizeof(name), "%d/task", pid);
	fd = openat(walk->host->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	folder = fdopendir(fd);
	if (!folder) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(folder))) {
		int r;

		if (entry->d_name[0] == '.')
			continue;
		r = append_children_of_thread(walk, dirfd(folder), entry->d_name);
		if (r < 0)
			return r;
		found += r;
	}
	return found;
}

/* Without CONFIG_PROC_CHILDREN: everyone whose parent is in the list. */
static int append_by_parents(struct walk *walk)
{
	_cleanup_(closedirp) DIR *folder = NULL;
	const struct dirent *entry;
	int found = 0, fd = openat(walk->host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		char text[PROC_STAT_SIZE];
		struct proc_stat stat;
		long pid = strtol(entry->d_name, NULL, 10);
		int r;

		if (pid <= 0 || proc_stat_read(walk->host->proc_fd, (pid_t)pid, text, &stat) < 0 ||
		    *slot_of(walk, (pid_t)stat.ppid) == 0)
			continue;
		r = append(walk, (pid_t)pid, true);
		if (r < 0)
			return r;
		found += r;
	}
	return found;
}

/* Before its children are listed. */
static void see_whether_it_stands(struct walk *walk, struct member *member)
{
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;

	if (!member->stopping)
		return;
	member->stopping = proc_stat_read(walk->host->proc_fd, member->pid, text, &stat) == 0 &&
			   stat.start == member->start && !strchr("TtZX", stat.state);
	walk->moving |= member->stopping;
	walk->running |= member->stopping && stat.state == 'R';
}

/* How many one pass over all that are known has found, or -errno. */
static int pass_over(struct walk *walk)
{
	int found = 0, r;

	walk->moving = walk->running = false;
	for (size_t i = 0; i < walk->count; i++)
		see_whether_it_stands(walk, &walk->members[i]);
	for (size_t i = 0; i < walk->count && !walk->no_children_files; i++) {
		r = append_children(walk, walk->members[i].pid);
		if (r < 0)
			return r;
		found += r;
	}
	if (walk->no_children_files) {
		r = append_by_parents(walk);
		found = r < 0 ? r : found + r;
	}
	return found;
}

static int walk_tree(struct walk *walk, pid_t root, bool with_root)
{
	int r = append(walk, root, with_root);
	unsigned waited = 0;

	if (r < 0)
		return r;
	if (r == 0)
		walk->result.vanished += with_root;
	for (;;) {
		r = pass_over(walk);
		if (r == 0 && walk->moving && waited < (walk->running ? RUN_USEC : STAND_USEC)) {
			usleep(LOOK_USEC);
			waited += LOOK_USEC;
			continue;
		}
		walk->result.passes++;
		if (r <= 0 || walk->result.passes == TREE_PASSES)
			break;
	}
	walk->result.unstable = r > 0 || walk->running;
	return MIN(r, 0);
}

int tree_each(const struct host *host, pid_t root, bool with_root, tree_fn function, void *userdata,
	      struct tree_result *ret_result)
{
	_cleanup_(walk_done) struct walk walk = { .host = host,
						  .function = function,
						  .userdata = userdata };
	int r = walk_tree(&walk, root, with_root);

	*ret_result = walk.result;
	return r;
}

/* ---- signals ---- */

struct sending {
	const struct host *host;
	const pid_t *own;
	int number;
};

static int send_one(pid_t pid, uint64_t start, void *userdata)
{
	const struct sending *sending = userdata;
	_cleanup_(target_done) struct target target = TARGET_INIT;
	int r = target_open(sending->host, pid, start, &target);

	if (r < 0)
		return r;
	/* What is spared is not failed: there is nothing to be told. */
	if (target_protection(sending->host, pid, sending->own) != TARGET_FREE)
		return 0;
	r = target_signal(&target, sending->number);
	return r == 0 && sending->number == SIGSTOP ? STOPPING : r;
}

static int send_nothing(pid_t pid, uint64_t start, void *userdata)
{
	return 0;
}

int tree_signal(const struct host *host, pid_t root, bool with_root, int number, const pid_t *own,
		struct tree_result *ret_result)
{
	struct sending sending = { host, own, SIGSTOP };
	_cleanup_(walk_done) struct walk walk = {
		.host = host,
		.function = number == SIGKILL ? send_one : send_nothing,
		.userdata = &sending,
	};
	int r = walk_tree(&walk, root, with_root);

	/* Also after an error: who is stopped must not stay so. */
	sending.number = number;
	walk.result.done = walk.result.failed = walk.result.vanished = 0;
	for (size_t i = with_root ? 0 : 1; i < walk.count; i++)
		note(&walk, send_one(walk.members[i].pid, walk.members[i].start, &sending));
	*ret_result = walk.result;
	return r;
}
