// SPDX-License-Identifier: MIT
/*
 * What a profile says goes in front of the lists that options fill: of a key with one value the
 * last holds, so that the command line decides; lists are joined.
 */
#include "cli/profile-options.h"

#include "cli/limit-options.h"
#include "config/limit-words.h"
#include "config/profile.h"

struct reading {
	struct cli *cli;
	struct recipe *trial; /* what each value is tried on */
	size_t launch[RECIPE_KEYS_MAX],
		limits[LIMIT_COUNT]; /* how many of them are the profile's */
};

static size_t recipe_count(void)
{
	size_t count = 0;

	while (recipe_key_at(count))
		count++;
	return count;
}

static const char *key_at(size_t index, enum key_form *ret_form, void *userdata)
{
	size_t count = recipe_count();

	if (index < count)
		return recipe_key_name(index, ret_form, userdata);
	*ret_form = KEY_LIST;
	return index < count + LIMIT_COUNT ? limit_option_at((enum limit)(index - count))->name
					   : NULL;
}

/* A copy that lives as long as `cli`. */
static const char *keep(struct cli *cli, const char *value)
{
	char *copy = strdup(value);
	char **grown = copy ? reallocarray(cli->profile_strings, cli->profile_string_count + 1,
					   sizeof(char *))
			    : NULL;

	if (!grown) {
		free(copy);
		return NULL;
	}
	cli->profile_strings = grown;
	cli->profile_strings[cli->profile_string_count++] = copy;
	return copy;
}

static int insert(struct option_list *list, size_t at, const char *value, struct error *err)
{
	const char **grown =
		value ? reallocarray(list->values, list->count + 1, sizeof(char *)) : NULL;

	if (!grown)
		return error_oom(err);
	memmove(grown + at + 1, grown + at, (list->count - at) * sizeof(char *));
	grown[at] = value;
	list->values = grown;
	list->count++;
	return 0;
}

static int take_launch(struct reading *reading, size_t index, const char *value, struct error *err)
{
	const struct recipe_key *key = recipe_key_at(index);
	struct cli *cli = reading->cli;
	int r = recipe_set(reading->trial, key->name, value, err);

	if (r < 0)
		return r;
	if (key->form == KEY_FLAG) {
		cli->launch.flags[index] = cli->launch.flags[index] || streq(value, "yes");
		return 0;
	}
	return insert(&cli->launch.lists[index], reading->launch[index]++, keep(cli, value), err);
}

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	struct reading *reading = userdata;

	for (size_t i = 0; recipe_key_at(i); i++)
		if (streq(recipe_key_at(i)->name, key))
			return take_launch(reading, i, value, err);
	for (enum limit i = 0; i < LIMIT_COUNT; i++)
		if (streq(limit_option_at(i)->name, key)) {
			int r = limit_word_check(i, value, err);

			return r < 0 ? r
				     : insert(&reading->cli->limits[i], reading->limits[i]++,
					      keep(reading->cli, value), err);
		}
	return error_set(err, -EINVAL, "there is no key \"%s\"", key);
}

int profile_options_read(struct cli *cli, const char *word, char **ret_description,
			 struct diagnostics *diagnostics, struct error *err)
{
	_cleanup_(recipe_freep) struct recipe *trial = NULL;
	_cleanup_(freep) char *path = NULL, *description = NULL;
	struct reading reading = { .cli = cli };
	const struct profile_schema schema = { key_at, take, &reading };
	int r = profile_find(word, &path, err);

	if (r < 0)
		return r;
	if (recipe_new(&trial) < 0)
		return error_oom(err);
	reading.trial = trial;
	/* What root is held to must be root's. */
	r = profile_load(path, geteuid() == 0 ? LOAD_REQUIRE_OWNERSHIP : 0, &schema, &description,
			 diagnostics);
	if (r == 0 && ret_description)
		*ret_description = TAKE_PTR(description);
	return r;
}

int profile_options_apply(struct cli *cli)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	struct error err = ERROR_INIT;
	int r;

	if (!cli->profile)
		return EXIT_DONE;
	r = profile_options_read(cli, cli->profile, NULL, &diagnostics, &err);
	diagnostics_print(&diagnostics, cli->colour_err, cli->err);
	if (r < 0 && diagnostics.errors == 0)
		return cli_usage(cli, &err);
	error_done(&err);
	return r < 0 ? EXIT_USAGE : EXIT_DONE;
}

/* A group that the words name is one that is there; without limits none is made. */
static int take_name(struct cli *cli, const char *name, struct error *err)
{
	if (cli->group || cli->name)
		return 0;
	cli->name = keep(cli, name);
	return cli->name ? 0 : error_oom(err);
}

static int take_of_bundle(const char *key, const char *value, void *userdata, struct error *err)
{
	struct reading *reading = userdata;

	return streq(key, "name") ? take_name(reading->cli, value, err)
				  : take(key, value, userdata, err);
}

int bundle_options_apply(struct cli *cli, char ***operands)
{
	_cleanup_(recipe_freep) struct recipe *trial = NULL;
	struct reading reading = { .cli = cli };
	struct error err = ERROR_INIT;
	bool named = cli->name;
	int r;

	if (!cli->bundle)
		return EXIT_DONE;
	r = recipe_new(&trial);
	reading.trial = trial;
	if (r == 0)
		r = bundle_load(cli->bundle, take_of_bundle, &reading, &cli->container, &err);
	if (r < 0)
		return cli_usage(cli, &err);
	if (!named && !limit_options_given(cli))
		cli->name = NULL;
	for (size_t i = 0; i < cli->container.remark_count; i++)
		cli_say(cli, "%s", cli->container.remarks[i]);
	cli->pty = cli->pty || cli->container.terminal;
	if (!(*operands)[0] && cli->container.argv)
		*operands = cli->container.argv;
	return EXIT_DONE;
}

void profile_options_done(struct cli *cli)
{
	bundle_done(&cli->container);
	for (size_t i = 0; i < cli->profile_string_count; i++)
		free(cli->profile_strings[i]);
	free(cli->profile_strings);
}
