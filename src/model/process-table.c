// SPDX-License-Identifier: MIT
/*
 * A hash table by pid with chains; what processes share (program, groups and the container that
 * these mean) is interned, so that a process takes some 400 bytes. Nothing but growing, repairing
 * and listing looks at more than one process.
 *
 * Identity. An event is of the process in the table, of a former one with that pid, or of a newer
 * one. Start times decide where both are known, to the 10 ms of /proc/PID/stat where one of them
 * comes from there. Else times do: nothing happens to a process before it was made, and a fork
 * makes a process that cannot have been seen before. What ended lately is remembered by a slot for
 * each of the last pids, so that an event that comes after its process's exit is not taken for a
 * new process.
 */
#include "model/process-table-internal.h"

enum {
	CHAINS_FIRST = 256,
	RECENT = 4096, /* a power of two */
};

/* A process begins to exist a moment before its fork is told. */
#define FORK_LATENCY UINT64_C(100000000)

struct death {
	uint32_t pid;
	uint64_t start, end; /* since boot; 0: unknown */
};

struct process_table {
	struct entry **chains;
	size_t chain_count, count;
	struct entry *retired; /* taken out, held until the next event */
	struct process_pools pools;
	struct lineages lineages;
	struct process_table_counters counters;
	uint64_t last_time, last_boottime;
	uint32_t boot, generation;
	struct death recent[RECENT];
};

int process_table_new(uint32_t boot, struct process_table **ret_table)
{
	struct process_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->chains = calloc(CHAINS_FIRST, sizeof(struct entry *));
	if (!table->chains) {
		free(table);
		return -ENOMEM;
	}
	table->chain_count = CHAINS_FIRST;
	table->boot = boot;
	process_pools_init(&table->pools);
	*ret_table = table;
	return 0;
}

static void free_entry(struct process_table *table, struct entry *entry)
{
	if (!entry)
		return;
	intern_put(&table->pools.texts, entry->exe);
	intern_put(&table->pools.groups, entry->groups);
	lineage_end(&table->lineages, entry->line);
	free(entry);
}

void process_table_free(struct process_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->chain_count; i++) {
		struct entry *entry = table->chains[i];

		while (entry) {
			struct entry *next = entry->next;

			free_entry(table, entry);
			entry = next;
		}
	}
	free_entry(table, table->retired);
	free(table->chains);
	process_pools_done(&table->pools);
	free(table);
}

/* Pids come one after the other: their low bits spread them over all chains. */
static struct entry **chain_of(const struct process_table *table, uint32_t pid)
{
	return &table->chains[pid & (table->chain_count - 1)];
}

static struct entry *find(const struct process_table *table, uint32_t pid)
{
	struct entry *entry = *chain_of(table, pid);

	while (entry && entry->process.id.pid != pid)
		entry = entry->next;
	return entry;
}

static const struct entry *find_or_retired(const struct process_table *table, uint32_t pid)
{
	const struct entry *entry = find(table, pid), *retired = table->retired;

	return entry || !retired || retired->process.id.pid != pid ? entry : retired;
}

static void grow(struct process_table *table)
{
	size_t old_count = table->chain_count;
	struct entry **old = table->chains;
	struct entry **chains = calloc(old_count * 2, sizeof(struct entry *));

	/* A table that cannot grow is slower, but good. */
	if (!chains)
		return;
	table->chains = chains;
	table->chain_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		struct entry *entry = old[i];

		while (entry) {
			struct entry *next = entry->next, **chain;

			chain = chain_of(table, entry->process.id.pid);
			entry->next = *chain;
			*chain = entry;
			entry = next;
		}
	}
	free(old);
}

static void release_retired(struct process_table *table)
{
	free_entry(table, table->retired);
	table->retired = NULL;
	if (!lineages_are_crowded(&table->lineages))
		return;
	for (size_t i = 0; i < table->chain_count; i++)
		for (struct entry *entry = table->chains[i]; entry; entry = entry->next)
			lineage_shorten(&table->lineages, entry->line);
}

static void remember_death(struct process_table *table, uint32_t pid, uint64_t start, uint64_t end)
{
	table->recent[pid % RECENT] = (struct death){ pid, start, end };
}

/* Takes a process out; it is held as the retired one. */
static void take_out(struct process_table *table, struct entry *entry, uint64_t end)
{
	struct entry **at = chain_of(table, entry->process.id.pid);

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	table->count--;
	remember_death(table, entry->process.id.pid,
		       entry->process.known & PROCESS_START_KNOWN ? entry->process.start_ns : 0,
		       end);
	release_retired(table);
	table->retired = entry;
}

/* An event's own facts about when. 0: not known. */
static uint64_t start_of(const struct event *event)
{
	if (event_knows(event, FIELD_START))
		return event->start;
	return event_knows(event, FIELD_EXEC_ID) ? event->exec_id.start * TICK : 0;
}

static uint64_t boottime_of(const struct event *event)
{
	return event_knows(event, FIELD_BOOTTIME) ? event->boottime : 0;
}

