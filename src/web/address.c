// SPDX-License-Identifier: MIT
/*
 * What is served here is about a whole machine, and without TLS: so it does not leave it. From
 * elsewhere it is reached by ssh -L, or by a proxy that its administrator answers for.
 */
#include "web/address.h"

#include "util/units.h"
#include "varlink/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static int bad(const char *text, struct error *err)
{
	return error_set(err, -EINVAL,
			 "\"%s\" is no place to listen; say 127.0.0.1:PORT, [::1]:PORT or "
			 "unix:/PATH",
			 text);
}

static int outside(const char *text, struct error *err)
{
	return error_set(err, -EACCES,
			 "\"%s\" is not on loopback: other machines must not reach it (use ssh -L "
			 "7390:127.0.0.1:7390 there)",
			 text);
}

static int fill(const char *name, uint16_t port, const char *text, struct address *address,
		struct error *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (name[0] == '\0' || streq(name, "localhost"))
		name = "127.0.0.1";
	if (inet_pton(AF_INET, name, &v4.sin_addr) == 1) {
		if (ntohl(v4.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
			return outside(text, err);
		memcpy(&address->ip, &v4, sizeof(v4));
		address->ip_size = sizeof(v4);
		return 0;
	}
	if (inet_pton(AF_INET6, name, &v6.sin6_addr) != 1)
		return bad(text, err);
	if (!IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr))
		return outside(text, err);
	memcpy(&address->ip, &v6, sizeof(v6));
	address->ip_size = sizeof(v6);
	return 0;
}

int address_parse(const char *text, struct address *ret_address, struct error *err)
{
	static const char unix_prefix[] = "unix:";
	struct address address = { 0 };
	const char *colon = strrchr(text, ':');
	char name[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t size;
	int r;

	if (strncmp(text, unix_prefix, strlen(unix_prefix)) == 0) {
		address.path = text + strlen(unix_prefix);
		if (address.path[0] != '/')
			return error_set(err, -EINVAL,
					 "\"%s\": the path of a Unix socket begins with \"/\"",
					 text);
		*ret_address = address;
		return 0;
	}
	if (!colon || parse_u64(colon + 1, &port) < 0 || port > UINT16_MAX)
		return bad(text, err);
	size = (size_t)(colon - text);
	if (size >= sizeof(name))
		return bad(text, err);
	if (size >= 2 && text[0] == '[' && text[size - 1] == ']')
		snprintf(name, sizeof(name), "%.*s", (int)size - 2, text + 1);
	else if (memchr(text, ':', size))
		return bad(text, err);
	else
		snprintf(name, sizeof(name), "%.*s", (int)size, text);
	r = fill(name, (uint16_t)port, text, &address, err);
	if (r == 0)
		*ret_address = address;
	return r;
}

static int listen_ip(const struct address *address, int *ret_fd, struct error *err)
{
	_cleanup_(closep) int fd =
		socket(address->ip.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int one = 1;

	if (fd < 0)
		return error_set_errno(err, -errno, "cannot make a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&address->ip, address->ip_size) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return error_set_errno(err, -errno, "cannot listen there");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int address_listen(const struct address *address, gid_t gid, int *ret_fd, struct error *err)
{
	struct stat st;

	if (!address->path)
		return listen_ip(address, ret_fd, err);
	return socket_listen(address->path, (uid_t)-1, gid, ret_fd, &st, err);
}

int address_describe(int fd, char text[static ADDRESS_TEXT])
{
	struct sockaddr_storage ip = { 0 };
	socklen_t size = sizeof(ip);
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	char name[INET6_ADDRSTRLEN];

	if (getsockname(fd, (struct sockaddr *)&ip, &size) < 0)
		return -errno;
	if (ip.ss_family == AF_INET) {
		memcpy(&v4, &ip, sizeof(v4));
		snprintf(text, ADDRESS_TEXT, "%s:%u",
			 inet_ntop(AF_INET, &v4.sin_addr, name, sizeof(name)), ntohs(v4.sin_port));
		return 0;
	}
	if (ip.ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	memcpy(&v6, &ip, sizeof(v6));
	snprintf(text, ADDRESS_TEXT, "[%s]:%u",
		 inet_ntop(AF_INET6, &v6.sin6_addr, name, sizeof(name)), ntohs(v6.sin6_port));
	return 0;
}
