// SPDX-License-Identifier: MIT
/*
 * Requests are carried out while send(2) runs, so the answer is in the buffer when it returns; no
 * answer means that the kernel did not like the request: it says nothing to whoever is in another
 * process or user namespace, and kernels before 6.6 do not know the form with a mask.
 *
 * With NETLINK_NO_ENOBUFS a full buffer drops only what does not fit, and sk_drops counts it.
 * Without, the kernel drops everything until the buffer has been emptied, and counts that too, but
 * reports only that it happened. NETLINK_BROADCAST_ERROR has the kernel know that we still are
 * there although it could not deliver: from 6.6 on it may otherwise take us for gone and stop.
 */
#include "source/connector-socket.h"

#include <linux/connector.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	BATCH = 64,
	DATAGRAM_MAX = 256,
};

/* proc_pid and proc_user's fixed numbers: PROC_*_INIT_INO of include/linux/proc_ns.h. */
static const ino_t host_pid_namespace = 0xEFFFFFFC, host_user_namespace = 0xEFFFFFFD;

struct connector_socket {
	int fd;
	bool can_choose, counts, listening;
	uint32_t drops; /* the kernel's counter when it was last read */
	struct mmsghdr headers[BATCH];
	struct iovec pieces[BATCH];
	struct sockaddr_nl senders[BATCH];
	char datagrams[BATCH][DATAGRAM_MAX];
};

static int request(const struct connector_socket *s, enum proc_cn_mcast_op op, const uint32_t *mask,
		   uint32_t ack)
{
	char buffer[CONNECTOR_REQUEST_MAX];
	size_t size = connector_request(buffer, op, mask, ack);

	return send(s->fd, buffer, size, 0) < 0 ? -errno : 0;
}

/* Throws everything away until the answer to our request: what came before it was not asked for. */
static int wait_for_answer(struct connector_socket *s, uint32_t ack)
{
	struct connector_message messages[BATCH];
	ssize_t n;

	while ((n = connector_socket_receive(s, messages, BATCH)) > 0 || n == -ENOBUFS)
		for (ssize_t i = 0; i < n; i++)
			if (messages[i].what == PROC_EVENT_NONE && messages[i].ack == ack + 1)
				return -(int)messages[i].error;
	return n < 0 ? (int)n : -ENOMSG;
}

/* Why the kernel does not answer. */
static int explain_silence(const struct host *host, struct error *err)
{
	struct stat st;

	if (fstatat(host->proc_fd, "self/ns/pid", &st, 0) == 0 && st.st_ino != host_pid_namespace)
		return error_set(err, -EXDEV,
				 "the process connector answers only in the host's "
				 "process namespace");
	if (fstatat(host->proc_fd, "self/ns/user", &st, 0) == 0 && st.st_ino != host_user_namespace)
		return error_set(err, -EXDEV,
				 "the process connector answers only in the host's "
				 "user namespace");
	return error_set(err, -EPROTONOSUPPORT,
			 "the kernel has no process connector (CONFIG_PROC_EVENTS)");
}

static int subscribe(struct connector_socket *s, const struct host *host, struct error *err)
{
	const uint32_t everything = 0;
	uint32_t ack = 0;
	int r;

	(void)!getrandom(&ack, sizeof(ack), GRND_NONBLOCK);
	r = request(s, PROC_CN_MCAST_LISTEN, &everything, ack);
	if (r == -ECONNREFUSED)
		return error_set(err, -EPROTONOSUPPORT,
				 "nobody answers on the kernel's connector: it is missing "
				 "(CONFIG_CONNECTOR), or this is not the host's network namespace");
	if (r < 0)
		return error_set_errno(err, r, "cannot send to the kernel's connector");
	s->listening = true;
	r = wait_for_answer(s, ack);
	s->can_choose = r == 0;
	if (r == -ENOMSG) {
		r = request(s, PROC_CN_MCAST_LISTEN, NULL, ack);
		if (r >= 0)
			r = wait_for_answer(s, ack);
	}
	if (r == -ENOMSG)
		return explain_silence(host, err);
	if (r < 0)
		return error_set_errno(err, r, "the process connector refuses to be listened to");
	return 0;
}

static bool switch_on(int fd, int option)
{
	int one = 1;

	return setsockopt(fd, SOL_NETLINK, option, &one, sizeof(one)) == 0;
}

