// SPDX-License-Identifier: MIT
/* Mostly empty: a plain array is looked through. */
#include "source/pid-set.h"

bool pid_set_has(const struct pid_set *set, uint32_t pid)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->pids[i] == pid)
			return true;
	return false;
}

int pid_set_add(struct pid_set *set, uint32_t pid)
{
	if (pid_set_has(set, pid))
		return 0;
	if (set->count == set->room) {
		size_t room = set->room ? set->room * 2 : 16;
		uint32_t *larger = realloc(set->pids, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		set->pids = larger;
		set->room = room;
	}
	set->pids[set->count++] = pid;
	return 0;
}

void pid_set_remove(struct pid_set *set, uint32_t pid)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->pids[i] == pid) {
			set->pids[i] = set->pids[--set->count];
			return;
		}
}

void pid_set_done(struct pid_set *set)
{
	free(set->pids);
	*set = (struct pid_set){ 0 };
}