/* Start times in ns, or in whole ticks where they come from /proc. */
static bool is_same_start(uint64_t a, uint64_t b)
{
	return a == b || (a / TICK == b / TICK && (a % TICK == 0 || b % TICK == 0));
}

enum whose { OF_THIS, OF_FORMER, OF_NEWER };

static enum whose whose(const struct entry *entry, const struct event *event)
{
	const struct process *process = &entry->process;
	bool known = process->known & PROCESS_START_KNOWN;
	uint64_t start = start_of(event), at = boottime_of(event);

	if (start) {
		if (known && !is_same_start(start, process->start_ns))
			return start > process->start_ns ? OF_NEWER : OF_FORMER;
		/* It was there at since_ns, so one that began later is another. */
		return !known && start > process->since_ns && process->since_ns ? OF_NEWER
										: OF_THIS;
	}
	if (!at)
		return event->type == EVENT_FORK ? OF_NEWER : OF_THIS;
	if (known && at < process->start_ns)
		return OF_FORMER;
	if (event->type == EVENT_FORK)
		return at > (known ? process->start_ns + FORK_LATENCY : process->since_ns)
			       ? OF_NEWER
			       : OF_THIS;
	return OF_THIS;
}

/* Is it about a process that is known to have ended? */
static bool is_late(const struct process_table *table, const struct event *event)
{
	const struct death *death = &table->recent[event->pid % RECENT];
	uint64_t start = start_of(event), at = boottime_of(event);

	if (death->pid != event->pid || event->pid == 0)
		return false;
	if (start && death->start)
		return start <= death->start || is_same_start(start, death->start);
	return death->end && (start ? start : at) && (start ? start : at) <= death->end;
}

static struct entry *add(struct process_table *table, const struct event *event)
{
	struct entry *entry = calloc(1, sizeof(*entry)), **chain;
	struct process *process;
	uint64_t start = start_of(event), at = boottime_of(event);

	if (!entry)
		return NULL;
	entry->line = lineage_new(&table->lineages, event->pid, (start ? start : at) / TICK);
	if (!entry->line) {
		free(entry);
		return NULL;
	}
	process = &entry->process;
	process->id = (struct process_id){ .boot = table->boot,
					   .pid = event->pid,
					   .start = (start ? start : at) / TICK };
	process->start_ns = start ? start : at;
	process->known = start ? PROCESS_START_KNOWN : 0;
	process->since = event->type;
	process->source = event->source;
	process->since_ns = at;
	process->comm.data = entry->comm;
	if (table->count >= table->chain_count)
		grow(table);
	chain = chain_of(table, event->pid);
	entry->next = *chain;
	*chain = entry;
	table->count++;
	return entry;
}

/* Its place among those that made one another, as soon as both it and its parent are known. */
static void find_parent(struct process_table *table, struct entry *entry)
{
	struct process *process = &entry->process;
	struct entry *parent;

	if (entry->line->parent || !(process->known & PROCESS_PPID_KNOWN) || process->ppid == 0)
		return;
	parent = find(table, process->ppid);
	if (!parent || parent == entry ||
	    parent->process.start_ns / TICK > process->start_ns / TICK)
		return;
	lineage_link(entry->line, parent->line);
	if (!(process->known & PROCESS_PARENT_KNOWN)) {
		process->parent_id = parent->process.id;
		process->known |= PROCESS_PARENT_KNOWN;
	}
}

/* A new entry has from its parent what children have. */
static struct entry *begin(struct process_table *table, const struct event *event)
{
	struct entry *entry = add(table, event), *parent;

	if (!entry || event->type != EVENT_FORK || !event_knows(event, FIELD_PPID))
		return entry;
	parent = find(table, event->ppid);
	if (parent && parent != entry)
		process_entry_inherit(entry, parent);
	return entry;
}

/* What can be said of a process that is not there (any more). */
static int apply_absent(struct process_table *table, struct event *event)
{
	struct entry nobody = { 0 };
	uint64_t start = start_of(event), at = boottime_of(event);

	nobody.process.id = (struct process_id){ .boot = table->boot, .pid = event->pid };
	if (start) {
		nobody.process.id.start = start / TICK;
		nobody.process.start_ns = start;
		nobody.process.known = PROCESS_START_KNOWN;
		if (event->type == EVENT_EXEC)
			nobody.process.id.exec = at / 1000;
		process_entry_fill(&nobody, event);
	}
	return event->type == EVENT_RUNNING;
}

static void note_time(struct process_table *table, const struct event *event)
{
	if (event_knows(event, FIELD_TIME))
		table->last_time = MAX(table->last_time, event->time);
	table->last_boottime = MAX(table->last_boottime, boottime_of(event));
}

static int apply_known(struct process_table *table, struct entry *entry, bool fresh,
		       struct event *event)
{
	int changed = process_entry_take(&table->pools, entry, event);

