// SPDX-License-Identifier: MIT
/*
 * Disks. One line a disk and group: v2 has all four rates in io.max, v1 a file for each. Lines of
 * disks that the policy does not name are taken out.
 */
#include "cgroup/limit.h"

#include <inttypes.h>

enum rate { RBPS, WBPS, RIOPS, WIOPS, RATE_COUNT };

struct disk {
	unsigned major, minor;
	uint64_t rates[RATE_COUNT];
	const char *name; /* as in the policy; NULL: only in the file */
};

struct disks {
	struct disk *items;
	size_t count;
};

static void disks_done(struct disks *disks)
{
	free(disks->items);
}

static struct disk *disk_get(struct disks *disks, unsigned a, unsigned b)
{
	struct disk *larger;

	for (size_t i = 0; i < disks->count; i++)
		if (disks->items[i].major == a && disks->items[i].minor == b)
			return &disks->items[i];
	larger = reallocarray(disks->items, disks->count + 1, sizeof(*larger));
	if (!larger)
		return NULL;
	disks->items = larger;
	larger[disks->count] = (struct disk){
		.major = a,
		.minor = b,
		.rates = { LIMIT_MAX, LIMIT_MAX, LIMIT_MAX, LIMIT_MAX },
	};
	return &larger[disks->count++];
}

static int find_wanted(const struct limit_job *job, const char *file, struct disks *disks)
{
	const struct limits *want = job->want;

	for (size_t i = 0; limits_has(want, LIMIT_IO) && i < want->io_count; i++) {
		const struct io_limit *io = &want->io[i];
		struct disk *disk;
		unsigned a, b;
		int r = device_resolve(job->group->groups->layout->host, io->device, &a, &b);

		if (r < 0) {
			group_problem_add(job->problems, job->group->name, LIMIT_IO, file, r,
					  "group %s: cannot set io: no disk is known behind "
					  "\"%s\": %s",
					  job->group->name, io->device, strerror(-r));
			continue;
		}
		disk = disk_get(disks, a, b);
		if (!disk)
			return -ENOMEM;
		if (disk->name) {
			group_problem_add(job->problems, job->group->name, LIMIT_IO, file, -EEXIST,
					  "group %s: io: \"%s\" and \"%s\" are the same disk "
					  "(%u:%u); "
					  "the "
					  "first holds",
					  job->group->name, disk->name, io->device, a, b);
			continue;
		}
		disk->name = io->device;
		disk->rates[RBPS] = io->rbps;
		disk->rates[WBPS] = io->wbps;
		disk->rates[RIOPS] = io->riops;
		disk->rates[WIOPS] = io->wiops;
	}
	return 0;
}

/* Adds the disks that a file has lines for, so that those not wanted can be taken out. */
static int find_present(const char *text, struct disks *disks)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned a, b;

		line += *line == '\n';
		if (sscanf(line, "%u:%u", &a, &b) == 2 && !disk_get(disks, a, b))
			return -ENOMEM;
	}
	return 0;
}

static void write_rate(char text[static 32], uint64_t rate, const char *none)
{
	if (rate == LIMIT_MAX)
		snprintf(text, 32, "%s", none);
	else
		snprintf(text, 32, "%" PRIu64, rate);
}

/* Whether the file has the line, ends of line respected. */
static bool has_line(const char *text, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && (at[length] == '\n' || !at[length]))
			return true;
	return false;
}

static bool has_disk(const char *text, const struct disk *disk)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned a, b;

		line += *line == '\n';
		if (sscanf(line, "%u:%u", &a, &b) == 2 && a == disk->major && b == disk->minor)
			return true;
	}
	return false;
}

static bool unlimited(const struct disk *disk)
{
	for (size_t i = 0; i < RATE_COUNT; i++)
		if (disk->rates[i] != LIMIT_MAX)
			return false;
	return true;
}

static int io_read(const struct limit_job *job, const char *file, char *text, size_t size,
		   struct disks *disks)
{
	ssize_t n = limit_read(job, file, text, size);

	if (n == -ENOENT && !limits_has(job->want, LIMIT_IO))
		return -ENOENT;
	if (n < 0) {
		limit_failed(job, LIMIT_IO, file, "", (int)n);
		return (int)n;
	}
	return find_present(text, disks);
}

