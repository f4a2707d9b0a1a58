// SPDX-License-Identifier: MIT
/*
 * reeve ps: every process, the group of reeve that it is in, its container, and since when it is
 * known. The daemon is asked where one runs; else /proc, and the groups that the last one recorded.
 */
#include "cli/commands.h"

#include "cgroup/groups.h"
#include "cli/control.h"
#include "cli/output.h"
#include "core/processes.h"
#include "util/units.h"

enum { DEPTH_MAX = 64 };

/* ---- the list ---- */

/* The groups of an instance that does not run, where its record can be read. */
static struct groups *recorded_groups(const struct cli *cli, const struct layout *layout)
{
	_cleanup_(freep) char *name = groups_recorded_name(cli->runtime_dir);
	struct groups *groups = NULL;

	if (!name || !layout || groups_open(layout, name, cli->runtime_dir, &groups, NULL) < 0)
		return NULL;
	return groups;
}

static int list_local(const struct cli *cli, json_t **ret_list, struct error *err)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(layout_freep) struct layout *layout = NULL;
	_cleanup_(groups_freep) struct groups *groups = NULL;
	struct process_list_options options = { 0 };
	int r = host_new(&host, err);

	if (r < 0)
		return r;
	/* Without control groups there are no placements, but processes all the same. */
	if (layout_detect(host, &layout, NULL) >= 0)
		groups = recorded_groups(cli, layout);
	options.host = host;
	options.layout = layout;
	options.groups = groups;
	return process_list(&options, ret_list, err);
}

static int list_of_daemon(struct control *control, json_t **ret_list, struct error *err)
{
	json_t *reply = NULL;
	int r = control_call(control, "ListProcesses", NULL, &reply, err);

	if (r < 0)
		return r;
	*ret_list = json_incref(json_object_get(reply, "processes"));
	json_decref(reply);
	return *ret_list ? 0 : error_set(err, -EBADMSG, "the daemon answered without a list");
}

static int list(const struct cli *cli, json_t **ret_list, struct error *err)
{
	_cleanup_(control_freep) struct control *control = NULL;
	struct error cause = ERROR_INIT;
	int r;

	if (cli->local)
		return list_local(cli, ret_list, err);
	r = control_open(cli, false, &control, &cause);
	if (r >= 0)
		return list_of_daemon(control, ret_list, err);
	if (r != -ENOENT) {
		error_move(err, &cause);
		return r;
	}
	error_done(&cause);
	return list_local(cli, ret_list, err);
}

/* ---- the tree ---- */

struct place {
	uint64_t pid, ppid;
	const json_t *process;
	bool shown;
};

struct tree {
	struct place *places;	 /* in order of pid, as they came */
	struct place **children; /* in order of their parents */
	size_t count;
};

static int by_pid(const void *key, const void *place)
{
	uint64_t pid = *(const uint64_t *)key, other = ((const struct place *)place)->pid;

	return (pid > other) - (pid < other);
}

static int by_parent(const void *a, const void *b)
{
	const struct place *first = *(struct place *const *)a, *second = *(struct place *const *)b;

	if (first->ppid != second->ppid)
		return first->ppid > second->ppid ? 1 : -1;
	return (first->pid > second->pid) - (first->pid < second->pid);
}

static bool has_parent(const struct tree *tree, const struct place *place)
{
	return place->ppid != place->pid &&
	       bsearch(&place->ppid, tree->places, tree->count, sizeof(*tree->places), by_pid);
}

