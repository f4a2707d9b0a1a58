// SPDX-License-Identifier: MIT
/* One row a letter of util/fields.h. */
#include "core/urgent-fields.h"

#include "action/adhoc.h"
#include "util/host.h"

#include <time.h>

static struct slice number(struct urgent_fields *fields, uint64_t value)
{
	int n = snprintf(fields->text, sizeof(fields->text), "%llu", (unsigned long long)value);

	return (struct slice){ fields->text, (size_t)n };
}

static struct slice last_part(struct slice path)
{
	for (size_t i = path.size; i > 0; i--)
		if (path.data[i - 1] == '/')
			return (struct slice){ path.data + i, path.size - i };
	return path;
}

static struct slice user(struct urgent_fields *fields)
{
	struct slice name =
		users_user(fields->users, fields->urgent->subject.uid, clock_monotonic());

	return name.size > 0 ? name : number(fields, fields->urgent->subject.uid);
}

static struct slice unix_group(struct urgent_fields *fields)
{
	struct slice name =
		users_group(fields->users, fields->urgent->subject.gid, clock_monotonic());

	return name.size > 0 ? name : number(fields, fields->urgent->subject.gid);
}

static struct slice now(struct urgent_fields *fields)
{
	const struct decision *decision = &fields->urgent->decision;
	uint64_t wall = clock_realtime() - (clock_boottime() - decision->time_ns);
	time_t seconds = (time_t)(wall / UINT64_C(1000000000));
	struct tm tm;
	size_t n;
	int micros;

	gmtime_r(&seconds, &tm);
	n = strftime(fields->text, sizeof(fields->text), "%Y-%m-%dT%H:%M:%S", &tm);
	micros = snprintf(fields->text + n, sizeof(fields->text) - n, ".%06uZ",
			  (unsigned)(wall % UINT64_C(1000000000) / 1000));
	return (struct slice){ fields->text, n + (size_t)micros };
}

static struct slice value_of(char letter, struct urgent_fields *fields)
{
	const struct urgent *urgent = fields->urgent;

	switch (letter) {
	case 'p':
		return number(fields, (uint64_t)urgent->decision.pid);
	case 'P':
		return number(fields, (uint64_t)urgent->subject.ppid);
	case 'e':
		return urgent_text(urgent, URGENT_EXE);
	case 'n':
		return last_part(urgent_text(urgent, URGENT_EXE));
	case 'f':
		return slice_of(urgent->path);
	case 's':
		return urgent_text(urgent, URGENT_SCRIPT);
	case 'w':
		return urgent_text(urgent, URGENT_CWD);
	case 'u':
		return user(fields);
	case 'U':
		return number(fields, urgent->subject.uid);
	case 'g':
		return unix_group(fields);
	case 'G':
		return number(fields, urgent->subject.gid);
	case 'r':
		return slice_of(fields->rule);
	case 'a':
		return slice_of(occasion_name((enum occasion)urgent->decision.on));
	case 'c':
		return urgent_text(urgent, URGENT_CONTAINER);
	case 'C':
		return urgent_text(urgent, URGENT_CGROUP);
	default:
		return now(fields);
	}
}

struct slice urgent_field(char letter, void *userdata)
{
	struct urgent_fields *fields = userdata;
	struct slice value = value_of(letter, fields);
	char part[sizeof(fields->text)];
	size_t size;

	if (!fields->as_parts)
		return value;
	size = adhoc_part(value.data, value.size, part, sizeof(part));
	memcpy(fields->text, part, size);
	return (struct slice){ fields->text, size };
}
