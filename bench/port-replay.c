/* SPDX-License-Identifier: MIT */
/*
 * port-replay: what alcove 1.0.1 does for a call, as far as the system calls go, and nothing else.
 *
 *	port-replay [-c FIFO] [-m N]
 *
 * A figure of alcove's that was taken on another day means little here. This program speaks just
 * enough of its wire for bench-port-client (fork, getpid, execvp, exit, unlink, setopt; one child a
 * process) and makes the system calls that were seen of alcove: for a message downwards poll, read
 * of 2 bytes, read of the rest, write; upwards poll, three fcntl, two reads, writev; buffers of
 * 64 KiB zeroed for each. What alcove does besides (a table of descriptors made anew a turn, terms
 * that are decoded) is left out, so that alcove can only be slower than this. It trusts its peer.
 *
 * With PORT_REPLAY_LEAST in its environment it makes as few system calls as a process in a chain of
 * pipes can make at all: poll, read and write for a message. That is the floor for every program in
 * which each level of depth is a process that the message passes.
 */
#include "util/macros.h"

#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { LARGEST = 65535, STDIN = 0, STDOUT = 1, PROXY = 3, CALL = 4, EVENT = 5, CTL = 6 };
enum { EXECVP = 21, EXIT = 22, FORK = 28, GETPID = 36, SETOPT = 77, UNLINK = 93 };

struct child {
	pid_t pid;
	int in, out, control;
	bool executed;
};

static struct child child = { .in = -1, .out = -1, .control = -1 };
static size_t depth;
static bool least;

