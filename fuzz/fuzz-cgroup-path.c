// SPDX-License-Identifier: MIT
/* A process's groups: the first line is its cgroup v2 path, each of the others one of the v1 list.
 */
#include "model/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct slice part, const char *data, size_t size)
{
	return part.data >= data && part.size <= size &&
	       (size_t)(part.data - data) <= size - part.size;
}

/* A name is a piece of the input or of the two buffers, never empty, never with a NUL. */
static void check(const struct container *container, const char *data, size_t size)
{
	if (container->id.size == 0 || memchr(container->id.data, 0, container->id.size))
		abort();
	if (!within(container->id, data, size) &&
	    !within(container->id, container->id_text, sizeof(container->id_text)))
		abort();
	if (container->pod.size > 0 && !within(container->pod, data, size) &&
	    !within(container->pod, container->pod_text, sizeof(container->pod_text)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *copy = malloc(size ? size : 1);
	struct container container;
	size_t first;

	if (!copy)
		return 0;
	for (size_t i = 0; i < size; i++)
		copy[i] = data[i] == '\n' ? '\0' : (char)data[i];
	first = strnlen(copy, size);
	if (container_of_groups((struct slice){ copy, first },
				(struct slice){ copy + first, size - first }, &container))
		check(&container, copy, size);
	else if (container.runtime.size + container.id.size + container.pod.size > 0)
		abort();
	return 0;
}
