// SPDX-License-Identifier: MIT
/*
 * The policy as a list, and its meaning: seccomp_policy_judge() is what the compiled program is
 * held to by tests and by a fuzzer.
 */
#include "launch/seccomp-policy.h"

#include "launch/seccomp-names.h"

#include <sys/syscall.h>

int seccomp_policy_new(const char *name, struct seccomp_policy **ret_policy)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return -ENOMEM;
	policy->name = strdup(name);
	if (!policy->name)
		return -ENOMEM;
	policy->otherwise = SECCOMP_RET_ALLOW;
	*ret_policy = TAKE_PTR(policy);
	return 0;
}

void seccomp_policy_free(struct seccomp_policy *policy)
{
	if (!policy)
		return;
	free(policy->name);
	free(policy->clauses);
	free(policy->strange_name);
	free(policy->remark);
	free(policy);
}

int seccomp_policy_add(struct seccomp_policy *policy, const struct seccomp_clause *clause)
{
	if (policy->count == policy->room) {
		size_t room = policy->room ? policy->room * 2 : 128;
		struct seccomp_clause *grown;

		if (policy->count >= SECCOMP_CLAUSES_MOST)
			return -E2BIG;
		grown = reallocarray(policy->clauses, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		policy->clauses = grown;
		policy->room = room;
	}
	policy->clauses[policy->count++] = *clause;
	return 0;
}

static bool holds(const struct seccomp_condition *c, uint64_t argument)
{
	uint64_t value = c->value;

	argument &= c->mask;
	if (c->narrow) {
		argument &= UINT32_MAX;
		value &= UINT32_MAX;
	}
	switch ((enum seccomp_comparison)c->comparison) {
	case SECCOMP_EQUAL:
		return argument == value;
	case SECCOMP_NOT_EQUAL:
		return argument != value;
	case SECCOMP_LESS:
		return argument < value;
	case SECCOMP_LESS_OR_EQUAL:
		return argument <= value;
	case SECCOMP_GREATER:
		return argument > value;
	case SECCOMP_GREATER_OR_EQUAL:
		return argument >= value;
	}
	return false;
}

static bool clause_holds(const struct seccomp_clause *clause, const uint64_t *arguments)
{
	for (size_t i = 0; i < clause->count; i++)
		if (!holds(&clause->conditions[i], arguments[clause->conditions[i].argument]))
			return false;
	return true;
}

uint32_t seccomp_policy_judge(const struct seccomp_policy *policy, uint32_t call,
			      const uint64_t arguments[static SECCOMP_ARGUMENTS],
			      const struct seccomp_clause **ret_clause)
{
	for (size_t i = policy->count; i > 0; i--) {
		const struct seccomp_clause *clause = &policy->clauses[i - 1];

		if (clause->call != call || !clause_holds(clause, arguments))
			continue;
		if (ret_clause)
			*ret_clause = clause;
		return clause->action;
	}
	if (ret_clause)
		*ret_clause = NULL;
	return policy->otherwise;
}

const char *seccomp_action_text(uint32_t action, char buffer[static SECCOMP_ACTION_TEXT])
{
	unsigned number = action & SECCOMP_RET_DATA;
	const char *name;

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_LOG:
		return "log";
	case SECCOMP_RET_TRAP:
		return "trap";
	case SECCOMP_RET_KILL_THREAD:
		return "kill-thread";
	case SECCOMP_RET_KILL_PROCESS:
		return "kill";
	case SECCOMP_RET_ERRNO:
		name = seccomp_errno_name((int)number);
		if (name)
			snprintf(buffer, SECCOMP_ACTION_TEXT, "errno %s", name);
		else
			snprintf(buffer, SECCOMP_ACTION_TEXT, "errno %u", number);
		return buffer;
	default:
		snprintf(buffer, SECCOMP_ACTION_TEXT, "action %#x", action);
		return buffer;
	}
}

/* ---- what makes no sense ---- */

static bool lets_pass(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* Its arguments are pointers, which nobody can foresee: a condition on them counts as not held
 * where it allows, and as held where it does not. */
static uint32_t start_action(const struct seccomp_policy *policy,
			     const struct seccomp_clause **ret_clause)
{
	*ret_clause = NULL;
	for (size_t i = policy->count; i > 0; i--) {
		const struct seccomp_clause *clause = &policy->clauses[i - 1];

		if (clause->call != SYS_execve || (clause->count && lets_pass(clause->action)))
			continue;
		*ret_clause = clause;
		return clause->action;
	}
	return policy->otherwise;
}

int seccomp_policy_check_start(const struct seccomp_policy *policy, struct error *err)
{
	const struct seccomp_clause *clause;
	uint32_t action = start_action(policy, &clause);
	char buffer[SECCOMP_ACTION_TEXT];

	if (lets_pass(action))
		return 0;
	if (clause && clause->place.line)
		return error_set(err, -EINVAL,
				 "%s:%u:%u: this forbids execve (%s), so that no program could be "
				 "started: write \"allow execve\" behind it",
				 policy->name, clause->place.line, clause->place.column,
				 seccomp_action_text(action, buffer));
	return error_set(err, -EINVAL,
			 "%s: the default (%s) forbids execve, so that no program could be "
			 "started: write \"allow execve\" or \"allow @basic\"",
			 policy->name, seccomp_action_text(action, buffer));
}

/* Calls whose twin takes the same in memory. */
static const struct {
	const char *call, *twin;
} twins[] = {
	{ "clone", "clone3" },
	{ "openat", "openat2" },
};

static bool is_filtered(const struct seccomp_policy *policy, int call)
{
	for (size_t i = 0; i < policy->count; i++)
		if (policy->clauses[i].call == (uint32_t)call && policy->clauses[i].count)
			return true;
	return false;
}

char *seccomp_policy_warning(const struct seccomp_policy *policy)
{
	static const uint64_t none[SECCOMP_ARGUMENTS];
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(twins); i++) {
		int call = seccomp_call_number(twins[i].call);
		int twin = seccomp_call_number(twins[i].twin);

		if (call < 0 || twin < 0 || !is_filtered(policy, call) ||
		    !lets_pass(seccomp_policy_judge(policy, (uint32_t)twin, none, NULL)))
			continue;
		if (asprintf(&text,
			     "%s: %s is told apart by its arguments, but %s does the same and "
			     "has them in memory, where no filter looks: write \"errno ENOSYS "
			     "%s\", and programs fall back",
			     policy->name, twins[i].call, twins[i].twin, twins[i].twin) < 0)
			return NULL;
		return text;
	}
	return NULL;
}
