// SPDX-License-Identifier: MIT
/*
 * Answers tell of what has changed only, so groups are kept by name; what the user did to one
 * (folded, opened) stays while it is there. Parents stand before children in what the daemon says.
 */
#include "top/tree.h"

static const char *const figure_names[USE_FIGURES] = {
	"cpu",	      "throttled",    "memory",	      "pids",	  "io_read",
	"io_written", "cpu_stall",    "memory_stall", "io_stall", "oom_kills",
	"cpu_limit",  "memory_limit", "pids_limit",
};

static const char *const sort_names[SORT_KEYS] = { "name",  "cpu", "memory",
						   "tasks", "io",  "pressure" };

const char *sort_name(enum sort_key key)
{
	return sort_names[key];
}

/* ---- groups ---- */

static void use_free(struct use *use)
{
	free(use->name);
	free(use->tasks);
	free(use);
}

void tree_done(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		use_free(tree->items[i]);
	free(tree->items);
	free(tree->rows);
	hash_done(&tree->names);
	*tree = (struct tree){ 0 };
}

struct use *tree_find(const struct tree *tree, const char *name)
{
	return tree->names.used > 0 ? hash_get_string(&tree->names, name) : NULL;
}

static void use_fill(struct use *use, const json_t *group)
{
	use->known = 0;
	for (unsigned i = 0; i < USE_FIGURES; i++) {
		const json_t *value = json_object_get(group, figure_names[i]);

		if (!json_is_integer(value) || json_integer_value(value) < 0)
			continue;
		use->known |= UINT32_C(1) << i;
		use->values[i] = (uint64_t)json_integer_value(value);
	}
	use->members = (uint64_t)json_integer_value(json_object_get(group, "members"));
	use->frozen = json_is_true(json_object_get(group, "frozen"));
}

static struct use *use_new(const char *name)
{
	struct use *use = calloc(1, sizeof(*use));

	if (!use)
		return NULL;
	use->name = strdup(name);
	if (use->name)
		return use;
	free(use);
	return NULL;
}

/* The nearest group above that there is. */
static void find_parent(const struct hash *names, struct use *use)
{
	_cleanup_(freep) char *above = strdup(use->name);
	char *slash;

	use->parent = NULL;
	use->label = use->name;
	while (above && !use->parent && (slash = strrchr(above, '/'))) {
		*slash = '\0';
		use->parent = hash_get_string(names, above);
		if (use->parent)
			use->label = use->name + (slash - above) + 1;
	}
	use->depth = use->parent ? use->parent->depth + 1 : 0;
}

/* The list is exactly this: what is not in it has gone. */
static int take_whole(struct tree *tree, const json_t *groups)
{
	size_t count = json_array_size(groups), filled = 0;
	struct use **items = calloc(count + 1, sizeof(struct use *));
	struct hash names;
	int r = items ? 0 : -ENOMEM;

	hash_init(&names);
	for (size_t i = 0; r >= 0 && i < tree->count; i++) {
		tree->items[i]->kept = false;
		r = hash_put_string(&names, tree->items[i]->name, tree->items[i], NULL);
	}
	for (size_t i = 0; r >= 0 && i < count; i++) {
		const json_t *group = json_array_get(groups, i);
		const char *name = json_string_value(json_object_get(group, "name"));
		struct use *use = name ? hash_get_string(&names, name) : NULL;

		/* Twice the same, or none: no daemon says that. */
		if (!name || (use && use->kept))
			continue;
		use = use ? use : use_new(name);
		if (!use || hash_put_string(&names, use->name, use, NULL) < 0) {
			r = -ENOMEM;
			break;
		}
		use->kept = true;
		use_fill(use, group);
		items[filled++] = use;
	}
	if (r < 0) {
		hash_done(&names);
		free(items);
		return r;
	}
	for (size_t i = 0; i < tree->count; i++)
		if (!tree->items[i]->kept)
			use_free(tree->items[i]);
	free(tree->items);
	tree->items = items;
	tree->count = filled;
	hash_done(&names);
	return 0;
}

static int link_parents(struct tree *tree)
{
	int r = 0;

	hash_done(&tree->names);
	hash_init(&tree->names);
	for (size_t i = 0; r >= 0 && i < tree->count; i++)
		r = hash_put_string(&tree->names, tree->items[i]->name, tree->items[i], NULL);
	for (size_t i = 0; r >= 0 && i < tree->count; i++)
		find_parent(&tree->names, tree->items[i]);
	return MIN(r, 0);
}

int tree_take(struct tree *tree, const json_t *reply)
{
	const json_t *groups = json_object_get(reply, "groups"), *group;
	const json_t *revision = json_object_get(reply, "revision");
	size_t i;
	int r;

	if (!json_is_array(groups) || !json_is_integer(revision))
		return -EBADMSG;
	if (json_is_true(json_object_get(reply, "whole"))) {
		/* Rows point to groups that may be gone. */
		tree->row_count = 0;
		r = take_whole(tree, groups);
		if (r >= 0)
			r = link_parents(tree);
		if (r < 0)
			return r;
	} else {
		json_array_foreach(groups, i, group)
		{
			const char *name = json_string_value(json_object_get(group, "name"));
			struct use *use = name ? tree_find(tree, name) : NULL;

			if (use)
				use_fill(use, group);
		}
	}
	tree->revision = (uint64_t)json_integer_value(revision);
	tree->processors = (uint64_t)json_integer_value(json_object_get(reply, "processors"));
	return 0;
}

