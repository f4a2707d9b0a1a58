// SPDX-License-Identifier: MIT
/*
 * Memory. Lowering a limit below what is in use must neither kill (v2 takes the number at once and
 * then calls the OOM killer until it fits) nor stay half done. So the group is made smaller first:
 * v1 by its own retries and memory.force_empty, v2 by memory.reclaim (5.19) or memory.high; only
 * when it fits is the limit written. Where it cannot be made to fit, the old limit stays.
 */
#include "cgroup/limit.h"

#include <inttypes.h>

enum { RECLAIM_ROUNDS = 5 };

static void write_bytes(char text[static 32], uint64_t bytes, const char *none)
{
	if (bytes == LIMIT_MAX)
		snprintf(text, 32, "%s", none);
	else
		snprintf(text, 32, "%" PRIu64, bytes);
}

static int not_lowered(const struct limit_job *job, enum limit limit, const char *file,
		       uint64_t wanted, uint64_t used, uint64_t old)
{
	char before[32];

	write_bytes(before, old, "no limit");
	group_problem_add(job->problems, job->group->name, limit, file, -EBUSY,
			  "group %s: %s cannot be lowered to %" PRIu64
			  " bytes: the group uses %" PRIu64
			  " and the kernel could not reclaim enough; %s/%s/%s stays at %s",
			  job->group->name, limit_name(limit), wanted, used, job->h->mount_point,
			  job->directory, file, before);
	return -EBUSY;
}

/* ---- v1 ---- */

static int lower_v1(const struct limit_job *job, enum limit limit, const char *file,
		    uint64_t wanted)
{
	bool memsw = limit == LIMIT_SWAP;
	uint64_t used = 0, old = LIMIT_MAX;
	char text[32];
	int r = 0;

	(void)limit_read_number(job, file, &old);
	write_bytes(text, wanted, "-1");
	for (int round = 0; round < RECLAIM_ROUNDS; round++) {
		r = limit_write(job, file, text);
		if (r != -EBUSY)
			break;
		/* Gives back page cache and what can be swapped, of processes that run too. */
		(void)limit_write(job, "memory.force_empty", "0");
		usleep(10000);
	}
	if (r == 0)
		return 0;
	(void)limit_read_number(job,
				memsw ? "memory.memsw.usage_in_bytes" : "memory.usage_in_bytes",
				&used);
	if (r == -EBUSY)
		return not_lowered(job, limit, file, wanted, used, old);
	return limit_failed(job, limit, file, text, r);
}

static bool same_pages(uint64_t a, uint64_t b)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return a / page == b / page;
}

/* What memsw shall be, or a problem. */
static bool memsw_of(const struct limit_job *job, uint64_t *ret_memsw)
{
	*ret_memsw = LIMIT_MAX;
	if (!limits_has(job->want, LIMIT_SWAP) || job->want->swap == LIMIT_MAX)
		return true;
	if (!limits_has(job->want, LIMIT_RAM) || job->want->ram == LIMIT_MAX) {
		group_problem_add(job->problems, job->group->name, LIMIT_SWAP,
				  "memory.memsw.limit_in_bytes", -EINVAL,
				  "group %s: swap needs a ram limit here: cgroup v1 can only limit "
				  "memory "
				  "and swap together (memory.memsw.limit_in_bytes)",
				  job->group->name);
		return false;
	}
	if (__builtin_add_overflow(job->want->ram, job->want->swap, ret_memsw))
		*ret_memsw = LIMIT_MAX;
	return true;
}

/*
 * The kernel keeps limit <= memsw at every write: the one that makes room goes first.
 * Both written at once would be simpler, but there is no such file.
 */
static void write_both_v1(const struct limit_job *job, uint64_t ram, uint64_t memsw,
			  uint64_t ram_now, uint64_t memsw_now)
{
	static const char *const RAM = "memory.limit_in_bytes";
	static const char *const MEMSW = "memory.memsw.limit_in_bytes";
	bool raise = memsw > memsw_now;

	if (raise && !same_pages(memsw, memsw_now) && lower_v1(job, LIMIT_SWAP, MEMSW, memsw) < 0)
		return;
	if (!same_pages(ram, ram_now) && lower_v1(job, LIMIT_RAM, RAM, ram) < 0)
		return;
	if (!raise && !same_pages(memsw, memsw_now))
		(void)lower_v1(job, LIMIT_SWAP, MEMSW, memsw);
}

