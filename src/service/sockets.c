// SPDX-License-Identifier: MIT
/*
 * The sockets of `listen`: opened before the first start and kept over restarts, so that nobody who
 * connects meanwhile is refused. A daemon that takes a running service over takes copies of them
 * out of it, for they cannot be opened a second time.
 */
#include "service/internal.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static socklen_t fill_address(const struct service_listen *listen, union address *address)
{
	*address = (union address){ .v6 = { .sin6_family = AF_INET6 } };
	if (listen->unix_socket) {
		address->local.sun_family = AF_UNIX;
		snprintf(address->local.sun_path, sizeof(address->local.sun_path), "%s",
			 listen->host);
		return sizeof(address->local);
	}
	/* Without an address: all, of both families. */
	if (listen->host && inet_pton(AF_INET, listen->host, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)listen->port);
		return sizeof(address->v4);
	}
	if (listen->host)
		(void)inet_pton(AF_INET6, listen->host, &address->v6.sin6_addr);
	address->v6.sin6_port = htons((uint16_t)listen->port);
	return sizeof(address->v6);
}

static int open_socket(const struct service_listen *listen_on)
{
	int type = listen_on->datagram ? SOCK_DGRAM : SOCK_STREAM;
	_cleanup_(closep) int fd = -1;
	union address address;
	socklen_t size = fill_address(listen_on, &address);
	const int on = 1;
	struct stat info;

	fd = socket(address.any.sa_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A socket that nobody uses any more is in the way; anything else is not ours to remove. */
	if (listen_on->unix_socket && lstat(listen_on->host, &info) == 0 && S_ISSOCK(info.st_mode))
		(void)unlink(listen_on->host);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &address.any, size) < 0)
		return -errno;
	if (!listen_on->datagram && listen(fd, SOMAXCONN) < 0)
		return -errno;
	return TAKE_FD(fd);
}

void service_unlisten(struct service *service)
{
	for (size_t i = 0; i < service->listen_count; i++)
		closep(&service->listen_fds[i]);
	free(service->listen_fds);
	service->listen_fds = NULL;
	service->listen_count = 0;
}

int service_listen(struct service *service, struct error *err)
{
	const struct service_manifest *manifest = service->manifest;

	if (service->listen_count == manifest->listen_count)
		return 0;
	service_unlisten(service);
	service->listen_fds = calloc(manifest->listen_count, sizeof(int));
	if (!service->listen_fds)
		return error_oom(err);
	for (size_t i = 0; i < manifest->listen_count; i++) {
		int fd = open_socket(&manifest->listen[i]);

		if (fd < 0) {
			service_unlisten(service);
			return error_set_errno(err, fd, "cannot listen at %s",
					       manifest->listen[i].name);
		}
		service->listen_fds[service->listen_count++] = fd;
	}
	return 0;
}

void service_take_sockets(struct service *service)
{
	size_t count = service->manifest->listen_count;

	if (count == 0)
		return;
	service->listen_fds = calloc(count, sizeof(int));
	for (size_t i = 0; service->listen_fds && i < count; i++) {
		int fd = (int)syscall(SYS_pidfd_getfd, service->child.pidfd, 3 + (int)i, 0);

		if (fd < 0) {
			/* They are opened anew at the next start, when it has let go of them. */
			service_tell(service, LOG_NOTICE,
				     "its sockets cannot be kept over its next restart: %s",
				     strerror(errno));
			service_unlisten(service);
			return;
		}
		service->listen_fds[service->listen_count++] = fd;
	}
}
