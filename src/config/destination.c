// SPDX-License-Identifier: MIT
/*
 * Control groups that are not reeve's, as libcgroup's tools and rules name them:
 * "controllers:path". They become paths below the mount points of the hierarchies, so nothing may
 * lead out of there: what a field stands for is one part of a path, and what is written around
 * fields is checked here as a name of a group is.
 */
#include "config/schema.h"

#include "util/fields.h"
#include "util/text.h"

#include <ctype.h>

static int check_controllers(struct slice names, struct error *err)
{
	if (slice_eq(names, slice_of("*")))
		return 0;
	for (size_t i = 0; i < names.size; i++) {
		char c = names.data[i];

		if (c == ',' && (i == 0 || i + 1 == names.size || names.data[i + 1] == ','))
			return error_set(err, -EINVAL, "a controller's name is missing in \"%.*s\"",
					 (int)names.size, names.data);
		if (!isalnum((unsigned char)c) && !strchr("_-.=,", c))
			return error_set(err, -EINVAL,
					 "\"%.*s\" is no list of controllers; write "
					 "\"cpu,memory:/path\" or \"*:/path\"",
					 (int)names.size, names.data);
	}
	return 0;
}

/* Every field as "x": what is written around them is checked. */
static struct slice field_as_letter(char letter, void *userdata)
{
	return (struct slice){ "x", 1 };
}

static int check_path(const char *path, struct error *err)
{
	_cleanup_(text_done) struct text shown = { 0 };
	_cleanup_(error_done) struct error why = ERROR_INIT;
	int r;

	if (streq(path, "/"))
		return 0;
	if (fields_check(path, GROUP_FIELDS, &why) < 0)
		return error_set(err, -EINVAL, "path \"%.200s\": %s", path, error_text(&why));
	r = fields_expand(path + 1, field_as_letter, NULL, &shown);
	if (r < 0)
		return r == -ENOMEM ? error_oom(err) : r;
	if (group_name_check(shown.data ? shown.data : "", &why) < 0)
		return error_set(err, -EINVAL, "a group cannot be at \"%.200s\": %s", path,
				 error_text(&why));
	return 0;
}

int policy_destination_parse(struct arena *memory, const char *text,
			     struct policy_destination *ret_destination, struct error *err)
{
	const char *colon = strchr(text, ':'), *path;
	struct policy_destination made;
	size_t size;
	int r;

	if (!colon)
		return error_set(err, -EINVAL, "\"%.200s\" has no ':'; write \"cpu,memory:/path\"",
				 text);
	r = check_controllers((struct slice){ text, (size_t)(colon - text) }, err);
	if (r < 0)
		return r;
	for (path = colon + 1; *path == '/';)
		path++;
	for (size = strlen(path); size > 0 && path[size - 1] == '/';)
		size--;
	made.controllers = arena_copy(memory, text, (size_t)(colon - text));
	made.path = arena_alloc(memory, size + 2);
	if (!made.controllers || !made.path)
		return error_oom(err);
	made.path[0] = '/';
	memcpy(made.path + 1, path, size);
	r = check_path(made.path, err);
	if (r < 0)
		return r;
	*ret_destination = made;
	return 0;
}

int policy_place_init(struct arena *memory, struct policy_destination *items, size_t count,
		      struct policy_effect *ret_effect)
{
	_cleanup_(text_done) struct text text = { 0 };
	bool fields = false;

	for (size_t i = 0; i < count; i++) {
		text_add(&text, i > 0 ? ", " : "");
		text_add(&text, items[i].controllers);
		text_add(&text, ":");
		text_add(&text, items[i].path);
		fields |= strchr(items[i].path, '%') != NULL;
	}
	if (text.failed || count == 0)
		return count == 0 ? -EINVAL : -ENOMEM;
	ret_effect->kind = EFFECT_PLACE;
	ret_effect->place.text = arena_string(memory, text.data);
	ret_effect->place.items = items;
	ret_effect->place.count = count;
	ret_effect->place.fields = fields;
	return ret_effect->place.text ? 0 : -ENOMEM;
}
