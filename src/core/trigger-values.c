// SPDX-License-Identifier: MIT
/*
 * The variables are a table. Those of fetter are the fields of an audit SYSCALL record, upper-cased
 * and with audit's words for their values ("unset", "(none)"); reeve's say what fetter's never
 * could: the rule, the path that matched, the arguments, the script, the container.
 *
 * A value is bytes and stays as it is. Lists are JSON in a variable, as a name may hold anything.
 */
#include "core/trigger-values.h"

#include <inttypes.h>
#include <jansson.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

/* ---- the kinds of values ---- */

/* Adds a value; false where it is not known. */
typedef bool (*add_fn)(const struct trigger_values *values, struct text *text);

static bool add_slice(struct text *text, struct slice slice)
{
	if (slice.size > 0)
		text_add_bytes(text, slice.data, slice.size);
	return slice.size > 0;
}

static bool add_string(struct text *text, const char *string)
{
	return string && add_slice(text, slice_of(string));
}

static const char *syscall_name(int number)
{
	switch (number) {
	case SYS_execve:
		return "execve";
	case SYS_execveat:
		return "execveat";
	case SYS_openat:
		return "openat";
	case SYS_openat2:
		return "openat2";
#ifdef SYS_open
	case SYS_open:
		return "open";
	case SYS_creat:
		return "creat";
#endif
	default:
		return NULL;
	}
}

static bool add_syscall(const struct trigger_values *values, struct text *text)
{
	int number = values->subject->syscall;
	const char *name = syscall_name(number);

	if (name)
		text_add(text, name);
	else if (number >= 0)
		text_addf(text, "%d", number);
	return number >= 0;
}

/* A device number as the terminal's name; 136 to 143 are the Unix98 pseudo terminals. */
static bool add_tty(const struct trigger_values *values, struct text *text)
{
	uint32_t tty = values->subject->tty;
	unsigned major = tty >> 8 & 0xfff, minor = (tty & 0xff) | (tty >> 12 & 0xfff00);

	if (tty == 0)
		text_add(text, "(none)");
	else if (major >= 136 && major <= 143)
		text_addf(text, "pts%u", (major - 136) * 256 + minor);
	else if (major == 4)
		text_addf(text, minor < 64 ? "tty%u" : "ttyS%u", minor < 64 ? minor : minor - 64);
	else
		text_addf(text, "%u:%u", major, minor);
	return true;
}

static bool add_arch(const struct trigger_values *values, struct text *text)
{
	struct utsname kernel;

	return uname(&kernel) == 0 && add_string(text, kernel.machine);
}

static bool is_execution(const struct trigger_values *values)
{
	return values->action && streq(values->action, "execute");
}

/* Audit tells it after the call, when an executed file has become the program. */
static const char *exe_of(const struct trigger_values *values)
{
	if (values->exe)
		return values->exe;
	return is_execution(values) ? values->path : values->subject->exe;
}

static bool add_exe(const struct trigger_values *values, struct text *text)
{
	return add_string(text, exe_of(values));
}

static bool is_refused(const struct trigger_values *values)
{
	return values->verdict && !streq(values->verdict, "allow");
}

/* What a call returns that is going to succeed: the file descriptor of an open is not known yet. */
static bool add_exit(const struct trigger_values *values, struct text *text)
{
	text_add(text, is_refused(values) ? "EPERM" : "0");
	return true;
}

static bool add_result(const struct trigger_values *values, struct text *text)
{
	text_add(text, is_refused(values) ? "fail" : "success");
	return true;
}

static bool add_argv(const struct trigger_values *values, struct text *text);

#define ADD_STRING(name, expression)                                             \
	static bool name(const struct trigger_values *values, struct text *text) \
	{                                                                        \
		return add_string(text, expression);                             \
	}
#define ADD_SLICE(name, expression)                                              \
	static bool name(const struct trigger_values *values, struct text *text) \
	{                                                                        \
		return add_slice(text, expression);                              \
	}

