// SPDX-License-Identifier: MIT
/*
 * An event is begun by its SYSCALL record, which comes before all others that matter here
 * (audit_log_exit() in kernel/auditsc.c), and ended by EOE. Its place is its serial number modulo
 * the table's size: numbers are handed out in order, so whoever is in the way is 1,024 events
 * older.
 *
 * Strings are kept as positions in one growing buffer a place, which is used again: no allocation
 * for an event of ordinary size.
 */
#include "source/audit-group.h"

#include <linux/audit.h>
#include <sys/sysmacros.h>

enum {
	SPARE_MAX = 16,
	STRING_MAX = 8192,    /* exe, cwd, names: PATH_MAX and " (deleted)" */
	KEEP_ROOM = 64 << 10, /* a buffer that has grown larger is given back */
	HELD_MAX = 16 << 20,  /* arguments of all events that have not ended */
};

/* A writer may wait for the kernel's queue between two records of an event. */
static const uint64_t patience_ns = UINT64_C(5000000000);

struct span {
	size_t at, size;
};

/* An event that has not ended. */
struct pending {
	struct pending *older, *younger;
	uint64_t begun_ns;
	struct audit_group group; /* its slices are filled in at the end, from the spans */
	struct span exe, comm, tty, cwd, names[AUDIT_ITEMS];
	struct text strings, argv;
	uint64_t argc;
	uint64_t arguments; /* that are whole */
	uint64_t part;	    /* of the argument under way, the next */
	bool in_argument;
};

struct audit_assembly {
	audit_group_fn function;
	void *userdata;
	unsigned calls;
	struct audit_assembly_counters counters;
	struct pending *places[AUDIT_PENDING_MAX];
	struct pending *oldest, *youngest;
	struct pending *spare;
	unsigned spare_count;
	size_t held;	 /* bytes of arguments */
	uint32_t orphan; /* the last event without a beginning */
};

/* ---- places ---- */

static void pending_free(struct pending *pending)
{
	text_done(&pending->strings);
	text_done(&pending->argv);
	free(pending);
}

static void text_empty(struct text *text)
{
	if (text->room > KEEP_ROOM)
		text_done(text);
	text->size = 0;
	text->failed = false;
}

static struct pending *pending_new(struct audit_assembly *assembly)
{
	struct pending *pending = assembly->spare;
	struct text strings, argv;

	if (!pending)
		return calloc(1, sizeof(*pending));
	assembly->spare = pending->older;
	assembly->spare_count--;
	strings = pending->strings;
	argv = pending->argv;
	memset(pending, 0, sizeof(*pending));
	pending->strings = strings;
	pending->argv = argv;
	return pending;
}

static void recycle(struct audit_assembly *assembly, struct pending *pending)
{
	assembly->held -= pending->argv.size;
	if (assembly->spare_count >= SPARE_MAX) {
		pending_free(pending);
		return;
	}
	text_empty(&pending->strings);
	text_empty(&pending->argv);
	pending->older = assembly->spare;
	assembly->spare = pending;
	assembly->spare_count++;
}

static struct pending **place_of(struct audit_assembly *assembly, uint32_t serial)
{
	return &assembly->places[serial % AUDIT_PENDING_MAX];
}

static void put_in(struct audit_assembly *assembly, struct pending *pending)
{
	*place_of(assembly, pending->group.stamp.serial) = pending;
	pending->older = assembly->youngest;
	pending->younger = NULL;
	*(assembly->youngest ? &assembly->youngest->younger : &assembly->oldest) = pending;
	assembly->youngest = pending;
}

static void take_out(struct audit_assembly *assembly, struct pending *pending)
{
	*place_of(assembly, pending->group.stamp.serial) = NULL;
	*(pending->older ? &pending->older->younger : &assembly->oldest) = pending->younger;
	*(pending->younger ? &pending->younger->older : &assembly->youngest) = pending->older;
}

/* ---- strings ---- */

