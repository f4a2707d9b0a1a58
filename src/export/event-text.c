// SPDX-License-Identifier: MIT
/*
 * The usual line has five columns and then what matters of each type, by one function a type. Only
 * the column of the type has a colour, so that a line can be cut without looking for ends of
 * colours.
 */
#include "export/event-text.h"

#include "export/event-value.h"
#include "util/digits.h"
#include "util/units.h"

#include <signal.h>
#include <time.h>

enum {
	WIDTH_TIME = 12,
	WIDTH_TYPE = 8,
	WIDTH_PID = 7,
	WIDTH_USER = 10,
	WIDTH_CONTAINER = 12,
	ID_SHOWN = 12, /* of the 64 digits of a container's id, as its runtime shows them */
	ID_WHOLE = 64,
};

void event_text_init(struct event_text *format, const struct selection *selection, bool colour,
		     unsigned width)
{
	*format = (struct event_text){
		.selection = selection, .colour = colour, .width = width, .minute = UINT64_MAX
	};
}

/* Columns since `from`, continuation bytes of UTF-8 not counted. */
static size_t columns_since(const struct text *text, size_t from)
{
	size_t columns = 0;

	for (size_t i = from; i < text->size; i++)
		columns += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return columns;
}

/* Fills a column up and goes to the next one; what is longer moves the rest. */
static void pad(struct text *text, size_t from, size_t width)
{
	static const char blanks[] = "                                        ";
	size_t columns = columns_since(text, from);
	size_t missing = columns < width ? width - columns : 0;

	text_add_bytes(text, blanks, MIN(missing, sizeof(blanks) - 2) + 1);
}

/* HH:MM:SS.mmm, of which hours and minutes are kept: time zones change by whole minutes. */
static void add_clock(struct event_text *format, struct text *text, uint64_t ns)
{
	uint64_t ms = ns / 1000000;
	char rest[] = "00.000";

	if (ms / 60000 != format->minute) {
		time_t second = (time_t)(ms / 1000);
		struct tm tm;

		format->minute = ms / 60000;
		if (!localtime_r(&second, &tm) ||
		    strftime(format->minute_text, sizeof(format->minute_text), "%H:%M:", &tm) == 0)
			snprintf(format->minute_text, sizeof(format->minute_text), "??:??:");
	}
	digits_fixed(ms / 1000 % 60, 2, rest);
	digits_fixed(ms % 1000, 3, rest + 3);
	text_add(text, format->minute_text);
	text_add(text, rest);
}

static void add_container(struct text *text, const struct event *event)
{
	struct slice id = event->container_id;

	if (!event_knows(event, FIELD_CONTAINER_RUNTIME)) {
		text_add(text, "?");
	} else if (event->container_runtime.size == 0) {
		text_add(text, "-");
	} else if (event_knows(event, FIELD_CONTAINER_ID)) {
		if (id.size == ID_WHOLE)
			id.size = ID_SHOWN;
		text_add_escaped(text, id.data, id.size);
	} else {
		text_add_escaped(text, event->container_runtime.data,
				 event->container_runtime.size);
	}
}

static void add_user(struct text *text, const struct event *event)
{
	event_value_add(text, event,
			event_knows(event, FIELD_USER) && event->user.size > 0 ? FIELD_USER
									       : FIELD_UID);
}

/* The program, as well as it is known. */
static void add_program(struct text *text, const struct event *event)
{
	static const uint8_t names[] = { FIELD_EXE, FIELD_FILENAME, FIELD_COMM };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct slice *name =
			(const void *)((const char *)event + event_fields[names[i]].offset);

		if (event_knows(event, names[i]) && name->size > 0) {
			event_word_add(text, *name);
			return;
		}
	}
	text_add(text, "?");
}

static void add_exec(struct text *text, const struct event *event)
{
	size_t before;

	add_program(text, event);
	if (!event_knows(event, FIELD_ARGV))
		return;
	text_add(text, " ");
	before = text->size;
	event_words_add(text, event->argv, 1);
	if (text->size == before && before > 0 && !text->failed)
		text->data[--text->size] = '\0';
	if (event_knows(event, FIELD_FLAGS) && event->flags & FLAG_ARGV_CUT)
		text_add(text, " ...");
}

static void add_fork(struct text *text, const struct event *event)
{
	add_program(text, event);
	if (event_knows(event, FIELD_PPID))
		text_addf(text, " from %u", event->ppid);
}

static void add_signal(struct text *text, uint32_t number)
{
	const char *name = number < NSIG ? sigabbrev_np((int)number) : NULL;

	if (name)
		text_addf(text, "SIG%s", name);
	else
		text_addf(text, "signal %u", number);
}

