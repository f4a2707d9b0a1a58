// SPDX-License-Identifier: MIT
/*
 * Rules on what has happened already: what the observer tells (a process forked, ended, changed its
 * user, was chosen by the OOM killer), groups that met their limits (engine-limits.c), and names
 * that were given to other files behind the gate's back. Nothing waits, so nothing can be refused;
 * all else is done.
 *
 * What an event does not say of a process that still lives is read from /proc.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

#include "core/facts-event.h"
#include "core/processes.h"
#include "core/rate-key.h"
#include "core/subject.h"
#include "util/fd.h"
#include "util/proc-text.h"

enum { MOUNTINFO_MOST = 64 << 20 };

struct occasions {
	struct mount_table *mounts;
	bool mounts_changed;
	uint32_t wanted; /* bits of the occasions that are served here */
	sd_event_source *changes;
	struct process_facts process;
	struct urgent urgent;
};

/* ---- acting ---- */

static enum host_name name_of(const struct seen_file *file, struct name_buffer *names,
			      void *userdata)
{
	struct engine *engine = userdata;
	struct occasions *occasions = engine->occasions;
	struct mount_table *mounts;
	char *text = NULL;

	if (occasions->mounts_changed &&
	    file_read_at(engine->host->proc_fd, "self/mountinfo", MOUNTINFO_MOST, &text, NULL) >=
		    0 &&
	    mount_table_new(text, &mounts) >= 0) {
		mount_table_free(occasions->mounts);
		occasions->mounts = mounts;
		occasions->mounts_changed = false;
	}
	return host_name_find(engine->host, occasions->mounts, file, names);
}

static void plan(struct engine *engine, const struct snapshot *snapshot,
		 const struct verdict *verdict, struct decision *decision)
{
	struct occasions *occasions = engine->occasions;
	struct rate_question question = {
		.policy = snapshot_policy(snapshot),
		.table = gatekeeper_rates(engine->keeper),
		.facts = &occasions->process.facts,
		.now_ns = clock_monotonic(),
	};
	struct plan *made = &occasions->urgent.plan;

	plan_make(question.policy, verdict, rate_is_over, &question, engine->options.dry_run, made);
	for (unsigned i = 0; i < verdict->count; i++) {
		struct rule_stat *stat = &snapshot->shared->stats[verdict->rules[i]];

		rule_stat_add(&stat->matched);
		if (made->over >> i & 1)
			rule_stat_add(&stat->over);
	}
	decision->flags |= question.over > 0 ? DECISION_OVER : 0;
	decision->flags |= verdict->truncated || made->truncated ? DECISION_TRUNCATED : 0;
}

/* What the event has told of a process that is gone. */
static void fill_subject(const struct facts *facts, struct subject *subject)
{
	if (facts->known >> FACT_IDS & 1) {
		subject->uid = facts->uid;
		subject->gid = facts->gid;
	}
	if (facts->known >> FACT_EXE & 1 && subject->exe[0] == '\0')
		snprintf(subject->exe, sizeof(subject->exe), "%.*s", (int)facts->exe.size,
			 facts->exe.data);
	if (facts->known >> FACT_COMM & 1 && subject->comm[0] == '\0')
		snprintf(subject->comm, sizeof(subject->comm), "%.*s", (int)facts->comm.size,
			 facts->comm.data);
	if (facts->known >> FACT_CGROUP & 1 && subject->cgroup[0] == '\0' && facts->cgroup.size > 0)
		snprintf(subject->cgroup, sizeof(subject->cgroup), "0::%.*s\n",
			 (int)facts->cgroup.size, facts->cgroup.data);
}

/* Asks the rules about the facts at hand, and does what they say. */
static void act(struct engine *engine, const char *path)
{
	struct occasions *occasions = engine->occasions;
	struct process_facts *process = &occasions->process;
	struct facts *facts = &process->facts;
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);
	struct urgent *urgent = &occasions->urgent;
	struct verdict verdict;

	if (!ruleset_judge(snapshot->ruleset, facts, &verdict))
		return;
	for (enum fact_part part = 0; part <= FACT_CGROUP; part++)
		(void)facts_know(facts, part);
	urgent->hold = 0;
	urgent->decision = (struct decision){
		.time_ns = clock_boottime(),
		.pid = facts->pid,
		.start = process->start,
		.flags = DECISION_AFTER,
		.generation = snapshot->generation,
		.group = POLICY_NONE,
		.group_rule = POLICY_NONE,
		.on = (uint16_t)facts->on,
		.occasions = (uint16_t)OCCASION_BIT(facts->on),
		.uid = facts->known >> FACT_IDS & 1 ? facts->uid : UINT32_MAX,
		.rule_count = MIN(verdict.count, (unsigned)DECISION_RULES),
	};
	memcpy(urgent->decision.rules, verdict.rules,
	       urgent->decision.rule_count * sizeof(uint32_t));
	snprintf(urgent->decision.path, sizeof(urgent->decision.path), "%s", path);
	snprintf(urgent->path, sizeof(urgent->path), "%s", path);
	urgent->rule_count = verdict.count;
	memcpy(urgent->rules, verdict.rules, verdict.count * sizeof(uint32_t));
	plan(engine, snapshot, &verdict, &urgent->decision);
	urgent_take_facts(urgent, facts);
	subject_read(engine->host, facts->pid, facts->pid, &urgent->subject);
	fill_subject(facts, &urgent->subject);
	engine_carry_out(engine, urgent);
	engine_record(engine, &urgent->decision);
}

