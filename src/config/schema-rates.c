// SPDX-License-Identifier: MIT
/* `rate` and `deadline` of a rule: what is done with too many, and with what is decided too late.
 */
#include "config/rule.h"

#include "config/values.h"

#define MS UINT64_C(1000000)

struct rate_draft {
	struct policy_rate *rate;
	const struct node *then;
};

static bool read_per(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	static const char *const words[] = { [RATE_PER_RULE] = "rule",
					     [RATE_PER_USER] = "user",
					     [RATE_PER_EXE] = "exe",
					     [RATE_PER_CGROUP] = "cgroup" };
	struct rate_draft *draft = target;
	size_t index = 0;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	draft->rate->per = (enum rate_per)index;
	return result != VALUE_BAD;
}

static bool read_max(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *target)
{
	struct rate_draft *draft = target;

	return value_rate(reader, key->name, value, &draft->rate->max, &draft->rate->interval_ns) !=
	       VALUE_BAD;
}

static bool read_then(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct rate_draft *draft = target;

	draft->then = value;
	return true;
}

static const struct schema_key rate_keys[] = {
	{ "max", "rate", "how often it may match: \"10/s\", \"5/min\"", read_max },
	{ "per", "word", "counted for each rule (default), user, exe or cgroup", read_per },
	{ "then", "word or map of effects", "what is done with what is above it", read_then },
};
const struct schema rate_schema = { "\"rate\"", rate_keys, ARRAY_SIZE(rate_keys), { { NULL, 0 } } };

/* "then: kill" is "then: { kill: true }". */
static bool read_then_word(struct reader *reader, const struct node *value,
			   struct effect_list *list)
{
	static const char *const words[] = { "deny", "kill", "freeze", "log" };
	static const enum effect_kind kinds[] = { EFFECT_DENY, EFFECT_KILL, EFFECT_FREEZE,
						  EFFECT_LOG };
	size_t index = 0;

	if (value_word(reader, "then", value, words, ARRAY_SIZE(words), &index) != VALUE_GOOD)
		return false;
	return add_plain_effect(reader, list, kinds[index], value);
}

bool read_rate(struct reader *reader, const struct node *value, struct rule_draft *draft)
{
	struct rate_draft rate = { .rate = &draft->rule->rate };

	if (!expect_map(reader, "rate", value) || !schema_read(reader, &rate_schema, value, &rate))
		return false;
	if (rate.rate->max == 0)
		return report_error(reader, value, "add max: 10/s", "\"rate\" has no \"max\"");
	draft->then_at = rate.then;
	draft->then.rule = draft->rule->name;
	if (!rate.then)
		return true;
	if (rate.then->kind != NODE_MAP)
		return read_then_word(reader, rate.then, &draft->then);
	return schema_read(reader, &effect_schema, rate.then, &draft->then);
}

static bool read_after(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	const struct number_range range = { .least = MS / 10, .most = 60000 * MS };
	struct policy_deadline *deadline = target;

	return value_duration(reader, key->name, value, &range, &deadline->after_ns) != VALUE_BAD;
}

static bool read_late(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	static const char *const words[] = { "allow", "deny" };
	struct policy_deadline *deadline = target;
	size_t index = 0;
	enum value result = value_word(reader, key->name, value, words, ARRAY_SIZE(words), &index);

	deadline->deny = index == 1;
	return result != VALUE_BAD;
}

static const struct schema_key deadline_keys[] = {
	{ "after", "time", "a decision that takes longer is late: \"20ms\"", read_after },
	{ "then", "allow or deny", "what the kernel is told then; default allow", read_late },
};
const struct schema deadline_schema = {
	"\"deadline\"", deadline_keys, ARRAY_SIZE(deadline_keys), { { NULL, 0 } }
};

bool read_deadline(struct reader *reader, const struct node *value, struct rule_draft *draft)
{
	struct policy_deadline *deadline = &draft->rule->deadline;

	if (!expect_map(reader, "deadline", value) ||
	    !schema_read(reader, &deadline_schema, value, deadline))
		return false;
	if (deadline->after_ns == 0)
		return report_error(reader, value, "add after: 20ms",
				    "\"deadline\" has no \"after\"");
	return true;
}
