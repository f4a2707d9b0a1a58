// SPDX-License-Identifier: MIT
#include "web/api.h"

#include "test/unit.h"

#define QUERY(...)                                                                        \
	(&(const struct api_query){ .pairs = { __VA_ARGS__ },                             \
				    .count = sizeof((struct api_pair[]){ __VA_ARGS__ }) / \
					     sizeof(struct api_pair) })

static void expect(const char *path, const struct api_query *query, const char *wanted)
{
	_cleanup_(freep) char *text = NULL;
	json_t *parameters;

	assert_int_equal(api_parameters(api_find(path), query, &parameters, NULL), 0);
	text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, wanted);
	json_decref(parameters);
}

static void refuse(const char *path, const struct api_query *query, const char *part)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	json_t *parameters;

	assert_int_equal(api_parameters(api_find(path), query, &parameters, &err), -EINVAL);
	assert_non_null(strstr(err.message, part));
}

static void test_parameters(void **state)
{
	static const struct api_query none;

	expect("/api/groups", &none, "{}");
	expect("/api/decisions", QUERY({ "pid", "7" }, { "pid", "8" }, { "denied", "true" }),
	       "{\"denied\":true,\"pid\":[7,8]}");
	expect("/api/group", QUERY({ "name", "a/b" }), "{\"name\":\"a/b\"}");
	refuse("/api/group", &none, "needs the parameter \"name\"");
	refuse("/api/group", QUERY({ "name", "a" }, { "name", "b" }), "twice");
	refuse("/api/group", QUERY({ "nmae", "a" }), "did you mean \"name\"");
	refuse("/api/group", QUERY({ "name", NULL }), "must be UTF-8 text");
	refuse("/api/group", QUERY({ "name", "\xff" }), "must be UTF-8 text");
	refuse("/api/decisions", QUERY({ "limit", "-1" }), "must be a number");
	refuse("/api/decisions", QUERY({ "limit", "99999999999999999999" }), "must be a number");
	refuse("/api/decisions", QUERY({ "denied", "maybe" }), "must be true or false");
	assert_null(api_find("/api/stream"));
	assert_null(api_find("/api/groups/"));
}

static void test_stream(void **state)
{
	_cleanup_(freep) char *decisions = NULL, *events = NULL;
	struct stream_wish wish;

	assert_int_equal(api_stream_wish(QUERY({ "events", "true" }, { "type", "exec" },
					       { "type", "exit" }, { "rule", "a" }),
					 &wish, NULL),
			 0);
	decisions = json_dumps(wish.decisions, JSON_COMPACT | JSON_SORT_KEYS);
	events = json_dumps(wish.events, JSON_COMPACT);
	assert_string_equal(decisions, "{\"limit\":0,\"rule\":\"a\"}");
	assert_string_equal(events, "{\"filter\":{\"type\":[\"exec\",\"exit\"]}}");
	json_decref(wish.decisions);
	json_decref(wish.events);
	assert_int_equal(api_stream_wish(QUERY({ "decisions", "false" }), &wish, NULL), -EINVAL);
	assert_int_equal(api_stream_wish(QUERY({ "type", "exec" }), &wish, NULL), -EINVAL);
	assert_int_equal(api_stream_wish(QUERY({ "typ", "exec" }), &wish, NULL), -EINVAL);
}

/* Nothing that changes anything may ever stand in the table. */
static void test_reads_only(void **state)
{
	static const char *const reading[] = { "io.reeve.Get", "io.reeve.List",
					       "io.reeve.ServiceList", "io.reeve.ServiceStatus" };
	const struct api_endpoint *endpoint;
	json_t *list = api_list();

	for (size_t i = 0; (endpoint = api_at(i)); i++) {
		bool reads = false;

		for (size_t j = 0; j < ARRAY_SIZE(reading); j++)
			reads |= strncmp(endpoint->method, reading[j], strlen(reading[j])) == 0;
		assert_true(reads);
	}
	assert_non_null(json_object_get(list, "endpoints"));
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_reads_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
