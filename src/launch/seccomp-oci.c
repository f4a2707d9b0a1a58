// SPDX-License-Identifier: MIT
/*
 * The meaning is libseccomp's, for that is what profiles were written for: rules have no order, a
 * rule without conditions decides over those of the same call that have some, and a rule with the
 * default's action says nothing. Two conditions on one argument in one rule are alternatives.
 */
#include "launch/seccomp-oci.h"

#include "launch/seccomp-names.h"
#include "util/suggest.h"

struct profile {
	struct seccomp_policy *policy;
	const char *name;
	bool conditional; /* which rules are read now */
	struct error *err;
};

/* ---- words ---- */

struct word {
	const char *name;
	uint32_t value;
};

static const struct word actions[] = {
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
};

enum { MASKED_EQUAL = SECCOMP_COMPARISONS };

static const struct word operators[] = {
	{ "SCMP_CMP_EQ", SECCOMP_EQUAL },     { "SCMP_CMP_GE", SECCOMP_GREATER_OR_EQUAL },
	{ "SCMP_CMP_GT", SECCOMP_GREATER },   { "SCMP_CMP_LE", SECCOMP_LESS_OR_EQUAL },
	{ "SCMP_CMP_LT", SECCOMP_LESS },      { "SCMP_CMP_MASKED_EQ", MASKED_EQUAL },
	{ "SCMP_CMP_NE", SECCOMP_NOT_EQUAL },
};

static const struct word flags[] = {
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	/* of a process with one thread: nothing to do */
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 },
};

enum { WORDS_MOST = 16 };

/* `place` says where it stands. */
static int read_word(struct profile *p, const char *place, const json_t *value,
		     const struct word *words, size_t count, uint32_t *ret_value)
{
	const char *text = json_string_value(value), *names[WORDS_MOST], *near;

	if (!text)
		return error_set(p->err, -EINVAL, "%s: %s: a word is expected, such as \"%s\"",
				 p->name, place, words[0].name);
	for (size_t i = 0; i < count; i++) {
		names[i] = words[i].name;
		if (!streq(words[i].name, text))
			continue;
		*ret_value = words[i].value;
		return 0;
	}
	near = suggest(text, names, count);
	if (near)
		return error_set(p->err, -EINVAL, "%s: %s: unknown \"%s\" (did you mean \"%s\"?)",
				 p->name, place, text, near);
	return error_set(p->err, -EINVAL, "%s: %s: unknown \"%s\"", p->name, place, text);
}

enum { ERRNO_MOST = 4095 };

static int read_action(struct profile *p, const char *place, const json_t *value,
		       const json_t *number, uint32_t *ret_action)
{
	json_int_t code = number ? json_integer_value(number) : EPERM;
	int r = read_word(p, place, value, actions, ARRAY_SIZE(actions), ret_action);

	if (r < 0)
		return r;
	if (*ret_action == SECCOMP_RET_USER_NOTIF || *ret_action == SECCOMP_RET_TRACE)
		return error_set(p->err, -EOPNOTSUPP,
				 "%s: %s: \"%s\" asks another program at each call, and there is "
				 "none here: the caller would fail with ENOSYS",
				 p->name, place, json_string_value(value));
	if (*ret_action != SECCOMP_RET_ERRNO)
		return 0;
	if ((number && !json_is_integer(number)) || code < 0 || code > ERRNO_MOST)
		return error_set(p->err, -EINVAL, "%s: %s: its errno is a number from 0 to %d",
				 p->name, place, ERRNO_MOST);
	*ret_action |= (uint32_t)code;
	return 0;
}

/* ---- processors ---- */

#if defined(__x86_64__)
static const char *const native_names[] = { "SCMP_ARCH_X86_64", "amd64", "x86_64" };
#elif defined(__aarch64__)
static const char *const native_names[] = { "SCMP_ARCH_AARCH64", "arm64", "aarch64" };
#else
#error "say how profiles name this processor"
#endif

static bool is_native(const json_t *name)
{
	const char *text = json_string_value(name);

	for (size_t i = 0; text && i < ARRAY_SIZE(native_names); i++)
		if (streq(text, native_names[i]))
			return true;
	return json_is_string(name) && streq(text, "SCMP_ARCH_NATIVE");
}

static bool has_native(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_native(json_array_get(list, i)))
			return true;
	return false;
}

