/* SPDX-License-Identifier: MIT */
/*
 * A compiled policy: which rules apply to a file that is being executed or opened.
 *
 * Pure and immutable: no system call, no allocation and no lock in a match, so that several gate
 * threads may use one ruleset at once. What the file system says about the rules' paths (symlinks
 * resolved, inode numbers) comes in as `struct rule_target`s; when it changes, a new ruleset is
 * compiled.
 *
 * What matches:
 *  - an exact path, by the name that was opened; if no rule names that, the file's identity
 * (device, inode), so that hard links and bind mounts of a named file are found;
 *  - a folder: everything below it, by name;
 *  - a glob, by name.
 * Rules apply in file order. The first that names a group decides the group; every trigger runs.
 */
#pragma once

#include "config/policy.h"
#include "rules/facts.h"

#include <sys/types.h>

enum target_kind { TARGET_FILE, TARGET_FOLDER, TARGET_GLOB };

/* What one path of one rule stands for now. */
struct rule_target {
	uint32_t rule; /* index into policy.rules */
	enum target_kind kind;
	const char *text;  /* canonical path, or glob; borrowed, must outlive the ruleset */
	bool has_identity; /* dev and ino are known (the file exists) */
	dev_t dev;
	ino_t ino;
};

enum { VERDICT_RULES = 32 };

struct verdict {
	int group;	/* index into policy.groups, or POLICY_NONE */
	int group_rule; /* the rule that said so */
	bool kill;
	unsigned count; /* rules that match, in file order */
	uint32_t rules[VERDICT_RULES];
	/* More than VERDICT_RULES matched: the first ones are listed. Group and kill are of all. */
	bool truncated;
};

struct ruleset;

/* `policy` must outlive the ruleset. 0 or -ENOMEM. */
int ruleset_new(const struct policy *policy, const struct rule_target *targets, size_t count,
		struct ruleset **ret_ruleset);
void ruleset_free(struct ruleset *ruleset);
DEFINE_CLEANUP(struct ruleset *, ruleset_free);

/* Fills *ret_verdict and returns true if any rule of `action` matches. */
bool ruleset_match(const struct ruleset *ruleset, enum policy_action action,
		   const struct file_key *file, struct verdict *ret_verdict);

/* True if there is any rule for the action at all. */
bool ruleset_has(const struct ruleset *ruleset, enum policy_action action);

/* True if some rule of the action can only be decided by name (a folder or a glob). */
bool ruleset_has_names(const struct ruleset *ruleset, enum policy_action action);

/*
 * The whole language: fills *ret_verdict with the rules that match what is known, in file order up
 * to the first that says `stop`, and returns true if there is any. Facts that conditions ask for
 * are got on the way. Rates are not looked at: they are the caller's (action/rate.h).
 */
bool ruleset_judge(const struct ruleset *ruleset, struct facts *facts, struct verdict *ret_verdict);

/*
 * True if no rule could match this file on that occasion, whoever the process is: then it need not
 * be asked about again (GATE_FORGET). `by_name`: the file has this one name only.
 */
bool ruleset_can_forget(const struct ruleset *ruleset, enum occasion on,
			const struct file_key *file, bool by_name);

/* Why one rule matched or did not. */
struct explanation {
	uint32_t rule;
	bool matched;
	bool not_tried;			       /* a rule before it said `stop` */
	bool not_on;			       /* it is about other occasions */
	bool file_differs;		       /* none of its paths names the file */
	const struct policy_condition *failed; /* the first that does not hold; NULL: none */
	bool unknown; /* it does not hold because the fact could not be had */
};
/* Calls `told` for every rule in file order. Slow: for `reeve explain` and tests. */
void ruleset_explain(const struct ruleset *ruleset, struct facts *facts,
		     void (*told)(const struct explanation *explanation, void *userdata),
		     void *userdata);

const struct policy *ruleset_policy(const struct ruleset *ruleset);
