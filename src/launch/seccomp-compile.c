// SPDX-License-Identifier: MIT
/*
 * The program is written from its end, so that the target of a jump is always known. The kernel
 * runs a program for each call of its process: 300 calls as a list are 300 comparisons, as a tree
 * nine. A conditional jump reaches 255 instructions; an unconditional one takes over where that is
 * not enough.
 */
#include "launch/seccomp-compile.h"

#include "launch/seccomp-names.h"

#include <linux/audit.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "say which AUDIT_ARCH_ this processor is"
#endif

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "say where the halves of an argument are"
#endif

enum {
	REACH = 255,
	ACTIONS_MOST = 64,   /* whose last return is remembered */
	X32_BIT = 0x40000000 /* numbers of the other table, on x86-64 */
};

/* Calls from `first` on, up to the next range's. */
struct range {
	uint32_t first;
	bool plain;	 /* one action, whatever the arguments */
	uint32_t action; /* of a plain one; else `first` is the only call */
};

struct compiler {
	const struct seccomp_policy *policy;
	struct sock_filter code[BPF_MAXINSNS]; /* backwards: the last instruction first */
	size_t size;
	bool full;
	struct {
		uint32_t action;
		size_t position;
	} returns[ACTIONS_MOST];
	size_t return_count;
	struct {
		/* the last clause without conditions; NULL: the default */
		const struct seccomp_clause *resort;
		bool plain; /* no clause with conditions comes behind it */
	} calls[SECCOMP_CALLS_END];
	struct range ranges[SECCOMP_CALLS_END + 2];
	size_t range_count;
	size_t *bodies; /* positions, by range; 0: not written */
};

/* ---- instructions; a position is how many there are from it to the end ---- */

static size_t emit(struct compiler *c, struct sock_filter instruction)
{
	/* Two are needed in front: the architecture's check. */
	if (c->size >= BPF_MAXINSNS - 8) {
		c->full = true;
		return c->size;
	}
	c->code[c->size++] = instruction;
	return c->size;
}

