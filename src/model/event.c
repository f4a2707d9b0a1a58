/* SPDX-License-Identifier: MIT */
/* The tables behind model/event.h: names and texts of types, fields and flags; ids as text. */
#include "model/event.h"

#include "util/digits.h"

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
	[EVENT_SETGID] = { "setgid", "group ids have changed, or (told by bpf) other groups" },
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

const char *const event_capabilities[EVENT_CAPABILITIES] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

void event_take(struct event *to, const struct event *from, enum event_field field)
{
	static const size_t sizes[] = {
#define SIZE(kind) [KIND_##kind] = sizeof(event_##kind)
		SIZE(U32), SIZE(U64),	SIZE(I32),   SIZE(TIME),   SIZE(BYTES),	       SIZE(LIST),
		SIZE(ID),  SIZE(FLAGS), SIZE(OCTAL), SIZE(DEVICE), SIZE(CAPABILITIES),
#undef SIZE
	};
	size_t offset = event_fields[field].offset;

	if (event_knows(to, field) || !event_knows(from, field))
		return;
	memcpy((char *)to + offset, (const char *)from + offset, sizes[event_fields[field].kind]);
	event_know(to, field);
}

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
	char *at = text;

	for (int shift = 28; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[id->boot >> shift & 15];
	*at++ = '-';
	at += digits_hex(id->start, at);
	*at++ = '-';
	at += digits_decimal(id->pid, at);
	*at++ = '.';
	at += digits_decimal(id->exec, at);
	*at = '\0';
	return (size_t)(at - text);
}

/* Reads digits up to `end` and goes behind it. Only what format writes is read: no leading zeros.
 */
static int take_number(const char **at, const char *last, unsigned base, char end,
		       uint64_t *ret_value)
{
	const char *first = *at;
	uint64_t value = 0;

	for (; *at < last && **at != end; (*at)++) {
		char c = **at;
		unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
							: base;

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return -EINVAL;
		value = value * base + digit;
	}
	if (*at == first || (end && *at == last) || (*first == '0' && *at - first > 1))
		return -EINVAL;
	*at += end != 0;
	*ret_value = value;
	return 0;
}

int process_id_parse(struct slice text, struct process_id *ret_id)
{
	enum { BOOT_DIGITS = 8 };
	const char *at = text.data, *last = text.data + text.size;
	uint64_t start, pid, exec;
	uint32_t boot = 0;

	if (text.size <= BOOT_DIGITS || at[BOOT_DIGITS] != '-')
		return -EINVAL;
	for (; at < text.data + BOOT_DIGITS; at++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, *at, 16);

		if (!digit)
			return -EINVAL;
		boot = boot << 4 | (uint32_t)(digit - digits);
	}
	at++;
	if (take_number(&at, last, 16, '-', &start) < 0 ||
	    take_number(&at, last, 10, '.', &pid) < 0 || pid > UINT32_MAX ||
	    take_number(&at, last, 10, 0, &exec) < 0 || at != last)
		return -EINVAL;
	*ret_id = (struct process_id){
		.boot = boot, .pid = (uint32_t)pid, .start = start, .exec = exec
	};
	return 0;
}
