// SPDX-License-Identifier: MIT
/*
 * One event is judged in this order: does a rule name the file; is this the second file of the
 * same execve (a script's interpreter, a program's loader), whose group the first one has decided;
 * where is the process now; move it; kill it; tell the loop.
 *
 * Snapshots are protected by hazard pointers: a thread says which one it uses and looks again. The
 * loop frees an old one when no thread says it.
 *
 * "The same execve" means: none of this process has succeeded since the first file
 * (source/confirm.h), and the first file names this one as its interpreter or it is a loader.
 */
#include "core/gatekeeper.h"

#include "core/reach.h"
#include "core/subject.h"
#include "source/access.h"
#include "source/execve-files.h"
#include "util/fd.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

enum {
	QUEUE_ROOM = 1024,
	URGENT_ROOM = 256,
	LOOK_AFTER_NS = 5000000, /* a decision is looked at, and its outcome checked, after this */
};

/* One a gate thread; on cache lines of its own. */
struct seat {
	_Atomic(const struct snapshot *) in_use;
	struct membership was;
} __attribute__((aligned(64)));

struct gatekeeper {
	const struct host *host;
	struct gatekeeper_options options;
	_Atomic(const struct snapshot *) current;
	struct seat *seats;
	struct decision_queue decisions, urgent;
	_Atomic bool armed;
	struct execve_files files;
	struct gatekeeper_counters counters;
};

_Static_assert((int)URGENT_RULES >= (int)VERDICT_RULES, "all rules of a verdict fit");

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- snapshots ---- */

static const struct snapshot *acquire(struct gatekeeper *keeper, struct seat *seat)
{
	const struct snapshot *snapshot;

	do {
		snapshot = atomic_load(&keeper->current);
		atomic_store(&seat->in_use, snapshot);
	} while (snapshot != atomic_load(&keeper->current));
	return snapshot;
}

struct snapshot *gatekeeper_swap(struct gatekeeper *keeper, struct snapshot *snapshot)
{
	const struct snapshot *old = atomic_exchange(&keeper->current, snapshot);
	struct snapshot *owned;

	/* The threads see it const; its owner is the loop, which is who calls this. */
	memcpy(&owned, &old, sizeof(owned));
	return owned;
}

bool gatekeeper_is_unused(const struct gatekeeper *keeper, const struct snapshot *snapshot)
{
	for (unsigned i = 0; i < keeper->options.threads; i++)
		if (atomic_load(&keeper->seats[i].in_use) == snapshot)
			return false;
	return true;
}

const struct snapshot *gatekeeper_current(const struct gatekeeper *keeper)
{
	return atomic_load(&keeper->current);
}

/* ---- telling the loop ---- */

static void arm(struct gatekeeper *keeper)
{
	static const struct itimerspec soon = { .it_value = { .tv_nsec = LOOK_AFTER_NS } };

	if (atomic_exchange(&keeper->armed, true))
		return;
	(void)timerfd_settime(keeper->options.timer_fd, 0, &soon, NULL);
}

void gatekeeper_looked(struct gatekeeper *keeper)
{
	atomic_store(&keeper->armed, false);
}

static void tell(struct gatekeeper *keeper, struct decision *decision, uint64_t begun)
{
	decision->took_us = (uint32_t)((clock_boottime() - begun) / 1000);
	(void)decision_queue_put(&keeper->decisions, decision);
	arm(keeper);
}

/* Who it was is read now: the process may be gone before its trigger runs. */
static void tell_triggers(struct gatekeeper *keeper, const struct decision *decision,
			  const struct gate_event *event, const struct verdict *verdict)
{
	struct urgent urgent;

	urgent.decision = *decision;
	urgent.rule_count = verdict->count;
	memcpy(urgent.rules, verdict->rules, verdict->count * sizeof(urgent.rules[0]));
	snprintf(urgent.path, sizeof(urgent.path), "%s", event->path);
	subject_read(keeper->host, decision->pid, event->pid, &urgent.subject);
	count(&keeper->counters.triggered);
	(void)decision_queue_put(&keeper->urgent, &urgent);
	(void)eventfd_write(keeper->options.urgent_fd, 1);
}

/* ---- acting ---- */

/* Keeps one line of /proc/PID/cgroup; false when there is no more room. */
static bool keep_line(struct decision *decision, const struct membership *was, unsigned hierarchy)
{
	size_t used = decision->was_size, length;
	const char *path;
	int n;

	if (!membership_path(was, hierarchy, &path, &length))
		return true;
	n = snprintf(decision->was + used, sizeof(decision->was) - used, "%u::%.*s\n", hierarchy,
		     (int)length, path);
	if (n < 0 || (size_t)n >= sizeof(decision->was) - used)
		return false;
	decision->was_size = (uint16_t)(used + (size_t)n);
	return true;
}

