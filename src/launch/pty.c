// SPDX-License-Identifier: MIT
/*
 * Our terminal hands every byte on (raw mode); the program's makes signals and lines of them. What
 * the program does not take waits here, at most one buffer of it, and is not read before.
 */
#include "launch/pty.h"

#include "util/fd.h"

#include <fcntl.h>
#include <sys/ioctl.h>

void pty_resize(const struct pty *pty)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(pty->master, TIOCSWINSZ, &size);
}

static int open_ends(struct pty *pty)
{
	char name[64];

	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (pty->master < 0 || grantpt(pty->master) < 0 || unlockpt(pty->master) < 0 ||
	    ptsname_r(pty->master, name, sizeof(name)) != 0)
		return -errno;
	pty->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return pty->slave < 0 ? -errno : 0;
}

static int set_raw(const struct pty *pty)
{
	struct termios mode = pty->saved;

	cfmakeraw(&mode);
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
}

int pty_open(struct pty *pty, struct error *err)
{
	int r;

	*pty = (struct pty){ .master = -1, .slave = -1 };
	r = open_ends(pty);
	if (r < 0) {
		pty_close(pty);
		return error_set_errno(err, r, "cannot have a terminal (/dev/ptmx)");
	}
	pty_resize(pty);
	if (tcgetattr(STDIN_FILENO, &pty->saved) == 0) {
		(void)tcsetattr(pty->slave, TCSANOW, &pty->saved);
		pty->raw = set_raw(pty) == 0;
	}
	return 0;
}

void pty_leave(const struct pty *pty)
{
	if (pty->raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &pty->saved);
}

void pty_enter(const struct pty *pty)
{
	if (pty->raw)
		(void)set_raw(pty);
	pty_resize(pty);
}

void pty_close(struct pty *pty)
{
	pty_leave(pty);
	pty->raw = false;
	closep(&pty->master);
	closep(&pty->slave);
	pty->master = pty->slave = -1;
}

void pty_started(struct pty *pty)
{
	/* So that reading the master ends when the program and its children are gone. */
	closep(&pty->slave);
	pty->slave = -1;
}

void pty_poll(const struct pty *pty, struct pollfd waits[static 2])
{
	bool full = pty->waiting_at < pty->waiting_size;

	waits[0] = (struct pollfd){ .fd = full || pty->input_ended ? -1 : STDIN_FILENO,
				    .events = POLLIN };
	waits[1] = (struct pollfd){ .fd = pty->output_ended ? -1 : pty->master,
				    .events = (short)(POLLIN | (full ? POLLOUT : 0)) };
}

/* Whether what was typed has a ^Z, by whatever key, that the program's terminal takes as one. */
static bool has_suspend(const struct pty *pty)
{
	struct termios inside;
	cc_t key = pty->saved.c_cc[VSUSP];

	return pty->raw && key != _POSIX_VDISABLE && memchr(pty->waiting, key, pty->waiting_size) &&
	       tcgetattr(pty->master, &inside) == 0 && (inside.c_lflag & ISIG) &&
	       inside.c_cc[VSUSP] == key;
}

static void read_input(struct pty *pty)
{
	static const char end_of_file = 4; /* ^D, for who has no terminal to type it at */
	ssize_t size = read(STDIN_FILENO, pty->waiting, sizeof(pty->waiting));

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	pty->waiting_at = 0;
	pty->waiting_size = size > 0 ? (size_t)size : 0;
	if (size <= 0) {
		pty->input_ended = true;
		pty->waiting[0] = end_of_file;
		pty->waiting_size = 1;
	}
	pty->suspend = pty->suspend || has_suspend(pty);
}

static void write_waiting(struct pty *pty)
{
	ssize_t size = write(pty->master, pty->waiting + pty->waiting_at,
			     pty->waiting_size - pty->waiting_at);

	if (size > 0)
		pty->waiting_at += (size_t)size;
}

/* False when there is nothing more for now, or for ever (EIO: the other end is closed). */
static bool copy_output(const struct pty *pty)
{
	char buffer[4096];
	ssize_t size = read(pty->master, buffer, sizeof(buffer));

	return size > 0 && write_all(STDOUT_FILENO, buffer, (size_t)size) == 0;
}

void pty_relay(struct pty *pty, const struct pollfd waits[static 2])
{
	if (waits[0].revents)
		read_input(pty);
	if (pty->waiting_at < pty->waiting_size)
		write_waiting(pty);
	if (waits[1].revents & POLLIN)
		(void)copy_output(pty);
	else if (waits[1].revents & (POLLHUP | POLLERR))
		pty->output_ended = true; /* the program has closed it, and may go on */
}

void pty_drain(const struct pty *pty)
{
	while (copy_output(pty))
		;
}
