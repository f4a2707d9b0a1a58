// SPDX-License-Identifier: MIT
/*
 * When the daemon stops, some events may have been read by it and not been answered. Their
 * descriptors are in its table, and the kernel knows an unanswered event by that number, so the
 * guard answers for every number that is open there: those that are no event are refused
 * (ENOENT) without harm. This needs no shared memory and has no gap: a thread only stops on its
 * way back to user mode, when the descriptor is already in the table.
 */
#include "core/guard.h"

#include "util/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct guard {
	pid_t daemon;
	int socket, signal_fd;
	int gate[GUARD_FDS];
	bool stopped, ended;
	bool succeeded; /* the daemon is not the one that was started */
	uint32_t answered;
	int status;
};

/* ---- the wire ---- */

int guard_send_gate(int socket, const int *fds, unsigned count)
{
	struct guard_message message = { .type = GUARD_MESSAGE_GATE, .count = count };
	struct iovec part = { .iov_base = &message, .iov_len = sizeof(message) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * GUARD_FDS)];
	} control = { 0 };
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * count),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&packet);

	if (count == 0 || count > GUARD_FDS)
		return -EINVAL;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
	return sendmsg(socket, &packet, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int guard_send_successor(int socket, pid_t pid)
{
	const struct guard_message message = {
		.type = GUARD_MESSAGE_SUCCESSOR,
		.count = (uint32_t)pid,
	};

	return send(socket, &message, sizeof(message), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int guard_receive(int socket, struct guard_message *ret_message)
{
	ssize_t n = recv(socket, ret_message, sizeof(*ret_message), MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(*ret_message) ? 1 : 0;
}

/* It may have ended by now, and been reaped as one that nobody knew. */
static void take_successor(struct guard *guard, pid_t pid)
{
	guard->daemon = pid;
	guard->succeeded = true;
	guard->stopped = false;
	guard->status = 1;
	guard->ended = kill(pid, 0) < 0;
}

static void take_gate(struct guard *guard, const struct cmsghdr *header)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (unsigned i = 0; i < GUARD_FDS; i++)
		if (guard->gate[i] >= 0)
			close(TAKE_FD(guard->gate[i]));
	memcpy(guard->gate, CMSG_DATA(header), MIN(count, (size_t)GUARD_FDS) * sizeof(int));
}

/* False: there is none. */
static bool take_message(struct guard *guard)
{
	struct guard_message message;
	struct iovec part = { .iov_base = &message, .iov_len = sizeof(message) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int) * GUARD_FDS)];
	} control;
	struct msghdr packet = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *header;
	ssize_t n = recvmsg(guard->socket, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		/* The daemon closed its end; its exit comes by signal. */
		close(TAKE_FD(guard->socket));
		return false;
	}
	header = CMSG_FIRSTHDR(&packet);
	if (header && header->cmsg_type == SCM_RIGHTS)
		take_gate(guard, header);
	else if (n == (ssize_t)sizeof(message) && message.type == GUARD_MESSAGE_SUCCESSOR)
		take_successor(guard, (pid_t)message.count);
	return true;
}

/* ---- answering in the daemon's place ---- */

static void allow(struct guard *guard, int gate, int fd)
{
	struct fanotify_response response = { .fd = fd, .response = FAN_ALLOW };

	if (write(gate, &response, sizeof(response)) > 0)
		guard->answered++;
}

static void answer_begun(struct guard *guard)
{
	char path[40];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", guard->daemon);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		int fd;

		if (sscanf(entry->d_name, "%d", &fd) != 1)
			continue;
		for (unsigned i = 0; i < GUARD_FDS; i++)
			if (guard->gate[i] >= 0)
				allow(guard, guard->gate[i], fd);
	}
	closedir(dir);
}

static void answer_new(struct guard *guard, int gate)
{
	struct fanotify_event_metadata events[64];
	struct fanotify_event_metadata *event = events;
	ssize_t n = read(gate, events, sizeof(events));

	for (; n > 0 && FAN_EVENT_OK(event, n); event = FAN_EVENT_NEXT(event, n)) {
		if (event->fd < 0)
			continue;
		allow(guard, gate, event->fd);
		close(event->fd);
	}
}