/* Keeps what a move back would need: of the hierarchies entered, and of those left. */
static void keep_way_back(struct gatekeeper *keeper, struct decision *decision,
			  const struct placement *placement, const struct membership *was)
{
	const struct placement_exits *exits = placement->exits;
	bool kept = true;

	for (size_t i = 0; kept && i < placement->count; i++)
		kept = keep_line(decision, was, placement->in[i].hierarchy);
	for (size_t i = 0; kept && exits && i < exits->count; i++)
		kept = placement_has(placement, exits->from[i].hierarchy) ||
		       keep_line(decision, was, exits->from[i].hierarchy);
	if (!kept) {
		decision->flags |= DECISION_NO_WAY_BACK;
		count(&keeper->counters.no_way_back);
	}
}

static bool is_spared(const struct gatekeeper *keeper, pid_t pid)
{
	/* 0: lives in a pid namespace that we cannot see; to kill(2) it would mean ourselves. */
	return pid <= 0 || pid == keeper->options.spare[0] || pid == keeper->options.spare[1];
}

static void move(struct gatekeeper *keeper, struct seat *seat, const struct snapshot *snapshot,
		 struct decision *decision)
{
	const struct placement *placement = snapshot->placements[decision->group];
	pid_t pid = decision->pid;
	int r;

	if (keeper->options.dry_run) {
		decision->flags |= DECISION_DRY;
		return;
	}
	if (!placement) {
		decision->result = -ENOENT;
		count(&keeper->counters.move_failed);
		return;
	}
	r = membership_read(keeper->host, pid, &seat->was);
	if (r == -ESRCH || r == -ENOENT) {
		count(&keeper->counters.vanished);
		decision->result = -ESRCH;
		return;
	}
	if (r < 0)
		count(&keeper->counters.no_way_back);
	if (r >= 0)
		keep_way_back(keeper, decision, placement, &seat->was);
	else
		decision->flags |= DECISION_NO_WAY_BACK;
	r = placement_move(placement, pid, r >= 0 ? &seat->was : NULL);
	if (r == -ESRCH) {
		count(&keeper->counters.vanished);
	} else if (r < 0) {
		count(&keeper->counters.move_failed);
		atomic_store(&keeper->counters.last_error, -r);
	} else {
		count(r > 0 ? &keeper->counters.moved : &keeper->counters.already);
		decision->flags |= r > 0 ? DECISION_MOVED : DECISION_ALREADY;
	}
	decision->result = MIN(r, 0);
}

static void kill_process(struct gatekeeper *keeper, struct decision *decision)
{
	if (is_spared(keeper, decision->pid))
		return;
	decision->flags |= DECISION_KILLED;
	if (keeper->options.dry_run) {
		decision->flags |= DECISION_DRY;
		return;
	}
	/* It waits for us in the kernel, so the pid is still its own. */
	if (kill(decision->pid, SIGKILL) == 0)
		count(&keeper->counters.killed);
}

static void fill(struct decision *decision, const struct snapshot *snapshot,
		 const struct gate_event *event, const struct verdict *verdict, pid_t pid)
{
	size_t skip =
		event->path_length >= DECISION_PATH ? event->path_length - DECISION_PATH + 1 : 0;

	*decision = (struct decision){
		.time_ns = clock_boottime(),
		.pid = pid,
		.group = verdict->group,
		.group_rule = verdict->group_rule,
		.generation = snapshot->generation,
		.rule_count = MIN(verdict->count, (unsigned)DECISION_RULES),
	};
	memcpy(decision->rules, verdict->rules, decision->rule_count * sizeof(uint32_t));
	memcpy(decision->path, event->path + skip, event->path_length - skip + 1);
}

static void note_triggers(struct decision *decision, const struct snapshot *snapshot,
			  const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->count; i++)
		if (snapshot_policy(snapshot)->rules[verdict->rules[i]].trigger != POLICY_NONE)
			decision->flags |= DECISION_TRIGGER;
}

static void place_execution(struct gatekeeper *keeper, struct seat *seat,
			    const struct snapshot *snapshot, const struct gate_event *event,
			    struct decision *decision)
{
	struct confirm *confirm = keeper->options.confirm;
	bool same;

