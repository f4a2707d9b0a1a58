/* SPDX-License-Identifier: MIT */
/* What every program's user half needs of libbpf and of the kernel's settings. */
#pragma once

#include "util/macros.h"

/* Before the first call of libbpf: it prints nothing (errors go into struct error), and returns
 * them as its version 1.0 does. May be called again. */
void bpf_library_begin(void);

/* Where the kernel lists its security modules (Linux 4.11; securityfs must be mounted). */
#define BPF_SECURITY_MODULES "/sys/kernel/security/lsm"

/*
 * Whether the BPF security module is in that list: 1, 0, or -errno where it cannot be read.
 * Programs of a module that is not on load, and are never called.
 */
int bpf_module_is_on(const char *list);
