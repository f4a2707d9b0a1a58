// SPDX-License-Identifier: MIT
/*
 * The child table. Slots are found by searching: there are few, the one asked for is mostly the
 * one asked for last, and their order is what a controller sees.
 */
#include "port/child.h"

struct child *children_add(struct children *children, pid_t pid)
{
	struct child *child;
	size_t i = 0;

	if (children_reserve(children) < 0)
		return NULL;
	while (children->slots[i].pid)
		i++;
	child = &children->slots[i];
	*child = (struct child){ .pid = pid, .control = -1, .in = -1, .out = -1, .err = -1 };
	children->living++;
	children->present++;
	children->last = i;
	return child;
}

int children_reserve(struct children *children)
{
	size_t count = children->count ? 2 * children->count : 4;
	struct child *slots;

	if (children->present < children->count)
		return 0;
	slots = realloc(children->slots, count * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots + children->count, 0, (count - children->count) * sizeof(*slots));
	children->slots = slots;
	children->count = count;
	return 0;
}

static bool lives(const struct child *child, pid_t pid)
{
	return child->pid == pid && !child->gone;
}

struct child *children_find(struct children *children, pid_t pid)
{
	if (pid <= 0)
		return NULL;
	if (children->last < children->count && lives(&children->slots[children->last], pid))
		return &children->slots[children->last];
	for (size_t i = 0; i < children->count; i++)
		if (lives(&children->slots[i], pid)) {
			children->last = i;
			return &children->slots[i];
		}
	return NULL;
}

struct child *children_with_fd(struct children *children, int fd)
{
	for (size_t i = 0; fd >= 0 && i < children->count; i++) {
		struct child *c = &children->slots[i];

		if (c->pid && (c->control == fd || c->in == fd || c->out == fd || c->err == fd))
			return c;
	}
	return NULL;
}

int children_greatest_fd(const struct children *children)
{
	int greatest = -1;

	for (size_t i = 0; i < children->count; i++) {
		const struct child *c = &children->slots[i];

		if (c->pid)
			greatest = MAX(MAX(greatest, c->control), MAX(c->in, MAX(c->out, c->err)));
	}
	return greatest;
}

void child_leave(struct children *children, struct child *child)
{
	child->gone = true;
	children->living--;
	child_release(children, child);
}

void child_release(struct children *children, struct child *child)
{
	if (!child->pid || !child->gone || child->control >= 0 || child->in >= 0 ||
	    child->out >= 0 || child->err >= 0)
		return;
	child_bytes_done(&child->queue);
	child_bytes_done(&child->rest);
	child->pid = 0;
	children->present--;
}

void child_forget_fd(struct child *child, int fd)
{
	int *const fds[] = { &child->control, &child->in, &child->out, &child->err };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] == fd)
			*fds[i] = -1;
}

void child_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void children_forget(struct children *children)
{
	for (size_t i = 0; i < children->count; i++) {
		child_bytes_done(&children->slots[i].queue);
		child_bytes_done(&children->slots[i].rest);
	}
	free(children->slots);
	*children = (struct children){ 0 };
}

bool child_bytes_add(struct child_bytes *bytes, const void *data, size_t size)
{
	size_t left = child_bytes_left(bytes);
	uint8_t *grown;

	if (bytes->at) {
		memmove(bytes->data, bytes->data + bytes->at, left);
		bytes->at = 0;
		bytes->size = left;
	}
	grown = realloc(bytes->data, MAX(left + size, bytes->wanted) + 1);
	if (!grown)
		return false;
	if (size)
		memcpy(grown + left, data, size);
	bytes->data = grown;
	bytes->size = left + size;
	return true;
}

void child_bytes_done(struct child_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct child_bytes){ 0 };
}
