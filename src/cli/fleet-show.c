// SPDX-License-Identifier: MIT
#include "cli/fleet-show.h"

#include "util/host.h"

#include <time.h>

enum { MISTAKES_MOST = 3, CLOCKS_DIFFER = 60 };

static void line(const struct show *show, const char *label, const char *text)
{
	fprintf(show->out, "  %-18s", label);
	output_escaped(show->out, text);
	fputc('\n', show->out);
}

static char *joined(const json_t *words)
{
	struct text text;

	text_init(&text);
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		text_addf(&text, "%s%s", i > 0 ? ", " : "", word ? word : "?");
	}
	return text_take(&text);
}

/* Where it is wrong, or why it was refused. */
static void add_refusal(struct text *text, const json_t *refused)
{
	const json_t *mistakes = json_object_get(refused, "mistakes");

	if (json_array_size(mistakes) == 0)
		text_add(text, member_string(refused, "reason"));
	for (size_t i = 0; i < json_array_size(mistakes) && i < MISTAKES_MOST; i++) {
		const json_t *mistake = json_array_get(mistakes, i);

		text_addf(text, "%s%s:%llu:%llu: %s", i > 0 ? "; " : "",
			  member_string(mistake, "file"),
			  (unsigned long long)member_integer(mistake, "line"),
			  (unsigned long long)member_integer(mistake, "column"),
			  member_string(mistake, "message"));
	}
	if (json_array_size(mistakes) > MISTAKES_MOST)
		text_addf(text, "; and %zu more", json_array_size(mistakes) - MISTAKES_MOST);
}

static void show_refusal(const struct show *show, const json_t *refused)
{
	struct text text;

	text_init(&text);
	text_addf(&text,
		  "revision %llu: ", (unsigned long long)member_integer(refused, "revision"));
	add_refusal(&text, refused);
	line(show, "refused", text.data ? text.data : "");
	text_done(&text);
}

void fleet_show_member(const struct show *show, const json_t *fleet)
{
	_cleanup_(freep) char *labels = joined(json_object_get(fleet, "labels"));
	const char *trouble = member_string(fleet, "trouble");
	const char *unsaved = member_string(fleet, "unsaved");
	struct text text;

	text_init(&text);
	text_addf(&text, "%s, as %s%s%s", member_string(fleet, "state"),
		  member_string(fleet, "host"), labels && *labels ? ": " : "",
		  labels ? labels : "");
	line(show, "state", text.data ? text.data : "");
	text_done(&text);
	line(show, "etcd", member_string(fleet, "endpoint"));
	text_init(&text);
	text_addf(&text, "%zu documents, revision %llu%s",
		  json_array_size(json_object_get(fleet, "documents")),
		  (unsigned long long)member_integer(fleet, "applied"),
		  member_true(fleet, "left_out")
			  ? "; left out, as they do not go with our own files"
		  : member_integer(fleet, "applied") == 0 ? " (of the disk)"
							  : "");
	line(show, "in force", text.data ? text.data : "");
	text_done(&text);
	if (json_is_object(json_object_get(fleet, "refused")))
		show_refusal(show, json_object_get(fleet, "refused"));
	if (*unsaved)
		line(show, "on disk", unsaved);
	if (*trouble)
		line(show, "trouble", trouble);
}

/* ---- all of them ---- */

static void add_host(struct table *table, const json_t *host)
{
	_cleanup_(freep) char *labels = joined(json_object_get(host, "labels"));
	const json_t *refused = json_object_get(host, "refused");
	bool there = member_true(host, "there");
	struct text text;

	table_add_text(table, STYLE_NONE, member_string(host, "host"));
	table_add(table, there ? STYLE_GOOD : STYLE_BAD, "%s", there ? "there" : "away");
	table_add_text(table, STYLE_NONE, member_string(host, "version"));
	table_add_text(table, STYLE_NONE, labels ? labels : "");
	table_add(table, STYLE_NONE, "%llu", (unsigned long long)member_integer(host, "applied"));
	text_init(&text);
	if (json_is_object(refused)) {
		text_addf(&text, "%llu: ", (unsigned long long)member_integer(refused, "revision"));
		add_refusal(&text, refused);
	}
	table_add_text(table, STYLE_BAD, text.data ? text.data : "");
	text_done(&text);
}

static void show_hosts(const struct show *show, const json_t *hosts)
{
	static const struct column columns[] = {
		{ "host", false },   { "state", false },   { "version", false },
		{ "labels", false }, { "in force", true }, { "refuses", false },
	};
	struct table table;

	if (json_array_size(hosts) == 0) {
		fputs("no hosts\n", show->out);
		return;
	}
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(hosts); i++)
		add_host(&table, json_array_get(hosts, i));
	table_print(&table, 0, show->colour, show->out);
	table_done(&table);
}

/* By the clock of the machine that pushed, which may be wrong: then one of the two is. */
static void format_when(const json_t *push, char *when, size_t size)
{
	const json_int_t at = json_integer_value(json_object_get(push, "at"));
	const json_int_t now = (json_int_t)(clock_realtime() / UINT64_C(1000000000));
	const time_t seconds = (time_t)at;
	struct tm parts;
	size_t n = 0;

	if (localtime_r(&seconds, &parts))
		n = strftime(when, size, "%Y-%m-%d %H:%M:%S", &parts);
	snprintf(when + n, size - n, "%s",
		 n == 0			    ? "no time"
		 : at > now + CLOCKS_DIFFER ? " (by a clock ahead of ours)"
					    : "");
}

static void add_push(struct table *table, const json_t *push)
{
	char when[64];

	format_when(push, when, sizeof(when));
	table_add_text(table, STYLE_NONE, member_string(push, "document"));
	table_add(table, STYLE_NONE, "%llu", (unsigned long long)member_integer(push, "number"));
	table_add_text(table, STYLE_NONE, when);
	table_add_text(table, STYLE_NONE, member_string(push, "by"));
	if (member_true(push, "removed"))
		table_add_text(table, STYLE_NONE, "removed");
	else
		table_add(table, STYLE_NONE, "%llu%%",
			  (unsigned long long)member_integer(push, "percent"));
	table_add_text(table, STYLE_NONE, member_string(push, "message"));
}

void fleet_show(const struct show *show, const json_t *fleet)
{
	static const struct column columns[] = {
		{ "document", false }, { "number", true }, { "pushed", false },
		{ "by", false },       { "hosts", true },  { "message", false },
	};
	const json_t *pushes = json_object_get(fleet, "pushes");
	struct table table;

	show_hosts(show, json_object_get(fleet, "hosts"));
	if (json_array_size(pushes) == 0)
		return;
	fputc('\n', show->out);
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(pushes); i++)
		add_push(&table, json_array_get(pushes, i));
	table_print(&table, 0, show->colour, show->out);
	table_done(&table);
}
