// SPDX-License-Identifier: MIT
/*
 * The tree becomes Thompson's automaton, and that one without its empty moves (Glushkov's): for
 * every position, a byte that the expression can read, the set of positions that may come next. A
 * match keeps the set of positions that it may be at, one bit each, and a byte of the text turns it
 * into the next set. Nothing is ever tried twice, so there is nothing to fall back to.
 *
 * ^ and $ hold at the ends of the whole text only. A set that comes behind a byte is therefore
 * never at the beginning, and only the end of the text asks for what is behind a $: the four
 * cases are closures of their own, made at compile time.
 */
#include "util/regex.h"

#include "util/regex-internal.h"

enum {
	WORDS = REGEX_POSITIONS / 64,
	LITERAL_ROOM = 64,
	STATES = REGEX_POSITIONS * 8,
	STEPS = 1 << 16, /* of compiling: repetitions of what is empty make no state */
};

struct regex {
	size_t positions, words;
	unsigned char class_of[256];
	uint64_t *masks;  /* a row a class: positions that read such a byte */
	uint64_t *follow; /* a row a position */
	uint64_t first[WORDS], first_at_begin[WORDS];
	uint64_t accepting[WORDS], accepting_at_end[WORDS];
	/* What needs no byte matches: anywhere, at one end, or only an empty text. */
	bool empty_anywhere, empty_at_begin, empty_at_end, empty_whole;
	char literal[LITERAL_ROOM];
	size_t literal_size;
};

/* ---- Thompson's automaton ---- */

enum state_kind { STATE_SET, STATE_SPLIT, STATE_BEGIN, STATE_END, STATE_MATCH };

struct state {
	enum state_kind kind;
	uint32_t set;
	uint32_t position; /* of a set */
	uint32_t out, other;
};

struct compiler {
	const struct regex_tree *tree;
	struct state states[STATES];
	size_t state_count, position_count, steps;
	uint32_t of_position[REGEX_POSITIONS]; /* state */
	bool failed;
	size_t offset;
};

static uint32_t add_state(struct compiler *compiler, const struct regex_node *node,
			  enum state_kind kind, uint32_t out, uint32_t other)
{
	uint32_t at = (uint32_t)compiler->state_count;
	bool reads = kind == STATE_SET;

	if (compiler->failed)
		return 0;
	if (at == STATES || (reads && compiler->position_count == REGEX_POSITIONS)) {
		compiler->failed = true;
		compiler->offset = node->offset;
		return 0;
	}
	compiler->states[at] = (struct state){ .kind = kind, .out = out, .other = other };
	if (reads) {
		compiler->states[at].set = node->set;
		compiler->states[at].position = (uint32_t)compiler->position_count;
		compiler->of_position[compiler->position_count++] = at;
	}
	compiler->state_count++;
	return at;
}

static uint32_t emit(struct compiler *compiler, uint32_t number, uint32_t next);

static uint32_t emit_repeat(struct compiler *compiler, const struct regex_node *node, uint32_t next)
{
	uint32_t tail = next;

	if (node->most == REGEX_UNBOUNDED) {
		tail = add_state(compiler, node, STATE_SPLIT, next, next);
		compiler->states[tail].out = emit(compiler, node->left, tail);
	}
	for (int i = node->least; i < node->most && !compiler->failed; i++) {
		uint32_t body = emit(compiler, node->left, tail);

		tail = add_state(compiler, node, STATE_SPLIT, body, next);
	}
	for (int i = 0; i < node->least && !compiler->failed; i++)
		tail = emit(compiler, node->left, tail);
	return tail;
}

