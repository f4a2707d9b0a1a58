// SPDX-License-Identifier: MIT
/*
 * The ids of a new user namespace (user_namespaces(7)). One id that is the launcher's own may be
 * written by the new process itself, at the price of setgroups(2). All else takes privileges
 * outside of the namespace: the parent writes it while the child waits, or has newuidmap(1) and
 * newgidmap(1) do it, which know what /etc/subuid lets a user have.
 */
#include "launch/job.h"

#include "launch/lookup.h"
#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>

struct id_file {
	char *text;			  /* what is written; owned */
	const struct launch_id_map *rows; /* borrowed, or &own */
	size_t count;
	struct launch_id_map own;
};

struct job_maps {
	struct id_file users, groups;
	bool by_parent;
	char *user_helper, *group_helper; /* newuidmap, newgidmap; NULL: we may write ourselves */
};

void job_maps_free(struct job_maps *maps)
{
	if (!maps)
		return;
	free(maps->users.text);
	free(maps->groups.text);
	free(maps->user_helper);
	free(maps->group_helper);
	free(maps);
}
DEFINE_CLEANUP(struct job_maps *, job_maps_free);

bool job_maps_need_parent(const struct job_maps *maps)
{
	return maps && maps->by_parent;
}

static int fill_file(struct id_file *file, const struct launch_id_map *rows, size_t count,
		     uint32_t own, const struct launch_identity *identity, bool is_user,
		     struct error *err)
{
	struct text text;

	file->own = (struct launch_id_map){ .inside = own, .outside = own, .count = 1 };
	/* Who is to be somebody in there is the launcher's own user out here. */
	if (identity && is_user && identity->set_user)
		file->own.inside = identity->user;
	if (identity && !is_user && identity->set_group)
		file->own.inside = identity->group;
	file->rows = count ? rows : &file->own;
	file->count = count ? count : 1;
	text_init(&text);
	for (size_t i = 0; i < file->count; i++)
		text_addf(&text, "%u %u %u\n", file->rows[i].inside, file->rows[i].outside,
			  file->rows[i].count);
	file->text = text_take(&text);
	return file->text ? 0 : error_oom(err);
}

static bool is_own(const struct id_file *file, uint32_t own)
{
	return file->count == 1 && file->rows->count == 1 && file->rows->outside == own;
}

static int find_helper(const char *name, char **ret_path, struct error *err)
{
	struct error missing = ERROR_INIT;
	int r = lookup_program(name, "/usr/bin:/bin:/usr/sbin:/sbin", AT_FDCWD, ret_path, &missing);

	error_done(&missing);
	if (r < 0)
		return error_set(err, -EPERM,
				 "these ids cannot be mapped without privileges: without %s "
				 "(package uidmap) a user may map only their own, one each "
				 "(--map-user 0, --map-group 0)",
				 name);
	return 0;
}

int job_maps_new(const struct launch_plan *plan, struct job_maps **ret_maps, struct error *err)
{
	const struct launch_namespaces *namespaces = plan->namespaces;
	_cleanup_(job_maps_freep) struct job_maps *maps = NULL;
	int r;

	if (!namespaces || !(namespaces->unshare & CLONE_NEWUSER))
		return 0;
	maps = calloc(1, sizeof(*maps));
	if (!maps)
		return error_oom(err);
	r = fill_file(&maps->users, namespaces->users, namespaces->user_count, geteuid(),
		      plan->identity, true, err);
	if (r == 0)
		r = fill_file(&maps->groups, namespaces->groups, namespaces->group_count, getegid(),
			      plan->identity, false, err);
	if (r < 0)
		return r;
	maps->by_parent = !is_own(&maps->users, geteuid()) || !is_own(&maps->groups, getegid()) ||
			  (plan->identity && plan->identity->set_groups);
	if (maps->by_parent && geteuid() != 0) {
		r = find_helper("newuidmap", &maps->user_helper, err);
		if (r == 0)
			r = find_helper("newgidmap", &maps->group_helper, err);
		if (r < 0)
			return r;
	}
	*ret_maps = TAKE_PTR(maps);
	return 0;
}

/* ---- the parent's part ---- */

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_write_at(AT_FDCWD, path, text);
}

/* newuidmap PID INSIDE OUTSIDE COUNT ... */
static int call_helper(const char *helper, const struct id_file *file, pid_t pid)
{
	_cleanup_(freep) char **argv = calloc(3 + 3 * file->count, sizeof(char *));
	_cleanup_(freep) char *numbers = NULL;
	struct launch_plan plan = { .clone_fd = -1 };
	struct launch_status status;
	struct launch_child child;
	struct text text;
	char *rest;
	size_t n = 0;
	int r;

	text_init(&text);
	text_addf(&text, "%s %d %s", helper, (int)pid, file->text);
	numbers = text_take(&text);
	if (!argv || !numbers)
		return -ENOMEM;
	for (char *word = strtok_r(numbers, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest))
		argv[n++] = word;
	plan.argv = argv;
	r = launch_start(&plan, &child, NULL, NULL);
	if (r < 0)
		return r;
	r = launch_wait(&child, &status);
	launch_child_done(&child);
	if (r < 0)
		return r;
	return status.exit_code == 0 ? 0 : -EPERM;
}

int job_maps_write(const struct job_maps *maps, pid_t pid, const char **ret_doing)
{
	int r;

	*ret_doing = "the users (uid_map)";
	if (maps->user_helper)
		r = call_helper(maps->user_helper, &maps->users, pid);
	else
		r = write_file(pid, "uid_map", maps->users.text);
	if (r < 0)
		return r;
	*ret_doing = "the groups (gid_map)";
	if (maps->group_helper)
		return call_helper(maps->group_helper, &maps->groups, pid);
	return write_file(pid, "gid_map", maps->groups.text);
}

/* ---- the child's part ---- */

int child_write(long folder, const char *path, const char *text)
{
	long fd = raw(SYS_openat, folder, path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return (int)fd;
	r = raw(SYS_write, fd, text, raw_length(text));
	(void)raw(SYS_close, fd);
	return r < 0 ? (int)r : 0;
}

int child_maps(struct job *job)
{
	const struct job_maps *maps = job->maps;
	int r;

	if (!maps)
		return 0;
	if (maps->by_parent)
		return job_ask(job);
	job->doing = "the users (uid_map)";
	r = child_write(AT_FDCWD, "/proc/self/uid_map", maps->users.text);
	if (r < 0)
		return r;
	job->doing = "setgroups";
	r = child_write(AT_FDCWD, "/proc/self/setgroups", "deny");
	if (r < 0)
		return r;
	job->doing = "the groups (gid_map)";
	return child_write(AT_FDCWD, "/proc/self/gid_map", maps->groups.text);
}
