/* SPDX-License-Identifier: MIT */
/* Which system call has which number, as the programs want to know it. */
#pragma once

#include "util/macros.h"

#include <linux/types.h>
#include "bpf/watch/watch.h"

/* Fills two tables of `size` entries, enum watch_call by number. */
void watch_calls_fill(uint8_t *native_calls, uint8_t *compat_calls, size_t size);
