// SPDX-License-Identifier: MIT
/*
 * The table of commands. Dispatch, --help, `reeve help` and the manual page's reference all read
 * it; a test compares the manual page with help_scdoc().
 */
#include "cli/commands.h"

#include "cli/limit-options.h"
#include "cli/output.h"
#include "core/engine.h"
#include "util/suggest.h"

enum { COMMANDS_MAX = 80, MANUAL_COLUMNS = 100 };

/* Before the groups' own commands, and behind them: the order of help. */
static const struct command *const before_groups[] = {
	&check_command,	       &explain_command,
	&rules_list_command,   &rules_test_command,
	&doctor_command,       &status_command,
	&top_command,	       &metrics_command,
	&watch_command,	       &ps_command,
	&record_command,       &replay_command,
	&events_command,       &import_command,
	&migrate_command,      &log_command,
	&run_command,	       &enter_command,
	&port_command,	       &profile_check_command,
	&profile_list_command, &seccomp_explain_command,
	&seccomp_list_command, &web_command,
};
static const struct command *const after_groups[] = {
	&scan_command,	&reload_command,  &clean_command,
	&mount_command, &version_command, &help_command,
};

#define FIELD(member) offsetof(struct cli, member)

static const struct command_option common_options[] = {
	{ "color", 0, OPTION_STRING, "WHEN",
	  "colour the output: always, never, or auto, which is on a terminal without NO_COLOR",
	  FIELD(color) },
	{ "json", 0, OPTION_FLAG, NULL, "print JSON", FIELD(json) },
	{ "runtime-dir", 0, OPTION_STRING, "DIR",
	  "the daemon's runtime folder (default " ENGINE_RUNTIME_DIR ")", FIELD(runtime_dir) },
};

static const struct command_option local_options[] = {
	{ "config", 'c', OPTION_STRING, "PATH",
	  "policy file or folder when no daemon runs (default " ENGINE_CONFIG_PATH ")",
	  FIELD(config) },
};

static const struct command_option main_options[] = {
	{ "version", 'V', OPTION_FLAG, NULL, "print the version", FIELD(version) },
};

static const struct command_option failed_options[] = {
	{ "failed", 0, OPTION_FLAG, NULL, "also executions that failed", FIELD(failed) },
};

static const struct command_option limit_word_options[] = {
	{ "limit", 'l', OPTION_LIST, "KEY=VALUE", "any limit by its key in reeve.yaml(5)",
	  FIELD(limit_words) },
};

const struct command *command_at(size_t index)
{
	if (index < ARRAY_SIZE(before_groups))
		return before_groups[index];
	index -= ARRAY_SIZE(before_groups);
	if (index < fleet_command_count)
		return &fleet_commands[index];
	index -= fleet_command_count;
	if (index < group_command_count)
		return &group_commands[index];
	index -= group_command_count;
	if (index < service_command_count)
		return &service_commands[index];
	index -= service_command_count;
	return index < ARRAY_SIZE(after_groups) ? after_groups[index] : NULL;
}

/* ---- finding ---- */

bool command_is_family(const char *word)
{
	size_t n = strlen(word);
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++)
		if (strncmp(command->name, word, n) == 0 && command->name[n] == ' ')
			return true;
	return false;
}

/* Of a command's name; a family's word is the same for all of it. */
static const char *first_word(const char *name)
{
	static const char *const families[] = { "fleet", "group",   "profile",
						"rules", "seccomp", "service" };
	size_t size = strcspn(name, " ");

	for (size_t i = 0; name[size] && i < ARRAY_SIZE(families); i++)
		if (strlen(families[i]) == size && strncmp(families[i], name, size) == 0)
			return families[i];
	return name;
}

/* The words that could have stood there: first ones, or those that follow a family's. */
static size_t candidates(const char *family, const char *words[static COMMANDS_MAX])
{
	size_t n = family ? strlen(family) : 0, count = 0;
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)) && count + 1 < COMMANDS_MAX; i++) {
		if (!family)
			words[count++] = first_word(command->name);
		else if (strncmp(command->name, family, n) == 0 && command->name[n] == ' ')
			words[count++] = command->name + n + 1;
	}
	return count;
}