static int remark_others(struct profile *p, const json_t *list)
{
	for (size_t i = 0; !p->policy->remark && i < json_array_size(list); i++) {
		const char *other = json_string_value(json_array_get(list, i));

		if (!other || is_native(json_array_get(list, i)))
			continue;
		if (asprintf(&p->policy->remark,
			     "%s: calls of other tables (%s) are killed here, though the profile "
			     "has rules for them",
			     p->name, other) < 0) {
			p->policy->remark = NULL;
			return error_oom(p->err);
		}
	}
	return 0;
}

static int read_architectures(struct profile *p, const json_t *root)
{
	const json_t *list = json_object_get(root, "architectures");
	const json_t *map = json_object_get(root, "archMap");

	for (size_t i = 0; i < json_array_size(map); i++) {
		const json_t *row = json_array_get(map, i);

		if (is_native(json_object_get(row, "architecture")))
			return remark_others(p, json_object_get(row, "subArchitectures"));
	}
	if (json_array_size(list) && !has_native(list))
		return error_set(p->err, -EOPNOTSUPP,
				 "%s: architectures: the profile is for other processors than this "
				 "(%s)",
				 p->name, native_names[0]);
	return remark_others(p, list);
}

/* ---- rules ---- */

/* Of Docker: for programs with capabilities, of which the default is none, or for processors. */
static bool is_meant(const json_t *rule)
{
	const json_t *only = json_object_get(rule, "includes");
	const json_t *not = json_object_get(rule, "excludes");
	const json_t *processors = json_object_get(only, "arches");

	if (json_array_size(json_object_get(only, "caps")))
		return false;
	if (json_array_size(processors) && !has_native(processors))
		return false;
	return !has_native(json_object_get(not, "arches"));
}

