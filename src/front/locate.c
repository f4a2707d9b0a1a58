// SPDX-License-Identifier: MIT
/*
 * A group that is there already: one call, whose answer names its folders. The daemon keeps its
 * answers in a file, which is looked at first.
 */
#include "front/locate.h"

#include "front/ask.h"
#include "front/reply.h"
#include "launch/group-index.h"
#include "util/fd.h"

enum { PATIENCE_SECONDS = 5 };

int locate_begin(const char *runtime_dir, const char *name, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	char request[ASK_REQUEST_MAX];
	int size, r;

	/* Whether it is a group's name, the daemon says. */
	if (!ask_is_plain(name))
		return -EINVAL;
	size = snprintf(request, sizeof(request),
			"{\"method\":\"io.reeve.LocateGroup\",\"parameters\":{\"name\":\"%s\"}}",
			name);
	if (size < 0 || (size_t)size >= sizeof(request))
		return -ENAMETOOLONG;
	r = ask_open(runtime_dir, PATIENCE_SECONDS, &fd);
	if (r == 0)
		r = ask_send(fd, request, (size_t)size);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int add_places(char *answer, struct entrance *entrance)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct reply_places places;
	int r = reply_read_places(answer, &places);

	if (r < 0)
		return r;
	if (places.frozen || places.count == 0)
		return -EBUSY;
	for (size_t i = 0; r == 0 && i < places.count; i++)
		r = entrance_add(entrance, places.paths[i], &err);
	return r;
}

int locate_end(int fd, struct entrance *entrance)
{
	char answer[ASK_ANSWER_MAX];
	int r = ask_receive(fd, answer);

	return r < 0 ? r : add_places(answer, entrance);
}

/* Anybody may have frozen it meanwhile: the new process would never begin, and we wait for it. */
static bool is_frozen(const struct entrance *entrance)
{
	char events[256];

	return entrance->clone_fd >= 0 &&
	       file_read_into(entrance->clone_fd, "cgroup.events", events, sizeof(events)) > 0 &&
	       strstr(events, "frozen 1");
}

int locate_known(const char *runtime_dir, const char *name, struct entrance *entrance)
{
	char text[GROUP_INDEX_MAX], *answer;
	int r = group_index_find(runtime_dir, name, text, &answer);

	if (r == 0)
		r = add_places(answer, entrance);
	if (r == 0 && is_frozen(entrance))
		r = -EBUSY;
	if (r < 0)
		entrance_done(entrance);
	return r;
}
