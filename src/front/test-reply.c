// SPDX-License-Identifier: MIT
/* The one reply that the small program reads by itself, and all that it leaves. */
#include "front/reply.h"

#include "test/unit.h"

static void refused(const char *text)
{
	_cleanup_(freep) char *copy = strdup(text);
	struct reply_places places = { .count = 7 };

	if (reply_read_places(copy, &places) != -EPROTO)
		fail_msg("it was read: %s", text);
	assert_int_equal(places.count, 7);
}

static void test_places(void **state)
{
	char both[] = "{\"parameters\":{\"paths\":[\"/a b\",\"/c\"],\"frozen\":false}}";
	char blank[] = " { \"parameters\" : { \"frozen\" : true , \"paths\" : [ ] } } \n";
	struct reply_places places;

	assert_int_equal(reply_read_places(both, &places), 0);
	assert_int_equal(places.count, 2);
	assert_string_equal(places.paths[0], "/a b");
	assert_string_equal(places.paths[1], "/c");
	assert_false(places.frozen);
	assert_int_equal(reply_read_places(blank, &places), 0);
	assert_int_equal(places.count, 0);
	assert_true(places.frozen);
}

static void test_made(void **state)
{
	char made[] = "{\"parameters\":{\"problems\":[],\"paths\":[\"/a\"]}}";
	char problem[] = "{\"parameters\":{\"problems\":[\"x\"],\"paths\":[\"/a\"]}}";
	char located[] = "{\"parameters\":{\"frozen\":false,\"paths\":[\"/a\"]}}";
	struct reply_places places;

	assert_true(reply_is_good(made));
	assert_int_equal(reply_read_made(made, &places), 0);
	assert_int_equal(places.count, 1);
	assert_string_equal(places.paths[0], "/a");
	assert_int_equal(reply_read_made(problem, &places), -EPROTO);
	assert_int_equal(reply_read_made(located, &places), -EPROTO);
	assert_false(reply_is_good("{\"error\":\"io.reeve.Failed\",\"parameters\":{}}"));
}

static void test_others(void **state)
{
	char many[512] = "{\"parameters\":{\"frozen\":false,\"paths\":[";

	refused("");
	refused("{}");
	refused("[]");
	refused("{\"error\":\"io.reeve.Failed\",\"parameters\":{}}");
	refused("{\"parameters\":{}}");
	refused("{\"parameters\":{\"frozen\":false}}");
	refused("{\"parameters\":{\"paths\":[]}}");
	refused("{\"parameters\":{\"paths\":[],\"paths\":[],\"frozen\":true}}");
	refused("{\"parameters\":{\"paths\":[\"/a\"],\"frozen\":1}}");
	refused("{\"parameters\":{\"paths\":[\"/a\\u0000\"],\"frozen\":true}}");
	refused("{\"parameters\":{\"paths\":[\"/a\",],\"frozen\":true}}");
	refused("{\"parameters\":{\"paths\":[\"/a],\"frozen\":true}}");
	refused("{\"parameters\":{\"paths\":[\"/a\n\"],\"frozen\":true}}");
	refused("{\"parameters\":{\"paths\":[],\"frozen\":true},\"continues\":true}");
	refused("{\"parameters\":{\"paths\":[],\"frozen\":true}}x");
	for (int i = 0; i < REPLY_PLACES_MAX; i++)
		strncat(many, "\"/a\",", sizeof(many) - strlen(many) - 1);
	strncat(many, "\"/a\"]}}", sizeof(many) - strlen(many) - 1);
	refused(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests_name("front/reply", tests, NULL, NULL);
}
