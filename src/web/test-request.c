// SPDX-License-Identifier: MIT
#include "web/request.h"

#include "test/unit.h"

static const struct token token = { .text = "0123456789012345678901234567890123456789",
				    .size = 40 };
#define RIGHT "Bearer 0123456789012345678901234567890123456789"

static const char *const names[] = { "reeve.example.net" };
static const struct request_policy policy = { names, 1, &token };

static void test_hosts(void **state)
{
	static const struct {
		const char *host;
		enum request_fault fault;
	} rows[] = {
		{ "localhost", REQUEST_FINE },
		{ "LOCALHOST:7390", REQUEST_FINE },
		{ "127.0.0.1:1", REQUEST_FINE },
		{ "[::1]", REQUEST_FINE },
		{ "[::1]:65535", REQUEST_FINE },
		{ "reeve.example.net:443", REQUEST_FINE },
		{ NULL, REQUEST_HOST },
		{ "", REQUEST_HOST },
		{ ":80", REQUEST_HOST },
		{ "localhost:", REQUEST_HOST },
		{ "localhost:80x", REQUEST_HOST },
		{ "localhost:123456", REQUEST_HOST },
		{ "localhost.evil.example", REQUEST_HOST },
		{ "evil.example", REQUEST_HOST },
		{ "127.0.0.2", REQUEST_HOST },
		{ "[::1", REQUEST_HOST },
		{ "[::1]x", REQUEST_HOST },
		{ "[::2]", REQUEST_HOST },
		{ "localhost@evil.example", REQUEST_HOST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request_headers headers = { .host = rows[i].host, .authorization = RIGHT };

		assert_int_equal(request_check(&policy, &headers), rows[i].fault);
		assert_int_equal(request_check_page(&policy, &headers), rows[i].fault);
	}
}

static void test_origins(void **state)
{
	static const struct {
		const char *origin, *site;
		enum request_fault fault;
	} rows[] = {
		{ NULL, NULL, REQUEST_FINE },
		{ "http://localhost:7390", "same-origin", REQUEST_FINE },
		{ "HTTPS://LOCALHOST:7390", NULL, REQUEST_FINE },
		{ NULL, "none", REQUEST_FINE },
		{ "http://localhost", NULL, REQUEST_ORIGIN },
		{ "http://localhost:7391", NULL, REQUEST_ORIGIN },
		{ "http://evil.example", NULL, REQUEST_ORIGIN },
		{ "null", NULL, REQUEST_ORIGIN },
		{ "", NULL, REQUEST_ORIGIN },
		{ "ftp://localhost:7390", NULL, REQUEST_ORIGIN },
		{ NULL, "cross-site", REQUEST_ORIGIN },
		{ NULL, "same-site", REQUEST_ORIGIN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request_headers headers = { .host = "localhost:7390",
						   .origin = rows[i].origin,
						   .fetch_site = rows[i].site,
						   .authorization = RIGHT };

		assert_int_equal(request_check(&policy, &headers), rows[i].fault);
		assert_int_equal(request_check_page(&policy, &headers), REQUEST_FINE);
	}
}

static void test_tokens_and_bodies(void **state)
{
	static const struct {
		const char *authorization, *length, *encoding;
		enum request_fault fault;
	} rows[] = {
		{ RIGHT, NULL, NULL, REQUEST_FINE },
		{ RIGHT, "0", NULL, REQUEST_FINE },
		{ RIGHT, "1", NULL, REQUEST_BODY },
		{ RIGHT, "-1", NULL, REQUEST_BODY },
		{ RIGHT, NULL, "chunked", REQUEST_BODY },
		{ NULL, NULL, NULL, REQUEST_TOKEN },
		{ "", NULL, NULL, REQUEST_TOKEN },
		{ "Bearer", NULL, NULL, REQUEST_TOKEN },
		{ "Bearer ", NULL, NULL, REQUEST_TOKEN },
		{ RIGHT "0", NULL, NULL, REQUEST_TOKEN },
		{ RIGHT " ", NULL, NULL, REQUEST_TOKEN },
		{ "Basic 0123456789012345678901234567890123456789", NULL, NULL, REQUEST_TOKEN },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request_headers headers = { .host = "localhost",
						   .authorization = rows[i].authorization,
						   .content_length = rows[i].length,
						   .transfer_encoding = rows[i].encoding };

		assert_int_equal(request_check(&policy, &headers), rows[i].fault);
	}
}

static void test_names(void **state)
{
	assert_true(request_is_host_name("reeve.example.net"));
	assert_false(request_is_host_name(""));
	assert_false(request_is_host_name("http://a"));
	assert_false(request_is_host_name("a:80"));
	for (enum request_fault fault = REQUEST_FINE; fault < REQUEST_FAULTS; fault++) {
		assert_non_null(request_fault_name(fault));
		assert_true(request_fault_status(fault) >= 200);
		assert_non_null(request_fault_sentence(fault));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_tokens_and_bodies),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