ADD_STRING(add_comm, values->subject->comm)
ADD_STRING(add_cwd, values->subject->cwd)
ADD_STRING(add_rule, values->rule)
ADD_STRING(add_action, values->action)
ADD_STRING(add_path, values->path)
ADD_STRING(add_verdict, values->verdict)
ADD_STRING(add_script, values->script)
ADD_STRING(add_time, values->time)
ADD_SLICE(add_container, values->container.id)
ADD_SLICE(add_runtime, values->container.runtime)
ADD_SLICE(add_pod, values->container.pod)
ADD_SLICE(add_cgroup, values->cgroup)
ADD_SLICE(add_user, values->user)
ADD_SLICE(add_unix_group, values->unix_group)

static bool add_exec_id(const struct trigger_values *values, struct text *text)
{
	char id[PROCESS_ID_TEXT];

	if (values->exec_id.start == 0)
		return false;
	(void)process_id_format(&values->exec_id, id);
	return add_string(text, id);
}

/* Always there, as it was before there were others: "" is none. */
static bool add_group(const struct trigger_values *values, struct text *text)
{
	(void)add_string(text, values->group);
	return true;
}

/* ---- the table ---- */

enum kind {
	BY_FUNCTION,
	DECISION_NUMBER, /* pid_t of struct decision */
	NUMBER,		 /* pid_t or id of struct subject */
	ID_OR_UNSET,	 /* uint32_t: UINT32_MAX is "unset" */
	HEXADECIMAL,	 /* uint64_t */
};

#define OF_SUBJECT(field)  .offset = offsetof(struct subject, field)
#define OF_DECISION(field) .offset = offsetof(struct decision, field)

static const struct {
	const char *name;
	enum kind kind;
	size_t offset;
	add_fn add;
} variables[] = {
	{ "FETTER_A0", HEXADECIMAL, OF_SUBJECT(arguments[0]) },
	{ "FETTER_A1", HEXADECIMAL, OF_SUBJECT(arguments[1]) },
	{ "FETTER_A2", HEXADECIMAL, OF_SUBJECT(arguments[2]) },
	{ "FETTER_A3", HEXADECIMAL, OF_SUBJECT(arguments[3]) },
	{ "FETTER_ARCH", .add = add_arch },
	{ "FETTER_AUID", ID_OR_UNSET, OF_SUBJECT(loginuid) },
	{ "FETTER_COMM", .add = add_comm },
	{ "FETTER_EGID", ID_OR_UNSET, OF_SUBJECT(egid) },
	{ "FETTER_EUID", ID_OR_UNSET, OF_SUBJECT(euid) },
	{ "FETTER_EXE", .add = add_exe },
	{ "FETTER_EXIT", .add = add_exit },
	{ "FETTER_FSGID", ID_OR_UNSET, OF_SUBJECT(fsgid) },
	{ "FETTER_FSUID", ID_OR_UNSET, OF_SUBJECT(fsuid) },
	{ "FETTER_GID", ID_OR_UNSET, OF_SUBJECT(gid) },
	{ "FETTER_PID", DECISION_NUMBER, OF_DECISION(pid) },
	{ "FETTER_PPID", NUMBER, OF_SUBJECT(ppid) },
	{ "FETTER_RESULT", .add = add_result },
	{ "FETTER_SES", ID_OR_UNSET, OF_SUBJECT(session) },
	{ "FETTER_SGID", ID_OR_UNSET, OF_SUBJECT(sgid) },
	{ "FETTER_SUID", ID_OR_UNSET, OF_SUBJECT(suid) },
	{ "FETTER_SYSCALL", .add = add_syscall },
	{ "FETTER_TTY", .add = add_tty },
	{ "FETTER_UID", ID_OR_UNSET, OF_SUBJECT(uid) },
	{ "REEVE_ACTION", .add = add_action },
	{ "REEVE_ARGV", .add = add_argv },
	{ "REEVE_CGROUP", .add = add_cgroup },
	{ "REEVE_CONTAINER", .add = add_container },
	{ "REEVE_CONTAINER_RUNTIME", .add = add_runtime },
	{ "REEVE_CWD", .add = add_cwd },
	{ "REEVE_DECISION", .add = add_verdict },
	{ "REEVE_EVENT", .add = add_action },
	{ "REEVE_EXE", .add = add_exe },
	{ "REEVE_EXEC_ID", .add = add_exec_id },
	{ "REEVE_GROUP", .add = add_group },
	{ "REEVE_PATH", .add = add_path },
	{ "REEVE_PID", DECISION_NUMBER, OF_DECISION(pid) },
	{ "REEVE_POD", .add = add_pod },
	{ "REEVE_PPID", NUMBER, OF_SUBJECT(ppid) },
	{ "REEVE_RULE", .add = add_rule },
	{ "REEVE_SCRIPT", .add = add_script },
	{ "REEVE_TIME", .add = add_time },
	{ "REEVE_UID", ID_OR_UNSET, OF_SUBJECT(uid) },
	{ "REEVE_UNIX_GROUP", .add = add_unix_group },
	{ "REEVE_USER", .add = add_user },
};

