// SPDX-License-Identifier: MIT
/*
 * The ring as the kernel lays it out (kernel/bpf/ringbuf.c): a page with how far was read, a page
 * with how far was written, and the data, mapped twice in a row there so that no record is split.
 * Of the data a window is mapped: mapped whole, as libbpf does it, it would count twice as memory
 * of the reader.
 */
#include "bpf/watch/reader.h"

#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>

enum { WINDOW = 1 << 20 };

void ring_reader_init(struct ring_reader *reader)
{
	*reader = (struct ring_reader){ .epoll = -1, .ring = -1 };
}

void ring_reader_done(struct ring_reader *reader)
{
	if (reader->window)
		munmap((void *)(uintptr_t)reader->window, reader->window_size);
	if (reader->producer)
		munmap((void *)(uintptr_t)reader->producer, reader->page);
	if (reader->consumer)
		munmap(reader->consumer, reader->page);
	closep(&reader->epoll);
}

int ring_reader_open(struct ring_reader *reader, int fd, size_t size, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	reader->page = page;
	reader->size = size;
	reader->ring = fd;
	reader->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (reader->epoll < 0 || epoll_ctl(reader->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_set_errno(err, -errno, "cannot wait for the BPF ring");
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return error_set_errno(err, -errno, "cannot map the BPF ring");
	reader->consumer = consumer;
	producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED)
		return error_set_errno(err, -errno, "cannot map the BPF ring");
	reader->producer = producer;
	return 0;
}

/* The bytes of the ring from position `at` on, `size` of them; NULL when they cannot be mapped. */
static const char *look(struct ring_reader *reader, unsigned long at, size_t size)
{
	size_t page = reader->page, offset = at & (reader->size - 1), begin;
	void *window;

	if (reader->window && offset >= reader->window_at &&
	    offset + size <= reader->window_at + reader->window_size)
		return reader->window + (offset - reader->window_at);
	if (reader->window)
		munmap((void *)(uintptr_t)reader->window, reader->window_size);
	reader->window = NULL;
	begin = offset & ~(page - 1);
	reader->window_size = MIN((size_t)WINDOW, reader->size);
	/* Behind the two counters, the kernel has the data twice, so that none is ever split. */
	window = mmap(NULL, reader->window_size, PROT_READ, MAP_SHARED, reader->ring,
		      (off_t)(2 * page + begin));
	if (window == MAP_FAILED || offset + size > begin + reader->window_size)
		return NULL;
	reader->window = window;
	reader->window_at = begin;
	return reader->window + (offset - begin);
}

static unsigned long record_size(uint32_t length)
{
	length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return (BPF_RINGBUF_HDR_SZ + length + 7UL) & ~7UL;
}

const void *ring_reader_next(struct ring_reader *reader, uint32_t *ret_size)
{
	unsigned long at =
		atomic_load_explicit(reader->consumer, memory_order_relaxed) + reader->pending;
	const char *header;
	uint32_t length;

	reader->pending = 0;
	for (;;) {
		atomic_store_explicit(reader->consumer, at, memory_order_release);
		if (at == atomic_load_explicit(reader->producer, memory_order_acquire))
			return NULL;
		header = look(reader, at, BPF_RINGBUF_HDR_SZ);
		if (!header)
			return NULL;
		length = __atomic_load_n((const uint32_t *)(const void *)header, __ATOMIC_ACQUIRE);
		if (length & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			break;
		at += record_size(length);
	}
	header = look(reader, at, BPF_RINGBUF_HDR_SZ + length);
	if (!header)
		return NULL;
	reader->pending = record_size(length);
	*ret_size = length;
	return header + BPF_RINGBUF_HDR_SZ;
}

bool ring_reader_is_empty(const struct ring_reader *reader)
{
	return atomic_load(reader->producer) == atomic_load(reader->consumer) + reader->pending;
}
