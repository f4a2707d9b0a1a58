// SPDX-License-Identifier: MIT
/* Huge pages (a file for each size that the machine has), freezing, and raw files. */
#include "cgroup/limit.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>

/* ---- huge pages ---- */

/* "2MB" of "hugetlb.2MB.max"; "hugetlb.2MB.rsvd.max" is another thing. */
static bool page_size_of(const char *file, const char *suffix, char size[static 32])
{
	static const char prefix[] = "hugetlb.";
	size_t n;

	if (strncmp(file, prefix, strlen(prefix)) != 0)
		return false;
	file += strlen(prefix);
	n = strcspn(file, ".");
	if (n == 0 || n >= 32 || !streq(file + n, suffix))
		return false;
	memcpy(size, file, n);
	size[n] = '\0';
	return true;
}

static const struct hugetlb_limit *wanted_pages(const struct limits *want, const char *size)
{
	for (size_t i = 0; limits_has(want, LIMIT_HUGETLB) && i < want->hugetlb_count; i++)
		if (streq(want->hugetlb[i].page_size, size))
			return &want->hugetlb[i];
	return NULL;
}

static void set_pages(const struct limit_job *job, const char *file, const char *size)
{
	const struct hugetlb_limit *wanted = wanted_pages(job->want, size);
	const char *none = job->h->v2 ? "max" : "-1";
	char value[32], now[64];
	uint64_t current;

	if (limit_is_raw(job->want, file))
		return;
	if (!wanted || wanted->bytes == LIMIT_MAX)
		snprintf(value, sizeof(value), "%s", none);
	else
		snprintf(value, sizeof(value), "%" PRIu64, wanted->bytes);
	/* v1 shows no limit as the greatest whole number of such pages; both directions of the
	 * comparison come out right only for numbers that are whole pages, which the kernel makes.
	 */
	if (limit_read(job, file, now, sizeof(now)) > 0 && limit_value_number(now, &current) &&
	    current >= UINT64_C(1) << 62 && (!wanted || wanted->bytes == LIMIT_MAX))
		return;
	(void)limit_set(job, LIMIT_HUGETLB, file, VALUE_BYTES, value, !wanted);
}

static void tell_unknown_sizes(const struct limit_job *job, const char *suffix)
{
	for (size_t i = 0; limits_has(job->want, LIMIT_HUGETLB) && i < job->want->hugetlb_count;
	     i++) {
		char file[64];
		uint64_t value;

		snprintf(file, sizeof(file), "hugetlb.%s%s", job->want->hugetlb[i].page_size,
			 suffix);
		if (limit_read_number(job, file, &value) == -ENOENT)
			group_problem_add(job->problems, job->group->name, LIMIT_HUGETLB, file,
					  -ENOENT,
					  "group %s: hugetlb: this machine has no huge pages of %s",
					  job->group->name, job->want->hugetlb[i].page_size);
	}
}

int limit_apply_hugetlb(const struct limit_job *job, const struct limit_row *row)
{
	const char *suffix = job->h->v2 ? ".max" : ".limit_in_bytes";
	const struct dirent *entry;
	DIR *dir;
	int fd;

	(void)row;
	fd = openat(job->h->fd, job->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		char size[32];

		if (page_size_of(entry->d_name, suffix, size))
			set_pages(job, entry->d_name, size);
	}
	closedir(dir);
	tell_unknown_sizes(job, suffix);
	return 0;
}

/* ---- freezing ---- */

int limit_apply_freeze(const struct limit_job *job, const struct limit_row *row)
{
	/* The daemon's loop waits for this. */
	enum { TIMEOUT_MS = 200 };
	bool freeze = limits_has(job->want, LIMIT_FREEZE) && job->want->freeze;
	bool set = limits_has(job->want, LIMIT_FREEZE);
	int r = freeze_directory(job->group->groups->layout, job->h, job->directory, freeze,
				 TIMEOUT_MS);

	if (r == -ETIMEDOUT)
		group_problem_add(job->problems, job->group->name, LIMIT_FREEZE, row->file, r,
				  "group %s: not all of its processes froze within %d ms; they "
				  "will once "
				  "they leave the kernel",
				  job->group->name, TIMEOUT_MS);
	else if (r < 0 && (set || r != -ENOENT))
		limit_failed(job, LIMIT_FREEZE, row->file, freeze ? "1" : "0", r);
	return 0;
}