static int unknown(const char *family, const char *word, struct error *err)
{
	const char *words[COMMANDS_MAX];
	const char *near = suggest(word, words, candidates(family, words));
	const char *space = family ? " " : "";

	family = family ? family : "";
	if (near)
		return error_set(err, -EINVAL,
				 "unknown command \"%s%s%s\" (did you mean \"%s%s%s\"?)", family,
				 space, word, family, space, near);
	return error_set(err, -EINVAL, "unknown command \"%s%s%s\" (reeve --help lists all)",
			 family, space, word);
}

int command_find(int argc, char **argv, const struct command **ret_command, struct error *err)
{
	bool family = command_is_family(argv[0]);
	_cleanup_(freep) char *name = NULL;
	const struct command *command;

	if (family && (argc < 2 || argv[1][0] == '-'))
		return 0;
	if (asprintf(&name, family ? "%s %s" : "%s", argv[0], family ? argv[1] : "") < 0) {
		name = NULL;
		return error_oom(err);
	}
	for (size_t i = 0; (command = command_at(i)); i++)
		if (streq(command->name, name)) {
			*ret_command = command;
			return family ? 2 : 1;
		}
	return family ? unknown(argv[0], argv[1], err) : unknown(NULL, argv[0], err);
}

/* ---- options ---- */

static size_t add_rows(struct option *to, struct cli *cli, const struct command_option *rows,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = (struct option){
			.name = rows[i].name,
			.letter = rows[i].letter,
			.kind = rows[i].kind,
			.value = rows[i].value,
			.help = rows[i].help,
			.target = (char *)cli + rows[i].field,
		};
	return count;
}

static size_t add_limits(struct option *to, struct cli *cli)
{
	for (enum limit i = 0; i < LIMIT_COUNT; i++) {
		const struct limit_option *row = limit_option_at(i);

		to[i] = (struct option){
			.name = row->name,
			.kind = OPTION_LIST,
			.value = row->value,
			.help = row->help,
			.target = &cli->limits[i],
		};
	}
	return LIMIT_COUNT;
}

static size_t add_filters(struct option *to, struct cli *cli)
{
	for (enum filter_key i = 0; i < FILTER_COUNT; i++)
		to[i] = (struct option){
			.name = filter_keys[i].name,
			.letter = i == FILTER_USER  ? 'u'
				  : i == FILTER_PID ? 'p'
						    : 0,
			.kind = OPTION_LIST,
			.value = filter_keys[i].value,
			.help = filter_keys[i].text,
			.target = &cli->filters[i],
		};
	return FILTER_COUNT +
	       add_rows(to + FILTER_COUNT, cli, failed_options, ARRAY_SIZE(failed_options));
}

size_t command_options(const struct command *command, struct cli *cli,
		       struct option options[static COMMAND_OPTIONS_MAX])
{
	unsigned flags = command ? command->flags : 0;
	size_t n = 0;

	if (command)
		n += add_rows(options, cli, command->options, command->option_count);
	else
		n += add_rows(options, cli, main_options, ARRAY_SIZE(main_options));
	if (flags & COMMAND_LAUNCH)
		n += recipe_options_rows(&cli->launch, options + n);
	if (flags & COMMAND_LIMITS) {
		n += add_limits(options + n, cli);
		n += add_rows(options + n, cli, limit_word_options, ARRAY_SIZE(limit_word_options));
	}
	if (flags & COMMAND_FILTERS)
		n += add_filters(options + n, cli);
	if (flags & COMMAND_LOCAL)
		n += add_rows(options + n, cli, local_options, ARRAY_SIZE(local_options));
	return n + add_rows(options + n, cli, common_options, ARRAY_SIZE(common_options));
}

/* ---- help ---- */

/* NULL: of any. */
static bool is_of_family(const struct command *command, const char *family, size_t size)
{
	return !family || (strncmp(command->name, family, size) == 0 && command->name[size] == ' ');
}

