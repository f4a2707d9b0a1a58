/* SPDX-License-Identifier: MIT */
/*
 * Another process's memory, read so that it cannot make the reader wait. A page that has to be
 * fetched from a FUSE or network file system waits for that server, which may be the process's own
 * user: a thread of the gate that waited there would stop every execution of the machine.
 */
#pragma once

#include "util/macros.h"

#include <sys/types.h>

/*
 * Reads up to `size` bytes, all of one page, at `address` of the thread `tid`. The number read;
 * -EAGAIN: the page is not in memory and may have to come from far; -EFAULT: there is none;
 * -ESRCH, -EPERM as process_vm_readv(2). No allocation.
 *
 * Another thread of the process can still change its mappings between the look and the read: who
 * must not wait under any circumstances holds the event (gate_hold()) with a deadline.
 */
ssize_t peek_memory(pid_t tid, uint64_t address, void *data, size_t size);

/*
 * The arguments of a process, as /proc/PID/cmdline has them (which the kernel reads from the same
 * memory, and waits): each with its NUL, as many bytes as fit. The number, or as peek_memory().
 */
ssize_t peek_arguments(pid_t pid, char *buffer, size_t room);

/* From the text of /proc/PID/maps: could reading that address wait for a server? True also for one
 * that is not mapped. */
bool peek_may_wait(const char *maps, uint64_t address);
