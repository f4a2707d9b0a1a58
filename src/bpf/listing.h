/* SPDX-License-Identifier: MIT */
/* Cuts what the iterator over tasks writes into its records, which follow each other unmarked. */
#pragma once

#include "util/macros.h"

#include <linux/types.h>
#include "bpf/watch/watch.h"

typedef void (*watch_tell)(const void *record, uint32_t size, void *userdata);

/*
 * Reads to the end of file. Records are told at any address, for the time of the call. 0; -EBADMSG:
 * a record that is none, or cut off; -ENOMEM; or as read(2).
 */
int listing_read(int fd, watch_tell tell, void *userdata);