/* False: the kernel knew none, or what it wrote cannot be read. */
static bool read_string(struct audit_assembly *assembly, struct pending *pending,
			const struct audit_field *field, struct span *span)
{
	size_t at = pending->strings.size;
	ssize_t n = audit_string_add(field, STRING_MAX, &pending->strings);

	if (n == -EINVAL) {
		assembly->counters.malformed++;
		pending->group.damaged = true;
	}
	if (n < 0)
		return false;
	*span = (struct span){ at, pending->strings.size - at };
	return true;
}

static struct slice slice_of_span(const struct pending *pending, const struct span *span)
{
	/* An empty string of an empty buffer is not NULL. */
	return span->size ? (struct slice){ pending->strings.data + span->at, span->size }
			  : (struct slice){ "", 0 };
}

/* ---- SYSCALL ---- */

static const struct number_field {
	const char *name;
	unsigned base;
	enum audit_number number;
} number_fields[] = {
	/* In the order in which the kernel writes them. */
	{ "arch", 16, AUDIT_NUMBER_ARCH }, { "syscall", 10, AUDIT_NUMBER_SYSCALL },
	{ "exit", 10, AUDIT_NUMBER_EXIT }, { "a0", 16, AUDIT_NUMBER_A0 },
	{ "ppid", 10, AUDIT_NUMBER_PPID }, { "pid", 10, AUDIT_NUMBER_PID },
	{ "auid", 10, AUDIT_NUMBER_AUID }, { "uid", 10, AUDIT_NUMBER_UID },
	{ "gid", 10, AUDIT_NUMBER_GID },   { "euid", 10, AUDIT_NUMBER_EUID },
	{ "suid", 10, AUDIT_NUMBER_SUID }, { "egid", 10, AUDIT_NUMBER_EGID },
	{ "sgid", 10, AUDIT_NUMBER_SGID }, { "ses", 10, AUDIT_NUMBER_SES },
};

static void read_number(struct audit_assembly *assembly, struct audit_group *group,
			const struct audit_field *field, const struct number_field *known)
{
	if (!audit_number(field->value, known->base, &group->number[known->number])) {
		assembly->counters.malformed++;
		group->damaged = true;
		return;
	}
	group->known |= 1U << known->number;
}

static const struct number_field *number_field_of(const struct audit_field *field, size_t *hint)
{
	for (size_t i = 0; i < ARRAY_SIZE(number_fields); i++) {
		size_t at = (*hint + i) % ARRAY_SIZE(number_fields);

		if (!audit_field_is(field, number_fields[at].name))
			continue;
		*hint = at + 1;
		return &number_fields[at];
	}
	return NULL;
}

static void read_syscall_field(struct audit_assembly *assembly, struct pending *pending,
			       const struct audit_field *field, size_t *hint)
{
	const struct number_field *known;

	if (audit_field_is(field, "exe"))
		(void)read_string(assembly, pending, field, &pending->exe);
	else if (audit_field_is(field, "comm"))
		(void)read_string(assembly, pending, field, &pending->comm);
	else if (audit_field_is(field, "success"))
		pending->group.succeeded = slice_eq(field->value, slice_of("yes"));
	else if (audit_field_is(field, "tty")) {
		/* Written as it is, without quotes. */
		pending->tty = (struct span){ pending->strings.size, field->value.size };
		text_add_bytes(&pending->strings, field->value.data, field->value.size);
	} else {
		known = number_field_of(field, hint);
		if (known)
			read_number(assembly, &pending->group, field, known);
	}
}

/* What the record is about, from its first two fields. */
static enum audit_call call_of_record(struct slice text)
{
	struct audit_field field;
	int64_t arch, number;

	if (!audit_field_take(&text, &field) || !audit_field_is(&field, "arch") ||
	    !audit_number(field.value, 16, &arch))
		return AUDIT_CALL_OTHER;
	while (audit_field_take(&text, &field))
		if (audit_field_is(&field, "syscall"))
			return audit_number(field.value, 10, &number)
				       ? audit_call_of((uint32_t)arch, (uint64_t)number)
				       : AUDIT_CALL_OTHER;
	return AUDIT_CALL_OTHER;
}

