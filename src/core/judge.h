/* SPDX-License-Identifier: MIT */
/*
 * A policy put to executions that have happened: what it would have done, and by which rules.
 * Nothing is done.
 */
#pragma once

#include "config/policy.h"
#include "model/event.h"
#include "rules/ruleset.h"
#include "util/host.h"

struct judge;

/* A script and its interpreter are two files of one execution. */
enum { JUDGE_RULES = 2 * VERDICT_RULES };

struct judgement {
	int group;	/* index into policy.groups, or POLICY_NONE */
	int group_rule; /* the rule that names it */
	bool kill;
	unsigned count; /* rules that match, each once */
	uint32_t rules[JUDGE_RULES];
};

/*
 * `policy` must outlive it. The rules' paths are looked up on this host, so that a symlink in a
 * rule means what it means here; that a path is not there is no error.
 */
int judge_new(const struct host *host, const struct policy *policy, struct judge **ret_judge,
	      struct error *err);
void judge_free(struct judge *judge);
DEFINE_CLEANUP(struct judge *, judge_free);

/*
 * True if any rule names the program, or the script, of this event (an execution, or something
 * found running). The identity of the file counts only where the event is of this host's boot:
 * elsewhere the same numbers are other files.
 */
bool judge_event(struct judge *judge, const struct event *event, struct judgement *ret_judgement);
