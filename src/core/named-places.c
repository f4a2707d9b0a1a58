// SPDX-License-Identifier: MIT
/*
 * A child is where its parent was put. Whether a rule has put it there is not remembered but seen:
 * the place is one of those that rules give to programs they name. So it holds over a restart, and
 * for what somebody has put there by hand.
 */
#include "core/named-places.h"

static bool any_yields(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].yields)
			return true;
	return false;
}

static int add_effect(struct named_places *places, const struct policy_effect *effect)
{
	for (size_t i = 0; i < effect->place.count; i++) {
		const char *path = effect->place.items[i].path, *field = strchr(path, '%');
		struct slice *larger;

		if (!field) {
			if (hash_put_string(&places->paths, path, places, NULL) < 0)
				return -ENOMEM;
			continue;
		}
		larger = reallocarray(places->prefixes, places->prefix_count + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		places->prefixes = larger;
		larger[places->prefix_count++] = (struct slice){ path, (size_t)(field - path) };
	}
	return 0;
}

int named_places_init(struct named_places *places, const struct policy *policy)
{
	*places = (struct named_places){ 0 };
	hash_init(&places->paths);
	if (!any_yields(policy))
		return 0;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t k = 0; !rule->yields && k < rule->effect_count; k++)
			if (rule->effects[k].kind == EFFECT_PLACE &&
			    add_effect(places, &rule->effects[k]) < 0)
				return -ENOMEM;
	}
	return 0;
}

void named_places_done(struct named_places *places)
{
	hash_done(&places->paths);
	free(places->prefixes);
	places->prefixes = NULL;
	places->prefix_count = 0;
}

static bool is_named(const struct named_places *places, struct slice path)
{
	if (places->paths.used > 0 && hash_get(&places->paths, path.data, path.size))
		return true;
	for (size_t i = 0; i < places->prefix_count; i++) {
		struct slice prefix = places->prefixes[i];

		if (path.size > prefix.size && memcmp(path.data, prefix.data, prefix.size) == 0)
			return true;
	}
	return false;
}

bool named_places_have(const struct named_places *places, const struct placement *placement,
		       const struct membership *was)
{
	for (size_t i = 0; i < placement->count; i++) {
		const struct placement_seat *seat = &placement->in[i];
		struct slice path;
		size_t mounted;

		if (!membership_path(was, seat->hierarchy, &path.data, &path.size) || !seat->below)
			continue;
		/* Rules name paths below where the hierarchy is mounted. */
		mounted = seat->path_length - MIN(seat->path_length, strlen(seat->below) + 1);
		if (path.size < mounted || memcmp(path.data, seat->path, mounted) != 0)
			continue;
		path.data += mounted;
		path.size -= mounted;
		if (is_named(places, path))
			return true;
	}
	return false;
}
