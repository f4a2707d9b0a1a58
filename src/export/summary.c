// SPDX-License-Identifier: MIT
/* A hash table of programs by name, and two orders of it when it is shown. */
#include "export/summary.h"

#include "util/hash.h"
#include "util/units.h"

struct program {
	struct slice name; /* behind it; size 0: the rest */
	uint64_t executions, failed, ended;
	uint64_t processor, elapsed; /* ns */
};

struct summary {
	struct hash by_name;
	struct program **programs;
	size_t count, room;
	struct program rest;
	uint64_t executions, failed, ended, lost, gaps;
};

int summary_new(struct summary **ret_summary)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (!summary)
		return -ENOMEM;
	hash_init(&summary->by_name);
	*ret_summary = summary;
	return 0;
}

void summary_free(struct summary *summary)
{
	if (!summary)
		return;
	for (size_t i = 0; i < summary->count; i++)
		free(summary->programs[i]);
	free(summary->programs);
	hash_done(&summary->by_name);
	free(summary);
}

static bool grow(struct summary *summary)
{
	size_t room = summary->room ? summary->room * 2 : 64;
	struct program **programs;

	if (summary->count < summary->room)
		return true;
	programs = realloc(summary->programs, room * sizeof(struct program *));
	if (!programs)
		return false;
	summary->programs = programs;
	summary->room = room;
	return true;
}

static struct program *program_of(struct summary *summary, struct slice name)
{
	struct program *program = hash_get(&summary->by_name, name.data, name.size);

	if (program)
		return program;
	if (summary->count >= SUMMARY_PROGRAMS || !grow(summary))
		return &summary->rest;
	program = calloc(1, sizeof(*program) + name.size);
	if (!program)
		return &summary->rest;
	program->name = (struct slice){ memcpy(program + 1, name.data, name.size), name.size };
	if (hash_put(&summary->by_name, program->name.data, name.size, program, NULL) < 0) {
		free(program);
		return &summary->rest;
	}
	summary->programs[summary->count++] = program;
	return program;
}

/* What the event says that ran, or was to run. */
static struct slice name_of(const struct event *event)
{
	if (event->type == EVENT_FAILED && event_knows(event, FIELD_FILENAME) &&
	    event->filename.size > 0)
		return event->filename;
	if (event_knows(event, FIELD_EXE) && event->exe.size > 0)
		return event->exe;
	if (event_knows(event, FIELD_FILENAME) && event->filename.size > 0)
		return event->filename;
	if (event_knows(event, FIELD_COMM) && event->comm.size > 0)
		return event->comm;
	return slice_of("?");
}

static void add_end(struct program *program, const struct event *event)
{
	program->ended++;
	if (event_knows(event, FIELD_USER_TIME))
		program->processor += event->user_time;
	if (event_knows(event, FIELD_SYSTEM_TIME))
		program->processor += event->system_time;
	if (event_knows(event, FIELD_DURATION))
		program->elapsed += event->duration;
}

void summary_add(struct summary *summary, const struct event *event)
{
	switch (event->type) {
	case EVENT_EXEC:
		summary->executions++;
		program_of(summary, name_of(event))->executions++;
		break;
	case EVENT_FAILED:
		summary->failed++;
		program_of(summary, name_of(event))->failed++;
		break;
	case EVENT_EXIT:
		summary->ended++;
		add_end(program_of(summary, name_of(event)), event);
		break;
	case EVENT_GAP:
		summary->gaps++;
		if (event_knows(event, FIELD_LOST))
			summary->lost += event->lost;
		break;
	default:
		break;
	}
}

static int by_name(const struct program *a, const struct program *b)
{
	size_t size = MIN(a->name.size, b->name.size);
	int order = memcmp(a->name.data, b->name.data, size);

	return order ? order : (a->name.size > b->name.size) - (a->name.size < b->name.size);
}

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_count(const void *a, const void *b)
{
	const struct program *left = *(const struct program *const *)a;
	const struct program *right = *(const struct program *const *)b;
	int order = descending(left->executions, right->executions);

	order = order ? order : descending(left->failed, right->failed);
	return order ? order : by_name(left, right);
}

static int by_time(const void *a, const void *b)
{
	const struct program *left = *(const struct program *const *)a;
	const struct program *right = *(const struct program *const *)b;
	int order = descending(left->processor, right->processor);

	order = order ? order : descending(left->elapsed, right->elapsed);
	return order ? order : by_name(left, right);
}

static bool has_count(const struct program *program)
{
	return program->executions || program->failed;
}

static bool has_time(const struct program *program)
{
	return program->ended > 0;
}

