// SPDX-License-Identifier: MIT
/* Namespaces, ids and network of a recipe. */
#include "launch/recipe-internal.h"

#include "util/suggest.h"
#include "util/units.h"

#include <fcntl.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static const struct {
	const char *name;
	uint64_t flag;
} spaces[] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC },	  { "mnt", CLONE_NEWNS },
	{ "mount", CLONE_NEWNS },      { "net", CLONE_NEWNET },	  { "pid", CLONE_NEWPID },
	{ "time", CLONE_NEWTIME },     { "user", CLONE_NEWUSER }, { "uts", CLONE_NEWUTS },
};

/* Root has no need of a user namespace: it is one more thing that the kernel has to get right. */
static uint64_t all_spaces(void)
{
	return CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |
	       CLONE_NEWUTS | (geteuid() != 0 ? CLONE_NEWUSER : 0);
}

static int add_space(struct recipe *recipe, const char *word, struct error *err)
{
	const char *names[ARRAY_SIZE(spaces) + 1] = { "all" }, *near;

	if (streq(word, "all")) {
		recipe->namespaces.unshare |= all_spaces();
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		names[i + 1] = spaces[i].name;
		if (streq(word, spaces[i].name)) {
			recipe->namespaces.unshare |= spaces[i].flag;
			return 0;
		}
	}
	near = suggest(word, names, ARRAY_SIZE(names));
	return error_set(err, -EINVAL, "there is no namespace \"%s\"%s%s%s", word,
			 near ? "; did you mean \""
			      : " (all, user, mount, pid, net, ipc, uts, cgroup, time",
			 near ? near : "", near ? "\"?" : ")");
}

int recipe_set_unshare(struct recipe *recipe, const char *value, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(value);
	char *rest = copy, *word;
	int r = 0;

	if (!copy)
		return error_oom(err);
	while (r == 0 && (word = strsep(&rest, ",")))
		r = add_space(recipe, word, err);
	return r;
}

static int parse_map(const char *text, uint32_t own, struct launch_id_map *ret_map,
		     struct error *err)
{
	_cleanup_(freep) char *copy = strdup(text);
	uint64_t numbers[3] = { 0, own, 1 };
	char *rest = copy, *word;
	size_t count = 0;
	int r = 0;

	if (!copy)
		return error_oom(err);
	while (r == 0 && count < 3 && (word = strsep(&rest, ":")))
		r = parse_u64(word, &numbers[count++]);
	if (r < 0 || rest || !numbers[2] || numbers[0] + numbers[2] > UINT32_MAX ||
	    numbers[1] + numbers[2] > UINT32_MAX)
		return error_set(err, -EINVAL,
				 "\"%s\" is not written INSIDE[:OUTSIDE[:COUNT]], with numbers of "
				 "32 bits",
				 text);
	*ret_map = (struct launch_id_map){ .inside = (uint32_t)numbers[0],
					   .outside = (uint32_t)numbers[1],
					   .count = (uint32_t)numbers[2] };
	return 0;
}

int recipe_set_map_user(struct recipe *recipe, const char *value, struct error *err)
{
	size_t count = recipe->namespaces.user_count;

	if (!recipe_grow(&recipe->users, count, sizeof(*recipe->users)))
		return error_oom(err);
	if (parse_map(value, geteuid(), &recipe->users[count], err) < 0)
		return -EINVAL;
	recipe->namespaces.user_count++;
	return 0;
}

int recipe_set_map_group(struct recipe *recipe, const char *value, struct error *err)
{
	size_t count = recipe->namespaces.group_count;

	if (!recipe_grow(&recipe->groups, count, sizeof(*recipe->groups)))
		return error_oom(err);
	if (parse_map(value, getegid(), &recipe->groups[count], err) < 0)
		return -EINVAL;
	recipe->namespaces.group_count++;
	return 0;
}

/* ip-netns(8) keeps them in one folder; a name with '/' is a path. */
static int open_network(const char *name, int *ret_fd, struct error *err)
{
	_cleanup_(freep) char *path = NULL;
	int fd;

	if (asprintf(&path, "%s%s", strchr(name, '/') ? "" : "/run/netns/", name) < 0) {
		path = NULL;
		return error_oom(err);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, -ENOENT,
				 "there is no network namespace %s (ip netns add makes one; "
				 "\"none\" "
				 "and \"host\" need none)",
				 path);
	if (fd < 0)
		return error_set_errno(err, -errno, "cannot open %s", path);
	*ret_fd = fd;
	return 0;
}

