// SPDX-License-Identifier: MIT
/*
 * What could not be set on this host, known without touching anything and without root. Whether
 * this kernel has a file is seen in a group that somebody has made already (the root group lacks
 * most files); where there is none, the question is left to apply.
 */
#include "cgroup/limit.h"
#include "cgroup/systemd.h"
#include "util/fd.h"

#include <fcntl.h>
#include <inttypes.h>

/* "the memory controller is not mounted" and the like. */
static void tell_controller(const struct layout *layout, const char *group, enum limit limit,
			    const char *what, const char *file, enum controller controller,
			    struct group_problems *problems)
{
	const struct hierarchy *h = layout_find(layout, controller);
	const char *name = controller_name(controller, false);

	if (h)
		group_problem_add(problems, group, limit, file, -EROFS,
				  "group %s: %s cannot be set: %s is mounted read-only", group,
				  what, h->mount_point);
	else if (layout->mode == LAYOUT_NONE)
		group_problem_add(problems, group, limit, file, -ENODEV,
				  "group %s: %s cannot be set: no cgroup file system is mounted "
				  "(\"reeve "
				  "mount\" mounts it)",
				  group, what);
	else if (layout->unmounted & UINT32_C(1) << controller)
		group_problem_add(problems, group, limit, file, -ENODEV,
				  "group %s: %s cannot be set: the %s controller is not mounted "
				  "(\"reeve "
				  "mount\" mounts it)",
				  group, what, name);
	else
		group_problem_add(problems, group, limit, file, -ENODEV,
				  "group %s: %s cannot be set: this kernel has no %s controller",
				  group, what, name);
}

void limit_tell_missing(const struct layout *layout, const char *group, enum limit limit,
			struct group_problems *problems)
{
	enum controller controller = limit_controller(limit);

	if (controller == CONTROLLER_COUNT)
		controller = CONTROLLER_FREEZER;
	tell_controller(layout, group, limit, limit_name(limit), NULL, controller, problems);
}

bool limit_check_raw(const struct layout *layout, const char *group, const char *file,
		     struct group_problems *problems)
{
	const char *refused = limit_raw_refused(file);
	enum controller controller;
	const struct hierarchy *h;

	if (refused) {
		group_problem_add(problems, group, LIMIT_RAW, file, -EINVAL,
				  "group %s: raw: %s cannot be set: %s", group, file, refused);
		return false;
	}
	if (!controller_parse(file, strcspn(file, "."), &controller))
		return false;
	h = layout_find(layout, controller);
	if (h && !h->read_only)
		return true;
	tell_controller(layout, group, LIMIT_RAW, file, file, controller, problems);
	return false;
}

/* ---- which files this kernel has ---- */

struct probe {
	const struct hierarchy *h;
	enum controller controller;
	const char *file;
	int found; /* -1: nobody to ask */
};

/* One group of somebody's: if the controller is at work there, its files are all there. */
static int probe_child(void *context, const char *name)
{
	struct probe *probe = context;
	char text[512], path[512];

	if (probe->h->v2) {
		enum controller controller;
		bool enabled = false;
		char *word, *rest = text;

		if (cgroup_read(probe->h, name, "cgroup.controllers", text, sizeof(text)) < 0)
			return 0;
		while ((word = strsep(&rest, " ")))
			enabled = enabled || (controller_parse(word, strlen(word), &controller) &&
					      controller == probe->controller);
		if (!enabled && probe->controller != CONTROLLER_FREEZER)
			return 0;
	}
	if (cgroup_path_file(path, sizeof(path), name, probe->file) < 0)
		return 0;
	probe->found = faccessat(probe->h->fd, path, F_OK, 0) == 0;
	return -EEXIST; /* enough */
}

static bool kernel_lacks(const struct hierarchy *h, enum controller controller, const char *file)
{
	struct probe probe = { h, controller, file, -1 };

	if (faccessat(h->fd, file, F_OK, 0) == 0)
		return false;
	(void)children_each(h, "", probe_child, &probe);
	return probe.found == 0;
}

static const struct limit_row *find_row(const struct hierarchy *h, enum limit limit)
{
	size_t count;
	const struct limit_row *rows = limit_rows(h->v2, &count);

	for (size_t i = 0; i < count; i++)
		if (rows[i].limit == limit)
			return &rows[i];
	return NULL;
}

static void check_row(const struct hierarchy *h, const struct group_spec *spec, enum limit limit,
		      struct group_problems *problems)
{
	const struct limit_row *row = find_row(h, limit);

	if (!row)
		return;
	if (row->refused)
		group_problem_add(problems, spec->name, limit, NULL, -EOPNOTSUPP,
				  "group %s: %s cannot be set here: %s", spec->name,
				  limit_name(limit), row->refused);
	else if (row->file && !strchr(row->file, '*') && limit != LIMIT_IO_WEIGHT &&
		 kernel_lacks(h, row->controller, row->file))
		group_problem_add(problems, spec->name, limit, row->file, -ENOENT,
				  "group %s: %s cannot be set: this kernel has no %s", spec->name,
				  limit_name(limit), row->file);
}

static void check_limits(const struct layout *layout, const struct group_spec *spec,
			 struct group_problems *problems)
{
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		const struct hierarchy *h;

