// SPDX-License-Identifier: MIT
/*
 * An index an occasion says which of its rules name the file; those without paths are listed
 * beside it. What is found is taken in file order, and its conditions are tried in the order of
 * their cost, so that a part of the facts is got only when all that is cheaper holds.
 *
 * A rule in a dry run changes nothing about the others: neither its group nor its `stop` counts,
 * unless the whole policy is one.
 */
#include "rules/ruleset.h"

#include "rules/condition.h"
#include "rules/glob.h"
#include "rules/path-index.h"
#include "rules/program-names.h"
#include "rules/selector.h"
#include "rules/shared-paths.h"

struct rule {
	struct condition *conditions; /* NULL: none */
	uint32_t on;
	int group_effect; /* index into the rule's effects, or POLICY_NONE */
	bool kills;
	bool counts; /* it does what it says */
	bool has_paths;
};

struct index {
	struct path_index *paths; /* NULL: no rule has any */
	struct selector *bare;	  /* of rules without paths; NULL: all have some */
	struct selector *shared;  /* of rules that share theirs with many; NULL: none do */
	bool borrowed;		  /* all of it is another occasion's, whose rules are the same */
};

struct ruleset {
	const struct policy *policy;
	struct rule *rules;
	struct shared_paths *shared; /* NULL: none */
	struct index occasions[OCCASIONS];
	/* What the rules without paths about executions could be about; NULL: any file. */
	struct program_names *programs;
};

/* ---- compiling ---- */

static int compile_rule(const struct policy *policy, const struct policy_rule *from,
			struct rule *rule)
{
	rule->on = from->on;
	rule->has_paths = from->path_count > 0;
	rule->counts = policy->dry_run || !from->dry_run;
	rule->kills = false;
	rule->group_effect = POLICY_NONE;
	for (size_t i = 0; i < from->effect_count; i++) {
		rule->kills |= from->effects[i].kind == EFFECT_KILL;
		if (from->effects[i].kind == EFFECT_GROUP && rule->group_effect == POLICY_NONE)
			rule->group_effect = (int)i;
	}
	if (from->condition_count == 0)
		return 0;
	return conditions_new(from->conditions, from->condition_count, &rule->conditions);
}

static bool is_shared(const struct ruleset *rules, size_t number)
{
	return rules->shared && shared_paths_has(rules->shared, (uint32_t)number);
}

static int index_paths(const struct ruleset *rules, const struct rule_target *targets, size_t count,
		       enum occasion on, struct index *index)
{
	_cleanup_(freep) const struct rule_target **mine = calloc(count + 1, sizeof(*mine));
	_cleanup_(freep) struct rule_target *shared = NULL;
	size_t found = 0, shared_count = 0;

	if (rules->shared)
		shared = calloc(count + 1, sizeof(*shared));
	if (!mine || (rules->shared && !shared))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!(rules->rules[targets[i].rule].on & OCCASION_BIT(on)))
			continue;
		mine[found] = &targets[i];
		if (is_shared(rules, targets[i].rule)) {
			shared[shared_count] = targets[i];
			shared[shared_count].rule = SHARED_RULE;
			mine[found] = &shared[shared_count++];
		}
		found++;
	}
	return found > 0 ? path_index_new(mine, found, &index->paths) : 0;
}

/* Files the rules about an occasion that have no path, or those that share one with many. */
static int index_conditions(const struct ruleset *rules, enum occasion on, bool shared,
			    struct selector **ret_selector)
{
	const struct policy *policy = rules->policy;
	_cleanup_(freep) struct selector_rule *filed =
		calloc(policy->rule_count + 1, sizeof(*filed));
	size_t count = 0;

	if (!filed)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!(rules->rules[i].on & OCCASION_BIT(on)) ||
		    rules->rules[i].has_paths != shared || is_shared(rules, i) != shared)
			continue;
		filed[count++] = (struct selector_rule){
			.rule = (uint32_t)i,
			.conditions = rules->rules[i].conditions,
			.count = policy->rules[i].condition_count,
		};
	}
	return count > 0 ? selector_new(filed, count, ret_selector) : 0;
}

/* Whether every rule is about both occasions, or neither. */
static bool have_same_rules(const struct ruleset *rules, enum occasion one, enum occasion other)
{
	const uint32_t both = OCCASION_BIT(one) | OCCASION_BIT(other);

	for (size_t i = 0; i < rules->policy->rule_count; i++) {
		uint32_t on = rules->rules[i].on & both;

		if (on != 0 && on != both)
			return false;
	}
	return true;
}

