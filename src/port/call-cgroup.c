// SPDX-License-Identifier: MIT
/*
 * Calls on cgroups of both versions, by the path of a group's folder. Whatever is asked for must
 * lie in a cgroup file system: these calls are no way to write other files. What a version lacks
 * is made up: v1 is frozen by its freezer, killed process by process.
 */
#include "port/call-functions.h"

#include "port/spawn.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { KILL_ROUNDS = 100, FILE_MAX = 1 << 20 };

/* The group's folder, or -errno. */
static int open_group(const char *path)
{
	struct statfs status;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &status) == 0 &&
	    (status.f_type == CGROUP2_SUPER_MAGIC || status.f_type == CGROUP_SUPER_MAGIC))
		return fd;
	close(fd);
	return -ENOTSUP;
}

/* A name in the folder itself. */
static bool name_valid(const char *name)
{
	return *name && !strchr(name, '/') && !streq(name, ".") && !streq(name, "..");
}

static int write_file(int group, const char *name, const char *text)
{
	_cleanup_(closep) int fd = openat(group, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

static enum call_result reply_code(struct etf_writer *reply, int r)
{
	return r < 0 ? reply_errno(reply, -r) : reply_ok(reply);
}

/* The options of a v1 mount without those that every mount may have: its controllers, or the name
 * of a hierarchy without any. The text is changed. */
static const char *controllers_of(char *options)
{
	static const char *const others[] = {
		"clone_children", "cpuset_v2_mode", "dirsync",	  "favordynmods", "lazytime",
		"noatime",	  "nodev",	    "nodiratime", "noexec",	  "noprefix",
		"nosuid",	  "relatime",	    "ro",	  "rw",		  "seclabel",
		"strictatime",	  "sync",	    "xattr",
	};
	char *end = options, *state = NULL;

	for (char *word = strtok_r(options, ",", &state); word;
	     word = strtok_r(NULL, ",", &state)) {
		size_t i = 0, size = strlen(word);

		while (i < ARRAY_SIZE(others) && !streq(word, others[i]))
			i++;
		if (i < ARRAY_SIZE(others) || strncmp(word, "release_agent=", 14) == 0)
			continue;
		if (end > options)
			*end++ = ',';
		memmove(end, word, size);
		end += size;
	}
	*end = '\0';
	return options;
}

CALL(cgroup_mounts)
{
	struct mntent *mount;
	size_t list, count = 0;
	FILE *mounts = setmntent("/proc/self/mounts", "re");

	if (!mounts)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	list = etf_open_list(reply);
	while ((mount = getmntent(mounts))) {
		bool v2 = streq(mount->mnt_type, "cgroup2");
		const char *controllers;

		if (!v2 && !streq(mount->mnt_type, "cgroup"))
			continue;
		count++;
		etf_put_tuple(reply, 2);
		controllers = v2 ? "" : controllers_of(mount->mnt_opts);
		etf_put_binary(reply, controllers, strlen(controllers));
		etf_put_binary(reply, mount->mnt_dir, strlen(mount->mnt_dir));
	}
	endmntent(mounts);
	etf_close_list(reply, list, count);
	return CALL_REPLY;
}

/* The parent's folder as a descriptor, and the last part of the path. */
static int open_above(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char above[4096];

	if (!slash || slash == path || !name_valid(slash + 1) ||
	    (size_t)(slash - path) >= sizeof(above))
		return -EINVAL;
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = '\0';
	*ret_name = slash + 1;
	return open_group(above);
}

CALL(cgroup_create)
{
	const char *name;
	_cleanup_(closep) int above = open_above(arguments[0].text, &name);

	if (above < 0)
		return reply_errno(reply, -above);
	return reply_result(reply, mkdirat(above, name, 0755));
}

CALL(cgroup_remove)
{
	const char *name;
	_cleanup_(closep) int above = open_above(arguments[0].text, &name);

	if (above < 0)
		return reply_errno(reply, -above);
	return reply_result(reply, unlinkat(above, name, AT_REMOVEDIR));
}

CALL(cgroup_set)
{
	_cleanup_(closep) int group = open_group(arguments[0].text);

	if (group < 0)
		return reply_errno(reply, -group);
	if (!name_valid(arguments[1].text))
		return reply_badarg(reply);
	return reply_code(reply, write_file(group, arguments[1].text, arguments[2].text));
}

CALL(cgroup_get)
{
	_cleanup_(closep) int group = open_group(arguments[0].text), fd = -1;
	uint8_t *data;
	size_t size = 0;
	ssize_t got;

	if (group < 0)
		return reply_errno(reply, -group);
	if (!name_valid(arguments[1].text))
		return reply_badarg(reply);
	fd = openat(group, arguments[1].text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return reply_errno(reply, errno);
	data = arena_take(&port->arena, FILE_MAX);
	if (!data)
		return reply_errno(reply, ENOMEM);
	while (size < FILE_MAX && (got = read(fd, data + size, FILE_MAX - size)) > 0)
		size += (size_t)got;
	if (size == FILE_MAX)
		return reply_errno(reply, EFBIG);
	if (got < 0)
		return reply_errno(reply, errno);
	reply_ok_tuple(reply, 2);
	etf_put_binary(reply, data, size);
	return CALL_REPLY;
}

CALL(cgroup_move)
{
	_cleanup_(closep) int group = open_group(arguments[0].text);
	char text[16];

	if (group < 0)
		return reply_errno(reply, -group);
	snprintf(text, sizeof(text), "%d", (int)arguments[1].number);
	return reply_code(reply, write_file(group, "cgroup.procs", text));
}

CALL(cgroup_freeze)
{
	_cleanup_(closep) int group = open_group(arguments[0].text);
	bool freeze = arguments[1].number != 0;
	int r;

	if (group < 0)
		return reply_errno(reply, -group);
	r = write_file(group, "cgroup.freeze", freeze ? "1" : "0");
	if (r == -ENOENT)
		r = write_file(group, "freezer.state", freeze ? "FROZEN" : "THAWED");
	return reply_code(reply, r);
}

/* One round over cgroup.procs; returns how many there were, or -errno. */
static int kill_members(int group)
{
	FILE *file;
	int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid, count = 0;

	if (fd < 0)
		return -errno;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	while (fscanf(file, "%d", &pid) == 1) {
		count++;
		/* 0 stands for one of another pid namespace, and would be our own group. */
		if (pid > 0)
			(void)kill(pid, SIGKILL);
	}
	fclose(file);
	return count;
}

CALL(cgroup_kill)
{
	_cleanup_(closep) int group = open_group(arguments[0].text);
	int r;

	if (group < 0)
		return reply_errno(reply, -group);
	r = write_file(group, "cgroup.kill", "1");
	if (r != -ENOENT)
		return reply_code(reply, r);
	for (int round = 0; round < KILL_ROUNDS; round++) {
		r = kill_members(group);
		if (r <= 0)
			return reply_code(reply, r);
		usleep(1000);
	}
	return reply_errno(reply, ETIMEDOUT);
}

static void put_event(struct etf_writer *reply, const char *name, int value)
{
	etf_put_tuple(reply, 2);
	etf_put_atom(reply, name);
	etf_put_int(reply, value);
}

/* v1 tells neither: whether anybody is there can be seen, and the freezer says its state. */
static size_t put_events_v1(struct etf_writer *reply, int group)
{
	_cleanup_(closep) int procs = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	_cleanup_(closep) int state = openat(group, "freezer.state", O_RDONLY | O_CLOEXEC);
	char text[16];

	put_event(reply, "populated", procs >= 0 && read(procs, text, 1) == 1);
	if (state < 0)
		return 1;
	put_event(reply, "frozen", read(state, text, 6) == 6 && memcmp(text, "FROZEN", 6) == 0);
	return 2;
}

CALL(cgroup_events)
{
	_cleanup_(closep) int group = open_group(arguments[0].text);
	FILE *file;
	size_t list, count = 0;
	char name[32];
	int fd, value;

	if (group < 0)
		return reply_errno(reply, -group);
	reply_ok_tuple(reply, 2);
	list = etf_open_list(reply);
	fd = openat(group, "cgroup.events", O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file)
		count = put_events_v1(reply, group);
	while (file && fscanf(file, "%31s %d", name, &value) == 2) {
		put_event(reply, name, value);
		count++;
	}
	fclosep(&file);
	etf_close_list(reply, list, count);
	return CALL_REPLY;
}

CALL(fork_into)
{
	_cleanup_(closep) int group = open_group(arguments[0].text);
	pid_t pid;
	int r;

	if (group < 0)
		return reply_errno(reply, -group);
	r = spawn(port, 0, group, &pid);
	if (r == SPAWNED_CHILD)
		return CALL_SILENT;
	return r < 0 ? reply_errno(reply, -r) : reply_value(reply, pid);
}