/* ---- the end of an event ---- */

static void end_argument(struct pending *pending)
{
	if (!pending->in_argument)
		return;
	text_add_bytes(&pending->argv, "", 1);
	pending->in_argument = false;
	pending->arguments++;
}

static void fill_slices(struct pending *pending)
{
	struct audit_group *group = &pending->group;

	group->exe = slice_of_span(pending, &pending->exe);
	group->comm = slice_of_span(pending, &pending->comm);
	group->tty = slice_of_span(pending, &pending->tty);
	group->cwd = slice_of_span(pending, &pending->cwd);
	for (unsigned i = 0; i < group->item_count; i++)
		group->items[i].name = slice_of_span(pending, &pending->names[i]);
	group->argv = (struct slice){ pending->argv.data, pending->argv.size };
}

static void hand_out(struct audit_assembly *assembly, struct pending *pending, bool whole)
{
	struct audit_group *group = &pending->group;
	size_t before = pending->argv.size;

	take_out(assembly, pending);
	end_argument(pending);
	assembly->held += pending->argv.size - before;
	if (pending->argv.failed || pending->strings.failed) {
		assembly->counters.cut++;
		group->damaged = true;
	}
	if (pending->arguments < pending->argc || pending->argv.failed)
		group->argv_cut = true;
	group->whole = whole;
	if (!whole || group->damaged)
		assembly->counters.incomplete++;
	fill_slices(pending);
	assembly->function(group, assembly->userdata);
	recycle(assembly, pending);
}

static void add_syscall(struct audit_assembly *assembly, const struct audit_stamp *stamp,
			struct slice text, uint64_t now_ns)
{
	enum audit_call call = call_of_record(text);
	struct pending *pending, *other = *place_of(assembly, stamp->serial);
	struct audit_field field;
	size_t hint = 0;

	if (call == AUDIT_CALL_OTHER || !(assembly->calls >> call & 1))
		return;
	if (other)
		hand_out(assembly, other, false);
	pending = pending_new(assembly);
	if (!pending) {
		assembly->counters.incomplete++;
		return;
	}
	pending->group.stamp = *stamp;
	pending->group.call = call;
	pending->begun_ns = now_ns;
	while (audit_field_take(&text, &field))
		read_syscall_field(assembly, pending, &field, &hint);
	put_in(assembly, pending);
}

/* ---- EXECVE ---- */

/* "a2", "a2_len", "a2[0]". */
struct argument_name {
	uint64_t index, part;
	bool in_parts, is_length;
};

static bool read_argument_name(struct slice name, struct argument_name *ret_name)
{
	*ret_name = (struct argument_name){ 0 };
	if (name.size < 2 || name.data[0] != 'a')
		return false;
	name.data++;
	name.size--;
	if (!audit_digits_take(&name, 10, &ret_name->index))
		return false;
	if (name.size == 0)
		return true;
	ret_name->is_length = slice_eq(name, slice_of("_len"));
	if (ret_name->is_length)
		return true;
	ret_name->in_parts = name.data[0] == '[';
	name.data++;
	name.size--;
	return ret_name->in_parts && audit_digits_take(&name, 10, &ret_name->part) &&
	       slice_eq(name, slice_of("]"));
}

/* Appends what fits; an argument that does not is the last one. */
static void add_argument(struct audit_assembly *assembly, struct pending *pending,
			 const struct audit_field *field)
{
	struct text *argv = &pending->argv;
	size_t before = argv->size, room;
	ssize_t n;

	/* With its NUL. */
	room = before + 1 < AUDIT_ARGV_MAX ? AUDIT_ARGV_MAX - before - 1 : 0;
	room = MIN(room, assembly->held < HELD_MAX ? HELD_MAX - assembly->held : 0);
	n = audit_string_add(field, room, argv);
	assembly->held += argv->size - before;
	if (n < 0) {
		assembly->counters.malformed++;
		pending->group.damaged = true;
	}
	if (n < 0 || (size_t)n > room)
		pending->group.argv_cut = true;
}

