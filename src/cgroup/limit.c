// SPDX-License-Identifier: MIT
/*
 * Setting limits by the tables. Every file of a table is looked at each time, also those of limits
 * that are not asked for: what was changed by hand, or taken out of the policy, goes back to the
 * kernel's default. A file that holds the right value is not written.
 */
#include "cgroup/limit.h"

#include <limits.h>

const struct hierarchy *limit_hierarchy(const struct layout *layout, enum limit limit)
{
	enum controller controller = limit_controller(limit);

	/* Freezing in v2 needs no controller, and frozen processes can be killed there. */
	if (limit == LIMIT_FREEZE && layout->v2 >= 0 && !layout->hierarchies[layout->v2].read_only)
		return &layout->hierarchies[layout->v2];
	if (limit == LIMIT_FREEZE)
		controller = CONTROLLER_FREEZER;
	return controller == CONTROLLER_COUNT ? NULL : layout_find(layout, controller);
}

ssize_t limit_read(const struct limit_job *job, const char *file, char *text, size_t size)
{
	return cgroup_read(job->h, job->directory, file, text, size);
}

int limit_write(const struct limit_job *job, const char *file, const char *value)
{
	/* An empty write(2) is no write at all; a newline empties a cpuset. */
	return cgroup_write(job->group->groups->layout, job->h, job->directory, file,
			    *value ? value : "\n");
}

