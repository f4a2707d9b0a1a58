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
