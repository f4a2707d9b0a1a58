/* SPDX-License-Identifier: MIT */
/*
 * A compiled policy: which rules apply to an occasion and the process that it is about.
 *
 * Pure and immutable: no system call, no allocation and no lock in a match, so that several gate
 * threads may use one ruleset at once. What the file system says about the rules' paths (symlinks
 * resolved, inode numbers) comes in as `struct rule_target`s; when it changes, a new ruleset is
 * compiled.
 *
 * A rule matches when it is about the occasion, names the file if it has paths, and all its
 * conditions hold. Where no file is opened or executed, its paths name the process's program.
 * A file is named by
 *  - an exact path, by the name that was opened; if no rule about the occasion names that, by the
 *    file's identity (device, inode), so that hard links and bind mounts of it are found;
 *  - a folder: everything below it, by name;
 *  - a glob, by name.
 * Rules are tried in file order and all that match count, up to one that says `stop`. The first
 * that says a group decides the group.
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
	/* The first `group`: an index into policy.groups, or POLICY_NONE where no rule says one, or
	 * where the one that does (group_rule) has a template. */
	int group;
	int group_rule; /* or POLICY_NONE */
	bool kill;
	unsigned count; /* rules that match, in file order */
	uint32_t rules[VERDICT_RULES];
	/* More than VERDICT_RULES matched: the first ones are listed. Group and kill are of all. */
	bool truncated;
};

struct ruleset;

/* `policy` must outlive the ruleset. 0, -ENOMEM, or -EINVAL for a regex that does not compile
 * (policy_load() takes none). */
int ruleset_new(const struct policy *policy, const struct rule_target *targets, size_t count,
		struct ruleset **ret_ruleset);
/* The same with the policy's paths as they are written, without a look at any file system. */
int ruleset_new_written(const struct policy *policy, struct ruleset **ret_ruleset);
void ruleset_free(struct ruleset *ruleset);
DEFINE_CLEANUP(struct ruleset *, ruleset_free);

/*
 * Fills *ret_verdict with the rules that match what is known, in file order up to the first that
 * says `stop`, and returns true if there is any. Facts that conditions ask for are got on the way.
 * A rule in a dry run is listed, but neither its group nor its `stop` counts, unless the whole
 * policy is one. Rates are not looked at: they are the caller's (action/rate.h).
 */
bool ruleset_judge(const struct ruleset *ruleset, struct facts *facts, struct verdict *ret_verdict);

/* OCCASION_BIT()s that any rule is about. */
uint32_t ruleset_occasions(const struct ruleset *ruleset);

/* True if some rule about one of these occasions could match the file, for some process. */
bool ruleset_concerns(const struct ruleset *ruleset, uint32_t occasions,
		      const struct file_key *file);

/*
 * True if no rule could match this file on that occasion, whoever the process is: then it need not
 * be asked about again (GATE_FORGET). `by_name`: the file has this one name only.
 */
bool ruleset_can_forget(const struct ruleset *ruleset, enum occasion on,
			const struct file_key *file, bool by_name);

/*
 * True if no rule about the occasion looks at the file, nor is found by anything but what the
 * process is: then ruleset_may_match() can be asked before the file is known.
 */
bool ruleset_goes_by_process(const struct ruleset *ruleset, enum occasion on);
/* False: no rule matches this process on that occasion, whatever the file. Asks for as little as
 * rules are filed under. */
bool ruleset_may_match(const struct ruleset *ruleset, struct facts *facts);

/* True if that was said of a file because of its name alone, in whatever folder: with another one,
 * a rule without paths may match. */
bool ruleset_goes_by_name(const struct ruleset *ruleset, enum occasion on);

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
