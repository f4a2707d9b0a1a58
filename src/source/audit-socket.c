// SPDX-License-Identifier: MIT
/*
 * When the buffer is full the kernel drops all that follows until the reader has emptied it, and
 * tells once by ENOBUFS, before what is still in the buffer (netlink_overrun() and
 * netlink_rcv_wake() in net/netlink/af_netlink.c). So a loss is one hole.
 *
 * With CAP_NET_ADMIN any program may send to the group: only what comes from port 0, the kernel, is
 * taken.
 */
#include "source/audit-socket.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>

enum {
	BATCH = 32,
	/* The longest record is one with two paths of 4,095 bytes in hexadecimal and a context. */
	RECORD_MAX = 24 << 10,
	BUFFER_DEFAULT = 32 << 20,
	/* On the stack of nobody, and resident only as far as records are long. */
};

struct audit_socket {
	int fd;
	uint64_t cut;
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_nl from[BATCH];
	_Alignas(struct nlmsghdr) char buffers[BATCH][RECORD_MAX];
};

static void prepare(struct audit_socket *sock)
{
	for (size_t i = 0; i < BATCH; i++) {
		sock->vectors[i] = (struct iovec){ sock->buffers[i], RECORD_MAX };
		sock->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &sock->from[i],
			.msg_namelen = sizeof(sock->from[i]),
			.msg_iov = &sock->vectors[i],
			.msg_iovlen = 1,
		};
	}
}

int audit_socket_new(size_t buffer, struct audit_socket **ret_socket, struct error *err)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
					     .nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1) };
	_cleanup_(audit_socket_freep) struct audit_socket *sock = calloc(1, sizeof(*sock));
	int size = buffer ? (int)MIN(buffer, (size_t)INT32_MAX / 2) : BUFFER_DEFAULT;

	if (!sock)
		return error_oom(err);
	prepare(sock);
	sock->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
	if (sock->fd < 0)
		return error_set_errno(err, -errno, "cannot open the kernel's audit socket");
	/* Before the first record can come. Without CAP_NET_ADMIN as much as one is allowed. */
	if (setsockopt(sock->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(sock->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, -errno, "cannot read the kernel's audit records");
	*ret_socket = TAKE_PTR(sock);
	return 0;
}

void audit_socket_free(struct audit_socket *sock)
{
	if (!sock)
		return;
	if (sock->fd >= 0)
		close(sock->fd);
	free(sock);
}

int audit_socket_fd(const struct audit_socket *sock)
{
	return sock->fd;
}

static void take(struct audit_socket *sock, size_t i, audit_record_fn function, void *userdata)
{
	const struct mmsghdr *message = &sock->messages[i];
	struct nlmsghdr header;

	if (message->msg_hdr.msg_namelen != sizeof(sock->from[i]) || sock->from[i].nl_pid != 0)
		return;
	if (message->msg_len < NLMSG_HDRLEN || message->msg_hdr.msg_flags & MSG_TRUNC) {
		sock->cut++;
		return;
	}
	memcpy(&header, sock->buffers[i], sizeof(header));
	if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > message->msg_len) {
		sock->cut++;
		return;
	}
	function(header.nlmsg_type,
		 (struct slice){ sock->buffers[i] + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN },
		 userdata);
}

int audit_socket_read(struct audit_socket *sock, audit_record_fn function, void *userdata)
{
	int n;

	for (size_t i = 0; i < BATCH; i++) {
		sock->messages[i].msg_hdr.msg_namelen = sizeof(sock->from[i]);
		sock->messages[i].msg_hdr.msg_flags = 0;
	}
	n = recvmmsg(sock->fd, sock->messages, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		take(sock, (size_t)i, function, userdata);
	return n;
}

uint64_t audit_socket_cut(const struct audit_socket *sock)
{
	return sock->cut;
}