static bool add_number(const struct trigger_values *values, const void *from, enum kind kind,
		       struct text *text)
{
	uint64_t wide = 0;
	uint32_t number = 0;

	if (kind == HEXADECIMAL) {
		if (values->subject->syscall < 0)
			return false;
		memcpy(&wide, from, sizeof(wide));
		text_addf(text, "%" PRIx64, wide);
		return true;
	}
	memcpy(&number, from, sizeof(number));
	if (kind == ID_OR_UNSET && number == UINT32_MAX)
		text_add(text, "unset");
	else
		text_addf(text, "%" PRIu32, number);
	return true;
}

static bool add_variable(const struct trigger_values *values, size_t i, struct text *text)
{
	const char *base = variables[i].kind == DECISION_NUMBER ? (const char *)values->decision
								: (const char *)values->subject;

	if (variables[i].kind == BY_FUNCTION)
		return variables[i].add(values, text);
	return add_number(values, base + variables[i].offset, variables[i].kind, text);
}

void trigger_values_environment(const struct trigger_values *values, struct text *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		size_t size = text->size;

		text_add(text, variables[i].name);
		text_add(text, "=");
		if (add_variable(values, i, text))
			text_add_bytes(text, "", 1);
		else
			text->size = size;
	}
}

/* ---- what the rest implies ---- */

/* The first line of v2 ("0::PATH"), else that of the first hierarchy. */
static struct slice path_of(const char *text)
{
	struct slice found = { NULL, 0 };

	while (*text) {
		size_t size = strcspn(text, "\n");
		const char *path = memchr(text, ':', size);

		path = path ? memchr(path + 1, ':', size - (size_t)(path + 1 - text)) : NULL;
		if (path && (!found.data || strncmp(text, "0::", 3) == 0))
			found = (struct slice){ path + 1, size - (size_t)(path + 1 - text) };
		text += size + (text[size] == '\n');
	}
	return found;
}

