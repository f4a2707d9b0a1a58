// SPDX-License-Identifier: MIT
/*
 * The keys of a launch in one table, which is also that of `reeve run`'s options. A setter reads
 * its value at once, so that an error names the option; what depends on several (a sandbox needs a
 * mount namespace, a user may need a map) is settled when the plan is asked for.
 */
#include "launch/recipe-internal.h"

#include "util/suggest.h"

static recipe_setter set_env, set_clear_env;

static const struct row {
	struct recipe_key key;
	recipe_setter *set;
} rows[] = {
	{ { "unshare", KEY_LIST, "NAMES",
	    "namespaces of its own: all, or user,mount (mnt),pid,net,ipc,uts,cgroup,time" },
	  recipe_set_unshare },
	{ { "map-user", KEY_LIST, "IN[:OUT[:N]]",
	    "users of the user namespace; repeatable (default: oneself)" },
	  recipe_set_map_user },
	{ { "map-group", KEY_LIST, "IN[:OUT[:N]]", "the same for groups" }, recipe_set_map_group },
	{ { "net", KEY_VALUE, "none|host|NAME",
	    "network: loopback alone, ours, or that of ip-netns(8)" },
	  recipe_set_net },
	{ { "hostname", KEY_VALUE, "NAME", "host name, in a UTS namespace" }, recipe_set_hostname },
	{ { "sysctl", KEY_LIST, "NAME=VALUE", "a setting of the kernel, of a new namespace" },
	  recipe_set_sysctl },
	{ { "root", KEY_VALUE, "DIR", "the folder becomes the root" }, recipe_set_root },
	{ { "empty-root", KEY_FLAG, NULL, "an empty tmpfs becomes the root" },
	  recipe_set_empty_root },
	{ { "ro-root", KEY_FLAG, NULL, "the root and all mounted in it is read-only" },
	  recipe_set_ro_root },
	{ { "overlay", KEY_VALUE, "tmp|DIR",
	    "what is written to the root goes to memory, or to DIR" },
	  recipe_set_overlay },
	{ { "bind", KEY_LIST, "PATH[:AT[:OPTIONS]]",
	    "shows a file or folder of ours; options: ro,nosuid,nodev,noexec,shallow,optional" },
	  recipe_set_bind },
	{ { "ro-bind", KEY_LIST, "PATH[:AT[:OPTIONS]]", "the same, read-only" },
	  recipe_set_ro_bind },
	{ { "tmpfs", KEY_LIST, "AT[:OPTIONS]", "an empty folder in memory: /tmp:size=64m" },
	  recipe_set_tmpfs },
	{ { "mount", KEY_LIST, "TYPE:AT[:OPTIONS]",
	    "another file system without a device: sysfs:/sys:ro" },
	  recipe_set_mount },
	{ { "make-targets", KEY_FLAG, NULL, "mount points that are missing in the root are made" },
	  recipe_set_make_targets },
	{ { "proc", KEY_FLAG, NULL, "a new /proc" }, recipe_set_proc },
	{ { "dev", KEY_FLAG, NULL, "a new /dev with null, zero, random, tty and the like" },
	  recipe_set_dev },
	{ { "mask", KEY_LIST, "PATH", "nothing is to be seen there" }, recipe_set_mask },
	{ { "read-only", KEY_LIST, "PATH", "what is there then, and below it, is read-only" },
	  recipe_set_read_only },
	{ { "device", KEY_LIST, "PATH", "a device of ours, at the same place" },
	  recipe_set_device },
	{ { "symlink", KEY_LIST, "TARGET:AT", "a symbolic link" }, recipe_set_symlink },
	{ { "mkdir", KEY_LIST, "AT", "an empty folder" }, recipe_set_mkdir },
	{ { "chdir", KEY_VALUE, "DIR", "working directory, in the new root" }, recipe_set_chdir },
	{ { "env", KEY_LIST, "NAME[=VALUE]", "sets a variable, or removes it" }, set_env },
	{ { "clear-env", KEY_FLAG, NULL, "no variables but those of --env" }, set_clear_env },
	{ { "user", KEY_VALUE, "USER[:GROUP]", "who it runs as, by name or number" },
	  recipe_set_user },
	{ { "groups", KEY_VALUE, "LIST", "supplementary groups; \"\" for none" },
	  recipe_set_groups },
	{ { "no-new-privs", KEY_FLAG, NULL, "no set-user-id program gives it more" },
	  recipe_set_no_new_privs },
	{ { "capabilities", KEY_VALUE, "LIST",
	    "keeps these and no others: names, \"none\" or \"all\"; a sandbox has none" },
	  recipe_set_capabilities },
	{ { "seccomp", KEY_VALUE, "POLICY",
	    "which system calls: a preset, a file (with a /) or a policy; reeve-seccomp(5)" },
	  recipe_set_seccomp },
	{ { "allow-read", KEY_LIST, "PATH", "reads there and nowhere else; \"none\": nowhere" },
	  recipe_set_allow_read },
	{ { "allow-write", KEY_LIST, "PATH", "writes there and nowhere else; reads there, too" },
	  recipe_set_allow_write },
	{ { "allow-execute", KEY_LIST, "PATH", "executes only what is there" },
	  recipe_set_allow_execute },
	{ { "allow-connect", KEY_LIST, "PORT", "connects to this TCP port only" },
	  recipe_set_allow_connect },
	{ { "allow-bind", KEY_LIST, "PORT", "listens on this TCP port only" },
	  recipe_set_allow_bind },
	{ { "umask", KEY_VALUE, "OCTAL", "mask of file modes" }, recipe_set_umask },
	{ { "nice", KEY_VALUE, "N", "from -20 to 19" }, recipe_set_nice },
	{ { "ionice", KEY_VALUE, "CLASS[:N]", "idle, best-effort:0-7 or realtime:0-7" },
	  recipe_set_ionice },
	{ { "sched", KEY_VALUE, "POLICY[:N]",
	    "other, batch, idle, fifo:1-99, rr:1-99 or deadline:RUNTIME/DEADLINE/PERIOD" },
	  recipe_set_sched },
	{ { "affinity", KEY_VALUE, "LIST", "processors, without a group: 0-3,8" },
	  recipe_set_affinity },
	{ { "oom-score-adj", KEY_VALUE, "N", "from -1000 to 1000" }, recipe_set_oom_score_adj },
	{ { "rlimit", KEY_LIST, "NAME=SOFT[:HARD]", "resource limit: nofile=1024:4096" },
	  recipe_set_rlimit },
	{ { "new-session", KEY_FLAG, NULL, "a session of its own, without our terminal" },
	  recipe_set_new_session },
	{ { "init", KEY_FLAG, NULL,
	    "a first process beside it, which reaps orphans; in a process namespace" },
	  recipe_set_init },
	{ { "die-with-parent", KEY_FLAG, NULL, "killed when what started it ends" },
	  recipe_set_die_with_parent },
};

