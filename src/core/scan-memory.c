// SPDX-License-Identifier: MIT
/* Two lists, sorted: /proc is mostly read in the order of its numbers, so an insertion is cheap. */
#include "core/scan-memory.h"

static int compare(const struct scan_seen *a, const struct scan_seen *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->started != b->started)
		return a->started < b->started ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

/* Where it is, or where it belongs. */
static size_t find(const struct scan_seen *list, size_t count, const struct scan_seen *seen)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(&list[middle], seen) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has(const struct scan_seen *list, size_t count, const struct scan_seen *seen)
{
	size_t at = find(list, count, seen);

	return at < count && compare(&list[at], seen) == 0;
}

void scan_memory_done(struct scan_memory *memory)
{
	free(memory->before);
	free(memory->now);
	*memory = (struct scan_memory){ 0 };
}

void scan_memory_begin(struct scan_memory *memory)
{
	memory->primed = memory->begun;
	memory->begun = true;
	free(memory->before);
	memory->before = memory->now;
	memory->before_count = memory->now_count;
	memory->now = NULL;
	memory->now_count = memory->now_room = 0;
}

bool scan_memory_note(struct scan_memory *memory, const struct scan_seen *seen)
{
	size_t at = find(memory->now, memory->now_count, seen);

	if (at < memory->now_count && compare(&memory->now[at], seen) == 0)
		return false;
	if (memory->now_count == memory->now_room) {
		size_t room = memory->now_room ? memory->now_room * 2 : 64;
		struct scan_seen *larger = reallocarray(memory->now, room, sizeof(*larger));

		/* Not remembered: better once too often than never. */
		if (!larger)
			return !has(memory->before, memory->before_count, seen);
		memory->now = larger;
		memory->now_room = room;
	}
	memmove(&memory->now[at + 1], &memory->now[at],
		(memory->now_count - at) * sizeof(*memory->now));
	memory->now[at] = *seen;
	memory->now_count++;
	return !has(memory->before, memory->before_count, seen);
}
