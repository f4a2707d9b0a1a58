// SPDX-License-Identifier: MIT
/*
 * A rule fits by a program's path or its last part, and of a script by the script's, which is one
 * of the interpreter's arguments. So the last parts decide, but for a rule that names a link: that
 * one fits where it leads, under whatever name. Who a rule is about is not looked at here: a number
 * may have several names, and to ask for each takes as long as to read the rule.
 */
#include "compat/cgnames.h"

#include "config/arena.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

enum { NAMES_MOST = 32, ARGUMENTS_MOST = 1 << 16 };

void cgnames_done(struct cgnames *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	hash_done(&names->folders);
	hash_done(&names->links);
	arena_free(names->memory);
	*names = (struct cgnames){ 0 };
}

/* Takes `name`, which may be NULL. */
static bool add(struct cgnames *names, char *name)
{
	if (!name)
		return true;
	if (!names->items)
		names->items = calloc(NAMES_MOST, sizeof(*names->items));
	if (!names->items || names->count == NAMES_MOST) {
		free(name);
		return false;
	}
	names->items[names->count++] = name;
	return true;
}

char *cgnames_path(const char *command)
{
	_cleanup_(freep) char *folders = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin");
	char *folder, *rest = folders, *path;

	if (strchr(command, '/'))
		return *command == '/' ? strdup(command) : realpath(command, NULL);
	while (rest && (folder = strsep(&rest, ":"))) {
		if (asprintf(&path, "%s/%s", *folder ? folder : ".", command) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static bool add_command(struct cgnames *names, const char *command)
{
	_cleanup_(freep) char *path = cgnames_path(command);
	char *real = path ? realpath(path, NULL) : NULL;

	names->whole = real != NULL;
	return add(names, real) && add(names, TAKE_PTR(path)) && add(names, strdup(command)) &&
	       names->count > 0;
}

static bool add_process(struct cgnames *names, const struct host *host, pid_t pid)
{
	_cleanup_(freep) char *arguments = NULL;
	char path[32], exe[PATH_MAX];
	size_t size = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/exe", pid);
	n = readlinkat(host->proc_fd, path, exe, sizeof(exe));
	if (n <= 0 || (size_t)n == sizeof(exe))
		return false;
	/* "/bin/x (deleted)" is asked about as it was. */
	if (n > 10 && memcmp(exe + n - 10, " (deleted)", 10) == 0)
		return false;
	snprintf(path, sizeof(path), "%d/cmdline", pid);
	if (!add(names, strndup(exe, (size_t)n)) ||
	    file_read_at(host->proc_fd, path, ARGUMENTS_MOST, &arguments, &size) < 0)
		return false;
	for (size_t at = 0; at < size; at += strlen(arguments + at) + 1)
		if (!add(names, strdup(arguments + at)))
			return false;
	return true;
}

bool cgnames_find(struct cgnames *names, const struct host *host, const struct cgsubject *subject)
{
	return subject->command ? add_command(names, subject->command)
				: add_process(names, host, subject->pid ? subject->pid : getpid());
}

/* An argument that is relative may lead anywhere. */
static bool may_begin_so(const struct cgnames *names, const char *start, size_t size)
{
	if (!names->whole)
		return true;
	for (size_t i = 0; i < names->count; i++)
		if (strncmp(names->items[i], start, size) == 0)
			return true;
	return false;
}

/* The links of a folder, which need not be there. */
static bool list_links(struct cgnames *names, const char *path, size_t size)
{
	const char *folder = arena_copy(names->memory, path, size);
	DIR *dir = folder ? opendir(folder) : NULL;
	struct dirent *entry;
	char link[PATH_MAX], target[1];
	bool good = folder != NULL;

	while (good && dir && (entry = readdir(dir))) {
		const char *copy;
		int n = snprintf(link, sizeof(link), "%s%s", folder, entry->d_name);

		if ((entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) ||
		    n >= (int)sizeof(link) || readlink(link, target, sizeof(target)) < 0)
			continue;
		copy = arena_string(names->memory, link);
		good = copy && hash_put_string(&names->links, copy, names, NULL) >= 0;
	}
	if (dir)
		closedir(dir);
	return good && hash_put(&names->folders, folder, size, names, NULL) >= 0;
}

/* Rules name many programs in few folders: each of those is looked into once. */
static bool is_link(struct cgnames *names, const char *path, const char *last)
{
	size_t size = (size_t)(last - path);

	if (path[0] != '/')
		return false;
	if (!names->memory)
		names->memory = arena_new();
	if (!names->memory ||
	    (!hash_get(&names->folders, path, size) && !list_links(names, path, size)))
		return true; /* out of memory: it may be */
	return hash_get_string(&names->links, path) != NULL;
}

bool cgnames_may_fit(const struct cgrule *rule, void *userdata)
{
	struct cgnames *names = userdata;
	size_t size = rule->program ? strlen(rule->program) : 0;
	const char *last;

	if (size == 0)
		return true;
	if (rule->program[size - 1] == '*' && may_begin_so(names, rule->program, size - 1))
		return true;
	last = path_last_part(rule->program);
	for (size_t i = 0; i < names->count; i++)
		if (streq(last, path_last_part(names->items[i])))
			return true;
	return is_link(names, rule->program, last);
}
