// SPDX-License-Identifier: MIT
#include "bpf/kernel-types.h"

#include "util/fd.h"
#include "util/text.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { TYPES_MOST = 256 << 20 };

struct match {
	uint32_t id, kind, name;
};

struct kernel_types {
	char *data;
	size_t mapped; /* bytes of it; 0: it was read */
	const char *types, *strings;
	uint32_t types_size, strings_size;
	uint32_t *places; /* of each type by its number, from 1 on */
	uint32_t count;	  /* the highest number + 1 */
	struct match *matches;
	size_t match_count;
};

void kernel_types_free(struct kernel_types *types)
{
	if (!types)
		return;
	if (types->mapped > 0)
		munmap(types->data, types->mapped);
	else
		free(types->data);
	free(types->places);
	free(types->matches);
	free(types);
}

/* ---- reading ---- */

/* Bytes behind a type's fixed part; -EBADMSG for a kind that is not known. */
static ssize_t more_of(const struct btf_type *type)
{
	uint32_t entries = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return (ssize_t)(entries * sizeof(struct btf_member));
	case BTF_KIND_ENUM:
		return (ssize_t)(entries * sizeof(struct btf_enum));
	case BTF_KIND_ENUM64:
		return (ssize_t)(entries * sizeof(struct btf_enum64));
	case BTF_KIND_FUNC_PROTO:
		return (ssize_t)(entries * sizeof(struct btf_param));
	case BTF_KIND_DATASEC:
		return (ssize_t)(entries * sizeof(struct btf_var_secinfo));
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -EBADMSG;
	}
}

static struct btf_type type_at(const struct kernel_types *types, uint32_t id)
{
	struct btf_type type;

	memcpy(&type, types->types + types->places[id], sizeof(type));
	return type;
}

/* Finds the two parts. The strings must end with a NUL. */
static int read_header(struct kernel_types *types, size_t size)
{
	struct btf_header header;
	const char *begin;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, types->data, sizeof(header));
	if (header.magic != BTF_MAGIC || header.version != BTF_VERSION || header.hdr_len > size)
		return -EBADMSG;
	begin = types->data + header.hdr_len;
	size -= header.hdr_len;
	if (header.type_off > size || header.type_len > size - header.type_off ||
	    header.str_off > size || header.str_len > size - header.str_off ||
	    header.str_len == 0 || begin[header.str_off + header.str_len - 1] != '\0')
		return -EBADMSG;
	types->types = begin + header.type_off;
	types->types_size = header.type_len;
	types->strings = begin + header.str_off;
	types->strings_size = header.str_len;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

/* Where the names stand among the strings, ascending; to be freed. */
static uint32_t *find_names(const struct kernel_types *types, const char *const *names,
			    size_t count, size_t *ret_found)
{
	uint64_t lengths[256] = { 0 }; /* of the names that begin with this byte */
	const char *end = types->strings + types->strings_size;
	uint32_t *places = calloc(count + 1, sizeof(*places));
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		lengths[(uint8_t)names[i][0]] |= UINT64_C(1) << (strlen(names[i]) & 63);
	for (const char *at = types->strings; places && at < end && found < count;) {
		size_t length = strlen(at);

		if (lengths[(uint8_t)at[0]] >> (length & 63) & 1)
			for (size_t i = 0; i < count; i++)
				if (streq(names[i], at)) {
					places[found++] = (uint32_t)(at - types->strings);
					break;
				}
		at += length + 1;
	}
	*ret_found = found;
	return places;
}

