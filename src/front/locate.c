// SPDX-License-Identifier: MIT
/* A group that is there already: one call, whose answer names its folders. */
#include "front/locate.h"

#include "front/ask.h"
#include "front/reply.h"

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

int locate_end(int fd, struct entrance *entrance)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char answer[ASK_ANSWER_MAX];
	struct reply_places places;
	int r = ask_receive(fd, answer);

	if (r == 0)
		r = reply_read_places(answer, &places);
	if (r < 0)
		return r;
	if (places.frozen || places.count == 0)
		return -EBUSY;
	for (size_t i = 0; r == 0 && i < places.count; i++)
		r = entrance_add(entrance, places.paths[i], &err);
	return r;
}
