// SPDX-License-Identifier: MIT
/*
 * Whether a value that was told is the one that must have been, and how both are shown.
 *
 * What is told must be right, whoever tells it. What is not told is held against a source only
 * where it has promised to know it, and not where what it tells of was over before it could look.
 */
#include "core/self-test.h"

#include <sys/sysmacros.h>

enum {
	SHOWN_BYTES = 160,
	ARGV_KEPT = 200 * 1024, /* at least, of arguments that are cut */
};

static const uint32_t cut_flags = FLAG_ARGV_CUT | FLAG_PATH_CUT | FLAG_ENV_CUT;

/* What is in the records themselves of who looks at /proc for the rest. */
static const uint8_t audit_own[] = { FIELD_PPID, FIELD_FILENAME, FIELD_COMM,	 FIELD_ARGV,
				     FIELD_UID,	 FIELD_GID,	 FIELD_EUID,	 FIELD_EGID,
				     FIELD_SUID, FIELD_SGID,	 FIELD_LOGINUID, FIELD_SESSION,
				     FIELD_TTY,	 FIELD_INODE,	 FIELD_DEV,	 FIELD_MODE,
				     FIELDS };
/* The gate has the file in its hands. */
static const uint8_t gate_own[] = { FIELD_INODE, FIELD_DEV, FIELD_MODE, FIELDS };
static const uint8_t none[] = { FIELDS };

const struct source_manners *source_manners(enum event_source source)
{
	static const uint32_t links = FLAG_MEMFD | FLAG_DELETED | FLAG_FOREIGN | FLAG_ARGV_CUT;
	static const struct source_manners manners[SOURCES] = {
		[SOURCE_GATE] = { .looks_late = true,
				  .own = gate_own,
				  .partial = true,
				  .in_order = true,
				  .tells_flags = FLAG_DELETED },
		[SOURCE_BPF] = { .in_order = true, .tells_flags = UINT32_MAX },
		[SOURCE_CONNECTOR] = { .looks_late = true,
				       .own = none,
				       .in_order = true,
				       .tells_flags = links },
		[SOURCE_AUDIT] = { .looks_late = true,
				   .own = audit_own,
				   .in_order = true,
				   .tells_flags = FLAG_MEMFD | FLAG_ARGV_CUT },
		[SOURCE_PROCFS] = { .looks_late = true,
				    .own = none,
				    .brief_missed = true,
				    .tells_flags = links },
		[SOURCE_REPLAY] = { .in_order = true },
	};

	return &manners[source];
}

/* ---- equal ---- */

static const void *member(const struct event *event, enum event_field field)
{
	return (const char *)event + event_fields[field].offset;
}

static struct slice slice_at(const struct event *event, enum event_field field)
{
	return *(const struct slice *)member(event, field);
}

/* A number of any kind, such that order is kept. */
static int64_t number_at(const struct event *event, enum event_field field)
{
	const void *value = member(event, field);

	switch (event_fields[field].kind) {
	case KIND_U32:
	case KIND_FLAGS:
	case KIND_OCTAL:
		return *(const uint32_t *)value;
	case KIND_I32:
		return *(const int32_t *)value;
	default:
		return (int64_t)MIN(*(const uint64_t *)value, (uint64_t)INT64_MAX);
	}
}

static bool list_has(struct slice list, struct slice string)
{
	for (size_t at = 0; at < list.size;) {
		size_t size = strnlen(list.data + at, list.size - at);

		if (slice_eq((struct slice){ list.data + at, size }, string))
			return true;
		at += size + 1;
	}
	return false;
}

static bool all_in(struct slice list, struct slice others)
{
	for (size_t at = 0; at < list.size;) {
		size_t size = strnlen(list.data + at, list.size - at);

		if (!list_has(others, (struct slice){ list.data + at, size }))
			return false;
		at += size + 1;
	}
	return true;
}

static bool texts_match(const struct event *want, const struct event *event, enum event_field field)
{
	struct slice wanted = slice_at(want, field), got = slice_at(event, field);

	if (field == FIELD_CGROUP_V1) /* in any order */
		return all_in(wanted, got) && all_in(got, wanted);
	if (field == FIELD_ARGV && event_knows(event, FIELD_FLAGS) &&
	    event->flags & FLAG_ARGV_CUT) /* the NUL behind what was cut is not of the original */
		return got.size >= ARGV_KEPT && got.size <= wanted.size &&
		       memcmp(got.data, wanted.data, got.size - 1) == 0;
	return slice_eq(wanted, got);
}

/* Which execution it is, only the source can say: that it is unique is looked at elsewhere. */
static bool ids_match(const struct process_id *want, const struct process_id *got)
{
	return want->pid == got->pid && (!want->start || want->start == got->start);
}

static bool matches(const struct corpus_record *record, const struct event *event,
		    enum event_field field)
{
	const struct event *want = &record->want, *also = &record->also;
	bool has_also = event_knows(also, field);
	int64_t got;

	switch (event_fields[field].kind) {
	case KIND_BYTES:
	case KIND_LIST:
		return texts_match(want, event, field) ||
		       (has_also && texts_match(also, event, field));
	case KIND_ID:
		return ids_match(member(want, field), member(event, field));
	case KIND_DEVICE:
		return *(const uint64_t *)member(want, field) ==
		       *(const uint64_t *)member(event, field);
	default:
		got = number_at(event, field);
		if (!has_also)
			return got == number_at(want, field);
		return got >= number_at(want, field) && got <= number_at(also, field);
	}
}