int recipe_set_net(struct recipe *recipe, const char *value, struct error *err)
{
	closep(&recipe->net_join.fd);
	recipe->net_join = (struct launch_join){ .fd = -1, .flags = CLONE_NEWNET };
	recipe->namespaces.join_count = 0;
	recipe->keeps_net = streq(value, "host");
	if (streq(value, "none"))
		recipe->namespaces.unshare |= CLONE_NEWNET;
	if (recipe->keeps_net || streq(value, "none"))
		return 0;
	return open_network(value, &recipe->net_join.fd, err);
}

int recipe_set_hostname(struct recipe *recipe, const char *value, struct error *err)
{
	size_t size = strlen(value);

	if (size == 0 || size > 64)
		return error_set(err, -EINVAL, "\"%s\" is no host name of 1 to 64 bytes", value);
	recipe->namespaces.hostname = recipe_keep(recipe, value, size);
	return recipe->namespaces.hostname ? 0 : error_oom(err);
}

/* ---- settings of the kernel (sysctl) ---- */

/* Which there are once for each namespace; all others are the host's. */
static const struct {
	const char *path; /* with a final slash: all below it */
	uint64_t space;
	const char *option;
} setting_spaces[] = {
	{ "fs/mqueue/", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/domainname", CLONE_NEWUTS, "--unshare uts" },
	{ "kernel/hostname", CLONE_NEWUTS, "--unshare uts" },
	{ "kernel/msgmax", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/msgmnb", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/msgmni", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/sem", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/shm_rmid_forced", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/shmall", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/shmmax", CLONE_NEWIPC, "--unshare ipc" },
	{ "kernel/shmmni", CLONE_NEWIPC, "--unshare ipc" },
	{ "net/", CLONE_NEWNET, "--net none" },
};

static bool is_of(const char *path, const char *row)
{
	size_t length = strlen(row);

	return row[length - 1] == '/' ? strncmp(path, row, length) == 0 : streq(path, row);
}

/* As sysctl(8) reads it: which of dot and slash comes first parts the names. */
static void make_path(char *name)
{
	const char *first = strpbrk(name, "./");

	if (!first || *first == '/')
		return;
	for (char *at = name; *at; at++)
		*at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
}

int recipe_set_sysctl(struct recipe *recipe, const char *value, struct error *err)
{
	struct launch_namespaces *namespaces = &recipe->namespaces;
	size_t length = strcspn(value, "=");
	char *path = recipe_keep(recipe, value, length), *text;

	if (!path)
		return error_oom(err);
	if (length == 0 || !value[length])
		return error_set(err, -EINVAL, "\"%s\" is not written NAME=VALUE", value);
	make_path(path);
	if (*path == '/' || strstr(path, ".."))
		return error_set(err, -EINVAL, "\"%s\" is no name of a setting", path);
	text = recipe_keep(recipe, value + length + 1, strlen(value + length + 1));
	if (!text ||
	    !recipe_grow(&recipe->settings, namespaces->setting_count, sizeof(*recipe->settings)))
		return error_oom(err);
	recipe->settings[namespaces->setting_count++] =
		(struct launch_setting){ .path = path, .value = text };
	return 0;
}

static int check_setting(const struct recipe *recipe, const char *path, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(setting_spaces); i++) {
		if (!is_of(path, setting_spaces[i].path))
			continue;
		if (recipe->namespaces.unshare & setting_spaces[i].space)
			return 0;
		return error_set(err, -EINVAL,
				 "sysctl: %s would be changed for others too; it takes a namespace "
				 "of its own (%s)",
				 path, setting_spaces[i].option);
	}
	return error_set(err, -EINVAL,
			 "sysctl: %s is a setting of the whole host, not of a namespace", path);
}

int recipe_check_settings(const struct recipe *recipe, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < recipe->namespaces.setting_count; i++)
		r = check_setting(recipe, recipe->settings[i].path, err);
	return r;
}