int limit_apply_io_v2(const struct limit_job *job, const struct limit_row *row)
{
	_cleanup_(disks_done) struct disks disks = { 0 };
	char text[LIMIT_TEXT_SIZE], line[160];
	int r;

	if (limit_is_raw(job->want, row->file))
		return 0;
	r = find_wanted(job, row->file, &disks);
	if (r >= 0)
		r = io_read(job, row->file, text, sizeof(text), &disks);
	for (size_t i = 0; r >= 0 && i < disks.count; i++) {
		const struct disk *d = &disks.items[i];
		char rate[RATE_COUNT][32];
		int failed;

		for (size_t k = 0; k < RATE_COUNT; k++)
			write_rate(rate[k], d->rates[k], "max");
		snprintf(line, sizeof(line), "%u:%u rbps=%s wbps=%s riops=%s wiops=%s", d->major,
			 d->minor, rate[RBPS], rate[WBPS], rate[RIOPS], rate[WIOPS]);
		if (unlimited(d) ? !has_disk(text, d) : has_line(text, line))
			continue;
		failed = limit_write(job, row->file, line);
		if (failed < 0)
			limit_failed(job, LIMIT_IO, row->file, line, failed);
	}
	return r == -ENOMEM ? r : 0;
}

static const char *const files_v1[RATE_COUNT] = {
	[RBPS] = "blkio.throttle.read_bps_device",
	[WBPS] = "blkio.throttle.write_bps_device",
	[RIOPS] = "blkio.throttle.read_iops_device",
	[WIOPS] = "blkio.throttle.write_iops_device",
};

static int apply_rate_v1(const struct limit_job *job, enum rate rate, const struct disks *wanted)
{
	_cleanup_(disks_done) struct disks disks = { 0 };
	char text[LIMIT_TEXT_SIZE], line[96], number[32];
	int r;

	for (size_t i = 0; i < wanted->count; i++) {
		const struct disk *from = &wanted->items[i];
		struct disk *to = disk_get(&disks, from->major, from->minor);

		if (!to)
			return -ENOMEM;
		*to = *from;
	}
	r = io_read(job, files_v1[rate], text, sizeof(text), &disks);
	for (size_t i = 0; r >= 0 && i < disks.count; i++) {
		const struct disk *d = &disks.items[i];
		int failed;

		write_rate(number, d->rates[rate], "0"); /* 0 takes the line out */
		snprintf(line, sizeof(line), "%u:%u %s", d->major, d->minor, number);
		if (d->rates[rate] == LIMIT_MAX ? !has_disk(text, d) : has_line(text, line))
			continue;
		failed = limit_write(job, files_v1[rate], line);
		if (failed < 0)
			limit_failed(job, LIMIT_IO, files_v1[rate], line, failed);
	}
	return r == -ENOMEM ? r : 0;
}

int limit_apply_io_v1(const struct limit_job *job, const struct limit_row *row)
{
	_cleanup_(disks_done) struct disks wanted = { 0 };
	int r = find_wanted(job, row->file, &wanted);

	for (unsigned i = 0; r >= 0 && i < RATE_COUNT; i++)
		if (!limit_is_raw(job->want, files_v1[i]))
			r = apply_rate_v1(job, (enum rate)i, &wanted);
	return r;
}

/*
 * Weights need a scheduler that knows them: io.weight is iocost's, the bfq file is BFQ's. Both have
 * 100 in the middle, and both divide a disk in the proportion of the numbers; but BFQ's end at
 * 1000.
 */
enum { BFQ_WEIGHT_MOST = 1000 };

int limit_apply_io_weight(const struct limit_job *job, const struct limit_row *row)
{
	const char *bfq = job->h->v2 ? "io.bfq.weight" : "blkio.bfq.weight";
	bool set = limits_has(job->want, LIMIT_IO_WEIGHT);
	uint64_t weight = set ? job->want->io_weight : 100;
	bool have_bfq, have_own;
	char text[LIMIT_TEXT_SIZE], value[32];

	have_bfq = limit_read(job, bfq, text, sizeof(text)) >= 0;
	have_own = job->h->v2 && limit_read(job, row->file, text, sizeof(text)) >= 0;
	if (set && !have_bfq && !have_own) {
		group_problem_add(job->problems, job->group->name, LIMIT_IO_WEIGHT, row->file,
				  -ENOENT,
				  "group %s: io_weight cannot be set: this kernel has neither the "
				  "BFQ "
				  "scheduler (%s) nor iocost (io.weight)",
				  job->group->name, bfq);
		return 0;
	}
	if (weight > BFQ_WEIGHT_MOST && !have_own)
		group_problem_add(job->problems, job->group->name, LIMIT_IO_WEIGHT, bfq, -ERANGE,
				  "group %s: io_weight: the BFQ scheduler's weights end at %d, so "
				  "that is "
				  "what the group has",
				  job->group->name, BFQ_WEIGHT_MOST);
	if (have_own && !limit_is_raw(job->want, row->file)) {
		snprintf(value, sizeof(value), "default %" PRIu64, weight);
		(void)limit_set(job, LIMIT_IO_WEIGHT, row->file, VALUE_DEFAULT, value, !set);
	}
	if (have_bfq && !limit_is_raw(job->want, bfq)) {
		snprintf(value, sizeof(value), "%" PRIu64, MIN(weight, BFQ_WEIGHT_MOST));
		(void)limit_set(job, LIMIT_IO_WEIGHT, bfq, VALUE_DEFAULT, value, !set);
	}
	return 0;
}
