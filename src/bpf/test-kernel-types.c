// SPDX-License-Identifier: MIT
/* The running kernel's types where it describes them, and small ones made here. */
#include "bpf/kernel-types.h"

#include "test/unit.h"
#include "util/fd.h"

#include <bpf/btf.h>
#include <fcntl.h>
#include <sys/mman.h>

static const char *const names[] = { "outer", "inner", "btf_trace_something", "a_function",
				     "no_such_thing" };

/*
 * struct inner { int a, b; };
 * struct outer { struct inner in; struct inner *to; const kind_t kinds[3]; enum color color; };
 * typedef void (*btf_trace_something)(void *, int);
 */
static struct btf *small(void)
{
	struct btf *btf = btf__new_empty();
	int number, inner, pointer, kind, constant, array, color, proto, to_proto;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	inner = btf__add_struct(btf, "inner", 8);
	assert_int_equal(btf__add_field(btf, "a", number, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "b", number, 32, 0), 0);
	pointer = btf__add_ptr(btf, inner);
	kind = btf__add_typedef(btf, "kind_t", number);
	constant = btf__add_const(btf, kind);
	array = btf__add_array(btf, number, constant, 3);
	color = btf__add_enum(btf, "color", 4);
	assert_int_equal(btf__add_enum_value(btf, "red", 0), 0);
	assert_int_equal(btf__add_enum_value(btf, "blue", 1), 0);
	assert_true(btf__add_struct(btf, "not_wanted", 8) > 0);
	assert_int_equal(btf__add_field(btf, "x", pointer, 0, 0), 0);
	assert_true(btf__add_struct(btf, "outer", 32) > 0);
	assert_int_equal(btf__add_field(btf, "in", inner, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "to", pointer, 64, 0), 0);
	assert_int_equal(btf__add_field(btf, "kinds", array, 128, 0), 0);
	assert_int_equal(btf__add_field(btf, "color", color, 224, 0), 0);
	proto = btf__add_func_proto(btf, 0);
	assert_int_equal(btf__add_func_param(btf, "", pointer), 0);
	assert_int_equal(btf__add_func_param(btf, "", number), 0);
	to_proto = btf__add_ptr(btf, proto);
	assert_true(btf__add_typedef(btf, "btf_trace_something", to_proto) > 0);
	assert_true(btf__add_func(btf, "a_function", BTF_FUNC_STATIC, proto) > 0);
	return btf;
}

/* Writes that much of it into the folder's file "btf". */
static void write_types(const char *folder, const void *data, size_t size)
{
	_cleanup_(freep) char *path = unit_path(folder, "btf");
	_cleanup_(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write_all(fd, data, size), 0);
}

static int read_types(const char *folder, struct kernel_types **ret_types)
{
	_cleanup_(freep) char *path = unit_path(folder, "btf");

	return kernel_types_read(path, names, ARRAY_SIZE(names), ret_types);
}

/* What was written, as libbpf reads it. */
static struct btf *copy_of(const struct kernel_types *types)
{
	_cleanup_(closep) int fd = memfd_create("types", MFD_CLOEXEC);
	char path[64];
	struct btf *btf;

	assert_int_equal(kernel_types_write(types, fd), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	btf = btf__parse(path, NULL);
	assert_non_null(btf);
	return btf;
}

static void assert_member(const struct btf *btf, const struct btf_type *type, uint32_t at,
			  const char *name, uint32_t bit, uint32_t kind)
{
	const struct btf_member *member = btf_members(type) + at;

	assert_string_equal(btf__name_by_offset(btf, member->name_off), name);
	assert_int_equal(btf_member_bit_offset(type, at), bit);
	assert_int_equal(btf_kind(btf__type_by_id(btf, member->type)), kind);
}

static void test_small_types(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(kernel_types_freep) struct kernel_types *types = NULL;
	struct btf *btf = small(), *copy;
	const struct btf_type *type;
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);

