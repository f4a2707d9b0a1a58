// SPDX-License-Identifier: MIT
/* Names of fields to bits, with a suggestion for a name that there is not. */
#include "export/selection.h"

#include "util/suggest.h"

void selection_all(struct selection *selection)
{
	*selection = (struct selection){ .type = true, .source = true };
	for (size_t i = 0; i < FIELDS; i++)
		selection->fields[i / 64] |= UINT64_C(1) << i % 64;
}

static int refuse(const char *name, struct error *err)
{
	const char *names[FIELDS + 2] = { "type", "source" };
	_cleanup_(text_done) struct text safe = { 0 };
	const char *near;

	for (size_t i = 0; i < FIELDS; i++)
		names[i + 2] = event_fields[i].name;
	near = suggest(name, names, ARRAY_SIZE(names));
	text_add_escaped(&safe, name, strlen(name));
	return error_set(err, -EINVAL, "there is no field \"%s\"%s%s%s", safe.data ? safe.data : "",
			 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool is_within(const char *field, const char *object)
{
	size_t size = strlen(object);

	return strncmp(field, object, size) == 0 && (field[size] == '\0' || field[size] == '.');
}

static int select_one(struct selection *selection, const char *name, struct error *err)
{
	bool found = true;

	if (streq(name, "type")) {
		selection->type = true;
	} else if (streq(name, "source")) {
		selection->source = true;
	} else {
		found = false;
		for (size_t i = 0; i < FIELDS; i++) {
			if (!is_within(event_fields[i].name, name))
				continue;
			selection->fields[i / 64] |= UINT64_C(1) << i % 64;
			found = true;
		}
	}
	return found ? 0 : refuse(name, err);
}

int selection_parse(const char *list, struct selection *ret_selection, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(list);
	struct selection selection = { 0 };
	char *rest = copy, *name;
	int r;

	if (!copy)
		return error_oom(err);
	while ((name = strsep(&rest, ","))) {
		r = select_one(&selection, name, err);
		if (r < 0)
			return r;
	}
	*ret_selection = selection;
	return 0;
}
