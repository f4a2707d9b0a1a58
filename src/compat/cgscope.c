// SPDX-License-Identifier: MIT
/*
 * The sleeper has the name that libcgroup's has, so that each finds the other's. It is no child of
 * anybody who waits for it: init takes it.
 */
#include "compat/cgscope.h"

#include "cgroup/scope.h"
#include "util/fd.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DEFAULT_FOLDER "/run/libcgroup"
#define DEFAULT_FILE   "/run/libcgroup/systemd"
/* libcgroup_systemd_idle_thread, as much of it as a process can be called. */
#define SLEEPER_NAME "libcgroup_syste"

bool cgscope_parse(char *path, struct cgscope *scope)
{
	char *slash = strchr(path, '/');

	if (!slash)
		return false;
	*slash = '\0';
	scope->slice = path;
	scope->scope = slash + 1;
	return scope_is_name(scope->slice, ".slice") && scope_is_name(scope->scope, ".scope");
}

char *cgscope_path(const struct cgscope *scope)
{
	size_t length = strlen(scope->slice) - strlen(".slice");
	struct text path = { 0 };

	for (size_t i = 1; i < length; i++)
		if (scope->slice[i] == '-')
			text_addf(&path, "%.*s.slice/", (int)i, scope->slice);
	text_addf(&path, "%s/%s", scope->slice, scope->scope);
	return text_take(&path);
}

_noreturn_ static void sleep_for_ever(void)
{
	(void)setsid();
	(void)chdir("/");
	(void)prctl(PR_SET_NAME, SLEEPER_NAME, 0, 0, 0);
	(void)syscall(SYS_close_range, 0, ~0U, 0);
	for (;;)
		pause();
}

static int start_sleeper(pid_t *ret_pid)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		sleep_for_ever();
	*ret_pid = pid;
	return 0;
}

static int note_default(const struct cgscope *scope, struct error *err)
{
	_cleanup_(freep) char *path = cgscope_path(scope), *text = NULL;
	int r;

	if (!path || asprintf(&text, "%s\n", path) < 0)
		return error_oom(err);
	if (mkdir(DEFAULT_FOLDER, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, -errno, "cannot make %s", DEFAULT_FOLDER);
	r = file_replace_at(AT_FDCWD, DEFAULT_FILE, text, strlen(text), 0644);
	return r < 0 ? error_set_errno(err, r, "cannot write %s", DEFAULT_FILE) : 0;
}

int cgscope_make(const struct cgscope *scope, pid_t *ret_sleeper, struct error *err)
{
	struct scope_request request = { scope->scope, scope->slice, "Control groups (libcgroup)",
					 scope->pid };
	pid_t sleeper = 0;
	int r = 0;

	if (!scope->pid)
		r = start_sleeper(&sleeper);
	if (r < 0)
		return error_set_errno(err, r, "cannot start a process for the scope");
	if (sleeper)
		request.pid = sleeper;
	r = scope_make(&request, err);
	if (r >= 0 && scope->set_default)
		r = note_default(scope, err);
	if (r < 0) {
		if (sleeper)
			(void)kill(sleeper, SIGKILL);
		return r;
	}
	*ret_sleeper = sleeper;
	return 0;
}

void cgscope_undo(const struct cgscope *scope, pid_t sleeper)
{
	if (sleeper)
		(void)kill(sleeper, SIGKILL);
	if (scope->set_default)
		(void)unlink(DEFAULT_FILE);
}

/* Kills just the process that was looked at, and no later one of its number. */
static int end_sleeper(pid_t pid)
{
	_cleanup_(closep) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	char path[64], name[32];
	ssize_t n;

	if (fd < 0)
		return errno == ESRCH ? 0 : -errno;
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	n = file_read_into(AT_FDCWD, path, name, sizeof(name));
	if (n < 0 || !streq(name, SLEEPER_NAME "\n"))
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return -errno;
	return 0;
}

int cgscope_replace(const struct cgtarget *target)
{
	_cleanup_(freep) char *text = NULL;
	int r = raw_read(target->h, target->path, "cgroup.procs", &text);

	for (char *at = text, *end; r >= 0 && *at; at = end + (*end == '\n')) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		if (pid > 0)
			r = end_sleeper((pid_t)pid);
	}
	return r;
}
