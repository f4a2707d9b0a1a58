// SPDX-License-Identifier: MIT
/* `fleet`: what it takes, and what it says of the rest. */
#include "config/test-policy.h"

static void test_whole(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		parse("fleet:\n  etcd:\n    endpoints: [https://a:2379, \"http://[::1]:1\"]\n"
		      "    prefix: /acme/reeve\n    ttl: 5s\n    tls: {ca: /c, certificate: /d, "
		      "key: /k}\n    user: {name: u, password_file: /p}\n"
		      "  host: web-1.example\n  labels: [web, eu]\nrules: {}\n");
	const struct policy_fleet *fleet;

	assert_int_equal(parsed.result, 0);
	fleet = parsed.policy->fleet;
	assert_string_equal(fleet->endpoints[1], "http://[::1]:1");
	assert_null(fleet->endpoints[2]);
	assert_string_equal(fleet->prefix, "/acme/reeve");
	assert_int_equal(fleet->ttl, 5);
	assert_string_equal(fleet->ca, "/c");
	assert_string_equal(fleet->user, "u");
	assert_string_equal(fleet->host, "web-1.example");
	assert_string_equal(fleet->labels[1], "eu");
}

static void test_least(void **state)
{
	_cleanup_(parsed_done) struct parsed none = parse("rules: {}\n");
	_cleanup_(parsed_done) struct parsed least =
		parse("fleet: {etcd: {endpoints: http://a:1}}\nrules: {}\n");

	assert_null(none.policy->fleet);
	assert_int_equal(least.result, 0);
	assert_string_equal(least.policy->fleet->prefix, "/reeve");
	assert_null(least.policy->fleet->host);
	assert_null(least.policy->fleet->labels[0]);
	assert_int_equal(least.policy->fleet->ttl, 30);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{ "{}", "1:8 error: \"fleet\" does not say where its etcd is (add etcd: "
			"{endpoints: [https://10.0.0.1:2379]})\n" },
		{ "{etcd: {prefix: /a}}", "1:15 error: \"etcd\" has no endpoints (add endpoints: "
					  "[https://10.0.0.1:2379])\n" },
		{ "{etcd: {endpoints: [a:1]}}", "1:28 error: \"endpoints\" cannot be \"a:1\" "
						"(write it like https://10.0.0.1:2379)\n" },
		{ "{etcd: {endpoint: [http://a:1]}}",
		  "1:16 error: unknown key \"endpoint\" in \"etcd\" (did you mean "
		  "\"endpoints\"?)\n" },
		{ "{etcd: {endpoints: http://a:1, prefix: /a/}}",
		  "1:47 error: \"prefix\" cannot be \"/a/\" (write it like /reeve, without \"/\" "
		  "at "
		  "its end)\n" },
		{ "{etcd: {endpoints: http://a:1, user: {name: u}}}",
		  "1:15 error: \"user\" needs both \"name\" and \"password_file\"\n" },
		{ "{etcd: {endpoints: http://a:1}, labels: [a/b]}",
		  "1:49 error: \"labels\" cannot be \"a/b\" (letters, digits, \".\", \"_\" and "
		  "\"-\")\n" },
		{ "{etcd: {endpoints: http://a:1}, labels: [a, a]}",
		  "1:52 error: \"a\" is there twice\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = NULL, *all = NULL;
		_cleanup_(parsed_done) struct parsed parsed = { 0 };

		assert_true(asprintf(&text, "fleet: %s\nrules: {}\n", cases[i].text) > 0);
		parsed = parse(text);
		all = told(&parsed.diagnostics);
		assert_string_equal(all, cases[i].told);
		assert_int_equal(parsed.result, -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_least),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