/* Adds the states of a node, which go on to `next`; returns the first. */
static uint32_t emit(struct compiler *compiler, uint32_t number, uint32_t next)
{
	const struct regex_node *node = &compiler->tree->nodes[number];
	uint32_t right;

	if (++compiler->steps > STEPS && !compiler->failed) {
		compiler->failed = true;
		compiler->offset = node->offset;
	}
	if (compiler->failed)
		return 0;
	switch (node->kind) {
	case REGEX_EMPTY:
		return next;
	case REGEX_SET:
		return add_state(compiler, node, STATE_SET, next, 0);
	case REGEX_BEGIN:
		return add_state(compiler, node, STATE_BEGIN, next, 0);
	case REGEX_END:
		return add_state(compiler, node, STATE_END, next, 0);
	case REGEX_CAT:
		right = emit(compiler, node->right, next);
		return emit(compiler, node->left, right);
	case REGEX_ALT:
		right = emit(compiler, node->right, next);
		return add_state(compiler, node, STATE_SPLIT, emit(compiler, node->left, next),
				 right);
	case REGEX_REPEAT:
		return emit_repeat(compiler, node, next);
	}
	return 0;
}

/* ---- closures ---- */

struct closure {
	uint64_t positions[WORDS];
	bool accepts;
};

static void close_over(const struct compiler *compiler, uint32_t from, bool at_begin, bool at_end,
		       struct closure *ret_closure)
{
	uint64_t seen[STATES / 64] = { 0 };
	uint32_t stack[STATES], depth = 0;

	*ret_closure = (struct closure){ 0 };
	stack[depth++] = from;
	seen[from / 64] |= UINT64_C(1) << (from % 64);
	while (depth > 0) {
		const struct state *state = &compiler->states[stack[--depth]];
		uint32_t next[2];
		unsigned count = 0;

		if (state->kind == STATE_MATCH)
			ret_closure->accepts = true;
		else if (state->kind == STATE_SET)
			ret_closure->positions[state->position / 64] |= UINT64_C(1)
									<< (state->position % 64);
		else if (state->kind == STATE_SPLIT || (state->kind == STATE_BEGIN && at_begin) ||
			 (state->kind == STATE_END && at_end))
			next[count++] = state->out;
		if (state->kind == STATE_SPLIT)
			next[count++] = state->other;
		for (unsigned i = 0; i < count; i++) {
			uint64_t bit = UINT64_C(1) << (next[i] % 64);

			if (seen[next[i] / 64] & bit)
				continue;
			seen[next[i] / 64] |= bit;
			stack[depth++] = next[i];
		}
	}
}

/* Bytes that no set tells apart share a class. Returns how many there are. */
static size_t find_classes(const struct regex_tree *tree, struct regex *regex,
			   unsigned char *ret_first)
{
	size_t count = 0;

	for (unsigned c = 0; c < 256; c++) {
		size_t class, set;

		for (class = 0; class < count; class ++) {
			for (set = 0; set < tree->set_count; set++)
				if (regex_set_has(&tree->sets[set], (unsigned char)c) !=
				    regex_set_has(&tree->sets[set], ret_first[class]))
					break;
			if (set == tree->set_count)
				break;
		}
		if (class == count)
			ret_first[count++] = (unsigned char)c;
		regex->class_of[c] = (unsigned char)class;
	}
	return count;
}

static int fill_tables(const struct compiler *compiler, uint32_t start, struct regex *regex)
{
	const struct regex_tree *tree = compiler->tree;
	unsigned char first_of_class[256];
	size_t classes = find_classes(tree, regex, first_of_class);
	struct closure closure;

	regex->positions = compiler->position_count;
	regex->words = (regex->positions + 63) / 64;
	regex->masks = calloc((classes + regex->positions) * regex->words + 1, sizeof(uint64_t));
	if (!regex->masks)
		return -ENOMEM;
	regex->follow = regex->masks + classes * regex->words;
	for (size_t i = 0; i < regex->positions; i++) {
		const struct state *state = &compiler->states[compiler->of_position[i]];
		uint64_t bit = UINT64_C(1) << (i % 64);

		for (size_t class = 0; class < classes; class ++)
			if (regex_set_has(&tree->sets[state->set], first_of_class[class]))
				regex->masks[class * regex->words + i / 64] |= bit;
		close_over(compiler, state->out, false, false, &closure);
		memcpy(&regex->follow[i * regex->words], closure.positions,
		       regex->words * sizeof(uint64_t));
		regex->accepting[i / 64] |= closure.accepts ? bit : 0;
		close_over(compiler, state->out, false, true, &closure);
		regex->accepting_at_end[i / 64] |= closure.accepts ? bit : 0;
	}
	close_over(compiler, start, false, false, &closure);
	memcpy(regex->first, closure.positions, sizeof(regex->first));
	regex->empty_anywhere = closure.accepts;
	close_over(compiler, start, true, false, &closure);
	memcpy(regex->first_at_begin, closure.positions, sizeof(regex->first_at_begin));
	regex->empty_at_begin = closure.accepts;
	close_over(compiler, start, false, true, &closure);
	regex->empty_at_end = closure.accepts;
	close_over(compiler, start, true, true, &closure);
	regex->empty_whole = closure.accepts;
	return 0;
}

