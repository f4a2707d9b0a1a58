// SPDX-License-Identifier: MIT
/* A syslog daemon that is started anew makes its socket anew: the connection is then made again, at
 * once and only once. */
#include "util/syslog-line.h"

#include "util/text.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closep) int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int send_to(const char *path, int *fd, const struct text *line)
{
	if (*fd < 0)
		*fd = open_socket(path);
	if (*fd < 0)
		return *fd;
	return send(*fd, line->data, line->size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int syslog_send(const char *path, int *fd, int facility, int level, const char *ident,
		const char *message)
{
	_cleanup_(text_done) struct text line = { 0 };
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;
	int r;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	text_addf(&line, "<%d>%s %s[%d]: ", facility | level, stamp, ident, getpid());
	text_add_escaped(&line, message, strlen(message));
	if (line.failed)
		return -ENOMEM;
	r = send_to(path, fd, &line);
	if (r == 0 || r == -EAGAIN)
		return r;
	closep(fd);
	*fd = -1;
	return send_to(path, fd, &line);
}
