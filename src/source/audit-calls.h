/* SPDX-License-Identifier: MIT */
/*
 * Which system calls the audit source asks for, by their numbers in both ABIs of the machine. The
 * x32 ABI has none: an audit rule cannot name its calls (their numbers are above what a rule's mask
 * holds), so what executes by it is not seen.
 */
#pragma once

#include "model/event.h"

/* Records are of the first three kinds. The last two are executions again, for rules alone: of
 * programs that run as another user or group than who executed them. */
enum audit_call {
	AUDIT_CALL_EXEC,
	AUDIT_CALL_SETUID,
	AUDIT_CALL_SETGID,
	AUDIT_CALL_EXEC_USER,
	AUDIT_CALL_EXEC_GROUP,
	AUDIT_CALLS,
	AUDIT_CALL_OTHER = AUDIT_CALLS,
};

enum audit_abi { AUDIT_ABI_NATIVE, AUDIT_ABI_COMPAT, AUDIT_ABIS };

/* AUDIT_ARCH_* of that ABI; 0: the machine has none, or is not known here. */
uint32_t audit_abi_arch(enum audit_abi abi);

/* The calls of a kind, and how many. */
size_t audit_call_numbers(enum audit_abi abi, enum audit_call call, const uint16_t **ret_numbers);

/* What rules are needed for these types of events: bits AUDIT_CALL_BIT(). */
#define AUDIT_CALL_BIT(call) (1U << (call))
unsigned audit_calls_for(uint32_t types);

/* What a record of this machine's number in that arch is about. */
enum audit_call audit_call_of(uint32_t arch, uint64_t number);
