// SPDX-License-Identifier: MIT
/*
 * Order matters: first "is it in execve?", then "has it succeeded?". If it was not in execve then
 * and has not succeeded later, the execve that we let go has ended without success.
 *
 * A process can fail several times within the milliseconds before anybody asks. Each gate decision
 * then kept where the one before had put the process; where it was at first is what the oldest
 * says.
 */
#include "core/verify.h"

#include "cgroup/membership.h"
#include "source/access.h"
#include "util/fd.h"

#include <inttypes.h>

enum { RUNNING_TICKS = 30 };

/* The processor time of a process, in ticks of 10 ms; 0 if it cannot be read. */
static uint64_t ticks_of(const struct host *host, pid_t pid)
{
	char name[40], text[1024];
	uint64_t user, system;
	const char *end;

	snprintf(name, sizeof(name), "%d/stat", pid);
	if (file_read_into(host->proc_fd, name, text, sizeof(text)) <= 0)
		return 0;
	end = strrchr(text, ')');
	if (!end ||
	    sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
		   &user, &system) != 2)
		return 0;
	return user + system;
}

/*
 * What is seen running may be in execve, and on a busy machine it may wait for a processor for
 * long; to load a program takes little time of one.
 */
static bool has_left(const struct host *host, pid_t pid, uint64_t *ticks)
{
	uint64_t now = ticks_of(host, pid);

	if (*ticks == 0)
		*ticks = now + 1;
	return now + 1 - *ticks >= RUNNING_TICKS;
}

enum verify_outcome verify_execution(struct confirm *confirm, const struct host *host,
				     const struct decision *decision, uint64_t *ticks)
{
	enum confirm_state state = confirm_ask(confirm, decision->pid, decision->ticket);
	enum access_place place;

	/* Nearly always the answer. */
	if (state == CONFIRM_AGAIN)
		return VERIFY_AGAIN;
	if (state != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	place = access_place_of(host, decision->pid);
	if (place == ACCESS_IN_EXECVE ||
	    (place == ACCESS_RUNNING && !has_left(host, decision->pid, ticks)))
		return VERIFY_LATER;
	state = confirm_ask(confirm, decision->pid, decision->ticket);
	if (state == CONFIRM_AGAIN)
		return VERIFY_AGAIN;
	return state == CONFIRM_NOT_YET ? VERIFY_FAILED : VERIFY_DONE;
}

/* ---- putting back ---- */

/* Adds where the process was in those hierarchies that an earlier step says nothing of. */
static void merge(struct membership *was, const struct decision *decision)
{
	const char *cursor = decision->was, *end = decision->was + decision->was_size, *path;
	struct membership_line line;
	size_t length;

	while (membership_next(&cursor, end, &line)) {
		int n;

		if (membership_path(was, line.id, &path, &length))
			continue;
		n = snprintf(was->text + was->size, sizeof(was->text) - was->size, "%u::%.*s\n",
			     line.id, (int)line.path_length, line.path);
		if (n > 0 && (size_t)n < sizeof(was->text) - was->size)
			was->size += (size_t)n;
	}
}

int verify_put_back(const struct layout *layout, const struct host *host,
		    const struct verify_step *steps, size_t count)
{
	struct membership was = { 0 };
	int moved = 0;

	for (size_t i = 0; i < count; i++) {
		const struct decision *decision = steps[i].decision;

		if (!(decision->flags & DECISION_MOVED))
			continue;
		if (decision->flags & DECISION_NO_WAY_BACK || !steps[i].placement)
			return -ENOENT;
		merge(&was, decision);
		moved++;
	}
	/* From the newest on: each step only touches what is still where it had put it. */
	for (size_t i = count; i-- > 0;) {
		int r;

		if (!(steps[i].decision->flags & DECISION_MOVED))
			continue;
		r = placement_move_back(layout, host, steps[i].placement, steps[i].decision->pid,
					&was);
		if (r == -ESRCH)
			return 0;
		if (r < 0)
			return r;
	}
	return moved;
}