/* ---- raw files ---- */

bool limit_is_raw(const struct limits *limits, const char *file)
{
	for (size_t i = 0; limits_has(limits, LIMIT_RAW) && i < limits->raw_count; i++)
		if (streq(limits->raw[i].file, file))
			return true;
	return false;
}

const char *limit_raw_refused(const char *file)
{
	enum controller controller;

	if (strchr(file, '/') || !strchr(file, '.'))
		return "it is not the name of a controller's file (\"memory.swappiness\")";
	if (!controller_parse(file, strcspn(file, "."), &controller))
		return "it begins with no controller's name";
	/* Of the controllers' files these alone act on processes instead of holding a value. */
	if (streq(file, "freezer.state"))
		return "it is what \"freeze\" sets";
	return NULL;
}

static struct kept *kept_find(struct group *group, const char *file)
{
	for (size_t i = 0; i < group->kept_count; i++)
		if (streq(group->kept[i].file, file))
			return &group->kept[i];
	return NULL;
}

/* Remembers what a file held before its first write. */
static int keep(struct group *group, const char *file, const char *value)
{
	struct kept *larger;

	if (kept_find(group, file))
		return 0;
	larger = reallocarray(group->kept, group->kept_count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	group->kept = larger;
	larger += group->kept_count;
	larger->file = strdup(file);
	larger->value = value ? strdup(value) : NULL;
	if (!larger->file || (value && !larger->value)) {
		free(larger->file);
		free(larger->value);
		return -ENOMEM;
	}
	group->kept_count++;
	return 0;
}

/* Files of several lines take one line a write. */
static int write_lines(const struct limit_job *job, const char *file, const char *value)
{
	_cleanup_(freep) char *copy = strdup(value);
	char *line, *rest = copy;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	while (r >= 0 && (line = strsep(&rest, "\n")))
		r = limit_write(job, file, line);
	return r;
}

static int set_raw(const struct limit_job *job, const struct raw_limit *raw)
{
	char text[LIMIT_TEXT_SIZE];
	ssize_t n = limit_read(job, raw->file, text, sizeof(text));
	int r;

	if (n == -ENOENT)
		return limit_failed(job, LIMIT_RAW, raw->file, raw->value, -ENOENT);
	if (keep(job->group, raw->file, n >= 0 ? text : NULL) < 0)
		return -ENOMEM;
	if (n >= 0 && streq(text, raw->value))
		return 0;
	r = write_lines(job, raw->file, raw->value);
	return r < 0 ? limit_failed(job, LIMIT_RAW, raw->file, raw->value, r) : 0;
}

static void restore_raw(const struct limit_job *job, size_t index)
{
	struct group *group = job->group;
	struct kept *kept = &group->kept[index];
	char text[LIMIT_TEXT_SIZE];
	ssize_t n = limit_read(job, kept->file, text, sizeof(text));

	if (kept->value && n >= 0 && !streq(text, kept->value)) {
		int r = write_lines(job, kept->file, kept->value);

		if (r < 0)
			limit_failed(job, LIMIT_RAW, kept->file, kept->value, r);
	}
	free(kept->file);
	free(kept->value);
	memmove(kept, kept + 1, (group->kept_count - index - 1) * sizeof(*kept));
	group->kept_count--;
}

/* Whether a raw file belongs into the hierarchy of the job. */
static bool is_here(const struct limit_job *job, const char *file)
{
	enum controller controller;

	return controller_parse(file, strcspn(file, "."), &controller) &&
	       layout_find(job->group->groups->layout, controller) == job->h;
}

int limit_apply_raw(const struct limit_job *job)
{
	const struct limits *want = job->want;
	int r = 0;

	for (size_t i = job->group->kept_count; i-- > 0;)
		if (is_here(job, job->group->kept[i].file) &&
		    !limit_is_raw(want, job->group->kept[i].file))
			restore_raw(job, i);
	for (size_t i = 0; limits_has(want, LIMIT_RAW) && i < want->raw_count && r != -ENOMEM; i++)
		if (is_here(job, want->raw[i].file) && !limit_raw_refused(want->raw[i].file))
			r = set_raw(job, &want->raw[i]);
	return r == -ENOMEM ? r : 0;
}
