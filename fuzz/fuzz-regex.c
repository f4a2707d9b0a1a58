// SPDX-License-Identifier: MIT
/* The first line is an expression, the rest a text: what regex.c says of it is compared with what
 * the tree says when it is simply followed, from every place at once. */
#include "util/regex-internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MOST = 48, STEPS_MOST = 200000 };

struct naive {
	const struct regex_tree *tree;
	struct slice text;
	unsigned steps;
};

static uint64_t follow(struct naive *naive, uint32_t number, uint64_t from);

static uint64_t repeat(struct naive *naive, const struct regex_node *node, uint64_t from)
{
	uint64_t all = 0, now = from, seen = 0;

	for (int i = 0; i < node->least; i++)
		now = follow(naive, node->left, now);
	all = now;
	for (int i = node->least; node->most == REGEX_UNBOUNDED || i < node->most; i++) {
		now = follow(naive, node->left, now);
		if (!(now & ~seen))
			break;
		seen |= now;
		all |= now;
	}
	return all;
}

static uint64_t read_byte(const struct naive *naive, const struct regex_set *set, uint64_t from)
{
	uint64_t to = 0;

	for (size_t i = 0; i < naive->text.size; i++)
		if ((from >> i & 1) && regex_set_has(set, (unsigned char)naive->text.data[i]))
			to |= UINT64_C(2) << i;
	return to;
}

/* Where the node may end that begins at one of `from`: bits, the first is before the first byte. */
static uint64_t follow(struct naive *naive, uint32_t number, uint64_t from)
{
	const struct regex_node *node = &naive->tree->nodes[number];

	if (from == 0 || ++naive->steps > STEPS_MOST)
		return 0;
	switch (node->kind) {
	case REGEX_EMPTY:
		return from;
	case REGEX_SET:
		return read_byte(naive, &naive->tree->sets[node->set], from);
	case REGEX_BEGIN:
		return from & 1;
	case REGEX_END:
		return from & UINT64_C(1) << naive->text.size;
	case REGEX_CAT:
		return follow(naive, node->right, follow(naive, node->left, from));
	case REGEX_ALT:
		return follow(naive, node->left, from) | follow(naive, node->right, from);
	case REGEX_REPEAT:
		return repeat(naive, node, from);
	}
	return 0;
}

static void check(const struct regex *regex, const struct regex_tree *tree, struct slice text)
{
	struct naive naive = { .tree = tree, .text = text };
	bool wanted = follow(&naive, tree->root, (UINT64_C(2) << text.size) - 1) != 0;
	struct slice literal = regex_literal(regex);

	if (naive.steps > STEPS_MOST)
		return;
	if (regex_match(regex, text) != wanted)
		abort();
	if (wanted && literal.size > 0 && !memmem(text.data, text.size, literal.data, literal.size))
		abort();
	/* Where there is no NUL the two are one. */
	if ((text.size == 0 || !memchr(text.data, '\0', text.size)) &&
	    regex_match_joined(regex, text) != wanted)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *input = malloc(size + 1);
	_cleanup_(regex_freep) struct regex *regex = NULL;
	_cleanup_(regex_tree_done) struct regex_tree tree = { 0 };
	_cleanup_(error_done) struct error err = ERROR_INIT;
	size_t offset = SIZE_MAX, line;
	struct slice text;

	if (!input)
		return 0;
	memcpy(input, data, size);
	input[size] = '\0';
	line = strcspn(input, "\n");
	text = (struct slice){ input + line, size - line };
	if (text.size > 0) {
		input[line] = '\0';
		text.data++;
		text.size = MIN(text.size - 1, (size_t)TEXT_MOST);
	}
	if (regex_new(input, &regex, &offset, &err) < 0) {
		if (offset > strlen(input) || err.code == 0)
			abort();
		return 0;
	}
	if (regex_parse(input, &tree, NULL, NULL) < 0)
		abort();
	check(regex, &tree, text);
	return 0;
}
