// SPDX-License-Identifier: MIT
/*
 * /etc/passwd and /etc/group are read once, when a name is first asked for that may stand there,
 * and taken apart name by name (account-files.h). For everybody else the C library is asked, and
 * with it whatever directory service the host has (where it has none, that would only read the
 * files again, all of them for each name that is in neither): in a thread (asker.h) that is given
 * up when a load has waited ACCOUNTS_LIMIT for it, for a directory that is down may answer never.
 */
#include "config/accounts.h"

#include "config/asker.h"
#include "util/fd.h"
#include "util/host.h"
#include "util/user-groups.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>

enum {
	BUFFER_LEAST = 4096,
	BUFFER_MOST = 1024 * 1024,
	SERVICES_MOST = 64 * 1024,
};

enum kind { USER, USER_NUMBER, GROUP, GROUPS_OF_USER };

static void account_done(struct account *account)
{
	free(account->name);
	free(account->home);
	free(account->shell);
	free(account->groups);
	for (size_t i = 0; account->members && account->members[i]; i++)
		free(account->members[i]);
	free(account->members);
	free(account->asked);
}

void accounts_done(struct accounts *accounts)
{
	while (accounts->all) {
		struct account *account = accounts->all;

		accounts->all = account->next;
		if (account->borrowed) {
			free(account->groups);
			continue;
		}
		account_done(account);
		free(account);
	}
	hash_done(&accounts->users);
	hash_done(&accounts->groups);
	account_file_done(&accounts->user_file);
	account_file_done(&accounts->group_file);
	arena_freep(&accounts->memory);
	asker_freep(&accounts->asker);
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

const char accounts_told[] =
	"the host's directory of users (nsswitch.conf) has not answered within "
	"5 s: who is not in /etc/passwd and /etc/group counts as unknown until "
	"the policy is read again";

/* ---- questions ---- */

struct question {
	enum kind kind;
	char *name;
	gid_t gid;		/* of GROUPS_OF_USER */
	struct account account; /* the answer */
	int result;
	void (*before)(void); /* see accounts.wait_before */
};

static void answer(void *userdata)
{
	struct question *question = userdata;

	if (question->before)
		question->before();
	question->result =
		question->kind == GROUPS_OF_USER
			? user_groups(question->name, question->gid, &question->account.groups,
				      &question->account.group_count)
			: look_up(&question->account, question->kind, question->name);
}

static void drop(void *userdata)
{
	struct question *question = userdata;

	account_done(&question->account);
	free(question->name);
	free(question);
}

/* Has it answered, in time; what was given up is nobody that is known. */
static int ask_in_time(struct accounts *accounts, enum kind kind, const char *name, gid_t gid,
		       struct account *ret_answer)
{
	struct question *question;
	uint64_t begun = clock_monotonic();
	int r = 0;

	*ret_answer = (struct account){ 0 };
	if (accounts->gave_up)
		return 0;
	if (!accounts->asker)
		r = asker_new(answer, drop, &accounts->asker);
	question = r < 0 ? NULL : calloc(1, sizeof(*question));
	if (question)
		*question = (struct question){ .kind = kind,
					       .name = strdup(name),
					       .gid = gid,
					       .before = accounts->wait_before };
	if (!question || !question->name) {
		free(question);
		return r < 0 ? r : -ENOMEM;
	}
	r = asker_ask(accounts->asker, question,
		      begun + (accounts->limit_ns ? accounts->limit_ns : ACCOUNTS_LIMIT_NS) -
			      MIN(accounts->waited_ns, ACCOUNTS_LIMIT_NS));
	accounts->waited_ns += clock_monotonic() - begun;
	if (r < 0) {
		accounts->gave_up = true;
		return 0;
	}
	*ret_answer = question->account;
	question->account = (struct account){ 0 };
	r = question->result;
	drop(question);
	return r;
}

/* ---- files ---- */

static struct account *add(struct accounts *accounts, struct hash *hash, const char *asked)
{
	struct account *account = calloc(1, sizeof(*account));

	if (!account || !(account->asked = strdup(asked))) {
		free(account);
		return NULL;
	}
	account->next = accounts->all;
	accounts->all = account;
	return hash_put_string(hash, account->asked, account, NULL) < 0 ? NULL : account;
}

static struct account *new_borrowed(struct accounts *accounts)
{
	struct account *account;

	if (!accounts->memory)
		accounts->memory = arena_new();
	account = accounts->memory ? arena_alloc(accounts->memory, sizeof(*account)) : NULL;
	if (!account)
		return NULL;
	account->borrowed = account->found = true;
	account->next = accounts->all;
	accounts->all = account;
	return account;
}

/* 1: it is there; 0: it is not; -ENOMEM. */
static int find_user(struct accounts *accounts, const char *name, struct account **ret_user)
{
	struct passwd entry;
	struct account *user;

	if (!account_file_user(&accounts->user_file, name, &entry))
		return 0;
	user = new_borrowed(accounts);
	if (!user || !(user->name = arena_string(accounts->memory, name)))
		return -ENOMEM;
	user->uid = entry.pw_uid;
	user->gid = entry.pw_gid;
	user->home = entry.pw_dir;
	user->shell = entry.pw_shell;
	user->asked = user->name;
	*ret_user = user;
	return 1;
}

static int list_members(struct accounts *accounts, char *text, struct account *group)
{
	size_t count = 0, room = 1;

	for (const char *at = text; at && *at; at++)
		room += *at == ',';
	group->members = arena_alloc(accounts->memory, (room + 1) * sizeof(*group->members));
	if (!group->members)
		return -ENOMEM;
	for (char *member; (member = account_file_member(&text)) != NULL;)
		group->members[count++] = member;
	return 0;
}

static int find_group(struct accounts *accounts, const char *name, struct account **ret_group)
{
	struct account *group;
	char *members;
	gid_t gid;

	if (!account_file_group(&accounts->group_file, name, &gid, &members))
		return 0;
	group = new_borrowed(accounts);
	if (!group || !(group->asked = arena_string(accounts->memory, name)))
		return -ENOMEM;
	group->gid = gid;
	*ret_group = group;
	return list_members(accounts, members, group) < 0 ? -ENOMEM : 1;
}

/* Where systemd's service finds users and groups that are in no file. */
static bool has_user_database(void)
{
	static const char *const folders[] = { "/run/systemd/userdb", "/run/userdb",
					       "/run/host/userdb",    "/etc/userdb",
					       "/usr/lib/userdb",     "/usr/local/lib/userdb" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (access(folders[i], F_OK) == 0)
			return true;
	return false;
}

/* Of a line of nsswitch.conf, cut into its words; an action in brackets is no service of ours. */
static bool names_only_files(char *words)
{
	bool files = false;

	for (char *word; (word = strsep(&words, " \t\r")) != NULL;) {
		files |= streq(word, "files");
		if (*word != '\0' && !streq(word, "files") &&
		    (!streq(word, "systemd") || has_user_database()))
			return false;
	}
	return files;
}

/* Whether the host knows "passwd" or "group" from its file alone. */
static bool is_in_files(const struct accounts *accounts, const char *database)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = strlen(database);

	if (file_read_at(AT_FDCWD, accounts->services ? accounts->services : "/etc/nsswitch.conf",
			 SERVICES_MOST, &text, NULL) < 0)
		return false;
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
		line += strspn(line, " \t");
		line[strcspn(line, "#")] = '\0';
		if (strncmp(line, database, size) == 0 && line[size] == ':')
			return names_only_files(line + size + 1);
	}
	return false;
}

