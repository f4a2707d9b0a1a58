// SPDX-License-Identifier: MIT
/* Nodes that point to their parents and are counted by their children. */
#include "model/lineage.h"

/* How far a process may be above another one that newly becomes its child; it is walked then. */
enum { WALK_MAX = 4096 };

struct lineage *lineage_new(struct lineages *all, uint32_t pid, uint64_t start)
{
	struct lineage *line = malloc(sizeof(*line));

	if (!line)
		return NULL;
	*line = (struct lineage){ .pid = pid, .start = start, .references = 1, .lives = 1 };
	all->living++;
	return line;
}

static void drop(struct lineages *all, struct lineage *line)
{
	while (line && --line->references == 0) {
		struct lineage *parent = line->parent;

		all->ended--;
		free(line);
		line = parent;
	}
}

void lineage_end(struct lineages *all, struct lineage *line)
{
	line->lives = 0;
	all->living--;
	all->ended++;
	drop(all, line);
}

/*
 * Every ended one on the way is led to the living one, too, so that shortening all processes takes
 * hardly more steps than there are nodes, whatever they share.
 */
void lineage_shorten(struct lineages *all, struct lineage *line)
{
	struct lineage *above = line->parent, *at = line;

	while (above && !above->lives)
		above = above->parent;
	while (at->parent != above) {
		struct lineage *next = at->parent; /* and its reference, which `at` gives away */

		at->parent = above;
		if (above)
			above->references++;
		if (at != line)
			drop(all, at);
		at = next;
	}
	if (at != line)
		drop(all, at);
}

void lineage_link(struct lineage *line, struct lineage *parent)
{
	unsigned steps = 0;

	if (line->parent || parent == line)
		return;
	/* What has no children is above nobody. */
	if (line->references > 1) {
		for (const struct lineage *at = parent; at; at = at->parent)
			if (at == line || ++steps == WALK_MAX)
				return;
	}
	parent->references++;
	line->parent = parent;
}

const struct lineage *lineage_find(const struct lineage *line, uint32_t pid, uint64_t start)
{
	for (; line; line = line->parent)
		if (line->pid == pid && (start == 0 || line->start == start))
			return line;
	return NULL;
}