	decision->ticket = confirm_ticket(confirm, decision->pid);
	same = confirm_is_same(confirm, decision->pid, decision->ticket);
	if (same && execve_files_is_next(&keeper->files, event)) {
		decision->flags |= DECISION_SECOND;
		decision->group = decision->group_rule = POLICY_NONE;
	} else {
		decision->flags |= same ? DECISION_AFTER_FAILED : 0;
		move(keeper, seat, snapshot, decision);
		confirm_arm(confirm, decision->pid, decision->ticket);
	}
	/* The interpreter of a script may be a script. */
	execve_files_expect(&keeper->files, keeper->host, event);
}

/* A script between the one that decided the group and the interpreter leads on to that. */
static void pass_on(struct gatekeeper *keeper, const struct gate_event *event)
{
	struct confirm *confirm = keeper->options.confirm;

	if (confirm_is_same(confirm, event->pid, confirm_ticket(confirm, event->pid)) &&
	    execve_files_is_next(&keeper->files, event))
		execve_files_expect(&keeper->files, keeper->host, event);
}

static unsigned carry_out(struct gatekeeper *keeper, struct seat *seat,
			  const struct snapshot *snapshot, const struct gate_event *event,
			  const struct verdict *verdict, enum policy_action action, pid_t pid)
{
	struct decision decision;
	unsigned answer = GATE_ALLOW;
	uint64_t begun;

	fill(&decision, snapshot, event, verdict, pid);
	begun = decision.time_ns;
	decision.action = (uint16_t)action;
	note_triggers(&decision, snapshot, verdict);
	count(&keeper->counters.matched);
	if (verdict->truncated) {
		count(&keeper->counters.too_many_rules);
		decision.flags |= DECISION_TRUNCATED;
	}
	if (decision.group != POLICY_NONE && action == ACTION_EXECUTE)
		place_execution(keeper, seat, snapshot, event, &decision);
	else if (decision.group != POLICY_NONE)
		move(keeper, seat, snapshot, &decision);
	else if (action == ACTION_EXECUTE)
		pass_on(keeper, event);
	/* Before it may be killed. */
	if (decision.flags & DECISION_TRIGGER)
		tell_triggers(keeper, &decision, event, verdict);
	if (verdict->kill) {
		kill_process(keeper, &decision);
		if ((decision.flags & (DECISION_KILLED | DECISION_DRY)) == DECISION_KILLED)
			answer = GATE_DENY;
	}
	tell(keeper, &decision, begun);
	return answer;
}

/* ---- judging ---- */

/* Names in rules mean the host's: a file that has none here is known by its identity alone. */
static struct file_key key_of(const struct gate_event *event)
{
	bool named = event->name != HOST_NAME_NONE;

	return (struct file_key){
		.dev = event->dev,
		.ino = event->ino,
		.path = named ? event->path : "",
		.length = named ? event->path_length : 0,
	};
}

/*
 * The process of a thread: fetter's rules, and cgroup.procs, are about whole processes. -ESRCH when
 * it is gone (killed while it waited): then its number means nobody.
 */
static pid_t thread_leader(const struct host *host, pid_t tid)
{
	char name[40], text[512];
	const char *line;
	ssize_t n;
	int tgid;

	snprintf(name, sizeof(name), "%d/status", tid);
	n = file_read_into(host->proc_fd, name, text, sizeof(text) - 1);
	if (n < 0 && n != -EFBIG)
		return -ESRCH;
	text[sizeof(text) - 1] = '\0';
	line = strstr(text, "\nTgid:");
	return line && sscanf(line + 6, "%d", &tgid) == 1 ? tgid : -ESRCH;
}

/* Opened through another namespace, where it has a name that no rule knows, it would be unseen. */
static bool may_forget_open(const struct snapshot *snapshot, const struct gate_event *event)
{
	return event->name != HOST_NAME_NONE ||
	       (!ruleset_has_names(snapshot->ruleset, ACTION_READ) &&
		!ruleset_has_names(snapshot->ruleset, ACTION_WRITE));
}

