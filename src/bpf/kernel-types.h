/* SPDX-License-Identifier: MIT */
/*
 * The kernel's description of its types (BTF, Documentation/bpf/btf.rst), read for a few names
 * only.
 *
 * libbpf reads it, too, and for each of some 40 structures of ours looks at the names of all that
 * the kernel has: some 30 ms of processor time. It is handed what kernel_types_write() writes.
 */
#pragma once

#include "util/macros.h"

#include <linux/btf.h>

#define KERNEL_TYPES "/sys/kernel/btf/vmlinux"

struct kernel_types;

/*
 * Reads `path` and notes the types of the `count` names, which are not kept. -ENOENT: the kernel
 * describes none; -EBADMSG: it is no BTF, or of a form that is not known; -ENOMEM; or as read(2).
 */
int kernel_types_read(const char *path, const char *const *names, size_t count,
		      struct kernel_types **ret_types);
void kernel_types_free(struct kernel_types *types);
DEFINE_CLEANUP(struct kernel_types *, kernel_types_free);

/* The number of the type of that name, one of those given, and kind (BTF_KIND_*); the first where
 * there are several; 0: there is none. */
uint32_t kernel_types_find(const struct kernel_types *types, const char *name, uint32_t kind);

/* How many parameters the function has that a type of this name (a typedef) points to; -1: none. */
int kernel_types_parameters(const struct kernel_types *types, const char *name);

/*
 * Writes the structures and unions among the names, with all that they hold, as BTF with numbers of
 * its own. What a pointer leads to is left out, and so are the values of enumerations.
 * -EBADMSG, -ENOMEM, or as write(2).
 */
int kernel_types_write(const struct kernel_types *types, int fd);
