/* SPDX-License-Identifier: MIT */
/* A daemon for one client that says what it is told to. */
#pragma once

#include "test/unit.h"
#include "util/places.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static inline int daemon_listen(const char *folder)
{
	_cleanup_(freep) char *path = unit_path(folder, PLACE_SOCKET);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* Answers in two pieces; an empty reply is none. Whether it was asked what it should be. */
static inline bool daemon_answer(int listening, const char *wanted, const char *reply)
{
	int fd = accept(listening, NULL, NULL);
	size_t size = strlen(reply), half = size / 2;
	char asked[1024] = "";
	bool good = recv(fd, asked, sizeof(asked), 0) == (ssize_t)strlen(wanted) + 1 &&
		    streq(asked, wanted);

	(void)send(fd, reply, half, MSG_NOSIGNAL);
	if (size > 0)
		(void)send(fd, reply + half, size + 1 - half, MSG_NOSIGNAL);
	close(fd);
	return good;
}

/* The child that was to be asked was asked what it should be. */
static inline void daemon_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
