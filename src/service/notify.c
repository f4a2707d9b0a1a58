// SPDX-License-Identifier: MIT
/*
 * Anybody may send: what counts is who did, by SCM_CREDENTIALS, which the kernel fills in. A
 * message that is longer than any of sd_notify's is cut. Descriptors that come along (FDSTORE=1)
 * are not asked for by recvmsg(), so the kernel closes them.
 */
#include "service/notify.h"

#include "util/text.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { MESSAGE_MAX = 4096, MESSAGES_A_TURN = 64 };

struct notify {
	char *path;
	int fd;
	sd_event_source *source;
	notify_fn function;
	void *userdata;
};

void notify_free(struct notify *notify)
{
	if (!notify)
		return;
	sd_event_source_disable_unref(notify->source);
	closep(&notify->fd);
	free(notify->path);
	free(notify);
}

int notify_fd(const struct notify *notify)
{
	return notify->fd;
}

const char *notify_path(const struct notify *notify)
{
	return notify->path;
}

/* ---- the text ---- */

static void take_status(struct notify_message *message, const char *text, size_t size)
{
	_cleanup_(text_done) struct text shown = { 0 };

	text_add_escaped(&shown, text, MIN(size, (size_t)NOTIFY_STATUS_MAX / 2));
	snprintf(message->status, sizeof(message->status), "%s", shown.data ? shown.data : "");
	message->words |= NOTIFY_STATUS;
}

static void take_line(struct notify_message *message, const char *line, size_t size)
{
	static const struct {
		const char *text;
		unsigned word;
	} words[] = {
		{ "READY=1", NOTIFY_READY },
		{ "WATCHDOG=1", NOTIFY_WATCHDOG },
		{ "WATCHDOG=trigger", NOTIFY_WATCHDOG_TRIGGER },
		{ "STOPPING=1", NOTIFY_STOPPING },
		{ "RELOADING=1", NOTIFY_RELOADING },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eq((struct slice){ line, size }, slice_of(words[i].text)))
			message->words |= words[i].word;
	if (size > 7 && memcmp(line, "STATUS=", 7) == 0)
		take_status(message, line + 7, size - 7);
}

void notify_parse(const char *text, size_t size, struct notify_message *ret_message)
{
	*ret_message = (struct notify_message){ 0 };
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		take_line(ret_message, text, length);
		length += end != NULL;
		text += length;
		size -= length;
	}
}

/* ---- the socket ---- */

/* 1: a message was taken; 0: none is there. */
static int take(struct notify *notify)
{
	char text[MESSAGE_MAX];
	struct iovec part = { .iov_base = text, .iov_len = sizeof(text) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(notify->fd, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct notify_message message;
	const struct cmsghdr *header;
	struct ucred sender;

	if (n < 0)
		return errno == EINTR;
	header = CMSG_FIRSTHDR(&packet);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
		return 1;
	memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	notify_parse(text, (size_t)n, &message);
	if (message.words != 0 && sender.pid > 0)
		notify->function(sender.pid, &message, notify->userdata);
	return 1;
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	for (int i = 0; i < MESSAGES_A_TURN && take(userdata) > 0; i++)
		;
	return 0;
}

static int listen_at(struct notify *notify)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int on = 1;
	struct stat info;

	if (strlen(notify->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, notify->path, strlen(notify->path) + 1);
	if (lstat(notify->path, &info) == 0 && S_ISSOCK(info.st_mode))
		(void)unlink(notify->path);
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd < 0 ||
	    setsockopt(notify->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(notify->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	/* Services of any user write to it. */
	return chmod(notify->path, 0666) < 0 ? -errno : 0;
}

int notify_new(sd_event *event, const char *path, int fd, notify_fn function, void *userdata,
	       struct notify **ret_notify, struct error *err)
{
	_cleanup_(notify_freep) struct notify *notify = calloc(1, sizeof(*notify));
	int r;

	if (!notify)
		return error_oom(err);
	notify->fd = fd;
	notify->function = function;
	notify->userdata = userdata;
	notify->path = strdup(path);
	if (!notify->path)
		return error_oom(err);
	r = fd >= 0 ? 0 : listen_at(notify);
	if (r >= 0)
		r = sd_event_add_io(event, &notify->source, notify->fd, EPOLLIN, on_message,
				    notify);
	if (r < 0)
		return error_set_errno(err, r, "cannot make the socket %s for services", path);
	*ret_notify = TAKE_PTR(notify);
	return 0;
}
