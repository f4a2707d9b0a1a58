/* SPDX-License-Identifier: MIT */
/* A rule while its keys are read, before they are looked at together. Private to config/. */
#pragma once

#include "config/schema.h"

enum {
	DRAFT_EFFECTS = 64,    /* of one rule */
	DRAFT_CONDITIONS = 64, /* of one rule, `not` counted once */
	NOT_DEPTH = 4,
};

struct draft_effect {
	struct policy_effect effect;
	const struct node *link; /* the name of a group or trigger, until all files are read */
	bool scoped;		 /* it says itself to whom it goes */
};

struct effect_list {
	const char *rule; /* for messages */
	bool kills;	  /* `trigger: KILL` */
	size_t count;
	struct draft_effect items[DRAFT_EFFECTS];
};

struct condition_list {
	const char *rule;
	unsigned depth; /* how many `not` it is in */
	size_t count;
	struct policy_condition items[DRAFT_CONDITIONS];
};

struct rule_draft {
	struct policy_rule *rule;
	const struct node *key;
	bool listed; /* in a list of rules, not a map */
	bool broken; /* a key was wrong (told): what is missing is not told too */
	const struct node *paths, *exe, *action, *on, *scope, *rate, *deadline, *then_at;
	struct condition_list conditions;
	struct effect_list effects, then;
};

/* Empty lists: their items are not touched, for that would take longer than all else of a rule. */
static inline void conditions_init(struct condition_list *list, const char *rule, unsigned depth)
{
	list->rule = rule;
	list->depth = depth;
	list->count = 0;
}

static inline void effects_init(struct effect_list *list, const char *rule)
{
	list->rule = rule;
	list->kills = false;
	list->count = 0;
}

/* schema-conditions.c: `exe` where it is a condition. */
bool read_exe(struct reader *reader, const struct node *value, struct condition_list *list);
/* Orders them by kind and gives them to the policy. */
bool keep_conditions(struct reader *reader, const struct condition_list *list,
		     struct policy_condition **ret_conditions, size_t *ret_count);

/* One word of a list, as its reader gets it. */
struct word_source {
	const struct condition_list *list;
	const struct schema_key *key;
	const struct node *node;
	const char *text;
};

bool keep_word(struct reader *reader, struct policy_word *word, enum word_form form,
	       const char *text);
/* NULL: told. */
struct policy_condition *new_condition(struct reader *reader, struct condition_list *list,
				       enum condition_kind kind, const struct node *node);
/* How many entries a scalar or list has; 0: told. */
size_t count_words(struct reader *reader, const struct schema_key *key, const struct node *value);
/* schema-accounts.c: a number or range; and a user's or group's name, or one of those. */
bool word_uid(struct reader *reader, const struct word_source *from, struct policy_word *word);
bool word_account(struct reader *reader, const struct word_source *from, struct policy_word *word);
bool read_members(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *target);

/* schema-effects.c: orders them by kind, notes their links, and gives them to the policy. */
bool keep_effects(struct reader *reader, const struct effect_list *list,
		  struct policy_effect **ret_effects, size_t *ret_count);
/* Room for one more; NULL: told. */
struct draft_effect *add_effect(struct reader *reader, struct effect_list *list,
				enum effect_kind kind, const struct node *node);
/* deny, kill, freeze or log as `true` says it. */
bool add_plain_effect(struct reader *reader, struct effect_list *list, enum effect_kind kind,
		      const struct node *node);
/* "process", "tree" or "group". */
bool read_scope(struct reader *reader, const char *key, const struct node *value,
		enum effect_scope *ret_scope);
/* schema-process.c: what is set of a process. */
bool read_nice(struct reader *reader, const struct schema_key *key, const struct node *value,
	       void *target);
bool read_ionice(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target);
bool read_sched(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target);
bool read_oom_score_adj(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target);
bool read_affinity(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target);
bool read_rlimits(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *target);
bool read_timer_slack(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target);

/* schema-rates.c: `rate` and `deadline`. */
bool read_rate(struct reader *reader, const struct node *value, struct rule_draft *draft);
bool read_deadline(struct reader *reader, const struct node *value, struct rule_draft *draft);

/* rule-check.c: what does not go together. */
bool check_effects(struct reader *reader, struct rule_draft *draft);

/* One path of a rule or a condition, normal. *ret_used: false where fetter's quirks leave it out.
 */
bool read_path(struct reader *reader, const char *name, const struct node *node,
	       struct policy_path *path, bool *ret_used);
