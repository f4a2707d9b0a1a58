// SPDX-License-Identifier: MIT
/*
 * One call over the control socket (varlink: JSON that ends with a NUL), written and read by hand,
 * for a library to be loaded would take longer than the answer.
 */
#include "front/locate.h"

#include "front/reply.h"
#include "util/places.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum { ANSWER_MAX = 16384, REQUEST_MAX = 1024, PATIENCE_SECONDS = 5 };

/* What can stand between quotes as it is; whether it is a group's name, the daemon says. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f || *text == '"' ||
		    *text == '\\')
			return false;
	return true;
}

static int connect_to(const char *folder, int fd)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length =
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/" PLACE_SOCKET, folder);

	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

/* Up to the NUL that ends it. */
static int receive(int fd, char answer[static ANSWER_MAX])
{
	size_t size = 0;

	while (size < ANSWER_MAX) {
		ssize_t n = recv(fd, answer + size, ANSWER_MAX - size, 0);

		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		size += (size_t)n;
		if (answer[size - 1] == '\0')
			return 0;
	}
	return -EMSGSIZE;
}

int locate_begin(const char *runtime_dir, const char *name, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	char request[REQUEST_MAX];
	int size, r;

	if (!is_plain(name))
		return -EINVAL;
	size = snprintf(request, sizeof(request),
			"{\"method\":\"io.reeve.LocateGroup\",\"parameters\":{\"name\":\"%s\"}}",
			name);
	if (size < 0 || (size_t)size >= sizeof(request))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_to(runtime_dir, fd);
	if (r < 0)
		return r;
	if (send(fd, request, (size_t)size + 1, MSG_NOSIGNAL) != size + 1)
		return -EIO;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int locate_end(int fd, struct entrance *entrance)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	char answer[ANSWER_MAX];
	struct reply_places places;
	int r = receive(fd, answer);

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
