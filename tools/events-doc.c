// SPDX-License-Identifier: MIT
/*
 * The tables of docs/events.md, from the tables that the code is made of.
 *
 * usage: events-doc FILE            prints the file with its tables renewed
 *        events-doc --check FILE    prints TAP: are they what they must be?
 *
 * What stands between the two lines of comment below is the program's; the rest is written by hand.
 */
#include "export/event-json.h"
#include "source/source.h"
#include "util/fd.h"

#include <fcntl.h>

#define BEGIN "<!-- from here on by `make docs` -->\n"
#define END   "<!-- up to here -->\n"

/* An execution, as the JSON that it is told in. */
static void add_example(struct text *text)
{
	static const char argv[] = "python3\0-m\0http.server";
	static const char id[] = "b8a9c2f0d7e34c0f9a51b1f0c6a2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4";
	struct event_json json;
	struct event event;

	event_init(&event, EVENT_EXEC, SOURCE_BPF);
	event_set(&event, TIME, time, UINT64_C(1795331743123456789));
	event_set(&event, BOOTTIME, boottime, UINT64_C(3862540123456));
	event_set(&event, PID, pid, 4711);
	event_set(&event, PPID, ppid, 4690);
	event_set(&event, EXEC_ID, exec_id, (struct process_id){ 0x3f2a9c10, 4711, 0x5e3c1, 2 });
	event_set(&event, PARENT_ID, parent_id,
		  (struct process_id){ 0x3f2a9c10, 4690, 0x5e3bf, 7 });
	event_set(&event, EXE, exe, slice_of("/usr/bin/python3.11"));
	event_set(&event, FILENAME, filename, slice_of("/usr/bin/python3"));
	event_set(&event, ARGV, argv, (struct slice){ argv, sizeof(argv) });
	event_set(&event, CWD, cwd, slice_of("/srv/caf\xe9\\new"));
	event_set(&event, UID, uid, 1000);
	event_set(&event, USER, user, slice_of("alice"));
	event_set(&event, DEV, dev, 0x801);
	event_set(&event, MODE, mode, 0100755);
	event_flag(&event, FLAG_UPPER);
	event_set(&event, CGROUP, cgroup, slice_of("/system.slice/docker-b8a9c2f0d7e3….scope"));
	event_set(&event, CONTAINER_RUNTIME, container_runtime, slice_of("docker"));
	event_set(&event, CONTAINER_ID, container_id, slice_of(id));
	event_json_init(&json, NULL);
	text_add(text, "## An example\n\nIn one line; here it is folded.\n\n```json\n");
	(void)event_json_add(&json, &event, text);
	/* Folded before some of the keys. */
	for (size_t i = 0, column = 0; i < text->size; i++, column++) {
		if (text->data[i] == '\n')
			column = 0;
		if (column > 80 && text->data[i] == ',' && text->data[i + 1] == '"') {
			_cleanup_(freep) char *rest = strdup(text->data + i + 1);

			if (!rest)
				exit(EXIT_FAILURE);
			text->size = i + 1;
			text_addf(text, "\n %s", rest);
			column = 0;
		}
	}
	text_add(text, "```\n");
}

static void add_types(struct text *text)
{
	text_add(text, "\n## Types\n\n| type | what happened | told by |\n|---|---|---|\n");
	for (size_t i = 0; i < EVENT_TYPES; i++) {
		bool first = true;

		text_addf(text, "| `%s` | %s | ", event_types[i].name, event_types[i].text);
		for (size_t j = 0; j < source_class_count; j++) {
			const struct source_class *class = source_classes[j];

			if (class->id == SOURCE_REPLAY || !(class->types & EVENT_BIT(i)))
				continue;
			text_addf(text, "%s%s", first ? "" : " ", class->name);
			first = false;
		}
		/* reeve's own records */
		if (i == EVENT_RUNNING || i == EVENT_GAP || i == EVENT_SOURCE)
			text_add(text, first ? "reeve" : " reeve");
		else if (first)
			text_add(text, "no source yet");
		text_add(text, " |\n");
	}
}