static int index_occasion(struct ruleset *rules, const struct rule_target *targets, size_t count,
			  enum occasion on)
{
	struct index *index = &rules->occasions[on];
	int r;

	/* Rules of cgrules.conf are all about three of them. */
	for (enum occasion other = 0; other < on; other++) {
		if (!have_same_rules(rules, on, other))
			continue;
		*index = rules->occasions[other];
		index->borrowed = true;
		return 0;
	}
	r = index_paths(rules, targets, count, on, index);
	if (r >= 0)
		r = index_conditions(rules, on, false, &index->bare);
	if (r >= 0 && rules->shared)
		r = index_conditions(rules, on, true, &index->shared);
	return r;
}

/* Only of an execution is the program the file that is asked about. */
static int name_programs(struct ruleset *rules)
{
	_cleanup_(program_names_freep) struct program_names *names = NULL;
	int r = program_names_new(&names);

	for (size_t i = 0; i < rules->policy->rule_count && r >= 0; i++) {
		const struct policy_rule *from = &rules->policy->rules[i];

		if (!(from->on & OCCASION_BIT(ON_EXECUTE)) || rules->rules[i].has_paths)
			continue;
		r = program_names_add(names, from->conditions, from->condition_count);
		if (r == 0)
			return 0;
	}
	if (r < 0)
		return r;
	program_names_sort(names);
	rules->programs = TAKE_PTR(names);
	return 0;
}

static bool can_be_filed(uint32_t number, void *userdata)
{
	const struct ruleset *rules = userdata;

	return selector_choice(rules->rules[number].conditions,
			       rules->policy->rules[number].condition_count) >= 0;
}

int ruleset_new(const struct policy *policy, const struct rule_target *targets, size_t count,
		struct ruleset **ret_ruleset)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = calloc(1, sizeof(*rules));
	int r = 0;

	if (!rules)
		return -ENOMEM;
	rules->policy = policy;
	rules->rules = calloc(policy->rule_count + 1, sizeof(*rules->rules));
	if (!rules->rules)
		return -ENOMEM;
	for (size_t i = 0; i < policy->rule_count && r >= 0; i++)
		r = compile_rule(policy, &policy->rules[i], &rules->rules[i]);
	for (size_t i = 0; i < count; i++)
		rules->rules[targets[i].rule].has_paths = true;
	if (r >= 0)
		r = shared_paths_new(targets, count, policy->rule_count, can_be_filed, rules,
				     &rules->shared);
	for (enum occasion on = 0; on < OCCASIONS && r >= 0; on++)
		r = index_occasion(rules, targets, count, on);
	if (r >= 0)
		r = name_programs(rules);
	if (r < 0)
		return r;
	*ret_ruleset = TAKE_PTR(rules);
	return 0;
}

int ruleset_new_written(const struct policy *policy, struct ruleset **ret_ruleset)
{
	_cleanup_(freep) struct rule_target *targets = NULL;
	size_t count = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		count += policy->rules[i].path_count * 2;
	targets = calloc(count + 1, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < policy->rule_count; i++) {
		for (size_t j = 0; j < policy->rules[i].path_count; j++) {
			const struct policy_path *path = &policy->rules[i].paths[j];
			struct rule_target target = { .rule = (uint32_t)i, .text = path->text };
			bool pattern = glob_is_pattern(path->text);

			/* Nothing tells a file from a folder, so it is both. */
			target.kind = pattern ? TARGET_GLOB : TARGET_FOLDER;
			targets[count++] = target;
			target.kind = TARGET_FILE;
			if (!pattern && !path->folder)
				targets[count++] = target;
		}
	}
	return ruleset_new(policy, targets, count, ret_ruleset);
}

void ruleset_free(struct ruleset *rules)
{
	if (!rules)
		return;
	for (enum occasion on = 0; on < OCCASIONS; on++) {
		if (rules->occasions[on].borrowed)
			continue;
		path_index_free(rules->occasions[on].paths);
		selector_free(rules->occasions[on].bare);
		selector_free(rules->occasions[on].shared);
	}
	for (size_t i = 0; rules->rules && i < rules->policy->rule_count; i++)
		conditions_free(rules->rules[i].conditions,
				rules->policy->rules[i].condition_count);
	free(rules->rules);
	shared_paths_free(rules->shared);
	program_names_free(rules->programs);
	free(rules);
}

/* ---- judging ---- */

