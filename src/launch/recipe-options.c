// SPDX-License-Identifier: MIT
/* One option for each key of a recipe. What its value means, the recipe alone knows. */
#include "launch/recipe-options.h"

size_t recipe_options_rows(struct recipe_options *options, struct option *to)
{
	const struct recipe_key *key;
	size_t i;

	for (i = 0; (key = recipe_key_at(i)); i++)
		to[i] = (struct option){
			.name = key->name,
			.kind = key->form == KEY_FLAG ? OPTION_FLAG : OPTION_LIST,
			.value = key->value,
			.help = key->help,
			.target = key->form == KEY_FLAG ? (void *)&options->flags[i]
							: (void *)&options->lists[i],
		};
	return i;
}

bool recipe_options_given(const struct recipe_options *options)
{
	for (size_t i = 0; i < RECIPE_KEYS_MAX; i++)
		if (options->flags[i] || options->lists[i].count > 0)
			return true;
	return false;
}

int recipe_options_apply(const struct recipe_options *options, struct recipe *recipe,
			 struct error *err)
{
	const struct recipe_key *key;
	int r = 0;

	for (size_t i = 0; r == 0 && (key = recipe_key_at(i)); i++) {
		if (options->flags[i])
			r = recipe_set(recipe, key->name, "yes", err);
		for (size_t j = 0; r == 0 && j < options->lists[i].count; j++)
			r = recipe_set(recipe, key->name, options->lists[i].values[j], err);
	}
	return r;
}

void recipe_options_done(struct recipe_options *options)
{
	for (size_t i = 0; i < RECIPE_KEYS_MAX; i++)
		option_list_done(&options->lists[i]);
}
