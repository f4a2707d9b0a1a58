// SPDX-License-Identifier: MIT
/*
 * Calls in the order of their numbers say nothing to a reader: they are sorted by name, below the
 * action that they get. What depends on arguments is told clause by clause, the deciding one first.
 */
#include "launch/seccomp-explain.h"

#include "launch/seccomp-names.h"
#include "util/text.h"

#include <inttypes.h>

enum { COLUMNS = 78, ACTIONS_MOST = 32 };

struct named {
	uint32_t number;
	char *name; /* owned */
	bool plain;
	uint32_t action; /* without conditions */
};

struct list {
	struct named calls[SECCOMP_CALLS_END];
	size_t count;
};

static void list_free(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->calls[i].name);
	free(list);
}
DEFINE_CLEANUP(struct list *, list_free);

static int by_name(const void *a, const void *b)
{
	const struct named *one = a, *two = b;

	return strcmp(one->name, two->name);
}

/* All that differ from the default, or may. */
static void collect(const struct seccomp_policy *policy, struct list *list)
{
	for (uint32_t call = 0; call < SECCOMP_CALLS_END; call++) {
		struct named named = { .number = call, .plain = true, .action = policy->otherwise };

		for (size_t i = policy->count; i > 0; i--) {
			const struct seccomp_clause *clause = &policy->clauses[i - 1];

			if (clause->call != call)
				continue;
			if (clause->count == 0) {
				named.action = clause->action;
				break;
			}
			named.plain = false;
		}
		if (named.plain && named.action == policy->otherwise)
			continue;
		named.name = seccomp_call_name(call);
		if (named.name)
			list->calls[list->count++] = named;
	}
	qsort(list->calls, list->count, sizeof(list->calls[0]), by_name);
}

static void print_action(const struct list *list, uint32_t action, FILE *out)
{
	char buffer[SECCOMP_ACTION_TEXT];
	size_t column = COLUMNS, count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->calls[i].plain && list->calls[i].action == action;
	fprintf(out, "%s (%zu):", seccomp_action_text(action, buffer), count);
	for (size_t i = 0; i < list->count; i++) {
		const struct named *call = &list->calls[i];

		if (!call->plain || call->action != action)
			continue;
		if (column + 1 + strlen(call->name) > COLUMNS) {
			fputs("\n   ", out);
			column = 3;
		}
		fprintf(out, " %s", call->name);
		column += 1 + strlen(call->name);
	}
	fputc('\n', out);
}

/* Each action once, in the order in which calls first have it. */
static void print_actions(const struct list *list, FILE *out)
{
	uint32_t actions[ACTIONS_MOST];
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		size_t j;

		if (!list->calls[i].plain)
			continue;
		for (j = 0; j < count && actions[j] != list->calls[i].action; j++)
			;
		if (j < count || count == ACTIONS_MOST)
			continue;
		actions[count++] = list->calls[i].action;
		print_action(list, list->calls[i].action, out);
	}
}

static void print_condition(const struct seccomp_condition *c, FILE *out)
{
	static const char *const signs[SECCOMP_COMPARISONS] = {
		[SECCOMP_EQUAL] = "==",	 [SECCOMP_NOT_EQUAL] = "!=",
		[SECCOMP_LESS] = "<",	 [SECCOMP_LESS_OR_EQUAL] = "<=",
		[SECCOMP_GREATER] = ">", [SECCOMP_GREATER_OR_EQUAL] = ">=",
	};

	fprintf(out, "arg%u%s", c->argument, c->narrow ? ":32" : "");
	if (c->mask != UINT64_MAX)
		fprintf(out, " & %#" PRIx64, c->mask);
	fprintf(out, " %s %#" PRIx64, signs[c->comparison], c->value);
}

static void print_clauses(const struct seccomp_policy *policy, const struct named *call, FILE *out)
{
	char buffer[SECCOMP_ACTION_TEXT];

	fprintf(out, "%s:\n", call->name);
	for (size_t i = policy->count; i > 0; i--) {
		const struct seccomp_clause *clause = &policy->clauses[i - 1];

		if (clause->call != call->number)
			continue;
		if (clause->count == 0)
			break;
		fprintf(out, "    %s where ", seccomp_action_text(clause->action, buffer));
		for (size_t j = 0; j < clause->count; j++) {
			fputs(j ? ", " : "", out);
			print_condition(&clause->conditions[j], out);
		}
		fputc('\n', out);
	}
	fprintf(out, "    else %s\n", seccomp_action_text(call->action, buffer));
}

