// SPDX-License-Identifier: MIT
/*
 * The numbers of the system calls that the programs look at. On x86-64 there are three sets: its
 * own, x32's (bit 30 set; two calls have other numbers) and those of 32-bit programs.
 */
#include "bpf/watch/calls-table.h"

#include <sys/syscall.h>

struct row {
	uint16_t number;
	uint8_t call;
};

static const struct row native[] = {
	{ SYS_setuid, WATCH_CALL_UID },
	{ SYS_setreuid, WATCH_CALL_UID },
	{ SYS_setresuid, WATCH_CALL_UID },
	{ SYS_setfsuid, WATCH_CALL_UID },
	{ SYS_setgid, WATCH_CALL_GID },
	{ SYS_setregid, WATCH_CALL_GID },
	{ SYS_setresgid, WATCH_CALL_GID },
	{ SYS_setfsgid, WATCH_CALL_GID },
	{ SYS_setgroups, WATCH_CALL_GID },
	{ SYS_execve, WATCH_CALL_EXECVE },
	{ SYS_execveat, WATCH_CALL_EXECVEAT },
	{ SYS_chdir, WATCH_CALL_CHDIR },
	{ SYS_fchdir, WATCH_CALL_CHDIR },
#ifdef __x86_64__
	{ 520, WATCH_CALL_EXECVE }, /* x32 */
	{ 545, WATCH_CALL_EXECVEAT },
#endif
};

/* arch/x86/entry/syscalls/syscall_32.tbl and arch/arm64's unistd32.h have the same numbers but for
 * execveat. */
static const struct row compat[] = {
	{ 11, WATCH_CALL_EXECVE },    { 12, WATCH_CALL_CHDIR }, /* chdir */
	{ 133, WATCH_CALL_CHDIR },				/* fchdir */
	{ 23, WATCH_CALL_UID },					/* setuid, of 16 bits */
	{ 70, WATCH_CALL_UID },					/* setreuid */
	{ 164, WATCH_CALL_UID },				/* setresuid */
	{ 138, WATCH_CALL_UID },				/* setfsuid */
	{ 213, WATCH_CALL_UID },				/* setuid32 */
	{ 203, WATCH_CALL_UID },				/* setreuid32 */
	{ 208, WATCH_CALL_UID },				/* setresuid32 */
	{ 215, WATCH_CALL_UID },				/* setfsuid32 */
	{ 46, WATCH_CALL_GID },					/* setgid */
	{ 71, WATCH_CALL_GID },					/* setregid */
	{ 170, WATCH_CALL_GID },				/* setresgid */
	{ 139, WATCH_CALL_GID },				/* setfsgid */
	{ 214, WATCH_CALL_GID },				/* setgid32 */
	{ 204, WATCH_CALL_GID },				/* setregid32 */
	{ 210, WATCH_CALL_GID },				/* setresgid32 */
	{ 216, WATCH_CALL_GID },				/* setfsgid32 */
	{ 81, WATCH_CALL_GID },					/* setgroups */
	{ 206, WATCH_CALL_GID },				/* setgroups32 */
#ifdef __x86_64__
	{ 358, WATCH_CALL_EXECVEAT },
#else
	{ 387, WATCH_CALL_EXECVEAT },
#endif
};

static void fill(uint8_t *table, size_t size, const struct row *rows, size_t count)
{
	memset(table, WATCH_CALL_OTHER, size);
	for (size_t i = 0; i < count; i++)
		table[rows[i].number % size] = rows[i].call;
}

void watch_calls_fill(uint8_t *native_calls, uint8_t *compat_calls, size_t size)
{
	fill(native_calls, size, native, ARRAY_SIZE(native));
	fill(compat_calls, size, compat, ARRAY_SIZE(compat));
}