static void add_exit(struct text *text, const struct event *event)
{
	bool inferred = event_knows(event, FIELD_FLAGS) && event->flags & FLAG_INFERRED;
	char buffer[64];

	add_program(text, event);
	text_add(text, inferred ? " gone, unseen" : "");
	if (event_knows(event, FIELD_SIGNAL) && event->signal) {
		text_add(text, " ");
		add_signal(text, event->signal);
	} else if (event_knows(event, FIELD_EXIT_CODE)) {
		text_addf(text, " exit %d", event->exit_code);
	}
	if (event_knows(event, FIELD_FLAGS) && event->flags & FLAG_CORE)
		text_add(text, " core dumped");
	if (event_knows(event, FIELD_DURATION))
		text_addf(text, " after %s",
			  format_duration(event->duration, buffer, sizeof(buffer)));
	if (event_knows(event, FIELD_USER_TIME) && event_knows(event, FIELD_SYSTEM_TIME))
		text_addf(text, ", %s cpu",
			  format_duration(event->user_time + event->system_time, buffer,
					  sizeof(buffer)));
}

static void add_ids(struct text *text, const struct event *event)
{
	static const uint8_t users[] = { FIELD_UID, FIELD_EUID, FIELD_SUID };
	static const uint8_t groups[] = { FIELD_GID, FIELD_EGID, FIELD_SGID };
	const uint8_t *fields = event->type == EVENT_SETUID ? users : groups;

	add_program(text, event);
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		if (!event_knows(event, fields[i]))
			continue;
		text_addf(text, " %s ", event_fields[fields[i]].name);
		event_value_add(text, event, fields[i]);
	}
}

static void add_chdir(struct text *text, const struct event *event)
{
	add_program(text, event);
	text_add(text, " in ");
	event_value_add(text, event, FIELD_CWD);
}

static void add_coredump(struct text *text, const struct event *event)
{
	add_program(text, event);
	if (!event_knows(event, FIELD_SIGNAL))
		return;
	text_add(text, " ");
	add_signal(text, event->signal);
}

static void add_failed(struct text *text, const struct event *event)
{
	const char *name = event_knows(event, FIELD_ERROR) ? strerrorname_np(event->error) : NULL;

	if (name)
		text_add(text, name);
	else
		event_value_add(text, event, FIELD_ERROR);
	text_add(text, " ");
	if (event_knows(event, FIELD_FILENAME))
		event_word_add(text, event->filename);
	else
		text_add(text, "?");
	text_add(text, " by ");
	if (event_knows(event, FIELD_EXE) || event_knows(event, FIELD_COMM))
		event_value_add(text, event,
				event_knows(event, FIELD_EXE) ? FIELD_EXE : FIELD_COMM);
	else
		text_add(text, "?");
}

static void add_gap(struct text *text, const struct event *event)
{
	if (event_knows(event, FIELD_LOST))
		text_addf(text, "%llu events lost by ", (unsigned long long)event->lost);
	else
		text_add(text, "events lost by ");
	text_add(text, event_sources[event->source]);
	if (event_knows(event, FIELD_REASON)) {
		text_add(text, ": ");
		event_value_add(text, event, FIELD_REASON);
	}
}

static void add_source(struct text *text, const struct event *event)
{
	text_add(text, event_sources[event->source]);
	text_add(text, ": ");
	event_value_add(text, event, FIELD_REASON);
}

#define RED	"\033[31m"
#define GREEN	"\033[32m"
#define YELLOW	"\033[33m"
#define BLUE	"\033[34m"
#define MAGENTA "\033[35m"
#define CYAN	"\033[36m"
#define BOLD	"\033[1;31m"
#define PLAIN	"\033[0m"

static const struct {
	const char *colour;
	void (*add)(struct text *text, const struct event *event);
} types[EVENT_TYPES] = {
	[EVENT_EXEC] = { GREEN, add_exec },	 [EVENT_FORK] = { CYAN, add_fork },
	[EVENT_EXIT] = { BLUE, add_exit },	 [EVENT_SETUID] = { MAGENTA, add_ids },
	[EVENT_SETGID] = { MAGENTA, add_ids },	 [EVENT_CHDIR] = { CYAN, add_chdir },
	[EVENT_OOM] = { BOLD, add_program },	 [EVENT_COREDUMP] = { RED, add_coredump },
	[EVENT_FAILED] = { YELLOW, add_failed }, [EVENT_RUNNING] = { PLAIN, add_exec },
	[EVENT_GAP] = { BOLD, add_gap },	 [EVENT_SOURCE] = { YELLOW, add_source },
};

/* An exit that is no success stands out. */
static const char *colour_of(const struct event *event)
{
	if (event->type == EVENT_EXIT && event_knows(event, FIELD_SIGNAL) && event->signal)
		return RED;
	if (event->type == EVENT_EXIT && event_knows(event, FIELD_EXIT_CODE) && event->exit_code)
		return YELLOW;
	return types[event->type].colour;
}

