// SPDX-License-Identifier: MIT
/*
 * Both files begin NAME:PASSWORD:NUMBER. A file is read whole, its names are moved together at the
 * front of its text, and a table with open addressing finds them by number. As everywhere else, the
 * first line of a number counts. A file that cannot be read has no names until it changes.
 */
#include "model/users.h"

#include "util/fd.h"
#include "util/units.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 64 << 20, NAME_MOST = 256 };
#define LOOK_EVERY UINT64_C(1000000000) /* ns */

struct name_slot {
	uint32_t number;
	uint32_t offset; /* of the name in the text */
	uint32_t size;	 /* 0: the slot is empty */
};

struct name_file {
	char *path;
	char *names;
	struct name_slot *slots;
	size_t room; /* a power of two, or 0 */
	struct stat stat;
	uint64_t looked;
	bool looked_once;
};

struct users {
	struct name_file users, groups;
};

static void name_file_clear(struct name_file *file)
{
	free(file->names);
	free(file->slots);
	file->names = NULL;
	file->slots = NULL;
	file->room = 0;
}

int users_new(const char *root, struct users **ret_users)
{
	_cleanup_(users_freep) struct users *users = calloc(1, sizeof(*users));

	if (!users)
		return -ENOMEM;
	if (asprintf(&users->users.path, "%s/etc/passwd", root) < 0) {
		users->users.path = NULL;
		return -ENOMEM;
	}
	if (asprintf(&users->groups.path, "%s/etc/group", root) < 0) {
		users->groups.path = NULL;
		return -ENOMEM;
	}
	*ret_users = TAKE_PTR(users);
	return 0;
}

void users_free(struct users *users)
{
	if (!users)
		return;
	name_file_clear(&users->users);
	name_file_clear(&users->groups);
	free(users->users.path);
	free(users->groups.path);
	free(users);
}

/* The slot of that number, or the empty one where it would be. */
static struct name_slot *slot_of(const struct name_file *file, uint32_t number)
{
	/* Numbers mostly come in a row, which needs no mixing; this spreads the others. */
	size_t mask = file->room - 1, i = (number ^ number >> 16) & mask;

	while (file->slots[i].size > 0 && file->slots[i].number != number)
		i = (i + 1) & mask;
	return &file->slots[i];
}

/* NAME:PASSWORD:NUMBER, ended by a NUL or another colon. Returns the name's size, 0: no such line.
 */
static size_t parse_line(char *line, uint32_t *ret_number)
{
	char *password = strchr(line, ':');
	char *number = password ? strchr(password + 1, ':') : NULL;
	uint64_t value;

	if (!number || password == line || password - line > NAME_MOST || line[0] == '+' ||
	    line[0] == '-' || line[0] == '#')
		return 0;
	number++;
	number[strcspn(number, ":")] = '\0';
	if (parse_u64(number, &value) < 0 || value > UINT32_MAX)
		return 0;
	*ret_number = (uint32_t)value;
	return (size_t)(password - line);
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

static int name_file_read(struct name_file *file)
{
	_cleanup_(freep) char *text = NULL;
	size_t size, kept = 0, lines;
	char *line, *next, *smaller;
	int r = file_read_at(AT_FDCWD, file->path, FILE_LIMIT, &text, &size);

	name_file_clear(file);
	if (r < 0)
		return r;
	lines = count_lines(text);
	for (file->room = 16; file->room < lines * 2;)
		file->room *= 2;
	file->slots = calloc(file->room, sizeof(*file->slots));
	if (!file->slots) {
		file->room = 0;
		return -ENOMEM;
	}
	for (line = text; line; line = next) {
		struct name_slot *slot;
		uint32_t number;
		size_t length;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		length = parse_line(line, &number);
		slot = length > 0 ? slot_of(file, number) : NULL;
		if (!slot || slot->size > 0)
			continue;
		*slot = (struct name_slot){ number, (uint32_t)kept, (uint32_t)length };
		memmove(text + kept, line, length);
		kept += length;
	}
	smaller = realloc(text, kept + 1);
	file->names = smaller ? smaller : text;
	(void)TAKE_PTR(text);
	return 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void name_file_refresh(struct name_file *file, uint64_t now)
{
	struct stat st;

	if (file->looked_once && now - file->looked < LOOK_EVERY)
		return;
	file->looked = now;
	if (stat(file->path, &st) < 0)
		memset(&st, 0, sizeof(st));
	if (file->looked_once && is_same_file(&st, &file->stat))
		return;
	file->looked_once = true;
	/* What is read may be newer than this, never older: then it is read once more. */
	file->stat = st;
	(void)name_file_read(file);
}

static struct slice name_of(struct name_file *file, uint32_t number, uint64_t now)
{
	const struct name_slot *slot;

	name_file_refresh(file, now);
	if (file->room == 0)
		return (struct slice){ 0 };
	slot = slot_of(file, number);
	return slot->size > 0 ? (struct slice){ file->names + slot->offset, slot->size }
			      : (struct slice){ 0 };
}

struct slice users_user(struct users *users, uint32_t uid, uint64_t now)
{
	return name_of(&users->users, uid, now);
}

struct slice users_group(struct users *users, uint32_t gid, uint64_t now)
{
	return name_of(&users->groups, gid, now);
}

void users_fill(struct users *users, struct event *event, uint64_t now)
{
	struct slice name;

	if (event_knows(event, FIELD_UID) && !event_knows(event, FIELD_USER)) {
		name = users_user(users, event->uid, now);
		if (name.size > 0)
			event_set(event, USER, user, name);
	}
	if (event_knows(event, FIELD_GID) && !event_knows(event, FIELD_GROUP)) {
		name = users_group(users, event->gid, now);
		if (name.size > 0)
			event_set(event, GROUP, group, name);
	}
}
