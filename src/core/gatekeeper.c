// SPDX-License-Identifier: MIT
/*
 * An event is judged: which file is it, what occasion, what do the rules say. What is done about it
 * is gatekeeper-act.c's.
 *
 * Snapshots are protected by hazard pointers: a thread says which one it uses and looks again. The
 * loop frees an old one when no thread says it.
 *
 * "The same execve" means: none of this process has succeeded since the first file
 * (source/confirm.h), and the first file names this one as its interpreter or it is a loader.
 */
#include "core/gatekeeper-internal.h"

#include "core/reach.h"
#include "source/access.h"
#include "util/fd.h"
#include "util/hash.h"

#include <sys/mman.h>

enum {
	QUEUE_ROOM = 1024,
	URGENT_ROOM = 256,
	RATE_KEYS = 16384,
};

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

static enum host_name name_of(const struct seen_file *file, struct name_buffer *names,
			      void *userdata)
{
	const struct seat *seat = userdata;

	return gate_name_of(seat->event, file, names);
}

static bool is_second(void *userdata)
{
	return gatekeeper_is_second(userdata);
}

static void begin_facts(struct gatekeeper *keeper, struct seat *seat,
			const struct snapshot *snapshot, enum occasion on, pid_t pid)
{
	const struct file_key file = key_of(seat->event);
	struct process_facts *process = &seat->process;

	process_facts_begin(process, &keeper->world, &snapshot->bases, on, pid);
	process->find_name = name_of;
	process->is_second = is_second;
	process->userdata = seat;
	process->executing = on == ON_EXECUTE;
	process->file_fd = seat->event->fd;
	process_facts_set_file(process, &file);
}

/*
 * What is forgotten is the file, whatever its name: one that has others may be asked for by one
 * that a rule names the next time.
 */
static bool may_forget(const struct snapshot *snapshot, const struct gate_event *event,
		       const struct file_key *file, enum occasion on)
{
	bool only = event->name == HOST_NAME_ONLY && event->links == 1;

	return ruleset_can_forget(snapshot->ruleset, on, file, only);
}

static bool may_forget_open(const struct snapshot *snapshot, const struct gate_event *event)
{
	const struct file_key file = key_of(event);

	return may_forget(snapshot, event, &file, ON_READ) &&
	       may_forget(snapshot, event, &file, ON_WRITE) &&
	       may_forget(snapshot, event, &file, ON_OPEN);
}

static bool is_own(const struct gatekeeper *keeper, pid_t pid)
{
	for (size_t i = 0; keeper->own[i] != 0; i++)
		if (keeper->own[i] == pid)
			return true;
	return false;
}

/* One open is one decision, by what its rules on reading, on writing and on opening say. */
static void judge_open_for(struct seat *seat, const struct snapshot *snapshot, enum occasion on,
			   struct verdict *verdict)
{
	struct verdict more;

	seat->process.facts.on = on;
	if (!ruleset_judge(snapshot->ruleset, &seat->process.facts, &more))
		return;
	seat->occasions |= OCCASION_BIT(on);
	verdict_add(verdict, &more);
}

/* A slot that two share forgets the first of them, who is told of once more then. */
bool gatekeeper_has_written(struct gatekeeper *keeper, pid_t pid, const char *path)
{
	uint64_t hash =
		hash_bytes(path, strlen(path)) + (uint64_t)pid * UINT64_C(0x9e3779b97f4a7c15);

	return atomic_exchange(&keeper->writers[hash % WRITERS], hash) == hash;
}

/* A number has 22 bits at most, and the time is in microseconds: they come again after twelve days.
 */
static uint64_t execution_mark(pid_t pid, uint64_t ns)
{
	return (uint64_t)pid << 40 | (ns / 1000 & ((UINT64_C(1) << 40) - 1));
}

bool gatekeeper_has_executed(const struct gatekeeper *keeper, pid_t pid, uint64_t since_ns)
{
	uint64_t mark = atomic_load(&keeper->executors[(unsigned)pid % EXECUTORS]);
	uint64_t since = execution_mark(pid, since_ns);

	return mark >> 40 == since >> 40 && (int64_t)((mark << 24) - (since << 24)) >= 0;
}

