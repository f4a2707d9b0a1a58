// SPDX-License-Identifier: MIT
#include "util/hash.h"

#include "test/unit.h"

static void test_an_empty_table(void **state)
{
	struct hash hash;

	hash_init(&hash);
	assert_null(hash_get_string(&hash, "x"));
	hash_done(&hash);
	hash_done(&hash);
}

static void test_put_and_get(void **state)
{
	_cleanup_(hash_done) struct hash hash = { 0 };
	int one, two;

	assert_int_equal(hash_put_string(&hash, "one", &one, NULL), 1);
	assert_int_equal(hash_put_string(&hash, "two", &two, NULL), 1);
	assert_ptr_equal(hash_get_string(&hash, "one"), &one);
	assert_ptr_equal(hash_get_string(&hash, "two"), &two);
	assert_null(hash_get_string(&hash, "three"));
	assert_null(hash_get_string(&hash, "on"));
	assert_null(hash_get_string(&hash, "ones"));
	assert_int_equal(hash.used, 2);
}

static void test_the_first_value_stays(void **state)
{
	_cleanup_(hash_done) struct hash hash = { 0 };
	void *old = NULL;
	int one, two;

	hash_put_string(&hash, "x", &one, NULL);
	assert_int_equal(hash_put_string(&hash, "x", &two, &old), 0);
	assert_ptr_equal(old, &one);
	assert_int_equal(hash_put_string(&hash, "x", &two, NULL), 0);
	assert_ptr_equal(hash_get_string(&hash, "x"), &one);
	assert_int_equal(hash.used, 1);
}

static void test_keys_are_bytes(void **state)
{
	static const char a[] = "a\0b", b[] = "a\0c";
	_cleanup_(hash_done) struct hash hash = { 0 };
	int one, two, none;

	assert_int_equal(hash_put(&hash, a, 3, &one, NULL), 1);
	assert_int_equal(hash_put(&hash, b, 3, &two, NULL), 1);
	assert_int_equal(hash_put(&hash, "", 0, &none, NULL), 1);
	assert_ptr_equal(hash_get(&hash, a, 3), &one);
	assert_ptr_equal(hash_get(&hash, b, 3), &two);
	assert_ptr_equal(hash_get_string(&hash, ""), &none);
	assert_null(hash_get(&hash, a, 2));
}

/* Keys of zeros differ by their length alone: the mixing must not lose it. */
static void test_lengths_tell_keys_apart(void **state)
{
	static const char zeros[64];
	_cleanup_(hash_done) struct hash hash = { 0 };

	for (size_t size = 0; size <= sizeof(zeros); size++)
		assert_int_equal(hash_put(&hash, zeros, size, (void *)(size + 1), NULL), 1);
	for (size_t size = 0; size <= sizeof(zeros); size++)
		assert_int_equal((size_t)hash_get(&hash, zeros, size), size + 1);
}

enum { MANY = 100000 };

static void test_many(void **state)
{
	_cleanup_(hash_done) struct hash hash = { 0 };
	_cleanup_(freep) char *names = calloc(MANY, 16);

	for (size_t i = 0; i < MANY; i++) {
		snprintf(names + i * 16, 16, "/bin/%zu", i);
		assert_int_equal(hash_put_string(&hash, names + i * 16, names + i * 16, NULL), 1);
	}
	assert_int_equal(hash.used, MANY);
	assert_true(hash.room >= 2 * MANY);
	for (size_t i = 0; i < MANY; i++)
		if (hash_get_string(&hash, names + i * 16) != names + i * 16)
			fail_msg("%s is lost", names + i * 16);
	assert_null(hash_get_string(&hash, "/bin/100000"));
}

/* What the table stands on: nearly all of 100,000 hashes differ in their low 20 bits' slot. */
static void test_the_hash_spreads(void **state)
{
	_cleanup_(freep) unsigned char *seen = calloc(1, 1 << 20);
	size_t collisions = 0;
	char name[32];

	for (size_t i = 0; i < MANY; i++) {
		size_t n = (size_t)snprintf(name, sizeof(name), "/usr/bin/%zu", i);
		size_t slot = hash_bytes(name, n) & ((1 << 20) - 1);

		collisions += seen[slot];
		seen[slot] = 1;
	}
	/* By chance alone it is some 4,600. */
	assert_in_range(collisions, 3500, 6000);
}

static void test_the_hash_does_not_depend_on_where_the_bytes_are(void **state)
{
	char buffer[64];

	for (size_t at = 0; at < 16; at++) {
		memcpy(buffer + at, "/usr/lib/x86_64/ld.so", 21);
		assert_int_equal(hash_bytes(buffer + at, 21),
				 hash_bytes("/usr/lib/x86_64/ld.so", 21));
	}
	assert_int_equal(hash_bytes(NULL, 0), hash_bytes("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_table),
		cmocka_unit_test(test_put_and_get),
		cmocka_unit_test(test_the_first_value_stays),
		cmocka_unit_test(test_keys_are_bytes),
		cmocka_unit_test(test_lengths_tell_keys_apart),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_the_hash_spreads),
		cmocka_unit_test(test_the_hash_does_not_depend_on_where_the_bytes_are),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