static int note_match(struct kernel_types *types, uint32_t id, const struct btf_type *type)
{
	struct match *larger;

	/* Grown by doubling, when the number is a power of two. */
	if ((types->match_count & (types->match_count - 1)) == 0) {
		larger = reallocarray(types->matches, MAX(types->match_count * 2, (size_t)2),
				      sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		types->matches = larger;
	}
	types->matches[types->match_count++] =
		(struct match){ id, BTF_INFO_KIND(type->info), type->name_off };
	return 0;
}

static int read_types(struct kernel_types *types, const uint32_t *names, size_t name_count)
{
	uint32_t at = 0;

	types->places =
		calloc(types->types_size / sizeof(struct btf_type) + 2, sizeof(*types->places));
	if (!types->places)
		return -ENOMEM;
	for (types->count = 1; at < types->types_size; types->count++) {
		struct btf_type type;
		ssize_t more;
		int r = 0;

		if (types->types_size - at < sizeof(type))
			return -EBADMSG;
		memcpy(&type, types->types + at, sizeof(type));
		more = more_of(&type);
		if (more < 0 || (size_t)more > types->types_size - at - sizeof(type) ||
		    type.name_off >= types->strings_size)
			return -EBADMSG;
		types->places[types->count] = at;
		if (type.name_off &&
		    bsearch(&type.name_off, names, name_count, sizeof(*names), compare_numbers))
			r = note_match(types, types->count, &type);
		if (r < 0)
			return r;
		at += (uint32_t)(sizeof(type) + (size_t)more);
	}
	return 0;
}

/* Mapped where the kernel allows that (6.16 does): to read the 5 MB costs as much as to look for
 * all names in them. */
static int get_data(struct kernel_types *types, const char *path, size_t *ret_size)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	void *data;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= TYPES_MOST) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data != MAP_FAILED) {
			types->data = data;
			types->mapped = *ret_size = (size_t)st.st_size;
			return 0;
		}
	}
	return file_read_at(AT_FDCWD, path, TYPES_MOST, &types->data, ret_size);
}

int kernel_types_read(const char *path, const char *const *names, size_t count,
		      struct kernel_types **ret_types)
{
	_cleanup_(kernel_types_freep) struct kernel_types *types = calloc(1, sizeof(*types));
	_cleanup_(freep) uint32_t *places = NULL;
	size_t size = 0, found;
	int r;

	if (!types)
		return -ENOMEM;
	r = get_data(types, path, &size);
	if (r == 0)
		r = read_header(types, size);
	if (r < 0)
		return r;
	places = find_names(types, names, count, &found);
	r = places ? read_types(types, places, found) : -ENOMEM;
	if (r < 0)
		return r;
	*ret_types = TAKE_PTR(types);
	return 0;
}

/* ---- asking ---- */

uint32_t kernel_types_find(const struct kernel_types *types, const char *name, uint32_t kind)
{
	for (size_t i = 0; i < types->match_count; i++)
		if (types->matches[i].kind == kind &&
		    streq(types->strings + types->matches[i].name, name))
			return types->matches[i].id;
	return 0;
}

int kernel_types_parameters(const struct kernel_types *types, const char *name)
{
	static const uint32_t way[] = { BTF_KIND_TYPEDEF, BTF_KIND_PTR, BTF_KIND_FUNC_PROTO };
	uint32_t id = kernel_types_find(types, name, BTF_KIND_TYPEDEF);
	struct btf_type type = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		if (id == 0 || id >= types->count)
			return -1;
		type = type_at(types, id);
		if (BTF_INFO_KIND(type.info) != way[i])
			return -1;
		id = type.type;
	}
	return (int)BTF_INFO_VLEN(type.info);
}

/* ---- writing ---- */

struct copy {
	const struct kernel_types *types;
	uint32_t *numbers; /* of each type in the copy; 0: none yet */
	uint32_t *order;   /* whose turn it is, by number in the copy */
	uint32_t count;
	struct text out, strings;
};

/* All pointers are this one. */
enum { POINTER = 1 };

static bool is_kind(const struct btf_type *type, uint32_t kind)
{
	return BTF_INFO_KIND(type->info) == kind;
}

/* What the type is called in the copy, into which it comes in its turn. -EBADMSG. */
static int64_t number_of(struct copy *copy, uint32_t id)
{
	struct btf_type type;

	if (id == 0)
		return 0;
	if (id >= copy->types->count)
		return -EBADMSG;
	type = type_at(copy->types, id);
	if (is_kind(&type, BTF_KIND_PTR))
		return POINTER;
	if (copy->numbers[id] == 0) {
		copy->order[copy->count] = id;
		copy->numbers[id] = copy->count++;
	}
	return copy->numbers[id];
}

static uint32_t copy_name(struct copy *copy, uint32_t name)
{
	uint32_t at = (uint32_t)copy->strings.size;
	const char *text;

	if (name == 0 || name >= copy->types->strings_size)
		return 0;
	text = copy->types->strings + name;
	text_add_bytes(&copy->strings, text, strlen(text) + 1);
	return at;
}

