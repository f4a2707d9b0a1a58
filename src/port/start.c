// SPDX-License-Identifier: MIT
/*
 * The beginning. The controller learns that this process executed another program, or ended, by
 * the end of a FIFO that only we hold open: it is made here, close-on-exec, and the controller
 * opens it for reading and unlinks it.
 *
 * A port that is executed again (-d) finds everything open already, and goes on where the process
 * was: its parent may be a port of ours, which then holds the other end of a socket.
 */
#include "port/start.h"

#include "port/direct.h"
#include "port/output.h"
#include "port/signals.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { FIFO_MODE = 0644, STACK_SIZE = 8 << 20 };

static int say(int r, const char *what, const char *where)
{
	fprintf(stderr, "reeve-port: %s%s%s: %s\n", what, where ? " " : "", where ? where : "",
		strerror(-r));
	return r;
}

/* To its number, whatever number it has now. */
static int put_control(int fd)
{
	int r;

	if (fd == FD_CONTROL)
		return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
	r = dup3(fd, FD_CONTROL, O_CLOEXEC) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Nobody may have put something else there meanwhile, or a link to it. */
static int open_fifo(const char *path)
{
	struct stat status;
	int fd, r;

	if (mkfifo(path, FIFO_MODE) < 0)
		return -errno;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode) || status.st_uid != geteuid()) {
		close(fd);
		return -EEXIST;
	}
	r = put_control(fd);
	if (r < 0)
		(void)unlink(path);
	return r;
}

static int adopt(struct port *port)
{
	struct stat status;
	int r = signals_adopt_pipe();

	if (r < 0)
		return r;
	if (fstat(FD_CONTROL, &status) < 0 || fcntl(FD_CONTROL, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	port->parent_is_port = S_ISSOCK(status.st_mode);
	return 0;
}

int start_descriptors(struct port *port, const struct start *start)
{
	int r;

	if (start->again) {
		r = adopt(port);
		return r < 0 ? say(r,
				   "-d is for a port that executes itself: it needs descriptors "
				   "3, 4 and 5",
				   NULL)
			     : 0;
	}
	if (!start->fifo)
		return say(-EINVAL, "-c FIFO is missing: the path of a FIFO to be made", NULL);
	r = open_fifo(start->fifo);
	if (r < 0)
		return say(r, "cannot make the FIFO", start->fifo);
	r = signals_open_pipe();
	return r < 0 ? say(r, "cannot open a pipe for signals", NULL) : 0;
}

int start_below_front(struct port *port)
{
	port->pid = getpid();
	port->parent_is_port = true;
	port->first = true;
	return signals_open_pipe();
}

void start_begin(struct port *port, bool again)
{
	struct rlimit stack;

	if (!port->parent_is_port || port->first)
		port->adopts = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
	if (again) {
		(void)signals_catch(SIGCHLD);
	} else {
		signals_catch_all();
		if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur == RLIM_INFINITY) {
			stack.rlim_cur = STACK_SIZE;
			(void)setrlimit(RLIMIT_STACK, &stack);
		}
	}
	if (!port->depth)
		direct_open(port);
	etf_put_atom(output_begin(port), "ok");
	output_term(port, FRAME_CALL);
}