/* A JSON number; a negative one is what C makes of it. */
static int read_number(struct profile *p, const char *place, const json_t *arg, const char *key,
		       uint64_t *ret_value)
{
	const json_t *value = json_object_get(arg, key);

	*ret_value = 0;
	if (!value)
		return 0;
	if (!json_is_integer(value))
		return error_set(p->err, -EINVAL, "%s: %s.%s: a whole number is expected", p->name,
				 place, key);
	*ret_value = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_condition(struct profile *p, size_t rule, size_t at, const json_t *arg,
			  struct seccomp_condition *ret)
{
	const json_t *index = json_object_get(arg, "index");
	struct seccomp_condition c = { .mask = UINT64_MAX };
	uint32_t comparison = 0;
	char place[64], op[72];
	uint64_t two;
	int r;

	snprintf(place, sizeof(place), "syscalls[%zu].args[%zu]", rule, at);
	snprintf(op, sizeof(op), "%s.op", place);
	if (!json_is_integer(index) || json_integer_value(index) < 0 ||
	    json_integer_value(index) >= SECCOMP_ARGUMENTS)
		return error_set(p->err, -EINVAL, "%s: %s.index: a number from 0 to %d is expected",
				 p->name, place, SECCOMP_ARGUMENTS - 1);
	c.argument = (uint8_t)json_integer_value(index);
	r = read_word(p, op, json_object_get(arg, "op"), operators, ARRAY_SIZE(operators),
		      &comparison);
	if (r >= 0)
		r = read_number(p, place, arg, "value", &c.value);
	if (r >= 0)
		r = read_number(p, place, arg, "valueTwo", &two);
	if (r < 0)
		return r;
	if (comparison == MASKED_EQUAL) {
		c.mask = c.value;
		c.value = two;
		comparison = SECCOMP_EQUAL;
	}
	c.comparison = (uint8_t)comparison;
	*ret = c;
	return 0;
}

static int add_clause(struct profile *p, const struct seccomp_clause *clause)
{
	int r = seccomp_policy_add(p->policy, clause);

	if (r == -E2BIG)
		return error_set(p->err, -EINVAL, "%s: more than %d rules for calls", p->name,
				 SECCOMP_CLAUSES_MOST);
	return r < 0 ? error_oom(p->err) : 0;
}

/* The clauses of one call: one, or one a condition where two are on the same argument. */
static int add_clauses(struct profile *p, const struct seccomp_clause *clause)
{
	unsigned seen = 0;
	bool twice = false;

	for (size_t i = 0; i < clause->count; i++) {
		twice = twice || (seen >> clause->conditions[i].argument & 1);
		seen |= 1U << clause->conditions[i].argument;
	}
	for (size_t i = 0; twice && i < clause->count; i++) {
		struct seccomp_clause part = *clause;
		int r;

		part.count = 1;
		part.conditions[0] = clause->conditions[i];
		r = add_clause(p, &part);
		if (r < 0)
			return r;
	}
	return twice ? 0 : add_clause(p, clause);
}

static int read_names(struct profile *p, size_t rule, const json_t *object,
		      struct seccomp_clause *clause)
{
	const json_t *names = json_object_get(object, "names");
	const json_t *one = json_object_get(object, "name");
	size_t count = one ? 1 : json_array_size(names);

	if (!one && !json_is_array(names))
		return error_set(p->err, -EINVAL,
				 "%s: syscalls[%zu].names: a list of system calls is expected",
				 p->name, rule);
	for (size_t i = 0; i < count; i++) {
		const char *name = json_string_value(one ? one : json_array_get(names, i));
		int number, r = 0;

		if (!name)
			return error_set(p->err, -EINVAL,
					 "%s: syscalls[%zu].names[%zu]: a name is expected",
					 p->name, rule, i);
		number = seccomp_call_number(name);
		if (number == -ENOENT && !p->conditional) {
			p->policy->strange++;
			if (!p->policy->strange_name)
				p->policy->strange_name = strdup(name);
		}
		clause->call = (uint32_t)number;
		if (number >= 0 && clause->action != p->policy->otherwise)
			r = add_clauses(p, clause);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_rule(struct profile *p, size_t at, const json_t *rule)
{
	const json_t *args = json_object_get(rule, "args");
	struct seccomp_clause clause = { 0 };
	char place[48];
	int r;

	snprintf(place, sizeof(place), "syscalls[%zu].action", at);
	if (!json_is_object(rule))
		return error_set(p->err, -EINVAL, "%s: syscalls[%zu]: an object is expected",
				 p->name, at);
	if (!is_meant(rule) || (json_array_size(args) > 0) != p->conditional)
		return 0;
	if (json_array_size(args) > SECCOMP_CONDITIONS)
		return error_set(p->err, -EINVAL, "%s: syscalls[%zu].args: more than %d conditions",
				 p->name, at, SECCOMP_CONDITIONS);
	r = read_action(p, place, json_object_get(rule, "action"),
			json_object_get(rule, "errnoRet"), &clause.action);
	for (size_t i = 0; r >= 0 && i < json_array_size(args); i++)
		r = read_condition(p, at, i, json_array_get(args, i),
				   &clause.conditions[clause.count++]);
	return r < 0 ? r : read_names(p, at, rule, &clause);
}

static int read_rules(struct profile *p, const json_t *root, bool conditional)
{
	const json_t *rules = json_object_get(root, "syscalls");
	int r = 0;

	p->conditional = conditional;
	if (rules && !json_is_array(rules) && !json_is_null(rules))
		return error_set(p->err, -EINVAL, "%s: syscalls: a list is expected", p->name);
	for (size_t i = 0; r >= 0 && i < json_array_size(rules); i++)
		r = read_rule(p, i, json_array_get(rules, i));
	return r;
}

static int read_flags(struct profile *p, const json_t *root)
{
	const json_t *list = json_object_get(root, "flags");
	char place[32];

	for (size_t i = 0; i < json_array_size(list); i++) {
		uint32_t flag;
		int r;

		snprintf(place, sizeof(place), "flags[%zu]", i);
		r = read_word(p, place, json_array_get(list, i), flags, ARRAY_SIZE(flags), &flag);
		if (r < 0)
			return r;
		p->policy->flags |= flag;
	}
	return 0;
}

int seccomp_read_oci(const char *name, const json_t *root, struct seccomp_policy **ret_policy,
		     struct error *err)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
	struct profile p = { .name = name, .err = err };
	int r;

	if (!json_is_object(root))
		return error_set(err, -EINVAL, "%s: a seccomp profile is an object", name);
	if (seccomp_policy_new(name, &policy) < 0)
		return error_oom(err);
	p.policy = policy;
	policy->has_default = true;
	r = read_action(&p, "defaultAction", json_object_get(root, "defaultAction"),
			json_object_get(root, "defaultErrnoRet"), &policy->otherwise);
	if (r >= 0)
		r = read_architectures(&p, root);
	if (r >= 0)
		r = read_flags(&p, root);
	/* The last one decides: rules without conditions. */
	if (r >= 0)
		r = read_rules(&p, root, true);
	if (r >= 0)
		r = read_rules(&p, root, false);
	if (r >= 0)
		*ret_policy = TAKE_PTR(policy);
	return r < 0 ? r : 0;
}

int seccomp_parse_oci(const char *name, const char *text, struct seccomp_policy **ret_policy,
		      struct error *err)
{
	json_error_t at;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &at);
	int r;

	if (!root)
		return error_set(err, -EINVAL, "%s:%d:%d: %s", name, at.line, at.column, at.text);
	r = seccomp_read_oci(name, root, ret_policy, err);
	json_decref(root);
	return r;
}