		if (!limits_has(spec->limits, (enum limit)i) || i == LIMIT_RAW)
			continue;
		h = limit_hierarchy(layout, (enum limit)i);
		if (!h || h->read_only)
			limit_tell_missing(layout, spec->name, (enum limit)i, problems);
		else
			check_row(h, spec, (enum limit)i, problems);
	}
	for (size_t i = 0; limits_has(spec->limits, LIMIT_RAW) && i < spec->limits->raw_count;
	     i++) {
		const char *file = spec->limits->raw[i].file;
		enum controller controller;

		if (!limit_check_raw(layout, spec->name, file, problems) ||
		    !controller_parse(file, strcspn(file, "."), &controller))
			continue;
		if (kernel_lacks(layout_find(layout, controller), controller, file))
			group_problem_add(problems, spec->name, LIMIT_RAW, file, -ENOENT,
					  "group %s: raw: this kernel has no %s", spec->name, file);
	}
}

/* ---- values that this host cannot have ---- */

static uint64_t swap_total(const struct host *host)
{
	char text[8192];
	const char *line;

	if (file_read_into(host->proc_fd, "meminfo", text, sizeof(text)) < 0)
		return UINT64_MAX; /* unknown: no warning */
	line = strstr(text, "SwapTotal:");
	return line ? strtoull(line + strlen("SwapTotal:"), NULL, 10) : UINT64_MAX;
}

static void check_memory(const struct layout *layout, const struct group_spec *spec,
			 struct group_problems *problems)
{
	const struct limits *want = spec->limits;
	const struct hierarchy *h = layout_find(layout, CONTROLLER_MEMORY);

	if (!h)
		return;
	if (h->v2 && limits_has(want, LIMIT_RAM_HIGH) && want->ram_high != LIMIT_MAX &&
	    swap_total(layout->host) == 0)
		group_problem_add(
			problems, spec->name, LIMIT_RAM_HIGH, "memory.high", 0,
			"group %s: ram_high on a host without swap: a group whose own memory "
			"grows past it is slowed down for ever instead of killed; set ram too",
			spec->name);
	if (h->v2 || !limits_has(want, LIMIT_SWAP) || want->swap == LIMIT_MAX)
		return;
	if (!limits_has(want, LIMIT_RAM) || want->ram == LIMIT_MAX)
		group_problem_add(problems, spec->name, LIMIT_SWAP, "memory.memsw.limit_in_bytes",
				  -EINVAL,
				  "group %s: swap needs a ram limit here: cgroup v1 can only limit "
				  "memory "
				  "and swap together",
				  spec->name);
}

static void check_values(const struct layout *layout, const struct group_spec *spec,
			 struct group_problems *problems)
{
	const struct limits *want = spec->limits;
	uint64_t quota, period;
	const struct hierarchy *h;

	check_memory(layout, spec, problems);
	if (!limit_cpu_quota(want, layout->host->cpu_count, &quota, &period))
		group_problem_add(problems, spec->name, LIMIT_CPU, NULL, -ERANGE,
				  "group %s: cpu is less than the kernel's smallest share, 1 ms in "
				  "a "
				  "period of %" PRIu64 " us",
				  spec->name, period);
	else if (limits_has(want, LIMIT_CPU_BURST) && want->cpu_burst > quota)
		group_problem_add(problems, spec->name, LIMIT_CPU_BURST, NULL, -EINVAL,
				  "group %s: cpu_burst (%" PRIu64
				  " us) is more than cpu allows in a "
				  "period (%" PRIu64 " us)",
				  spec->name, want->cpu_burst, quota);
	h = layout_find(layout, CONTROLLER_MEMORY);
	if (h && !h->v2 && limits_has(want, LIMIT_OOM) && want->oom_group)
		group_problem_add(problems, spec->name, LIMIT_OOM, NULL, -EOPNOTSUPP,
				  "group %s: \"oom: group\" cannot be set here: only cgroup v2 has "
				  "it, "
				  "and "
				  "the memory controller is a v1 one on this host",
				  spec->name);
	for (size_t i = 0; limits_has(want, LIMIT_IO) && i < want->io_count; i++) {
		unsigned a, b;
		int r = device_resolve(layout->host, want->io[i].device, &a, &b);

		if (r < 0)
			group_problem_add(problems, spec->name, LIMIT_IO, NULL, r,
					  "group %s: io: no disk is known behind \"%s\": %s",
					  spec->name, want->io[i].device, strerror(-r));
	}
}

int groups_check(const struct layout *layout, const struct group_spec *specs, size_t count,
		 struct group_problems *problems, struct error *err)
{
	(void)err;
	if (count > 0 && layout->mode == LAYOUT_NONE)
		group_problem_add(problems, specs[0].name, LIMIT_COUNT, NULL, -ENODEV,
				  "groups cannot be made: no cgroup file system is mounted "
				  "(\"reeve "
				  "mount\" mounts it)");
	else if (count > 0 && groups_main_hierarchy(layout) < 0)
		group_problem_add(problems, specs[0].name, LIMIT_COUNT, NULL, -EROFS,
				  "groups cannot be made: every cgroup file system is mounted "
				  "read-only");
	else if (count > 0 && layout->systemd)
		systemd_check(layout, specs[0].name, problems);
	for (size_t i = 0; i < count; i++) {
		check_limits(layout, &specs[i], problems);
		check_values(layout, &specs[i], problems);
	}
	return 0;
}
