/* SPDX-License-Identifier: MIT */
/*
 * An audit rule as the kernel is given it and gives it back (struct audit_rule_data): making ours,
 * knowing them again by their key, and judging what the others' mean for us.
 */
#pragma once

#include "source/audit-calls.h"
#include "util/text.h"

#include <linux/audit.h>

enum { AUDIT_KEY_TEXT = 96 };

/* Which reeve a rule belongs to. Written "reeve-PID-START-PORT-on". */
struct audit_key {
	uint32_t pid;
	uint64_t start; /* field 22 of /proc/PID/stat: with pid it tells a process for good */
	uint32_t port;	/* of its netlink socket: tells several in one process */
	bool was_off;	/* audit was switched off when it came ("-off") */
};

/* Returns the length. */
size_t audit_key_format(const struct audit_key *key, char text[static AUDIT_KEY_TEXT]);
/* False: the text is no key of a reeve. */
bool audit_key_parse(struct slice text, struct audit_key *ret_key);

static inline bool audit_key_is_same(const struct audit_key *a, const struct audit_key *b)
{
	return a->pid == b->pid && a->start == b->start && a->port == b->port;
}

/* A rule with room for its key. */
struct audit_rule {
	_Alignas(
		struct audit_rule_data) char bytes[sizeof(struct audit_rule_data) + AUDIT_KEY_TEXT];
	size_t size; /* what is used of it */
};

static inline struct audit_rule_data *audit_rule_data(struct audit_rule *rule)
{
	return (struct audit_rule_data *)(void *)rule->bytes;
}

/* "Record this kind of call", of all outcomes or of success only, at the end of the list. */
void audit_rule_make(struct audit_rule *rule, enum audit_abi abi, enum audit_call call,
		     bool success_only, const struct audit_key *key);

/* What a listed rule means for us. */
enum audit_rule_kind {
	AUDIT_RULE_OTHER,
	AUDIT_RULE_REEVE,	    /* *ret_key says whose */
	AUDIT_RULE_NEVER_TASK,	    /* no process begun since is audited */
	AUDIT_RULE_NEVER_SOME_TASK, /* some are not */
	AUDIT_RULE_NEVER_EXEC,	    /* some executions are not told */
	AUDIT_RULE_EXCLUDE,	    /* some types of record are suppressed */
	AUDIT_RULE_INVALID,	    /* cut short */
};

enum audit_rule_kind audit_rule_judge(struct slice rule, struct audit_key *ret_key);