/* The two tables. */
static const struct view {
	const char *title, *name;
	int (*order)(const void *a, const void *b);
	bool (*shown)(const struct program *program);
} views[] = {
	{ "Programs by number of executions", "by_count", by_count, has_count },
	{ "Programs by processor time", "by_time", by_time, has_time },
};

typedef void (*row_fn)(struct text *text, const struct program *program, bool first);

static int add_rows(const struct summary *summary, const struct view *view, size_t top, row_fn add,
		    struct text *text)
{
	_cleanup_(freep) struct program **sorted =
		malloc((summary->count + 1) * sizeof(struct program *));
	size_t shown = 0;

	if (!sorted) {
		text->failed = true;
		return -ENOMEM;
	}
	for (size_t i = 0; i < summary->count; i++)
		sorted[i] = summary->programs[i];
	qsort(sorted, summary->count, sizeof(struct program *), view->order);
	for (size_t i = 0; i < summary->count && shown < top; i++)
		if (view->shown(sorted[i]))
			add(text, sorted[i], shown++ == 0);
	if (view->shown(&summary->rest))
		add(text, &summary->rest, shown == 0);
	return text->failed ? -ENOMEM : 0;
}

static void add_row(struct text *text, const struct program *program, bool first)
{
	char processor[32], elapsed[32];

	text_addf(text, "%10llu %8llu %8llu %10s %10s  ", (unsigned long long)program->executions,
		  (unsigned long long)program->failed, (unsigned long long)program->ended,
		  format_duration(program->processor, processor, sizeof(processor)),
		  format_duration(program->elapsed, elapsed, sizeof(elapsed)));
	if (program->name.size > 0)
		text_add_escaped(text, program->name.data, program->name.size);
	else
		text_add(text, "(all others)");
	text_add(text, "\n");
}

int summary_text(const struct summary *summary, size_t top, struct text *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		int r;

		text_addf(text, "%s%s\n%10s %8s %8s %10s %10s  %s\n", i ? "\n" : "", views[i].title,
			  "EXECUTIONS", "FAILED", "ENDED", "CPU", "ELAPSED", "PROGRAM");
		r = add_rows(summary, &views[i], top, add_row, text);
		if (r < 0)
			return r;
	}
	text_addf(text, "\n%llu executions, %llu failed, %llu processes ended, %zu programs\n",
		  (unsigned long long)summary->executions, (unsigned long long)summary->failed,
		  (unsigned long long)summary->ended, summary->count);
	if (summary->gaps)
		text_addf(text, "in %llu gaps at least %llu events were lost\n",
			  (unsigned long long)summary->gaps, (unsigned long long)summary->lost);
	return text->failed ? -ENOMEM : 0;
}

/* Bytes as in event-json.h, but for controls, which are \xNN as well. */
static void add_json_string(struct text *text, struct slice string)
{
	_cleanup_(text_done) struct text safe = { 0 };

	text_add_escaped(&safe, string.data, string.size);
	text->failed |= safe.failed;
	text_add(text, "\"");
	for (size_t i = 0; i < safe.size; i++) {
		if (safe.data[i] == '"' || safe.data[i] == '\\')
			text_add(text, "\\");
		text_add_bytes(text, safe.data + i, 1);
	}
	text_add(text, "\"");
}

static void add_json_row(struct text *text, const struct program *program, bool first)
{
	text_add(text, first ? "{\"exe\":" : ",{\"exe\":");
	if (program->name.size > 0)
		add_json_string(text, program->name);
	else
		text_add(text, "null");
	text_addf(text,
		  ",\"executions\":%llu,\"failed\":%llu,\"ended\":%llu,\"processor_time\":%llu,"
		  "\"duration\":%llu}",
		  (unsigned long long)program->executions, (unsigned long long)program->failed,
		  (unsigned long long)program->ended, (unsigned long long)program->processor,
		  (unsigned long long)program->elapsed);
}

int summary_json(const struct summary *summary, size_t top, struct text *text)
{
	text_addf(text,
		  "{\"executions\":%llu,\"failed\":%llu,\"ended\":%llu,\"programs\":%zu,"
		  "\"gaps\":%llu,\"lost\":%llu",
		  (unsigned long long)summary->executions, (unsigned long long)summary->failed,
		  (unsigned long long)summary->ended, summary->count,
		  (unsigned long long)summary->gaps, (unsigned long long)summary->lost);
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		int r;

		text_addf(text, ",\"%s\":[", views[i].name);
		r = add_rows(summary, &views[i], top, add_json_row, text);
		if (r < 0)
			return r;
		text_add(text, "]");
	}
	text_add(text, "}\n");
	return text->failed ? -ENOMEM : 0;
}
