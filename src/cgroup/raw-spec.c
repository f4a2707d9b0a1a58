// SPDX-License-Identifier: MIT
/* The first colon ends the controllers; what follows is the path, colons and all. */
#include "cgroup/raw-spec.h"

void raw_spec_done(struct raw_spec *spec)
{
	for (size_t i = 0; i < spec->count; i++)
		free(spec->controllers[i]);
	free(spec->controllers);
	free(spec->path);
	*spec = (struct raw_spec){ 0 };
}

static int add_controller(struct raw_spec *spec, const char *name)
{
	char **larger = reallocarray(spec->controllers, spec->count + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	spec->controllers = larger;
	larger[spec->count] = strdup(name);
	if (!larger[spec->count])
		return -ENOMEM;
	spec->count++;
	spec->all |= streq(name, "*");
	return 0;
}

int raw_spec_parse(const char *text, struct raw_spec *ret_spec)
{
	_cleanup_(raw_spec_done) struct raw_spec spec = { 0 };
	const char *colon = strchr(text, ':');
	_cleanup_(freep) char *names = NULL;
	char *name, *rest;

	if (!colon || !colon[1])
		return -EINVAL;
	names = strndup(text, (size_t)(colon - text));
	spec.path = strdup(colon + 1);
	if (!names || !spec.path)
		return -ENOMEM;
	rest = *names ? names : NULL;
	while ((name = strsep(&rest, ","))) {
		int r = *name ? add_controller(&spec, name) : -EINVAL;

		if (r < 0)
			return r;
	}
	*ret_spec = spec;
	spec = (struct raw_spec){ 0 };
	return 0;
}
