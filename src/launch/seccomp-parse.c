// SPDX-License-Identifier: MIT
/*
 * One pass over the text, one token ahead. What is wrong is told with the place of the word that
 * is; the first mistake ends it.
 */
#include "launch/seccomp-parse.h"

#include "launch/seccomp-names.h"
#include "util/suggest.h"

#include <stdarg.h>

enum { WORD_MOST = 64, NESTING_MOST = 4 };

struct parser {
	struct seccomp_policy *policy;
	const char *name, *at, *line_start;
	unsigned line;
	char word[WORD_MOST];
	struct seccomp_place place; /* of the word */
	struct seccomp_place used;  /* in a preset: of the `use`; else line 0 */
	bool begun, allows;	    /* some statement was read; the first one allows */
	bool says_default;
	unsigned nesting; /* of `use` */
	struct error *err;
};

static int parse_text(struct parser *p);

static int wrong_at(struct parser *p, struct seccomp_place place, const char *format, ...)
	_printf_(3, 4);

static int wrong_at(struct parser *p, struct seccomp_place place, const char *format, ...)
{
	_cleanup_(freep) char *sentence = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&sentence, format, arguments) < 0)
		sentence = NULL;
	va_end(arguments);
	if (!sentence)
		return error_oom(p->err);
	return error_set(p->err, -EINVAL, "%s:%u:%u: %s", p->name, place.line, place.column,
			 sentence);
}

#define wrong(p, ...) wrong_at(p, (p)->place, __VA_ARGS__)

/* `near` may be NULL. */
static int unknown(struct parser *p, const char *what, const char *word, const char *near)
{
	if (near)
		return wrong(p, "unknown %s \"%s\" (did you mean \"%s\"?)", what, word, near);
	return wrong(p, "unknown %s \"%s\"", what, word);
}

/* ---- words ---- */

static struct seccomp_place here(const struct parser *p)
{
	return (struct seccomp_place){ .line = p->line,
				       .column = (unsigned)(p->at - p->line_start) + 1 };
}

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t\r");
	if (*p->at == '#')
		p->at += strcspn(p->at, "\n");
}

/* Blanks and line ends, inside of parentheses. */
static void skip_space(struct parser *p)
{
	for (skip_blanks(p); *p->at == '\n'; skip_blanks(p)) {
		p->at++;
		p->line++;
		p->line_start = p->at;
	}
}

static bool at_end(const struct parser *p)
{
	return *p->at == '\0' || *p->at == '\n' || *p->at == ';';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '@' || c == ':';
}

/* Takes letters, digits, "_-@:" into p->word; "" where there are none. */
static int take_word(struct parser *p)
{
	size_t size = 0;

	p->place = here(p);
	while (is_letter(p->at[size]))
		size++;
	if (size >= sizeof(p->word))
		return wrong(p, "a word of %zu letters is none that is known here", size);
	memcpy(p->word, p->at, size);
	p->word[size] = '\0';
	p->at += size;
	return 0;
}

static int expect_word(struct parser *p, const char *what)
{
	int r = take_word(p);

	if (r < 0 || *p->word)
		return r;
	if (at_end(p))
		return wrong(p, "%s is missing here", what);
	if (*p->at < ' ' || *p->at > '~')
		return wrong(p, "%s is expected here, not the byte 0x%02x", what,
			     (unsigned char)*p->at);
	return wrong(p, "%s is expected here, not \"%c\"", what, *p->at);
}

/* ---- actions ---- */

static const struct {
	const char *word;
	uint32_t action;
} actions[] = {
	{ "allow", SECCOMP_RET_ALLOW },	      { "errno", SECCOMP_RET_ERRNO },
	{ "kill", SECCOMP_RET_KILL_PROCESS }, { "kill-thread", SECCOMP_RET_KILL_THREAD },
	{ "log", SECCOMP_RET_LOG },	      { "trap", SECCOMP_RET_TRAP },
};

