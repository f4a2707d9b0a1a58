// SPDX-License-Identifier: MIT
/*
 * Two parts: a ring of small slots, which keeps the order, and the items, which are large. Who puts
 * one in takes an item that is free, the last one that became so: only as many are ever touched,
 * and stay in memory, as have waited at once. There are as many slots as items, so who has an item
 * finds a slot.
 *
 * Each slot has a counter that says whose turn it is: equal to the ticket means free for that
 * writer, ticket + 1 means written. A writer that is stopped in the middle holds back the reader,
 * never another writer. The counter is kept less the slot's index, so that zeroed memory is an
 * empty queue.
 *
 * Free items are a stack. Its top has a number that grows with each change, so that one who was
 * stopped while taking it sees that others have taken it and given it back since.
 */
#include "core/decision.h"

#include <sys/mman.h>

_Static_assert(sizeof(struct decision) <= 1016, "an item is a KiB at most");

struct decision_slot {
	_Atomic size_t turn;
	uint32_t item;
};

static struct decision_slot *slot_of(const struct decision_queue *queue, size_t ticket)
{
	return &queue->slots[ticket & (queue->room - 1)];
}

static size_t read_turn(const struct decision_queue *queue, size_t ticket)
{
	return atomic_load_explicit(&slot_of(queue, ticket)->turn, memory_order_acquire) +
	       (ticket & (queue->room - 1));
}

static void write_turn(const struct decision_queue *queue, size_t ticket, size_t turn)
{
	atomic_store_explicit(&slot_of(queue, ticket)->turn, turn - (ticket & (queue->room - 1)),
			      memory_order_release);
}

static void *item_at(const struct decision_queue *queue, uint32_t item)
{
	return queue->items + item * queue->item_room;
}

/* ---- free items ---- */

/* The stack's top: how often it was changed, and the item's number + 1; 0: there is none. */
static uint64_t new_top(uint64_t old, uint32_t item)
{
	return ((old >> 32) + 1) << 32 | item;
}

static bool take_item(struct decision_queue *queue, uint32_t *ret_item)
{
	uint64_t top = atomic_load_explicit(&queue->free, memory_order_acquire);
	uint32_t fresh = atomic_load_explicit(&queue->fresh, memory_order_relaxed);

	while ((uint32_t)top != 0) {
		uint32_t item = (uint32_t)top - 1;
		uint32_t below = atomic_load_explicit(&queue->below[item], memory_order_relaxed);

		if (atomic_compare_exchange_weak_explicit(&queue->free, &top, new_top(top, below),
							  memory_order_acquire,
							  memory_order_acquire)) {
			*ret_item = item;
			return true;
		}
	}
	/* One that nobody has had yet. */
	while (fresh < queue->room) {
		if (atomic_compare_exchange_weak_explicit(&queue->fresh, &fresh, fresh + 1,
							  memory_order_relaxed,
							  memory_order_relaxed)) {
			*ret_item = fresh;
			return true;
		}
	}
	return false;
}

static void give_item(struct decision_queue *queue, uint32_t item)
{
	uint64_t top = atomic_load_explicit(&queue->free, memory_order_relaxed);

	do
		atomic_store_explicit(&queue->below[item], (uint32_t)top, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&queue->free, &top, new_top(top, item + 1),
						      memory_order_release, memory_order_relaxed));
}

/* ---- the queue ---- */

