/* SPDX-License-Identifier: MIT */
/*
 * What one load works with, and how its parts tell what is wrong. Private to config/.
 *
 * The parts return false when they told an error (or ran out of memory); they go on where they
 * can, so that all errors of a run are shown together.
 */
#pragma once

#include "config/accounts.h"
#include "config/arena.h"
#include "config/load.h"
#include "config/tree.h"
#include "util/hash.h"

enum {
	LOAD_SIZE_MAX = 32 * 1024 * 1024, /* of one file */
	LOAD_VISITS_MAX = 4 * 1024 * 1024,
	LOAD_GUESSES_MAX = 10, /* among very many names */
};

/* What policy.own_limits is a list of. */
struct policy_limits {
	struct policy_limits *next;
	struct policy_group group; /* of no file's groups: only its limits and places count */
};

enum source_syntax { SYNTAX_YAML, SYNTAX_JSON, SYNTAX_CGRULES, SYNTAX_CGCONFIG };

struct source {
	char *name; /* as shown */
	char *text; /* NUL-terminated */
	size_t size;
	enum source_syntax syntax;
	unsigned layer; /* 0: a file; from 1 on what is laid over it */
	node_id root;	/* 0: not read, or empty */
};

/* A name that is looked up when all groups and triggers are known. */
struct link {
	const struct node *node;
	struct policy_effect *effect; /* group or trigger; NULL: */
	struct policy_word *word;     /* of `group_in`; NULL: */
	uint32_t trigger;	      /* the group of that trigger */
	bool passes;		      /* fetter did not look: a rule that kills */
};

/* Top-level values that stand once in all files; see schema.c. */
enum single {
	SINGLE_NAME,
	SINGLE_MODE,
	SINGLE_LOG_FILE,
	SINGLE_LOG_LEVEL,
	SINGLE_DECISIONS_FILE,
	SINGLE_DECISIONS_SIZE,
	SINGLE_DECISIONS_JOURNAL,
	SINGLE_AUDIT_MODE,
	SINGLE_FAVORDYNMODS,
	SINGLE_GATE_THREADS,
	SINGLE_SOURCE,
	SINGLE_DRY_RUN,
	SINGLE_FLEET,
	SINGLE_COUNT
};

struct profile_schema;
/* What layers replace by name. */
enum layered { LAYERED_GROUPS, LAYERED_RULES, LAYERED_TRIGGERS, LAYERED_KINDS };

struct reader {
	enum load_flags flags;
	const struct load_filter *filter; /* NULL: all is wanted */
	struct diagnostics *diagnostics;
	struct source *sources;
	size_t source_count;
	struct tree tree;
	struct policy *policy;
	struct arena *memory;		      /* the policy's */
	const struct profile_schema *sandbox; /* a service's: its keys; NULL: none are known */

	/* name -> index + 1 */
	struct hash rules, groups, triggers;
	struct hash templates; /* name -> struct policy_group */
	struct hash places; /* destination as written -> struct policy_effect: rules share them */
	struct hash over[LAYERED_KINDS]; /* by name, what a layer has: layers.c */
	struct link *links;
	size_t link_count, link_room;
	size_t rule_room, group_room, trigger_room, test_room;
	size_t path_count, word_count; /* of all rules */
	const struct node *single[SINGLE_COUNT];

	struct accounts accounts;
	struct hash folders; /* that are there and no links, by name in `memory` */

	const struct node *occasions_node; /* the list that was read last without a mistake */
	uint32_t occasions;
	size_t visited; /* map and list entries seen, aliases followed */
	unsigned guesses;
	bool has_rules;	 /* some file has the key */
	bool incomplete; /* a file could not be parsed: what seems missing may be in it */
	bool out_of_memory;
	bool too_large;
};

/* With an empty policy; 0 or -ENOMEM. reader_done() in both cases. */
int reader_init(struct reader *reader, enum load_flags flags, struct diagnostics *diagnostics);
void reader_done(struct reader *reader);

/* Adds a diagnostic; the source line is looked up. Always returns false. */
bool report_at(struct reader *reader, enum severity severity, struct place place, const char *hint,
	       const char *format, ...) _printf_(5, 6);
void report_at_v(struct reader *reader, enum severity severity, struct place place,
		 const char *hint, const char *format, va_list arguments) _printf_(5, 0);

#define report_error(reader, node, hint, ...) \
	report_at(reader, SEVERITY_ERROR, place_of(node), hint, __VA_ARGS__)
#define report_warning(reader, node, hint, ...) \
	((void)report_at(reader, SEVERITY_WARNING, place_of(node), hint, __VA_ARGS__))

/*
 * What fetter let pass: an error, or with LOAD_COMPAT_FETTER a warning. Returns true if it passes.
 */
bool report_quirk(struct reader *reader, struct place place, const char *hint, const char *format,
		  ...) _printf_(4, 5);

/* Notes a name to be looked up at the end; false (told) when out of memory. */
bool add_link(struct reader *reader, struct link link);

/* Counts one more entry looked at; false, told once, when aliases made them endless. */
bool reader_visit(struct reader *reader, const struct node *node);

/* Out of memory: remembered, told once. Returns false. */
bool report_oom(struct reader *reader);

/* "did you mean "x"?" for the nearest candidate, or NULL; `buffer` holds it. */
const char *guess_hint(struct reader *reader, const char *word, const char *const *candidates,
		       size_t count, char *buffer, size_t size);

/* The place of a diagnostic that is already in a policy. */
struct position position_of(const struct node *node);
struct place place_from(struct position at, uint32_t length);

static inline bool compat(const struct reader *reader)
{
	return (reader->flags & LOAD_COMPAT_FETTER) != 0;
}