/* ---- verdicts ---- */

bool source_promises(const struct source_class *source, enum event_field field)
{
	for (size_t i = 0; i < source->knows_count; i++)
		if (source->knows[i] == field)
			return true;
	return false;
}

/* True if the field may be of another moment: read from /proc when something brief was over. */
static bool may_be_late(const struct corpus_record *record, enum event_field field,
			const struct source_class *source)
{
	const struct source_manners *manners = source_manners(source->id);

	if (!manners->looks_late || field <= FIELD_PID)
		return false;
	for (size_t i = 0; manners->own[i] < FIELDS; i++)
		if (manners->own[i] == field)
			return false;
	return record->brief || (record->follows_brief && manners->brief_missed);
}

static enum verdict missing(const struct corpus_record *record, enum event_field field,
			    const struct source_class *source)
{
	if (record->want.type != EVENT_EXEC || !source_promises(source, field))
		return VERDICT_UNKNOWN;
	return may_be_late(record, field, source) ? VERDICT_UNKNOWN : VERDICT_ABSENT;
}

static enum verdict mistaken(const struct corpus_record *record, enum event_field field,
			     const struct source_class *source)
{
	return may_be_late(record, field, source) ? VERDICT_LATE : VERDICT_WRONG;
}

static enum verdict judge_flags(const struct corpus_record *record, const struct event *event,
				const struct source_class *source)
{
	uint32_t wanted = record->want.flags, got = event->flags & ~record->flags_free;

	/* Where a list is cut it says so, and nobody but this case asks for as much. */
	if (got & ~wanted)
		return (got & ~wanted & ~cut_flags) ? mistaken(record, FIELD_FLAGS, source)
						    : VERDICT_WRONG;
	wanted &= ~(got | record->flags_free);
	if (!wanted)
		return VERDICT_RIGHT;
	return wanted & source_manners(source->id)->tells_flags
		       ? mistaken(record, FIELD_FLAGS, source)
		       : VERDICT_UNKNOWN;
}

static enum verdict judge_empty(const struct corpus_record *record, const struct event *event,
				enum event_field field, const struct source_class *source)
{
	enum event_kind kind = event_fields[field].kind;
	bool empty = !event_knows(event, field);

	if (!empty && (kind == KIND_BYTES || kind == KIND_LIST))
		empty = slice_at(event, field).size == 0;
	return empty ? VERDICT_RIGHT : mistaken(record, field, source);
}

enum verdict self_test_judge(const struct corpus_record *record, const struct event *event,
			     enum event_field field, const struct source_class *source)
{
	if (record->empty[field / 64] >> field % 64 & 1)
		return judge_empty(record, event, field, source);
	if (!event_knows(event, field))
		return missing(record, field, source);
	if (!event_knows(&record->want, field))
		return VERDICT_RIGHT; /* nobody can say otherwise */
	if (field == FIELD_FLAGS)
		return judge_flags(record, event, source);
	return matches(record, event, field) ? VERDICT_RIGHT : mistaken(record, field, source);
}

/* ---- showing ---- */

static void show_bytes(struct text *text, struct slice bytes)
{
	size_t size = MIN(bytes.size, (size_t)SHOWN_BYTES);

	text_add_escaped(text, bytes.data ? bytes.data : "", size);
	if (size < bytes.size)
		text_addf(text, "... (%zu bytes)", bytes.size);
}

static void show_list(struct text *text, struct slice list)
{
	size_t shown = 0;

	for (size_t at = 0; at < list.size && shown < SHOWN_BYTES;) {
		size_t size = strnlen(list.data + at, list.size - at);

		text_add(text, at ? " \"" : "\"");
		show_bytes(text, (struct slice){ list.data + at, size });
		text_add(text, "\"");
		shown += size + 3;
		at += size + 1;
	}
	text_addf(text, " (%zu bytes)", list.size);
}

static void show_flags(struct text *text, uint32_t flags)
{
	bool first = true;

	for (size_t i = 0; i < FLAG_BITS; i++) {
		if (!(flags >> i & 1))
			continue;
		text_addf(text, "%s%s", first ? "" : " ", event_flags[i].name);
		first = false;
	}
	if (first)
		text_add(text, "none");
}

char *self_test_show(const struct event *event, enum event_field field)
{
	const void *value = member(event, field);
	char id[PROCESS_ID_TEXT];
	struct text text;

	text_init(&text);
	if (!event_knows(event, field)) {
		text_add(&text, "nothing");
		return text_take(&text);
	}
	switch (event_fields[field].kind) {
	case KIND_BYTES:
		show_bytes(&text, *(const struct slice *)value);
		break;
	case KIND_LIST:
		show_list(&text, *(const struct slice *)value);
		break;
	case KIND_ID:
		process_id_format(value, id);
		text_add(&text, id);
		break;
	case KIND_FLAGS:
		show_flags(&text, *(const uint32_t *)value);
		break;
	case KIND_OCTAL:
		text_addf(&text, "0%o", *(const uint32_t *)value);
		break;
	case KIND_DEVICE:
		text_addf(&text, "%u:%u", major(*(const uint64_t *)value),
			  minor(*(const uint64_t *)value));
		break;
	default:
		text_addf(&text, "%lld", (long long)number_at(event, field));
	}
	return text_take(&text);
}