static void on_stopped(struct guard *guard)
{
	guard->stopped = true;
	answer_begun(guard);
}

static void on_continued(struct guard *guard)
{
	struct guard_message message = {
		.type = GUARD_MESSAGE_ANSWERED,
		.count = guard->answered,
	};

	guard->stopped = false;
	if (guard->answered > 0 && guard->socket >= 0)
		(void)send(guard->socket, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL);
	guard->answered = 0;
}

/* ---- signals ---- */

/* A service's process, say: who supervises it now is not its parent, and cannot ask. */
static void tell_end(const struct guard *guard, const siginfo_t *info)
{
	int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0)
						 : W_EXITCODE(0, info->si_status) |
							   (info->si_code == CLD_DUMPED ? 0x80 : 0);
	const struct guard_message message = {
		.type = GUARD_MESSAGE_ENDED | (uint32_t)status << GUARD_STATUS_SHIFT,
		.count = (uint32_t)info->si_pid,
	};

	if (guard->socket >= 0)
		(void)send(guard->socket, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static bool has_ended(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
	       info->si_code == CLD_DUMPED;
}

static void note_daemon(struct guard *guard, const siginfo_t *info)
{
	switch (info->si_code) {
	case CLD_STOPPED:
	case CLD_TRAPPED:
		on_stopped(guard);
		break;
	case CLD_CONTINUED:
		on_continued(guard);
		break;
	default:
		guard->status =
			info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
		guard->ended = true;
	}
}

static void reap(struct guard *guard)
{
	const int what = WEXITED | WSTOPPED | WCONTINUED | WNOHANG;

	while (!guard->ended) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, what | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		/* Before it is reaped: who does not find it any more finds the message. */
		if (info.si_pid != guard->daemon && guard->succeeded && has_ended(&info))
			tell_end(guard, &info);
		info = (siginfo_t){ .si_pid = info.si_pid };
		if (waitid(P_PID, (id_t)info.si_pid, &info, what) == 0 &&
		    info.si_pid == guard->daemon)
			note_daemon(guard, &info);
	}
}

static void on_signal(struct guard *guard)
{
	struct signalfd_siginfo info;

	if (read(guard->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		/* Who ends may have named its successor before. */
		while (guard->socket >= 0 && take_message(guard))
			;
		reap(guard);
		return;
	}
	(void)kill(guard->daemon, (int)info.ssi_signo);
	/* Somebody wants a stopped daemon to end: it must be able to hear that. */
	if (guard->stopped && info.ssi_signo != SIGHUP)
		(void)kill(guard->daemon, SIGCONT);
}

static int open_signals(void)
{
	static const int forwarded[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
	static const int ignored[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		sigaddset(&set, forwarded[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int guard_run(int socket, pid_t daemon)
{
	struct guard guard = { .daemon = daemon, .socket = socket };

	for (unsigned i = 0; i < GUARD_FDS; i++)
		guard.gate[i] = -1;
	guard.signal_fd = open_signals();
	if (guard.signal_fd < 0)
		return 1;
	/* What loses its parent below the daemon becomes ours. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* It may have stopped or ended before we listened. */
	reap(&guard);
	while (!guard.ended) {
		struct pollfd polls[2 + GUARD_FDS] = {
			{ .fd = guard.signal_fd, .events = POLLIN },
			{ .fd = guard.socket, .events = POLLIN },
		};

		for (unsigned i = 0; i < GUARD_FDS; i++)
			polls[2 + i] = (struct pollfd){
				.fd = guard.stopped ? guard.gate[i] : -1,
				.events = POLLIN,
			};
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			continue;
		if (polls[1].revents)
			(void)take_message(&guard);
		if (polls[0].revents)
			on_signal(&guard);
		for (unsigned i = 0; i < GUARD_FDS; i++)
			if (guard.stopped && (polls[2 + i].revents & POLLIN))
				answer_new(&guard, guard.gate[i]);
	}
	for (unsigned i = 0; i < GUARD_FDS; i++)
		if (guard.gate[i] >= 0)
			close(guard.gate[i]);
	close(guard.signal_fd);
	return guard.status;
}