int limit_read_number(const struct limit_job *job, const char *file, uint64_t *ret_value)
{
	char text[64];
	ssize_t n = limit_read(job, file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	return limit_value_number(text, ret_value) ? 0 : -EBADMSG;
}

/* What a refusal mostly means, so that the sentence can say what to do. */
static const char *hint(const struct limit_job *job, enum limit limit, int code)
{
	bool v2 = job->h->v2;

	switch (code) {
	case -ENOENT:
		return v2 ? " (this kernel has no such file, or the controller could not be "
			    "enabled)"
			  : " (this kernel has no such file)";
	case -EACCES:
		if (limit == LIMIT_CPUS || limit == LIMIT_MEMS)
			return " (not all of these are the parent group's)";
		return " (only root may do this)";
	case -EPERM:
		return " (only root may do this)";
	case -EROFS:
		return " (the hierarchy is mounted read-only)";
	case -ENODEV:
		return limit == LIMIT_IO ? " (no such disk)" : " (the group is gone)";
	case -EINVAL:
		if (!v2 && (limit == LIMIT_CPU || limit == LIMIT_CPU_PERIOD))
			return " (cgroup v1 lets no group have a larger share than its parent, and "
			       "no quota below 1 ms)";
		if (limit == LIMIT_CPU_BURST)
			return " (a burst may be as large as the quota, and needs one)";
		if (limit == LIMIT_CPUS || limit == LIMIT_MEMS)
			return " (not all of these exist, or are the parent group's)";
		return " (the kernel does not take this value)";
	case -EBUSY:
		if (limit == LIMIT_CPUS || limit == LIMIT_MEMS)
			return " (a group below it still uses more)";
		return " (in use)";
	case -ENOSPC:
		return " (the group has processes, and would have no processor or memory left)";
	default:
		return "";
	}
}

int limit_failed(const struct limit_job *job, enum limit limit, const char *file, const char *value,
		 int code)
{
	group_problem_add(job->problems, job->group->name, limit, file, code,
			  "group %s: cannot set %s: writing \"%s\" to %s/%s/%s: %s%s",
			  job->group->name, limit_name(limit), value, job->h->mount_point,
			  job->directory, file, strerror(-code), hint(job, limit, code));
	return code;
}

int limit_set(const struct limit_job *job, enum limit limit, const char *file, enum value_kind kind,
	      const char *value, bool reset)
{
	char text[LIMIT_TEXT_SIZE];
	ssize_t n = limit_read(job, file, text, sizeof(text));
	int r;

	if (n == -ENOENT && reset)
		return 0;
	if (n >= 0 && limit_value_equal(kind, text, value))
		return 0;
	r = n < 0 ? (int)n : limit_write(job, file, value);
	if (r < 0)
		return limit_failed(job, limit, file, value, r);
	n = limit_read(job, file, text, sizeof(text));
	if (n < 0 || limit_value_equal(kind, text, value))
		return 0;
	group_problem_add(job->problems, job->group->name, limit, file, -ERANGE,
			  "group %s: %s: the kernel made \"%s\" of \"%s\" in %s/%s/%s",
			  job->group->name, limit_name(limit), text, value, job->h->mount_point,
			  job->directory, file);
	return -ERANGE;
}

/* For a limit that another row sets with its own: the row is there for its file's name. */
int limit_apply_nothing(const struct limit_job *job, const struct limit_row *row)
{
	(void)job;
	(void)row;
	return 0;
}

static int apply_row(const struct limit_job *job, const struct limit_row *row)
{
	char value[LIMIT_VALUE_SIZE];
	bool wanted = limits_has(job->want, row->limit);

	if (row->refused) {
		if (wanted)
			group_problem_add(job->problems, job->group->name, row->limit, NULL,
					  -EOPNOTSUPP, "group %s: %s cannot be set here: %s",
					  job->group->name, limit_name(row->limit), row->refused);
		return 0;
	}
	if (row->apply)
		return row->apply(job, row);
	if (limit_is_raw(job->want, row->file))
		return 0;
	if (!wanted)
		snprintf(value, sizeof(value), "%s", row->reset);
	else if (!row->format(job->want, value))
		return 0;
	(void)limit_set(job, row->limit, row->file, row->kind, value, !wanted);
	return 0;
}

static int apply_here(const struct limit_job *job)
{
	size_t count;
	const struct limit_row *rows = limit_rows(job->h->v2, &count);

	for (size_t i = 0; i < count; i++) {
		bool core = job->h->v2 && rows[i].limit == LIMIT_FREEZE;
		int r;

		if (!core && !(job->h->controllers & UINT32_C(1) << rows[i].controller))
			continue;
		/* On hybrid hosts a controller is in one hierarchy alone; freezing is in two. */
		if (limit_hierarchy(job->group->groups->layout, rows[i].limit) != job->h)
			continue;
		r = apply_row(job, &rows[i]);
		if (r == -ENOMEM)
			return r;
	}
	return limit_apply_raw(job);
}

/* Limits whose controller is in no hierarchy that can be written. */
static void tell_missing(const struct group *group, struct group_problems *problems)
{
	const struct layout *layout = group->groups->layout;

	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		const struct hierarchy *h = limit_hierarchy(layout, (enum limit)i);

		if (!limits_has(&group->limits, (enum limit)i) || i == LIMIT_RAW)
			continue;
		if (h && group->groups->base[h - layout->hierarchies])
			continue;
		if (h && !h->read_only)
			group_problem_add(problems, group->name, (enum limit)i, NULL, -EACCES,
					  "group %s: %s cannot be set: systemd owns %s and has "
					  "handed no "
					  "part of it to our unit",
					  group->name, limit_name((enum limit)i), h->mount_point);
		else
			limit_tell_missing(layout, group->name, (enum limit)i, problems);
	}
	for (size_t i = 0; limits_has(&group->limits, LIMIT_RAW) && i < group->limits.raw_count;
	     i++)
		limit_check_raw(layout, group->name, group->limits.raw[i].file, problems);
}

int limits_apply(struct group *group, struct group_problems *problems)
{
	const struct layout *layout = group->groups->layout;

	tell_missing(group, problems);
	for (unsigned i = 0; i < layout->hierarchy_count; i++) {
		_cleanup_(freep) char *directory = group_directory(group, i, false);
		struct limit_job job = {
			.group = group,
			.want = &group->limits,
			.h = &layout->hierarchies[i],
			.hierarchy = i,
			.directory = directory,
			.problems = problems,
		};
		int r;

		if (!directory || !cgroup_path_id(job.h, directory))
			continue;
		r = apply_here(&job);
		if (r < 0)
			return r;
	}
	return 0;
}