static int unknown_action(struct parser *p)
{
	const char *names[ARRAY_SIZE(actions) + 2];
	const char *near;
	size_t count = 0;

	for (; count < ARRAY_SIZE(actions); count++)
		names[count] = actions[count].word;
	names[count++] = "default";
	names[count++] = "use";
	near = suggest(p->word, names, count);
	if (near)
		return unknown(p, "action", p->word, near);
	return wrong(p,
		     "unknown action \"%s\": a statement begins with allow, errno, kill, "
		     "kill-thread, log, trap, default or use",
		     p->word);
}

enum { ERRNO_MOST = 4095 };

static int read_errno(struct parser *p, uint32_t *action)
{
	unsigned long number;
	char *end;
	int r;

	skip_blanks(p);
	r = expect_word(p, "an errno (EPERM)");
	if (r < 0)
		return r;
	number = strtoul(p->word, &end, 10);
	if (*end || p->word[0] == '-') {
		r = seccomp_errno(p->word);
		if (r < 0)
			return unknown(p, "errno", p->word, seccomp_suggest_errno(p->word));
		number = (unsigned long)r;
	}
	if (number < 1 || number > ERRNO_MOST)
		return wrong(p, "an errno is a number from 1 to %d", ERRNO_MOST);
	*action |= (uint32_t)number;
	return 0;
}

/* The action that p->word begins. */
static int read_action(struct parser *p, uint32_t *ret_action)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!streq(actions[i].word, p->word))
			continue;
		*ret_action = actions[i].action;
		return *ret_action == SECCOMP_RET_ERRNO ? read_errno(p, ret_action) : 0;
	}
	return unknown_action(p);
}

/* ---- conditions ---- */

static int read_number(struct parser *p, uint64_t *ret_value)
{
	char *end;
	int r = expect_word(p, "a number or a constant");

	if (r < 0)
		return r;
	if (p->word[0] >= '0' && p->word[0] <= '9') {
		errno = 0;
		*ret_value = strtoull(p->word, &end, 0);
		if (*end || errno)
			return wrong(p, "\"%s\" is no number of 64 bits", p->word);
		return 0;
	}
	if (!seccomp_constant(p->word, ret_value))
		return unknown(p, "constant", p->word, seccomp_suggest_constant(p->word));
	return 0;
}

/* Numbers and constants, joined by "|". */
static int read_value(struct parser *p, uint64_t *ret_value)
{
	uint64_t value = 0, part;

	for (;;) {
		int r = read_number(p, &part);

		if (r < 0)
			return r;
		value |= part;
		skip_space(p);
		if (*p->at != '|')
			break;
		p->at++;
		skip_space(p);
	}
	*ret_value = value;
	return 0;
}

