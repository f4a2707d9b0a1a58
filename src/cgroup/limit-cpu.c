// SPDX-License-Identifier: MIT
/*
 * Processor share. The kernel checks quota, period and burst against each other at every write
 * (a burst is at most the quota; v1: quota/period at most the parent's), so a change goes: burst
 * down to 0, the pair, burst up. v1 writes the pair as two files: quota first, and where the
 * kernel refuses what stands in between, period first. A failed change is put back.
 */
#include "cgroup/limit.h"

#include <inttypes.h>

enum { PERIOD_DEFAULT = 100000, PERIOD_MAX = 1000000, QUOTA_MIN = 1000 };

static uint64_t quota_of(const struct cpu_share *cpu, uint64_t period, unsigned cpu_count)
{
	__extension__ unsigned __int128 quota = (unsigned __int128)cpu->millionths * period;

	if (cpu->of_machine)
		quota *= cpu_count;
	quota = (quota + 500000) / 1000000;
	return quota > INT64_MAX ? INT64_MAX : (uint64_t)quota;
}

bool limit_cpu_quota(const struct limits *limits, unsigned cpu_count, uint64_t *ret_quota,
		     uint64_t *ret_period)
{
	uint64_t period =
		limits_has(limits, LIMIT_CPU_PERIOD) ? limits->cpu_period : PERIOD_DEFAULT;
	uint64_t quota;

	*ret_period = period;
	*ret_quota = LIMIT_MAX;
	if (!limits_has(limits, LIMIT_CPU))
		return true;
	quota = quota_of(&limits->cpu, period, cpu_count);
	/* The kernel's smallest quota is 1 ms; a longer period makes room for a smaller share. */
	if (quota < QUOTA_MIN && !limits_has(limits, LIMIT_CPU_PERIOD) && quota > 0) {
		period = PERIOD_MAX;
		quota = quota_of(&limits->cpu, period, cpu_count);
	}
	*ret_period = period;
	*ret_quota = quota;
	return quota >= QUOTA_MIN;
}

static bool wanted(const struct limit_job *job, uint64_t *quota, uint64_t *period, uint64_t *burst)
{
	unsigned cpu_count = job->group->groups->layout->host->cpu_count;

	*burst = limits_has(job->want, LIMIT_CPU_BURST) ? job->want->cpu_burst : 0;
	if (limit_cpu_quota(job->want, cpu_count, quota, period))
		return true;
	group_problem_add(job->problems, job->group->name, LIMIT_CPU, NULL, -ERANGE,
			  "group %s: cannot set cpu: the share is less than the kernel's smallest, "
			  "1 ms "
			  "in a period of %" PRIu64 " us",
			  job->group->name, *period);
	return false;
}

static void write_number(char text[static 32], uint64_t number, const char *none)
{
	if (number == LIMIT_MAX)
		snprintf(text, 32, "%s", none);
	else
		snprintf(text, 32, "%" PRIu64, number);
}

/* The burst stands in the way of a smaller quota. */
static void lower_burst(const struct limit_job *job, const char *file, uint64_t to)
{
	uint64_t now;

	if (limit_read_number(job, file, &now) == 0 && now > to)
		(void)limit_write(job, file, "0");
}

static void raise_burst(const struct limit_job *job, const char *file, uint64_t burst)
{
	char text[32];

	write_number(text, burst, "0");
	(void)limit_set(job, LIMIT_CPU_BURST, file, VALUE_NUMBER, text,
			!limits_has(job->want, LIMIT_CPU_BURST));
}

static int write_pair_v1(const struct limit_job *job, const char *quota, const char *period,
			 bool quota_first)
{
	int r = quota_first ? limit_write(job, "cpu.cfs_quota_us", quota)
			    : limit_write(job, "cpu.cfs_period_us", period);

	if (r < 0)
		return r;
	return quota_first ? limit_write(job, "cpu.cfs_period_us", period)
			   : limit_write(job, "cpu.cfs_quota_us", quota);
}

static void change_pair_v1(const struct limit_job *job, const char *quota, const char *period,
			   const char *old_quota, const char *old_period)
{
	int r = write_pair_v1(job, quota, period, true);

	if (r == -EINVAL) {
		/* Whichever half went through stands in the way of the other order. */
		(void)limit_write(job, "cpu.cfs_quota_us", old_quota);
		r = write_pair_v1(job, quota, period, false);
	}
	if (r == 0)
		return;
	(void)write_pair_v1(job, old_quota, old_period, true);
	(void)write_pair_v1(job, old_quota, old_period, false);
	limit_failed(job, LIMIT_CPU, "cpu.cfs_quota_us", quota, r);
}

int limit_apply_cpu_v1(const struct limit_job *job, const struct limit_row *row)
{
	char quota_text[32], period_text[32], quota_now[64], period_now[64];
	uint64_t quota, period, burst;

	(void)row;
	if (limit_is_raw(job->want, "cpu.cfs_quota_us") ||
	    limit_is_raw(job->want, "cpu.cfs_period_us") || !wanted(job, &quota, &period, &burst))
		return 0;
	if (limit_read(job, "cpu.cfs_quota_us", quota_now, sizeof(quota_now)) < 0 ||
	    limit_read(job, "cpu.cfs_period_us", period_now, sizeof(period_now)) < 0) {
		if (limits_has(job->want, LIMIT_CPU))
			limit_failed(job, LIMIT_CPU, "cpu.cfs_quota_us", "", -ENOENT);
		return 0;
	}
	write_number(quota_text, quota, "-1");
	write_number(period_text, period, "");
	lower_burst(job, "cpu.cfs_burst_us", burst);
	if (!limit_value_equal(VALUE_NUMBER, quota_now, quota_text) ||
	    !limit_value_equal(VALUE_NUMBER, period_now, period_text)) {
		lower_burst(job, "cpu.cfs_burst_us", 0);
		change_pair_v1(job, quota_text, period_text, quota_now, period_now);
	}
	raise_burst(job, "cpu.cfs_burst_us", burst);
	return 0;
}

