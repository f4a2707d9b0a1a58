// SPDX-License-Identifier: MIT
/* `reeve run` is two programs, which have to say the same. */
#include "launch/own-group.h"

#include <inttypes.h>

char *own_group_sentence(enum own_group_news news, const char *group, uint64_t count)
{
	char *text = NULL;
	int r = -1;

	switch (news) {
	case OWN_GROUP_KILLS:
		r = asprintf(&text,
			     "the kernel killed %" PRIu64 " of the group's processes: its memory "
			     "was at its limit",
			     count);
		break;
	case OWN_GROUP_FORKS:
		r = asprintf(&text,
			     "the kernel refused new processes or threads %" PRIu64
			     " time%s: the group was at its limit of tasks (pids)",
			     count, count == 1 ? "" : "s");
		break;
	case OWN_GROUP_STAYS:
		r = asprintf(&text,
			     "the group \"%s\" stays, for processes that the program left behind "
			     "are in it (reeve group kill %s, reeve group delete %s)",
			     group, group, group);
		break;
	}
	return r < 0 ? NULL : text;
}
