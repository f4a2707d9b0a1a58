// SPDX-License-Identifier: MIT
/*
 * All that the child needs is in registers, which it gets as a copy: its stack is empty and not
 * the parent's. The stack's top is 16-aligned, so that the call leaves it as the ABI wants it.
 */
#include "util/clone3.h"

#include <sys/syscall.h>

long clone3_call(struct clone_args *args, int (*function)(void *), void *argument)
{
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %[argument], %%rdi\n\t"
			 "call *%[function]\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "0"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)),
			   [function] "r"(function), [argument] "r"(argument), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "cc", "memory");
	return result;
}
