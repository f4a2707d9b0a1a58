// SPDX-License-Identifier: MIT
/* Groups of calls, and what was meant by a name. Numbers: seccomp-calls*.c. */
#include "launch/seccomp-names.h"

#include "util/suggest.h"

enum { NAME_MOST = 64 };

/* ---- groups ---- */

const struct seccomp_group *seccomp_group_find(const char *name, size_t size)
{
	for (size_t i = 0; i < seccomp_group_count; i++)
		if (strlen(seccomp_groups[i].name) == size &&
		    memcmp(seccomp_groups[i].name, name, size) == 0)
			return &seccomp_groups[i];
	return NULL;
}

const struct seccomp_preset *seccomp_preset_find(const char *name)
{
	for (size_t i = 0; i < seccomp_preset_count; i++)
		if (streq(seccomp_presets[i].name, name))
			return &seccomp_presets[i];
	return NULL;
}

static int each_word(const char *word, size_t size, int (*function)(uint32_t, void *),
		     void *userdata)
{
	char name[NAME_MOST];
	int number;

	if (word[0] == '@')
		return seccomp_group_each(seccomp_group_find(word + 1, size - 1), function,
					  userdata);
	if (size >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, word, size);
	name[size] = '\0';
	number = seccomp_call_number(name);
	return number < 0 ? 0 : function((uint32_t)number, userdata);
}

/* The groups are constants that a test goes through: a group in a group is there. */
int seccomp_group_each(const struct seccomp_group *group, // NOLINT(misc-no-recursion)
		       int (*function)(uint32_t number, void *userdata), void *userdata)
{
	const char *at = group ? group->calls : "";

	while (*at) {
		size_t size = strcspn(at, " ");
		int r = each_word(at, size, function, userdata);

		if (r < 0)
			return r;
		at += size;
		at += strspn(at, " ");
	}
	return 0;
}

/* ---- what is meant ---- */

char *seccomp_suggest_call(const char *name)
{
	const char *names[SECCOMP_CALLS_END];
	char *owned[SECCOMP_CALLS_END], *result = NULL;
	const char *near;
	size_t count = 0;

	for (uint32_t i = 0; i < SECCOMP_CALLS_END; i++) {
		char *known = seccomp_call_name(i);

		if (!known)
			continue;
		owned[count] = known;
		names[count++] = known;
	}
	near = suggest(name, names, count);
	if (near)
		result = strdup(near);
	for (size_t i = 0; i < count; i++)
		free(owned[i]);
	return result;
}

enum { GROUPS_MOST = 64 };

const char *seccomp_suggest_group(const char *name)
{
	const char *names[GROUPS_MOST];
	size_t count = MIN(seccomp_group_count, (size_t)GROUPS_MOST);

	for (size_t i = 0; i < count; i++)
		names[i] = seccomp_groups[i].name;
	return suggest(name, names, count);
}