void tree_take_past(struct tree *tree, const json_t *reply)
{
	const json_t *group, *value;
	size_t i, k;

	json_array_foreach(json_object_get(reply, "groups"), i, group)
	{
		const char *name = json_string_value(json_object_get(group, "name"));
		struct use *use = name ? tree_find(tree, name) : NULL;
		const json_t *list = json_object_get(group, "cpu");
		size_t size = json_array_size(list), from = size - MIN(size, (size_t)PAST_MOST);

		if (!use)
			continue;
		use->past_count = 0;
		for (k = from; k < size; k++) {
			value = json_array_get(list, k);
			use->past[use->past_count++] =
				(uint64_t)MAX(json_integer_value(value), (json_int_t)0);
		}
	}
}

uint64_t use_pressure(const struct use *use, char *ret_letter)
{
	static const char letters[] = "cmi";
	uint64_t most = 0;

	*ret_letter = ' ';
	for (unsigned i = 0; i < 3; i++) {
		uint64_t value =
			use_knows(use, USE_CPU_STALL + i) ? use->values[USE_CPU_STALL + i] : 0;

		if (value <= most)
			continue;
		most = value;
		*ret_letter = letters[i];
	}
	return most;
}

/* ---- rows ---- */

static uint64_t value_of(const struct use *use, enum use_figure figure)
{
	return use_knows(use, figure) ? use->values[figure] : 0;
}

static uint64_t weight(const struct use *use, enum sort_key key)
{
	char letter;

	switch (key) {
	case SORT_CPU:
		return value_of(use, USE_CPU);
	case SORT_MEMORY:
		return value_of(use, USE_MEMORY);
	case SORT_PIDS:
		return use_knows(use, USE_PIDS) ? use->values[USE_PIDS] : use->members;
	case SORT_IO:
		return value_of(use, USE_IO_READ) + value_of(use, USE_IO_WRITTEN);
	case SORT_PRESSURE:
		return use_pressure(use, &letter);
	case SORT_NAME:
	case SORT_KEYS:
	default:
		return 0;
	}
}

static int by_weight(const void *a, const void *b, void *key)
{
	const struct use *x = *(struct use *const *)a, *y = *(struct use *const *)b;
	uint64_t wx = weight(x, *(enum sort_key *)key), wy = weight(y, *(enum sort_key *)key);

	if (wx != wy)
		return wx > wy ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_cpu(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu > y->cpu ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Siblings in order; returns the first of the top. */
static struct use *link_children(struct use **sorted, size_t count)
{
	struct use *first = NULL, *last = NULL;

	for (size_t i = 0; i < count; i++) {
		sorted[i]->child = sorted[i]->last_child = sorted[i]->next = NULL;
		sorted[i]->wanted = false;
	}
	for (size_t i = 0; i < count; i++) {
		struct use *use = sorted[i];
		struct use **head = use->parent ? &use->parent->child : &first;
		struct use **tail = use->parent ? &use->parent->last_child : &last;

		if (*tail)
			(*tail)->next = use;
		else
			*head = use;
		*tail = use;
	}
	return first;
}

/* What the filter lets through, and all above it. */
static void mark_wanted(const struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		if (strstr(tree->items[i]->name, tree->filter))
			for (struct use *use = tree->items[i]; use && !use->wanted;
			     use = use->parent)
				use->wanted = true;
}

/* The next one in the tree, or NULL. */
static struct use *after(struct use *use)
{
	if (use->child && !use->folded)
		return use->child;
	while (use && !use->next)
		use = use->parent;
	return use ? use->next : NULL;
}

static size_t list_rows(struct use *first, struct row *rows)
{
	size_t count = 0;

	for (struct use *use = first; use; use = after(use)) {
		if (!use->wanted)
			continue;
		rows[count++] = (struct row){ .use = use };
		for (size_t i = 0; use->opened && i < use->task_count; i++)
			rows[count++] = (struct row){ .use = use, .task = &use->tasks[i] };
	}
	return count;
}

int tree_arrange(struct tree *tree)
{
	_cleanup_(freep) struct use **sorted = calloc(tree->count + 1, sizeof(struct use *));
	size_t room = tree->count + 1;
	struct row *rows;

	for (size_t i = 0; i < tree->count; i++) {
		struct use *use = tree->items[i];

		room += use->task_count;
		if (use->opened && use->task_count > 0)
			qsort(use->tasks, use->task_count, sizeof(struct task), by_cpu);
	}
	rows = sorted ? reallocarray(tree->rows, room, sizeof(*rows)) : NULL;
	if (!rows)
		return -ENOMEM;
	tree->rows = rows;
	for (size_t i = 0; i < tree->count; i++)
		sorted[i] = tree->items[i];
	qsort_r(sorted, tree->count, sizeof(*sorted), by_weight, &tree->sort);
	{
		struct use *first = link_children(sorted, tree->count);

		mark_wanted(tree);
		tree->row_count = list_rows(first, rows);
	}
	return 0;
}
