// SPDX-License-Identifier: MIT
/*
 * The compat numbers are not in this machine's headers: arch/x86/entry/syscalls/syscall_32.tbl and
 * arch/arm64/tools/syscall_32.tbl. The *32 calls are those with ids of 32 bits; the others still
 * exist, for programs of before 1999.
 */
#include "source/audit-calls.h"

#include <linux/audit.h>
#include <sys/syscall.h>

enum { NUMBERS = 6 };

struct abi {
	uint32_t arch;
	uint16_t numbers[AUDIT_CALLS][NUMBERS]; /* 0: no more */
};

#define NATIVE_NUMBERS                                                             \
	{                                                                          \
		[AUDIT_CALL_EXEC] = { SYS_execve, SYS_execveat },                  \
		[AUDIT_CALL_SETUID] = { SYS_setuid, SYS_setreuid, SYS_setresuid }, \
		[AUDIT_CALL_SETGID] = { SYS_setgid, SYS_setregid, SYS_setresgid }, \
		[AUDIT_CALL_EXEC_USER] = { SYS_execve, SYS_execveat },             \
		[AUDIT_CALL_EXEC_GROUP] = { SYS_execve, SYS_execveat },            \
	}

/* i386 and arm have the same numbers but for execveat. */
#define COMPAT_NUMBERS(execveat)                                                               \
	{                                                                                      \
		[AUDIT_CALL_EXEC] = { 11, execveat }, [AUDIT_CALL_SETUID] = { 23,  70,	164,   \
									      213, 203, 208 }, \
		[AUDIT_CALL_SETGID] = { 46, 71, 170, 214, 204, 210 },                          \
		[AUDIT_CALL_EXEC_USER] = { 11, execveat },                                     \
		[AUDIT_CALL_EXEC_GROUP] = { 11, execveat },                                    \
	}

static const struct abi abis[AUDIT_ABIS] = {
#if defined(__x86_64__) && !defined(__ILP32__)
	[AUDIT_ABI_NATIVE] = { AUDIT_ARCH_X86_64, NATIVE_NUMBERS },
	[AUDIT_ABI_COMPAT] = { AUDIT_ARCH_I386, COMPAT_NUMBERS(358) },
#elif defined(__aarch64__) && defined(__AARCH64EL__)
	[AUDIT_ABI_NATIVE] = { AUDIT_ARCH_AARCH64, NATIVE_NUMBERS },
	[AUDIT_ABI_COMPAT] = { AUDIT_ARCH_ARM, COMPAT_NUMBERS(387) },
#elif defined(__riscv) && __riscv_xlen == 64
	[AUDIT_ABI_NATIVE] = { AUDIT_ARCH_RISCV64, NATIVE_NUMBERS },
#endif
};

uint32_t audit_abi_arch(enum audit_abi abi)
{
	return abis[abi].arch;
}

size_t audit_call_numbers(enum audit_abi abi, enum audit_call call, const uint16_t **ret_numbers)
{
	size_t count = 0;

	while (count < NUMBERS && abis[abi].numbers[call][count])
		count++;
	*ret_numbers = abis[abi].numbers[call];
	return count;
}

unsigned audit_calls_for(uint32_t types)
{
	unsigned calls = 0;

	if (types & EVENT_BIT(EVENT_SETUID))
		calls |= AUDIT_CALL_BIT(AUDIT_CALL_SETUID) | AUDIT_CALL_BIT(AUDIT_CALL_EXEC_USER);
	if (types & EVENT_BIT(EVENT_SETGID))
		calls |= AUDIT_CALL_BIT(AUDIT_CALL_SETGID) | AUDIT_CALL_BIT(AUDIT_CALL_EXEC_GROUP);
	if (!(types & (EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED))))
		return calls;
	/* A rule for all executions has those, too. */
	calls &= ~(AUDIT_CALL_BIT(AUDIT_CALL_EXEC_USER) | AUDIT_CALL_BIT(AUDIT_CALL_EXEC_GROUP));
	return calls | AUDIT_CALL_BIT(AUDIT_CALL_EXEC);
}

enum audit_call audit_call_of(uint32_t arch, uint64_t number)
{
	for (int abi = 0; abi < AUDIT_ABIS; abi++) {
		if (abis[abi].arch != arch || arch == 0)
			continue;
		for (int call = 0; call < AUDIT_CALLS; call++)
			for (int i = 0; i < NUMBERS && abis[abi].numbers[call][i]; i++)
				if (abis[abi].numbers[call][i] == number)
					return call;
	}
	return AUDIT_CALL_OTHER;
}
