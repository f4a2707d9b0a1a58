// SPDX-License-Identifier: MIT
/* Who the program of a recipe runs as. Names are looked up in the host's files, before any root. */
#include "launch/recipe-internal.h"

#include "util/units.h"

#include <grp.h>
#include <pwd.h>

enum { ENTRY_SIZE = 65536, GROUPS_MAX = 1024 };

/* A number, or -EINVAL for what may be a name. The greatest one means "unchanged" to the kernel. */
static int parse_id(const char *text, uint32_t *ret_id)
{
	uint64_t number;

	if (*text < '0' || *text > '9' || parse_u64(text, &number) < 0 || number >= UINT32_MAX)
		return -EINVAL;
	*ret_id = (uint32_t)number;
	return 0;
}

static int find_group(const char *name, gid_t *ret_group, struct error *err)
{
	_cleanup_(freep) char *room = malloc(ENTRY_SIZE);
	struct group entry, *found = NULL;

	if (parse_id(name, ret_group) == 0)
		return 0;
	if (!room)
		return error_oom(err);
	(void)getgrnam_r(name, &entry, room, ENTRY_SIZE, &found);
	if (!found)
		return error_set(err, -ENOENT, "there is no group \"%s\"", name);
	*ret_group = found->gr_gid;
	return 0;
}

/* By name or, where it has one, by number; *ret_name is NULL for a number that nobody has. */
static int find_user(struct recipe *recipe, const char *name, struct error *err)
{
	_cleanup_(freep) char *room = malloc(ENTRY_SIZE);
	struct passwd entry, *found = NULL;
	uint32_t number = 0;
	bool is_number = parse_id(name, &number) == 0;

	if (!room)
		return error_oom(err);
	if (is_number)
		(void)getpwuid_r(number, &entry, room, ENTRY_SIZE, &found);
	else
		(void)getpwnam_r(name, &entry, room, ENTRY_SIZE, &found);
	if (!found && !is_number)
		return error_set(err, -ENOENT, "there is no user \"%s\"", name);
	recipe->identity.user = found ? found->pw_uid : number;
	recipe->user_name = NULL;
	if (!found)
		return 0;
	recipe->user_name = recipe_keep(recipe, found->pw_name, strlen(found->pw_name));
	recipe->user_group = found->pw_gid;
	return recipe->user_name ? 0 : error_oom(err);
}

int recipe_set_user(struct recipe *recipe, const char *value, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(value);
	char *group;
	int r;

	if (!copy)
		return error_oom(err);
	group = strchr(copy, ':');
	if (group)
		*group++ = '\0';
	r = find_user(recipe, copy, err);
	if (r == 0 && group)
		r = find_group(group, &recipe->user_group, err);
	if (r < 0)
		return r;
	if (!group && !recipe->user_name)
		return error_set(err, -EINVAL,
				 "user %s is in no file of users: name a group too (%s:GROUP)",
				 copy, copy);
	recipe->identity.set_user = recipe->identity.set_group = recipe->has_identity = true;
	recipe->identity.group = recipe->user_group;
	return 0;
}

int recipe_set_groups(struct recipe *recipe, const char *value, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(value);
	char *rest = copy, *word;
	size_t count = 0;
	int r = 0;

	if (!copy)
		return error_oom(err);
	while (r == 0 && *value && (word = strsep(&rest, ","))) {
		if (!recipe_grow(&recipe->group_list, count, sizeof(gid_t)))
			return error_oom(err);
		r = find_group(word, &recipe->group_list[count++], err);
	}
	if (r < 0)
		return r;
	recipe->identity.group_count = count;
	recipe->identity.groups = recipe->group_list;
	recipe->identity.set_groups = recipe->groups_given = recipe->has_identity = true;
	return 0;
}

int recipe_set_no_new_privs(struct recipe *recipe, const char *value, struct error *err)
{
	recipe->has_confinement = true;
	return recipe_flag(value, &recipe->confinement.no_new_privileges, err);
}

/* Those that the host's files give the user, as login(1) would; with none left of the launcher's.
 */
static int host_groups(struct recipe *recipe, struct error *err)
{
	gid_t *groups = reallocarray(recipe->group_list, GROUPS_MAX, sizeof(gid_t));
	int count = GROUPS_MAX;

	if (!groups)
		return error_oom(err);
	recipe->group_list = groups;
	if (!recipe->user_name)
		count = 0;
	else if (getgrouplist(recipe->user_name, recipe->identity.group, groups, &count) < 0)
		return error_set(err, -E2BIG, "user %s is in more than %d groups",
				 recipe->user_name, GROUPS_MAX);
	recipe->identity.groups = groups;
	recipe->identity.group_count = (size_t)count;
	recipe->identity.set_groups = true;
	return 0;
}

int recipe_finish_identity(struct recipe *recipe, struct error *err)
{
	bool other_ids = recipe->namespaces.unshare & CLONE_NEWUSER;

	if (!recipe->identity.set_user || recipe->groups_given)
		return 0;
	/* In a user namespace the host's groups mean nothing, and setgroups(2) may be denied. */
	if (other_ids || (geteuid() != 0 && recipe->identity.user == geteuid()))
		return 0;
	return host_groups(recipe, err);
}