int limit_apply_memory_v1(const struct limit_job *job, const struct limit_row *row)
{
	uint64_t ram = limits_has(job->want, LIMIT_RAM) ? job->want->ram : LIMIT_MAX;
	uint64_t memsw, ram_now, memsw_now;
	bool swap = memsw_of(job, &memsw);
	int r = limit_read_number(job, row->file, &ram_now);

	if (limit_is_raw(job->want, row->file) ||
	    limit_is_raw(job->want, "memory.memsw.limit_in_bytes"))
		return 0;
	if (r < 0) {
		limit_failed(job, LIMIT_RAM, row->file, "", r);
		return 0;
	}
	r = limit_read_number(job, "memory.memsw.limit_in_bytes", &memsw_now);
	if (r == 0) {
		write_both_v1(job, ram, memsw, ram_now, memsw_now);
		return 0;
	}
	if (swap && memsw != LIMIT_MAX)
		group_problem_add(job->problems, job->group->name, LIMIT_SWAP,
				  "memory.memsw.limit_in_bytes", r,
				  "group %s: swap cannot be limited: this kernel does not count it "
				  "(boot "
				  "with swapaccount=1)",
				  job->group->name);
	if (!same_pages(ram, ram_now))
		(void)lower_v1(job, LIMIT_RAM, row->file, ram);
	return 0;
}

int limit_apply_oom_v1(const struct limit_job *job, const struct limit_row *row)
{
	if (limits_has(job->want, LIMIT_OOM) && job->want->oom_group)
		group_problem_add(job->problems, job->group->name, row->limit, NULL, -EOPNOTSUPP,
				  "group %s: \"oom: group\" cannot be set here: only cgroup v2 has "
				  "it, "
				  "and "
				  "the memory controller is a v1 one on this host",
				  job->group->name);
	return 0;
}

/* ---- v2 ---- */

/* Makes the group no larger than `bytes`. 0, or -EBUSY with what it still uses. */
static int squeeze_v2(const struct limit_job *job, uint64_t bytes, uint64_t *ret_used)
{
	char text[32];

	for (int round = 0; round < RECLAIM_ROUNDS; round++) {
		int r = limit_read_number(job, "memory.current", ret_used);

		if (r < 0)
			return r;
		if (*ret_used <= bytes)
			return 0;
		snprintf(text, sizeof(text), "%" PRIu64, *ret_used - bytes);
		/* EAGAIN: less than asked for; before 5.19 there is memory.high alone. */
		(void)limit_write(job, "memory.reclaim", text);
		if (round > 0)
			usleep(10000);
	}
	return limit_read_number(job, "memory.current", ret_used) == 0 && *ret_used <= bytes
		       ? 0
		       : -EBUSY;
}

static void lower_v2(const struct limit_job *job, const char *file, uint64_t wanted, uint64_t old,
		     const char *high_now)
{
	uint64_t used = 0;
	char text[32];
	int r;

	write_bytes(text, wanted, "max");
	r = limit_read_number(job, "memory.current", &used);
	if (r == 0 && used > wanted) {
		/* Reclaims at the write, and keeps new growth small while we look again. */
		(void)limit_write(job, "memory.high", text);
		r = squeeze_v2(job, wanted, &used);
	}
	if (r == 0)
		r = limit_write(job, file, text);
	if (high_now)
		(void)limit_write(job, "memory.high", high_now);
	if (r == -EBUSY)
		not_lowered(job, LIMIT_RAM, file, wanted, used, old);
	else if (r < 0)
		limit_failed(job, LIMIT_RAM, file, text, r);
}

int limit_apply_memory_v2(const struct limit_job *job, const struct limit_row *row)
{
	bool set = limits_has(job->want, LIMIT_RAM);
	bool set_high = limits_has(job->want, LIMIT_RAM_HIGH);
	uint64_t ram = set ? job->want->ram : LIMIT_MAX, now = LIMIT_MAX;
	uint64_t high = set_high ? job->want->ram_high : LIMIT_MAX;
	char text[32], high_now[64];
	bool raw_high = limit_is_raw(job->want, "memory.high");
	ssize_t n = limit_read(job, "memory.high", high_now, sizeof(high_now));

	if (!limit_is_raw(job->want, row->file)) {
		int r = limit_read_number(job, row->file, &now);

		write_bytes(text, ram, "max");
		if (r == 0 && ram < now && !same_pages(ram, now))
			lower_v2(job, row->file, ram, now, n > 0 ? high_now : NULL);
		else
			(void)limit_set(job, LIMIT_RAM, row->file, VALUE_BYTES, text, !set);
	}
	write_bytes(text, high, "max");
	if (!raw_high)
		(void)limit_set(job, LIMIT_RAM_HIGH, "memory.high", VALUE_BYTES, text, !set_high);
	return 0;
}
