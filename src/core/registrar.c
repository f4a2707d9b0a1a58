// SPDX-License-Identifier: MIT
/*
 * Nobody is waited for. A client has a second for its eight bytes, sixty-four may be at it at once,
 * and when there are more the one that has been silent for the longest makes room. An answer that
 * does not go out at once is not sent.
 *
 * Root may speak for every process, others for those of their own user: who may only write to the
 * socket must not be able to take a process of root's out of the rules. A number means something in
 * its namespace, so who is in another one is refused.
 */
#include "core/registrar.h"

#include "util/fd.h"
#include "util/proc-text.h"
#include "varlink/socket.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { CLIENTS = 64, PATIENCE_USEC = 1000000, STATUS_SIZE = 8192 };

struct client {
	struct registrar *registrar;
	int fd; /* -1: the place is free */
	uint64_t order;
	size_t used;
	char request[8];
	sd_event_source *source, *timer;
};

struct registrar {
	const struct host *host;
	sd_event *event;
	struct registrar_options options;
	char *path;
	int fd;
	dev_t device;
	ino_t inode;
	sd_event_source *source;
	struct registrar_counters counters;
	uint64_t order;
	struct client clients[CLIENTS];
};

static void drop(struct client *client)
{
	client->source = sd_event_source_disable_unref(client->source);
	client->timer = sd_event_source_disable_unref(client->timer);
	if (client->fd >= 0)
		close(TAKE_FD(client->fd));
	client->used = 0;
}

/* ---- who may say it ---- */

static bool is_of(const struct host *host, pid_t pid, uid_t uid)
{
	struct proc_status status;
	char name[32], text[STATUS_SIZE];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/status", pid);
	n = file_read_into(host->proc_fd, name, text, sizeof(text));
	if (n < 0 && n != -EFBIG)
		return false;
	proc_status_parse(slice_of(text), &status);
	return status.known & PROC_STATUS_UID && status.uid == uid && status.euid == uid;
}

static bool shares_numbers(const struct host *host, pid_t peer)
{
	struct stat ours, theirs;
	char name[32];

	snprintf(name, sizeof(name), "%d/ns/pid", peer);
	return fstatat(host->proc_fd, "self/ns/pid", &ours, 0) == 0 &&
	       fstatat(host->proc_fd, name, &theirs, 0) == 0 && ours.st_ino == theirs.st_ino;
}

/* When the process began whom the client may speak for; 0: it may not. */
static uint64_t find_process(const struct client *client, pid_t pid)
{
	const struct host *host = client->registrar->host;
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    (peer.pid > 0 && !shares_numbers(host, peer.pid)) || peer.pid <= 0 || pid <= 1 ||
	    proc_stat_read(host->proc_fd, pid, text, &stat) < 0)
		return 0;
	/* The user is that of the process which began then: the numbers come again. */
	if (peer.uid != 0 && !is_of(host, pid, peer.uid))
		return 0;
	return stat.start;
}

/* ---- requests ---- */

static int carry_out(struct client *client)
{
	struct registrar *registrar = client->registrar;
	int32_t pid, flags;
	uint64_t start;
	int r;

	memcpy(&pid, client->request, sizeof(pid));
	memcpy(&flags, client->request + sizeof(pid), sizeof(flags));
	start = find_process(client, pid);
	if (start == 0 || flags & ~(REGISTER_CHILDREN | REGISTER_CANCEL))
		return -EPERM;
	if (flags & REGISTER_CANCEL) {
		(void)exempt_remove(registrar->options.exempt, pid);
		registrar->counters.cancelled++;
		return 0;
	}
	r = exempt_add(registrar->options.exempt, pid, start, flags & REGISTER_CHILDREN);
	if (r >= 0)
		registrar->counters.stored++;
	return r;
}