static bool read_drops(const struct connector_socket *s, uint32_t *ret_drops)
{
	uint32_t numbers[SK_MEMINFO_VARS] = { 0 };
	socklen_t size = sizeof(numbers);

	if (getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, numbers, &size) < 0 ||
	    size <= SK_MEMINFO_DROPS * sizeof(numbers[0]))
		return false;
	*ret_drops = numbers[SK_MEMINFO_DROPS];
	return true;
}

static void set_up(struct connector_socket *s)
{
	(void)switch_on(s->fd, NETLINK_BROADCAST_ERROR);
	s->counts = read_drops(s, &s->drops) && switch_on(s->fd, NETLINK_NO_ENOBUFS);
	for (size_t i = 0; i < BATCH; i++) {
		s->pieces[i] = (struct iovec){ s->datagrams[i], DATAGRAM_MAX };
		s->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &s->senders[i],
			.msg_iov = &s->pieces[i],
			.msg_iovlen = 1,
		};
	}
}

static void set_buffer(const struct connector_socket *s, size_t buffer)
{
	/* The kernel doubles it, for what it keeps beside the data. */
	int size = (int)MIN(buffer / 2, (size_t)INT32_MAX / 2);

	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int connector_socket_new(const struct host *host, size_t buffer,
			 struct connector_socket **ret_socket, struct error *err)
{
	_cleanup_(connector_socket_freep) struct connector_socket *s = calloc(1, sizeof(*s));
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	int r;

	if (!s)
		return error_oom(err);
	s->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	if (s->fd < 0)
		return error_set_errno(err, -errno,
				       "the kernel has no connector (CONFIG_CONNECTOR)");
	set_up(s);
	if (bind(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, -errno,
				       "cannot join the process connector's group (before 6.6 it "
				       "needs CAP_NET_ADMIN)");
	r = subscribe(s, host, err);
	if (r < 0)
		return r;
	set_buffer(s, buffer);
	(void)connector_socket_dropped(s);
	*ret_socket = TAKE_PTR(s);
	return 0;
}

void connector_socket_free(struct connector_socket *s)
{
	if (!s)
		return;
	if (s->listening)
		(void)request(s, PROC_CN_MCAST_IGNORE, NULL, 0);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

int connector_socket_fd(const struct connector_socket *s)
{
	return s->fd;
}

bool connector_socket_can_choose(const struct connector_socket *s)
{
	return s->can_choose;
}

bool connector_socket_counts(const struct connector_socket *s)
{
	return s->counts;
}

int connector_socket_choose(struct connector_socket *s, uint32_t mask)
{
	const uint32_t everything = 0;
	const uint32_t *choice = !s->can_choose ? NULL : mask == UINT32_MAX ? &everything : &mask;
	bool listen = mask != 0;
	int r;

	/* Kernels before 6.6 count requests, not listeners: never ask for the same twice. */
	if (!s->can_choose && listen == s->listening)
		return 0;
	r = request(s, listen ? PROC_CN_MCAST_LISTEN : PROC_CN_MCAST_IGNORE, choice, 0);
	if (r < 0)
		return r;
	s->listening = listen;
	return s->can_choose && mask != UINT32_MAX;
}

/* Only the kernel has the address 0; anybody with CAP_NET_ADMIN may send to the group. */
static bool is_from_kernel(const struct msghdr *header, const struct sockaddr_nl *sender)
{
	return header->msg_namelen == sizeof(*sender) && sender->nl_family == AF_NETLINK &&
	       sender->nl_pid == 0 && !(header->msg_flags & MSG_TRUNC);
}

ssize_t connector_socket_receive(struct connector_socket *s, struct connector_message *messages,
				 size_t room)
{
	ssize_t count = 0;
	int n;

	/* A batch in which nothing is for us is no end. */
	do {
		for (size_t i = 0; i < BATCH; i++)
			s->headers[i].msg_hdr.msg_namelen = sizeof(s->senders[i]);
		n = recvmmsg(s->fd, s->headers, (unsigned)MIN(room, (size_t)BATCH), MSG_DONTWAIT,
			     NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
		for (int i = 0; i < n; i++)
			if (is_from_kernel(&s->headers[i].msg_hdr, &s->senders[i]) &&
			    connector_message_parse(s->datagrams[i], s->headers[i].msg_len,
						    &messages[count]) == 0)
				count++;
	} while (count == 0);
	return count;
}

uint32_t connector_socket_dropped(struct connector_socket *s)
{
	uint32_t drops, fresh;

	if (!s->counts || !read_drops(s, &drops))
		return 0;
	fresh = drops - s->drops;
	s->drops = drops;
	return fresh;
}
