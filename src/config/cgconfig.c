// SPDX-License-Identifier: MIT
/*
 * What a cgconfig is made of besides its grammar: its memory, its files, and the users and groups
 * that it names.
 */
#include "config/cgconfig.h"

#include "config/accounts.h"
#include "config/arena.h"
#include "config/cgconfig-internal.h"
#include "config/files.h"

struct cgconfig *cgconfig_new(void)
{
	_cleanup_(cgconfig_freep) struct cgconfig *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->memory = arena_new();
	config->files = calloc(1, sizeof(*config->files));
	return config->memory && config->files ? TAKE_PTR(config) : NULL;
}

void cgconfig_group_done(struct cgconfig_group *group)
{
	for (size_t i = 0; i < group->controller_count; i++)
		free(group->controllers[i].settings.items);
	free(group->controllers);
	*group = (struct cgconfig_group){ 0 };
}

static void groups_done(struct cgconfig_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		cgconfig_group_done(&groups->items[i]);
	free(groups->items);
}

void cgconfig_settings_done(struct cgconfig_settings *settings)
{
	free(settings->items);
}

void cgconfig_free(struct cgconfig *config)
{
	if (!config)
		return;
	groups_done(&config->groups);
	groups_done(&config->templates);
	cgconfig_settings_done(&config->mounts);
	cgconfig_settings_done(&config->namespaces);
	free(config->comments);
	free(config->files);
	arena_free(config->memory);
	free(config);
}

int cgconfig_add_file(struct cgconfig *config, const char *name)
{
	char **files = reallocarray(config->files, config->file_count + 2, sizeof(*files));

	if (!files)
		return -ENOMEM;
	config->files = files;
	files[config->file_count] = arena_string(config->memory, name);
	if (!files[config->file_count])
		return -ENOMEM;
	files[++config->file_count] = NULL;
	return 0;
}

/* ---- accounts ---- */

struct lookup {
	struct cgconfig *config;
	struct accounts accounts;
	struct diagnostics *diagnostics;
	int result;
};

/* All digits: a number, also where a user has that name, as chown(1) has it the other way round. */
static bool read_id(const char *text, uint32_t *ret_id)
{
	uint64_t id;

	if (!*text || text[strspn(text, "0123456789")] || strlen(text) > 10)
		return false;
	id = strtoull(text, NULL, 10);
	if (id >= UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

static void report_unknown(struct lookup *lookup, struct position at, const char *what,
			   const char *name)
{
	diagnostics_add(lookup->diagnostics, SEVERITY_ERROR, lookup->config->files[at.file], NULL,
			at.line, at.column, (uint32_t)text_columns(name), NULL,
			"there is no %s \"%.60s\" on this host", what, name);
	lookup->result = lookup->result == 0 ? -EINVAL : lookup->result;
}

static void find_owner(struct lookup *lookup, struct cgconfig_owner *owner)
{
	struct account *account;
	int r;

	if (owner->user && !read_id(owner->user, &owner->uid)) {
		r = accounts_user(&lookup->accounts, owner->user, &account);
		if (r < 0)
			lookup->result = r;
		else if (account->found)
			owner->uid = account->uid;
		else
			report_unknown(lookup, owner->user_at, "user", owner->user);
	}
	if (owner->group && !read_id(owner->group, &owner->gid)) {
		r = accounts_group(&lookup->accounts, owner->group, &account);
		if (r < 0)
			lookup->result = r;
		else if (account->found)
			owner->gid = account->gid;
		else
			report_unknown(lookup, owner->group_at, "group", owner->group);
	}
}

static void find_perm(struct lookup *lookup, struct cgconfig_perm *perm)
{
	find_owner(lookup, &perm->task);
	find_owner(lookup, &perm->admin);
}

int cgconfig_find_accounts(struct cgconfig *config, struct diagnostics *diagnostics)
{
	struct lookup lookup = { .config = config, .diagnostics = diagnostics };

	for (size_t i = 0; i < config->groups.count; i++)
		find_perm(&lookup, &config->groups.items[i].perm);
	for (size_t i = 0; i < config->templates.count; i++)
		find_perm(&lookup, &config->templates.items[i].perm);
	find_perm(&lookup, &config->defaults);
	if (lookup.accounts.gave_up)
		diagnostics_add(diagnostics, SEVERITY_WARNING, NULL, NULL, 0, 0, 0, NULL, "%s",
				accounts_told);
	accounts_done(&lookup.accounts);
	return lookup.result;
}

/* ---- files ---- */

bool cgconfig_file_is_wanted(const char *name, const char *shown, struct diagnostics *diagnostics)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && streq(dot, ".conf");
}

struct reading {
	struct cgconfig *config;
	enum cgconfig_flags flags;
	struct diagnostics *diagnostics;
};

static int read_one(const char *shown, const char *text, size_t size, void *userdata)
{
	const struct reading *reading = userdata;

	return cgconfig_parse(reading->config, shown, text, size, reading->flags,
			      reading->diagnostics);
}

int cgconfig_read(struct cgconfig *config, const char *path, enum load_flags load,
		  enum cgconfig_flags flags, struct diagnostics *diagnostics)
{
	struct reading reading = { config, flags, diagnostics };

	return config_files_each(diagnostics, load, CGCONFIG_SIZE_MAX, path,
				 cgconfig_file_is_wanted, read_one, &reading);
}
