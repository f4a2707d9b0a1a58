/* SPDX-License-Identifier: MIT */
/* The memory of a process that lives long: locked, and given back what was used once only. */
#pragma once

/*
 * Keeps in memory what is used, now and later; what is never used need not come in. What cannot be
 * locked (RLIMIT_MEMLOCK) is left as it is. Gives back before what is free.
 */
void heap_lock(void);

/* Gives free memory back to the kernel. Takes some milliseconds where there is much of it. */
void heap_trim(void);