/* The first of those with that parent, or where it would stand. */
static size_t first_child(const struct tree *tree, uint64_t pid)
{
	size_t low = 0, high = tree->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tree->children[middle]->ppid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void show_process(struct table *table, const json_t *process, unsigned depth);

/* A process and all below it; a depth that no host has ends what only a wrong list could be. */
static void show_below(struct tree *tree, struct place *place, struct table *table, unsigned depth)
{
	size_t at = first_child(tree, place->pid);

	if (place->shown)
		return;
	place->shown = true;
	show_process(table, place->process, depth);
	for (; depth < DEPTH_MAX && at < tree->count && tree->children[at]->ppid == place->pid;
	     at++)
		show_below(tree, tree->children[at], table, depth + 1);
}

static bool make_tree(struct tree *tree, const json_t *list)
{
	tree->count = json_array_size(list);
	tree->places = calloc(tree->count + 1, sizeof(*tree->places));
	tree->children = calloc(tree->count + 1, sizeof(*tree->children));
	if (!tree->places || !tree->children)
		return false;
	for (size_t i = 0; i < tree->count; i++) {
		const json_t *process = json_array_get(list, i);

		tree->places[i] = (struct place){ member_integer(process, "pid"),
						  member_integer(process, "ppid"), process, false };
		tree->children[i] = &tree->places[i];
	}
	qsort(tree->children, tree->count, sizeof(struct place *), by_parent);
	return true;
}

static bool show_tree(const json_t *list, struct table *table)
{
	struct tree tree = { 0 };
	bool made = make_tree(&tree, list);

	for (size_t i = 0; made && i < tree.count; i++)
		if (!has_parent(&tree, &tree.places[i]))
			show_below(&tree, &tree.places[i], table, 0);
	/* Whoever was too deep. */
	for (size_t i = 0; made && i < tree.count; i++)
		if (!tree.places[i].shown)
			show_process(table, tree.places[i].process, 0);
	free(tree.places);
	free(tree.children);
	return made;
}

/* ---- lines ---- */

/* A string of an event: its odd bytes are escaped, its control characters are not. */
static void add_bytes(struct text *text, const char *string)
{
	struct text bytes;

	text_init(&bytes);
	if (text_add_unescaped(&bytes, string, strlen(string)) < 0)
		text_add(&bytes, string);
	if (bytes.size > 0)
		text_add_escaped(text, bytes.data, bytes.size);
	text_done(&bytes);
}

static void add_cell(struct table *table, enum style style, struct text *cell)
{
	table_add(table, style, "%s", cell->data ? cell->data : "");
	text_done(cell);
}

static void add_user(struct table *table, const json_t *process)
{
	const char *name = member_string(process, "user");
	struct text cell;

	text_init(&cell);
	if (*name)
		add_bytes(&cell, name);
	else
		text_addf(&cell, "%llu", (unsigned long long)member_integer(process, "uid"));
	add_cell(table, STYLE_NONE, &cell);
}

static void add_container(struct table *table, const json_t *process)
{
	const json_t *container = json_object_get(process, "container");
	const char *id = member_string(container, "id");
	struct text cell;

	text_init(&cell);
	if (json_is_object(container)) {
		text_addf(&cell, "%s ", member_string(container, "runtime"));
		/* As the runtimes shorten it themselves; a machine's name is not shortened. */
		add_bytes(&cell, id);
		if (strspn(id, "0123456789abcdef") == 64)
			cell.data[cell.size -= 52] = '\0';
	}
	add_cell(table, STYLE_NONE, &cell);
}

/* What it runs and its arguments; what of both is known. */
static void add_command(struct table *table, const json_t *process, unsigned depth)
{
	const json_t *arguments = json_object_get(process, "argv");
	const char *script = member_string(process, "script");
	const char *program = member_string(process, "exe");
	bool named = *program || json_array_size(arguments) > 0;
	struct text cell;

	text_init(&cell);
	text_addf(&cell, "%*s%s", (int)depth * 2, "", named ? "" : "[");
	add_bytes(&cell, named ? program : member_string(process, "comm"));
	text_add(&cell, named ? "" : "]");
	if (*script) {
		text_add(&cell, " ");
		add_bytes(&cell, script);
	}
	for (size_t i = *program ? 1 : 0; i < json_array_size(arguments); i++) {
		const char *argument = json_string_value(json_array_get(arguments, i));

		if (!argument || streq(argument, script))
			continue;
		text_add(&cell, i > 0 ? " " : "");
		add_bytes(&cell, argument);
	}
	add_cell(table, STYLE_NONE, &cell);
}

static void show_process(struct table *table, const json_t *process, unsigned depth)
{
	const json_t *known = json_object_get(process, "known");
	uint64_t pid = member_integer(process, "pid");
	char age[VALUE_SIZE];

	table_add(table, STYLE_NONE, "%llu", (unsigned long long)pid);
	add_user(table, process);
	table_add_text(table, STYLE_GOOD, member_string(process, "placement"));
	add_container(table, process);
	table_add_text(table, STYLE_NONE,
		       format_duration(member_integer(process, "age"), age, sizeof(age)));
	table_add_text(table, STYLE_NONE, member_string(known, "type"));
	add_command(table, process, depth);
}

static void show_list(const struct cli *cli, const json_t *processes)
{
	static const struct column columns[] = {
		{ "pid", true },	{ "user", false }, { "group", false },
		{ "container", false }, { "age", true },   { "known by", false },
		{ "program", false },
	};
	struct table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	if (!cli->tree || !show_tree(processes, &table))
		for (size_t i = 0; i < json_array_size(processes); i++)
			show_process(&table, json_array_get(processes, i), 0);
	table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
}

static int run_ps(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct error err = ERROR_INIT;
	json_t *processes = NULL;
	int r = list(cli, &processes, &err);

	if (r < 0)
		return cli_fail(cli, &err);
	r = EXIT_DONE;
	if (cli->json)
		r = cli_print_json(cli, processes);
	else
		show_list(cli, processes);
	json_decref(processes);
	return r;
}

static const struct command_option ps_options[] = {
	{ "tree", 't', OPTION_FLAG, NULL, "children below their parents",
	  offsetof(struct cli, tree) },
	{ "local", 0, OPTION_FLAG, NULL, "do without a daemon, also where one runs",
	  offsetof(struct cli, local) },
};

const struct command ps_command = {
	.name = "ps",
	.usage = "[OPTION...]",
	.summary = "List all processes with their groups and containers",
	.description =
		"Of each process: its user, the group of reeve that it is in, its container, how "
		"long it has been running, and by which event the daemon knows it (_running_: it "
		"was found by a look at all that runs). Without a daemon, groups are shown where "
		"the record of the last one can be read. *--json* has all that events of type "
		"_running_ have (docs/events.md).",
	.flags = COMMAND_POLICY,
	COMMAND_OPTIONS(ps_options),
	.run = run_ps,
};
