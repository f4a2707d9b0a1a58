// SPDX-License-Identifier: MIT
/*
 * Owns the listening socket, who is let in, and the one timer. The timer is armed only while some
 * client has sent half a request, or while accepting is paused for want of descriptors: a daemon
 * that nobody talks to is never woken. All half requests have the same time, so the list of them
 * in order of their beginning is the list in order of their deadlines.
 */
#include "varlink/internal.h"

#include "util/host.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>

enum { ACCEPTS_A_TURN = 64 };
static const uint64_t accept_pause = 1000000000; /* ns */

static const struct varlink_limits default_limits = {
	.connections = 1024,
	.message_size = 1 << 20,
	.queue_size = 4 << 20,
	.request_timeout = UINT64_C(10000000000),
	.memory_size = 64 << 20,
};

static void fill_limits(struct varlink_limits *limits, const struct varlink_limits *given)
{
	*limits = default_limits;
	if (!given)
		return;
	if (given->connections > 0)
		limits->connections = given->connections;
	if (given->message_size > 0)
		limits->message_size = given->message_size;
	if (given->queue_size > 0)
		limits->queue_size = given->queue_size;
	if (given->request_timeout > 0)
		limits->request_timeout = given->request_timeout;
	if (given->memory_size > 0)
		limits->memory_size = given->memory_size;
}

/* ---- the timer ---- */

void server_arm(struct varlink_server *server)
{
	struct connection *oldest = TAILQ_FIRST(&server->begun);
	uint64_t next = oldest ? oldest->deadline : UINT64_MAX;

	if (server->accept_again > 0)
		next = MIN(next, server->accept_again);
	if (next == UINT64_MAX) {
		(void)sd_event_source_set_enabled(server->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(server->timer, next / 1000 + 1);
	(void)sd_event_source_set_enabled(server->timer, SD_EVENT_ONESHOT);
}

static void pause_accepting(struct varlink_server *server)
{
	(void)sd_event_source_set_enabled(server->source, SD_EVENT_OFF);
	server->accept_again = clock_monotonic() + accept_pause;
	server_arm(server);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct varlink_server *server = userdata;
	uint64_t now = clock_monotonic();
	struct connection *oldest;

	while ((oldest = TAILQ_FIRST(&server->begun)) && oldest->deadline <= now) {
		server->counters.timed_out++;
		connection_refuse(oldest, "the request did not become whole in time");
		connection_free(oldest);
	}
	if (server->accept_again > 0 && server->accept_again <= now) {
		server->accept_again = 0;
		(void)sd_event_source_set_enabled(server->source, SD_EVENT_ON);
	}
	server_arm(server);
	return 0;
}

/* ---- who is let in ---- */

static bool in_supplementary_groups(int fd, gid_t gid)
{
	_cleanup_(freep) gid_t *groups = NULL;
	socklen_t size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false; /* none, or a kernel before 4.13 */
	groups = malloc(size);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static enum rights rights_of(const struct varlink_server *server, int fd, const struct ucred *peer)
{
	if (peer->uid == 0 || peer->uid == geteuid())
		return RIGHTS_ALL;
	if (server->reader_gid != (gid_t)-1 &&
	    (peer->gid == server->reader_gid || in_supplementary_groups(fd, server->reader_gid)))
		return RIGHTS_READ;
	return RIGHTS_NONE;
}

static bool has_room(const struct varlink_server *server, enum rights rights)
{
	size_t room = server->limits.connections;

	if (rights != RIGHTS_ALL)
		room -= room / RESERVE_SHARE;
	return server->counters.open < room;
}

static void admit(struct varlink_server *server, int fd)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	enum rights rights;

	server->counters.connections++;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		server->counters.refused++;
		close(fd);
		return;
	}
	rights = rights_of(server, fd, &peer);
	if (!has_room(server, rights)) {
		server->counters.refused++;
		close(fd);
		return;
	}
	if (connection_new(server, fd, &peer, rights) < 0)
		server->counters.refused++;
}

/* No descriptor is left: the spare one takes the newcomer, only to tell it by closing. */
static bool turn_away(struct varlink_server *server)
{
	int fd;

	if (server->spare_fd < 0)
		return false;
	close(server->spare_fd);
	fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		close(fd);
		server->counters.connections++;
		server->counters.refused++;
	}
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0;
}

static int on_accept(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata)
{
	struct varlink_server *server = userdata;

	for (unsigned n = 0; n < ACCEPTS_A_TURN; n++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			admit(server, fd);
			continue;
		}
		if (errno == EAGAIN)
			return 0;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if ((errno == EMFILE || errno == ENFILE) && turn_away(server))
			continue;
		/* Still readable, so the loop would spin. */
		pause_accepting(server);
		return 0;
	}
	return 0;
}

