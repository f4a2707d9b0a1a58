/* SPDX-License-Identifier: MIT */
/*
 * What a program without a C library needs: system calls, and an entry point that hands argc and
 * argv to start(). Such a program is some hundred bytes that run on any host, its whole life is the
 * kernel's work, and its first action really is its first action.
 */
#pragma once

int start(int argc, char **argv) __attribute__((used));

#if defined(__x86_64__)
enum {
	CALL_READ = 0,
	CALL_PREAD = 17,
	CALL_PAUSE = 34,
	CALL_GETPID = 39,
	CALL_EXECVE = 59,
	CALL_KILL = 62,
	CALL_CLOCK_GETTIME = 228,
	CALL_OPENAT = 257,
};

static inline long bare_call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov (%rsp), %edi\n"
	"	lea 8(%rsp), %rsi\n"
	"	and $-16, %rsp\n"
	"	call start\n"
	"	mov %eax, %edi\n"
	"	mov $231, %eax\n"
	"	syscall\n");
#elif defined(__aarch64__)
enum {
	CALL_OPENAT = 56,
	CALL_READ = 63,
	CALL_PREAD = 67,
	CALL_PAUSE = 73, /* ppoll, which waits for nothing where all its arguments are 0 */
	CALL_CLOCK_GETTIME = 113,
	CALL_KILL = 129,
	CALL_GETPID = 172,
	CALL_EXECVE = 221,
};

static inline long bare_call(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	ldr w0, [sp]\n"
	"	add x1, sp, 8\n"
	"	bl start\n"
	"	mov x8, 94\n"
	"	svc 0\n");
#else
#error "write the entry point of this processor here"
#endif
