// SPDX-License-Identifier: MIT
/* All texts stand in mountinfo's own, which the parser has cut up. */
#include "source/mount-table.h"

#include "util/mountinfo.h"

#include <sys/sysmacros.h>

static int by_id(const void *a, const void *b)
{
	const struct mount_row *one = a, *other = b;

	return one->id < other->id ? -1 : one->id > other->id;
}

static int by_device(const void *a, const void *b)
{
	const struct mount_row *one = a, *other = b;

	return one->dev < other->dev ? -1 : one->dev > other->dev;
}

static int read_rows(struct mount_table *table)
{
	char *at = table->text;
	struct mount_entry entry;
	size_t lines = 1;

	for (const char *p = at; *p; p++)
		lines += *p == '\n';
	table->rows = calloc(lines, sizeof(*table->rows));
	if (!table->rows)
		return -ENOMEM;
	while (mount_entry_next(&at, &entry, NULL))
		table->rows[table->count++] = (struct mount_row){
			.id = entry.id,
			.dev = makedev(entry.major, entry.minor),
			.class = filesystem_class(entry.type, entry.super_options),
			.root = entry.root,
			.mount_point = entry.mount_point,
		};
	return 0;
}

int mount_table_new(char *mountinfo, struct mount_table **ret_table)
{
	_cleanup_(mount_table_freep) struct mount_table *table = calloc(1, sizeof(*table));

	if (!table) {
		free(mountinfo);
		return -ENOMEM;
	}
	table->text = mountinfo;
	if (read_rows(table) < 0)
		return -ENOMEM;
	qsort(table->rows, table->count, sizeof(*table->rows), by_device);
	for (size_t i = 1; i < table->count; i++)
		if (table->rows[i].dev == table->rows[i - 1].dev)
			table->rows[i].shared = table->rows[i - 1].shared = true;
	qsort(table->rows, table->count, sizeof(*table->rows), by_id);
	*ret_table = TAKE_PTR(table);
	return 0;
}

void mount_table_free(struct mount_table *table)
{
	if (!table)
		return;
	free(table->rows);
	free(table->text);
	free(table);
}

const struct mount_row *mount_table_find(const struct mount_table *table, uint64_t id)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table->rows[middle].id == id)
			return &table->rows[middle];
		if (table->rows[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *path_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (length > 0 && folder[length - 1] == '/')
		length--;
	if (strncmp(path, folder, length) != 0 || (path[length] != '/' && path[length] != '\0'))
		return NULL;
	return path + length;
}

bool mount_row_name(const struct mount_row *row, const char *path, char *name, size_t size)
{
	const char *rest = path_below(path, row->root);
	int n;

	if (!rest)
		return false;
	n = snprintf(name, size, "%s%s", streq(row->mount_point, "/") ? "" : row->mount_point,
		     rest);
	return n > 0 && (size_t)n < size;
}

const struct mount_row *mount_table_of_path(const struct mount_table *table, const char *path)
{
	const struct mount_row *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct mount_row *row = &table->rows[i];
		size_t length = strlen(row->mount_point);

		/* Of those on one mount point the last, which hides the others. */
		if (length >= longest && path_below(path, row->mount_point)) {
			best = row;
			longest = length;
		}
	}
	return best;
}

/* A pseudo file system may be autofs, which mounts when it is looked into. */
bool mount_table_may_wait(const struct mount_table *table, const char *path)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].class != FILESYSTEM_LOCAL &&
		    path_below(path, table->rows[i].mount_point))
			return true;
	return false;
}
