// SPDX-License-Identifier: MIT
/* Terms written are read again; what is cut, too large or of another kind is refused. */
#include "port/etf.h"

#include "test/unit.h"

static void integers(void **state)
{
	static const int64_t values[] = { 0,	     1,		255,
					  256,	     INT32_MAX, INT32_MAX + 1LL,
					  -1,	     INT32_MIN, INT32_MIN - 1LL,
					  INT64_MAX, INT64_MIN };
	uint8_t buffer[32];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct etf_writer writer;
		struct etf_reader reader;
		int64_t value = 7;

		etf_writer_init(&writer, buffer, sizeof(buffer), sizeof(buffer));
		etf_put_int(&writer, values[i]);
		for (size_t cut = 0; cut < writer.size; cut++) {
			etf_reader_init(&reader, buffer, cut);
			assert_false(etf_read_int(&reader, &value));
			assert_true(reader.at == buffer);
		}
		etf_reader_init(&reader, buffer, writer.size);
		assert_true(etf_read_int(&reader, &value));
		assert_true(value == values[i]);
		assert_true(reader.at == reader.end);
	}
}

static void integers_out_of_range(void **state)
{
	static const uint8_t large[] = { 110, 8, 0, 255, 255, 255, 255, 255, 255, 255, 255 };
	static const uint8_t larger[] = { 110, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	static const uint8_t padded[] = { 111, 0, 0, 0, 9, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct etf_reader reader;
	int64_t value;
	uint64_t number;

	etf_reader_init(&reader, large, sizeof(large));
	assert_false(etf_read_int(&reader, &value));
	assert_true(etf_read_uint(&reader, &number));
	assert_true(number == UINT64_MAX);
	etf_reader_init(&reader, larger, sizeof(larger));
	assert_false(etf_read_uint(&reader, &number));
	etf_reader_init(&reader, padded, sizeof(padded));
	assert_false(etf_read_uint(&reader, &number));
	assert_true(etf_read_int(&reader, &value));
	assert_int_equal(value, -5);
}

static void atoms_of_every_form(void **state)
{
	static const char *const forms[] = { "\x64\0\2ok", "\x73\2ok", "\x76\0\2ok", "\x77\2ok" };
	static const size_t sizes[] = { 5, 4, 5, 4 };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct etf_reader reader;
		const char *name;
		size_t size;

		etf_reader_init(&reader, forms[i], sizes[i]);
		assert_true(etf_read_atom(&reader, &name, &size));
		assert_int_equal(size, 2);
		assert_memory_equal(name, "ok", 2);
	}
}

static void counts_are_bounded_by_what_is_there(void **state)
{
	static const uint8_t tuple[] = { 105, 0xff, 0xff, 0xff, 0xff, 97, 1 };
	static const uint8_t binary[] = { 109, 0, 0, 0, 3, 1, 2 };
	struct etf_reader reader;
	const uint8_t *data;
	size_t size;

	etf_reader_init(&reader, tuple, sizeof(tuple));
	assert_false(etf_read_tuple(&reader, &size));
	assert_false(etf_skip(&reader));
	etf_reader_init(&reader, binary, sizeof(binary));
	assert_false(etf_read_binary(&reader, &data, &size));
}

static void deep_terms_are_passed_over(void **state)
{
	uint8_t nested[2 * 4000 + 2];
	struct etf_reader reader;

	for (size_t i = 0; i < sizeof(nested) - 2; i += 2) {
		nested[i] = 104;
		nested[i + 1] = 1;
	}
	nested[sizeof(nested) - 2] = 97;
	nested[sizeof(nested) - 1] = 1;
	etf_reader_init(&reader, nested, sizeof(nested));
	assert_true(etf_skip(&reader));
	assert_true(reader.at == reader.end);
}

static void a_writer_grows_to_its_limit(void **state)
{
	uint8_t buffer[8];
	struct etf_writer writer;

	etf_writer_init(&writer, buffer, sizeof(buffer), 100);
	etf_put_binary(&writer, "0123456789", 10);
	assert_false(writer.failed);
	assert_int_equal(writer.size, 15);
	assert_memory_equal(writer.data + 5, "0123456789", 10);
	assert_null(etf_put_binary_room(&writer, 100));
	assert_true(writer.failed);
	etf_writer_done(&writer);
}

static void lists_that_are_counted_afterwards(void **state)
{
	uint8_t buffer[64];
	struct etf_writer writer;
	struct etf_reader reader;
	size_t list, count;

	etf_writer_init(&writer, buffer, sizeof(buffer), sizeof(buffer));
	list = etf_open_list(&writer);
	etf_close_list(&writer, list, 0);
	assert_int_equal(writer.size, 1);
	list = etf_open_list(&writer);
	etf_put_uint(&writer, 1);
	etf_put_uint(&writer, 2);
	etf_close_list(&writer, list, 2);
	etf_reader_init(&reader, buffer, writer.size);
	assert_true(etf_read_nil(&reader));
	assert_true(etf_read_list(&reader, &count));
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(integers_out_of_range),
		cmocka_unit_test(atoms_of_every_form),
		cmocka_unit_test(counts_are_bounded_by_what_is_there),
		cmocka_unit_test(deep_terms_are_passed_over),
		cmocka_unit_test(a_writer_grows_to_its_limit),
		cmocka_unit_test(lists_that_are_counted_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
