// SPDX-License-Identifier: MIT
/*
 * Each slot has a counter that says whose turn it is: equal to the ticket means free for that
 * writer, ticket + 1 means written. A writer that is stopped in the middle holds back the reader,
 * never another writer. The counter is kept less the slot's index, so that zeroed memory is an
 * empty queue and pages that were never needed stay out of memory.
 */
#include "core/decision.h"

#include <sys/mman.h>

_Static_assert(sizeof(struct decision) <= 1016, "with its counter, a slot is a KiB");

static _Atomic size_t *turn_of(const struct decision_queue *queue, size_t ticket)
{
	return (_Atomic size_t *)(queue->slots + (ticket & (queue->room - 1)) * queue->slot_size);
}

static size_t read_turn(const struct decision_queue *queue, size_t ticket)
{
	return atomic_load_explicit(turn_of(queue, ticket), memory_order_acquire) +
	       (ticket & (queue->room - 1));
}

static void write_turn(const struct decision_queue *queue, size_t ticket, size_t turn)
{
	atomic_store_explicit(turn_of(queue, ticket), turn - (ticket & (queue->room - 1)),
			      memory_order_release);
}

static void *item_of(const struct decision_queue *queue, size_t ticket)
{
	return turn_of(queue, ticket) + 1;
}

int decision_queue_init(struct decision_queue *queue, size_t room, size_t item_size)
{
	queue->item_size = item_size;
	queue->slot_size = (sizeof(size_t) + item_size + 7) & ~(size_t)7;
	queue->room = room;
	queue->tail = 0;
	atomic_init(&queue->head, 0);
	atomic_init(&queue->lost, 0);
	queue->slots = mmap(NULL, room * queue->slot_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (queue->slots == MAP_FAILED) {
		queue->slots = NULL;
		return -ENOMEM;
	}
	return 0;
}

void decision_queue_done(struct decision_queue *queue)
{
	if (queue->slots)
		munmap(queue->slots, queue->room * queue->slot_size);
	queue->slots = NULL;
}

bool decision_queue_put(struct decision_queue *queue, const void *item)
{
	size_t ticket = atomic_load_explicit(&queue->head, memory_order_relaxed);

	for (;;) {
		size_t turn = read_turn(queue, ticket);

		if (turn == ticket) {
			if (!atomic_compare_exchange_weak_explicit(&queue->head, &ticket,
								   ticket + 1, memory_order_relaxed,
								   memory_order_relaxed))
				continue;
			memcpy(item_of(queue, ticket), item, queue->item_size);
			write_turn(queue, ticket, ticket + 1);
			return true;
		}
		if ((ptrdiff_t)(turn - ticket) < 0) {
			atomic_fetch_add_explicit(&queue->lost, 1, memory_order_relaxed);
			return false;
		}
		ticket = atomic_load_explicit(&queue->head, memory_order_relaxed);
	}
}

bool decision_queue_is_empty(const struct decision_queue *queue)
{
	return atomic_load(&queue->head) == queue->tail;
}

const void *decision_queue_peek(const struct decision_queue *queue)
{
	if (read_turn(queue, queue->tail) != queue->tail + 1)
		return NULL;
	return item_of(queue, queue->tail);
}

void decision_queue_drop(struct decision_queue *queue)
{
	write_turn(queue, queue->tail, queue->tail + queue->room);
	queue->tail++;
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
