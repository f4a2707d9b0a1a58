// SPDX-License-Identifier: MIT
/*
 * What happens in the child of a case: it waits to be let go, sets itself up, notes what is true of
 * it where the runner can read it, and executes. All that it is handed was made before the fork.
 *
 * It is told of the runner's end by the end of the pipe that its orders come through.
 */
#include "core/corpus-internal.h"

#include "util/fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

enum { STAT_SIZE = 1024, ENVIRONMENT_SIZE = 64 };

int corpus_cannot(struct corpus_run *run, const char *what)
{
	int code = errno;

	run->shared->problem = code ? code : EINVAL;
	snprintf(run->shared->what, sizeof(run->shared->what), "cannot %s", what);
	return -1;
}

/* ---- what is true ---- */

static uint32_t read_number(const struct corpus_run *run, const char *path)
{
	char text[32];

	if (file_read_into(run->proc_fd, path, text, sizeof(text)) <= 0)
		return UINT32_MAX;
	return (uint32_t)strtoul(text, NULL, 10);
}

/* "pid (comm) S ppid pgrp session tty_nr ... start", where comm may hold anything. */
static void note_stat(const struct corpus_run *run, struct corpus_truth *truth)
{
	char text[STAT_SIZE];
	const char *at;
	unsigned tty = 0;
	unsigned long long start = 0;

	if (file_read_into(run->proc_fd, "self/stat", text, sizeof(text)) <= 0)
		return;
	truth->pid = (pid_t)strtol(text, NULL, 10);
	at = strrchr(text, ')');
	if (!at || sscanf(at,
			  ") %*c %*d %*d %*d %u %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %llu",
			  &tty, &start) != 2)
		return;
	truth->tty = makedev(tty >> 8 & 0xfff, (tty & 0xff) | (tty >> 12 & 0xfff00));
	truth->start = start;
	truth->noted = true;
}

static void note_namespaces(const struct corpus_run *run, struct corpus_truth *truth)
{
	static const char *const names[] = { "mnt", "pid", "net",    "user",
					     "uts", "ipc", "cgroup", "time" };
	char path[32], text[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *number;
		ssize_t size;

		snprintf(path, sizeof(path), "self/ns/%s", names[i]);
		size = readlinkat(run->proc_fd, path, text, sizeof(text) - 1);
		text[MAX(size, 0)] = '\0';
		number = strchr(text, '[');
		truth->namespaces[i] = number ? (uint32_t)strtoul(number + 1, NULL, 10) : 0;
	}
}

void corpus_note_places(struct corpus_run *run, enum corpus_process process)
{
	struct corpus_truth *truth = &run->shared->truth[process];

	note_stat(run, truth);
	note_namespaces(run, truth);
	truth->ns_pid = (uint32_t)getpid();
	truth->loginuid = read_number(run, "self/loginuid");
	truth->logged = faccessat(run->proc_fd, "self/loginuid", F_OK, 0) == 0;
	truth->session = read_number(run, "self/sessionid");
	if (file_read_into(run->proc_fd, "self/cgroup", truth->cgroup, sizeof(truth->cgroup)) < 0)
		truth->cgroup[0] = '\0';
}

void corpus_note(struct corpus_run *run, enum corpus_process process)
{
	struct corpus_truth *truth = &run->shared->truth[process];

	if (getresuid(&truth->uid, &truth->euid, &truth->suid) < 0 ||
	    getresgid(&truth->gid, &truth->egid, &truth->sgid) < 0)
		corpus_cannot(run, "read its own user ids");
	corpus_note_places(run, process);
}

void corpus_note_file(struct corpus_run *run, int fd)
{
	struct corpus_truth *truth = &run->shared->truth[run->form->who];

	truth->filed = fstat(fd, &truth->file) == 0;
}

bool corpus_in_overlay(const char *path)
{
	struct statfs file_system;

	return statfs(path, &file_system) == 0 && file_system.f_type == OVERLAYFS_SUPER_MAGIC;
}

/* ---- executing ---- */

char *const *corpus_environment(const struct corpus_run *run)
{
	static char variable[ENVIRONMENT_SIZE];
	static char *environment[] = { variable, NULL };

	snprintf(variable, sizeof(variable), CORPUS_VARIABLE "=%s", run->form->about.name);
	return environment;
}

static int by_execve(struct corpus_run *run)
{
	return execve(run->filename, run->argv, corpus_environment(run));
}

int corpus_execute_by(struct corpus_run *run, int (*function)(struct corpus_run *run))
{
	struct corpus_truth *truth = &run->shared->truth[run->form->who];

	corpus_note_places(run, run->form->who);
	if (!truth->filed)
		truth->filed = stat(run->in_root, &truth->file) == 0;
	truth->layered = corpus_in_overlay(run->in_root);
	function(run);
	if (run->form->error == errno) {
		corpus_tell_started(run);
		return corpus_obey();
	}
	corpus_cannot(run, "execute");
	return PAYLOAD_ODD;
}

int corpus_execute(struct corpus_run *run)
{
	return corpus_execute_by(run, by_execve);
}

int corpus_leave_mounts(struct corpus_run *run)
{
	if (unshare(CLONE_NEWNS) < 0)
		return corpus_cannot(run, "have a mount namespace of its own");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return corpus_cannot(run, "make its mounts private");
	return 0;
}

void corpus_tell_started(struct corpus_run *run)
{
	close(run->status_in);
	run->status_in = -1;
}

int corpus_await(struct corpus_run *run, pid_t pid)
{
	const struct corpus_form *form = run->form;
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return PAYLOAD_ODD;
	if (form->signal)
		return WIFSIGNALED(status) && WTERMSIG(status) == form->signal ? 0 : PAYLOAD_ODD;
	return WIFEXITED(status) && WEXITSTATUS(status) == form->exit_code ? 0 : PAYLOAD_ODD;
}

int corpus_obey(void)
{
	unsigned char order[2];

	if (read(PAYLOAD_FD, order, sizeof(order)) != sizeof(order))
		return 0;
	return order[0] == PAYLOAD_EXIT ? order[1] : PAYLOAD_ODD;
}

/* ---- the child ---- */

void corpus_child(struct corpus_run *run)
{
	const struct corpus_form *form = run->form;
	char go;
	int code = PAYLOAD_ODD;

	close(run->order_in);
	close(run->status_out);
	if (dup2(run->order_out, PAYLOAD_FD) < 0 || chdir(run->folder) < 0) {
		corpus_cannot(run, "use its folder");
		_exit(PAYLOAD_ODD);
	}
	if (read(PAYLOAD_FD, &go, 1) != 1)
		_exit(PAYLOAD_ODD);
	corpus_note(run, CORPUS_MAIN);
	if (!form->set_up || form->set_up(run) == 0)
		code = form->execute ? form->execute(run) : corpus_execute(run);
	_exit(code);
}
