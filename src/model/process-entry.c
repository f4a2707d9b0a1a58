// SPDX-License-Identifier: MIT
/*
 * One process of the table: what an event tells of it, and what it tells an event.
 *
 * What was known stays until an event says otherwise, but for the program's names at an execution:
 * a source that does not know the new ones must not leave the old ones.
 */
#include "model/process-table-internal.h"

#include "model/container.h"

void process_pools_init(struct process_pools *pools)
{
	intern_init(&pools->texts, 0);
	intern_init(&pools->groups, sizeof(struct container));
}

void process_pools_done(struct process_pools *pools)
{
	intern_done(&pools->texts);
	intern_done(&pools->groups);
}

/* Points the public slices to the texts that are held. */
static void show_texts(struct entry *entry)
{
	struct process *process = &entry->process;
	const struct container *container;

	process->comm.data = entry->comm;
	process->exe = entry->exe ? interned_first(entry->exe) : (struct slice){ 0 };
	if (!entry->groups)
		return;
	container = interned_extra(entry->groups);
	process->cgroup = interned_first(entry->groups);
	process->cgroup_v1 = interned_second(entry->groups);
	process->container_runtime = container->runtime;
	process->container_id = container->id;
	process->pod = container->pod;
	process->known |= PROCESS_GROUPS_KNOWN;
}

static void take_comm(struct entry *entry, struct slice comm)
{
	size_t size = MIN(comm.size, (size_t)COMM_MAX);

	if (size > 0)
		memcpy(entry->comm, comm.data, size);
	entry->comm[size] = '\0';
	entry->process.comm = (struct slice){ entry->comm, size };
}

/* Numbers that an event sets and the process keeps, each with its bit. */
static const struct {
	size_t from, to;
	uint32_t bit;
	uint8_t field;
	bool news; /* a change of it is one */
} numbers[] = {
#define NUMBER(symbol, member, bit, news)                                                \
	{                                                                                \
		offsetof(struct event, member), offsetof(struct process, member), (bit), \
			FIELD_##symbol, (news)                                           \
	}
	NUMBER(PPID, ppid, PROCESS_PPID_KNOWN, false),
	NUMBER(UID, uid, PROCESS_USER_KNOWN, true),
	NUMBER(GID, gid, PROCESS_GROUP_KNOWN, true),
	NUMBER(EUID, euid, PROCESS_EUID_KNOWN, true),
	NUMBER(EGID, egid, PROCESS_EGID_KNOWN, true),
	NUMBER(PID_NS, pid_ns, 0, false),
	NUMBER(MNT_NS, mnt_ns, 0, false),
#undef NUMBER
};

void process_entry_inherit(struct entry *child, const struct entry *parent)
{
	struct process *to = &child->process;
	const struct process *from = &parent->process;

	child->exe = intern_ref(parent->exe);
	child->groups = intern_ref(parent->groups);
	take_comm(child, from->comm);
	to->uid = from->uid;
	to->gid = from->gid;
	to->euid = from->euid;
	to->egid = from->egid;
	to->known |= from->known & (PROCESS_USER_KNOWN | PROCESS_GROUP_KNOWN | PROCESS_EUID_KNOWN |
				    PROCESS_EGID_KNOWN);
	to->cgroup_id = from->cgroup_id;
	show_texts(child);
}

static uint32_t *number_in(void *object, size_t offset)
{
	return (void *)((char *)object + offset);
}

static bool take_numbers(struct process *process, const struct event *event)
{
	bool changed = false;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint32_t *to = number_in(process, numbers[i].to), value;

		if (!event_knows(event, numbers[i].field))
			continue;
		memcpy(&value, (const char *)event + numbers[i].from, sizeof(value));
		if (numbers[i].news && process->known & numbers[i].bit && *to != value)
			changed = true;
		*to = value;
		process->known |= numbers[i].bit;
	}
	return changed;
}

/* The groups after the event, with a reference; what the event does not know stays. */
static int groups_after(struct process_pools *pools, const struct entry *entry,
			const struct event *event, struct interned **ret_groups)
{
	struct slice v2 = entry->process.cgroup, v1 = entry->process.cgroup_v1;
	bool new;

	*ret_groups = NULL;
	if (!event_knows(event, FIELD_CGROUP) && !event_knows(event, FIELD_CGROUP_V1))
		return 0;
	if (event_knows(event, FIELD_CGROUP))
		v2 = event->cgroup;
	if (event_knows(event, FIELD_CGROUP_V1))
		v1 = event->cgroup_v1;
	if (interned_is(entry->groups, v2, v1)) {
		*ret_groups = intern_ref(entry->groups);
		return 0;
	}
	*ret_groups = intern_get(&pools->groups, v2, v1, &new);
	if (!*ret_groups)
		return -ENOMEM;
	if (new)
		container_of_groups(interned_first(*ret_groups), interned_second(*ret_groups),
				    interned_extra(*ret_groups));
	return 0;
}

static int exe_after(struct process_pools *pools, const struct entry *entry,
		     const struct event *event, struct interned **ret_exe)
{
	bool new;

	*ret_exe = NULL;
	/* What an execution that failed may name is not what the process runs. */
	if (!event_knows(event, FIELD_EXE) || event->exe.size == 0 || event->type == EVENT_FAILED)
		return 0;
	if (interned_is(entry->exe, event->exe, (struct slice){ 0 })) {
		*ret_exe = intern_ref(entry->exe);
		return 0;
	}
	*ret_exe = intern_get(&pools->texts, event->exe, (struct slice){ 0 }, &new);
	return *ret_exe ? 0 : -ENOMEM;
}

