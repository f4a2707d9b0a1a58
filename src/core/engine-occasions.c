// SPDX-License-Identifier: MIT
/*
 * Rules on what has happened already: what the observer tells (a process forked, ended, changed its
 * user, was chosen by the OOM killer), groups that met their limits (engine-limits.c), and names
 * that were given to other files behind the gate's back. Nothing waits, so nothing can be refused;
 * all else is done.
 *
 * Without a gate executions are told so as well, and with one those that it is not asked about, of
 * files that are in memory alone. The scan that stands in for the gate is told what was seen here.
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
#include "util/units.h"

#include <sys/stat.h>

enum { MOUNTINFO_MOST = 64 << 20 };

struct occasions {
	struct mount_table *mounts;
	bool mounts_changed;
	uint64_t happened_ns; /* CLOCK_BOOTTIME; 0: now */
	uint32_t wanted;      /* bits of the occasions that are served here */
	sd_event_source *changes;
	const struct session *session; /* as whose the process is judged; NULL: its own */
	struct process_facts process;
	struct urgent urgent;
	char exe[PATH_MAX], script[PATH_MAX]; /* of the execution that is told */
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
	/* Of a rule for the gate, which is not there. */
	if (decision->on == ON_EXECUTE)
		plan_drop(made, UINT32_C(1) << EFFECT_DELAY | UINT32_C(1) << EFFECT_DENY);
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

/* Whether anything is said of the process, or made by what it is. Who is only placed or set is not
 * kept waiting for what nobody asks. */
static bool is_told(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct policy_effect *effect = plan->steps[i].effect;

		if (!(EFFECTS_OF_THE_START >> effect->kind & 1) || effect->kind == EFFECT_LIMIT ||
		    (effect->kind == EFFECT_GROUP && effect->group.index == POLICY_NONE))
			return true;
	}
	return false;
}

static void describe(struct engine *engine, struct facts *facts, struct urgent *urgent)
{
	bool told = is_told(&urgent->plan);

	for (enum fact_part part = 0; told && part <= FACT_CGROUP; part++)
		(void)facts_know(facts, part);
	urgent_take_facts(urgent, facts);
	/* A path with fields is of who acts, and of the program. */
	if (!told && facts_know(facts, FACT_IDS) && !engine_plan_has_fields(&urgent->plan)) {
		urgent->subject = (struct subject){ .uid = facts->uid,
						    .gid = facts->gid,
						    .euid = facts->euid,
						    .egid = facts->egid };
		return;
	}
	subject_read(engine->host, facts->pid, told ? facts->pid : 0, &urgent->subject);
	fill_subject(facts, &urgent->subject);
	if (engine->occasions->session) {
		urgent->subject.euid = facts->euid;
		urgent->subject.egid = facts->egid;
	}
}

/* The program is said in the record, but not before the process is where it belongs. */
static void note_program(struct facts *facts, struct urgent *urgent)
{
	if (urgent->path[0] != '\0' || facts->on == ON_LIMIT_HIT || !facts_know(facts, FACT_EXE))
		return;
	snprintf(urgent->decision.path, sizeof(urgent->decision.path), "%.*s", (int)facts->exe.size,
		 facts->exe.data);
}

/*
 * Who executes after what we are told of has been judged by the gate as it was by then, which is
 * newer than what we know; a move now would take it from where that put it.
 */
static bool is_overtaken(const struct engine *engine, pid_t pid)
{
	uint64_t happened = engine->occasions->happened_ns;

	return happened != 0 && gatekeeper_has_executed(engine->keeper, pid, happened);
}

static void leave_to_gate(const struct engine *engine, struct plan *plan, pid_t pid)
{
	if (plan_has(plan, EFFECTS_THAT_PLACE) && is_overtaken(engine, pid))
		plan_drop(plan, EFFECTS_THAT_PLACE);
}

/* The gate was asked while we moved it: what that decides is done once more when it is told. */
static void check_gate(struct engine *engine, pid_t pid)
{
	if (is_overtaken(engine, pid))
		engine->raced[engine->raced_next++ % ARRAY_SIZE(engine->raced)] = pid;
}

/* Does what the rules say that match the facts at hand. */
static void carry_out(struct engine *engine, const struct verdict *verdict, const char *path)
{
	struct occasions *occasions = engine->occasions;
	struct process_facts *process = &occasions->process;
	struct facts *facts = &process->facts;
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);
	struct urgent *urgent = &occasions->urgent;

	process_facts_complete_ids(process);
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
		.rule_count = MIN(verdict->count, (unsigned)DECISION_RULES),
	};
	memcpy(urgent->decision.rules, verdict->rules,
	       urgent->decision.rule_count * sizeof(uint32_t));
	snprintf(urgent->decision.path, sizeof(urgent->decision.path), "%s", path);
	snprintf(urgent->path, sizeof(urgent->path), "%s", path);
	urgent->rule_count = verdict->count;
	memcpy(urgent->rules, verdict->rules, verdict->count * sizeof(uint32_t));
	plan(engine, snapshot, verdict, &urgent->decision);
	if (plan_only_counts(&urgent->plan, snapshot_policy(snapshot), verdict))
		return;
	/* The rest is done when it becomes that user. */
	if (occasions->session)
		plan_drop(&urgent->plan, ~EFFECTS_THAT_PLACE);
	engine_leave_alone(engine, &urgent->plan, &urgent->decision);
	leave_to_gate(engine, &urgent->plan, facts->pid);
	describe(engine, facts, urgent);
	engine_carry_out(engine, urgent);
	if (urgent->decision.flags & DECISION_MOVED)
		check_gate(engine, facts->pid);
	note_program(facts, urgent);
	engine_record(engine, &urgent->decision);
}

