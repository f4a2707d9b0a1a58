/* SPDX-License-Identifier: MIT */
/*
 * Which events a watcher wants. Words of one key are alternatives, keys are conditions that must
 * all hold; gap and source records always pass. What an event does not know matches nothing.
 */
#pragma once

#include "model/event.h"
#include "model/process-table.h"
#include "util/error.h"

#include <jansson.h>

/* X(SYMBOL, "name", "what --help calls its word", "what it says"): options of `reeve watch` and
 * parameters of io.reeve.Watch, each of which may come several times. */
#define FILTER_KEYS(X)                                                                       \
	X(TYPE, "type", "LIST", "these kinds of events, with commas between; \"all\"")       \
	X(USER, "user", "NAME|UID", "whose real user this is")                               \
	X(EXE, "exe", "GLOB",                                                                \
	  "whose program or script this is; without \"/\" at its beginning: the end of its " \
	  "path, \"bin/ls\"; with \"/\" at its end: all below")                              \
	X(CONTAINER, "container", "ID|NAME",                                                 \
	  "in this container: the start of its id, its name, its pod's uid or its runtime; " \
	  "\"any\", \"host\"; id:ID for one that is named like these")                       \
	X(CGROUP, "cgroup", "PATH|GLOB", "in this control group, of v2 or v1, or below it")  \
	X(PID, "pid", "PID", "of this process")                                              \
	X(TREE, "tree", "PID", "of this process and all that descends from it")

enum filter_key {
#define X(symbol, name, value, text) FILTER_##symbol,
	FILTER_KEYS(X)
#undef X
		FILTER_COUNT
};

struct filter_key_info {
	const char *name, *value, *text;
};
extern const struct filter_key_info filter_keys[FILTER_COUNT];

struct filter;

int filter_new(struct filter **ret_filter);
/* As `type Filter` of io.reeve.varlink; NULL or null: executions, all of them. -EINVAL, -ENOMEM. */
int filter_from_json(const json_t *object, struct filter **ret_filter, struct error *err);
void filter_free(struct filter *filter);
DEFINE_CLEANUP(struct filter *, filter_free);

enum filter_flags {
	/* Users may be named, not only numbered: asks the system's databases, which can take long,
	 * so the daemon does not. */
	FILTER_NAMES = 1 << 0,
};

/* One word for a key. -EINVAL with a sentence; -ENOMEM. */
int filter_add(struct filter *filter, enum filter_key key, const char *word,
	       enum filter_flags flags, struct error *err);
/* The words that were added, made such that filter_add() takes them without FILTER_NAMES. */
size_t filter_count(const struct filter *filter, enum filter_key key);
const char *filter_word(const struct filter *filter, enum filter_key key, size_t index);

/* Kinds that are wanted besides those of FILTER_TYPE. */
void filter_add_types(struct filter *filter, uint32_t types);
/* The kinds that pass. */
uint32_t filter_types(const struct filter *filter);
/* The kinds that the filter has to be shown: those, and what it follows trees by. */
uint32_t filter_asks(const struct filter *filter);

/*
 * Begins to follow the trees as the table has them now; at the start, and whenever the table was
 * seeded anew. The table (NULL: none, only what happens counts) must stay until the next call or
 * the end. -ENOMEM.
 */
int filter_seed(struct filter *filter, const struct process_table *table);

/* Whether the event passes. Every event that the filter asks for must be shown, in order. */
bool filter_pass(struct filter *filter, const struct event *event);