static int read_users(struct accounts *accounts)
{
	int r = account_file_read(&accounts->user_file, "/etc/passwd");

	accounts->users_read = true;
	accounts->users_in_files = r > 0 && is_in_files(accounts, "passwd");
	return r;
}

static int read_groups(struct accounts *accounts)
{
	int r = account_file_read(&accounts->group_file, "/etc/group");

	accounts->groups_read = true;
	accounts->groups_in_files = r > 0 && is_in_files(accounts, "group");
	return r;
}

/* In its file: 1, 0 or -ENOMEM. */
static int find_in_file(struct accounts *accounts, enum kind kind, const char *name,
			struct account **ret_account)
{
	int r = 0;

	if (kind == GROUP) {
		if (!accounts->groups_read)
			r = read_groups(accounts);
		return r < 0 ? r : find_group(accounts, name, ret_account);
	}
	if (!accounts->users_read)
		r = read_users(accounts);
	return r < 0 || kind != USER ? MIN(r, 0) : find_user(accounts, name, ret_account);
}

/* Asks the C library, unless that knows no more than the files. */
static int find_elsewhere(struct accounts *accounts, enum kind kind, const char *name,
			  const char *asked, struct account **ret_account)
{
	bool known = (kind == USER && accounts->users_in_files) ||
		     (kind == GROUP && accounts->groups_in_files);
	struct account found = { 0 }, *account;
	int r = known ? 0 : ask_in_time(accounts, kind, name, 0, &found);

	if (r < 0)
		return r;
	account = add(accounts, kind == GROUP ? &accounts->groups : &accounts->users, asked);
	if (!account) {
		account_done(&found);
		return -ENOMEM;
	}
	found.asked = account->asked;
	found.next = account->next;
	*account = found;
	*ret_account = account;
	return 0;
}

static int find(struct accounts *accounts, enum kind kind, const char *name,
		struct account **ret_account)
{
	struct hash *hash = kind == GROUP ? &accounts->groups : &accounts->users;
	_cleanup_(freep) char *number = NULL;
	const char *asked = name;
	int r;

	/* A user may be named like a number. */
	if (kind == USER_NUMBER) {
		if (asprintf(&number, "#%s", name) < 0) {
			number = NULL;
			return -ENOMEM;
		}
		asked = number;
	}
	*ret_account = hash_get_string(hash, asked);
	if (*ret_account)
		return 0;
	r = find_in_file(accounts, kind, name, ret_account);
	if (r > 0)
		r = hash_put_string(hash, (*ret_account)->asked, *ret_account, NULL);
	else if (r == 0)
		r = find_elsewhere(accounts, kind, name, asked, ret_account);
	return MIN(r, 0);
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

int accounts_groups(struct accounts *accounts, struct account *user)
{
	struct account found;
	int r;

	if (user->groups_asked)
		return 0;
	r = ask_in_time(accounts, GROUPS_OF_USER, user->name, user->gid, &found);
	if (r < 0)
		return r;
	user->groups = found.groups;
	user->group_count = found.group_count;
	user->groups_asked = true;
	return 0;
}