static bool ask_rules(struct engine *engine, struct verdict *ret_verdict)
{
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);

	return ruleset_judge(snapshot->ruleset, &engine->occasions->process.facts, ret_verdict);
}

static void act(struct engine *engine, const char *path)
{
	struct verdict verdict;

	if (ask_rules(engine, &verdict))
		carry_out(engine, &verdict, path);
}

static void begin(struct engine *engine, enum occasion on, pid_t pid)
{
	struct process_facts *process = &engine->occasions->process;

	engine->occasions->happened_ns = 0;
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

/* In its own mount namespace a process can give any file any name: there it counts by identity. */
static bool has_our_names(const struct engine *engine, const struct event *event)
{
	return event_knows(event, FIELD_MNT_NS) &&
	       event->mnt_ns == gatekeeper_world(engine->keeper)->namespaces[NS_MNT];
}

static struct file_key key_of(struct slice path, char text[static PATH_MAX])
{
	struct file_key key = { .path = text };

	key.length = MIN(path.size, (size_t)PATH_MAX - 1);
	memcpy(text, path.size > 0 ? path.data : "", key.length);
	text[key.length] = '\0';
	return key;
}

/* The scan knows a process by what it runs, its script before its interpreter. */
static bool is_news(struct engine *engine, const struct file_key *file)
{
	const struct process_facts *process = &engine->occasions->process;
	struct scan_seen seen = {
		.pid = process->facts.pid,
		.started = process->start,
		.dev = file->dev,
		.ino = file->ino,
	};
	struct stat st;

	if (engine->gate)
		return true;
	if (seen.ino == 0 && file->length > 0 && stat(file->path, &st) >= 0) {
		seen.dev = st.st_dev;
		seen.ino = st.st_ino;
	}
	return scan_memory_note(&engine->scanned, &seen);
}

/* As the gate does, the script's rules come first. */
static void take_execution(struct engine *engine, const struct event *event)
{
	struct occasions *occasions = engine->occasions;
	const struct facts *facts = &occasions->process.facts;
	const struct slice none = { 0 };
	bool named = has_our_names(engine, event);
	struct file_key script = key_of(named ? facts->script : none, occasions->script);
	struct file_key exe =
		key_of(named && event_knows(event, FIELD_EXE) ? event->exe : none, occasions->exe);
	struct verdict verdict, of_exe;
	bool by_script = false;

	if (event_knows(event, FIELD_INODE) && event_knows(event, FIELD_DEV)) {
		exe.dev = event->dev;
		exe.ino = event->inode;
	}
	verdict_init(&verdict);
	if (script.length > 0) {
		process_facts_set_file(&occasions->process, &script);
		by_script = ask_rules(engine, &verdict);
	}
	process_facts_set_file(&occasions->process, &exe);
	if (ask_rules(engine, &of_exe))
		verdict_add(&verdict, &of_exe);
	if (verdict.count > 0 && is_news(engine, by_script ? &script : &exe))
		carry_out(engine, &verdict, by_script ? script.path : exe.path);
}

/* With a gate, what that is asked about is its own. */
static bool is_served(const struct engine *engine, const struct event *event)
{
	int on = occasion_of_event(event->type);

	if (!engine->occasions || on < 0 || !(engine->occasions->wanted & OCCASION_BIT(on)))
		return false;
	return on != ON_EXECUTE || !engine->gate ||
	       (event_knows(event, FIELD_FLAGS) && event->flags & FLAG_MEMFD);
}

void engine_take_event(struct engine *engine, const struct event *event,
		       const struct process_table *table)
{
	struct occasions *occasions = engine->occasions;
	int on = occasion_of_event(event->type);
	struct process_facts *process;
	char path[PATH_MAX];

	engine_register_fork(engine, event);
	if (!is_served(engine, event) || !event_knows(event, FIELD_PID) ||
	    engine_is_own(engine, (pid_t)event->pid))
		return;
	process = &occasions->process;
	begin(engine, (enum occasion)on, (pid_t)event->pid);
	facts_take_event(&process->facts, event, table);
	if ((on == ON_SETUID || on == ON_SETGID) && event_knows(event, FIELD_BOOTTIME))
		occasions->happened_ns = event->boottime;
	/* The process that had this number is meant, and no other. */
	if (event_knows(event, FIELD_START))
		process->start = event->start / (UINT64_C(1000000000) / PROC_STAT_USER_HZ);
	if (process->facts.known >> FACT_CGROUP & 1)
		find_group(engine, &process->facts);
	if (on == ON_EXECUTE) {
		take_execution(engine, event);
		return;
	}
	if (on == ON_EXIT)
		process->facts.ask = NULL;
	snprintf(path, sizeof(path), "%.*s", (int)process->facts.exe.size,
		 process->facts.known >> FACT_EXE & 1 ? process->facts.exe.data : "");
	act(engine, path);
}

static bool asks_for_memfd(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t k = 0; k < policy->rules[i].condition_count; k++)
			if (policy->rules[i].on & OCCASION_BIT(ON_EXECUTE) &&
			    policy->rules[i].conditions[k].kind == CONDITION_MEMFD)
				return true;
	return false;
}

