// SPDX-License-Identifier: MIT
/*
 * Nodes and texts are in chunks that never move, so pointers into them stay good while more is
 * added. Everything is counted: the size of a tree is bounded whatever the file says.
 */
#include "config/tree.h"

#include <sys/mman.h>

enum {
	CHUNK_NODES = 1 << TREE_CHUNK_BITS,
	TEXT_SIZE = 1 << TREE_TEXT_BITS,
};
_Static_assert(TREE_SCALAR_MAX < 1 << TREE_TEXT_BITS, "a text fits into one chunk");

void tree_done(struct tree *tree)
{
	for (size_t i = 0; i < TREE_CHUNKS; i++)
		free(tree->nodes[i]);
	for (size_t i = 0; i < TREE_TEXTS; i++)
		free(tree->texts[i]);
	*tree = (struct tree){ 0 };
}

/* Of a large tree all of a chunk will be written: in one call that is a quarter of what the faults
 * of its pages take. Where the kernel (before 5.14) cannot, they are taken one by one. */
static void prefault(void *memory, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)memory + size) & ~(page - 1);

	if (end > begin)
		(void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE);
}

int tree_add(struct tree *tree, const struct node *node, node_id *ret_id)
{
	/* Number 0 means "none" and is never handed out. */
	uint32_t id = tree->node_count + 1;
	uint32_t chunk = id >> TREE_CHUNK_BITS;

	if (id >= TREE_NODES_MAX)
		return -E2BIG;
	if (!tree->nodes[chunk]) {
		tree->nodes[chunk] = malloc(CHUNK_NODES * sizeof(*node));
		if (!tree->nodes[chunk])
			return -ENOMEM;
		if (chunk > 0)
			prefault(tree->nodes[chunk], CHUNK_NODES * sizeof(*node));
	}
	tree->nodes[chunk][id & (CHUNK_NODES - 1)] = *node;
	tree->node_count = id;
	*ret_id = id;
	return 0;
}

int tree_add_text(struct tree *tree, const char *text, size_t size, uint32_t *ret_offset)
{
	uint32_t offset = tree->text_used, left = TEXT_SIZE - (offset & (TEXT_SIZE - 1));
	char *to;

	if (size > TREE_SCALAR_MAX)
		return -E2BIG;
	if (size + 1 > left)
		offset += left;
	if (offset >> TREE_TEXT_BITS >= TREE_TEXTS)
		return -E2BIG;
	if (!tree->texts[offset >> TREE_TEXT_BITS]) {
		tree->texts[offset >> TREE_TEXT_BITS] = malloc(TEXT_SIZE);
		if (!tree->texts[offset >> TREE_TEXT_BITS])
			return -ENOMEM;
		if (offset > 0)
			prefault(tree->texts[offset >> TREE_TEXT_BITS], TEXT_SIZE);
	}
	to = tree->texts[offset >> TREE_TEXT_BITS] + (offset & (TEXT_SIZE - 1));
	memcpy(to, text, size);
	to[size] = '\0';
	tree->text_used = offset + (uint32_t)size + 1;
	*ret_offset = offset;
	return 0;
}
