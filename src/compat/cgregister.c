// SPDX-License-Identifier: MIT
/*
 * The client writes the process's number and the kind, 4 bytes each in the host's order, and the
 * daemon answers 18 bytes, or closes the connection to refuse. A daemon that hangs keeps nobody
 * waiting for longer than the time-out.
 */
#include "compat/cgregister.h"

#include "util/fd.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define SOCKET_PATH "/run/cgred.socket"
#define ANSWER	    "SUCCESS_STORE_PID"

enum { TIMEOUT_S = 3 };

static int talk(int fd, pid_t pid, enum cgregister_kind kind)
{
	const int32_t words[2] = { pid, (int32_t)kind };
	char answer[sizeof(ANSWER)];
	size_t got = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (send(fd, &words[i], sizeof(words[i]), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(words[i]))
			return errno == EPIPE ? -EPERM : -errno;
	while (got < sizeof(answer)) {
		ssize_t n = recv(fd, answer + got, sizeof(answer) - got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : errno == ECONNRESET ? -EPERM : -errno;
		if (n == 0)
			return -EPERM;
		got += (size_t)n;
	}
	return memcmp(answer, ANSWER, sizeof(answer)) == 0 ? 1 : -EPROTO;
}

int cgregister(pid_t pid, enum cgregister_kind kind)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == EAGAIN || errno == EINPROGRESS ? -ETIMEDOUT : 0;
	return talk(fd, pid, kind);
}
