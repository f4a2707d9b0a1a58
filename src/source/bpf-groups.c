// SPDX-License-Identifier: MIT
/*
 * Keys of groups. A key is told once, before the first record that names it, and holds as long as
 * the groups have the paths they had then; a key that is told again replaces what it stood for.
 *
 * Which controllers a v1 hierarchy has is read from /proc/self/cgroup, whose lines begin with the
 * number that the record gives.
 */
#include "source/bpf-groups.h"

#include "source/bpf-paths.h"
#include "util/fd.h"
#include "util/hash.h"

enum { MOST_KEYS = 16384, MOST_HIERARCHIES = 64, PROC_CGROUP_LIMIT = 1 << 20 };

struct known_key {
	struct known_key *next;
	uint64_t key;
	struct bpf_group_names names;
	char *text; /* what the names point into */
};

/* The kernel counts on: the number of a hierarchy that is mounted for a moment is not used again.
 */
struct hierarchy {
	uint32_t number;
	char *controllers;
};

struct bpf_groups {
	const struct host *host;
	struct hash keys;
	struct known_key *all;
	size_t count;
	struct hierarchy hierarchies[MOST_HIERARCHIES];
	size_t hierarchy_count;
	struct bpf_room room;
};

int bpf_groups_new(const struct host *host, struct bpf_groups **ret_groups)
{
	struct bpf_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups->host = host;
	hash_init(&groups->keys);
	*ret_groups = groups;
	return 0;
}

static void forget_all(struct bpf_groups *groups)
{
	struct known_key *next;

	for (struct known_key *known = groups->all; known; known = next) {
		next = known->next;
		free(known->text);
		free(known);
	}
	groups->all = NULL;
	groups->count = 0;
	hash_done(&groups->keys);
	hash_init(&groups->keys);
}

static void forget_hierarchies(struct bpf_groups *groups)
{
	while (groups->hierarchy_count > 0)
		free(groups->hierarchies[--groups->hierarchy_count].controllers);
}

void bpf_groups_free(struct bpf_groups *groups)
{
	if (!groups)
		return;
	forget_all(groups);
	forget_hierarchies(groups);
	hash_done(&groups->keys);
	bpf_room_done(&groups->room);
	free(groups);
}

/* Lines of NUMBER:CONTROLLERS:PATH. */
static void read_hierarchies(struct bpf_groups *groups)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	char *line, *rest;

	if (file_read_at(groups->host->proc_fd, "self/cgroup", PROC_CGROUP_LIMIT, &text, &size) < 0)
		return;
	forget_hierarchies(groups);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		struct hierarchy *hierarchy = &groups->hierarchies[groups->hierarchy_count];
		char *end, *colon;
		unsigned long number = strtoul(line, &end, 10);

		colon = *end == ':' ? strchr(end + 1, ':') : NULL;
		if (!colon || groups->hierarchy_count == MOST_HIERARCHIES)
			continue;
		hierarchy->number = (uint32_t)number;
		hierarchy->controllers = strndup(end + 1, (size_t)(colon - end - 1));
		groups->hierarchy_count += hierarchy->controllers != NULL;
	}
}

/* NULL: there is no such hierarchy, as v2 (0) on a host that has mounted v1 only. */
static const char *controllers_of(struct bpf_groups *groups, uint32_t hierarchy)
{
	for (int tries = 0; tries < 2; tries++) {
		for (size_t i = 0; i < groups->hierarchy_count; i++)
			if (groups->hierarchies[i].number == hierarchy)
				return groups->hierarchies[i].controllers;
		if (tries == 0)
			read_hierarchies(groups);
	}
	return NULL;
}

/* A group's part of a record: its description, and its names. */
struct told_group {
	struct watch_group group;
	struct slice names;
};

static int parse(const char *record, size_t size, struct told_group *groups, size_t *ret_count)
{
	struct watch_cgroup head;
	size_t at = sizeof(head);

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, record, sizeof(head));
	if (head.groups > MOST_HIERARCHIES || head.size != size - sizeof(head))
		return -EBADMSG;
	for (size_t i = 0; i < head.groups; i++) {
		struct told_group *told = &groups[i];

		if (size - at < sizeof(told->group))
			return -EBADMSG;
		memcpy(&told->group, record + at, sizeof(told->group));
		at += sizeof(told->group);
		if (told->group.path > size - at)
			return -EBADMSG;
		told->names = (struct slice){ record + at, told->group.path };
		at += MIN((size_t)(told->group.path + 7) & ~(size_t)7, size - at);
	}
	*ret_count = head.groups;
	return 0;
}

/* As /proc/PID/cgroup has them: the newest hierarchy first. */
static int by_hierarchy(const void *a, const void *b)
{
	const struct told_group *x = a, *y = b;

	return (x->group.hierarchy < y->group.hierarchy) -
	       (x->group.hierarchy > y->group.hierarchy);
}

static int describe(struct bpf_groups *groups, struct told_group *told, size_t count,
		    struct known_key *known)
{
	struct text text;
	size_t v2 = SIZE_MAX, v2_size = 0, v1_size;

	text_init(&text);
	for (size_t i = 0; i < count; i++) {
		struct slice path = bpf_path_turn(&groups->room, told[i].names);
		const char *controllers = controllers_of(groups, told[i].group.hierarchy);

		if (!controllers)
			continue;
		if (told[i].group.hierarchy) {
			text_addf(&text, "%s:", controllers);
			text_add_bytes(&text, path.data, path.size + 1);
		} else {
			v2 = text.size;
			v2_size = path.size;
			known->names.id = told[i].group.id;
			text_add_bytes(&text, path.data, path.size + 1);
		}
	}
	v1_size = v2 == SIZE_MAX ? text.size : v2;
	free(known->text);
	known->text = text_take(&text);
	if (!known->text)
		return -ENOMEM;
	known->names.v1 = (struct slice){ known->text, v1_size };
	known->names.path = (struct slice){ v2 == SIZE_MAX ? NULL : known->text + v2, v2_size };
	return 0;
}

static int key_of(struct bpf_groups *groups, uint64_t key, struct known_key **ret_known)
{
	struct known_key *known = hash_get(&groups->keys, &key, sizeof(key));
	int r;

	if (known) {
		*ret_known = known;
		return 0;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return -ENOMEM;
	known->key = key;
	r = hash_put(&groups->keys, &known->key, sizeof(known->key), known, NULL);
	if (r < 0) {
		free(known);
		return r;
	}
	known->next = groups->all;
	groups->all = known;
	groups->count++;
	*ret_known = known;
	return 0;
}

int bpf_groups_learn(struct bpf_groups *groups, const void *record, size_t size)
{
	struct told_group told[MOST_HIERARCHIES];
	struct watch_cgroup head;
	struct known_key *known;
	size_t count;
	int r, forgot = 0;

	r = parse(record, size, told, &count);
	if (r < 0)
		return r;
	memcpy(&head, record, sizeof(head));
	if (groups->count >= MOST_KEYS) {
		forget_all(groups);
		forgot = 1;
	}
	qsort(told, count, sizeof(*told), by_hierarchy);
	r = bpf_room_begin(&groups->room, 2 * size + 4 * MOST_HIERARCHIES);
	if (r == 0)
		r = key_of(groups, head.key, &known);
	if (r == 0)
		r = describe(groups, told, count, known);
	return r < 0 ? r : forgot;
}

const struct bpf_group_names *bpf_groups_find(const struct bpf_groups *groups, uint64_t key)
{
	const struct known_key *known = hash_get(&groups->keys, &key, sizeof(key));

	return known && known->text ? &known->names : NULL;
}
