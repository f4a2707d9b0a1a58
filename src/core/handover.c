// SPDX-License-Identifier: MIT
/*
 * A packet is a word and descriptors; the first of these is a memory file with the object's text,
 * which may be longer than any packet.
 */
#include "core/handover.h"

#include "util/fd.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { MAGIC = 0x72657631, ERRNO_MAGIC = 0x72657665, TEXT_MAX = 64 << 20 };

struct word {
	uint32_t magic;
	int32_t code;
};

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * (HANDOVER_FDS + 1))];
};

/* ---- sending ---- */

int handover_begin(struct handover_out *out, const char *type)
{
	*out = (struct handover_out){ .object = json_pack("{s:s}", "type", type),
				      .names = json_array() };
	return out->object && out->names ? 0 : -ENOMEM;
}

int handover_add(struct handover_out *out, const char *name, int fd)
{
	if (fd < 0)
		return 0;
	if (out->count == HANDOVER_FDS)
		return -ENOSPC;
	if (json_array_append_new(out->names, json_string(name)) < 0)
		return -ENOMEM;
	out->fds[out->count++] = fd;
	return 0;
}

void handover_out_done(struct handover_out *out)
{
	json_decref(out->object);
	json_decref(out->names);
	*out = (struct handover_out){ 0 };
}

static int text_file(const json_t *object)
{
	_cleanup_(closep) int fd = memfd_create("reeve-handover", MFD_CLOEXEC);
	_cleanup_(freep) char *text = json_dumps(object, JSON_COMPACT);
	int r;

	if (fd < 0 || !text)
		return text ? -errno : -ENOMEM;
	r = write_all(fd, text, strlen(text));
	if (r >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

static int send_packet(int socket, int file, const struct handover_out *out)
{
	struct word word = { .magic = MAGIC };
	struct iovec part = { .iov_base = &word, .iov_len = sizeof(word) };
	const size_t size = sizeof(int) * (out->count + 1);
	union control control = { 0 };
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(size),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&packet);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(header), &file, sizeof(file));
	memcpy(CMSG_DATA(header) + sizeof(file), out->fds, sizeof(int) * out->count);
	return sendmsg(socket, &packet, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int handover_send(int socket, struct handover_out *out)
{
	_cleanup_(closep) int file = -1;
	int r = json_object_set(out->object, "fds", out->names) < 0 ? -ENOMEM : 0;

	if (r >= 0)
		r = file = text_file(out->object);
	if (r >= 0)
		r = send_packet(socket, file, out);
	handover_out_done(out);
	return r;
}

void handover_send_errno(int socket, int code)
{
	const struct word word = { .magic = ERRNO_MAGIC, .code = code };

	(void)send(socket, &word, sizeof(word), MSG_NOSIGNAL);
}

/* ---- receiving ---- */

void handover_in_done(struct handover_in *in)
{
	for (size_t i = 0; i < in->count; i++)
		closep(&in->fds[i]);
	json_decref(in->object);
	*in = (struct handover_in){ 0 };
}

static int wait_for_packet(int socket, int timeout_ms)
{
	struct pollfd readable = { .fd = socket, .events = POLLIN };
	int n;

	do
		n = poll(&readable, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* Its descriptors, the text's first; all are ours to close, whatever else is wrong. */
static int take_packet(int socket, struct handover_in *in, int *ret_file)
{
	struct word word = { 0 };
	struct iovec part = { .iov_base = &word, .iov_len = sizeof(word) };
	union control control;
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header;
	size_t count;

	/* It has gone without reading what we sent: that is told before what it has sent. */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return n < 0 && errno != ECONNRESET ? -errno : -EPIPE;
	header = CMSG_FIRSTHDR(&packet);
	if (header && header->cmsg_type == SCM_RIGHTS) {
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(ret_file, CMSG_DATA(header), sizeof(*ret_file));
		in->count = count - 1;
		memcpy(in->fds, CMSG_DATA(header) + sizeof(int), sizeof(int) * in->count);
	}
	if (n == (ssize_t)sizeof(word) && word.magic == ERRNO_MAGIC && word.code < 0)
		return word.code;
	return n == (ssize_t)sizeof(word) && word.magic == MAGIC && *ret_file >= 0 ? 0 : -EBADMSG;
}

int handover_receive(int socket, int timeout_ms, struct handover_in *ret_in)
{
	_cleanup_(handover_in_done) struct handover_in in = { 0 };
	_cleanup_(closep) int file = -1;
	_cleanup_(freep) char *text = NULL;
	int r = wait_for_packet(socket, timeout_ms);

	if (r >= 0)
		r = take_packet(socket, &in, &file);
	if (r >= 0)
		r = file_read_fd(file, TEXT_MAX, &text, NULL);
	if (r < 0)
		return r;
	in.object = json_loads(text, 0, NULL);
	if (!json_is_object(in.object) ||
	    json_array_size(json_object_get(in.object, "fds")) != in.count)
		return -EBADMSG;
	*ret_in = in;
	in = (struct handover_in){ 0 };
	return 0;
}

bool handover_is(const struct handover_in *in, const char *type)
{
	const char *own = json_string_value(json_object_get(in->object, "type"));

	return own && streq(own, type);
}

const char *handover_take_at(struct handover_in *in, size_t index, int *ret_fd)
{
	const char *name =
		json_string_value(json_array_get(json_object_get(in->object, "fds"), index));

	if (name)
		*ret_fd = TAKE_FD(in->fds[index]);
	return name;
}

int handover_take(struct handover_in *in, const char *name)
{
	const json_t *names = json_object_get(in->object, "fds"), *own;
	size_t index;

	json_array_foreach(names, index, own)
	{
		if (json_is_string(own) && streq(json_string_value(own), name))
			return TAKE_FD(in->fds[index]);
	}
	return -1;
}
