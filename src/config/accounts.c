// SPDX-License-Identifier: MIT
/*
 * The C library is asked, and with it whatever directory service the host has: this runs in the
 * loop at a load, never where a process waits for an answer.
 */
#include "config/accounts.h"

#include <grp.h>
#include <pwd.h>

enum { BUFFER_LEAST = 4096, BUFFER_MOST = 1024 * 1024, GROUPS_MOST = 65536 };

enum kind { USER, USER_NUMBER, GROUP };

void accounts_done(struct accounts *accounts)
{
	while (accounts->all) {
		struct account *account = accounts->all;

		accounts->all = account->next;
		free(account->name);
		free(account->home);
		free(account->shell);
		free(account->groups);
		for (size_t i = 0; account->members && account->members[i]; i++)
			free(account->members[i]);
		free(account->members);
		free(account->asked);
		free(account);
	}
	hash_done(&accounts->users);
	hash_done(&accounts->groups);
}

static int take_user(struct account *account, const struct passwd *entry)
{
	account->name = strdup(entry->pw_name);
	account->home = strdup(entry->pw_dir ? entry->pw_dir : "/");
	account->shell = strdup(entry->pw_shell ? entry->pw_shell : "");
	if (!account->name || !account->home || !account->shell)
		return -ENOMEM;
	account->uid = entry->pw_uid;
	account->gid = entry->pw_gid;
	account->found = true;
	return 0;
}

static int take_group(struct account *account, const struct group *entry)
{
	size_t count = 0;

	while (entry->gr_mem && entry->gr_mem[count])
		count++;
	account->members = calloc(count + 1, sizeof(*account->members));
	for (size_t i = 0; account->members && i < count; i++)
		if (!(account->members[i] = strdup(entry->gr_mem[i])))
			return -ENOMEM;
	account->gid = entry->gr_gid;
	account->found = true;
	return account->members ? 0 : -ENOMEM;
}

/* One try with a buffer; ERANGE: it is too small. */
static int ask(struct account *account, enum kind kind, const char *name, char *buffer, size_t size)
{
	struct passwd user, *found_user = NULL;
	struct group group, *found_group = NULL;
	int r;

	if (kind == GROUP)
		r = getgrnam_r(name, &group, buffer, size, &found_group);
	else if (kind == USER)
		r = getpwnam_r(name, &user, buffer, size, &found_user);
	else
		r = getpwuid_r((uid_t)strtoul(name, NULL, 10), &user, buffer, size, &found_user);
	if (r == ERANGE)
		return ERANGE;
	if (found_user)
		return take_user(account, found_user);
	return found_group ? take_group(account, found_group) : 0;
}

static int look_up(struct account *account, enum kind kind, const char *name)
{
	for (size_t size = BUFFER_LEAST; size <= BUFFER_MOST; size *= 4) {
		_cleanup_(freep) char *buffer = malloc(size);
		int r = buffer ? ask(account, kind, name, buffer, size) : -ENOMEM;

		if (r != ERANGE)
			return r;
	}
	return 0;
}

static int find(struct accounts *accounts, enum kind kind, const char *name,
		struct account **ret_account)
{
	struct hash *hash = kind == GROUP ? &accounts->groups : &accounts->users;
	_cleanup_(freep) char *asked = NULL;
	struct account *account;
	int r;

	/* A user may be named like a number. */
	if (asprintf(&asked, "%s%s", kind == USER_NUMBER ? "#" : "", name) < 0) {
		asked = NULL;
		return -ENOMEM;
	}
	account = hash_get_string(hash, asked);
	if (account) {
		*ret_account = account;
		return 0;
	}
	account = calloc(1, sizeof(*account));
	if (!account)
		return -ENOMEM;
	account->asked = TAKE_PTR(asked);
	account->next = accounts->all;
	accounts->all = account;
	r = look_up(account, kind, name);
	if (r < 0)
		return r;
	r = hash_put_string(hash, account->asked, account, NULL);
	if (r < 0)
		return r;
	*ret_account = account;
	return 0;
}

int accounts_user(struct accounts *accounts, const char *name, struct account **ret_user)
{
	return find(accounts, USER, name, ret_user);
}

int accounts_group(struct accounts *accounts, const char *name, struct account **ret_group)
{
	return find(accounts, GROUP, name, ret_group);
}

int accounts_user_number(struct accounts *accounts, const char *number, struct account **ret_user)
{
	return find(accounts, USER_NUMBER, number, ret_user);
}

int accounts_groups(struct account *user)
{
	int count = 32;

	while (!user->groups_asked) {
		int room = count;
		gid_t *groups = calloc((size_t)room, sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(user->name, user->gid, groups, &count) >= 0) {
			user->groups = groups;
			user->group_count = (size_t)count;
			user->groups_asked = true;
			return 0;
		}
		free(groups);
		/* `count` is now how many there are, or was left as it is. */
		count = MAX(count, room * 2);
		if (count > GROUPS_MOST)
			return -E2BIG;
	}
	return 0;
}