int limit_apply_cpu_v2(const struct limit_job *job, const struct limit_row *row)
{
	uint64_t quota, period, burst;
	char number[32], value[64], now[64];
	ssize_t n;

	if (limit_is_raw(job->want, row->file) || !wanted(job, &quota, &period, &burst))
		return 0;
	write_number(number, quota, "max");
	snprintf(value, sizeof(value), "%s %" PRIu64, number, period);
	n = limit_read(job, row->file, now, sizeof(now));
	lower_burst(job, "cpu.max.burst", n >= 0 && streq(now, value) ? burst : 0);
	(void)limit_set(job, LIMIT_CPU, row->file, VALUE_TEXT, value,
			!limits_has(job->want, LIMIT_CPU) &&
				!limits_has(job->want, LIMIT_CPU_PERIOD));
	raise_burst(job, "cpu.max.burst", burst);
	return 0;
}

int limit_apply_idle(const struct limit_job *job, const struct limit_row *row)
{
	bool idle = limits_has(job->want, LIMIT_CPU_IDLE) && job->want->cpu_idle;

	if (!limit_is_raw(job->want, row->file))
		(void)limit_set(job, LIMIT_CPU_IDLE, row->file, VALUE_NUMBER, idle ? "1" : "0",
				!limits_has(job->want, LIMIT_CPU_IDLE));
	return 0;
}

int limit_apply_weight(const struct limit_job *job, const struct limit_row *row)
{
	bool set = limits_has(job->want, LIMIT_CPU_WEIGHT);
	uint64_t weight = set ? job->want->cpu_weight : 100;
	char value[32];

	/* An idle group's weight is 0 and cannot be set (EINVAL); it is 100 again afterwards. */
	if (limit_is_raw(job->want, row->file) ||
	    (limits_has(job->want, LIMIT_CPU_IDLE) && job->want->cpu_idle))
		return 0;
	write_number(value, job->h->v2 ? weight : limit_shares_of_weight(weight), "");
	(void)limit_set(job, LIMIT_CPU_WEIGHT, row->file, VALUE_NUMBER, value, !set);
	return 0;
}

/* What the nearest group above that says something says; NULL: none does. */
static const char *list_above(const struct group *group, enum limit limit)
{
	for (group = group->parent; group; group = group->parent)
		if (limits_has(&group->limits, limit))
			return limit == LIMIT_CPUS ? group->limits.cpus : group->limits.mems;
	return NULL;
}

/*
 * v1: a cpuset that says nothing of its own has what the one above it has, which is the group's
 * above it (set before this one) or the directory's above the instance. (It cannot be empty as in
 * v2.) The file tells, for what is asked of that group may not be known, or was refused; but where
 * that group is to get fewer, this one has to have fewer first, or the kernel refuses (EBUSY).
 */
int limit_apply_cpuset_v1(const struct limit_job *job, const struct limit_row *row)
{
	bool set = limits_has(job->want, row->limit);
	const char *list = row->limit == LIMIT_CPUS ? job->want->cpus : job->want->mems;
	_cleanup_(freep) char *parent = cgroup_path_parent(job->directory);
	char above[4096];

	if (!parent)
		return -ENOMEM;
	if (limit_is_raw(job->want, row->file))
		return 0;
	if (!set) {
		if (cgroup_read(job->h, parent, row->file, above, sizeof(above)) <= 0)
			return 0;
		list = list_above(job->group, row->limit);
		if (!list || !limit_list_within(list, above))
			list = above;
	}
	(void)limit_set(job, row->limit, row->file, row->kind, list, !set);
	return 0;
}

/*
 * v2: an empty list is what the group above has. The kernel does not take it while the group has
 * processes (ENOSPC); then what the group above has is written out, which is the same for now.
 */
static int reset_cpuset_v2(const struct limit_job *job, const struct limit_row *row)
{
	_cleanup_(freep) char *parent = cgroup_path_parent(job->directory);
	char now[4096], effective[64];
	ssize_t n = limit_read(job, row->file, now, sizeof(now));
	int r;

	if (!parent)
		return -ENOMEM;
	if (n == 0 || n == -ENOENT)
		return 0;
	r = n < 0 ? (int)n : limit_write(job, row->file, "");
	snprintf(effective, sizeof(effective), "%s.effective", row->file);
	if (r == -ENOSPC && cgroup_read(job->h, parent, effective, now, sizeof(now)) > 0)
		r = limit_write(job, row->file, now);
	if (r < 0)
		limit_failed(job, row->limit, row->file, "", r);
	return 0;
}

int limit_apply_cpuset_v2(const struct limit_job *job, const struct limit_row *row)
{
	if (limit_is_raw(job->want, row->file))
		return 0;
	if (!limits_has(job->want, row->limit))
		return reset_cpuset_v2(job, row);
	(void)limit_set(job, row->limit, row->file, row->kind,
			row->limit == LIMIT_CPUS ? job->want->cpus : job->want->mems, false);
	return 0;
}
