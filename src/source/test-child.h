/* SPDX-License-Identifier: MIT */
/* Children of the tests of what looks at processes: each waits until it is killed. */
#pragma once

#include "test/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct child {
	pid_t pid;
	int go; /* closed: it goes on from child_wait() */
};

/*
 * Forks a child that runs `function` and then waits. Returns when the child has executed another
 * program, or has called child_ready(); fails the test when it ends before.
 */
static inline struct child child_start(void (*function)(int ready, int go, const void *data),
				       const void *data)
{
	struct child child;
	int ready[2], go[2];
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[1]);
		close(ready[0]);
		function(ready[1], go[0], data);
		_exit(99);
	}
	close(ready[1]);
	close(go[0]);
	child.go = go[1];
	/* A byte, or the end that an execution makes. */
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	if (waitpid(child.pid, NULL, WNOHANG) != 0)
		fail_msg("the child has ended");
	return child;
}

/* In the child: says that it is as the test wants it, and waits until the test goes on. */
static inline void child_ready(int ready, int go)
{
	char byte = 0;

	(void)!write(ready, &byte, 1);
	close(ready);
	(void)!read(go, &byte, 1);
}

static inline void child_go(struct child *child)
{
	if (child->go >= 0)
		close(child->go);
	child->go = -1;
}

static inline void child_end(struct child *child)
{
	child_go(child);
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

/* A copy of a program, as another file. */
static inline void child_copy(const char *from, const char *to)
{
	char buffer[65536];
	ssize_t n;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, (size_t)n), n);
	close(in);
	close(out);
}
