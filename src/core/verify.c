// SPDX-License-Identifier: MIT
/*
 * Order matters: first "is it in execve?", then "has it succeeded?". If it was not in execve then
 * and has not succeeded later, the execve that we let go has ended without success.
 */
#include "core/verify.h"

#include "core/access.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>

enum { RUNNING_TRIES = 4 };

enum where { OUTSIDE, IN_EXECVE, RUNNING };

/* Any thread may be the one that executes. */
static enum where find_where(const struct host *host, pid_t pid)
{
	char name[64];
	enum where where = OUTSIDE;
	struct dirent *entry;
	DIR *dir;
	int fd;

	snprintf(name, sizeof(name), "%d/task", pid);
	fd = openat(host->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return OUTSIDE;
	}
	while (where != IN_EXECVE && (entry = readdir(dir))) {
		char text[256];
		char file[NAME_MAX + 16];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/syscall", entry->d_name);
		if (file_read_into(fd, file, text, sizeof(text)) <= 0)
			continue;
		if (strncmp(text, "running", 7) == 0)
			where = RUNNING;
		else if (access_parse(text, NULL, NULL) & ACCESS_EXECUTE)
			where = IN_EXECVE;
	}
	closedir(dir);
	return where;
}

static enum verify_outcome put_back(const struct layout *layout, const struct host *host,
				    const struct snapshot *snapshot,
				    const struct decision *decision)
{
	struct membership was;
	int r;

	if (decision->flags & DECISION_NO_WAY_BACK || decision->group < 0 ||
	    (size_t)decision->group >= snapshot->placement_count ||
	    !snapshot->placements[decision->group])
		return VERIFY_STUCK;
	was.size = decision->was_size;
	memcpy(was.text, decision->was, was.size);
	was.text[was.size] = '\0';
	r = placement_move_back(layout, host, snapshot->placements[decision->group], decision->pid,
				&was);
	if (r == -ESRCH)
		return VERIFY_DONE;
	return r < 0 ? VERIFY_STUCK : VERIFY_PUT_BACK;
}

enum verify_outcome verify_execution(struct confirm *confirm, const struct layout *layout,
				     const struct host *host, const struct snapshot *snapshot,
				     const struct decision *decision, unsigned tries)
{
	enum where where;

	/* Nearly always the answer. */
	if (confirm_ask(confirm, decision->pid, decision->ticket) != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	where = find_where(host, decision->pid);
	if (where == IN_EXECVE || (where == RUNNING && tries < RUNNING_TRIES))
		return VERIFY_LATER;
	if (confirm_ask(confirm, decision->pid, decision->ticket) != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	confirm_disarm(confirm, decision->pid, decision->ticket);
	return put_back(layout, host, snapshot, decision);
}