/* ---- a literal ---- */

struct run {
	char bytes[LITERAL_ROOM];
	size_t size;
};

static void end_run(struct regex *regex, struct run *run)
{
	if (run->size > regex->literal_size) {
		memcpy(regex->literal, run->bytes, run->size);
		regex->literal_size = run->size;
	}
	run->size = 0;
}

static int only_byte(const struct regex_set *set)
{
	int found = -1;

	for (unsigned c = 0; c < 256; c++) {
		if (!regex_set_has(set, (unsigned char)c))
			continue;
		if (found >= 0)
			return -1;
		found = (int)c;
	}
	return found;
}

/* Follows what every match has to go through, and keeps the longest run of single bytes. */
static void find_literal(const struct regex_tree *tree, uint32_t number, struct regex *regex,
			 struct run *run)
{
	const struct regex_node *node = &tree->nodes[number];
	int byte;

	switch (node->kind) {
	case REGEX_SET:
		byte = only_byte(&tree->sets[node->set]);
		if (byte < 0 || run->size == LITERAL_ROOM)
			end_run(regex, run);
		if (byte >= 0)
			run->bytes[run->size++] = (char)byte;
		break;
	case REGEX_CAT:
		find_literal(tree, node->left, regex, run);
		find_literal(tree, node->right, regex, run);
		break;
	case REGEX_ALT:
		end_run(regex, run);
		break;
	case REGEX_REPEAT:
		end_run(regex, run);
		if (node->least > 0)
			find_literal(tree, node->left, regex, run);
		end_run(regex, run);
		break;
	case REGEX_EMPTY:
	case REGEX_BEGIN:
	case REGEX_END:
		break;
	}
}

/* ---- the interface ---- */

static int compile(const struct regex_tree *tree, struct regex *regex, size_t *ret_offset,
		   struct error *err)
{
	_cleanup_(freep) struct compiler *compiler = calloc(1, sizeof(*compiler));
	struct run run = { .size = 0 };
	uint32_t start;

	if (!compiler)
		return error_oom(err);
	compiler->tree = tree;
	compiler->states[0].kind = STATE_MATCH;
	compiler->state_count = 1;
	start = emit(compiler, tree->root, 0);
	if (compiler->failed) {
		if (ret_offset)
			*ret_offset = compiler->offset;
		return error_set(err, -E2BIG,
				 "with its repetitions it is too large: %d bytes that it reads are "
				 "allowed",
				 REGEX_POSITIONS);
	}
	if (fill_tables(compiler, start, regex) < 0)
		return error_oom(err);
	find_literal(tree, tree->root, regex, &run);
	end_run(regex, &run);
	return 0;
}

int regex_new(const char *pattern, struct regex **ret_regex, size_t *ret_offset, struct error *err)
{
	_cleanup_(regex_freep) struct regex *regex = NULL;
	_cleanup_(regex_tree_done) struct regex_tree tree = { 0 };
	int r = regex_parse(pattern, &tree, ret_offset, err);

	if (r < 0)
		return r;
	regex = calloc(1, sizeof(*regex));
	if (!regex)
		return error_oom(err);
	r = compile(&tree, regex, ret_offset, err);
	if (r < 0)
		return r;
	*ret_regex = TAKE_PTR(regex);
	return 0;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	free(regex->masks);
	free(regex);
}

