// SPDX-License-Identifier: MIT
/* Profiles; 'j' and a newline before it: as JSON. Values are put into a recipe, but for those that
 * would look at files of this machine. */
#include "config/profile.h"
#include "launch/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	if (streq(key, "seccomp") && strchr(value, '/'))
		return 0;
	return recipe_set(userdata, key, value, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(recipe_freep) struct recipe *recipe = NULL;
	_cleanup_(freep) char *description = NULL;
	bool json = size > 1 && data[0] == 'j' && data[1] == '\n';
	size_t skip = json ? 2 : 0;
	struct profile_schema schema = { recipe_key_name, take, NULL };
	int r;

	if (recipe_new(&recipe) < 0)
		return 0;
	schema.userdata = recipe;
	r = profile_parse(json ? "fuzz.json" : "fuzz.yaml", (const char *)data + skip, size - skip,
			  &schema, &description, &diagnostics);
	if ((r < 0) != (diagnostics.errors > 0))
		abort();
	return 0;
}
