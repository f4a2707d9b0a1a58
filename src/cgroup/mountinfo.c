// SPDX-License-Identifier: MIT
/*
 * The format is proc(5)'s: fixed fields, any number of optional ones, " - ", and three more. Space,
 * tab, newline, backslash and '#' in names are written as three octal digits. A line that is not
 * of this form is passed over: the kernel may add file systems with forms of their own.
 */
#include "cgroup/mountinfo.h"

static void unescape(char *text)
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

static bool parse_device(char *text, struct mount_entry *entry)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	entry->major = (unsigned)strtoul(text, &end, 10);
	if (*end != ':' || end[1] < '0' || end[1] > '9')
		return false;
	entry->minor = (unsigned)strtoul(end + 1, &end, 10);
	return *end == '\0';
}

static bool parse_line(char *line, struct mount_entry *ret_entry)
{
	enum { ID, PARENT, DEVICE, ROOT, POINT, OPTIONS, FIXED };
	struct mount_entry entry = { 0 };
	char *fields[FIXED];
	char *rest = line, *field;

	for (size_t i = 0; i < FIXED; i++) {
		fields[i] = strsep(&rest, " ");
		if (!fields[i] || !*fields[i])
			return false;
	}
	do
		field = strsep(&rest, " ");
	while (field && !streq(field, "-"));
	entry.type = strsep(&rest, " ");
	entry.source = strsep(&rest, " ");
	entry.super_options = strsep(&rest, " ");
	if (!entry.super_options || !parse_device(fields[DEVICE], &entry))
		return false;
	entry.root = fields[ROOT];
	entry.mount_point = fields[POINT];
	entry.options = fields[OPTIONS];
	unescape(entry.root);
	unescape(entry.mount_point);
	*ret_entry = entry;
	return entry.mount_point[0] == '/';
}

bool mountinfo_next(char **cursor, struct mount_entry *ret_entry)
{
	char *line;

	while (*cursor && **cursor) {
		line = strsep(cursor, "\n");
		if (parse_line(line, ret_entry))
			return true;
	}
	return false;
}

bool mount_has_option(const char *options, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = options; *at;) {
		size_t n = strcspn(at, ",");

		if (n == length && memcmp(at, option, n) == 0)
			return true;
		at += n;
		at += *at == ',';
	}
	return false;
}
