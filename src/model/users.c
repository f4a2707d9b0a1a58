// SPDX-License-Identifier: MIT
/*
 * Two files, each held as an array sorted by id with its names in one block of text. A file that
 * cannot be read any more leaves what was known: a package upgrade replaces it in a moment.
 */
#include "model/users.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

struct entry {
	uint32_t id;
	uint32_t size;
	size_t at; /* of the name in `names` */
};

struct file {
	char *path;
	bool (*next)(FILE *stream, uint32_t *ret_id, const char **ret_name);
	struct entry *entries;
	size_t count, room;
	struct text names;
	struct stat seen; /* all zero: never read */
	uint64_t look_again_ns;
};

struct users {
	struct file users, groups;
};

static bool next_user(FILE *stream, uint32_t *ret_id, const char **ret_name)
{
	const struct passwd *entry = fgetpwent(stream);

	if (!entry)
		return false;
	*ret_id = entry->pw_uid;
	*ret_name = entry->pw_name;
	return true;
}

static bool next_group(FILE *stream, uint32_t *ret_id, const char **ret_name)
{
	const struct group *entry = fgetgrent(stream);

	if (!entry)
		return false;
	*ret_id = entry->gr_gid;
	*ret_name = entry->gr_name;
	return true;
}

static int file_add(struct file *file, uint32_t id, const char *name)
{
	size_t at = file->names.size;

	if (file->count == file->room) {
		size_t room = file->room ? file->room * 2 : 64;
		struct entry *entries = reallocarray(file->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		file->entries = entries;
		file->room = room;
	}
	text_add(&file->names, name);
	if (file->names.failed)
		return -ENOMEM;
	file->entries[file->count++] = (struct entry){ id, (uint32_t)strlen(name), at };
	return 0;
}

/* By id; of equal ones the file's first, as getpwuid() would find it. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->id != right->id)
		return left->id < right->id ? -1 : 1;
	return left->at < right->at ? -1 : left->at > right->at;
}

static void file_clear(struct file *file)
{
	free(file->entries);
	file->entries = NULL;
	file->count = file->room = 0;
	text_done(&file->names);
	text_init(&file->names);
}

static void file_read(struct file *file, const struct stat *now)
{
	_cleanup_(fclosep) FILE *stream = fopen(file->path, "re");
	const char *name;
	uint32_t id;

	if (!stream)
		return;
	file_clear(file);
	while (file->next(stream, &id, &name))
		if (file_add(file, id, name) < 0)
			break;
	if (file->count)
		qsort(file->entries, file->count, sizeof(*file->entries), compare_entries);
	file->seen = *now;
}

static void file_look(struct file *file, uint64_t now_ns)
{
	struct stat now;

	if (now_ns < file->look_again_ns)
		return;
	file->look_again_ns = now_ns + UINT64_C(1000000000);
	if (stat(file->path, &now) < 0)
		return;
	if (now.st_ino == file->seen.st_ino && now.st_dev == file->seen.st_dev &&
	    now.st_size == file->seen.st_size && now.st_mtim.tv_sec == file->seen.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == file->seen.st_mtim.tv_nsec)
		return;
	file_read(file, &now);
}

static struct slice file_name(struct file *file, uint32_t id, uint64_t now_ns)
{
	size_t low = 0, high;

	file_look(file, now_ns);
	high = file->count;
	while (low < high) { /* the first that is not smaller */
		size_t middle = low + (high - low) / 2;

		if (file->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == file->count || file->entries[low].id != id)
		return (struct slice){ "", 0 };
	return (struct slice){ file->names.data + file->entries[low].at, file->entries[low].size };
}

int users_new(const char *root, struct users **ret_users)
{
	_cleanup_(users_freep) struct users *users = calloc(1, sizeof(*users));

	if (!users || asprintf(&users->users.path, "%s/etc/passwd", root) < 0 ||
	    asprintf(&users->groups.path, "%s/etc/group", root) < 0)
		return -ENOMEM;
	users->users.next = next_user;
	users->groups.next = next_group;
	*ret_users = TAKE_PTR(users);
	return 0;
}

void users_free(struct users *users)
{
	if (!users)
		return;
	file_clear(&users->users);
	file_clear(&users->groups);
	free(users->users.path);
	free(users->groups.path);
	free(users);
}

struct slice users_user(struct users *users, uid_t uid, uint64_t now_ns)
{
	return file_name(&users->users, uid, now_ns);
}

struct slice users_group(struct users *users, gid_t gid, uint64_t now_ns)
{
	return file_name(&users->groups, gid, now_ns);
}

bool users_find(struct users *users, const char *name, uint64_t now_ns, uid_t *ret_uid)
{
	const struct file *file = &users->users;

	file_look(&users->users, now_ns);
	for (size_t i = 0; i < file->count; i++) {
		struct slice entry = { file->names.data + file->entries[i].at,
				       file->entries[i].size };

		if (!slice_eq(entry, slice_of(name)))
			continue;
		*ret_uid = file->entries[i].id;
		return true;
	}
	return false;
}
