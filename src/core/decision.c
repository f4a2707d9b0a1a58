// SPDX-License-Identifier: MIT
/*
 * Each slot has a counter that says whose turn it is: equal to the ticket means free for that
 * writer, ticket + 1 means written. A writer that is stopped in the middle holds back the reader,
 * never another writer.
 */
#include "core/decision.h"

struct decision_slot {
	_Atomic size_t turn;
	struct decision decision;
};

int decision_queue_init(struct decision_queue *queue, size_t room)
{
	queue->slots = calloc(room, sizeof(*queue->slots));
	if (!queue->slots)
		return -ENOMEM;
	for (size_t i = 0; i < room; i++)
		atomic_init(&queue->slots[i].turn, i);
	queue->room = room;
	queue->tail = 0;
	atomic_init(&queue->head, 0);
	atomic_init(&queue->lost, 0);
	return 0;
}

void decision_queue_done(struct decision_queue *queue)
{
	free(queue->slots);
	queue->slots = NULL;
}

struct decision *decision_queue_reserve(struct decision_queue *queue, size_t *ret_ticket)
{
	size_t ticket = atomic_load_explicit(&queue->head, memory_order_relaxed);

	for (;;) {
		struct decision_slot *slot = &queue->slots[ticket & (queue->room - 1)];
		size_t turn = atomic_load_explicit(&slot->turn, memory_order_acquire);

		if (turn == ticket) {
			if (!atomic_compare_exchange_weak_explicit(&queue->head, &ticket,
								   ticket + 1, memory_order_relaxed,
								   memory_order_relaxed))
				continue;
			*ret_ticket = ticket;
			return &slot->decision;
		}
		if ((ptrdiff_t)(turn - ticket) < 0) {
			atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
			return NULL;
		}
		ticket = atomic_load_explicit(&queue->head, memory_order_relaxed);
	}
}

void decision_queue_commit(struct decision_queue *queue, size_t ticket)
{
	struct decision_slot *slot = &queue->slots[ticket & (queue->room - 1)];

	atomic_store_explicit(&slot->turn, ticket + 1, memory_order_release);
}

const struct decision *decision_queue_peek(const struct decision_queue *queue)
{
	struct decision_slot *slot = &queue->slots[queue->tail & (queue->room - 1)];

	if (atomic_load_explicit(&slot->turn, memory_order_acquire) != queue->tail + 1)
		return NULL;
	return &slot->decision;
}

void decision_queue_drop(struct decision_queue *queue)
{
	struct decision_slot *slot = &queue->slots[queue->tail & (queue->room - 1)];

	atomic_store_explicit(&slot->turn, queue->tail + queue->room, memory_order_release);
	queue->tail++;
}