/* Occasions of the rules that are in force, which the observer tells of. */
static uint32_t served_occasions(const struct engine *engine)
{
	uint32_t served = ~(OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE));
	const struct snapshot *snapshot = gatekeeper_current(engine->keeper);

	if (!engine->gate || asks_for_memfd(snapshot_policy(snapshot)))
		served |= OCCASION_BIT(ON_EXECUTE);
	return ruleset_occasions(snapshot->ruleset) & served;
}

static uint32_t events_for(const struct engine *engine, uint32_t occasions)
{
	uint32_t types = events_of_occasions(occasions);

	if (engine->exempt && exempt_follows(engine->exempt))
		types |= EVENT_BIT(EVENT_FORK);
	/* OOM's victim is told by its number, and gone before it can be looked at: the table that
	 * is kept for what ends knows it. */
	return types & EVENT_BIT(EVENT_OOM) ? types | EVENT_BIT(EVENT_EXIT) : types;
}

uint32_t engine_wanted_events(const struct engine *engine)
{
	return events_for(engine, engine->occasions ? engine->occasions->wanted : 0);
}

uint32_t engine_foreseen_events(const struct engine *engine)
{
	return events_for(engine, served_occasions(engine));
}

bool engine_wants_users(const struct engine *engine)
{
	return engine_wanted_events(engine) & (EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID));
}

/* ---- sessions ---- */

static void take_session(struct facts *facts, const struct session *session)
{
	facts->uid = facts->euid = session->uid;
	facts->gid = facts->egid = session->gid;
	facts->gid_count = MIN(session->group_count, (size_t)FACT_GROUPS_MOST);
	for (size_t i = 0; i < facts->gid_count; i++)
		facts->gids[i] = session->groups[i];
	facts->known |= UINT32_C(1) << FACT_GROUPS;
}

int engine_place_session(struct engine *engine, const struct session *session,
			 const struct decision **ret_decision, struct error *err)
{
	struct occasions *occasions = engine->occasions;
	struct facts *facts;
	struct verdict verdict;

	if (!occasions)
		return error_set(err, -EOPNOTSUPP, "sessions are placed by a running daemon alone");
	begin(engine, ON_SETUID, session->pid);
	facts = &occasions->process.facts;
	facts->occasions = OCCASION_BIT(ON_SETUID) | OCCASION_BIT(ON_SETGID);
	if (!facts_know(facts, FACT_IDS))
		return error_set(err, -ESRCH, "there is no process %d", session->pid);
	take_session(facts, session);
	if (!ask_rules(engine, &verdict))
		return 0;
	occasions->session = session;
	carry_out(engine, &verdict, "");
	occasions->session = NULL;
	*ret_decision = &occasions->urgent.decision;
	return 1;
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
	struct occasions *occasions = engine->occasions;
	int r;

	if (!occasions)
		return 0;
	occasions->wanted = served_occasions(engine);
	engine_watch_again(engine);
	r = engine_limits_update(engine);
	return MIN(r, 0);
}

void engine_occasions_remount(struct engine *engine)
{
	if (engine->occasions)
		engine->occasions->mounts_changed = true;
}

/* The daemon before this one has looked until it handed over. */
static void tell_blind(struct engine *engine)
{
	uint64_t since = engine->blind_since, now = clock_boottime();
	char length[32];

	if (since == 0 || engine_asked_events(engine) == 0 || !engine_observer(engine))
		return;
	format_duration(now - MIN(since, now), length, sizeof(length));
	log_notice(engine->log,
		   "for %s nobody was told of forks, exits and changes of users: the daemon was "
		   "replaced; what runs is looked at",
		   length);
	observer_tell_blind(engine_observer(engine), since, "the daemon was replaced");
}

/* Who has forked, or changed users since the scan of the start or while the daemon was replaced,
 * was told to nobody. */
void engine_occasions_observed(struct engine *engine)
{
	struct scan_result result;

	tell_blind(engine);
	engine_register_look(engine);
	/* The start itself scans, where it is not over. */
	if ((engine->begun && engine->options.scan_at_start && engine_wants_users(engine)) ||
	    (engine->blind_since != 0 && engine_wanted_events(engine) != 0))
		(void)engine_scan(engine, &result, NULL);
	engine->blind_since = 0;
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
