/* SPDX-License-Identifier: MIT */
/*
 * Messages that were received and not handed out yet, and what they say will have become of a
 * process by the time that /proc is asked.
 */
#pragma once

#include "source/connector-message.h"

enum {
	CONNECTOR_QUEUE = 8192,
	CONNECTOR_CHANGES = 4096, /* a power of two */
};

struct connector_queue {
	size_t head, tail;
	struct connector_message messages[CONNECTOR_QUEUE];
	/* How many of them are changes, by process id modulo CONNECTOR_CHANGES: mostly none. */
	uint16_t changes[CONNECTOR_CHANGES];
};

static inline bool connector_queue_is_empty(const struct connector_queue *queue)
{
	return queue->head == queue->tail;
}

/* Where the next messages are to be put, and how many fit there; 0: it is full. */
size_t connector_queue_room(struct connector_queue *queue, struct connector_message **ret_place);
/* So many have been put there. */
void connector_queue_add(struct connector_queue *queue, size_t count);
/* Takes the oldest out; false: there is none. */
bool connector_queue_take(struct connector_queue *queue, struct connector_message *ret_message);

/*
 * What the messages that wait say first of a process: PROC_EVENT_EXEC: it has a new program; FORK:
 * the id has a new owner; EXIT: a thread that is not its leader ends; NONE: nothing of these.
 */
uint32_t connector_queue_next(const struct connector_queue *queue, uint32_t pid);
/* True if any of those (PROC_EVENT_* bits) waits. */
bool connector_queue_has(const struct connector_queue *queue, uint32_t pid, uint32_t whats);