/* The time of an execution in µs since boot, or something else that it has alone. */
static uint64_t exec_number(const struct process *process, const struct event *event)
{
	uint64_t number = 0;

	if (event_knows(event, FIELD_BOOTTIME))
		number = event->boottime / 1000;
	else if (event_knows(event, FIELD_TIME))
		number = event->time / 1000;
	return number > process->id.exec ? number : process->id.exec + 1;
}

static void take_identity(struct process *process, const struct event *event, bool missed_exec)
{
	bool known = process->known & PROCESS_START_KNOWN;

	/* The first or the finer start time; the id stays what it was told as. */
	if (event_knows(event, FIELD_START) && event->start &&
	    (!known || process->start_ns % TICK == 0)) {
		process->start_ns = event->start;
		process->known |= PROCESS_START_KNOWN;
	}
	if (event_knows(event, FIELD_EXEC_ID)) {
		process->id.exec = event->exec_id.exec;
		process->id.boot = event->exec_id.boot; /* another one's in a recorded file */
	} else if (event->type == EVENT_EXEC || missed_exec) {
		process->id.exec = exec_number(process, event);
	}
	if (event_knows(event, FIELD_PARENT_ID)) {
		process->parent_id = event->parent_id;
		process->known |= PROCESS_PARENT_KNOWN;
	}
	if (event->type == EVENT_EXEC || missed_exec)
		process->execs++;
}

int process_entry_take(struct process_pools *pools, struct entry *entry, const struct event *event)
{
	struct interned *groups, *exe;
	bool changed, missed_exec;

	if (groups_after(pools, entry, event, &groups) < 0)
		return -ENOMEM;
	if (exe_after(pools, entry, event, &exe) < 0) {
		intern_put(&pools->groups, groups);
		return -ENOMEM;
	}
	missed_exec = event->type == EVENT_RUNNING && exe && entry->exe && exe != entry->exe;
	changed = missed_exec || (groups && entry->groups && groups != entry->groups);
	take_identity(&entry->process, event, missed_exec);
	if (exe || event->type == EVENT_EXEC) {
		intern_put(&pools->texts, entry->exe);
		entry->exe = exe;
	}
	if (groups) {
		intern_put(&pools->groups, entry->groups);
		entry->groups = groups;
	}
	if (event_knows(event, FIELD_COMM))
		take_comm(entry, event->comm);
	else if (event->type == EVENT_EXEC)
		take_comm(entry, (struct slice){ 0 });
	if (event_knows(event, FIELD_CGROUP_ID))
		entry->process.cgroup_id = event->cgroup_id;
	else if (event_knows(event, FIELD_CGROUP) && changed)
		entry->process.cgroup_id = 0;
	changed |= take_numbers(&entry->process, event);
	show_texts(entry);
	return changed;
}

/* FILL(SYMBOL, member, condition, value): what the process knows and the event does not. */
#define FILL(SYMBOL, member, condition, ...)                            \
	do {                                                            \
		if (!event_knows(event, FIELD_##SYMBOL) && (condition)) \
			event_set(event, SYMBOL, member, __VA_ARGS__);  \
	} while (0)

static void fill_groups(const struct process *process, struct event *event)
{
	FILL(CGROUP, cgroup, process->cgroup.size > 0, process->cgroup);
	FILL(CGROUP_ID, cgroup_id, process->cgroup_id, process->cgroup_id);
	FILL(CGROUP_V1, cgroup_v1, process->cgroup_v1.size > 0, process->cgroup_v1);
	if (!(process->known & PROCESS_GROUPS_KNOWN) || event_knows(event, FIELD_CONTAINER_RUNTIME))
		return;
	event_set(event, CONTAINER_RUNTIME, container_runtime, process->container_runtime);
	FILL(CONTAINER_ID, container_id, process->container_id.size > 0, process->container_id);
	FILL(POD, pod, process->pod.size > 0, process->pod);
}

void process_entry_fill(const struct entry *entry, struct event *event)
{
	const struct process *process = &entry->process;
	uint32_t known = process->known;

	FILL(EXEC_ID, exec_id, true, process->id);
	FILL(PARENT_ID, parent_id, known & PROCESS_PARENT_KNOWN, process->parent_id);
	FILL(PPID, ppid, known & PROCESS_PPID_KNOWN, process->ppid);
	FILL(START, start, known & PROCESS_START_KNOWN, process->start_ns);
	FILL(EXE, exe, process->exe.size > 0, process->exe);
	FILL(COMM, comm, process->comm.size > 0, process->comm);
	FILL(UID, uid, known & PROCESS_USER_KNOWN, process->uid);
	FILL(GID, gid, known & PROCESS_GROUP_KNOWN, process->gid);
	FILL(EUID, euid, known & PROCESS_EUID_KNOWN, process->euid);
	FILL(EGID, egid, known & PROCESS_EGID_KNOWN, process->egid);
	FILL(PID_NS, pid_ns, process->pid_ns, process->pid_ns);
	FILL(MNT_NS, mnt_ns, process->mnt_ns, process->mnt_ns);
	fill_groups(process, event);
	if (event->type != EVENT_EXIT)
		return;
	FILL(EXECS, execs, process->id.pid, process->execs);
	FILL(DURATION, duration,
	     known & PROCESS_START_KNOWN && event_knows(event, FIELD_BOOTTIME) &&
		     event->boottime >= process->start_ns,
	     event->boottime - process->start_ns);
}
