// SPDX-License-Identifier: MIT
/* mountinfo is read in place: fields are cut by NULs and \040-like escapes shrink where they stand.
 */
#include "util/mountinfo.h"

#include "util/units.h"

#include <limits.h>

static void undo_escapes(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static char *next_field(char **at)
{
	char *field = *at ? strsep(at, " ") : NULL;

	return field && *field ? field : NULL;
}

static bool read_number(const char *text, unsigned *ret_number)
{
	uint64_t number;

	if (parse_u64(text, &number) < 0 || number > UINT_MAX)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* "MAJOR:MINOR" */
static bool read_device(char *text, struct mount_entry *entry)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	return read_number(text, &entry->major) && read_number(colon + 1, &entry->minor);
}

int mount_entry_parse(char *line, struct mount_entry *entry)
{
	char *at = line, *device, *id, *parent, *field;

	id = next_field(&at);
	parent = next_field(&at);
	device = next_field(&at);
	entry->root = next_field(&at);
	entry->mount_point = next_field(&at);
	entry->options = next_field(&at);
	/* A field that is missing leaves all after it missing. */
	if (!id || !parent || !device || !entry->root || !entry->mount_point || !entry->options ||
	    !read_number(id, &entry->id) || !read_number(parent, &entry->parent) ||
	    !read_device(device, entry))
		return -EBADMSG;
	/* Any number of optional fields, then a lone "-". */
	do
		field = next_field(&at);
	while (field && !streq(field, "-"));
	entry->type = next_field(&at);
	/* The source may be empty: then two blanks follow each other. */
	entry->source = at ? strsep(&at, " ") : NULL;
	entry->super_options = at;
	if (!entry->type || !entry->source || !entry->super_options)
		return -EBADMSG;
	undo_escapes(entry->root);
	undo_escapes(entry->mount_point);
	undo_escapes(entry->source);
	return 0;
}

bool mount_entry_next(char **at, struct mount_entry *entry, unsigned *skipped)
{
	while (*at && **at) {
		char *line = strsep(at, "\n");

		if (mount_entry_parse(line, entry) == 0)
			return true;
		if (skipped)
			++*skipped;
	}
	return false;
}

bool mount_option(const char *options, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = options; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ','))
		if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
	return false;
}
