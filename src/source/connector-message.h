/* SPDX-License-Identifier: MIT */
/*
 * One message of the kernel's process connector, as netlink hands it over. The form is that of
 * <linux/cn_proc.h>; a message that is shorter than its kind wants is none.
 */
#pragma once

#include "util/macros.h"

#include <linux/cn_proc.h>

struct connector_message {
	uint32_t what;	    /* PROC_EVENT_*; PROC_EVENT_NONE: an answer to a request */
	uint32_t cpu;	    /* whose counter `sequence` is */
	uint32_t sequence;  /* of all messages of that processor, sent to us or not */
	uint32_t ack;	    /* answer: one more than the request's */
	uint64_t time;	    /* CLOCK_MONOTONIC, ns */
	uint32_t pid, tid;  /* fork: the child's */
	uint32_t parent;    /* fork, exit, coredump: its process id; 0: not told */
	uint32_t real;	    /* uid, gid */
	uint32_t effective; /* uid, gid */
	uint32_t exit_code; /* as wait(2) gives it */
	uint32_t error;	    /* answer: a positive errno, or 0 */
};

/* Reads a datagram. 0, or -EBADMSG: not of this form. Of kinds that are not named below `what`, cpu
 * and sequence alone are set: they count, too. */
int connector_message_parse(const void *data, size_t size, struct connector_message *ret_message);

/* Writes a request into `buffer` and returns its size. `mask`: the events to be sent, bits of
 * PROC_EVENT_*, which kernels from 6.6 on understand; NULL: the older form without. */
enum { CONNECTOR_REQUEST_MAX = 64 };
size_t connector_request(void *buffer, enum proc_cn_mcast_op op, const uint32_t *mask,
			 uint32_t ack);