/* What the rules' paths are compared with: the file, or where there is none the program. */
static bool subject_of(struct facts *facts, struct file_key *ret_file, bool *ret_identity)
{
	*ret_identity = facts->has_file;
	if (facts->has_file) {
		*ret_file = facts->file;
		return true;
	}
	if (facts_occasions(facts) & (OCCASIONS_OF_FILES | OCCASION_BIT(ON_EXECUTE)))
		return false;
	if (!facts_know(facts, FACT_EXE) || facts->exe.size == 0)
		return false;
	*ret_file = (struct file_key){ .path = facts->exe.data, .length = facts->exe.size };
	return true;
}

/* What is asked about, while it is. */
struct question {
	const struct ruleset *rules;
	struct facts *facts;
	struct file_key file;
	bool has_file, by_identity;
	uint32_t shared; /* occasions whose shared rules may name the file */
};

static void begin_question(struct question *question, const struct ruleset *rules,
			   struct facts *facts)
{
	question->rules = rules;
	question->facts = facts;
	question->shared = 0;
	question->has_file = false;
	for (uint32_t left = facts_occasions(facts); left; left &= left - 1) {
		if (!rules->occasions[__builtin_ctz(left)].paths)
			continue;
		question->has_file = subject_of(facts, &question->file, &question->by_identity);
		break;
	}
}

/* Adds the rules that name the file, but for shared ones. */
static void find_named(struct question *question, struct candidates *candidates)
{
	if (!question->has_file)
		return;
	for (uint32_t left = facts_occasions(question->facts); left; left &= left - 1) {
		unsigned on = (unsigned)__builtin_ctz(left);
		const struct index *index = &question->rules->occasions[on];

		if (index->paths && path_index_find(index->paths, &question->file,
						    question->by_identity, candidates))
			question->shared |= OCCASION_BIT(on);
	}
}

static void find_candidates(struct question *question, struct candidates *candidates)
{
	find_named(question, candidates);
	for (uint32_t left = facts_occasions(question->facts); left; left &= left - 1) {
		unsigned on = (unsigned)__builtin_ctz(left);
		const struct index *index = &question->rules->occasions[on];

		if (index->bare)
			selector_find(index->bare, question->facts, candidates);
		if (question->shared & OCCASION_BIT(on))
			selector_find(index->shared, question->facts, candidates);
	}
}

/* A shared rule was found by a condition: does it name the file, on one of these occasions? */
static bool shared_names(const struct question *question, uint32_t number)
{
	const struct ruleset *rules = question->rules;
	uint32_t on = rules->rules[number].on & question->shared;

	for (; on; on &= on - 1) {
		const struct index *index = &rules->occasions[__builtin_ctz(on)];
		bool by_identity = question->by_identity &&
				   !path_index_has_exact(index->paths, &question->file);

		if (shared_paths_name(rules->shared, number, &question->file, by_identity))
			return true;
	}
	return false;
}

/* The first condition that does not hold, or NULL. */
static const struct condition *first_failed(const struct ruleset *rules, uint32_t number,
					    struct facts *facts, bool *ret_unknown)
{
	const struct condition *conditions = rules->rules[number].conditions;

	for (size_t i = 0; conditions && i < rules->policy->rules[number].condition_count; i++) {
		enum holds holds = condition_holds(&conditions[i], facts);

		*ret_unknown = holds == HOLDS_UNKNOWN;
		if (holds != HOLDS_YES)
			return &conditions[i];
	}
	return NULL;
}

/* Rules come in file order: those that do not fit are the last ones. What decides about the process
 * itself counts in any case. */
static void add_rule(const struct ruleset *rules, uint32_t number, struct verdict *verdict)
{
	const struct policy_rule *from = &rules->policy->rules[number];
	const struct rule *rule = &rules->rules[number];

	if (verdict->count < VERDICT_RULES)
		verdict->rules[verdict->count++] = number;
	else
		verdict->truncated = true;
	if (!rule->counts)
		return;
	verdict->kill |= rule->kills;
	if (verdict->group_rule != POLICY_NONE || rule->group_effect == POLICY_NONE)
		return;
	verdict->group = from->effects[rule->group_effect].group.index;
	verdict->group_rule = (int)number;
}

/* True where no rule behind this one is tried. */
static bool stops(const struct ruleset *rules, uint32_t number)
{
	return rules->policy->rules[number].stop && rules->rules[number].counts;
}