/* ---- the program ---- */

static void print_instruction(size_t at, const struct sock_filter *f, FILE *out)
{
	static const struct {
		uint16_t code;
		const char *word;
	} jumps[] = {
		{ BPF_JMP | BPF_JEQ | BPF_K, "==" },
		{ BPF_JMP | BPF_JGE | BPF_K, ">=" },
		{ BPF_JMP | BPF_JGT | BPF_K, ">" },
	};
	char buffer[SECCOMP_ACTION_TEXT];

	fprintf(out, "%5zu  ", at);
	if (f->code == (BPF_RET | BPF_K))
		fprintf(out, "%s\n", seccomp_action_text(f->k, buffer));
	else if (f->code == (BPF_LD | BPF_W | BPF_ABS))
		fprintf(out, "load %u\n", f->k);
	else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
		fprintf(out, "and %#x\n", f->k);
	else if (f->code == (BPF_JMP | BPF_JA))
		fprintf(out, "go to %zu\n", at + 1 + f->k);
	for (size_t i = 0; i < ARRAY_SIZE(jumps); i++)
		if (f->code == jumps[i].code)
			fprintf(out, "%s %#x? %zu : %zu\n", jumps[i].word, f->k, at + 1 + f->jt,
				at + 1 + f->jf);
}

void seccomp_explain(const struct seccomp_policy *policy, const struct seccomp_program *program,
		     bool instructions, FILE *out)
{
	_cleanup_(list_freep) struct list *list = calloc(1, sizeof(*list));
	char buffer[SECCOMP_ACTION_TEXT];

	if (!list)
		return;
	collect(policy, list);
	fprintf(out, "default: %s\n", seccomp_action_text(policy->otherwise, buffer));
	print_actions(list, out);
	for (size_t i = 0; i < list->count; i++)
		if (!list->calls[i].plain)
			print_clauses(policy, &list->calls[i], out);
	fprintf(out, "program: %u instructions, at most %zu for a call, %zu ranges of calls\n",
		program->program.len, program->longest, program->ranges);
	for (size_t i = 0; instructions && i < program->program.len; i++)
		print_instruction(i, &program->program.filter[i], out);
}

/* ---- for programs ---- */

static char *conditions_text(const struct seccomp_clause *clause)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < clause->count; i++) {
		fputs(i ? ", " : "", out);
		print_condition(&clause->conditions[i], out);
	}
	fclose(out);
	return text;
}

static json_t *describe_clauses(const struct seccomp_policy *policy, const struct named *call)
{
	char buffer[SECCOMP_ACTION_TEXT];
	json_t *list = json_array();

	for (size_t i = policy->count; i > 0; i--) {
		const struct seccomp_clause *clause = &policy->clauses[i - 1];
		_cleanup_(freep) char *where = NULL;

		if (clause->call != call->number)
			continue;
		if (clause->count == 0)
			break;
		where = conditions_text(clause);
		json_array_append_new(list, json_pack("{s:s, s:s?}", "action",
						      seccomp_action_text(clause->action, buffer),
						      "where", where));
	}
	json_array_append_new(list, json_pack("{s:s}", "action",
					      seccomp_action_text(call->action, buffer)));
	return list;
}

json_t *seccomp_describe(const struct seccomp_policy *policy, const struct seccomp_program *program)
{
	_cleanup_(list_freep) struct list *list = calloc(1, sizeof(*list));
	json_t *calls = json_object(), *conditional = json_object();
	char buffer[SECCOMP_ACTION_TEXT];

	if (list)
		collect(policy, list);
	for (size_t i = 0; list && i < list->count; i++) {
		const struct named *call = &list->calls[i];

		if (call->plain)
			json_object_set_new(calls, call->name,
					    json_string(seccomp_action_text(call->action, buffer)));
		else
			json_object_set_new(conditional, call->name,
					    describe_clauses(policy, call));
	}
	return json_pack("{s:s, s:o, s:o, s:i, s:i, s:i}", "default",
			 seccomp_action_text(policy->otherwise, buffer), "calls", calls,
			 "conditional", conditional, "instructions", (int)program->program.len,
			 "longest", (int)program->longest, "ranges", (int)program->ranges);
}
