// SPDX-License-Identifier: MIT
/* reeve import: what files of libcgroup say, as a policy in YAML. Needs neither root nor a daemon.
 */
#include "cli/commands.h"

#include "cli/progress.h"
#include "config/import.h"

static int print_json(const struct cli *cli, const struct text *text,
		      const struct diagnostics *diagnostics)
{
	json_t *result =
		json_pack("{s:s#, s:o}", "policy", text->data ? text->data : "", (int)text->size,
			  "diagnostics", diagnostics_to_json(diagnostics));
	int r = result ? cli_print_json(cli, result) : EXIT_FAILED;

	json_decref(result);
	return r;
}

static void on_rules(const char *file, size_t rules, void *userdata)
{
	if (rules > 0)
		progress_say(userdata, "%s: %zu rules", file, rules);
	else
		progress_say(userdata, "%s", file);
}

static int run_import(struct cli *cli, int count, char **operands)
{
	static const char *const usual[] = { "/etc" };
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) const char **paths = calloc((size_t)count + 1, sizeof(*paths));
	struct progress progress;
	const struct import_listener listener = { on_rules, &progress };
	struct error err = ERROR_INIT;
	struct text text;
	int r = paths ? 0 : -ENOMEM, result = EXIT_DONE;

	text_init(&text);
	progress_init(&progress, cli->err);
	for (int i = 0; paths && i < count; i++)
		paths[i] = operands[i];
	if (r == 0)
		r = policy_import(count > 0 ? paths : usual, count > 0 ? (size_t)count : 1,
				  &listener, &text, &diagnostics);
	progress_end(&progress);
	if (r < 0 && diagnostics.errors == 0) {
		error_set_errno(&err, r, "cannot import");
		result = cli_fail(cli, &err);
	}
	if (cli->json)
		result |= print_json(cli, &text, &diagnostics);
	else if (text.data)
		fwrite(text.data, 1, text.size, cli->out);
	if (!cli->json)
		diagnostics_print(&diagnostics, cli->colour_err, cli->err);
	text_done(&text);
	return r < 0 ? EXIT_FAILED : result;
}

const struct command import_command = {
	.name = "import",
	.usage = "[FILE|FOLDER...]",
	.summary = "Write libcgroup's files anew as a policy",
	.description =
		"Prints one policy in YAML for _cgrules.conf_, the files of _cgrules.d_, "
		"_cgconfig.conf_ and those of _cgconfig.d_, with their comments; a folder "
		"(default: "
		"/etc) is one that has these. A rule becomes one that places processes into the "
		"same "
		"groups. A group of _cgconfig.conf_ becomes one of reeve's own, with the key for "
		"each setting that has one, else with _raw_. What no policy can say is a comment, "
		"and a warning. The exit code is 1 when a file is wrong or cannot be read: then "
		"what "
		"could be read is printed. Needs neither root nor a daemon. *--json* prints an "
		"object with _policy_ and _diagnostics_.",
	.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
	.run = run_import,
};