static const char *form_of(enum event_field field)
{
	static const char *const forms[] = {
		[KIND_U32] = "number",
		[KIND_U64] = "number",
		[KIND_I32] = "number",
		[KIND_TIME] = "number",
		[KIND_BYTES] = "string",
		[KIND_LIST] = "array of strings",
		[KIND_ID] = "id",
		[KIND_FLAGS] = "array of names",
		[KIND_OCTAL] = "octal",
		[KIND_DEVICE] = "major:minor",
		[KIND_CAPABILITIES] = "array of names",
	};

	if (field == FIELD_TIME)
		return "RFC 3339";
	return field == FIELD_CGROUP_V1 ? "object" : forms[event_fields[field].kind];
}

static bool knows(const struct source_class *class, enum event_field field)
{
	for (size_t i = 0; i < class->knows_count; i++)
		if (class->knows[i] == field)
			return true;
	return false;
}

static void add_known_by(struct text *text, enum event_field field)
{
	bool first = true;

	for (size_t i = 0; i < source_class_count; i++) {
		if (source_classes[i]->id == SOURCE_REPLAY || !knows(source_classes[i], field))
			continue;
		text_addf(text, "%s%s", first ? "" : " ", source_classes[i]->name);
		first = false;
	}
}

static void add_fields(struct text *text)
{
	text_add(text,
		 "\n## Fields\n\n"
		 "The last column names the sources that can know the field of an execution "
		 "themselves. Fields that none of them knows\nare of other types of events, or "
		 "added by reeve.\n\n"
		 "| field | form | unit | what it says | sources |\n|---|---|---|---|---|\n"
		 "| `type` | string | | what happened, see above | |\n"
		 "| `source` | string | | who told it, see above | |\n");
	for (size_t i = 0; i < FIELDS; i++) {
		text_addf(text, "| `%s` | %s | %s | %s | ", event_fields[i].name, form_of(i),
			  i == FIELD_TIME ? "" : event_fields[i].unit, event_fields[i].text);
		add_known_by(text, i);
		text_add(text, " |\n");
	}
}

static void add_flags(struct text *text)
{
	text_add(text, "\n## Flags\n\n| flag | what is so |\n|---|---|\n");
	for (size_t i = 0; i < FLAG_BITS; i++)
		text_addf(text, "| `%s` | %s |\n", event_flags[i].name, event_flags[i].text);
}

/* The file with its tables renewed, or NULL. */
static char *renew(const char *old)
{
	const char *begin = strstr(old, BEGIN), *end = begin ? strstr(begin, END) : NULL;
	struct text text = { 0 };

	if (!end)
		return NULL;
	begin += strlen(BEGIN);
	text_add_bytes(&text, old, (size_t)(begin - old));
	add_example(&text);
	add_types(&text);
	add_fields(&text);
	add_flags(&text);
	text_add(&text, end);
	return text_take(&text);
}

int main(int argc, char **argv)
{
	bool check = argc > 1 && streq(argv[1], "--check");
	const char *path = argc == 2 + check ? argv[1 + check] : NULL;
	_cleanup_(freep) char *old = NULL, *new = NULL;
	size_t size;

	if (!path || file_read_at(AT_FDCWD, path, 1 << 20, &old, &size) < 0) {
		fprintf(stderr, "usage: events-doc [--check] FILE\n");
		return EXIT_FAILURE;
	}
	new = renew(old);
	if (check)
		printf("%s 1 %s has the tables of the code%s\n1..1\n",
		       new &&streq(new, old) ? "ok" : "not ok", path,
		       new &&streq(new, old) ? "" : "\n# `make docs` renews them");
	else
		printf("%s", new ? new : "");
	return new && (!check || streq(new, old)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
