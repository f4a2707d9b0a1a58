// SPDX-License-Identifier: MIT
/*
 * As at the gate, a script's rules come before its interpreter's: the first that names a group
 * decides the group, and every trigger runs.
 */
#include "core/judge.h"

#include "core/resolve.h"

struct judge {
	struct resolver *resolver;
	struct targets targets;
	struct ruleset *ruleset;
	uint32_t boot;
	struct text path; /* with the NUL that rules want */
};

int judge_new(const struct host *host, const struct policy *policy, struct judge **ret_judge,
	      struct error *err)
{
	_cleanup_(judge_freep) struct judge *judge = calloc(1, sizeof(*judge));
	char boot[37];
	int r;

	if (!judge)
		return error_oom(err);
	text_init(&judge->path);
	if (host_boot_id(host, boot) >= 0)
		judge->boot = (uint32_t)strtoul(boot, NULL, 16);
	r = resolver_new(NULL, NULL, NULL, &judge->resolver, err);
	if (r < 0)
		return r;
	r = resolver_resolve(judge->resolver, policy, &judge->targets);
	if (r >= 0)
		r = ruleset_new(policy, judge->targets.items, judge->targets.count,
				&judge->ruleset);
	if (r < 0)
		return error_oom(err);
	*ret_judge = TAKE_PTR(judge);
	return 0;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	ruleset_free(judge->ruleset);
	targets_done(&judge->targets);
	resolver_free(judge->resolver);
	text_done(&judge->path);
	free(judge);
}

static bool match(struct judge *judge, struct slice path, const struct file_key *identity,
		  struct verdict *ret_verdict)
{
	struct file_key key = { 0 };

	if (identity)
		key = *identity;
	judge->path.size = 0;
	text_add_bytes(&judge->path, path.data, path.size);
	if (judge->path.failed || path.size == 0)
		return false;
	key.path = judge->path.data;
	key.length = judge->path.size;
	return ruleset_match(judge->ruleset, ACTION_EXECUTE, &key, ret_verdict);
}

static void take(struct judgement *judgement, const struct verdict *verdict)
{
	if (judgement->group == POLICY_NONE) {
		judgement->group = verdict->group;
		judgement->group_rule = verdict->group_rule;
	}
	judgement->kill |= verdict->kill;
	for (unsigned i = 0; i < verdict->count; i++) {
		bool there = false;

		for (unsigned j = 0; j < judgement->count; j++)
			there |= judgement->rules[j] == verdict->rules[i];
		if (!there)
			judgement->rules[judgement->count++] = verdict->rules[i];
	}
}

bool judge_event(struct judge *judge, const struct event *event, struct judgement *ret_judgement)
{
	struct file_key identity = { 0 };
	bool here = event_knows(event, FIELD_EXEC_ID) && event->exec_id.boot == judge->boot &&
		    event_knows(event, FIELD_DEV) && event_knows(event, FIELD_INODE);
	struct verdict verdict;

	*ret_judgement = (struct judgement){ .group = POLICY_NONE, .group_rule = POLICY_NONE };
	if (here) {
		identity.dev = (dev_t)event->dev;
		identity.ino = (ino_t)event->inode;
	}
	if (event_knows(event, FIELD_SCRIPT) && match(judge, event->script, NULL, &verdict))
		take(ret_judgement, &verdict);
	if (event_knows(event, FIELD_EXE) &&
	    match(judge, event->exe, here ? &identity : NULL, &verdict))
		take(ret_judgement, &verdict);
	return ret_judgement->count > 0;
}