static int copy_members(struct copy *copy, const char *from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct btf_member member;
		int64_t number;

		memcpy(&member, from + i * sizeof(member), sizeof(member));
		number = number_of(copy, member.type);
		if (number < 0)
			return (int)number;
		member.type = (uint32_t)number;
		member.name_off = copy_name(copy, member.name_off);
		text_add_bytes(&copy->out, &member, sizeof(member));
	}
	return 0;
}

static int copy_array(struct copy *copy, const char *from)
{
	struct btf_array array;
	int64_t element, index;

	memcpy(&array, from, sizeof(array));
	element = number_of(copy, array.type);
	index = number_of(copy, array.index_type);
	if (element < 0 || index < 0)
		return -EBADMSG;
	array.type = (uint32_t)element;
	array.index_type = (uint32_t)index;
	text_add_bytes(&copy->out, &array, sizeof(array));
	return 0;
}

static int copy_type(struct copy *copy, uint32_t id)
{
	struct btf_type type = type_at(copy->types, id);
	const char *more = copy->types->types + copy->types->places[id] + sizeof(type);
	uint32_t kind = BTF_INFO_KIND(type.info), entries = BTF_INFO_VLEN(type.info);
	int64_t number = 0;

	type.name_off = copy_name(copy, type.name_off);
	switch (kind) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		number = number_of(copy, type.type);
		type.type = (uint32_t)number;
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		type.info -= entries;
		break;
	case BTF_KIND_INT:
	case BTF_KIND_ARRAY:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_FWD:
	case BTF_KIND_FLOAT:
		break;
	default:
		return -EBADMSG; /* nothing that has a size */
	}
	if (number < 0)
		return (int)number;
	text_add_bytes(&copy->out, &type, sizeof(type));
	if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION)
		return copy_members(copy, more, entries);
	if (kind == BTF_KIND_ARRAY)
		return copy_array(copy, more);
	if (kind == BTF_KIND_INT)
		text_add_bytes(&copy->out, more, sizeof(uint32_t));
	return 0;
}

/* All that is asked for, and what that needs, until nothing new comes up. */
static int copy_all(struct copy *copy)
{
	const struct kernel_types *types = copy->types;
	const struct btf_type pointer = { .info = BTF_KIND_PTR << 24 };
	int r = 0;

	text_add_bytes(&copy->strings, "", 1);
	text_add_bytes(&copy->out, &pointer, sizeof(pointer));
	copy->count = POINTER + 1;
	for (size_t i = 0; i < types->match_count; i++)
		if (types->matches[i].kind == BTF_KIND_STRUCT ||
		    types->matches[i].kind == BTF_KIND_UNION)
			(void)number_of(copy, types->matches[i].id);
	for (uint32_t i = POINTER + 1; r == 0 && i < copy->count; i++)
		r = copy_type(copy, copy->order[i]);
	if (r == 0 && (copy->out.failed || copy->strings.failed))
		r = -ENOMEM;
	return r;
}

static int write_copy(const struct copy *copy, int fd)
{
	const struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = (uint32_t)copy->out.size,
		.str_off = (uint32_t)copy->out.size,
		.str_len = (uint32_t)copy->strings.size,
	};
	int r = write_all(fd, &header, sizeof(header));

	if (r == 0)
		r = write_all(fd, copy->out.data, copy->out.size);
	return r == 0 ? write_all(fd, copy->strings.data, copy->strings.size) : r;
}

int kernel_types_write(const struct kernel_types *types, int fd)
{
	struct copy copy = {
		.types = types,
		.numbers = calloc(types->count, sizeof(*copy.numbers)),
		.order = calloc((size_t)types->count + POINTER + 1, sizeof(*copy.order)),
	};
	int r;

	text_init(&copy.out);
	text_init(&copy.strings);
	r = copy.numbers && copy.order ? copy_all(&copy) : -ENOMEM;
	if (r == 0)
		r = write_copy(&copy, fd);
	text_done(&copy.out);
	text_done(&copy.strings);
	free(copy.numbers);
	free(copy.order);
	return r;
}
