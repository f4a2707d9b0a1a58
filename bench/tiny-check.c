/* SPDX-License-Identifier: MIT */
/*
 * tiny-check GROUP HIERARCHIES [wait]: a witness of its own placing.
 *
 * Its first action is to open and read /proc/self/cgroup. It exits with 0 when the path of every
 * hierarchy named in HIERARCHIES contains GROUP, with 1 when one does not or is not there, and with
 * 2 when it was called wrongly or could not read. HIERARCHIES are controllers separated by commas
 * ("cpu,pids"); "0" is the v2 hierarchy. With "wait" it reads again until it is placed, for one
 * second at most, so that its life tells how late the placing was. A line of /proc/self/cgroup is
 * "ID:CONTROLLERS:PATH".
 */
#include "util/bare.h"

enum { AT_CWD = -100, CLOCK_MONOTONIC_ID = 1 };

struct text {
	const char *start, *end;
};

/* Cuts `from` at the first `separator`: returns what stood before it, leaves what stands after. */
static struct text text_cut(struct text *from, char separator)
{
	struct text head = *from;

	while (head.start < from->end && *head.start != separator)
		head.start++;
	head.end = head.start;
	head.start = from->start;
	from->start = head.end < from->end ? head.end + 1 : from->end;
	return head;
}

static struct text text_of(const char *string)
{
	struct text t = { string, string };

	while (*t.end)
		t.end++;
	return t;
}

static int starts_with(struct text t, struct text prefix)
{
	while (prefix.start < prefix.end) {
		if (t.start == t.end || *t.start++ != *prefix.start++)
			return 0;
	}
	return 1;
}

static int same(struct text a, struct text b)
{
	return a.end - a.start == b.end - b.start && starts_with(a, b);
}

static int contains(struct text t, struct text part)
{
	for (; t.start < t.end; t.start++) {
		if (starts_with(t, part))
			return 1;
	}
	return 0;
}

/* Whether a line "ID:CONTROLLERS:PATH" is that of `hierarchy`; leaves the path in `ret_path`. */
static int line_is_of(struct text line, struct text hierarchy, struct text *ret_path)
{
	struct text id = text_cut(&line, ':');
	struct text controllers = text_cut(&line, ':');
	int found = same(id, hierarchy) && same(id, text_of("0"));

	while (!found && controllers.start < controllers.end)
		found = same(text_cut(&controllers, ','), hierarchy);
	*ret_path = line;
	return found;
}

static int placed(struct text file, struct text hierarchy, struct text group)
{
	struct text path;

	while (file.start < file.end) {
		if (line_is_of(text_cut(&file, '\n'), hierarchy, &path))
			return contains(path, group);
	}
	return 0;
}

/* Reads /proc/self/cgroup anew. Returns 0 when all is as it should be, 1 when not, 2 on error. */
static int look(long fd, struct text group, struct text hierarchies)
{
	char buffer[8192];
	struct text file = { buffer, buffer };
	long size = bare_call(CALL_PREAD, fd, (long)buffer, sizeof(buffer), 0);

	if (size <= 0)
		return 2;
	file.end = buffer + size;
	while (hierarchies.start < hierarchies.end) {
		if (!placed(file, text_cut(&hierarchies, ','), group))
			return 1;
	}
	return 0;
}

static long now_ms(void)
{
	long t[2] = { 0, 0 };

	bare_call(CALL_CLOCK_GETTIME, CLOCK_MONOTONIC_ID, (long)t, 0, 0);
	return t[0] * 1000 + t[1] / 1000000;
}

int start(int argc, char **argv)
{
	long fd = bare_call(CALL_OPENAT, AT_CWD, (long)"/proc/self/cgroup", 0, 0), end;
	struct text group, hierarchies;
	int result;

	if (argc < 3 || argc > 4 || fd < 0)
		return 2;
	group = text_of(argv[1]);
	hierarchies = text_of(argv[2]);
	result = look(fd, group, hierarchies);
	if (argc == 4 && result == 1) {
		end = now_ms() + 1000;
		while (result == 1 && now_ms() < end)
			result = look(fd, group, hierarchies);
	}
	return result;
}
