// SPDX-License-Identifier: MIT
/* Written and read by hand, for a library to be loaded would take longer than the answer. */
#include "front/ask.h"

#include "util/places.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

bool ask_is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f || *text == '"' ||
		    *text == '\\')
			return false;
	return true;
}

int ask_open(const char *runtime_dir, int patience_seconds, int *ret_fd)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = patience_seconds };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/" PLACE_SOCKET,
			      runtime_dir);

	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int ask_send(int fd, const char *request, size_t size)
{
	ssize_t n = send(fd, request, size + 1, MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t)n == size + 1 ? 0 : -EIO;
}

int ask_receive(int fd, char answer[static ASK_ANSWER_MAX])
{
	size_t size = 0;

	while (size < ASK_ANSWER_MAX) {
		ssize_t n = recv(fd, answer + size, ASK_ANSWER_MAX - size, 0);

		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		size += (size_t)n;
		if (answer[size - 1] == '\0')
			return 0;
	}
	return -EMSGSIZE;
}
