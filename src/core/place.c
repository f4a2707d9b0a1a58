// SPDX-License-Identifier: MIT
/* A path is taken as one of a group only after its fields are filled in and it was checked again:
 * values are any user's word, and empty ones would make it another group's. */
#include "core/place.h"

#include "util/fields.h"

#include <limits.h>

int place_find(const struct policy_effect *effect, const struct layout *layout,
	       struct destination *destination)
{
	int failed = 0;

	destination_begin(destination);
	for (size_t i = 0; i < effect->place.count; i++) {
		const struct policy_destination *item = &effect->place.items[i];
		int r = destination_add(destination, layout, item->controllers, item->path);

		failed = failed ? failed : r;
	}
	return failed;
}

/* "cpu:/a, memory:/b", or nothing where it does not fit. */
static void note(char made[static DECISION_GROUP], const char *controllers, const char *path)
{
	size_t used = strlen(made);
	int n = snprintf(made + used, DECISION_GROUP - used, "%s%s:%s", used > 0 ? ", " : "",
			 controllers, path);

	if (n < 0 || (size_t)n >= DECISION_GROUP - used)
		made[0] = '\0';
}

static int expand(const char *template, struct slice (*value)(char, void *), void *userdata,
		  char path[static PATH_MAX])
{
	ssize_t n = fields_expand_into(template, value, userdata, path, PATH_MAX);

	if (n < 0)
		return n == -ENOBUFS ? -ENAMETOOLONG : (int)n;
	return streq(path, "/") ? 0 : group_name_check(path + 1, NULL);
}

int place_expand(const struct policy_effect *effect, const struct layout *layout,
		 struct slice (*value)(char letter, void *userdata), void *userdata,
		 char made[static DECISION_GROUP], struct destination *destination)
{
	int failed = 0;
	bool fits = true;

	destination_begin(destination);
	made[0] = '\0';
	for (size_t i = 0; i < effect->place.count; i++) {
		const struct policy_destination *item = &effect->place.items[i];
		char path[PATH_MAX];
		int r = expand(item->path, value, userdata, path);

		if (r >= 0)
			r = destination_add(destination, layout, item->controllers, path);
		failed = failed ? failed : r;
		if (fits && (r >= 0 || r == -ENODEV))
			note(made, item->controllers, path);
		fits = fits && made[0] != '\0';
	}
	return failed;
}

/* The end of what stands for an item: where the next one begins, or the end of all. */
static const char *end_of(const struct policy_effect *effect, size_t index, const char *text)
{
	char next[PATH_MAX];
	const char *found;

	if (index + 1 == effect->place.count)
		return text + strlen(text);
	snprintf(next, sizeof(next), ", %s:/", effect->place.items[index + 1].controllers);
	found = strstr(text, next);
	return found ? found : text;
}

int place_again(const struct policy_effect *effect, const struct layout *layout, const char *made,
		struct destination *destination)
{
	const char *at = made;

	destination_begin(destination);
	for (size_t i = 0; i < effect->place.count; i++) {
		const char *controllers = effect->place.items[i].controllers, *end;
		size_t size = strlen(controllers);
		char path[DECISION_GROUP];
		int r;

		at += i > 0 ? 2 : 0;
		end = end_of(effect, i, at);
		if (strncmp(at, controllers, size) != 0 || at[size] != ':' || end <= at + size)
			return -ENOENT;
		at += size + 1;
		snprintf(path, sizeof(path), "%.*s", (int)(end - at), at);
		r = destination_add(destination, layout, controllers, path);
		if (r < 0 && r != -ENODEV)
			return r;
		at = end;
	}
	return *at == '\0' ? 0 : -ENOENT;
}

const struct policy_effect *place_of_decision(const struct decision *decision,
					      const struct policy *policy)
{
	const struct outcome *outcome = &decision->outcome;
	const struct policy_rule *rule;

	if (decision->group != POLICY_NONE || decision->group_rule < 0 ||
	    !((outcome->done | outcome->failed | outcome->dry) >> EFFECT_PLACE & 1))
		return NULL;
	rule = &policy->rules[decision->group_rule];
	for (size_t i = 0; i < rule->effect_count; i++)
		if (rule->effects[i].kind == EFFECT_PLACE)
			return &rule->effects[i];
	return NULL;
}