static size_t emit_return(struct compiler *c, uint32_t action)
{
	return emit(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static size_t emit_load(struct compiler *c, size_t offset)
{
	return emit(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Where a return of this action is that a jump written soon can reach. */
static size_t near_return(struct compiler *c, uint32_t action)
{
	size_t i;

	for (i = 0; i < c->return_count; i++)
		if (c->returns[i].action == action)
			break;
	if (i < c->return_count && c->size - c->returns[i].position < REACH - 8)
		return c->returns[i].position;
	if (i == ACTIONS_MOST)
		return emit_return(c, action);
	c->returns[i].action = action;
	c->returns[i].position = emit_return(c, action);
	if (i == c->return_count)
		c->return_count++;
	return c->returns[i].position;
}

/* The position itself, or of a jump to it that is near. */
static size_t near(struct compiler *c, size_t position)
{
	size_t distance = c->size - position;

	if (distance < REACH - 8)
		return position;
	return emit(c, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)distance));
}

/* Both targets are near. */
static size_t emit_jump(struct compiler *c, uint16_t comparison, uint32_t value, size_t yes,
			size_t no)
{
	return emit(c, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value,
						    (uint8_t)(c->size - yes),
						    (uint8_t)(c->size - no)));
}

/* ---- conditions ---- */

static void load_half(struct compiler *c, const struct seccomp_condition *condition, bool high)
{
	size_t offset = offsetof(struct seccomp_data, args) + 8 * condition->argument;
	uint32_t mask = (uint32_t)(high ? condition->mask >> 32 : condition->mask);

	/* backwards: the mask first */
	if (mask != UINT32_MAX)
		emit(c, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
	emit_load(c, offset + (high ? 4 : 0));
}

/* Goes to `yes` where it holds, else to `no`. */
static void emit_condition(struct compiler *c, const struct seccomp_condition *condition,
			   size_t yes, size_t no)
{
	static const struct {
		uint16_t comparison;
		bool inverted; /* the other way to say it */
	} ways[SECCOMP_COMPARISONS] = {
		[SECCOMP_EQUAL] = { BPF_JEQ, false },
		[SECCOMP_NOT_EQUAL] = { BPF_JEQ, true },
		[SECCOMP_LESS] = { BPF_JGE, true },
		[SECCOMP_LESS_OR_EQUAL] = { BPF_JGT, true },
		[SECCOMP_GREATER] = { BPF_JGT, false },
		[SECCOMP_GREATER_OR_EQUAL] = { BPF_JGE, false },
	};
	uint16_t comparison = ways[condition->comparison].comparison;
	uint32_t high = (uint32_t)(condition->value >> 32);
	size_t low;

	if (ways[condition->comparison].inverted) {
		size_t other = yes;

		yes = no;
		no = other;
	}
	emit_jump(c, comparison, (uint32_t)condition->value, yes, no);
	load_half(c, condition, false);
	if (condition->narrow)
		return;
	/* The high half decides where it differs. */
	low = c->size;
	emit_jump(c, BPF_JEQ, high, low, no);
	if (comparison != BPF_JEQ)
		emit_jump(c, BPF_JGT, high, yes, c->size);
	load_half(c, condition, true);
}

/* One clause: its action where all holds, else what was written last. */
static void emit_clause(struct compiler *c, const struct seccomp_clause *clause)
{
	size_t otherwise = c->size, next = emit_return(c, clause->action);

	for (size_t i = clause->count; i > 0; i--) {
		emit_condition(c, &clause->conditions[i - 1], next, otherwise);
		next = c->size;
	}
}

/* ---- calls ---- */

/* One pass over all clauses, for a policy of groups has hundreds. */
static void find_resorts(struct compiler *c)
{
	const struct seccomp_policy *policy = c->policy;

	for (size_t i = 0; i < SECCOMP_CALLS_END; i++)
		c->calls[i].plain = true;
	for (size_t i = 0; i < policy->count; i++) {
		const struct seccomp_clause *clause = &policy->clauses[i];

		if (clause->call >= SECCOMP_CALLS_END)
			continue;
		c->calls[clause->call].plain = clause->count == 0;
		if (clause->count == 0)
			c->calls[clause->call].resort = clause;
	}
}

static uint32_t plain_action(const struct compiler *c, uint32_t call)
{
	const struct seccomp_clause *resort = c->calls[call].resort;

	return resort ? resort->action : c->policy->otherwise;
}

static size_t emit_body(struct compiler *c, uint32_t call)
{
	const struct seccomp_policy *policy = c->policy;
	const struct seccomp_clause *resort = c->calls[call].resort;
	const struct seccomp_clause *first = resort ? resort + 1 : policy->clauses;

	emit_return(c, plain_action(c, call));
	for (; first < policy->clauses + policy->count; first++)
		if (first->call == call)
			emit_clause(c, first);
	return c->size;
}

static void add_range(struct compiler *c, struct range range)
{
	const struct range *last = c->range_count ? &c->ranges[c->range_count - 1] : NULL;

	if (last && last->plain && range.plain && last->action == range.action)
		return;
	c->ranges[c->range_count++] = range;
}

static void find_ranges(struct compiler *c)
{
	find_resorts(c);
	for (uint32_t call = 0; call < SECCOMP_CALLS_END; call++)
		add_range(c, (struct range){ .first = call,
					     .plain = c->calls[call].plain,
					     .action = plain_action(c, call) });
	add_range(c, (struct range){ .first = SECCOMP_CALLS_END,
				     .plain = true,
				     .action = c->policy->otherwise });
#ifdef __x86_64__
	add_range(c, (struct range){
			     .first = X32_BIT, .plain = true, .action = SECCOMP_RET_KILL_PROCESS });
#endif
}

static size_t emit_leaf(struct compiler *c, size_t range)
{
	if (c->ranges[range].plain)
		return near_return(c, c->ranges[range].action);
	return near(c, c->bodies[range]);
}

/* Ranges first <= i < end. Depth is the logarithm of their number. */
static size_t emit_tree(struct compiler *c, size_t first, size_t end) // NOLINT(misc-no-recursion)
{
	size_t middle = first + (end - first) / 2, right, left;

	if (end - first == 1)
		return emit_leaf(c, first);
	right = emit_tree(c, middle, end);
	left = emit_tree(c, first, middle);
	/* Each may have moved away from the other: the nearer one cannot by what `near` adds. */
	right = near(c, right);
	left = near(c, left);
	return emit_jump(c, BPF_JGE, c->ranges[middle].first, right, left);
}

static void emit_program(struct compiler *c)
{
	size_t start;

	for (size_t i = 0; i < c->range_count; i++)
		if (!c->ranges[i].plain)
			c->bodies[i] = emit_body(c, c->ranges[i].first);
	start = emit_tree(c, 0, c->range_count);
	/* A jump over a leaf that lies between, where the tree is one. */
	if (start != c->size)
		emit(c,
		     (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(c->size - start)));
	emit_load(c, offsetof(struct seccomp_data, nr));
	start = c->size;
	emit_return(c, SECCOMP_RET_KILL_PROCESS);
	emit_jump(c, BPF_JEQ, ARCHITECTURE, start, c->size);
	emit_load(c, offsetof(struct seccomp_data, arch));
}

/* ---- the result ---- */

/* Jumps go forward only, so that one pass from the end knows all. */
static int measure(struct seccomp_program *program)
{
	size_t count = program->program.len;
	const struct sock_filter *code = program->program.filter;
	_cleanup_(freep) size_t *longest = calloc(count, sizeof(*longest));

	if (!longest)
		return -ENOMEM;
	for (size_t i = count; i > 0; i--) {
		const struct sock_filter *f = &code[i - 1];

		if (BPF_CLASS(f->code) == BPF_RET)
			longest[i - 1] = 1;
		else if (f->code == (BPF_JMP | BPF_JA))
			longest[i - 1] = 1 + longest[i + f->k];
		else if (BPF_CLASS(f->code) == BPF_JMP)
			longest[i - 1] = 1 + MAX(longest[i + f->jt], longest[i + f->jf]);
		else
			longest[i - 1] = 1 + longest[i];
	}
	program->longest = longest[0];
	return 0;
}

static int take_code(const struct compiler *c, struct seccomp_program *program)
{
	struct sock_filter *code = calloc(c->size, sizeof(*code));

	if (!code)
		return -ENOMEM;
	for (size_t i = 0; i < c->size; i++)
		code[i] = c->code[c->size - 1 - i];
	program->program.filter = code;
	program->program.len = (unsigned short)c->size;
	program->ranges = c->range_count;
	return measure(program);
}

static void compiler_free(struct compiler *c)
{
	free(c->bodies);
	free(c);
}
DEFINE_CLEANUP(struct compiler *, compiler_free);

int seccomp_compile(const struct seccomp_policy *policy, struct seccomp_program *ret_program,
		    struct error *err)
{
	_cleanup_(compiler_freep) struct compiler *c = calloc(1, sizeof(*c));
	struct seccomp_program program = { 0 };

	if (!c)
		return error_oom(err);
	c->policy = policy;
	find_ranges(c);
	c->bodies = calloc(c->range_count, sizeof(*c->bodies));
	if (!c->bodies)
		return error_oom(err);
	emit_program(c);
	if (c->full)
		return error_set(err, -E2BIG,
				 "%s: the policy needs more than the %d instructions that the "
				 "kernel takes: use fewer conditions",
				 policy->name, BPF_MAXINSNS);
	if (take_code(c, &program) < 0) {
		seccomp_program_done(&program);
		return error_oom(err);
	}
	*ret_program = program;
	return 0;
}

void seccomp_program_done(struct seccomp_program *program)
{
	free(program->program.filter);
	*program = (struct seccomp_program){ 0 };
}

/* ---- the same machine ---- */

static bool step_jump(const struct sock_filter *f, uint32_t a, size_t *at)
{
	bool yes;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		*at += f->k;
		return true;
	case BPF_JEQ:
		yes = a == f->k;
		break;
	case BPF_JGT:
		yes = a > f->k;
		break;
	case BPF_JGE:
		yes = a >= f->k;
		break;
	default:
		return false;
	}
	*at += yes ? f->jt : f->jf;
	return true;
}

int seccomp_program_run(const struct sock_fprog *program, const struct seccomp_data *data,
			uint32_t *ret_action)
{
	uint32_t a = 0;

	for (size_t at = 0; at < program->len;) {
		const struct sock_filter *f = &program->filter[at++];

		if (f->code == (BPF_RET | BPF_K)) {
			*ret_action = f->k;
			return 0;
		}
		if (f->code == (BPF_LD | BPF_W | BPF_ABS) && f->k <= sizeof(*data) - 4)
			memcpy(&a, (const char *)data + f->k, sizeof(a));
		else if (f->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= f->k;
		else if (BPF_CLASS(f->code) != BPF_JMP || !step_jump(f, a, &at))
			return -EINVAL;
	}
	return -EINVAL;
}