	if (changed < 0) {
		table->counters.failed++;
		return changed;
	}
	find_parent(table, entry);
	entry->generation = table->generation;
	process_entry_fill(entry, event);
	if (event->type == EVENT_EXIT)
		take_out(table, entry, boottime_of(event));
	return event->type == EVENT_RUNNING && !fresh && !changed;
}

int process_table_apply(struct process_table *table, struct event *event)
{
	struct entry *entry;
	bool fresh;

	release_retired(table);
	if (event->type == EVENT_GAP || event->type == EVENT_SOURCE ||
	    !event_knows(event, FIELD_PID))
		return 0;
	note_time(table, event);
	entry = find(table, event->pid);
	switch (entry ? whose(entry, event) : is_late(table, event) ? OF_FORMER : OF_THIS) {
	case OF_FORMER:
		table->counters.late++;
		return apply_absent(table, event);
	case OF_NEWER:
		table->counters.reused++;
		take_out(table, entry, 0);
		entry = NULL;
		break;
	case OF_THIS:
		break;
	}
	fresh = !entry;
	if (fresh && (event->type == EVENT_EXIT || event->type == EVENT_SETUID ||
		      event->type == EVENT_SETGID || event->type == EVENT_CHDIR))
		table->counters.unknown++;
	if (fresh && event->type == EVENT_EXIT) {
		remember_death(table, event->pid, start_of(event), boottime_of(event));
		return apply_absent(table, event);
	}
	if (fresh)
		entry = begin(table, event);
	if (!entry) {
		table->counters.failed++;
		return -ENOMEM;
	}
	return apply_known(table, entry, fresh, event);
}

const struct process *process_table_find(const struct process_table *table, uint32_t pid)
{
	const struct entry *entry = find_or_retired(table, pid);

	return entry ? &entry->process : NULL;
}

size_t process_table_size(const struct process_table *table)
{
	return table->count;
}

const struct process_table_counters *process_table_counters(const struct process_table *table)
{
	return &table->counters;
}

bool process_table_descends(const struct process_table *table, uint32_t pid, uint32_t ancestor)
{
	const struct entry *entry = find_or_retired(table, pid);

	return entry && lineage_find(entry->line, ancestor, 0);
}

bool process_table_in_tree(const struct process_table *table, uint32_t pid,
			   const struct process_id *root)
{
	const struct entry *entry = find_or_retired(table, pid);

	return entry && lineage_find(entry->line, root->pid, root->start);
}

static int by_pid(const void *a, const void *b)
{
	const struct entry *const *left = a, *const *right = b;

	return ((*left)->process.id.pid > (*right)->process.id.pid) -
	       ((*left)->process.id.pid < (*right)->process.id.pid);
}

/* All entries, of `generation` not (0: all), in order of pid; NULL: none, or no memory. */
static struct entry **list(const struct process_table *table, uint32_t generation,
			   size_t *ret_count)
{
	struct entry **all = malloc((table->count + 1) * sizeof(struct entry *));
	size_t count = 0;

	if (!all)
		return NULL;
	for (size_t i = 0; i < table->chain_count; i++)
		for (struct entry *entry = table->chains[i]; entry; entry = entry->next)
			if (generation == 0 || entry->generation != generation)
				all[count++] = entry;
	qsort(all, count, sizeof(struct entry *), by_pid);
	*ret_count = count;
	return all;
}

int process_table_each(const struct process_table *table,
		       int (*function)(const struct process *process, void *userdata),
		       void *userdata)
{
	size_t count;
	_cleanup_(freep) struct entry **all = list(table, 0, &count);
	int r = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++)
		r = function(&all[i]->process, userdata);
	return r;
}

void process_table_repair_begin(struct process_table *table)
{
	if (++table->generation == 0)
		table->generation = 1;
}

/* An exit that nobody saw. */
static void infer_exit(struct process_table *table, struct entry *entry,
		       const struct event_sink *sink)
{
	struct event event;

	event_init(&event, EVENT_EXIT, SOURCE_REEVE);
	event_set(&event, PID, pid, entry->process.id.pid);
	if (table->last_time)
		event_set(&event, TIME, time, table->last_time);
	if (table->last_boottime)
		event_set(&event, BOOTTIME, boottime, table->last_boottime);
	event_flag(&event, FLAG_INFERRED);
	process_entry_fill(entry, &event);
	event_forget(&event, FIELD_DURATION);
	take_out(table, entry, table->last_boottime);
	if (sink && sink->event)
		sink->event(&event, sink->userdata);
}

size_t process_table_repair_end(struct process_table *table, const struct event_sink *sink)
{
	size_t gone, count;
	_cleanup_(freep) struct entry **all = list(table, table->generation, &gone);
	_cleanup_(freep) struct entry **rest = NULL;

	if (!all) {
		table->counters.failed++;
		return 0;
	}
	for (size_t i = 0; i < gone; i++)
		infer_exit(table, all[i], sink);
	/* A scan finds children before their parents, too. */
	rest = list(table, 0, &count);
	for (size_t i = 0; rest && i < count; i++)
		find_parent(table, rest[i]);
	return gone;
}
