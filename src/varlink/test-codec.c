// SPDX-License-Identifier: MIT
/* The texts that are calls, and all those that are not. */
#include "varlink/codec.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include "util/fd.h"

#include <cmocka.h>

static int parse(const char *text, struct varlink_request *request, struct error *err)
{
	return varlink_request_parse(text, strlen(text), request, err);
}

static void test_calls(void **state)
{
	struct varlink_request q;

	assert_int_equal(parse("{\"method\":\"a.b.C\"}", &q, NULL), 0);
	assert_string_equal(q.method, "a.b.C");
	assert_true(json_is_object(q.parameters));
	assert_false(q.more || q.oneway || q.upgrade);
	varlink_request_done(&q);

	assert_int_equal(parse(" {\"parameters\": {\"x\": [1, \"}\\\"\"]}, \"more\": true, "
			       "\"oneway\": false, \"method\": \"a.b.C\"}\n",
			       &q, NULL),
			 0);
	assert_true(q.more);
	assert_int_equal(json_array_size(json_object_get(q.parameters, "x")), 2);
	varlink_request_done(&q);

	assert_int_equal(parse("{\"method\":\"a.b.C\",\"parameters\":null}", &q, NULL), 0);
	assert_int_equal(json_object_size(q.parameters), 0);
	varlink_request_done(&q);
	varlink_request_done(&q);
}

static void test_no_calls(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"x",
		"[]",
		"null",
		"{}",
		"{\"method\":1}",
		"{\"method\":\"\"}",
		"{\"method\":null}",
		"{\"method\":\"a.b\\u0000.C\"}",
		"{\"method\":\"a.b.C\",\"parameters\":{\"x\":\"a\\u0000b\"}}",
		"{\"method\":\"a.b.C\",\"parameters\":{\"a\\u0000b\":1}}",
		"{\"method\":\"a.b.C\",\"parameters\":[]}",
		"{\"method\":\"a.b.C\",\"parameters\":\"x\"}",
		"{\"method\":\"a.b.C\",\"more\":1}",
		"{\"method\":\"a.b.C\",\"more\":\"true\"}",
		"{\"method\":\"a.b.C\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"a.b.C\",\"onewya\":true}",
		"{\"method\":\"a.b.C\",\"method\":\"a.b.D\"}",
		"{\"method\":\"a.b.C\"} {}",
		"{\"method\":\"a.b.C\"",
		"{\"method\":\"\xff\"}",
		"{\"method\":\"a.b.C\",\"parameters\":{\"x\":1e999}}",
		"{\"method\":\"a.b.C\",\"parameters\":{\"x\":99999999999999999999}}",
		"\xff\xfe\x00",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct varlink_request q = { 0 };
		struct error err = ERROR_INIT;

		assert_int_equal(parse(texts[i], &q, &err), -EBADMSG);
		assert_non_null(err.message);
		assert_null(q.method);
		error_done(&err);
	}
	/* A raw NUL, which never comes from the server's own splitting. */
	assert_int_equal(varlink_request_parse("{\"method\":\"a.b.C\"}\0", 19, NULL, NULL),
			 -EBADMSG);
}

/* {"method":"a.b.C","parameters":{"x":[[[ ... ]]]}} with `depth` levels in all. */
static int parse_deep(size_t depth, struct error *err)
{
	static const char head[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":";
	_cleanup_(freep) char *text = malloc(sizeof(head) + 2 * depth + 3);
	struct varlink_request q = { 0 };
	size_t n = sizeof(head) - 1;
	int r;

	memcpy(text, head, n);
	memset(text + n, '[', depth - 2);
	memset(text + n + depth - 2, ']', depth - 2);
	n += 2 * (depth - 2);
	memcpy(text + n, "}}", 3);
	r = parse(text, &q, err);
	varlink_request_done(&q);
	return r;
}

static void test_depth(void **state)
{
	struct error err = ERROR_INIT;

	assert_int_equal(parse_deep(VARLINK_DEPTH_MAX, NULL), 0);
	assert_int_equal(parse_deep(VARLINK_DEPTH_MAX + 1, &err), -EBADMSG);
	assert_string_equal(err.message, "the message nests deeper than 32 levels");
	error_done(&err);
	assert_int_equal(parse_deep(400000, NULL), -EBADMSG);
}

static void test_values(void **state)
{
	_cleanup_(freep) char *text = malloc(4 * VARLINK_VALUES_MAX + 64);
	struct varlink_request q = { 0 };
	struct error err = ERROR_INIT;
	size_t n;

	n = (size_t)snprintf(text, 64, "{\"method\":\"a.b.C\",\"parameters\":{\"x\":[{}");
	for (size_t i = 0; i < VARLINK_VALUES_MAX; i++, n += 3)
		memcpy(text + n, ",{}", 3);
	memcpy(text + n, "]}}", 4);
	assert_int_equal(parse(text, &q, &err), -EBADMSG);
	assert_string_equal(err.message, "the message holds more than 16384 values");
	error_done(&err);
}

static void test_answers(void **state)
{
	struct varlink_answer a;
	_cleanup_(freep) char *text = NULL;
	size_t size;

	assert_int_equal(varlink_encode(varlink_answer_new("a.b.Bad", json_pack("{s:i}", "x", 1),
							   false),
					&text, &size),
			 0);
	assert_int_equal(size, strlen(text) + 1);
	assert_int_equal(varlink_answer_parse(text, size - 1, &a, NULL), 0);
	assert_string_equal(a.error, "a.b.Bad");
	assert_int_equal(json_integer_value(json_object_get(a.parameters, "x")), 1);
	assert_false(a.continues);
	varlink_answer_done(&a);

	assert_int_equal(varlink_answer_parse("{\"continues\":true,\"new\":1}", 26, &a, NULL), 0);
	assert_null(a.error);
	assert_true(a.continues);
	assert_true(json_is_object(a.parameters));
	varlink_answer_done(&a);

	assert_int_equal(varlink_answer_parse("{\"error\":1}", 11, &a, NULL), -EBADMSG);
	assert_int_equal(varlink_encode(NULL, &text, &size), -ENOMEM);
	assert_null(varlink_request_new("\xff", json_object(), false, false));
}

static void test_request_new(void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;

	assert_int_equal(varlink_encode(varlink_request_new("a.b.C", NULL, true, false), &text,
					&size),
			 0);
	assert_string_equal(text, "{\"method\":\"a.b.C\",\"parameters\":{},\"more\":true}");
}

/* The fuzzer's corpus: whatever is in it must neither crash nor leak. */
static void test_corpus(void **state)
{
	DIR *folder = opendir("fuzz/corpus/varlink");
	struct dirent *entry;
	size_t count = 0;

	if (!folder)
		skip();
	while ((entry = readdir(folder))) {
		_cleanup_(freep) char *text = NULL;
		struct varlink_request q = { 0 };
		struct varlink_answer a = { 0 };
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(file_read_at(dirfd(folder), entry->d_name, 1 << 22, &text, &size),
				 0);
		if (varlink_request_parse(text, size, &q, NULL) >= 0)
			varlink_request_done(&q);
		if (varlink_answer_parse(text, size, &a, NULL) >= 0)
			varlink_answer_done(&a);
		count++;
	}
	closedir(folder);
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),	cmocka_unit_test(test_no_calls),
		cmocka_unit_test(test_depth),	cmocka_unit_test(test_values),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_request_new),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
