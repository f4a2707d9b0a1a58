// SPDX-License-Identifier: MIT
/*
 * Order matters: first "is it in execve?", then "has it succeeded?". If it was not in execve then
 * and has not succeeded later, the execve that we let go has ended without success.
 */
#include "core/verify.h"

#include "source/access.h"

enum { RUNNING_TRIES = 4 };

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
	enum access_place place;

	/* Nearly always the answer. */
	if (confirm_ask(confirm, decision->pid, decision->ticket) != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	place = access_place_of(host, decision->pid);
	if (place == ACCESS_IN_EXECVE || (place == ACCESS_RUNNING && tries < RUNNING_TRIES))
		return VERIFY_LATER;
	if (confirm_ask(confirm, decision->pid, decision->ticket) != CONFIRM_NOT_YET)
		return VERIFY_DONE;
	confirm_disarm(confirm, decision->pid, decision->ticket);
	if (!(decision->flags & DECISION_MOVED))
		return VERIFY_DONE;
	return put_back(layout, host, snapshot, decision);
}
