// SPDX-License-Identifier: MIT
/*
 * malloc_trim(3) uses MADV_DONTNEED, which the kernel refuses for locked pages (madvise(2)). So
 * they are unlocked for as long as it takes. munlockall() is for the whole process, but puts
 * nothing out by itself: only a machine that is out of memory in these milliseconds could take a
 * page.
 */
#include "util/heap.h"

#include <malloc.h>
#include <stdbool.h>
#include <sys/mman.h>

static bool locked;

static void lock(void)
{
	/* MCL_ONFAULT: Linux 4.4 */
	locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

void heap_lock(void)
{
	malloc_trim(0);
	lock();
}

void heap_trim(void)
{
	if (locked)
		(void)munlockall();
	malloc_trim(0);
	if (locked)
		lock();
}