static void put16(unsigned char *at, size_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static size_t get16(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static void put32(unsigned char *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

static void get_all(int fd, void *data, size_t size)
{
	for (ssize_t n; size > 0; size -= (size_t)n, data = (char *)data + n) {
		n = read(fd, data, size);
		if (n <= 0)
			_exit(n == 0 ? 0 : errno);
	}
}

static void put_all(struct iovec *parts, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	if (writev(STDOUT_FILENO, parts, count) != (ssize_t)size)
		_exit(EPIPE); /* a bench's pipe is blocking and is read */
}

/* A message of a type with a head of its own (a pid) and a body. */
static void send_message(unsigned type, const void *head, size_t n_head, const void *body,
			 size_t n_body)
{
	unsigned char start[4];
	struct iovec parts[] = {
		{ start, sizeof(start) },
		{ (void *)(uintptr_t)head, n_head },
		{ (void *)(uintptr_t)body, n_body },
	};

	put16(start, 2 + n_head + n_body);
	put16(start + 2, type);
	put_all(parts, ARRAY_SIZE(parts));
}

static void reply(const char *term, size_t size)
{
	send_message(CALL, NULL, 0, term, size);
}

static void reply_pid(bool with_ok, pid_t pid)
{
	unsigned char term[16] = "\x83\x68\x02\x77\x02ok\x62";
	unsigned char *number = with_ok ? term + 8 : term + 2;

	if (!with_ok)
		memcpy(term, "\x83\x62", 2);
	put32(number, (uint32_t)pid);
	reply((char *)term, (size_t)(number + 4 - term));
}

/* A message about the child, as if it came from it. */
static void spoof(unsigned type, const char *term, size_t size)
{
	unsigned char head[8];

	put32(head, (uint32_t)child.pid);
	put16(head + 4, 2 + size);
	put16(head + 6, type);
	send_message(PROXY, head, sizeof(head), term, size);
}

/* The child goes on in the same loop, with its own ends and no child. */
static void call_fork(void)
{
	int in[2], out[2], control[2];
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		_exit(errno);
	pid = fork();
	if (pid < 0)
		_exit(errno);
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup3(control[1], 5, O_CLOEXEC);
		for (int fd = 3; fd < 64; fd++)
			if (fd != 5)
				close(fd);
		child = (struct child){ .in = -1, .out = -1, .control = -1 };
		depth++;
		return;
	}
	close(in[0]);
	close(out[1]);
	close(control[1]);
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	child = (struct child){ .pid = pid, .in = in[1], .out = out[0], .control = control[0] };
	reply_pid(true, pid);
}

/* execvp(File, [Argument...]) of binaries. */
static void call_execvp(const unsigned char *term)
{
	static char words[8][4096];
	char *argv[9] = { NULL };
	const unsigned char *at = term + 3; /* 131, tuple, 2 */
	size_t count = 1;

	for (size_t i = 0; i < count && i < 8; i++) {
		uint32_t size;

		if (i == 1)
			at += 5; /* the list's head */
		memcpy(&size, at + 1, sizeof(size));
		size = be32toh(size);
		memcpy(words[i], at + 5, size);
		words[i][size] = 0;
		at += 5 + size;
		if (i == 0) {
			memcpy(&size, at + 1, sizeof(size));
			count += be32toh(size);
		} else {
			argv[i - 1] = words[i];
		}
	}
	execvp(words[0], argv);
	_exit(errno);
}

static void on_call(const unsigned char *body)
{
	switch (get16(body)) {
	case GETPID:
		reply_pid(false, getpid());
		break;
	case FORK:
		call_fork();
		break;
	case EXECVP:
		call_execvp(body + 2);
		break;
	case EXIT:
		_exit(0);
	case SETOPT:
		reply("\x83\x77\x04true", 7);
		break;
	case UNLINK:
		reply("\x83\x77\x02ok", 5);
		break;
	default:
		_exit(ENOSYS);
	}
}

/* A message without its length: by one read, where there is just one. Returns its size. */
static size_t get_message(int fd, unsigned char body[LARGEST])
{
	static unsigned char buffer[2 + LARGEST];
	unsigned char head[2];
	ssize_t got;
	size_t size;

	if (!least) {
		get_all(fd, head, sizeof(head));
		get_all(fd, body, get16(head));
		return get16(head);
	}
	got = read(fd, buffer, sizeof(buffer));
	if (got < 2)
		_exit(got == 0 ? 0 : EIO);
	size = get16(buffer);
	if (2 + size > (size_t)got)
		get_all(fd, buffer + got, 2 + size - (size_t)got);
	memcpy(body, buffer + 2, size);
	return size;
}

static void on_input(void)
{
	unsigned char body[LARGEST];
	size_t size;

	if (!least)
		memset(body, 0, sizeof(body));
	size = get_message(STDIN_FILENO, body);
	if (get16(body) == CALL)
		on_call(body + 2);
	else if (write(child.in, body + 6, size - 6) != (ssize_t)(size - 6))
		_exit(EPIPE);
}

static void child_nonblocking(bool on)
{
	int flags = fcntl(child.out, F_GETFL);

	fcntl(child.out, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

/* A message of a control child, or a chunk of another program's output. */
static bool on_output(void)
{
	unsigned char body[2 + LARGEST], pid[4];
	ssize_t n;

	put32(pid, (uint32_t)child.pid);
	if (least && !child.executed) {
		size_t size = get_message(child.out, body + 2);

		put16(body, size);
		send_message(PROXY, pid, sizeof(pid), body, size + 2);
		return true;
	}
	memset(body, 0, sizeof(body));
	child_nonblocking(true);
	n = read(child.out, body, child.executed ? LARGEST - 8 * (depth + 1) : 2);
	fcntl(child.out, F_SETFL, 0);
	if (n <= 0)
		return false;
	if (child.executed) {
		send_message(STDOUT, pid, sizeof(pid), body, (size_t)n);
	} else {
		get_all(child.out, body + 2, get16(body));
		send_message(PROXY, pid, sizeof(pid), body, get16(body) + 2);
	}
	return true;
}

static void on_control(void)
{
	char byte;

	if (read(child.control, &byte, 1) > 0)
		return;
	close(child.control);
	child.control = -1;
	child.executed = true;
	spoof(CTL,
	      "\x83\x77\x0c"
	      "fdctl_closed",
	      15);
}

static void child_ended(void)
{
	while (on_output())
		;
	waitpid(child.pid, NULL, 0);
	spoof(EVENT,
	      "\x83\x68\x02\x77\x0b"
	      "exit_status\x61\0",
	      18);
	close(child.in);
	close(child.out);
	child = (struct child){ .in = -1, .out = -1, .control = -1 };
}

int main(void)
{
	least = getenv("PORT_REPLAY_LEAST") != NULL;
	reply("\x83\x77\x02ok", 5);
	for (;;) {
		struct pollfd fds[] = {
			{ STDIN_FILENO, POLLIN, 0 },
			{ child.control, POLLIN, 0 },
			{ child.out, POLLIN, 0 },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			return errno;
		if (fds[0].revents)
			on_input();
		else if (fds[1].revents)
			on_control();
		else if (fds[2].revents & POLLIN)
			on_output();
		else if (fds[2].revents)
			child_ended();
	}
}
