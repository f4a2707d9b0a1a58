// SPDX-License-Identifier: MIT
/*
 * As at the gate, a script's rules come before its interpreter's: the first that names a group
 * decides the group, and every trigger runs.
 */
#include "core/judge.h"

#include "core/facts-event.h"
#include "core/facts-process.h"
#include "core/resolve.h"

#include <time.h>

struct judge {
	struct resolver *resolver;
	struct targets targets;
	struct ruleset *ruleset;
	uint32_t boot;
	struct facts_world world;
	struct facts facts;
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
	facts_world_init(&judge->world, host);
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

static void match(struct judge *judge, struct slice path, const struct file_key *identity,
		  struct judgement *judgement)
{
	struct facts *facts = &judge->facts;
	struct verdict verdict;

	judge->path.size = 0;
	text_add_bytes(&judge->path, path.data, path.size);
	if (judge->path.failed || path.size == 0)
		return;
	facts->file = identity ? *identity : (struct file_key){ 0 };
	facts->file.path = judge->path.data;
	facts->file.length = judge->path.size;
	facts->has_file = true;
	if (ruleset_judge(judge->ruleset, facts, &verdict))
		take(judgement, &verdict);
}

static void begin(struct judge *judge, const struct event *event)
{
	time_t seconds;
	struct tm tm;

	memset(&judge->facts, 0, offsetof(struct facts, ancestors));
	judge->facts.on = ON_EXECUTE;
	memcpy(judge->facts.host_namespaces, judge->world.namespaces,
	       sizeof(judge->world.namespaces));
	facts_take_event(&judge->facts, event, NULL);
	seconds = (time_t)judge->facts.time;
	judge->facts.utc_offset = localtime_r(&seconds, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

bool judge_event(struct judge *judge, const struct event *event, struct judgement *ret_judgement)
{
	struct file_key identity = { 0 };
	bool here = event_knows(event, FIELD_EXEC_ID) && event->exec_id.boot == judge->boot &&
		    event_knows(event, FIELD_DEV) && event_knows(event, FIELD_INODE);

	*ret_judgement = (struct judgement){ .group = POLICY_NONE, .group_rule = POLICY_NONE };
	if (here) {
		identity.dev = (dev_t)event->dev;
		identity.ino = (ino_t)event->inode;
	}
	begin(judge, event);
	if (event_knows(event, FIELD_SCRIPT))
		match(judge, event->script, NULL, ret_judgement);
	if (event_knows(event, FIELD_EXE))
		match(judge, event->exe, here ? &identity : NULL, ret_judgement);
	return ret_judgement->count > 0;
}
