// SPDX-License-Identifier: MIT
/* As fs/binfmt_script.c reads it: "#!", blanks, the path up to a blank, NUL or the line's end. */
#include "source/interpreter.h"

#include "util/text.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

bool interpreter_parse(const char *head, size_t size, char path[static INTERPRETER_LINE])
{
	const char *at = head + 2, *end = head + MIN(size, (size_t)INTERPRETER_LINE), *start;

	if (size < 3 || head[0] != '#' || head[1] != '!')
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	for (start = at; at < end; at++)
		if (*at == '\n' || *at == ' ' || *at == '\t' || *at == '\0')
			break;
	/* Cut off by the buffer, it could be the beginning of another path (Linux 5.0: ENOEXEC). */
	if (at == start || (at == end && size >= INTERPRETER_LINE))
		return false;
	memcpy(path, start, (size_t)(at - start));
	path[at - start] = '\0';
	return true;
}

void interpreter_parse_argument(const char *head, size_t size,
				char argument[static INTERPRETER_LINE])
{
	size_t length = MIN(size, (size_t)INTERPRETER_LINE), at = 2, end;

	while (at < length && (head[at] == ' ' || head[at] == '\t'))
		at++;
	while (at < length && !strchr(" \t\n", head[at]))
		at++;
	while (at < length && (head[at] == ' ' || head[at] == '\t'))
		at++;
	for (end = at; end < length && head[end] != '\n' && head[end] != '\0';)
		end++;
	while (end > at && (head[end - 1] == ' ' || head[end - 1] == '\t'))
		end--;
	memcpy(argument, head + at, end - at);
	argument[end - at] = '\0';
}

bool interpreter_of(const struct host *host, pid_t pid, int fd, dev_t *ret_dev, ino_t *ret_ino)
{
	char head[INTERPRETER_LINE], path[INTERPRETER_LINE], seen[INTERPRETER_LINE + 40];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct stat st;

	if (n <= 0 || !interpreter_parse(head, (size_t)n, path))
		return false;
	snprintf(seen, sizeof(seen), "%d/%s/%s", pid, path[0] == '/' ? "root" : "cwd", path);
	if (fstatat(host->proc_fd, seen, &st, AT_NO_AUTOMOUNT) < 0)
		return false;
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	return true;
}

bool interpreter_is_loader(const char *path)
{
	const char *name = path_last_part(path);

	return strncmp(name, "ld", 2) == 0 && strstr(name, ".so");
}
