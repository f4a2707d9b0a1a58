// SPDX-License-Identifier: MIT
/*
 * What a program may do: Landlock, capabilities, and with both of them seccomp (recipe-seccomp.c).
 *
 * Filters and rulesets hold for all that a program starts, too, and one with another user's rights
 * (setuid) must not meet calls that fail where it does not expect it: so the kernel wants
 * no_new_privs with them, and it is set whenever one is asked for. A sandbox has no capabilities
 * but those that were named, for root without a capability's check is what most ways out need.
 */
#include "launch/recipe-internal.h"

#include "launch/capability.h"

/* One kind of Landlock's: what was named so far. */
static int add_wish(struct recipe *recipe, struct recipe_wishes *wishes, const char *value,
		    struct error *err)
{
	const char *copy;

	if (!*value)
		return error_set(err, -EINVAL, "an empty word (\"none\" allows nothing)");
	copy = recipe_keep(recipe, value, strlen(value));
	if (!copy || !recipe_grow(&wishes->words, wishes->count, sizeof(char *)))
		return error_oom(err);
	wishes->words[wishes->count++] = copy;
	return 0;
}

int recipe_set_allow_read(struct recipe *recipe, const char *value, struct error *err)
{
	return add_wish(recipe, &recipe->read, value, err);
}

int recipe_set_allow_write(struct recipe *recipe, const char *value, struct error *err)
{
	return add_wish(recipe, &recipe->write, value, err);
}

int recipe_set_allow_execute(struct recipe *recipe, const char *value, struct error *err)
{
	return add_wish(recipe, &recipe->execute, value, err);
}

int recipe_set_allow_connect(struct recipe *recipe, const char *value, struct error *err)
{
	return add_wish(recipe, &recipe->connect, value, err);
}

int recipe_set_allow_bind(struct recipe *recipe, const char *value, struct error *err)
{
	return add_wish(recipe, &recipe->bind, value, err);
}

int recipe_set_capabilities(struct recipe *recipe, const char *value, struct error *err)
{
	int r = capability_parse(value, &recipe->kept_capabilities, err);

	recipe->capabilities_given = recipe->capabilities_given || r >= 0;
	return r;
}

static int finish_landlock(struct recipe *recipe, struct error *err)
{
	const struct landlock_wishes wishes = {
		.read = recipe->read.words,
		.write = recipe->write.words,
		.execute = recipe->execute.words,
		.connect = recipe->connect.words,
		.bind = recipe->bind.words,
		.read_count = recipe->read.count,
		.write_count = recipe->write.count,
		.execute_count = recipe->execute.count,
		.connect_count = recipe->connect.count,
		.bind_count = recipe->bind.count,
	};

	landlock_done(&recipe->landlock);
	return landlock_prepare(&wishes, landlock_version(), &recipe->landlock, err);
}

int recipe_finish_confinement(struct recipe *recipe, struct error *err)
{
	struct launch_confinement *confinement = &recipe->confinement;
	bool own_users = recipe->namespaces.unshare & CLONE_NEWUSER;
	bool may_bound = own_users || capability_may_bound();
	int r = finish_landlock(recipe, err);

	if (r < 0)
		return r;
	confinement->landlock = recipe->landlock.wanted ? &recipe->landlock.plan : NULL;
	if (recipe->capabilities_given || recipe_is_sandbox(recipe)) {
		recipe->capabilities = capability_keep(recipe->kept_capabilities, may_bound);
		confinement->capabilities = &recipe->capabilities;
	}
	/* Without a smaller bounding set, a file's own capabilities would bring them back. */
	if (confinement->seccomp || confinement->landlock || recipe_is_sandbox(recipe) ||
	    (confinement->capabilities && !may_bound))
		confinement->no_new_privileges = true;
	recipe->has_confinement = recipe->has_confinement || confinement->no_new_privileges ||
				  confinement->capabilities;
	return 0;
}

void recipe_confinement_done(struct recipe *recipe)
{
	recipe_seccomp_done(recipe);
	landlock_done(&recipe->landlock);
	free(recipe->read.words);
	free(recipe->write.words);
	free(recipe->execute.words);
	free(recipe->connect.words);
	free(recipe->bind.words);
}

const char *recipe_remark(const struct recipe *recipe, size_t index)
{
	const char *remarks[] = { recipe->seccomp_remark, recipe->landlock.remark };

	for (size_t i = 0; i < ARRAY_SIZE(remarks); i++)
		if (remarks[i] && index-- == 0)
			return remarks[i];
	return NULL;
}
