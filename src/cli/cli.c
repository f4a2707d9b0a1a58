// SPDX-License-Identifier: MIT
/*
 * From argv to a command: options of all commands may stand before the command's name or after it.
 * Errors are told here and nowhere else, one line each on standard error, made safe for terminals.
 */
#include "cli/cli.h"

#include "cli/commands.h"
#include "cli/control.h"
#include "cli/limit-options.h"
#include "cli/output.h"
#include "cli/profile-options.h"
#include "cli/watch-options.h"
#include "core/engine.h"

#include <stdarg.h>

static void say(const struct cli *cli, const char *hint, const char *message)
{
	fprintf(cli->err, "%sreeve:%s ", style_on(cli->colour_err, STYLE_BAD),
		style_off(cli->colour_err));
	output_escaped(cli->err, message);
	fprintf(cli->err, "%s\n", hint);
}

int cli_fail(const struct cli *cli, struct error *err)
{
	say(cli, "", error_text(err));
	error_done(err);
	return EXIT_FAILED;
}

int cli_usage(const struct cli *cli, struct error *err)
{
	say(cli, "", error_text(err));
	error_done(err);
	if (cli->command)
		fprintf(cli->err, "usage: reeve %s %s\n", cli->command->name, cli->command->usage);
	else
		fprintf(cli->err, "usage: reeve COMMAND [OPTION...]; see reeve --help\n");
	return EXIT_USAGE;
}

void cli_say(const struct cli *cli, const char *format, ...)
{
	_cleanup_(freep) char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	say(cli, "", message ? message : "out of memory");
}

int cli_print_json(const struct cli *cli, const json_t *value)
{
	if (json_dumpf(value, cli->out, JSON_INDENT(2)) < 0)
		return EXIT_FAILED;
	fputc('\n', cli->out);
	return EXIT_DONE;
}

int cli_call(const struct cli *cli, const char *method, json_t *parameters, json_t **ret_reply)
{
	_cleanup_(control_freep) struct control *control = NULL;
	struct error err = ERROR_INIT;
	int r = control_open(cli, cli->command->flags & COMMAND_LOCAL, &control, &err);

	if (r < 0) {
		json_decref(parameters);
		return cli_fail(cli, &err);
	}
	r = control_call(control, method, parameters, ret_reply, &err);
	return r < 0 ? cli_fail(cli, &err) : EXIT_DONE;
}

int cli_tell_problems(const struct cli *cli, const json_t *reply)
{
	const json_t *problems = json_object_get(reply, "problems");

	for (size_t i = 0; i < json_array_size(problems); i++) {
		const char *sentence = json_string_value(json_array_get(problems, i));

		cli_say(cli, "%s", sentence ? sentence : "?");
	}
	return json_array_size(problems) > 0 ? EXIT_FAILED : EXIT_DONE;
}

static int check_operands(const struct cli *cli, int count, char **operands)
{
	const struct command *command = cli->command;
	struct error err = ERROR_INIT;

	if (count < command->operands)
		error_set(&err, -EINVAL, "%s: %s missing", command->name,
			  command->operands - count == 1 ? "an operand is" : "operands are");
	else if (count > command->operands && !(command->flags & COMMAND_UNLIMITED))
		error_set(&err, -EINVAL, "%s: \"%s\" is one operand too many", command->name,
			  operands[command->operands]);
	return err.code < 0 ? cli_usage(cli, &err) : EXIT_DONE;
}

/* --color stands above NO_COLOR, which stands above what the terminal can do. */
static int choose_colour(struct cli *cli, struct error *err)
{
	const char *when = cli->color ? cli->color : "auto";

	if (streq(when, "auto"))
		return 0;
	if (!streq(when, "always") && !streq(when, "never"))
		return error_set(err, -EINVAL, "--color: \"%s\" is not auto, always or never",
				 when);
	cli->colour_out = cli->colour_err = streq(when, "always");
	return 0;
}

/* Runs cli->command with its own words, argv[0] being the last word of its name. */
static int run_command_line(struct cli *cli, int argc, char **argv)
{
	struct option options[COMMAND_OPTIONS_MAX];
	struct command_line line = {
		.usage = cli->command->usage,
		.summary = cli->command->summary,
		.options = options,
		.option_count = command_options(cli->command, cli, options),
		.stop_at_operand = cli->command->flags & COMMAND_PROGRAM,
	};
	struct error err = ERROR_INIT;
	bool help = false;
	int first, r;

	first = options_parse(&line, argc, argv, &help, &err);
	if (first >= 0 && cli->json && (cli->command->flags & COMMAND_TEXT) && !help)
		first = error_set(&err, -EINVAL, "--json: this command prints no JSON");
	if (first >= 0 && choose_colour(cli, &err) < 0)
		first = err.code;
	if (first < 0) {
		error_wrap(&err, "%s", cli->command->name);
		return cli_usage(cli, &err);
	}
	if (help || cli->help) {
		help_command_print(cli->command, cli->out);
		return EXIT_DONE;
	}
	r = check_operands(cli, argc - first, argv + first);
	return r == EXIT_DONE ? cli->command->run(cli, argc - first, argv + first) : r;
}

static int family_alone(const struct cli *cli, const char *word)
{
	if (cli->help) {
		help_overview(word, cli->out);
		return EXIT_DONE;
	}
	cli_say(cli, "%s: which one of these?", word);
	help_overview(word, cli->err);
	return EXIT_USAGE;
}

/* What stands before the command's name: options of all commands, and --version. */
static int run_words(struct cli *cli, int argc, char **argv)
{
	struct option options[COMMAND_OPTIONS_MAX];
	struct command_line line = { .options = options, .stop_at_operand = true };
	struct error err = ERROR_INIT;
	bool help = false;
	int first, words;

	line.option_count = command_options(NULL, cli, options);
	first = options_parse(&line, argc, argv, &help, &err);
	if (first < 0)
		return cli_usage(cli, &err);
	cli->help |= help;
	if (cli->version)
		return version_command.run(cli, 0, NULL);
	if (first == argc) {
		help_overview(NULL, cli->help ? cli->out : cli->err);
		return cli->help ? EXIT_DONE : EXIT_USAGE;
	}
	argc -= first;
	argv += first;
	if (argc == 2 && command_is_family(argv[0]) &&
	    (streq(argv[1], "--help") || streq(argv[1], "-h"))) {
		cli->help = true;
		return family_alone(cli, argv[0]);
	}
	words = command_find(argc, argv, &cli->command, &err);
	if (words < 0)
		return cli_usage(cli, &err);
	if (words == 0)
		return family_alone(cli, argv[0]);
	return run_command_line(cli, argc - words + 1, argv + words - 1);
}

int cli_main(int argc, char **argv, FILE *out, FILE *err)
{
	struct cli cli = {
		.out = out,
		.err = err,
		.colour_out = output_colour(out),
		.colour_err = output_colour(err),
		.runtime_dir = ENGINE_RUNTIME_DIR,
	};
	int r = run_words(&cli, argc, argv);

	recipe_options_done(&cli.launch);
	profile_options_done(&cli);
	limit_options_done(&cli);
	watch_options_done(&cli);
	/* A full disk behind standard output must not look like success. */
	if ((fflush(out) != 0 || ferror(out)) && r == EXIT_DONE) {
		cli_say(&cli, "cannot write the output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return r;
}
