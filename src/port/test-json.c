// SPDX-License-Identifier: MIT
/* covers: json-term.c json-arguments.c json-requests.c calls.c calls-*.c seccomp-policy.c */
#include "port/json-term.h"

#include "port/json-requests.h"
#include "port/seccomp-policy.h"

#include "test/unit.h"

static char *reply_text(const void *term, size_t size)
{
	struct etf_reader reader;
	json_t *value;
	char *text;

	etf_reader_init(&reader, term, size);
	value = json_of_reply(&reader);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	json_decref(value);
	return text;
}

static void replies(void **state)
{
	static const struct {
		const char *term;
		size_t size;
		const char *text;
	} cases[] = {
#define TERM(bytes) bytes, sizeof(bytes) - 1
		{ TERM("\x77\2ok"), "{\"ok\":true}" },
		{ TERM("\x68\2\x77\2ok\x61\7"), "{\"ok\":7}" },
		{ TERM("\x68\3\x77\2ok\x61\7\x6a"), "{\"ok\":[7,[]]}" },
		{ TERM("\x68\2\x77\5error\x77\6enoent"), "{\"error\":\"enoent\"}" },
		{ TERM("\x77\6"
		       "badarg"),
		  "{\"error\":\"badarg\"}" },
		{ TERM("\x77\5"
		       "false"),
		  "false" },
		{ TERM("\x6d\0\0\0\2hi"), "\"hi\"" },
		{ TERM("\x6d\0\0\0\1\xff"), "{\"base64\":\"/w==\"}" },
		{ TERM("\x6e\x8\0\xff\xff\xff\xff\xff\xff\xff\xff"), "\"18446744073709551615\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = reply_text(cases[i].term, cases[i].size);

		assert_string_equal(text, cases[i].text);
	}
}

static int put(const char *name, size_t arity, const char *json, struct etf_writer *writer,
	       char *wrong)
{
	json_t *arguments = json_loads(json, 0, NULL);
	int r;

	assert_non_null(arguments);
	r = json_put_arguments(writer, call_row((size_t)call_number(name, arity)), arguments,
			       wrong);
	json_decref(arguments);
	return r;
}

static void arguments(void **state)
{
	static const uint8_t open_call[] =
		"\x68\3\x6d\0\0\0\2/x\x6c\0\0\0\1\x77\7o_creat\x6a\x61\0";
	uint8_t buffer[256];
	struct etf_writer writer;
	char wrong[JSON_WRONG];

	etf_writer_init(&writer, buffer, sizeof(buffer), sizeof(buffer));
	assert_int_equal(put("open", 3, "{\"path\":\"/x\",\"flags\":[\"o_creat\"],\"mode\":0}",
			     &writer, wrong),
			 0);
	assert_int_equal(writer.size, sizeof(open_call) - 1);
	assert_memory_equal(buffer, open_call, writer.size);
	assert_int_equal(put("open", 3, "[\"/x\",[],true]", &writer, wrong), -EINVAL);
	assert_non_null(strstr(wrong, "open: \"mode\" is to be an integer"));
	assert_int_equal(put("open", 3, "[\"/x\"]", &writer, wrong), -EINVAL);
	assert_string_equal(wrong, "open has 3 arguments: path flags mode");
	assert_int_equal(put("pledge", 2, "[1,2]", &writer, wrong), -EINVAL);
	assert_int_equal(put("alloc", 1, "[[\"ab\",{\"ptr\":4},{\"ptr\":{\"base64\":\"AA==\"}}]]",
			     &writer, wrong),
			 0);
}

static void requests(void **state)
{
	struct json_requests list;
	struct json_place above = { 1, { 5 } }, below = { 2, { 5, 6 } }, other = { 1, { 7 } }, at;
	json_t *one = json_integer(1), *two = json_integer(2), *taken;

	json_requests_init(&list);
	assert_int_equal(json_requests_add(&list, &below, one), 0);
	assert_int_equal(json_requests_add(&list, &above, two), 0);
	assert_null(json_requests_take(&list, &other, true, &at));
	taken = json_requests_take(&list, &above, false, &at);
	assert_ptr_equal(taken, two);
	json_decref(taken);
	taken = json_requests_take(&list, &above, true, &at);
	assert_ptr_equal(taken, one);
	assert_int_equal(at.depth, 2);
	json_decref(taken);
	assert_int_equal(json_requests_add(&list, &above, two), 0);
	json_requests_done(&list);
	json_decref(one);
	json_decref(two);
}

static void every_call_has_its_row(void **state)
{
	for (size_t i = 0; i < calls_count(); i++) {
		const struct call *call = call_row(i);

		assert_int_equal(call_number(call->name, call->arity), i);
		for (size_t j = 0; call->function && j < CALL_ARGUMENTS_MAX; j++)
			assert_int_equal(call->parameters[j].name != NULL, j < call->arity);
		assert_true(!call->function || call->help);
	}
	assert_null(call_row(calls_count()));
	assert_int_equal(call_number("version", 0), 97);
	assert_int_equal(call_number("write", 2), 99);
}

static void policies(void **state)
{
	struct seccomp_policy policy;
	char wrong[SECCOMP_POLICY_WRONG];

	assert_int_equal(seccomp_policy_compile("", &policy, wrong), 0);
	assert_int_equal(policy.program.len, 7);
	assert_int_equal(seccomp_policy_compile("default allow; kill ptrace mount\n;errno 1 open",
						&policy, wrong),
			 0);
	assert_int_equal(policy.program.len, 7 + 6);
	assert_int_equal(seccomp_policy_compile("allow nosuch", &policy, wrong), -EINVAL);
	assert_non_null(strstr(wrong, "nosuch"));
	assert_int_equal(seccomp_policy_compile("errno x read", &policy, wrong), -EINVAL);
	assert_int_equal(seccomp_policy_compile("default kill read", &policy, wrong), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies),  cmocka_unit_test(arguments),
		cmocka_unit_test(requests), cmocka_unit_test(every_call_has_its_row),
		cmocka_unit_test(policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
