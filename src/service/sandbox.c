// SPDX-License-Identifier: MIT
/*
 * The options of `reeve run` in a manifest. They are tried when the manifest is read, so that every
 * mistake has its place, and made into a recipe at each start, for what they name may be another
 * file by then. Some are the manifest's own keys; to end with its parent would end a service with
 * the daemon.
 */
#include "service/sandbox.h"

static const struct {
	const char *key, *instead;
	/* Of a profile, which is not for services alone: it holds where the manifest says nothing,
	 * or is true of every service, or of none. */
	bool of_profile;
} elsewhere[] = {
	{ "chdir", "cwd", true }, { "clear-env", NULL, true }, { "die-with-parent", NULL, true },
	{ "env", "env", true },	  { "groups", "user" },	       { "user", "user" },
};

static int take_any(const char *key, const char *value, bool of_profile, struct recipe *trial,
		    struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		if (!streq(elsewhere[i].key, key) || (of_profile && elsewhere[i].of_profile))
			continue;
		if (elsewhere[i].instead)
			return error_set(err, -EINVAL,
					 "%s: a service has its own key for that, \"%s\", outside "
					 "of the sandbox",
					 key, elsewhere[i].instead);
		return error_set(err, -EINVAL, "%s: not for a service", key);
	}
	return recipe_set(trial, key, value, err);
}

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	struct service_sandbox *sandbox = userdata;

	return take_any(key, value, false, sandbox->trial, err);
}

static int take_of_profile(const char *key, const char *value, void *userdata, struct error *err)
{
	struct service_sandbox *sandbox = userdata;

	if (streq(key, "env") && service_sets_variable(value))
		return error_set(err, -EINVAL, "env: \"%s\" is set by reeve itself", value);
	return take_any(key, value, true, sandbox->trial, err);
}

int service_sandbox_init(struct service_sandbox *sandbox)
{
	*sandbox = (struct service_sandbox){
		.schema = { recipe_key_name, take, sandbox, &sandbox->of_profile },
		.of_profile = { recipe_key_name, take_of_profile, sandbox, NULL },
	};
	return recipe_new(&sandbox->trial);
}

void service_sandbox_done(struct service_sandbox *sandbox)
{
	recipe_free(sandbox->trial);
}

/* The environment is made anew for every service, and what starts it is a daemon that may end. */
static bool is_of_none(const char *key)
{
	return streq(key, "clear-env") || streq(key, "die-with-parent");
}

static int fill(const struct service_manifest *manifest, struct recipe *recipe, struct error *err)
{
	bool has_env = false;
	int r = 0;

	for (char **at = manifest->sandbox; r >= 0 && at[0]; at += 2) {
		if (is_of_none(at[0]))
			continue;
		has_env = has_env || streq(at[0], "env");
		r = recipe_set(recipe, at[0], at[1], err);
	}
	/* Behind the profile's: its own variables hold. */
	for (char **at = manifest->env; has_env && r >= 0 && at && *at; at++)
		r = recipe_set(recipe, "env", *at, err);
	return r;
}

int service_sandbox_plan(const struct service_manifest *manifest, struct recipe **ret_recipe,
			 struct launch_plan *plan, struct error *err)
{
	_cleanup_(recipe_freep) struct recipe *recipe = NULL;
	int r;

	if (!manifest->sandbox)
		return 0;
	if (recipe_new(&recipe) < 0)
		return error_oom(err);
	r = fill(manifest, recipe, err);
	if (r >= 0)
		r = recipe_plan(recipe, plan, err);
	if (r < 0)
		return error_wrap(err, "sandbox");
	if (manifest->cwd)
		plan->folder = manifest->cwd;
	*ret_recipe = TAKE_PTR(recipe);
	return 0;
}

void service_sandbox_join(const struct launch_conditions *given,
			  const struct launch_conditions *own, struct launch_rlimit *rlimits,
			  size_t room, struct launch_conditions *ret_conditions)
{
	struct launch_conditions joined = *given;
	size_t count = 0;

	/* Of two the later one holds. */
	for (size_t i = 0; i < own->rlimit_count && count < room; i++)
		rlimits[count++] = own->rlimits[i];
	for (size_t i = 0; i < given->rlimit_count && count < room; i++)
		rlimits[count++] = given->rlimits[i];
	joined.rlimits = rlimits;
	joined.rlimit_count = count;
	if (!given->set_nice) {
		joined.set_nice = own->set_nice;
		joined.nice = own->nice;
	}
	if (!given->set_oom_score) {
		joined.set_oom_score = own->set_oom_score;
		joined.oom_score = own->oom_score;
	}
	if (!given->set_umask) {
		joined.set_umask = own->set_umask;
		joined.umask = own->umask;
	}
	joined.new_session = own->new_session;
	joined.pid_text = own->pid_text;
	*ret_conditions = joined;
}