static void answer(struct client *client)
{
	struct registrar *registrar = client->registrar;

	if (carry_out(client) < 0) {
		registrar->counters.refused++;
	} else {
		/* What has to be done for it is done when the client goes on. */
		registrar->options.changed(registrar->options.userdata);
		(void)send(client->fd, REGISTER_ANSWER, sizeof(REGISTER_ANSWER),
			   MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	drop(client);
}

static int on_request(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct client *client = userdata;
	ssize_t n = recv(fd, client->request + client->used, sizeof(client->request) - client->used,
			 MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		client->registrar->counters.refused++;
		drop(client);
		return 0;
	}
	client->used += (size_t)n;
	if (client->used == sizeof(client->request))
		answer(client);
	return 0;
}

static int on_silence(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct client *client = userdata;

	client->registrar->counters.silent++;
	drop(client);
	return 0;
}

/* ---- clients ---- */

static struct client *find_room(struct registrar *registrar)
{
	struct client *oldest = &registrar->clients[0];

	for (size_t i = 0; i < CLIENTS; i++) {
		struct client *client = &registrar->clients[i];

		if (client->fd < 0)
			return client;
		if (client->order < oldest->order)
			oldest = client;
	}
	registrar->counters.silent++;
	drop(oldest);
	return oldest;
}

static int on_client(sd_event_source *source, int listener, uint32_t revents, void *userdata)
{
	struct registrar *registrar = userdata;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	if (fd < 0)
		return 0;
	client = find_room(registrar);
	client->fd = fd;
	client->order = registrar->order++;
	if (sd_event_add_io(registrar->event, &client->source, fd, EPOLLIN, on_request, client) <
		    0 ||
	    sd_event_add_time_relative(registrar->event, &client->timer, CLOCK_MONOTONIC,
				       PATIENCE_USEC, PATIENCE_USEC / 10, on_silence, client) < 0) {
		registrar->counters.refused++;
		drop(client);
	}
	return 0;
}

/* ---- life ---- */

int registrar_new(const struct host *host, sd_event *event, const struct registrar_options *options,
		  struct registrar **ret_registrar, struct error *err)
{
	_cleanup_(registrar_freep) struct registrar *registrar = calloc(1, sizeof(*registrar));
	struct stat st;
	int r;

	if (!registrar)
		return error_oom(err);
	registrar->fd = -1;
	for (size_t i = 0; i < CLIENTS; i++)
		registrar->clients[i] = (struct client){ .registrar = registrar, .fd = -1 };
	registrar->host = host;
	registrar->options = *options;
	registrar->event = sd_event_ref(event);
	if (options->listener > 0) {
		registrar->fd = options->listener;
		r = lstat(options->path, &st) < 0
			    ? error_set_errno(err, -errno, "cannot look at %s", options->path)
			    : 0;
	} else {
		r = socket_listen(options->path, options->uid, options->gid, &registrar->fd, &st,
				  err);
	}
	if (r < 0)
		return r;
	registrar->path = strdup(options->path);
	registrar->device = st.st_dev;
	registrar->inode = st.st_ino;
	if (!registrar->path || sd_event_add_io(event, &registrar->source, registrar->fd, EPOLLIN,
						on_client, registrar) < 0)
		return error_oom(err);
	*ret_registrar = TAKE_PTR(registrar);
	return 0;
}

void registrar_free(struct registrar *registrar)
{
	struct stat st;

	if (!registrar)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		drop(&registrar->clients[i]);
	sd_event_source_disable_unref(registrar->source);
	/* Another daemon's may be in its place. */
	if (registrar->path && lstat(registrar->path, &st) == 0 && st.st_dev == registrar->device &&
	    st.st_ino == registrar->inode)
		(void)unlink(registrar->path);
	if (registrar->fd >= 0)
		close(registrar->fd);
	sd_event_unref(registrar->event);
	free(registrar->path);
	free(registrar);
}

int registrar_fd(const struct registrar *registrar)
{
	return registrar->fd;
}

void registrar_retire(struct registrar *registrar)
{
	registrar->source = sd_event_source_disable_unref(registrar->source);
	if (registrar->fd >= 0)
		close(TAKE_FD(registrar->fd));
	free(registrar->path);
	registrar->path = NULL;
}

const struct registrar_counters *registrar_counters(const struct registrar *registrar)
{
	return &registrar->counters;
}
