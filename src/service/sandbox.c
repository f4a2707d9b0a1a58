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
} elsewhere[] = {
	{ "chdir", "cwd" }, { "clear-env", NULL }, { "die-with-parent", NULL },
	{ "env", "env" },   { "groups", "user" },  { "user", "user" },
};

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		if (!streq(elsewhere[i].key, key))
			continue;
		if (elsewhere[i].instead)
			return error_set(err, -EINVAL,
					 "%s: a service has its own key for that, \"%s\", outside "
					 "of the sandbox",
					 key, elsewhere[i].instead);
		return error_set(err, -EINVAL, "%s: not for a service", key);
	}
	return recipe_set(userdata, key, value, err);
}

int service_sandbox_schema(struct recipe **trial, struct profile_schema *ret_schema)
{
	int r = recipe_new(trial);

	*ret_schema = (struct profile_schema){ recipe_key_name, take, *trial };
	return r;
}

int service_sandbox_plan(const struct service_manifest *manifest, struct recipe **ret_recipe,
			 struct launch_plan *plan, struct error *err)
{
	_cleanup_(recipe_freep) struct recipe *recipe = NULL;
	int r = 0;

	if (!manifest->sandbox)
		return 0;
	if (recipe_new(&recipe) < 0)
		return error_oom(err);
	for (char **at = manifest->sandbox; r >= 0 && at[0]; at += 2)
		r = recipe_set(recipe, at[0], at[1], err);
	if (r >= 0)
		r = recipe_plan(recipe, plan, err);
	if (r < 0)
		return error_wrap(err, "sandbox");
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