int regex_check(const char *pattern, size_t *ret_offset, struct error *err)
{
	_cleanup_(regex_freep) struct regex *regex = NULL;

	return regex_new(pattern, &regex, ret_offset, err);
}

static bool any_of(const uint64_t *set, const uint64_t *of, size_t words)
{
	for (size_t i = 0; i < words; i++)
		if (set[i] & of[i])
			return true;
	return false;
}

/* What may come behind `now`, together with a new beginning. */
static void step(const struct regex *regex, const uint64_t *first, const uint64_t *now,
		 unsigned char c, uint64_t *ret_next)
{
	const uint64_t *mask = &regex->masks[regex->class_of[c] * regex->words];

	memcpy(ret_next, first, regex->words * sizeof(*ret_next));
	for (size_t word = 0; word < regex->words; word++) {
		for (uint64_t left = now[word]; left; left &= left - 1) {
			size_t position = word * 64 + (size_t)__builtin_ctzll(left);
			const uint64_t *row = &regex->follow[position * regex->words];

			for (size_t i = 0; i < regex->words; i++)
				ret_next[i] |= row[i];
		}
	}
	for (size_t i = 0; i < regex->words; i++)
		ret_next[i] &= mask[i];
}

/* Nearly all expressions have room in one word. */
static bool match_small(const struct regex *regex, struct slice text, unsigned char zero)
{
	uint64_t now = 0, next = regex->first_at_begin[0];

	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = text.data[i] ? (unsigned char)text.data[i] : zero;

		for (; now; now &= now - 1)
			next |= regex->follow[__builtin_ctzll(now)];
		now = next & regex->masks[regex->class_of[c]];
		if (now & regex->accepting[0])
			return true;
		next = regex->first[0];
	}
	return now & regex->accepting_at_end[0];
}

/* `zero` is what a NUL is read as. */
static bool match(const struct regex *regex, struct slice text, unsigned char zero)
{
	uint64_t sets[2][WORDS] = { { 0 } };
	uint64_t *now = sets[0], *next = sets[1], *swap;

	if (regex->empty_anywhere)
		return true;
	if (text.size == 0)
		return regex->empty_whole;
	if (regex->empty_at_begin || regex->empty_at_end)
		return true;
	if (regex->words == 1)
		return match_small(regex, text, zero);
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = text.data[i] ? (unsigned char)text.data[i] : zero;

		step(regex, i == 0 ? regex->first_at_begin : regex->first, now, c, next);
		if (any_of(next, regex->accepting, regex->words))
			return true;
		swap = now;
		now = next;
		next = swap;
	}
	return any_of(now, regex->accepting_at_end, regex->words);
}

/* memmem(3) prepares a table of the literal each time; an argument is over before that pays. */
static bool has_literal(const struct regex *regex, struct slice text)
{
	const char *at = text.data, *end;

	if (text.size < regex->literal_size)
		return false;
	end = at + text.size;
	while ((size_t)(end - at) >= regex->literal_size) {
		at = memchr(at, regex->literal[0], (size_t)(end - at) - regex->literal_size + 1);
		if (!at)
			return false;
		if (memcmp(at, regex->literal, regex->literal_size) == 0)
			return true;
		at++;
	}
	return false;
}

bool regex_match(const struct regex *regex, struct slice text)
{
	/* Searching for what must be there is much faster than following the expression. */
	if (regex->literal_size > 0 && !has_literal(regex, text))
		return false;
	return match(regex, text, '\0');
}

bool regex_match_joined(const struct regex *regex, struct slice text)
{
	return match(regex, text, ' ');
}

struct slice regex_literal(const struct regex *regex)
{
	return (struct slice){ regex->literal, regex->literal_size };
}
