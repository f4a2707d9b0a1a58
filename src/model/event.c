/* SPDX-License-Identifier: MIT */
/* The tables behind model/event.h: names and texts of types, fields and flags; ids as text. */
#include "model/event.h"

#include <inttypes.h>

const struct event_field_info event_fields[FIELDS] = {
#define X(symbol, member, kind, name, unit, text) \
	[FIELD_##symbol] = { name, unit, text, KIND_##kind, offsetof(struct event, member) },
	EVENT_FIELDS(X)
#undef X
};

const struct event_name event_types[EVENT_TYPES] = {
	[EVENT_EXEC] = { "exec", "a program was started" },
	[EVENT_FORK] = { "fork", "a process was made; pid is the child's" },
	[EVENT_EXIT] = { "exit", "a process has ended" },
	[EVENT_SETUID] = { "setuid", "user ids have changed" },
	[EVENT_SETGID] = { "setgid", "group ids have changed" },
	[EVENT_CHDIR] = { "chdir", "the working folder has changed" },
	[EVENT_OOM] = { "oom", "the kernel chose the process to free memory" },
	[EVENT_COREDUMP] = { "coredump", "the process dumps core" },
	[EVENT_FAILED] = { "failed", "an execution failed (only where asked for)" },
	[EVENT_RUNNING] = { "running", "found by a scan: it ran already" },
	[EVENT_GAP] = { "gap", "events were lost here" },
	[EVENT_SOURCE] = { "source", "a source was taken, has failed or was replaced" },
};

const struct event_name event_flags[FLAG_BITS] = {
#define X(symbol, name, text) [FLAG_BIT_##symbol] = { name, text },
	EVENT_FLAGS(X)
#undef X
};

const char *const event_sources[SOURCES] = {
	[SOURCE_GATE] = "gate",	  [SOURCE_BPF] = "bpf",	      [SOURCE_CONNECTOR] = "connector",
	[SOURCE_AUDIT] = "audit", [SOURCE_PROCFS] = "procfs", [SOURCE_REPLAY] = "replay",
	[SOURCE_REEVE] = "reeve",
};

int event_type_of(const char *name)
{
	for (size_t i = 0; i < EVENT_TYPES; i++)
		if (streq(event_types[i].name, name))
			return i;
	return -EINVAL;
}

int event_field_of(const char *name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (streq(event_fields[i].name, name))
			return i;
	return -EINVAL;
}

size_t process_id_format(const struct process_id *id, char text[static PROCESS_ID_TEXT])
{
	return snprintf(text, PROCESS_ID_TEXT, "%08" PRIx32 "-%" PRIx64 "-%" PRIu32 ".%" PRIu64,
			id->boot, id->start, id->pid, id->exec);
}

int process_id_parse(struct slice text, struct process_id *ret_id)
{
	char copy[PROCESS_ID_TEXT];
	struct process_id id;
	int end = 0;

	if (text.size >= sizeof(copy) || memchr(text.data, 0, text.size))
		return -EINVAL;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	if (sscanf(copy, "%8" SCNx32 "-%16" SCNx64 "-%10" SCNu32 ".%20" SCNu64 "%n", &id.boot,
		   &id.start, &id.pid, &id.exec, &end) != 4 ||
	    (size_t)end != text.size)
		return -EINVAL;
	*ret_id = id;
	return 0;
}
