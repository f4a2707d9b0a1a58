// SPDX-License-Identifier: MIT
/* /proc/PID/mountinfo: any user can choose the names of his mount points in it. */
#include "source/mount-table.h"
#include "util/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t length_of(const struct mount_entry *entry)
{
	return strlen(entry->root) + strlen(entry->mount_point) + strlen(entry->options) +
	       strlen(entry->type) + strlen(entry->source) + strlen(entry->super_options);
}

/* The gate's table of the same text: whatever it shows, a name fits where it is put. */
static void look_up(const char *text)
{
	_cleanup_(mount_table_freep) struct mount_table *table = NULL;
	char name[64];

	if (mount_table_new(strdup(text), &table) < 0)
		abort();
	for (size_t i = 0; i < table->count; i++) {
		const struct mount_row *row = &table->rows[i];
		const struct mount_row *found = mount_table_find(table, row->id);

		if (!found || found->id != row->id)
			abort();
		if (mount_row_name(row, "/usr/bin/x", name, sizeof(name)) &&
		    strlen(name) >= sizeof(name))
			abort();
		(void)mount_table_may_wait(table, row->mount_point);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	unsigned skipped = 0, lines = 0;
	struct mount_entry entry;
	char *at = text;

	look_up(text);
	while (mount_entry_next(&at, &entry, &skipped)) {
		if (length_of(&entry) > size)
			abort();
		(void)mount_option(entry.options, "rw");
		(void)mount_option(entry.super_options, "cpu");
		lines++;
	}
	if (lines + skipped > size)
		abort();
	return 0;
}