_Static_assert(ARRAY_SIZE(rows) < RECIPE_KEYS_MAX, "more keys than users have room for");

const struct recipe_key *recipe_key_at(size_t index)
{
	return index < ARRAY_SIZE(rows) ? &rows[index].key : NULL;
}

const char *recipe_key_name(size_t index, enum key_form *ret_form, _unused_ void *userdata)
{
	const struct recipe_key *key = recipe_key_at(index);

	if (key)
		*ret_form = key->form;
	return key ? key->name : NULL;
}

int recipe_new(struct recipe **ret_recipe)
{
	struct recipe *recipe = calloc(1, sizeof(*recipe));

	if (!recipe)
		return -ENOMEM;
	recipe->net_join.fd = -1;
	*ret_recipe = recipe;
	return 0;
}

void recipe_free(struct recipe *recipe)
{
	if (!recipe)
		return;
	for (size_t i = 0; i < recipe->string_count; i++)
		free(recipe->strings[i]);
	recipe_confinement_done(recipe);
	closep(&recipe->net_join.fd);
	free(recipe->strings);
	free(recipe->users);
	free(recipe->groups);
	free(recipe->mounts);
	free(recipe->settings);
	free(recipe->rlimits);
	free(recipe->group_list);
	free(recipe->affinity);
	free(recipe->env);
	free(recipe->envp);
	free(recipe);
}

bool recipe_grow(void *array, size_t count, size_t element_size)
{
	void **at = array;
	void *grown;

	/* In steps of 8: the lists are short. */
	if (count % 8 != 0)
		return true;
	grown = reallocarray(*at, count + 8, element_size);
	if (grown)
		*at = grown;
	return grown;
}

char *recipe_keep(struct recipe *recipe, const char *text, size_t size)
{
	char *copy = strndup(text, size);

	if (!copy || !recipe_grow(&recipe->strings, recipe->string_count, sizeof(char *))) {
		free(copy);
		return NULL;
	}
	recipe->strings[recipe->string_count++] = copy;
	return copy;
}

int recipe_flag(const char *value, bool *ret_flag, struct error *err)
{
	bool yes = streq(value, "yes") || streq(value, "true") || streq(value, "on");

	if (!yes && !streq(value, "no") && !streq(value, "false") && !streq(value, "off"))
		return error_set(err, -EINVAL, "\"%s\" is neither yes nor no", value);
	*ret_flag = yes;
	return 0;
}

static int set_env(struct recipe *recipe, const char *value, struct error *err)
{
	char *copy;

	if (!*value || *value == '=')
		return error_set(err, -EINVAL, "\"%s\" is not written NAME=VALUE", value);
	copy = recipe_keep(recipe, value, strlen(value));
	if (!copy || !recipe_grow(&recipe->env, recipe->env_count, sizeof(char *)))
		return error_oom(err);
	recipe->env[recipe->env_count++] = copy;
	return 0;
}

