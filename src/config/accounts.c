// SPDX-License-Identifier: MIT
/*
 * /etc/passwd and /etc/group are read once. For everybody else the C library is asked, and with it
 * whatever directory service the host has (where it has none, that would only read the files again,
 * all of them for each name that is in neither): in a thread (asker.h) that is given up when a load
 * has waited ACCOUNTS_LIMIT for it, for a directory that is down may answer never.
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
		account_done(account);
		free(account);
	}
	hash_done(&accounts->users);
	hash_done(&accounts->groups);
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

/* As files are for the C library: of two lines with one name the first counts. */
static int read_users(struct accounts *accounts, FILE *file)
{
	struct passwd *entry;
	int r = 0;

	while (r >= 0 && (entry = fgetpwent(file))) {
		struct account *account;

		if (entry->pw_name[0] == '+' || entry->pw_name[0] == '-' ||
		    hash_get_string(&accounts->users, entry->pw_name))
			continue;
		account = add(accounts, &accounts->users, entry->pw_name);
		r = account ? take_user(account, entry) : -ENOMEM;
	}
	return r;
}

static int read_groups(struct accounts *accounts, FILE *file)
{
	struct group *entry;
	int r = 0;

	while (r >= 0 && (entry = fgetgrent(file))) {
		struct account *account;

		if (entry->gr_name[0] == '+' || entry->gr_name[0] == '-' ||
		    hash_get_string(&accounts->groups, entry->gr_name))
			continue;
		account = add(accounts, &accounts->groups, entry->gr_name);
		r = account ? take_group(account, entry) : -ENOMEM;
	}
	return r;
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

static int read_files(struct accounts *accounts)
{
	_cleanup_(fclosep) FILE *users = fopen("/etc/passwd", "re");
	_cleanup_(fclosep) FILE *groups = fopen("/etc/group", "re");
	int r = users ? read_users(accounts, users) : 0;

	accounts->files_read = true;
	accounts->users_in_files = users && is_in_files(accounts, "passwd");
	accounts->groups_in_files = groups && is_in_files(accounts, "group");
	return r < 0 || !groups ? r : read_groups(accounts, groups);
}

static int find(struct accounts *accounts, enum kind kind, const char *name,
		struct account **ret_account)
{
	struct hash *hash = kind == GROUP ? &accounts->groups : &accounts->users;
	_cleanup_(freep) char *asked = NULL;
	struct account *account, found;
	int r = accounts->files_read ? 0 : read_files(accounts);

	if (r < 0)
		return r;
	/* A user may be named like a number. */
	if (asprintf(&asked, "%s%s", kind == USER_NUMBER ? "#" : "", name) < 0) {
		asked = NULL;
		return -ENOMEM;
	}
	account = hash_get_string(hash, asked);
	if (!account) {
		bool known = (kind == USER && accounts->users_in_files) ||
			     (kind == GROUP && accounts->groups_in_files);

		found = (struct account){ 0 };
		r = known ? 0 : ask_in_time(accounts, kind, name, 0, &found);
		if (r < 0)
			return r;
		account = add(accounts, hash, asked);
		if (!account) {
			account_done(&found);
			return -ENOMEM;
		}
		found.asked = account->asked;
		found.next = account->next;
		*account = found;
	}
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