static void read_argument(struct audit_assembly *assembly, struct pending *pending,
			  const struct audit_field *field, const struct argument_name *name)
{
	bool begins = !name->in_parts || name->part == 0;

	if (pending->group.argv_cut || name->is_length)
		return;
	if (begins) {
		size_t before = pending->argv.size;

		end_argument(pending);
		assembly->held += pending->argv.size - before;
		if (pending->argv.size >= AUDIT_ARGV_MAX)
			pending->group.argv_cut = true;
	}
	/* A record between is missing: what follows would stand in the wrong place. */
	if (name->index != pending->arguments || (!begins && name->part != pending->part) ||
	    (!begins && !pending->in_argument))
		pending->group.argv_cut = true;
	if (pending->group.argv_cut)
		return;
	pending->in_argument = true;
	pending->part = name->part + 1;
	add_argument(assembly, pending, field);
}

static void add_execve(struct audit_assembly *assembly, struct pending *pending, struct slice text)
{
	struct argument_name name;
	struct audit_field field;
	int64_t argc;

	while (audit_field_take(&text, &field)) {
		if (audit_field_is(&field, "argc")) {
			if (audit_number(field.value, 10, &argc) && argc >= 0)
				pending->argc = (uint64_t)argc;
		} else if (read_argument_name(field.name, &name)) {
			read_argument(assembly, pending, &field, &name);
		}
	}
	pending->group.has_argv = true;
}

/* ---- the other records ---- */

static void add_cwd(struct audit_assembly *assembly, struct pending *pending, struct slice text)
{
	struct audit_field field;

	while (audit_field_take(&text, &field))
		if (audit_field_is(&field, "cwd"))
			(void)read_string(assembly, pending, &field, &pending->cwd);
}

static bool read_device(struct slice text, dev_t *ret_dev)
{
	uint64_t major_number, minor_number;

	if (!audit_digits_take(&text, 16, &major_number) || text.size == 0 || text.data[0] != ':')
		return false;
	text.data++;
	text.size--;
	if (!audit_digits_take(&text, 16, &minor_number) || text.size > 0 ||
	    major_number > UINT32_MAX || minor_number > UINT32_MAX)
		return false;
	*ret_dev = makedev((unsigned)major_number, (unsigned)minor_number);
	return true;
}

static void read_item_field(struct audit_assembly *assembly, struct pending *pending,
			    const struct audit_field *field, size_t index)
{
	struct audit_item *item = &pending->group.items[index];
	int64_t number = 0;

	if (audit_field_is(field, "name")) {
		item->named = read_string(assembly, pending, field, &pending->names[index]);
	} else if (audit_field_is(field, "inode")) {
		item->exists = audit_number(field->value, 10, &number);
		item->inode = (uint64_t)number;
	} else if (audit_field_is(field, "dev")) {
		item->exists = item->exists && read_device(field->value, &item->dev);
	} else if (audit_field_is(field, "mode")) {
		item->exists = item->exists && audit_number(field->value, 8, &number);
		item->mode = (uint32_t)number;
	} else if (audit_field_is(field, "ouid")) {
		if (audit_number(field->value, 10, &number))
			item->owner = (uint32_t)number;
	} else if (audit_field_is(field, "ogid")) {
		if (audit_number(field->value, 10, &number))
			item->group = (uint32_t)number;
	}
}

static void add_path(struct audit_assembly *assembly, struct pending *pending, struct slice text)
{
	struct audit_field field;
	int64_t index;

	if (!audit_field_take(&text, &field) || !audit_field_is(&field, "item") ||
	    !audit_number(field.value, 10, &index) || index < 0) {
		assembly->counters.malformed++;
		return;
	}
	if (index >= AUDIT_ITEMS || pending->group.items[index].present)
		return;
	pending->group.items[index].present = true;
	pending->group.item_count = MAX(pending->group.item_count, (unsigned)index + 1);
	while (audit_field_take(&text, &field))
		read_item_field(assembly, pending, &field, (size_t)index);
}

