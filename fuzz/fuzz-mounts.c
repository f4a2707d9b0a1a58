// SPDX-License-Identifier: MIT
/* /proc/PID/mountinfo: any user can choose the names of his mount points in it. */
#include "util/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t length_of(const struct mount_entry *entry)
{
	return strlen(entry->root) + strlen(entry->mount_point) + strlen(entry->options) +
	       strlen(entry->type) + strlen(entry->source) + strlen(entry->super_options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	unsigned skipped = 0, lines = 0;
	struct mount_entry entry;
	char *at = text;

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
