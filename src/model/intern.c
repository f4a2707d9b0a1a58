// SPDX-License-Identifier: MIT
/* A hash table with chains, so that a text can leave it at once; doubled when it is full. */
#include "model/intern.h"

#include "util/hash.h"

enum { CHAINS_FIRST = 64 };

void intern_init(struct intern *pool, size_t extra)
{
	*pool = (struct intern){ .extra = (extra + 7) & ~(size_t)7 };
}

void intern_done(struct intern *pool)
{
	for (size_t i = 0; i < pool->chain_count; i++) {
		struct interned *text = pool->chains[i];

		while (text) {
			struct interned *next = text->next;

			free(text);
			text = next;
		}
	}
	free(pool->chains);
	intern_init(pool, 0);
}

static int grow(struct intern *pool)
{
	size_t count = pool->chain_count ? pool->chain_count * 2 : CHAINS_FIRST;
	struct interned **chains = calloc(count, sizeof(struct interned *));

	if (!chains)
		return -ENOMEM;
	for (size_t i = 0; i < pool->chain_count; i++) {
		struct interned *text = pool->chains[i];

		while (text) {
			struct interned *next = text->next;

			text->next = chains[text->hash & (count - 1)];
			chains[text->hash & (count - 1)] = text;
			text = next;
		}
	}
	free(pool->chains);
	pool->chains = chains;
	pool->chain_count = count;
	return 0;
}

static struct interned *add(struct intern *pool, struct slice first, struct slice second,
			    uint64_t hash)
{
	struct interned *text;
	struct interned **chain;
	char *data;

	/* A table that cannot grow is slower, but good. */
	if (pool->count >= pool->chain_count && grow(pool) < 0 && pool->chain_count == 0)
		return NULL;
	if (first.size > UINT32_MAX || second.size > UINT32_MAX)
		return NULL;
	text = malloc(sizeof(*text) + pool->extra + first.size + 1 + second.size);
	if (!text)
		return NULL;
	*text = (struct interned){ .hash = hash,
				   .references = 1,
				   .first = (uint32_t)first.size,
				   .second = (uint32_t)second.size,
				   .extra = (uint32_t)pool->extra };
	memset(text->room, 0, pool->extra);
	data = text->room + pool->extra;
	if (first.size > 0)
		memcpy(data, first.data, first.size);
	data[first.size] = '\0';
	if (second.size > 0)
		memcpy(data + first.size + 1, second.data, second.size);
	chain = &pool->chains[hash & (pool->chain_count - 1)];
	text->next = *chain;
	*chain = text;
	pool->count++;
	return text;
}

static struct interned *look_up(struct intern *pool, struct slice first, struct slice second,
				uint64_t hash, bool *ret_new)
{
	struct interned *text =
		pool->chain_count > 0 ? pool->chains[hash & (pool->chain_count - 1)] : NULL;

	for (; text; text = text->next) {
		if (text->hash == hash && interned_is(text, first, second)) {
			*ret_new = false;
			return intern_ref(text);
		}
	}
	text = add(pool, first, second, hash);
	if (text)
		*ret_new = true;
	return text;
}

struct interned *intern_get(struct intern *pool, struct slice first, struct slice second,
			    bool *ret_new)
{
	struct interned *text, **kept;
	uint64_t hash;

	if (interned_is(pool->last, first, second)) {
		*ret_new = false;
		return intern_ref(pool->last);
	}
	hash = hash_bytes(first.data, first.size);
	if (second.size > 0)
		hash = hash * 31 + hash_bytes(second.data, second.size);
	text = look_up(pool, first, second, hash, ret_new);
	if (!text)
		return NULL;
	kept = &pool->kept[hash % INTERN_KEPT];
	if (*kept != text) {
		intern_put(pool, *kept);
		*kept = intern_ref(text);
	}
	pool->last = text;
	return text;
}

void intern_put(struct intern *pool, struct interned *text)
{
	struct interned **at;

	if (!text || --text->references > 0)
		return;
	at = &pool->chains[text->hash & (pool->chain_count - 1)];
	while (*at != text)
		at = &(*at)->next;
	*at = text->next;
	pool->count--;
	free(text);
}