/* ---- life ---- */

static int copy_interfaces(struct varlink_server *server,
			   const struct varlink_interface *const *interfaces, size_t count)
{
	server->interfaces = calloc(count + 1, sizeof(*server->interfaces));
	if (!server->interfaces)
		return -ENOMEM;
	server->interfaces[0] = &service_interface;
	for (size_t i = 0; i < count; i++)
		server->interfaces[i + 1] = interfaces[i];
	server->interface_count = count + 1;
	return 0;
}

int varlink_server_new(sd_event *event, const struct varlink_interface *const *interfaces,
		       size_t interface_count, const struct varlink_limits *limits, void *userdata,
		       struct varlink_server **ret_server, struct error *err)
{
	_cleanup_(varlink_server_freep) struct varlink_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return error_oom(err);
	server->fd = server->spare_fd = -1;
	server->reader_gid = (gid_t)-1;
	server->userdata = userdata;
	server->event = sd_event_ref(event);
	TAILQ_INIT(&server->open);
	TAILQ_INIT(&server->begun);
	fill_limits(&server->limits, limits);
	if (copy_interfaces(server, interfaces, interface_count) < 0)
		return error_oom(err);
	r = sd_event_add_time(event, &server->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_timer,
			      server);
	if (r >= 0)
		r = sd_event_source_set_enabled(server->timer, SD_EVENT_OFF);
	if (r < 0)
		return error_set_errno(err, r, "cannot make the control socket's timer");
	(void)sd_event_source_set_description(server->timer, "varlink-half-requests");
	server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (server->spare_fd < 0)
		return error_set_errno(err, -errno, "cannot open \"/dev/null\"");
	*ret_server = TAKE_PTR(server);
	return 0;
}

/* Takes `fd` when it succeeds. */
static int begin_listening(struct varlink_server *server, int fd, const char *path,
			   const struct stat *st, gid_t reader_gid, struct error *err)
{
	int r;

	server->path = strdup(path);
	if (!server->path)
		return error_oom(err);
	server->fd = fd;
	server->device = st->st_dev;
	server->inode = st->st_ino;
	server->reader_gid = reader_gid;
	r = sd_event_add_io(server->event, &server->source, server->fd, EPOLLIN, on_accept, server);
	if (r < 0)
		return error_set_errno(err, r, "cannot watch \"%s\"", path);
	(void)sd_event_source_set_description(server->source, "varlink-accept");
	return 0;
}

int varlink_server_listen(struct varlink_server *server, const char *path, gid_t reader_gid,
			  struct error *err)
{
	struct stat st;
	int fd = -1, r;

	if (server->fd >= 0)
		return error_set(err, -EALREADY, "the control socket is open already");
	r = socket_listen(path, (uid_t)-1, reader_gid, &fd, &st, err);
	if (r >= 0)
		r = begin_listening(server, fd, path, &st, reader_gid, err);
	if (r < 0 && server->fd != fd)
		closep(&fd);
	return r;
}

int varlink_server_adopt(struct varlink_server *server, int fd, const char *path, gid_t reader_gid,
			 struct error *err)
{
	struct stat st;
	int r = lstat(path, &st) < 0 ? -errno : 0;

	if (r < 0)
		r = error_set_errno(err, r, "cannot look at \"%s\"", path);
	else
		r = begin_listening(server, fd, path, &st, reader_gid, err);
	if (r < 0 && server->fd != fd)
		close(fd);
	return r;
}

int varlink_server_fd(const struct varlink_server *server)
{
	return server->fd;
}

void varlink_server_retire(struct varlink_server *server)
{
	server->source = sd_event_source_disable_unref(server->source);
	if (server->fd >= 0)
		close(TAKE_FD(server->fd));
	free(server->path);
	server->path = NULL;
	server->accept_again = 0;
}

static void unlink_own(const struct varlink_server *server)
{
	struct stat st;

	if (server->path && lstat(server->path, &st) == 0 && st.st_dev == server->device &&
	    st.st_ino == server->inode)
		(void)unlink(server->path);
}

void varlink_server_free(struct varlink_server *server)
{
	struct connection *connection;

	if (!server)
		return;
	/* Nobody new while the old are told, and the path is free for the next daemon at once. */
	unlink_own(server);
	sd_event_source_disable_unref(server->source);
	closep(&server->fd);
	while ((connection = TAILQ_FIRST(&server->open)))
		connection_free(connection);
	sd_event_source_disable_unref(server->timer);
	closep(&server->spare_fd);
	sd_event_unref(server->event);
	free(server->interfaces);
	free(server->path);
	free(server);
}

const struct varlink_counters *varlink_server_counters(const struct varlink_server *server)
{
	return &server->counters;
}
