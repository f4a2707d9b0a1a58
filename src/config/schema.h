/* SPDX-License-Identifier: MIT */
/*
 * The policy's schema: one table for each kind of map. Reading, messages, suggestions and the list
 * of keys all come from these tables.
 */
#pragma once

#include "config/reader.h"

struct schema_key {
	const char *name;
	const char *type; /* what it takes, for people: "bytes, \"max\"" */
	const char *help;
	/* Reads the value into `target`; false when an error was told. */
	bool (*read)(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target);
	size_t offset;	      /* in the target, for the readers that want one */
	uint64_t least, most; /* numbers */
	int number;	      /* enum limit, or enum single */
};

struct schema;

/* Keys that a map has besides its own, and where in the target theirs is. */
struct schema_part {
	const struct schema *schema;
	size_t offset;
};

enum { SCHEMA_PARTS = 2, SCHEMA_KEYS_MAX = 80 }; /* of a map, its parts' too */

struct schema {
	const char *where; /* "a group" */
	const struct schema_key *keys;
	size_t count;
	struct schema_part parts[SCHEMA_PARTS];
};

extern const struct schema policy_schema, logging_schema, audit_schema, tuning_schema,
	decisions_schema, fleet_schema, rule_schema, group_schema, io_schema, trigger_schema,
	condition_schema, effect_schema, log_schema, rate_schema, deadline_schema, test_schema,
	expect_schema, sink_schema, kafka_schema, tls_schema, sasl_schema, file_schema,
	event_schema, spool_schema;

/* Reads all pairs of a map (null: no pairs) into `target`. */
bool schema_read(struct reader *reader, const struct schema *schema, const struct node *map,
		 void *target);

/* One file's tree into the policy that is being built. */
bool policy_read(struct reader *reader, const struct node *root);

/* schema-sinks.c */
bool read_sinks(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target);

/* schema.c: a key that may be given once. */
bool set_single(struct reader *reader, const struct schema_key *key, const struct node *value);
/* schema.c: a key that no layer may have; false: told. */
bool only_in_files(struct reader *reader, const struct schema_key *key, const struct node *value);

/* schema-fleet.c. */
bool read_fleet(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target);

/* A number between the key's `least` and `most` into an unsigned at its offset. */
bool read_unsigned(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target);

/* schema-rules.c, -groups.c, -triggers.c, -tests.c: what stands behind the top-level keys. */
bool read_rules(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target);
bool read_groups(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target);
bool read_triggers(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target);
bool read_tests(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target);

/* A group's name as a rule or the list of groups has it. *ret_template: it has fields ("users/%u").
 * *ret_name is NULL only when out of memory; false: an error was told. */
bool group_name_read(struct reader *reader, const struct node *node, char **ret_name,
		     bool *ret_template);
/* Whether `raw` of a group takes that file: it has no key of its own, and is not reeve's. */
bool raw_takes(const char *file);

#define GROUP_FIELDS "uUgGpnc"

/* schema-groups.c: limits that are no group's of the file. The first makes an empty set of them,
 * which the policy frees; NULL: told. The second reads a map into it. */
struct policy_group *new_limits(struct reader *reader, const struct node *at);
bool read_limits(struct reader *reader, const struct node *map, struct policy_group *limits);
/* Limits that do not go together; false: told. */
bool check_limits(struct reader *reader, const struct policy_group *limits);

/* schema-maps.c: the limits that are maps. */
bool read_io(struct reader *reader, const struct schema_key *key, const struct node *value,
	     void *target);
bool read_hugetlb(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *target);
bool read_raw(struct reader *reader, const struct schema_key *key, const struct node *value,
	      void *target);

/* Far above any machine, and far below an overflow. */
#define LIMIT_BYTES_MOST (UINT64_C(1) << 62)

/* Notes that a limit is set, and where. */
void set_limit(struct policy_group *group, const struct schema_key *key, const struct node *value);

/* Steps through a map; false at its end or when it is too large. `at` begins as 0. */
bool next_pair(struct reader *reader, const struct node *map, node_id *at,
	       const struct node **ret_key, const struct node **ret_value);
/* The same through a list. */
bool next_entry(struct reader *reader, const struct node *list, node_id *at,
		const struct node **ret_entry);

/* Whether it is a map; null passes as one without pairs. */
bool expect_map(struct reader *reader, const char *name, const struct node *node);

/* The byte of a scalar that is wrong, where quotes and escapes do not move it. */
struct place place_inside(const struct reader *reader, const struct node *node, size_t offset);

/* A name as key of rules, groups or triggers: not empty, no control characters, <= 255 bytes. */
bool check_name(struct reader *reader, const char *what, const struct node *key);

/*
 * Notes name -> index in one of the reader's tables. Returns 1 when it is new, 0 when it is there
 * (*ret_old is its index), -1 out of memory (told).
 */
int put_name(struct reader *reader, struct hash *names, const char *name, size_t index,
	     size_t *ret_old);

/* Tells that `what` is there twice, with both places. */
void report_twice(struct reader *reader, const char *what, const struct node *node,
		  struct position first);

/* The array with room for one more, zeroed; NULL (told) when out of memory: the old one stays. */
void *grow_array(struct reader *reader, void *array, size_t *room, size_t count, size_t size);

/* layers.c: notes what layers have, once all texts are trees; false: out of memory (told). */
bool layers_note(struct reader *reader);
/*
 * Whether an entry is to be read: not if it was replaced and the layer's has been read in the place
 * of an earlier one. Where this is that place, *key and *body become the layer's.
 */
bool layers_pick(struct reader *reader, enum layered kind, const struct node **key,
		 const struct node **body, bool *listed);
/* The name of a rule in a list is one of its keys; NULL: it has none. */
const struct node *listed_name(struct reader *reader, const struct node *body);

/* Joins what was read: parents of groups, names to indices, paths named twice. */
bool policy_resolve(struct reader *reader);