bool ruleset_judge(const struct ruleset *rules, struct facts *facts, struct verdict *ret_verdict)
{
	struct candidates candidates;
	struct question question;
	uint32_t first = 0, number;
	bool unknown;

	ret_verdict->group = ret_verdict->group_rule = POLICY_NONE;
	ret_verdict->kill = ret_verdict->truncated = false;
	ret_verdict->count = 0;
	begin_question(&question, rules, facts);
	do {
		candidates_begin(&candidates, first);
		find_candidates(&question, &candidates);
		while ((number = candidates_take(&candidates)) != NO_CANDIDATE) {
			if ((is_shared(rules, number) && !shared_names(&question, number)) ||
			    first_failed(rules, number, facts, &unknown))
				continue;
			add_rule(rules, number, ret_verdict);
			if (stops(rules, number))
				return true;
		}
		first = candidates.beyond;
	} while (first != NO_CANDIDATE);
	return ret_verdict->count > 0;
}

/* ---- what can be said without the process ---- */

static bool has_rules(const struct index *index)
{
	return index->paths || index->bare;
}

static bool has_names(const struct index *index)
{
	return index->paths && path_index_has_names(index->paths);
}

/* Whether a rule without paths could match on that occasion, whoever the process is. */
static bool bare_concerns(const struct ruleset *rules, unsigned on, const struct file_key *file)
{
	if (!rules->occasions[on].bare)
		return false;
	/* A path that is too long to be told may get shorter. */
	if (on != ON_EXECUTE || !rules->programs || file->length == 0)
		return true;
	return program_names_have(rules->programs, (struct slice){ file->path, file->length });
}

uint32_t ruleset_occasions(const struct ruleset *rules)
{
	uint32_t occasions = 0;

	for (enum occasion on = 0; on < OCCASIONS; on++)
		if (has_rules(&rules->occasions[on]))
			occasions |= OCCASION_BIT(on);
	return occasions;
}

bool ruleset_goes_by_process(const struct ruleset *rules, enum occasion on)
{
	const struct index *index = &rules->occasions[on];

	return !index->paths && index->bare && selector_is_of_process(index->bare);
}

bool ruleset_may_match(const struct ruleset *rules, struct facts *facts)
{
	struct candidates candidates;

	candidates_begin(&candidates, 0);
	selector_find(rules->occasions[facts->on].bare, facts, &candidates);
	return candidates.beyond != NO_CANDIDATE || candidates_take(&candidates) != NO_CANDIDATE;
}

bool ruleset_concerns(const struct ruleset *rules, uint32_t occasions, const struct file_key *file)
{
	for (uint32_t left = occasions; left; left &= left - 1) {
		unsigned on = (unsigned)__builtin_ctz(left);
		const struct index *index = &rules->occasions[on];

		if (bare_concerns(rules, on, file) ||
		    (index->paths && path_index_names(index->paths, file, true)))
			return true;
	}
	return false;
}

bool ruleset_goes_by_name(const struct ruleset *rules, enum occasion on)
{
	return on == ON_EXECUTE && rules->occasions[on].bare;
}

bool ruleset_can_forget(const struct ruleset *rules, enum occasion on, const struct file_key *file,
			bool by_name)
{
	/* What is forgotten is the file, whatever its name: by another one it could be named. */
	if (!by_name && (has_names(&rules->occasions[on]) || ruleset_goes_by_name(rules, on)))
		return false;
	return !ruleset_concerns(rules, OCCASION_BIT(on), file);
}

/* ---- explaining ---- */

static void explain_rule(const struct question *question, uint32_t number,
			 const struct candidates *named, struct explanation *explanation)
{
	const struct ruleset *rules = question->rules;
	const struct rule *rule = &rules->rules[number];
	const struct condition *failed;

	if (explanation->not_tried)
		return;
	if (!(rule->on & facts_occasions(question->facts))) {
		explanation->not_on = true;
		return;
	}
	if (rule->has_paths && !(is_shared(rules, number) ? shared_names(question, number)
							  : candidates_have(named, number))) {
		explanation->file_differs = true;
		return;
	}
	failed = first_failed(rules, number, question->facts, &explanation->unknown);
	if (failed)
		explanation->failed = failed->from;
	else
		explanation->matched = true;
}

void ruleset_explain(const struct ruleset *rules, struct facts *facts,
		     void (*told)(const struct explanation *explanation, void *userdata),
		     void *userdata)
{
	struct candidates named;
	struct question question;
	bool stopped = false;

	begin_question(&question, rules, facts);
	for (uint32_t number = 0; number < rules->policy->rule_count; number++) {
		struct explanation explanation = { .rule = number, .not_tried = stopped };

		if (number % CANDIDATES_AT_ONCE == 0) {
			candidates_begin(&named, number);
			find_named(&question, &named);
		}
		explain_rule(&question, number, &named, &explanation);
		stopped |= explanation.matched && stops(rules, number);
		told(&explanation, userdata);
	}
}

const struct policy *ruleset_policy(const struct ruleset *rules)
{
	return rules->policy;
}