	write_types(folder, data, size);
	assert_int_equal(read_types(folder, &types), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (uint32_t kind = BTF_KIND_STRUCT; kind <= BTF_KIND_FUNC; kind++) {
			int id = btf__find_by_name_kind(btf, names[i], kind);

			assert_int_equal(kernel_types_find(types, names[i], kind), MAX(id, 0));
		}
	assert_int_equal(kernel_types_parameters(types, "btf_trace_something"), 2);
	assert_int_equal(kernel_types_parameters(types, "a_function"), -1);
	assert_int_equal(kernel_types_parameters(types, "no_such_thing"), -1);

	copy = copy_of(types);
	type = btf__type_by_id(copy, btf__find_by_name_kind(copy, "outer", BTF_KIND_STRUCT));
	assert_int_equal(type->size, 32);
	assert_int_equal(btf_vlen(type), 4);
	assert_member(copy, type, 0, "in", 0, BTF_KIND_STRUCT);
	assert_member(copy, type, 1, "to", 64, BTF_KIND_PTR);
	assert_member(copy, type, 2, "kinds", 128, BTF_KIND_ARRAY);
	assert_member(copy, type, 3, "color", 224, BTF_KIND_ENUM);
	assert_int_equal(btf__resolve_size(copy, btf_members(type)[2].type), 12);
	type = btf__type_by_id(copy, btf__find_by_name_kind(copy, "inner", BTF_KIND_STRUCT));
	assert_int_equal(btf_vlen(type), 2);
	assert_true(btf__find_by_name(copy, "not_wanted") < 0);
	btf__free(copy);
	btf__free(btf);
}

/* Cut off anywhere, and with any byte changed: told, or something else is read; never more. */
static void test_damaged_types(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(closep) int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct btf *btf = small();
	uint32_t size;
	const char *data = btf__raw_data(btf, &size);
	_cleanup_(freep) char *changed = malloc(size);

	for (uint32_t n = 0; n < size; n++) {
		struct kernel_types *types = NULL;

		write_types(folder, data, n);
		assert_int_equal(read_types(folder, &types), -EBADMSG);
	}
	for (uint32_t n = 0; n < size; n++) {
		_cleanup_(kernel_types_freep) struct kernel_types *types = NULL;

		memcpy(changed, data, size);
		changed[n] = (char)~changed[n];
		write_types(folder, changed, size);
		if (read_types(folder, &types) < 0)
			continue;
		(void)kernel_types_parameters(types, "btf_trace_something");
		(void)kernel_types_write(types, nowhere);
	}
	btf__free(btf);
}

static void test_no_types(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	struct kernel_types *types = NULL;

	assert_int_equal(read_types(folder, &types), -ENOENT);
}

static void test_the_kernels_own(void **state)
{
	static const char *const wanted[] = { "task_struct", "mm_struct",
					      "btf_trace_sched_process_fork" };
	_cleanup_(kernel_types_freep) struct kernel_types *types = NULL;
	struct btf *whole = btf__load_vmlinux_btf(), *copy;
	const struct btf_type *theirs, *ours;

	if (!whole)
		skip();
	assert_int_equal(kernel_types_read(KERNEL_TYPES, wanted, ARRAY_SIZE(wanted), &types), 0);
	assert_int_equal(kernel_types_parameters(types, "btf_trace_sched_process_fork"), 3);
	copy = copy_of(types);
	theirs = btf__type_by_id(whole,
				 btf__find_by_name_kind(whole, "task_struct", BTF_KIND_STRUCT));
	ours = btf__type_by_id(copy, btf__find_by_name_kind(copy, "task_struct", BTF_KIND_STRUCT));
	assert_int_equal(ours->size, theirs->size);
	assert_int_equal(ours->info, theirs->info);
	for (uint32_t i = 0; i < btf_vlen(theirs); i++) {
		const struct btf_member *member = btf_members(theirs) + i;

		assert_string_equal(btf__name_by_offset(copy, btf_members(ours)[i].name_off),
				    btf__name_by_offset(whole, member->name_off));
		assert_int_equal(btf_members(ours)[i].offset, member->offset);
		assert_int_equal(btf__resolve_size(copy, btf_members(ours)[i].type),
				 btf__resolve_size(whole, member->type));
	}
	assert_true(btf__type_cnt(copy) < 5000);
	btf__free(copy);
	btf__free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_types),
		cmocka_unit_test(test_damaged_types),
		cmocka_unit_test(test_no_types),
		cmocka_unit_test(test_the_kernels_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