static void add_caps(struct audit_assembly *assembly, struct pending *pending, struct slice text)
{
	struct audit_group *group = &pending->group;
	struct audit_field field;
	int64_t number;
	unsigned found = 0;

	while (audit_field_take(&text, &field)) {
		bool before = audit_field_is(&field, "old_pp");

		if ((!before && !audit_field_is(&field, "pp")) ||
		    !audit_number(field.value, 16, &number))
			continue;
		*(before ? &group->caps_before : &group->caps) = (uint64_t)number;
		found |= before ? 1 : 2;
	}
	group->has_caps = found == 3;
}

/* ---- the assembly ---- */

int audit_assembly_new(audit_group_fn function, void *userdata,
		       struct audit_assembly **ret_assembly)
{
	struct audit_assembly *assembly = calloc(1, sizeof(*assembly));

	if (!assembly)
		return -ENOMEM;
	assembly->function = function;
	assembly->userdata = userdata;
	*ret_assembly = assembly;
	return 0;
}

void audit_assembly_free(struct audit_assembly *assembly)
{
	struct pending *next;

	if (!assembly)
		return;
	for (struct pending *pending = assembly->oldest; pending; pending = next) {
		next = pending->younger;
		pending_free(pending);
	}
	for (struct pending *pending = assembly->spare; pending; pending = next) {
		next = pending->older;
		pending_free(pending);
	}
	free(assembly);
}

void audit_assembly_want(struct audit_assembly *assembly, unsigned calls)
{
	assembly->calls = calls;
	if (calls & (AUDIT_CALL_BIT(AUDIT_CALL_EXEC_USER) | AUDIT_CALL_BIT(AUDIT_CALL_EXEC_GROUP)))
		assembly->calls |= AUDIT_CALL_BIT(AUDIT_CALL_EXEC);
}

void audit_assembly_add(struct audit_assembly *assembly, unsigned type,
			const struct audit_stamp *stamp, struct slice text, uint64_t now_ns)
{
	struct pending *pending;

	if (type == AUDIT_SYSCALL) {
		add_syscall(assembly, stamp, text, now_ns);
		return;
	}
	pending = *place_of(assembly, stamp->serial);
	if (!pending || pending->group.stamp.serial != stamp->serial) {
		/* Only executions have this record: the one that began it is missing. */
		if (type == AUDIT_EXECVE && assembly->calls >> AUDIT_CALL_EXEC & 1 &&
		    assembly->orphan != stamp->serial) {
			assembly->orphan = stamp->serial;
			assembly->counters.incomplete++;
		}
		return;
	}
	switch (type) {
	case AUDIT_EXECVE:
		add_execve(assembly, pending, text);
		break;
	case AUDIT_CWD:
		add_cwd(assembly, pending, text);
		break;
	case AUDIT_PATH:
		add_path(assembly, pending, text);
		break;
	case AUDIT_BPRM_FCAPS:
		add_caps(assembly, pending, text);
		break;
	case AUDIT_EOE:
		hand_out(assembly, pending, true);
		break;
	default:
		break;
	}
}

uint64_t audit_assembly_due(const struct audit_assembly *assembly)
{
	return assembly->oldest ? assembly->oldest->begun_ns + patience_ns : UINT64_MAX;
}

void audit_assembly_expire(struct audit_assembly *assembly, uint64_t now_ns)
{
	while (assembly->oldest && assembly->oldest->begun_ns + patience_ns <= now_ns)
		hand_out(assembly, assembly->oldest, false);
}

const struct audit_assembly_counters *audit_assembly_counters(const struct audit_assembly *assembly)
{
	return &assembly->counters;
}
