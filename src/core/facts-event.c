// SPDX-License-Identifier: MIT
/*
 * A part is known when what conditions mostly ask of it is: who has no login session in an event
 * has none. Supplementary groups are in no event.
 */
#include "core/facts-event.h"

static const struct {
	enum event_type type;
	enum occasion on;
} occasions_of[] = {
	{ EVENT_EXEC, ON_EXECUTE },  { EVENT_FORK, ON_FORK },	  { EVENT_EXIT, ON_EXIT },
	{ EVENT_SETUID, ON_SETUID }, { EVENT_SETGID, ON_SETGID }, { EVENT_OOM, ON_OOM },
};

int occasion_of_event(enum event_type type)
{
	for (size_t i = 0; i < ARRAY_SIZE(occasions_of); i++)
		if (occasions_of[i].type == type)
			return occasions_of[i].on;
	return -1;
}

uint32_t events_of_occasions(uint32_t occasions)
{
	uint32_t types = 0;

	for (size_t i = 0; i < ARRAY_SIZE(occasions_of); i++)
		if (occasions & OCCASION_BIT(occasions_of[i].on))
			types |= EVENT_BIT(occasions_of[i].type);
	return types;
}

static void know(struct facts *facts, enum fact_part part)
{
	facts->known |= UINT32_C(1) << part;
}

static struct slice text_of(const struct event *event, enum event_field field, struct slice value)
{
	return event_knows(event, field) ? value : (struct slice){ 0 };
}

static uint32_t number_of(const struct event *event, enum event_field field, uint32_t value,
			  uint32_t otherwise)
{
	return event_knows(event, field) ? value : otherwise;
}

static void take_ids(struct facts *facts, const struct event *event)
{
	if (!event_knows(event, FIELD_UID) || !event_knows(event, FIELD_GID))
		return;
	facts->uid = event->uid;
	facts->gid = event->gid;
	facts->euid = number_of(event, FIELD_EUID, event->euid, event->uid);
	facts->egid = number_of(event, FIELD_EGID, event->egid, event->gid);
	know(facts, FACT_EFFECTIVE);
	know(facts, FACT_IDS);
	facts->loginuid = number_of(event, FIELD_LOGINUID, event->loginuid, UINT32_MAX);
	facts->tty = event_knows(event, FIELD_TTY) ? (uint32_t)event->tty : 0;
	know(facts, FACT_LOGIN);
}

static void take_texts(struct facts *facts, const struct event *event)
{
	const struct {
		enum event_field field;
		enum fact_part part;
		struct slice value, *target;
	} rows[] = {
		{ FIELD_EXE, FACT_EXE, event->exe, &facts->exe },
		{ FIELD_COMM, FACT_COMM, event->comm, &facts->comm },
		{ FIELD_ARGV, FACT_ARGUMENTS, event->argv, &facts->argv },
		{ FIELD_CWD, FACT_CWD, event->cwd, &facts->cwd },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!event_knows(event, rows[i].field))
			continue;
		*rows[i].target = rows[i].value;
		know(facts, rows[i].part);
	}
	facts->argv_cut = event_knows(event, FIELD_FLAGS) && event->flags & FLAG_ARGV_CUT;
	/* Who tells the program tells a script, too, if there is one. */
	if (!event_knows(event, FIELD_SCRIPT) && !event_knows(event, FIELD_EXE))
		return;
	facts->script = text_of(event, FIELD_SCRIPT, event->script);
	facts->interpreter = text_of(event, FIELD_INTERPRETER, event->interpreter);
	if (facts->script.size > 0 && facts->interpreter.size == 0)
		facts->interpreter = text_of(event, FIELD_EXE, event->exe);
	know(facts, FACT_SCRIPT);
}

static void take_groups(struct facts *facts, const struct event *event)
{
	if (!event_knows(event, FIELD_CGROUP) && !event_knows(event, FIELD_CGROUP_V1))
		return;
	facts->cgroup = text_of(event, FIELD_CGROUP, event->cgroup);
	facts->cgroup_v1 = text_of(event, FIELD_CGROUP_V1, event->cgroup_v1);
	facts->container_runtime =
		text_of(event, FIELD_CONTAINER_RUNTIME, event->container_runtime);
	facts->container_id = text_of(event, FIELD_CONTAINER_ID, event->container_id);
	facts->pod = text_of(event, FIELD_POD, event->pod);
	facts->group = (struct slice){ 0 };
	know(facts, FACT_CGROUP);
}

static void take_namespaces(struct facts *facts, const struct event *event)
{
	const struct {
		enum event_field field;
		enum fact_namespace kind;
		uint32_t value;
	} rows[] = {
		{ FIELD_CGROUP_NS, NS_CGROUP, event->cgroup_ns },
		{ FIELD_IPC_NS, NS_IPC, event->ipc_ns },
		{ FIELD_MNT_NS, NS_MNT, event->mnt_ns },
		{ FIELD_NET_NS, NS_NET, event->net_ns },
		{ FIELD_PID_NS, NS_PID, event->pid_ns },
		{ FIELD_TIME_NS, NS_TIME, event->time_ns },
		{ FIELD_USER_NS, NS_USER, event->user_ns },
		{ FIELD_UTS_NS, NS_UTS, event->uts_ns },
	};

	if (!event_knows(event, FIELD_MNT_NS) || !event_knows(event, FIELD_PID_NS))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		facts->namespaces[rows[i].kind] = number_of(event, rows[i].field, rows[i].value, 0);
	know(facts, FACT_NAMESPACES);
}

static void take_ancestors(struct facts *facts, const struct event *event,
			   const struct process_table *table)
{
	uint32_t pid = event_knows(event, FIELD_PPID) ? event->ppid : 0;

	if (!table || pid == 0)
		return;
	facts->ancestor_count = 0;
	while (pid != 0 && facts->ancestor_count < FACT_ANCESTORS_MOST) {
		const struct process *process = process_table_find(table, pid);

		if (!process)
			break;
		facts->ancestors[facts->ancestor_count++] =
			(struct fact_ancestor){ .pid = (pid_t)pid, .exe = process->exe };
		pid = process->known & PROCESS_PPID_KNOWN && process->ppid != pid ? process->ppid
										  : 0;
	}
	if (facts->ancestor_count > 0)
		know(facts, FACT_ANCESTORS);
}

void facts_take_event(struct facts *facts, const struct event *event,
		      const struct process_table *table)
{
	facts->pid = event_knows(event, FIELD_PID) ? (pid_t)event->pid : 0;
	take_ids(facts, event);
	take_texts(facts, event);
	take_groups(facts, event);
	take_namespaces(facts, event);
	take_ancestors(facts, event, table);
	if (event_knows(event, FIELD_FLAGS)) {
		facts->memfd = event->flags & FLAG_MEMFD;
		facts->deleted = event->flags & FLAG_DELETED;
		facts->setuid_program = event->flags & FLAG_SETUID;
		know(facts, FACT_FILE_FLAGS);
	}
	if (event_knows(event, FIELD_TIME)) {
		facts->time = event->time / UINT64_C(1000000000);
		know(facts, FACT_TIME);
	}
}
