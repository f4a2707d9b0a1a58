/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the processor's registers hold a system call's number and arguments. */
#pragma once

#include "bpf/watch/kernel.h"

#if defined(__TARGET_ARCH_x86)

struct pt_regs {
	unsigned long bx, cx, si, di, orig_ax;
} __attribute__((preserve_access_index));

static __always_inline __u32 number_of_call(__u64 regs)
{
	return FIELD(pt_regs, regs, orig_ax);
}

static __always_inline __u64 first_argument(__u64 regs, int compat)
{
	return compat ? (__u32)FIELD(pt_regs, regs, bx) : FIELD(pt_regs, regs, di);
}

static __always_inline __u64 second_argument(__u64 regs, int compat)
{
	return compat ? (__u32)FIELD(pt_regs, regs, cx) : FIELD(pt_regs, regs, si);
}

#elif defined(__TARGET_ARCH_arm64)

struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
} __attribute__((preserve_access_index));

static __always_inline __u32 number_of_call(__u64 regs)
{
	return FIELD(pt_regs, regs, syscallno);
}

/* The first register has the result by now. */
static __always_inline __u64 first_argument(__u64 regs, int compat)
{
	return FIELD(pt_regs, regs, orig_x0);
}

static __always_inline __u64 second_argument(__u64 regs, int compat)
{
	return FIELD(pt_regs, regs, regs[1]);
}

#else
#error "bpf/watch/regs.h does not know this processor's registers"
#endif
