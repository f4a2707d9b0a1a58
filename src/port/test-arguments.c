// SPDX-License-Identifier: MIT
/* covers: arguments.c memory.c arena.c constants.c errno-names.c */
#include "port/arguments.h"

#include "test/unit.h"

static enum argument_result read_term(enum argument_kind kind, enum constant_table table,
				      const void *term, size_t size, struct argument *ret_argument)
{
	static struct arena arena; /* for the whole of a test's values */
	struct parameter parameter = { "x", kind, table };
	struct etf_reader reader;

	etf_reader_init(&reader, term, size);
	return argument_read(&reader, &parameter, &arena, ret_argument);
}

#define READ(kind, table, term, argument) \
	read_term(ARGUMENT_##kind, CONSTANTS_##table, term, sizeof(term) - 1, argument)

static void ranges(void **state)
{
	struct argument a;

	assert_int_equal(READ(UINT, FILE, "\x6e\x04\x00\xff\xff\xff\xff", &a), ARGUMENT_GOOD);
	assert_int_equal(a.number, UINT32_MAX);
	assert_int_equal(READ(INT, FILE, "\x6e\x04\x00\xff\xff\xff\xff", &a), ARGUMENT_BAD);
	assert_int_equal(READ(UINT, FILE, "\x62\xff\xff\xff\xff", &a), ARGUMENT_BAD);
	assert_int_equal(READ(INT, FILE, "\x62\xff\xff\xff\xff", &a), ARGUMENT_GOOD);
	assert_int_equal((int64_t)a.number, -1);
}

static void constants(void **state)
{
	struct argument a;

	assert_int_equal(READ(CONST, SIGNAL, "\x77\x07SIGTERM", &a), ARGUMENT_GOOD);
	assert_int_equal(a.number, 15);
	assert_int_equal(READ(CONST, SIGNAL, "\x77\x06sigfoo", &a), ARGUMENT_UNKNOWN);
	assert_int_equal(READ(CONST, SIGNAL, "\x6d\0\0\0\0", &a), ARGUMENT_BAD);
	/* or-ed, and packed as a string of bytes, of which none has a sign */
	assert_int_equal(READ(FLAGS, FILE, "\x6c\0\0\0\2\x77\7o_creat\x61\1\x6a", &a),
			 ARGUMENT_GOOD);
	assert_int_equal(a.number, 0101);
	assert_int_equal(READ(FLAGS, FILE, "\x6b\0\1\x80", &a), ARGUMENT_GOOD);
	assert_int_equal(a.number, 0x80);
	assert_int_equal(READ(FLAGS, FILE, "\x6c\0\0\0\1\x77\1x\x6a", &a), ARGUMENT_UNKNOWN);
	assert_int_equal(READ(FLAGS, FILE, "\x6c\0\0\0\1\x61\1\x61\1", &a), ARGUMENT_BAD);
}

static void tables(void **state)
{
	uint64_t value = 0;
	const struct constant *rows;
	size_t count;

	assert_true(constant_find(CONSTANTS_CLONE, "CLONE_NEWNS", 11, &value));
	assert_int_equal(value, 0x20000);
	assert_false(constant_find(CONSTANTS_CLONE, "clone_new", 9, &value));
	assert_false(constant_find(CONSTANTS_CLONE, "", 0, &value));
	for (int table = 0; table < CONSTANTS_COUNT; table++) {
		rows = constant_rows((enum constant_table)table, &count);
		assert_true(count > 0);
		for (size_t i = 0; i < count; i++)
			assert_true(constant_find((enum constant_table)table, rows[i].name,
						  strlen(rows[i].name), &value) &&
				    value == rows[i].value);
	}
	assert_string_equal(signal_name(15), "sigterm");
	assert_string_equal(signal_name(40), "unknown");
	assert_string_equal(errno_name(ENOENT), "enoent");
	assert_string_equal(errno_name(95), "enotsup");
	assert_string_equal(errno_name(0), "unknown");
	assert_string_equal(errno_name(-1), "unknown");
}

static void iolists(void **state)
{
	struct argument a;
	char nested[5 * 20 + 8];
	size_t at;

	assert_int_equal(READ(BYTES, FILE, "\x6c\0\0\0\3\x61\x61\x6b\0\1b\x6d\0\0\0\1c\x6a", &a),
			 ARGUMENT_GOOD);
	assert_int_equal(a.size, 3);
	assert_memory_equal(a.bytes, "abc", 3);
	assert_int_equal(READ(BYTES, FILE, "\x61\1", &a), ARGUMENT_BAD);
	assert_int_equal(READ(BYTES, FILE, "\x6c\0\0\0\1\x62\0\0\1\0\x6a", &a), ARGUMENT_BAD);
	for (size_t depth = 1; depth <= 20; depth++) {
		at = 0;
		for (size_t i = 0; i < depth; i++, at += 5)
			memcpy(nested + at, "\x6c\0\0\0\1", 5);
		nested[at++] = 'j';
		memset(nested + at, 'j', depth);
		assert_int_equal(read_term(ARGUMENT_BYTES, 0, nested, at + depth, &a),
				 depth < IOLIST_DEPTH ? ARGUMENT_GOOD : ARGUMENT_BAD);
		if (depth * 6 + 1 > sizeof(nested) - 6)
			break;
	}
}

static void strings(void **state)
{
	struct argument a;

	assert_int_equal(READ(PATH, FILE, "\x6d\0\0\0\3/a\0", &a), ARGUMENT_GOOD);
	assert_string_equal(a.text, "/a");
	assert_int_equal(READ(PATH, FILE, "\x6d\0\0\0\3/\0a", &a), ARGUMENT_BAD);
	assert_int_equal(READ(STRINGS, FILE, "\x6a", &a), ARGUMENT_GOOD);
	assert_null(a.strings);
	assert_int_equal(READ(STRINGS, FILE, "\x6c\0\0\0\1\x6d\0\0\0\1x\x6a", &a), ARGUMENT_GOOD);
	assert_string_equal(a.strings[0], "x");
	assert_null(a.strings[1]);
	assert_int_equal(READ(STRINGS, FILE, "\x6b\0\1x", &a), ARGUMENT_BAD);
}

static void structures(void **state)
{
	static const char term[] = "\x6c\0\0\0\3\x6d\0\0\0\2hi\x68\2\x77\3ptr\x61\4"
				   "\x68\2\x77\3ptr\x61\0\x6a";
	uint8_t buffer[64];
	struct etf_writer writer;
	struct argument a;
	void *pointer;

	assert_int_equal(READ(STRUCT, FILE, term, &a), ARGUMENT_GOOD);
	assert_int_equal(a.memory->size, 2 + 2 * sizeof(void *));
	assert_memory_equal(a.memory->data, "hi", 2);
	memcpy(&pointer, (uint8_t *)a.memory->data + 2, sizeof(pointer));
	memcpy(pointer, "wxyz", 4);
	etf_writer_init(&writer, buffer, sizeof(buffer), sizeof(buffer));
	memory_put(&writer, a.memory);
	assert_int_equal(writer.size, 5 + 7 + 2 + 5 + 9 + 13 + 1);
	assert_memory_equal(buffer + 24, "wxyz", 4);
	assert_int_equal(READ(STRUCT, FILE, "\x6c\0\0\0\1\x61\1\x6a", &a), ARGUMENT_BAD);
	assert_int_equal(READ(STRUCT, FILE, "\x6d\0\0\0\0", &a), ARGUMENT_BAD);
	assert_int_equal(READ(MEMORY, PRCTL, "\x6d\0\0\0\0", &a), ARGUMENT_GOOD);
	assert_int_equal(a.memory->kind, MEMORY_BYTES);
}

static void an_arena_of_any_size(void **state)
{
	struct arena arena = { 0 };

	for (size_t size = 1; size < 300000; size *= 3) {
		uint8_t *taken = arena_take(&arena, size);

		assert_non_null(taken);
		assert_int_equal((uintptr_t)taken % 16, 0);
		assert_int_equal(taken[size - 1], 0);
		memset(taken, 0xff, size);
	}
	assert_null(arena_take(&arena, SIZE_MAX));
	arena_reset(&arena);
	assert_int_equal(((uint8_t *)arena_take(&arena, 100))[99], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(constants),
		cmocka_unit_test(tables),
		cmocka_unit_test(iolists),
		cmocka_unit_test(strings),
		cmocka_unit_test(structures),
		cmocka_unit_test(an_arena_of_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
