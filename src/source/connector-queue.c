// SPDX-License-Identifier: MIT
/* Filled at the end and emptied at the beginning; what is left moves down when the end is reached.
 */
#include "source/connector-queue.h"

/* A new program, a new process, or a thread's end. */
static bool is_change(const struct connector_message *message)
{
	return message->what == PROC_EVENT_EXEC ||
	       (message->what == PROC_EVENT_FORK && message->tid == message->pid) ||
	       (message->what == PROC_EVENT_EXIT && message->tid != message->pid);
}

size_t connector_queue_room(struct connector_queue *queue, struct connector_message **ret_place)
{
	size_t waiting = queue->tail - queue->head;

	if (waiting == 0) {
		queue->head = queue->tail = 0;
	} else if (queue->tail == CONNECTOR_QUEUE && queue->head > CONNECTOR_QUEUE / 2) {
		memmove(queue->messages, queue->messages + queue->head,
			waiting * sizeof(queue->messages[0]));
		queue->head = 0;
		queue->tail = waiting;
	}
	*ret_place = &queue->messages[queue->tail];
	return CONNECTOR_QUEUE - queue->tail;
}

void connector_queue_add(struct connector_queue *queue, size_t count)
{
	for (; count > 0; count--, queue->tail++)
		if (is_change(&queue->messages[queue->tail]))
			queue->changes[queue->messages[queue->tail].pid % CONNECTOR_CHANGES]++;
}

bool connector_queue_take(struct connector_queue *queue, struct connector_message *ret_message)
{
	if (connector_queue_is_empty(queue))
		return false;
	*ret_message = queue->messages[queue->head++];
	if (is_change(ret_message))
		queue->changes[ret_message->pid % CONNECTOR_CHANGES]--;
	return true;
}

static uint32_t find(const struct connector_queue *queue, uint32_t pid, uint32_t whats)
{
	if (queue->changes[pid % CONNECTOR_CHANGES] == 0)
		return PROC_EVENT_NONE;
	for (size_t i = queue->head; i < queue->tail; i++)
		if (queue->messages[i].pid == pid && (queue->messages[i].what & whats) &&
		    is_change(&queue->messages[i]))
			return queue->messages[i].what;
	return PROC_EVENT_NONE;
}

uint32_t connector_queue_next(const struct connector_queue *queue, uint32_t pid)
{
	return find(queue, pid, UINT32_MAX);
}

bool connector_queue_has(const struct connector_queue *queue, uint32_t pid, uint32_t whats)
{
	return find(queue, pid, whats) != PROC_EVENT_NONE;
}
