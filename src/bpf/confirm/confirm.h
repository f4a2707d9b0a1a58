/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the two halves of the confirm program share: an array of 64-bit slots, one a process id
 * modulo its size, mapped into the daemon.
 *
 * The gate arms a slot before it lets an execve go on; the program, which runs when an execve has
 * succeeded, sets the lowest bit. An armed slot without the bit is an execve that is under way or
 * has failed.
 */
#pragma once

#define CONFIRM_SLOTS 16384 /* a power of two; pid_max is larger: two may share a slot */
#define CONFIRM_DONE  1ULL

/* A slot: process id (32 bits), CLOCK_MONOTONIC in units of 2^20 ns (15), a number (16), done (1).
 */
#define CONFIRM_PID_SHIFT 32
