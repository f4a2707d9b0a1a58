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

struct schema {
	const char *where; /* "a group" */
	const struct schema_key *keys;
	size_t count;
};

extern const struct schema policy_schema, logging_schema, audit_schema, tuning_schema, rule_schema,
	group_schema, io_schema, trigger_schema;

/* Reads all pairs of a map (null: no pairs) into `target`. */
bool schema_read(struct reader *reader, const struct schema *schema, const struct node *map,
		 void *target);

/* One file's tree into the policy that is being built. */
bool policy_read(struct reader *reader, const struct node *root);

/* schema-rules.c, schema-groups.c: what stands behind the top-level keys. */
bool read_rules(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target);
bool read_groups(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target);
bool read_triggers(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target);

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

/* Joins what was read: parents of groups, names to indices, paths named twice. */
bool policy_resolve(struct reader *reader);
