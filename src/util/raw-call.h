/* SPDX-License-Identifier: MIT */
/*
 * System calls for a child in its parent's memory: no errno, which the two would share, no lock,
 * no cancellation, no wrapper. The result is the kernel's: negative errno for an error.
 */
#pragma once

#include "util/macros.h"

#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
/* Shares errno after all; the parent looks at its own only where it is not waiting for a child. */
static inline long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result < 0 ? -errno : result;
}
#endif

/* Where the C library's strlen() may not be called either. */
static inline size_t raw_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

#define RAW_CALL(number, a, b, c, d, e, f, ...) \
	raw_call((long)(number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* raw(SYS_close, fd): up to six arguments, pointers and numbers. */
#define raw(...) RAW_CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