static void begin(struct engine *engine, enum occasion on, pid_t pid)
{
	struct process_facts *process = &engine->occasions->process;

	process_facts_begin(process, gatekeeper_world(engine->keeper),
			    &gatekeeper_current(engine->keeper)->bases, on, pid);
	process->find_name = name_of;
	process->userdata = engine;
}

/* ---- events ---- */

static void find_group(struct engine *engine, struct facts *facts)
{
	const char *group =
		placement_of(engine->layout, engine->groups, facts->cgroup, facts->cgroup_v1);

	if (group)
		facts->group = slice_of(group);
}

void engine_take_event(struct engine *engine, const struct event *event,
		       const struct process_table *table)
{
	struct occasions *occasions = engine->occasions;
	int on = occasion_of_event(event->type);
	struct process_facts *process;
	char path[PATH_MAX];

	if (!occasions || on < 0 || !(occasions->wanted & OCCASION_BIT(on)) ||
	    !event_knows(event, FIELD_PID) || engine_is_own(engine, (pid_t)event->pid))
		return;
	process = &occasions->process;
	begin(engine, (enum occasion)on, (pid_t)event->pid);
	facts_take_event(&process->facts, event, table);
	/* The process that had this number is meant, and no other. */
	if (event_knows(event, FIELD_START))
		process->start = event->start / (UINT64_C(1000000000) / PROC_STAT_USER_HZ);
	if (process->facts.known >> FACT_CGROUP & 1)
		find_group(engine, &process->facts);
	if (on == ON_EXIT)
		process->facts.ask = NULL;
	snprintf(path, sizeof(path), "%.*s", (int)process->facts.exe.size,
		 process->facts.known >> FACT_EXE & 1 ? process->facts.exe.data : "");
	act(engine, path);
}

uint32_t engine_wanted_events(const struct engine *engine)
{
	uint32_t types = engine->occasions ? events_of_occasions(engine->occasions->wanted) : 0;

	/* OOM's victim is told by its number, and gone before it can be looked at: the table that
	 * is kept for what ends knows it. */
	return types & EVENT_BIT(EVENT_OOM) ? types | EVENT_BIT(EVENT_EXIT) : types;
}

/* ---- groups ---- */

/* The process that met the limit is not told by the kernel: the rule is about the group. */
void engine_tell_group(struct engine *engine, enum occasion on, const char *group, const char *what)
{
	struct facts *facts = &engine->occasions->process.facts;

	begin(engine, on, 0);
	facts->asked = UINT32_MAX;
	facts->cgroup = facts->cgroup_v1 = (struct slice){ 0 };
	facts->container_runtime = facts->container_id = facts->pod = (struct slice){ 0 };
	facts->group = slice_of(group);
	facts->known = UINT32_C(1) << FACT_CGROUP;
	act(engine, what);
}

/* ---- changes behind the gate ---- */

static void on_change(const struct gate_change *change, void *userdata)
{
	struct engine *engine = userdata;
	const struct file_key file = { .path = change->path, .length = strlen(change->path) };

	engine->counters.changes++;
	if (engine_is_own(engine, change->pid))
		return;
	/* A write through a descriptor was asked about when that was opened; one that was not is
	 * told once, not with every piece that is written. */
	if (change->kind == GATE_CHANGE_CONTENT &&
	    gatekeeper_has_written(engine->keeper, change->pid, change->path))
		return;
	begin(engine, ON_WRITE, change->pid);
	process_facts_set_file(&engine->occasions->process, &file);
	act(engine, change->path);
}

static int on_changes(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct engine *engine = userdata;

	(void)gate_take_changes(engine->gate, on_change, engine);
	return 0;
}

/* ---- life ---- */

int engine_occasions_update(struct engine *engine)
{
	const uint32_t served = ~(OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE));
	struct occasions *occasions = engine->occasions;
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);
	int r;

	if (!occasions)
		return 0;
	occasions->wanted = ruleset_occasions(snapshot->ruleset) & served;
	engine_watch_again(engine);
	r = engine_limits_update(engine);
	return MIN(r, 0);
}

void engine_occasions_remount(struct engine *engine)
{
	if (engine->occasions)
		engine->occasions->mounts_changed = true;
}

int engine_occasions_start(struct engine *engine)
{
	engine->occasions = calloc(1, sizeof(*engine->occasions));
	if (!engine->occasions)
		return -ENOMEM;
	engine->occasions->mounts_changed = true;
	if (engine->gate && gate_changes_fd(engine->gate) >= 0 &&
	    sd_event_add_io(engine->event, &engine->occasions->changes,
			    gate_changes_fd(engine->gate), EPOLLIN, on_changes, engine) < 0)
		return -ENOMEM;
	return engine_occasions_update(engine);
}

void engine_occasions_stop(struct engine *engine)
{
	struct occasions *occasions = engine->occasions;

	if (!occasions)
		return;
	engine_limits_stop(engine);
	sd_event_source_disable_unref(occasions->changes);
	mount_table_free(occasions->mounts);
	free(occasions);
	engine->occasions = NULL;
}