static void add_type(const struct event_text *format, struct text *text, const struct event *event)
{
	const char *name = event_types[event->type].name;

	if (format->colour)
		text_add(text, colour_of(event));
	text_add(text, name);
	if (format->colour)
		text_add(text, PLAIN);
	for (size_t size = strlen(name); size <= WIDTH_TYPE; size++)
		text_add(text, " ");
}

static void add_usual(struct event_text *format, struct text *text, const struct event *event)
{
	size_t from = text->size;

	if (event_knows(event, FIELD_TIME))
		add_clock(format, text, event->time);
	pad(text, from, WIDTH_TIME);
	add_type(format, text, event);
	if (event->type == EVENT_GAP || event->type == EVENT_SOURCE) {
		types[event->type].add(text, event);
		return;
	}
	from = text->size;
	event_value_add(text, event, FIELD_PID);
	pad(text, from, WIDTH_PID);
	from = text->size;
	add_user(text, event);
	pad(text, from, WIDTH_USER);
	from = text->size;
	add_container(text, event);
	pad(text, from, WIDTH_CONTAINER);
	types[event->type].add(text, event);
}

/* How wide a column of a field is. */
static size_t width_of(enum event_field field)
{
	static const uint8_t widths[] = {
		[KIND_U32] = 7,	   [KIND_U64] = 10,   [KIND_I32] = 6,		[KIND_TIME] = 14,
		[KIND_BYTES] = 20, [KIND_LIST] = 30,  [KIND_ID] = 36,		[KIND_FLAGS] = 12,
		[KIND_OCTAL] = 7,  [KIND_DEVICE] = 7, [KIND_CAPABILITIES] = 16,
	};
	size_t width = field == FIELD_TIME ? WIDTH_TIME : widths[event_fields[field].kind];

	return MAX(width, strlen(event_fields[field].name));
}

/* The columns of a selection; `event` is NULL for their names. */
static void add_selected(struct event_text *format, struct text *text, const struct event *event)
{
	const struct selection *selection = format->selection;
	size_t from;

	if (selection->type && event)
		add_type(format, text, event);
	else if (selection->type)
		text_addf(text, "%-*s ", WIDTH_TYPE, "type");
	if (selection->source)
		text_addf(text, "%-9s ", event ? event_sources[event->source] : "source");
	for (size_t i = 0; i < FIELDS; i++) {
		if (!selection_has(selection, i))
			continue;
		from = text->size;
		if (!event)
			text_add(text, event_fields[i].name);
		else if (i == FIELD_TIME && event_knows(event, i))
			add_clock(format, text, event->time);
		else
			event_value_add(text, event, i);
		pad(text, from, width_of(i));
	}
}

/* Ends the line, without the blanks at its end, in so many columns. */
static void finish(const struct event_text *format, struct text *text, size_t start)
{
	size_t columns = 0;

	if (text->failed)
		return;
	while (text->size > start && text->data[text->size - 1] == ' ')
		text->size--;
	for (size_t i = start; format->width > 0 && i < text->size; i++) {
		if (text->data[i] == '\033') {
			i += strcspn(text->data + i, "m"); /* a colour of ours */
			continue;
		}
		if (((unsigned char)text->data[i] & 0xc0) == 0x80 || ++columns < format->width)
			continue;
		/* This one fills the line: if there is more, a sign of it stands in its place. */
		if (columns_since(text, i) > 1) {
			text->size = i;
			text_add(text, format->colour ? "…" PLAIN : "…");
		}
		break;
	}
	text_add(text, "\n");
}

static int end_or_drop(struct text *text, size_t start)
{
	if (!text->failed)
		return 0;
	text->size = start;
	if (text->data)
		text->data[start] = '\0';
	return -ENOMEM;
}

int event_text_header(const struct event_text *format, struct text *text)
{
	struct event_text copy = *format;
	size_t start = text->size;

	if (format->selection)
		add_selected(&copy, text, NULL);
	else
		text_addf(text, "%-*s %-*s %-*s %-*s %-*s %s", WIDTH_TIME, "TIME", WIDTH_TYPE,
			  "TYPE", WIDTH_PID, "PID", WIDTH_USER, "USER", WIDTH_CONTAINER,
			  "CONTAINER", "WHAT");
	finish(format, text, start);
	return end_or_drop(text, start);
}

int event_text_add(struct event_text *format, const struct event *event, struct text *text)
{
	size_t start = text->size;

	if (format->selection)
		add_selected(format, text, event);
	else
		add_usual(format, text, event);
	finish(format, text, start);
	return end_or_drop(text, start);
}
