// SPDX-License-Identifier: MIT
/* As on x86_64: the child has a copy of the registers and an empty stack. */
#include "util/clone3.h"

#include <sys/syscall.h>

long clone3_call(struct clone_args *args, int (*function)(void *), void *argument)
{
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);
	register long x8 __asm__("x8") = SYS_clone3;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, #0\n\t"
			 "mov x0, %[argument]\n\t"
			 "blr %[function]\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "brk #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x8), [function] "r"(function), [argument] "r"(argument),
			   [exit] "i"(SYS_exit)
			 : "x30", "cc", "memory");
	return x0;
}
