// SPDX-License-Identifier: MIT
/*
 * A scan is a snapshot of a moving thing: processes vanish while they are looked at (no error),
 * and children may be forked between the listing and the move of their parent. So the listing is
 * repeated until a pass moves nobody new, at most PASSES_MAX times.
 */
#include "core/scan.h"

#include "core/rate-key.h"
#include "core/running.h"
#include "core/subject.h"
#include "util/proc-text.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

enum { PASSES_MAX = 4 };

struct scan {
	const struct host *host;
	const struct snapshot *snapshot;
	const struct scan_options *options;
	struct scan_result *result;
	bool first_pass;
	struct running *running;
	struct urgent urgent;
};

static void count_outcome(struct scan *scan, const struct decision *decision)
{
	struct scan_result *result = scan->result;

	if (decision->result == -ESRCH)
		result->vanished++;
	else if (decision->result < 0)
		result->failed++;
	else if (decision->flags & DECISION_MOVED)
		result->moved++;
	else if (scan->first_pass)
		result->already++;
}

/* When the process began, in ticks since boot; 0: gone. */
static uint64_t start_time(const struct host *host, pid_t pid)
{
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;

	return proc_stat_read(host->proc_fd, pid, text, &stat) >= 0 ? stat.start : 0;
}

/* ---- one process ---- */

/* What is done once is not done again by a scan that stands alone, or to who was seen before. */
static void make_plan(struct scan *scan, const struct running_match *m, bool greet)
{
	const struct policy *policy = snapshot_policy(scan->snapshot);
	struct rate_question question = {
		.policy = policy,
		.table = scan->options->rates,
		.facts = &scan->running->process.facts,
		.now_ns = clock_monotonic(),
	};
	struct plan *plan = &scan->urgent.plan;

	plan_make(policy, &m->verdict, greet ? rate_is_over : NULL, &question,
		  scan->options->dry_run, plan);
	plan_drop(plan, UINT32_C(1) << EFFECT_DELAY | UINT32_C(1) << EFFECT_DENY);
	if (!greet)
		plan_drop(plan, ~EFFECTS_OF_THE_START);
}

static void describe(struct scan *scan, const struct running_match *m, pid_t pid, uint64_t started)
{
	struct urgent *urgent = &scan->urgent;
	struct facts *facts = &scan->running->process.facts;
	size_t length = strlen(m->path);
	size_t skip = length >= DECISION_PATH ? length - DECISION_PATH + 1 : 0;

	for (enum fact_part part = 0; part <= FACT_CGROUP; part++)
		(void)facts_know(facts, part);
	urgent->hold = 0;
	urgent->decision = (struct decision){
		.time_ns = clock_boottime(),
		.pid = pid,
		.start = started,
		.flags = DECISION_SCAN,
		.generation = scan->snapshot->generation,
		.group = POLICY_NONE,
		.group_rule = POLICY_NONE,
		.on = ON_EXECUTE,
		.occasions = OCCASION_BIT(ON_EXECUTE),
		.uid = facts->known >> FACT_IDS & 1 ? facts->uid : UINT32_MAX,
		.rule_count = MIN(m->verdict.count, (unsigned)DECISION_RULES),
	};
	memcpy(urgent->decision.rules, m->verdict.rules,
	       urgent->decision.rule_count * sizeof(uint32_t));
	memcpy(urgent->decision.path, m->path + skip, length - skip + 1);
	urgent->rule_count = m->verdict.count;
	memcpy(urgent->rules, m->verdict.rules, m->verdict.count * sizeof(uint32_t));
	snprintf(urgent->path, sizeof(urgent->path), "%s", m->path);
	urgent_take_facts(urgent, facts);
	subject_read(scan->host, pid, pid, &urgent->subject);
}

static void count_matches(const struct scan *scan, const struct running_match *m)
{
	for (unsigned i = 0; i < m->verdict.count; i++)
		rule_stat_add(&scan->snapshot->shared->stats[m->verdict.rules[i]].matched);
}

static bool is_new(struct scan *scan, const struct running_match *m, pid_t pid, uint64_t started)
{
	const struct file_key *file = m->script_matched ? &m->script : &m->exe;
	const struct scan_seen seen = {
		.pid = pid,
		.started = started,
		.dev = file->dev,
		.ino = file->ino,
	};

	return scan->options->memory && scan_memory_note(scan->options->memory, &seen);
}

/* True if this process was moved now. */
static bool scan_process(struct scan *scan, pid_t pid)
{
	const struct scan_memory *memory = scan->options->memory;
	struct decision *decision = &scan->urgent.decision;
	struct running_match m;
	uint64_t started;
	bool new, placed;

	if (pid == scan->options->spare[0] || pid == scan->options->spare[1])
		return false;
	if (scan->first_pass)
		scan->result->seen++;
	if (!running_judge(scan->running, scan->snapshot->ruleset, &scan->snapshot->bases, pid, &m))
		return false;
	started = start_time(scan->host, pid);
	new = is_new(scan, &m, pid, started);
	make_plan(scan, &m, new && memory->primed);
	/* Who was seen before is only kept where it belongs. */
	if (!new && (memory || !scan->first_pass))
		plan_drop(&scan->urgent.plan,
			  ~(EFFECTS_THAT_PLACE & ~(UINT32_C(1) << EFFECT_LIMIT)));
	if (scan->options->exempt && plan_has(&scan->urgent.plan, EFFECTS_THAT_PLACE) &&
	    exempt_covers(scan->options->exempt, pid))
		plan_drop(&scan->urgent.plan, EFFECTS_THAT_PLACE);
	placed = plan_has(&scan->urgent.plan, EFFECTS_THAT_PLACE);
	if (!memory && scan->urgent.plan.count == 0)
		return false;
	describe(scan, &m, pid, started);
	if (new || (!memory && scan->first_pass))
		count_matches(scan, &m);
	scan->options->act(&scan->urgent, scan->options->userdata);
	if (placed) {
		if (scan->first_pass)
			scan->result->matched++;
		count_outcome(scan, decision);
	}
	if (new || (!memory && scan->first_pass) || (decision->flags & DECISION_MOVED))
		scan->options->found(decision, scan->options->userdata);
	return (decision->flags & DECISION_MOVED) != 0;
}

static int scan_pass(struct scan *scan)
{
	int fd = openat(scan->host->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int moved = 0;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		uint64_t pid = 0;

		for (const char *p = entry->d_name; isdigit((unsigned char)*p); p++)
			pid = pid * 10 + (unsigned)(*p - '0');
		if (pid > 0 && pid <= INT_MAX)
			moved += scan_process(scan, (pid_t)pid);
	}
	closedir(dir);
	return moved;
}

int place_running(const struct host *host, const struct snapshot *snapshot,
		  const struct scan_options *options, struct scan_result *ret_result)
{
	_cleanup_(freep) struct scan *scan = calloc(1, sizeof(*scan));
	_cleanup_(running_freep) struct running *running = NULL;
	struct scan_result result = { 0 };
	int moved = 0, r;

	if (!scan)
		return -ENOMEM;
	r = running_new(host, options->world, &running);
	if (r < 0)
		return r;
	scan->host = host;
	scan->snapshot = snapshot;
	scan->options = options;
	scan->result = &result;
	scan->running = running;
	if (options->memory)
		scan_memory_begin(options->memory);
	for (int pass = 0; pass < PASSES_MAX && (pass == 0 || moved > 0); pass++) {
		scan->first_pass = pass == 0;
		moved = scan_pass(scan);
		if (moved < 0)
			return moved;
	}
	*ret_result = result;
	return 0;
}