static unsigned judge_open(struct gatekeeper *keeper, struct seat *seat,
			   const struct snapshot *snapshot)
{
	const struct gate_event *event = seat->event;
	struct verdict verdict;
	unsigned access;
	pid_t pid;

	if (may_forget_open(snapshot, event))
		return GATE_ALLOW | GATE_FORGET;
	access = access_of_thread(keeper->host, event->pid);
	if (access & ACCESS_EXECUTE)
		return GATE_ALLOW;
	if (event->reads) {
		access = ACCESS_READ;
	} else if (access & ACCESS_UNKNOWN) {
		keeper_count(&keeper->counters.unknown_access);
		access |= ACCESS_READ | ACCESS_WRITE;
	}
	pid = thread_leader(keeper->host, event->pid);
	if (pid < 0) {
		keeper_count(&keeper->counters.vanished);
		return GATE_ALLOW;
	}
	/* Our own reading of a policy or log must not set off its own rule. */
	if (is_own(keeper, pid))
		return GATE_ALLOW;
	begin_facts(keeper, seat, snapshot, ON_OPEN, pid);
	verdict_init(&verdict);
	if (access & ACCESS_READ)
		judge_open_for(seat, snapshot, ON_READ, &verdict);
	if (access & ACCESS_WRITE)
		judge_open_for(seat, snapshot, ON_WRITE, &verdict);
	judge_open_for(seat, snapshot, ON_OPEN, &verdict);
	if (verdict.count == 0)
		return GATE_ALLOW;
	if (access & ACCESS_WRITE)
		(void)gatekeeper_has_written(keeper, pid, event->path);
	seat->process.facts.on = (enum occasion)__builtin_ctz(seat->occasions);
	return gatekeeper_act(keeper, seat, snapshot, &verdict);
}

/* Before anything is known of the process: what changes from now on comes later. */
static void note_execution(struct gatekeeper *keeper, pid_t pid, uint64_t now)
{
	atomic_store(&keeper->executors[(unsigned)pid % EXECUTORS], execution_mark(pid, now));
}

static unsigned judge_exec(struct gatekeeper *keeper, struct seat *seat,
			   const struct snapshot *snapshot)
{
	const struct gate_event *event = seat->event;
	struct verdict verdict;

	note_execution(keeper, event->pid, seat->begun);
	begin_facts(keeper, seat, snapshot, ON_EXECUTE, event->pid);
	if (ruleset_judge(snapshot->ruleset, &seat->process.facts, &verdict)) {
		seat->occasions = OCCASION_BIT(ON_EXECUTE);
		return gatekeeper_act(keeper, seat, snapshot, &verdict);
	}
	keeper_count(&keeper->counters.unmatched);
	if (!may_forget(snapshot, event, &seat->process.facts.file, ON_EXECUTE))
		return GATE_ALLOW;
	return ruleset_goes_by_name(snapshot->ruleset, ON_EXECUTE)
		       ? GATE_ALLOW | GATE_FORGET | GATE_BY_NAME
		       : GATE_ALLOW | GATE_FORGET;
}

unsigned gatekeeper_decide(const struct gate_event *event, void *userdata)
{
	struct gatekeeper *keeper = userdata;
	struct seat *seat = &keeper->seats[event->thread];
	const struct snapshot *snapshot = acquire(keeper, seat);
	unsigned answer = GATE_ALLOW;

	seat->keeper = keeper;
	seat->event = event;
	seat->begun = clock_boottime();
	seat->ticket_known = false;
	seat->occasions = 0;
	if (snapshot)
		answer = event->channel == GATE_OPEN ? judge_open(keeper, seat, snapshot)
						     : judge_exec(keeper, seat, snapshot);
	atomic_store(&seat->in_use, NULL);
	return answer;
}

bool gatekeeper_passes(pid_t pid, unsigned thread, void *userdata)
{
	struct gatekeeper *keeper = userdata;
	struct seat *seat = &keeper->seats[thread];
	const struct snapshot *snapshot = acquire(keeper, seat);
	bool passes = false;

	if (snapshot && ruleset_goes_by_process(snapshot->ruleset, ON_EXECUTE)) {
		note_execution(keeper, pid, clock_boottime());
		process_facts_begin(&seat->process, &keeper->world, &snapshot->bases, ON_EXECUTE,
				    pid);
		passes = !ruleset_may_match(snapshot->ruleset, &seat->process.facts);
	}
	atomic_store(&seat->in_use, NULL);
	if (passes)
		keeper_count(&keeper->counters.unmatched);
	return passes;
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
	keeper->own[0] = options->spare[0];
	keeper->own[1] = options->spare[1];
	facts_world_init(&keeper->world, host);
	keeper->seats = mmap(NULL, options->threads * sizeof(*keeper->seats),
			     PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (keeper->seats == MAP_FAILED) {
		keeper->seats = NULL;
		return -ENOMEM;
	}
	r = rate_table_new(RATE_KEYS, &keeper->rates);
	if (r >= 0)
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
	rate_table_free(keeper->rates);
	if (keeper->seats)
		munmap(keeper->seats, keeper->options.threads * sizeof(*keeper->seats));
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

struct rate_table *gatekeeper_rates(struct gatekeeper *keeper)
{
	return keeper->rates;
}

struct facts_world *gatekeeper_world(struct gatekeeper *keeper)
{
	return &keeper->world;
}

void gatekeeper_looked(struct gatekeeper *keeper)
{
	atomic_store(&keeper->armed, false);
}

const struct gatekeeper_counters *gatekeeper_counters(const struct gatekeeper *keeper)
{
	return &keeper->counters;
}