void help_overview(const char *family, FILE *out)
{
	size_t n = family ? strlen(family) : 0, width = 0;
	const struct command *command;
	struct option options[COMMAND_OPTIONS_MAX];
	struct cli cli = { 0 };
	struct command_line line = {
		.usage = family ? "COMMAND [OPTION...]" : "[OPTION...] COMMAND [OPTION...]",
		.summary = "Steers reeve: puts processes into groups before their first "
			   "instruction, and holds them\nto their limits.",
		.options = options,
		.option_count = command_options(NULL, &cli, options),
	};

	if (!family)
		options_print_help(&line, "reeve", out);
	else
		fprintf(out, "usage: reeve %s %s\n", family, line.usage);
	fputs("\ncommands:\n", out);
	for (size_t i = 0; (command = command_at(i)); i++)
		if (is_of_family(command, family, n))
			width = MAX(width, strlen(command->name));
	for (size_t i = 0; (command = command_at(i)); i++)
		if (is_of_family(command, family, n))
			fprintf(out, "  %-*s  %s\n", (int)width, command->name, command->summary);
	fputs("\nreeve COMMAND --help tells more; reeve(1) tells all.\n", out);
}

void help_command_print(const struct command *command, FILE *out)
{
	_cleanup_(freep) char *program = NULL;
	struct option options[COMMAND_OPTIONS_MAX];
	struct cli cli = { 0 };
	struct command_line line = {
		.usage = command->usage,
		.summary = command->summary,
		.options = options,
		.option_count = command_options(command, &cli, options),
	};

	if (asprintf(&program, "reeve %s", command->name) < 0)
		program = NULL;
	options_print_help(&line, program ? program : "reeve", out);
}

/* scdoc gives a meaning to * and _; everything else of ours stands for itself. */
static void print_plain(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("*_\\", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* A paragraph that has its markup already, in lines that can be read and compared. */
static void print_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (column > 0 && column + 1 + n > MANUAL_COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		fprintf(out, "%s%.*s", column > 0 ? " " : "", (int)n, text);
		column += (column > 0) + n;
		text += n;
		if (*text == '\n') {
			n = strspn(text, "\n");
			fprintf(out, "%.*s", (int)n, text);
			text += n;
			column = 0;
		}
		text += strspn(text, " ");
	}
}

static void print_option_rows(FILE *out, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct option *option = &options[i];

		if (option->letter)
			fprintf(out, "*-%c*, ", option->letter);
		fprintf(out, "*--%s*", option->name);
		if (option->value) {
			fputs(" _", out);
			print_plain(out, option->value);
			fputc('_', out);
		}
		fputs("\n\t", out);
		print_plain(out, option->help);
		fputs("\n\n", out);
	}
}

void help_scdoc(FILE *out)
{
	struct option options[COMMAND_OPTIONS_MAX];
	struct cli cli = { 0 };
	const struct command *command;

	fputs("# COMMANDS\n\n", out);
	for (size_t i = 0; (command = command_at(i)); i++) {
		fprintf(out, "## %s", command->name);
		fputs(*command->usage ? " " : "", out);
		print_plain(out, command->usage);
		fprintf(out, "\n\n%s.\n\n", command->summary);
		if (command->description) {
			print_wrapped(out, command->description);
			fputs("\n\n", out);
		}
		print_option_rows(out, options,
				  add_rows(options, &cli, command->options, command->option_count));
	}
	fputs("# OPTIONS\n\nOf all commands:\n\n", out);
	print_option_rows(out, options,
			  add_rows(options, &cli, common_options, ARRAY_SIZE(common_options)));
	fputs("*-h*, *--help*\n\tprint what the command does, and end\n\n", out);
	fputs("Of *run*, *scan*, *clean* and *group*, which also work without a daemon:\n\n", out);
	print_option_rows(out, options,
			  add_rows(options, &cli, local_options, ARRAY_SIZE(local_options)));
	fputs("# FILTERS\n\nOf *watch*, *record* and *replay*. Words of one option are "
	      "alternatives; all options must hold.\n\n",
	      out);
	print_option_rows(out, options, add_filters(options, &cli));
	fputs("# LAUNCH\n\nOf *run*: what a program is given besides its group. Those whose value "
	      "ends in a list may be repeated.\n\n",
	      out);
	print_option_rows(out, options, recipe_options_rows(&cli.launch, options));
	fputs("# LIMITS\n\nOf *run*, *group create* and *group set*; each is the key of the same "
	      "name "
	      "in *reeve.yaml*(5):\n\n",
	      out);
	print_option_rows(out, options, add_limits(options, &cli));
	print_option_rows(out, options,
			  add_rows(options, &cli, limit_word_options,
				   ARRAY_SIZE(limit_word_options)));
}