void trigger_values_init(struct trigger_values *values)
{
	time_t seconds = (time_t)(values->time_ns / UINT64_C(1000000000));
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(values->time, sizeof(values->time), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(values->time + n, sizeof(values->time) - n, ".%06uZ",
		 (unsigned)(values->time_ns % UINT64_C(1000000000) / 1000));
	values->cgroup = path_of(values->subject->cgroup);
	(void)container_of_path(values->cgroup, &values->container);
}

/* ---- %-fields ---- */

static struct slice name_or_number(struct trigger_values *values, struct slice name, uint32_t id)
{
	if (name.size > 0)
		return name;
	snprintf(values->number, sizeof(values->number), "%" PRIu32, id);
	return slice_of(values->number);
}

static struct slice string_or_none(const char *string)
{
	return slice_of(string ? string : "");
}

struct slice trigger_values_field(char letter, void *userdata)
{
	static const struct slice none = { NULL, 0 };
	struct trigger_values *values = userdata;
	const struct subject *subject = values->subject;

	switch (letter) {
	case 'p':
		return name_or_number(values, none, (uint32_t)values->decision->pid);
	case 'P':
		return name_or_number(values, none, (uint32_t)subject->ppid);
	case 'U':
		return name_or_number(values, none, subject->uid);
	case 'G':
		return name_or_number(values, none, subject->gid);
	case 'u':
		return name_or_number(values, values->user, subject->uid);
	case 'g':
		return name_or_number(values, values->unix_group, subject->gid);
	case 'e':
		return string_or_none(exe_of(values));
	case 'n':
		return slice_last_part(string_or_none(exe_of(values)));
	case 'f':
		return string_or_none(values->path);
	case 's':
		return string_or_none(values->script);
	case 'w':
		return slice_of(subject->cwd);
	case 'r':
		return string_or_none(values->rule);
	case 'a':
		return string_or_none(values->action);
	case 'c':
		return values->container.id;
	case 'C':
		return values->cgroup;
	case 't':
		return slice_of(values->time);
	default:
		return none;
	}
}

/* ---- JSON ---- */

/* A file name is bytes, JSON is UTF-8: what is not valid is escaped as \xNN, reversibly. */
static json_t *json_bytes(struct slice bytes)
{
	_cleanup_(text_done) struct text text = { 0 };

	text_add_escaped(&text, bytes.data ? bytes.data : "", bytes.size);
	return json_string(text.data ? text.data : "");
}

static void set(json_t *object, const char *key, struct slice value)
{
	if (value.size > 0)
		json_object_set_new(object, key, json_bytes(value));
}

static json_t *argv_to_json(const struct trigger_values *values)
{
	json_t *list = json_array();

	for (size_t at = 0; at < values->argv.size;) {
		size_t size = strnlen(values->argv.data + at, values->argv.size - at);

		json_array_append_new(list,
				      json_bytes((struct slice){ values->argv.data + at, size }));
		at += size + 1;
	}
	return list;
}

static bool add_argv(const struct trigger_values *values, struct text *text)
{
	json_t *list;
	char *line;

	if (values->argv.size == 0)
		return false;
	list = argv_to_json(values);
	line = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	if (line)
		text_add(text, line);
	free(line);
	return line != NULL;
}

static json_t *ids_to_json(const struct trigger_values *values, json_t *object)
{
	const struct subject *subject = values->subject;
	const struct {
		const char *key;
		uint32_t value;
	} ids[] = {
		{ "pid", (uint32_t)values->decision->pid },
		{ "ppid", (uint32_t)subject->ppid },
		{ "uid", subject->uid },
		{ "gid", subject->gid },
		{ "euid", subject->euid },
		{ "egid", subject->egid },
		{ "suid", subject->suid },
		{ "sgid", subject->sgid },
		{ "loginuid", subject->loginuid },
		{ "session", subject->session },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		json_object_set_new(object, ids[i].key, json_integer(ids[i].value));
	return object;
}

static json_t *container_to_json(const struct trigger_values *values)
{
	json_t *object;

	if (values->container.runtime.size == 0)
		return json_null();
	object = json_object();
	set(object, "runtime", values->container.runtime);
	set(object, "id", values->container.id);
	set(object, "pod", values->container.pod);
	return object;
}

char *trigger_values_json(const struct trigger_values *values)
{
	json_t *object = ids_to_json(values, json_object());
	char *line, *ended = NULL, id[PROCESS_ID_TEXT];

	if (values->exec_id.start != 0 && process_id_format(&values->exec_id, id) > 0)
		set(object, "exec_id", slice_of(id));
	set(object, "time", slice_of(values->time));
	set(object, "rule", string_or_none(values->rule));
	set(object, "action", string_or_none(values->action));
	set(object, "decision", string_or_none(values->verdict));
	set(object, "group_in", string_or_none(values->group));
	set(object, "path", string_or_none(values->path));
	set(object, "exe", string_or_none(exe_of(values)));
	set(object, "script", string_or_none(values->script));
	set(object, "comm", slice_of(values->subject->comm));
	set(object, "cwd", slice_of(values->subject->cwd));
	set(object, "cgroup", values->cgroup);
	set(object, "user", values->user);
	set(object, "group", values->unix_group);
	if (values->argv.size > 0)
		json_object_set_new(object, "argv", argv_to_json(values));
	json_object_set_new(object, "container", container_to_json(values));
	line = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (line && asprintf(&ended, "%s\n", line) < 0)
		ended = NULL;
	free(line);
	return ended;
}
