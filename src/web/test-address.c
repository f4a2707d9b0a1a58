// SPDX-License-Identifier: MIT
#include "web/address.h"

#include "test/unit.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{ "127.0.0.1:0", 0 },
		{ "127.9.9.9:65535", 0 },
		{ "localhost:80", 0 },
		{ ":80", 0 },
		{ "[::1]:80", 0 },
		{ "unix:/run/x", 0 },
		{ "unix:x", -EINVAL },
		{ "", -EINVAL },
		{ "80", -EINVAL },
		{ "127.0.0.1", -EINVAL },
		{ "127.0.0.1:", -EINVAL },
		{ "127.0.0.1:65536", -EINVAL },
		{ "127.0.0.1:8o", -EINVAL },
		{ "::1:80", -EINVAL },
		{ "example.net:80", -EINVAL },
		{ "[::1]", -EINVAL },
		{ "0.0.0.0:80", -EACCES },
		{ "192.168.0.1:80", -EACCES },
		{ "[::]:80", -EACCES },
		{ "[2001:db8::1]:80", -EACCES },
		{ "[::ffff:127.0.0.1]:80", -EACCES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(error_done) struct error err = ERROR_INIT;
		struct address address;

		assert_int_equal(address_parse(rows[i].text, &address, &err), rows[i].result);
		assert_true((err.message != NULL) == (rows[i].result < 0));
	}
}

static void test_listen(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *text = NULL;
	_cleanup_(closep) int ip = -1, local = -1, second = -1;
	char where[ADDRESS_TEXT];
	struct address address;

	assert_int_equal(address_parse("127.0.0.1:0", &address, NULL), 0);
	assert_int_equal(address_listen(&address, (gid_t)-1, &ip, NULL), 0);
	assert_int_equal(address_describe(ip, where), 0);
	assert_int_equal(strncmp(where, "127.0.0.1:", 10), 0);
	/* The port is taken now. */
	assert_int_equal(address_parse(where, &address, NULL), 0);
	assert_int_equal(address_listen(&address, (gid_t)-1, &second, NULL), -EADDRINUSE);
	assert_true(asprintf(&text, "unix:%s/socket", folder) > 0);
	assert_int_equal(address_parse(text, &address, NULL), 0);
	assert_int_equal(address_listen(&address, (gid_t)-1, &local, NULL), 0);
	assert_int_equal(address_describe(local, where), -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