static void *map_zeroes(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int decision_queue_init(struct decision_queue *queue, size_t room, size_t item_size)
{
	*queue = (struct decision_queue){
		.room = room,
		.item_size = item_size,
		.item_room = (item_size + 7) & ~(size_t)7,
	};
	queue->items = map_zeroes(room * queue->item_room);
	queue->slots = calloc(room, sizeof(*queue->slots));
	queue->below = calloc(room, sizeof(*queue->below));
	if (queue->items && queue->slots && queue->below)
		return 0;
	decision_queue_done(queue);
	return -ENOMEM;
}

void decision_queue_done(struct decision_queue *queue)
{
	if (queue->items)
		munmap(queue->items, queue->room * queue->item_room);
	free(queue->slots);
	free(queue->below);
	queue->items = NULL;
	queue->slots = NULL;
	queue->below = NULL;
}

/* False: every slot is taken. */
static bool publish(struct decision_queue *queue, uint32_t item)
{
	size_t ticket = atomic_load_explicit(&queue->head, memory_order_relaxed);

	for (;;) {
		size_t turn = read_turn(queue, ticket);

		if (turn == ticket) {
			if (!atomic_compare_exchange_weak_explicit(&queue->head, &ticket,
								   ticket + 1, memory_order_relaxed,
								   memory_order_relaxed))
				continue;
			slot_of(queue, ticket)->item = item;
			write_turn(queue, ticket, ticket + 1);
			return true;
		}
		if ((ptrdiff_t)(turn - ticket) < 0)
			return false;
		ticket = atomic_load_explicit(&queue->head, memory_order_relaxed);
	}
}

bool decision_queue_put(struct decision_queue *queue, const void *item)
{
	uint32_t own;

	if (take_item(queue, &own)) {
		memcpy(item_at(queue, own), item, queue->item_size);
		if (publish(queue, own))
			return true;
		give_item(queue, own);
	}
	atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
	return false;
}

bool decision_queue_is_empty(const struct decision_queue *queue)
{
	return atomic_load(&queue->head) == queue->tail;
}

const void *decision_queue_peek(const struct decision_queue *queue)
{
	if (read_turn(queue, queue->tail) != queue->tail + 1)
		return NULL;
	return item_at(queue, slot_of(queue, queue->tail)->item);
}

void decision_queue_drop(struct decision_queue *queue)
{
	uint32_t item = slot_of(queue, queue->tail)->item;

	/* The slot first: who has the item then finds it free. */
	write_turn(queue, queue->tail, queue->tail + queue->room);
	queue->tail++;
	give_item(queue, item);
}

enum occasion decision_occasion(const struct decision *decision, const struct policy_rule *rule)
{
	uint32_t both = rule->on & decision->occasions;

	if (both == 0 || both >> decision->on & 1)
		return (enum occasion)decision->on;
	return (enum occasion)__builtin_ctz(both);
}

/* ---- what the loop is told besides ---- */

bool urgent_add_text(struct urgent *urgent, enum urgent_text part, struct slice value)
{
	if (value.size >= sizeof(urgent->text) - urgent->text_size)
		return false;
	if (value.size > 0)
		memcpy(urgent->text + urgent->text_size, value.data, value.size);
	urgent->texts[part].at = (uint16_t)urgent->text_size;
	urgent->texts[part].size = (uint16_t)value.size;
	urgent->text[urgent->text_size + value.size] = '\0';
	urgent->text_size += (uint32_t)value.size + 1;
	return true;
}

static bool knows(const struct facts *facts, enum fact_part part)
{
	return facts->known >> part & 1;
}

/* As many whole arguments as there is room for. */
static void add_arguments(struct urgent *urgent, struct slice argv)
{
	size_t room = sizeof(urgent->text) - MIN(urgent->text_size + 1, sizeof(urgent->text));

	argv.size = MIN(argv.size, room);
	while (argv.size > 0 && argv.data[argv.size - 1] != '\0')
		argv.size--;
	(void)urgent_add_text(urgent, URGENT_ARGV, argv);
}

void urgent_take_facts(struct urgent *urgent, const struct facts *facts)
{
	const struct {
		enum urgent_text part;
		enum fact_part fact;
		struct slice value;
	} rows[] = {
		{ URGENT_EXE, FACT_EXE, facts->exe },
		{ URGENT_COMM, FACT_COMM, facts->comm },
		{ URGENT_CWD, FACT_CWD, facts->cwd },
		{ URGENT_SCRIPT, FACT_SCRIPT, facts->script },
		{ URGENT_INTERPRETER, FACT_SCRIPT, facts->interpreter },
		{ URGENT_CGROUP, FACT_CGROUP, facts->cgroup },
		{ URGENT_GROUP, FACT_CGROUP, facts->group },
		{ URGENT_RUNTIME, FACT_CGROUP, facts->container_runtime },
		{ URGENT_CONTAINER, FACT_CGROUP, facts->container_id },
		{ URGENT_POD, FACT_CGROUP, facts->pod },
	};

	urgent->text_size = 0;
	memset(urgent->texts, 0, sizeof(urgent->texts));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (knows(facts, rows[i].fact))
			(void)urgent_add_text(urgent, rows[i].part, rows[i].value);
	if (knows(facts, FACT_ARGUMENTS))
		add_arguments(urgent, facts->argv);
}
