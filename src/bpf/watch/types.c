// SPDX-License-Identifier: MIT
/*
 * For each of some 40 structures, libbpf looks at the names of all that the kernel has (12,000), a
 * tenth of a microsecond of string work each. So it is handed a copy in which only those have names
 * that our programs have a structure for. Numbers of types stay as they are.
 */
#include "bpf/watch/types.h"

#include "util/fd.h"

/* The name of a structure that is looked for in the kernel, or NULL; to be freed. A flavour's is up
 * to its three underscores. */
static char *wanted_name(const struct btf *ours, unsigned id)
{
	const struct btf_type *type = btf__type_by_id(ours, id);
	const char *name = btf__name_by_offset(ours, type->name_off), *flavour;

	if (!btf_is_composite(type) || !name || !*name)
		return NULL;
	flavour = strstr(name, "___");
	return flavour ? strndup(name, (size_t)(flavour - name)) : strdup(name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_names(const struct btf *kernel, char **names, size_t count)
{
	for (unsigned id = 1; id < btf__type_cnt(kernel); id++) {
		const struct btf_type *type = btf__type_by_id(kernel, id);
		const char *name;

		if (!btf_is_composite(type) || !type->name_off)
			continue;
		name = btf__name_by_offset(kernel, type->name_off);
		/* The copy in memory is ours alone. */
		if (!bsearch(&name, names, count, sizeof(*names), compare_names))
			((struct btf_type *)(uintptr_t)type)->name_off = 0;
	}
}

int types_write(int fd, const struct btf *kernel, const struct btf *ours)
{
	size_t count = 0, most = ours ? btf__type_cnt(ours) : 0;
	char **names = calloc(most + 1, sizeof(*names));
	const char *data;
	uint32_t size;

	for (unsigned id = 1; names && id < most; id++) {
		names[count] = wanted_name(ours, id);
		count += names[count] != NULL;
	}
	if (names) {
		qsort(names, count, sizeof(*names), compare_names);
		drop_names(kernel, names, count);
	}
	while (count > 0)
		free(names[--count]);
	free(names);
	data = btf__raw_data(kernel, &size);
	return data ? write_all(fd, data, size) : -ENOMEM;
}
