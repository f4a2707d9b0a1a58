// SPDX-License-Identifier: MIT
/*
 * Who is where. The port tells places, and people say numbers: a number alone names the process
 * that had it last.
 */
#include "cli/port-tree.h"

#include "util/units.h"

static void process_free(struct port_process *process)
{
	if (!process)
		return;
	text_done(&process->output);
	text_done(&process->errors);
	free(process->pids);
	free(process);
}
DEFINE_CLEANUP(struct port_process *, process_free);

static struct port_process *add(struct port_tree *tree, struct reeve_place place)
{
	_cleanup_(process_freep) struct port_process *process = calloc(1, sizeof(*process));
	struct port_process **processes =
		realloc(tree->processes, (tree->count + 1) * sizeof(struct port_process *));

	if (processes)
		tree->processes = processes;
	if (!process || !processes)
		return NULL;
	process->pids = calloc(place.depth + 1, sizeof(*process->pids));
	if (!process->pids)
		return NULL;
	for (size_t i = 0; i < place.depth; i++)
		process->pids[i] = place.pids[i];
	process->depth = place.depth;
	return processes[tree->count++] = TAKE_PTR(process);
}

int port_tree_init(struct port_tree *tree)
{
	*tree = (struct port_tree){ 0 };
	return add(tree, (struct reeve_place){ 0 }) ? 0 : -ENOMEM;
}

void port_tree_done(struct port_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		process_free(tree->processes[i]);
	free(tree->processes);
	*tree = (struct port_tree){ 0 };
}

static bool is_at(const struct port_process *process, struct reeve_place place)
{
	return process->depth == place.depth &&
	       (!place.depth ||
		memcmp(process->pids, place.pids, place.depth * sizeof(*place.pids)) == 0);
}

/* The latest at a place, whose number may have been another process's before. */
static struct port_process *find_at(const struct port_tree *tree, struct reeve_place place)
{
	for (size_t i = tree->count; i-- > 0;)
		if (is_at(tree->processes[i], place))
			return tree->processes[i];
	return NULL;
}

struct port_process *port_tree_at(struct port_tree *tree, struct reeve_place place)
{
	struct port_process *process = find_at(tree, place);

	return process ? process : add(tree, place);
}

int port_tree_add(struct port_tree *tree, struct reeve_place parent, pid_t pid)
{
	pid_t pids[256];

	if (parent.depth >= ARRAY_SIZE(pids))
		return 0;
	for (size_t i = 0; i < parent.depth; i++)
		pids[i] = parent.pids[i];
	pids[parent.depth] = pid;
	return add(tree, (struct reeve_place){ parent.depth + 1, pids }) ? 0 : -ENOMEM;
}

static bool is_below(const struct port_process *process, const struct port_process *above)
{
	return process->depth > above->depth &&
	       (!above->depth ||
		memcmp(process->pids, above->pids, above->depth * sizeof(*above->pids)) == 0);
}

void port_tree_end(struct port_tree *tree, struct port_process *process, bool failed)
{
	process->state = PORT_ENDED;
	process->failed = failed;
	for (size_t i = 0; i < tree->count; i++)
		if (tree->processes[i]->state != PORT_ENDED &&
		    is_below(tree->processes[i], process))
			tree->processes[i]->state = PORT_ENDED;
}

bool port_tree_has_programs(const struct port_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->processes[i]->state == PORT_PROGRAM)
			return true;
	return false;
}

/* "123/456" to numbers. Returns how many, or -1. */
static int read_pids(const char *text, pid_t pids[static 256])
{
	_cleanup_(freep) char *copy = strdup(text);
	char *saved = NULL;
	int count = 0;
	uint64_t number;

	if (!copy)
		return -1;
	for (char *word = strtok_r(copy, "/", &saved); word; word = strtok_r(NULL, "/", &saved)) {
		if (count == 256 || parse_u64(word, &number) < 0 || number > INT32_MAX)
			return -1;
		pids[count++] = (pid_t)number;
	}
	return count;
}

struct port_process *port_tree_find(const struct port_tree *tree, const char *text)
{
	pid_t pids[256];
	int count = read_pids(text, pids);

	if (count < 0 || (count == 0 && !streq(text, "/")))
		return NULL;
	if (count != 1)
		return find_at(tree, (struct reeve_place){ (size_t)count, pids });
	for (size_t i = tree->count; i-- > 0;) {
		struct port_process *process = tree->processes[i];

		if (process->depth && process->pids[process->depth - 1] == pids[0])
			return process;
	}
	return NULL;
}

void port_tree_name(const struct port_process *process, struct text *text)
{
	if (!process->depth)
		text_add(text, "/");
	for (size_t i = 0; i < process->depth; i++)
		text_addf(text, "%s%d", i ? "/" : "", (int)process->pids[i]);
}
