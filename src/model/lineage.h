/* SPDX-License-Identifier: MIT */
/*
 * Who descends from whom, also through processes that have ended: an ended one is remembered, in 32
 * bytes, as long as a descendant of it lives.
 *
 * How many are remembered is bounded, however processes are made: when there are LINEAGE_MOST for
 * each that lives and LINEAGE_SPARE besides, all that are still there are shortened, and the ended
 * ones forgotten. Then what descends from those is only known to descend from who lives above them.
 */
#pragma once

#include "util/macros.h"

enum { LINEAGE_MOST = 8, LINEAGE_SPARE = 8192 };

struct lineage {
	struct lineage *parent; /* holds a reference */
	uint64_t start;
	uint32_t pid;
	uint32_t references : 31; /* children, and one while it lives */
	uint32_t lives : 1;
};

struct lineages {
	size_t living, ended;
};

/* A process that lives; its parent is not known yet. NULL: no memory. */
struct lineage *lineage_new(struct lineages *all, uint32_t pid, uint64_t start);
/* It has ended. Do not use it afterwards. */
void lineage_end(struct lineages *all, struct lineage *line);
/* Gives it a parent, where it has none; not one that descends from it. */
void lineage_link(struct lineage *line, struct lineage *parent);

/* True if there are too many: lineage_shorten() wants to be called for each that lives. */
static inline bool lineages_are_crowded(const struct lineages *all)
{
	return all->ended > all->living * LINEAGE_MOST + LINEAGE_SPARE;
}
/* Forgets the ended ones between a living process and the next living one above it. */
void lineage_shorten(struct lineages *all, struct lineage *line);

/* The nearest one, itself or above it, with that pid (and start, if not 0). */
const struct lineage *lineage_find(const struct lineage *line, uint32_t pid, uint64_t start);