static int set_clear_env(struct recipe *recipe, const char *value, struct error *err)
{
	return recipe_flag(value, &recipe->clear_env, err);
}

int recipe_set(struct recipe *recipe, const char *key, const char *value, struct error *err)
{
	const char *names[ARRAY_SIZE(rows)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		names[i] = rows[i].key.name;
		if (streq(key, names[i])) {
			int r = rows[i].set(recipe, value, err);

			return r < 0 ? error_wrap(err, "%s", key) : 0;
		}
	}
	near = suggest(key, names, ARRAY_SIZE(rows));
	return error_set(err, -EINVAL, "there is no key \"%s\"%s%s%s", key,
			 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* ---- the plan ---- */

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

/* Where a variable of this name stands, or the place behind the last. */
static size_t find_variable(char *const *envp, size_t count, const char *variable)
{
	size_t length = name_length(variable), i;

	for (i = 0; i < count; i++)
		if (name_length(envp[i]) == length && strncmp(envp[i], variable, length) == 0)
			break;
	return i;
}

/* What is there, with what was set; the last of a name holds, and a bare name removes it. */
static int finish_env(struct recipe *recipe, char *const *given, struct error *err)
{
	size_t count = 0, room = recipe->env_count + 1;

	while (given[count])
		count++;
	free(recipe->envp);
	recipe->envp = calloc(count + room, sizeof(char *));
	if (!recipe->envp)
		return error_oom(err);
	if (recipe->clear_env)
		count = 0;
	for (size_t i = 0; i < count; i++)
		recipe->envp[i] = given[i];
	for (size_t i = 0; i < recipe->env_count; i++) {
		size_t at = find_variable(recipe->envp, count, recipe->env[i]);

		if (strchr(recipe->env[i], '='))
			recipe->envp[at] = recipe->env[i];
		else if (at < count)
			recipe->envp[at] = recipe->envp[--count];
		count += at == count && strchr(recipe->env[i], '=');
	}
	recipe->envp[count] = NULL;
	return 0;
}

/* The namespaces that are needed for what was asked, besides those that were named. */
static int finish_spaces(struct recipe *recipe, struct error *err)
{
	struct launch_namespaces *spaces = &recipe->namespaces;

	if (recipe->has_file_system)
		spaces->unshare |= CLONE_NEWNS;
	if (recipe->conditions.init)
		spaces->unshare |= CLONE_NEWPID;
	if (recipe->net_join.fd >= 0) {
		spaces->joins = &recipe->net_join;
		spaces->join_count = 1;
		spaces->unshare &= ~(uint64_t)CLONE_NEWNET;
	}
	if (recipe->keeps_net)
		spaces->unshare &= ~(uint64_t)CLONE_NEWNET;
	spaces->loopback = spaces->unshare & CLONE_NEWNET;
	if (spaces->hostname)
		spaces->unshare |= CLONE_NEWUTS;
	if (spaces->user_count > 0 || spaces->group_count > 0 ||
	    (spaces->unshare && geteuid() != 0))
		spaces->unshare |= CLONE_NEWUSER;
	spaces->settings = recipe->settings;
	if (recipe_check_settings(recipe, err) < 0)
		return -EINVAL;
	spaces->users = recipe->users;
	spaces->groups = recipe->groups;
	if (spaces->user_count > 0 && spaces->group_count == 0 && recipe->has_identity &&
	    recipe->identity.set_groups)
		return error_set(err, -EINVAL,
				 "supplementary groups in a user namespace take --map-group");
	return 0;
}

bool recipe_is_sandbox(const struct recipe *recipe)
{
	return recipe->namespaces.unshare || recipe->has_file_system;
}

int recipe_plan(struct recipe *recipe, struct launch_plan *plan, struct error *err)
{
	int r = recipe_finish_mounts(recipe, err);

	if (r == 0)
		r = finish_spaces(recipe, err);
	if (r == 0)
		r = recipe_finish_identity(recipe, err);
	if (r == 0)
		r = recipe_finish_confinement(recipe, err);
	if (r == 0 && (recipe->env_count > 0 || recipe->clear_env)) {
		r = finish_env(recipe, plan->envp ? plan->envp : environ, err);
		plan->envp = recipe->envp;
	}
	if (r < 0)
		return r;
	recipe_finish_process(recipe);
	if (recipe->folder)
		plan->folder = recipe->folder;
	if (recipe->namespaces.unshare || recipe->namespaces.join_count)
		plan->namespaces = &recipe->namespaces;
	if (recipe->has_file_system)
		plan->file_system = &recipe->file_system;
	if (recipe->has_identity)
		plan->identity = &recipe->identity;
	if (recipe->has_conditions)
		plan->conditions = &recipe->conditions;
	if (recipe->has_confinement)
		plan->confinement = &recipe->confinement;
	return 0;
}