static int read_comparison(struct parser *p, uint8_t *ret_comparison)
{
	/* two letters before one */
	static const struct {
		const char *sign;
		enum seccomp_comparison comparison;
	} signs[] = {
		{ "==", SECCOMP_EQUAL },	 { "!=", SECCOMP_NOT_EQUAL },
		{ "<=", SECCOMP_LESS_OR_EQUAL }, { ">=", SECCOMP_GREATER_OR_EQUAL },
		{ "<", SECCOMP_LESS },		 { ">", SECCOMP_GREATER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (strncmp(p->at, signs[i].sign, strlen(signs[i].sign)) != 0)
			continue;
		*ret_comparison = (uint8_t)signs[i].comparison;
		p->at += strlen(signs[i].sign);
		skip_space(p);
		return 0;
	}
	p->place = here(p);
	return wrong(p, "a comparison is expected here: == != < <= > >=, or \"& MASK ==\"");
}

static int unknown_argument(struct parser *p, const char *call)
{
	_cleanup_(freep) char *names = seccomp_argument_names(call);

	if (names)
		return wrong(p, "%s has no argument \"%s\": it has %s, and arg0 to arg5", call,
			     p->word, names);
	return wrong(p,
		     "no argument of %s has a name here: write arg0 to arg5, or arg0:32 for one "
		     "that is an int",
		     call);
}

static int read_condition(struct parser *p, const char *call, struct seccomp_condition *c)
{
	struct seccomp_place place;
	unsigned index;
	int r;

	skip_space(p);
	r = expect_word(p, "an argument");
	if (r < 0)
		return r;
	if (!seccomp_argument(call, p->word, &index, &c->narrow))
		return unknown_argument(p, call);
	place = p->place;
	c->argument = (uint8_t)index;
	c->mask = UINT64_MAX;
	skip_space(p);
	if (*p->at == '&') {
		p->at++;
		skip_space(p);
		r = read_value(p, &c->mask);
	}
	if (r >= 0)
		r = read_comparison(p, &c->comparison);
	if (r >= 0)
		r = read_value(p, &c->value);
	if (r < 0)
		return r;
	if (c->narrow && c->value > UINT32_MAX)
		return wrong(p, "the argument has 32 bits, and this value has more");
	if (c->comparison == SECCOMP_EQUAL && (c->value & c->mask) != c->value)
		return wrong_at(p, place,
				"this never holds: the value has bits that the mask has "
				"not");
	return 0;
}

/* What stands between the parentheses, of which the first is there. */
static int read_conditions(struct parser *p, const char *call, struct seccomp_clause *clause)
{
	int r;

	do {
		p->at++;
		if (clause->count == SECCOMP_CONDITIONS)
			return wrong_at(p, here(p), "more than %d conditions", SECCOMP_CONDITIONS);
		r = read_condition(p, call, &clause->conditions[clause->count]);
		if (r < 0)
			return r;
		clause->count++;
		skip_space(p);
	} while (*p->at == ',');
	if (*p->at != ')')
		return wrong_at(p, here(p), "\",\" or \")\" is expected here");
	p->at++;
	return 0;
}

/* ---- statements ---- */

struct expansion {
	struct seccomp_policy *policy;
	struct seccomp_clause clause;
};

static int add_call(uint32_t number, void *userdata)
{
	struct expansion *e = userdata;

	e->clause.call = number;
	return seccomp_policy_add(e->policy, &e->clause);
}

static int added(struct parser *p, int r)
{
	if (r == -E2BIG)
		return error_set(p->err, r, "%s:%u:%u: more than %d calls in one policy", p->name,
				 p->place.line, p->place.column, SECCOMP_CLAUSES_MOST);
	return r < 0 ? error_oom(p->err) : 0;
}

static int add_group(struct parser *p, struct expansion *e)
{
	const struct seccomp_group *group = seccomp_group_find(p->word + 1, strlen(p->word + 1));

	if (!group)
		return unknown(p, "group", p->word, seccomp_suggest_group(p->word + 1));
	if (*p->at == '(')
		return wrong_at(p, here(p), "a group takes no conditions: name the call");
	return added(p, seccomp_group_each(group, add_call, e));
}

static int unknown_call(struct parser *p)
{
	_cleanup_(freep) char *near = seccomp_suggest_call(p->word);

	return unknown(p, "system call", p->word, near);
}

/* A call of another processor's table is known, and is none here. */
static int add_named(struct parser *p, struct expansion *e)
{
	char call[WORD_MOST];
	int number = seccomp_call_number(p->word);
	int r = 0;

	if (number == -ENOENT)
		return unknown_call(p);
	memcpy(call, p->word, sizeof(call));
	if (*p->at == '(')
		r = read_conditions(p, call, &e->clause);
	if (r < 0)
		return r;
	if (number < 0) {
		p->policy->strange++;
		if (!p->policy->strange_name)
			p->policy->strange_name = strdup(call);
		return 0;
	}
	return added(p, add_call((uint32_t)number, e));
}

static int read_calls(struct parser *p, uint32_t action)
{
	int r;

	do {
		struct expansion e = { .policy = p->policy, .clause = { .action = action } };

		r = expect_word(p, "a system call or a @group");
		if (r < 0)
			return r;
		e.clause.place = p->used.line ? p->used : p->place;
		r = p->word[0] == '@' ? add_group(p, &e) : add_named(p, &e);
		if (r < 0)
			return r;
		if (!at_end(p) && !strchr(" \t\r#", *p->at))
			return wrong_at(p, here(p), "a blank is expected here");
		skip_blanks(p);
	} while (!at_end(p));
	if (!p->begun)
		p->allows = action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
	p->begun = true;
	return 0;
}

static int read_default(struct parser *p)
{
	struct seccomp_place place = p->place;
	int r;

	if (p->says_default)
		return wrong(p, "\"default\" stands in this policy already");
	skip_blanks(p);
	r = expect_word(p, "an action");
	if (r >= 0)
		r = read_action(p, &p->policy->otherwise);
	if (r < 0)
		return r;
	skip_blanks(p);
	if (!at_end(p))
		return wrong_at(p, place, "\"default\" takes an action, and no calls");
	p->policy->has_default = p->says_default = true;
	return 0;
}

/* A preset in the place of the statement; messages about it name the preset. */
static int read_use(struct parser *p)
{
	const struct seccomp_preset *preset;
	struct parser inner = *p;
	const char *names[16];
	int r;

	skip_blanks(p);
	r = expect_word(p, "a preset");
	if (r < 0)
		return r;
	preset = seccomp_preset_find(p->word);
	for (size_t i = 0; i < seccomp_preset_count; i++)
		names[i] = seccomp_presets[i].name;
	if (!preset)
		return unknown(p, "preset", p->word, suggest(p->word, names, seccomp_preset_count));
	skip_blanks(p);
	if (!at_end(p))
		return wrong_at(p, here(p), "\"use\" takes one preset");
	if (inner.nesting++ >= NESTING_MOST)
		return wrong(p, "presets that use each other");
	inner.says_default = false;
	inner.used = p->nesting ? p->used : p->place;
	inner.name = preset->name;
	inner.at = inner.line_start = preset->text;
	inner.line = 1;
	r = parse_text(&inner);
	p->begun = true;
	return r;
}

static int read_statement(struct parser *p) // NOLINT(misc-no-recursion): NESTING_MOST
{
	uint32_t action;
	int r = expect_word(p, "an action");

	if (r < 0)
		return r;
	if (streq(p->word, "default"))
		return read_default(p);
	if (streq(p->word, "use"))
		return read_use(p);
	r = read_action(p, &action);
	if (r < 0)
		return r;
	skip_blanks(p);
	return read_calls(p, action);
}

static int parse_text(struct parser *p)
{
	for (;;) {
		int r;

		skip_space(p);
		if (*p->at == '\0')
			return 0;
		if (*p->at == ';') {
			p->at++;
			continue;
		}
		r = read_statement(p);
		if (r < 0)
			return r;
	}
}

int seccomp_parse(const char *name, const char *text, struct seccomp_policy **ret_policy,
		  struct error *err)
{
	_cleanup_(seccomp_policy_freep) struct seccomp_policy *policy = NULL;
	struct parser p = { .name = name, .at = text, .line_start = text, .line = 1, .err = err };
	int r;

	if (strlen(text) > SECCOMP_TEXT_MOST)
		return error_set(err, -E2BIG, "%s: a policy has at most %d bytes", name,
				 SECCOMP_TEXT_MOST);
	if (seccomp_policy_new(name, &policy) < 0)
		return error_oom(err);
	p.policy = policy;
	r = parse_text(&p);
	if (r < 0)
		return r;
	if (policy->count == 0 && !policy->has_default && !policy->strange)
		return error_set(err, -EINVAL,
				 "%s: the policy is empty: write a statement such as \"errno EPERM "
				 "@mount\"",
				 name);
	if (!policy->has_default)
		policy->otherwise = p.allows ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_ALLOW;
	*ret_policy = TAKE_PTR(policy);
	return 0;
}
