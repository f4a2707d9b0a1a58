// SPDX-License-Identifier: MIT
/* One option for each key of a recipe. What its value means, the recipe alone knows. */
#include "cli/launch-options.h"

size_t launch_options_rows(struct cli *cli, struct option *to)
{
	const struct recipe_key *key;
	size_t i;

	for (i = 0; (key = recipe_key_at(i)); i++)
		to[i] = (struct option){
			.name = key->name,
			.kind = key->form == RECIPE_FLAG ? OPTION_FLAG : OPTION_LIST,
			.value = key->value,
			.help = key->help,
			.target = key->form == RECIPE_FLAG ? (void *)&cli->launch_flags[i]
							   : (void *)&cli->launch[i],
		};
	return i;
}

bool launch_options_given(const struct cli *cli)
{
	for (size_t i = 0; i < RECIPE_KEYS_MAX; i++)
		if (cli->launch_flags[i] || cli->launch[i].count > 0)
			return true;
	return false;
}

int launch_options_apply(const struct cli *cli, struct recipe *recipe, struct error *err)
{
	const struct recipe_key *key;
	int r = 0;

	for (size_t i = 0; r == 0 && (key = recipe_key_at(i)); i++) {
		if (cli->launch_flags[i])
			r = recipe_set(recipe, key->name, "yes", err);
		for (size_t j = 0; r == 0 && j < cli->launch[i].count; j++)
			r = recipe_set(recipe, key->name, cli->launch[i].values[j], err);
	}
	return r;
}

void launch_options_done(struct cli *cli)
{
	for (size_t i = 0; i < RECIPE_KEYS_MAX; i++)
		option_list_done(&cli->launch[i]);
}