static unsigned judge_open(struct gatekeeper *keeper, struct seat *seat,
			   const struct snapshot *snapshot, const struct gate_event *event)
{
	const struct file_key file = key_of(event);
	struct verdict read_verdict, write_verdict;
	bool read_rule, write_rule;
	unsigned access, answer = GATE_ALLOW;
	pid_t pid;

	read_rule = ruleset_match(snapshot->ruleset, ACTION_READ, &file, &read_verdict);
	write_rule = ruleset_match(snapshot->ruleset, ACTION_WRITE, &file, &write_verdict);
	if (!read_rule && !write_rule)
		return may_forget_open(snapshot, event) ? GATE_ALLOW | GATE_FORGET : GATE_ALLOW;
	access = access_of_thread(keeper->host, event->pid);
	if (access & ACCESS_EXECUTE)
		return GATE_ALLOW;
	if (event->reads) {
		access = ACCESS_READ;
	} else if (access & ACCESS_UNKNOWN) {
		count(&keeper->counters.unknown_access);
		access |= ACCESS_READ | ACCESS_WRITE;
	}
	pid = thread_leader(keeper->host, event->pid);
	if (pid < 0) {
		count(&keeper->counters.vanished);
		return GATE_ALLOW;
	}
	/* Our own reading of a policy or log must not set off its own rule. */
	if (is_spared(keeper, pid))
		return GATE_ALLOW;
	if (read_rule && (access & ACCESS_READ))
		answer = carry_out(keeper, seat, snapshot, event, &read_verdict, ACTION_READ, pid);
	if (write_rule && (access & ACCESS_WRITE) && answer == GATE_ALLOW)
		answer =
			carry_out(keeper, seat, snapshot, event, &write_verdict, ACTION_WRITE, pid);
	return answer;
}

/*
 * What is forgotten is the file, whatever its name. Where rules go by name alone (folders, globs),
 * a file with several names may be asked for by one that they name the next time.
 */
static bool may_forget(const struct snapshot *snapshot, const struct gate_event *event)
{
	return !ruleset_has_names(snapshot->ruleset, ACTION_EXECUTE) ||
	       (event->name == HOST_NAME_ONLY && event->links == 1);
}

static unsigned judge_exec(struct gatekeeper *keeper, struct seat *seat,
			   const struct snapshot *snapshot, const struct gate_event *event)
{
	const struct file_key file = key_of(event);
	struct verdict verdict;

	if (!ruleset_match(snapshot->ruleset, ACTION_EXECUTE, &file, &verdict)) {
		count(&keeper->counters.unmatched);
		return may_forget(snapshot, event) ? GATE_ALLOW | GATE_FORGET : GATE_ALLOW;
	}
	return carry_out(keeper, seat, snapshot, event, &verdict, ACTION_EXECUTE, event->pid);
}

unsigned gatekeeper_decide(const struct gate_event *event, void *userdata)
{
	struct gatekeeper *keeper = userdata;
	struct seat *seat = &keeper->seats[event->thread];
	const struct snapshot *snapshot = acquire(keeper, seat);
	unsigned answer = GATE_ALLOW;

	if (snapshot)
		answer = event->channel == GATE_OPEN ? judge_open(keeper, seat, snapshot, event)
						     : judge_exec(keeper, seat, snapshot, event);
	atomic_store(&seat->in_use, NULL);
	return answer;
}

bool gatekeeper_reaches(const char *mount_point, dev_t dev, void *userdata)
{
	const struct gatekeeper *keeper = userdata;
	const struct snapshot *snapshot = gatekeeper_current(keeper);

	return snapshot &&
	       reach_targets(snapshot_policy(snapshot), &snapshot->targets, mount_point, dev);
}

/* ---- life ---- */

int gatekeeper_new(const struct host *host, const struct gatekeeper_options *options,
		   struct gatekeeper **ret_keeper)
{
	_cleanup_(gatekeeper_freep) struct gatekeeper *keeper = calloc(1, sizeof(*keeper));
	int r;

	if (!keeper)
		return -ENOMEM;
	keeper->host = host;
	keeper->options = *options;
	keeper->seats = aligned_alloc(64, options->threads * sizeof(*keeper->seats));
	if (!keeper->seats)
		return -ENOMEM;
	memset(keeper->seats, 0, options->threads * sizeof(*keeper->seats));
	r = decision_queue_init(&keeper->decisions, QUEUE_ROOM, sizeof(struct decision));
	if (r >= 0)
		r = decision_queue_init(&keeper->urgent, URGENT_ROOM, sizeof(struct urgent));
	if (r < 0)
		return r;
	*ret_keeper = TAKE_PTR(keeper);
	return 0;
}

void gatekeeper_free(struct gatekeeper *keeper)
{
	if (!keeper)
		return;
	decision_queue_done(&keeper->decisions);
	decision_queue_done(&keeper->urgent);
	free(keeper->seats);
	free(keeper);
}

struct decision_queue *gatekeeper_decisions(struct gatekeeper *keeper)
{
	return &keeper->decisions;
}

struct decision_queue *gatekeeper_urgent(struct gatekeeper *keeper)
{
	return &keeper->urgent;
}

const struct gatekeeper_counters *gatekeeper_counters(const struct gatekeeper *keeper)
{
	return &keeper->counters;
}
