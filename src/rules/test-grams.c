// SPDX-License-Identifier: MIT
#include "rules/grams.h"

#include "rules/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static unsigned count_found(const struct grams *grams, const char *text, uint32_t wanted,
			    bool *ret_has)
{
	struct candidates found;
	unsigned count = 0;
	uint32_t id;

	*ret_has = false;
	candidates_begin(&found, 0);
	grams_find(grams, slice_of(text), &found);
	for (; (id = candidates_take(&found)) != NO_CANDIDATE; count++)
		*ret_has |= id == wanted;
	return count;
}

/* Whatever a glob matches has its gram, for every kind of piece. */
static void what_matches_is_found(void **state)
{
	static const struct {
		const char *glob, *text;
	} rows[] = {
		{ "/opt/**/bin/x", "/opt/bin/x" },
		{ "/**/x", "/x" },
		{ "**/a", "a" },
		{ "/usr/lib/[a-z]x*\\*y", "/usr/lib/axzz*y" },
		{ "/a[]/]b", "/a]b" },
		{ "/???", "/abc" },
		{ "*", "anything" },
		{ "\\[x]", "[x]" },
		{ "/[!a]bc?d", "/xbczd" },
		{ "/long/literal/prefix/*", "/long/literal/prefix/x" },
		{ "a\\", "a\\" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(grams_freep) struct grams *grams = NULL;
		struct gram_source source = { .glob = rows[i].glob, .id = 7 };
		bool has;

		if (!glob_matches(GLOB_PATH, rows[i].glob, slice_of(rows[i].text)))
			fail_msg("%s", rows[i].glob);
		assert_int_equal(grams_new(&source, 1, &grams), 0);
		count_found(grams, rows[i].text, 7, &has);
		if (!has)
			fail_msg("%s is not found for %s", rows[i].glob, rows[i].text);
	}
}

static void the_rarest_piece_counts(void **state)
{
	enum { MANY = 10000 };
	static char texts[MANY][64];
	static struct gram_source sources[MANY];
	_cleanup_(grams_freep) struct grams *grams = NULL;
	bool has;

	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(texts[i], sizeof(texts[i]), "/srv/tenants/t%05u/*/bin/**", i);
		sources[i] = (struct gram_source){ .glob = texts[i], .id = i };
	}
	assert_int_equal(grams_new(sources, MANY, &grams), 0);
	assert_int_equal(grams_always(grams), 0);
	assert_true(grams_largest(grams) <= 16);
	assert_true(count_found(grams, "/srv/tenants/t04711/x/bin/y", 4711, &has) <= 16);
	assert_true(has);
	assert_int_equal(count_found(grams, "/usr/bin/cc", 0, &has), 0);
}

static void literals_and_what_has_none(void **state)
{
	static const struct gram_source sources[] = {
		{ .literal = { "abc", 3 }, .id = 1 },
		{ .literal = { NULL, 0 }, .id = 2 },
		{ .glob = "[a-z]*", .id = 3 },
	};
	_cleanup_(grams_freep) struct grams *grams = NULL;
	bool has;

	assert_int_equal(grams_new(sources, ARRAY_SIZE(sources), &grams), 0);
	assert_int_equal(grams_always(grams), 2);
	assert_int_equal(count_found(grams, "xxabcx", 1, &has), 3);
	assert_true(has);
	assert_int_equal(count_found(grams, "xx", 1, &has), 2);
	assert_false(has);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matches_is_found),
		cmocka_unit_test(the_rarest_piece_counts),
		cmocka_unit_test(literals_and_what_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
