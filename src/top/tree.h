/* SPDX-License-Identifier: MIT */
/*
 * What reeve top shows: groups as a tree, by what io.reeve.GetTree says, with what the user has
 * folded, opened, filtered and sorted by; and the rows that follow from that. Draws nothing.
 */
#pragma once

#include "util/hash.h"

#include <jansson.h>
#include <sys/types.h>

/* Figures as GetTree names them, and the columns' order. */
enum use_figure {
	USE_CPU,
	USE_THROTTLED,
	USE_MEMORY,
	USE_PIDS,
	USE_IO_READ,
	USE_IO_WRITTEN,
	USE_CPU_STALL,
	USE_MEMORY_STALL,
	USE_IO_STALL,
	USE_OOM_KILLS,
	USE_CPU_LIMIT,
	USE_MEMORY_LIMIT,
	USE_PIDS_LIMIT,
	USE_FIGURES
};

enum { PAST_MOST = 90 };

/* A process of a group that is opened. */
struct task {
	pid_t pid;
	uint64_t start; /* which one of that number it is */
	char comm[64];	/* safe for a terminal */
	char state;
	uint64_t ticks, threads, memory;
	uint64_t cpu; /* µs a second; 0 at the first look */
};

struct use {
	char *name;
	const char *label; /* of the name, what the group above does not say */
	struct use *parent, *child, *last_child, *next;
	unsigned depth;
	uint32_t known; /* 1 << enum use_figure */
	uint64_t values[USE_FIGURES];
	uint64_t members;
	bool frozen;
	bool folded, opened; /* what is below it; its processes */
	bool kept, wanted;
	struct task *tasks;
	size_t task_count;
	uint64_t tasks_ns;	  /* CLOCK_MONOTONIC, when they were looked at */
	uint64_t past[PAST_MOST]; /* processor time, the newest last */
	size_t past_count;
};

enum sort_key { SORT_NAME, SORT_CPU, SORT_MEMORY, SORT_PIDS, SORT_IO, SORT_PRESSURE, SORT_KEYS };
const char *sort_name(enum sort_key key);

struct row {
	struct use *use;
	struct task *task; /* NULL: the group itself */
};

struct tree {
	struct use **items;
	size_t count;
	struct hash names; /* of the items */
	uint64_t revision, processors;
	enum sort_key sort;
	char filter[64];
	struct row *rows;
	size_t row_count;
};

void tree_done(struct tree *tree);
/* Takes an answer of GetTree over. -EBADMSG: it is none; -ENOMEM. Rows are to be made anew. */
int tree_take(struct tree *tree, const json_t *reply);
/* The lists of processor time that GetHistory tells. */
void tree_take_past(struct tree *tree, const json_t *reply);
struct use *tree_find(const struct tree *tree, const char *name);
/* Makes the rows by order, filter and folds. -ENOMEM: they are as before. */
int tree_arrange(struct tree *tree);

static inline bool use_knows(const struct use *use, enum use_figure figure)
{
	return use->known & UINT32_C(1) << figure;
}

/* Of the three pressures the greatest, µs a second; its letter is c, m or i. */
uint64_t use_pressure(const struct use *use, char *ret_letter);
