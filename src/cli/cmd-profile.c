// SPDX-License-Identifier: MIT
/* reeve profile: which there are, and whether they are right. Needs neither root nor a daemon. */
#include "cli/commands.h"

#include "cli/limit-options.h"
#include "cli/output.h"
#include "cli/profile-options.h"
#include "config/profile.h"

#include <dirent.h>

/* Reads one for itself; what it says is forgotten. */
static int read_one(const struct cli *cli, const char *word, char **ret_description,
		    struct diagnostics *diagnostics, struct error *err)
{
	struct cli scratch = { .out = cli->out, .err = cli->err };
	int r = profile_options_read(&scratch, word, ret_description, diagnostics, err);

	recipe_options_done(&scratch.launch);
	limit_options_done(&scratch);
	profile_options_done(&scratch);
	return r;
}

/* ---- check ---- */

static int check_one(const struct cli *cli, const char *word)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	struct error err = ERROR_INIT;
	int r = read_one(cli, word, NULL, &diagnostics, &err);

	if (cli->json) {
		json_t *result = json_pack("{s:s, s:b, s:s?, s:o}", "profile", word, "valid",
					   r == 0, "error", err.message, "diagnostics",
					   diagnostics_to_json(&diagnostics));

		(void)cli_print_json(cli, result);
		json_decref(result);
	} else {
		diagnostics_print(&diagnostics, cli->colour_err, cli->err);
		if (err.message)
			cli_say(cli, "%s", err.message);
		else if (r == 0)
			fprintf(cli->out, "%s: valid\n", word);
	}
	error_done(&err);
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int run_check(struct cli *cli, int count, char **operands)
{
	int code = EXIT_DONE;

	for (int i = 0; i < count; i++)
		if (check_one(cli, operands[i]) != EXIT_DONE)
			code = EXIT_FAILED;
	return code;
}

const struct command profile_check_command = {
	.name = "profile check",
	.usage = "NAME|FILE...",
	.summary = "Check profiles, as reeve run --profile would read them",
	.description = "Every mistake is printed with its place. The exit code is 0 when all are "
		       "valid, 1 when one is not. *--json* prints an object for each, with "
		       "_profile_, _valid_, _error_ and _diagnostics_ as those of *check*.",
	.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
	.operands = 1,
	.run = run_check,
};

/* ---- list ---- */

static const struct column columns[] = {
	{ "name", false },
	{ "what it is for", false },
	{ "file", false },
};

static int is_profile(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 && streq(entry->d_name + length - 5, ".yaml");
}

static void list_one(const struct cli *cli, const char *folder, const char *file,
		     struct table *table, json_t *list)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *path = NULL, *name = strndup(file, strlen(file) - 5);
	_cleanup_(freep) char *description = NULL;
	struct error err = ERROR_INIT;
	const char *about;
	bool valid;

	if (!name || asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		return;
	}
	valid = read_one(cli, path, &description, &diagnostics, &err) == 0;
	error_done(&err);
	about = valid ? description ? description : "" : "(not valid: reeve profile check)";
	table_add_text(table, STYLE_NONE, name);
	table_add_text(table, valid ? STYLE_NONE : STYLE_BAD, about);
	table_add_text(table, STYLE_FAINT, path);
	json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s?}", "name", name, "file", path,
					      "valid", valid, "description", description));
}

static void list_folder(const struct cli *cli, const char *folder, struct table *table,
			json_t *list)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_profile, alphasort);

	for (int i = 0; i < count; i++) {
		list_one(cli, folder, entries[i]->d_name, table, list);
		free(entries[i]);
	}
	free(entries);
}

static int run_list(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	struct table table;
	json_t *list = json_array();
	int code = EXIT_DONE;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; profile_folders[i]; i++)
		list_folder(cli, profile_folders[i], &table, list);
	if (cli->json)
		code = cli_print_json(cli, list);
	else if (json_array_size(list) == 0)
		cli_say(cli, "there are no profiles in %s", profile_folders[0]);
	else
		table_print(&table, 0, cli->colour_out, cli->out);
	table_done(&table);
	json_decref(list);
	return code;
}

const struct command profile_list_command = {
	.name = "profile list",
	.usage = "",
	.summary = "Show the profiles that reeve run --profile finds by name",
	.flags = COMMAND_POLICY,
	.run = run_list,
};
