// SPDX-License-Identifier: MIT
/*
 * A list is made by a scan, also where a table is kept: the table has what it needs to follow
 * processes, a scan all that can be known of them. The table adds since when each is known.
 */
#include "core/processes.h"

#include "core/enrich.h"
#include "export/event-json.h"
#include "source/scan-processes.h"

struct row {
	uint32_t pid;
	json_t *object;
};

struct list {
	const struct process_list_options *options;
	struct enricher *enricher;
	struct event_json json;
	struct text line;
	uint64_t now; /* boottime */
	struct row *rows;
	size_t count, room;
	bool failed;
};

/* ---- placement ---- */

/* How much of `path` is the group's: its length, when the path is the group or below it. */
static size_t is_below(struct slice path, const char *group)
{
	size_t size = group ? strlen(group) : 0;

	if (size == 0 || path.size < size || memcmp(path.data, group, size) != 0)
		return 0;
	return path.size == size || path.data[size] == '/' ? size : 0;
}

/* Where the process is in a hierarchy. */
static struct slice path_in(const struct hierarchy *hierarchy, struct slice v2, struct slice v1)
{
	size_t name = strlen(hierarchy->name);
	const char *at = v1.data, *end = v1.data + v1.size;

	if (hierarchy->v2)
		return v2;
	while (at && at < end) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (size > name && at[name] == ':' && memcmp(at, hierarchy->name, name) == 0)
			return (struct slice){ at + name + 1, size - name - 1 };
		at += size + 1;
	}
	return (struct slice){ 0 };
}

const char *placement_of(const struct layout *layout, struct groups *groups, struct slice v2,
			 struct slice v1)
{
	const char *found = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *hierarchy = &layout->hierarchies[i];
		struct slice path = path_in(hierarchy, v2, v1);

		for (size_t j = 0; path.size > 0 && j < groups_count(groups); j++) {
			const struct group *group = groups_at(groups, j);
			size_t size = is_below(path, group_path(group, hierarchy));

			if (size > longest) {
				longest = size;
				found = group_name(group);
			}
		}
	}
	return found;
}

/* ---- rows ---- */

static json_t *known_since(const struct list *list, uint32_t pid)
{
	struct observer *observer = list->options->observer;
	const struct process_table *table = observer ? observer_table(observer) : NULL;
	const struct process *process = table ? process_table_find(table, pid) : NULL;

	if (!process)
		return json_pack("{s:s, s:s, s:I}", "type", event_types[EVENT_RUNNING].name,
				 "source", event_sources[SOURCE_PROCFS], "boottime",
				 (json_int_t)list->now);
	return json_pack("{s:s, s:s, s:I}", "type", event_types[process->since].name, "source",
			 event_sources[process->source], "boottime", (json_int_t)process->since_ns);
}

static json_t *placement_to_json(const struct list *list, const struct event *event)
{
	static const struct slice none;
	const char *name = NULL;

	if (list->options->groups)
		name = placement_of(list->options->layout, list->options->groups,
				    event_knows(event, FIELD_CGROUP) ? event->cgroup : none,
				    event_knows(event, FIELD_CGROUP_V1) ? event->cgroup_v1 : none);
	return name ? json_string(name) : json_null();
}

static json_t *event_to_json(struct list *list, const struct event *event)
{
	json_t *object;

	list->line.size = 0;
	if (event_json_add(&list->json, event, &list->line) < 0)
		return NULL;
	object = json_loadb(list->line.data, list->line.size, 0, NULL);
	if (!object)
		return NULL;
	if (event_knows(event, FIELD_START))
		json_object_set_new(object, "age",
				    json_integer((json_int_t)(list->now - event->start)));
	json_object_set_new(object, "placement", placement_to_json(list, event));
	json_object_set_new(object, "known", known_since(list, event->pid));
	return object;
}

static void add_row(struct list *list, const struct event *event)
{
	size_t room = list->room ? list->room * 2 : 256;
	struct row *larger;

	if (list->count == list->room) {
		larger = reallocarray(list->rows, room, sizeof(*larger));
		if (!larger) {
			list->failed = true;
			return;
		}
		list->rows = larger;
		list->room = room;
	}
	list->rows[list->count] = (struct row){ event->pid, event_to_json(list, event) };
	if (list->rows[list->count].object)
		list->count++;
	else
		list->failed = true;
}

static void on_scanned(struct event *event, void *userdata)
{
	struct list *list = userdata;

	if (!list->options->observer) {
		enrich_container(list->enricher, event);
		enrich_names(list->enricher, event, list->now);
	}
	if (!list->failed && event_knows(event, FIELD_PID))
		add_row(list, event);
}

static int scan(struct list *list, struct error *err)
{
	const struct event_sink sink = { on_scanned, list };
	const struct process_scan_options options = { .host = list->options->host, .sink = sink };
	struct process_scan_result result;

	if (list->options->observer)
		return observer_list(list->options->observer, &sink, err);
	if (enricher_new(list->options->host->root, &list->enricher) < 0)
		return error_oom(err);
	return scan_processes(&options, &result, err);
}

static int by_pid(const void *a, const void *b)
{
	uint32_t first = ((const struct row *)a)->pid, second = ((const struct row *)b)->pid;

	return (first > second) - (first < second);
}

int process_list(const struct process_list_options *options, json_t **ret_list, struct error *err)
{
	struct list list = { .options = options, .now = clock_boottime() };
	json_t *array = json_array();
	int r;

	event_json_init(&list.json, NULL);
	text_init(&list.line);
	r = array ? scan(&list, err) : error_oom(err);
	if (r >= 0 && list.failed)
		r = error_oom(err);
	if (list.count > 0)
		qsort(list.rows, list.count, sizeof(*list.rows), by_pid);
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, list.rows[i].object);
	free(list.rows);
	text_done(&list.line);
	enricher_free(list.enricher);
	if (r < 0) {
		json_decref(array);
		return r;
	}
	*ret_list = array;
	return 0;
}
