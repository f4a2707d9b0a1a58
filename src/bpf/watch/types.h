/* SPDX-License-Identifier: MIT */
/* A copy of the kernel's types in which libbpf finds ours quickly. */
#pragma once

#include "util/macros.h"

#include <bpf/btf.h>

/*
 * Writes into `fd` the kernel's types, as BTF, with names for structures that `ours` has, too;
 * other structures lose theirs, also in `kernel`. -ENOMEM, and as write(2).
 */
int types_write(int fd, const struct btf *kernel, const struct btf *ours);
