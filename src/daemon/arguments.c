// SPDX-License-Identifier: MIT
/* One table; what is more than a word is read behind it. */
#include "daemon/arguments.h"

#include "util/options.h"

static const struct compat compats[] = {
	{
		.name = "fetter",
		.flags = LOAD_COMPAT_FETTER,
		.failed = EXIT_FAILED,
		.invalid = EXIT_FAILED,
		.templates = EXIT_FAILED,
		.ident = "reeved",
	},
	{
		.name = "libcgroup",
		.flags = LOAD_COMPAT_LIBCGROUP,
		.failed = 255,
		.invalid = 99,
		.templates = 96,
		.instance = "cgred",
		.ident = "CGRE",
		.reads_at_usr1 = true,
	},
};

static const struct compat *find_compat(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(compats); i++)
		if (name && streq(compats[i].name, name))
			return &compats[i];
	return NULL;
}

/* ---- the log ---- */

static const struct {
	const char *word;
	int facility;
} facilities[] = {
	{ "daemon", LOG_DAEMON }, { "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};

static int read_syslog(const struct arguments *arguments, const char *word,
		       struct engine_options *options, struct error *err)
{
	options->log.target = LOG_TARGET_SYSLOG;
	options->log.path = arguments->compat ? arguments->compat->ident : "reeved";
	options->log.facility = LOG_DAEMON;
	for (size_t i = 0; *word && i < ARRAY_SIZE(facilities); i++)
		if (streq(word, facilities[i].word)) {
			options->log.facility = facilities[i].facility;
			return 0;
		}
	return *word ? error_set(err, -EINVAL,
				 "--log: there is no facility \"%s\"; there are daemon and local0 "
				 "to "
				 "local7",
				 word)
		     : 0;
}

/* "stderr", "stdout", "journal", "syslog", "syslog:local3", "text:FILE", or a file. */
static int read_log(const struct arguments *arguments, struct engine_options *options,
		    struct error *err)
{
	static const struct {
		const char *word;
		enum log_target target;
	} words[] = {
		{ "journal", LOG_TARGET_JOURNAL },
		{ "stderr", LOG_TARGET_STDERR },
		{ "stdout", LOG_TARGET_STDOUT },
	};
	const char *text = arguments->log;

	options->log.level =
		arguments->log_level ? log_level_from_string(arguments->log_level) : -1;
	if (arguments->log_level && options->log.level < 0)
		return error_set(err, -EINVAL,
				 "--log-level: \"%s\" is no level; there are debug, "
				 "info, notice, warning, error and critical",
				 arguments->log_level);
	if (!text)
		return arguments->log_level
			       ? error_set(err, -EINVAL, "--log-level says nothing without --log")
			       : 0;
	options->log.given = true;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(text, words[i].word)) {
			options->log.target = words[i].target;
			return 0;
		}
	if (streq(text, "syslog") || strncmp(text, "syslog:", 7) == 0)
		return read_syslog(arguments, text[6] ? text + 7 : "", options, err);
	options->log.target = strncmp(text, "text:", 5) == 0 ? LOG_TARGET_TEXT : LOG_TARGET_FILE;
	options->log.path = options->log.target == LOG_TARGET_TEXT ? text + 5 : text;
	return 0;
}

/* "0:117", as numbers: who started us has looked them up. */
static int read_owner(const struct arguments *arguments, struct engine_options *options,
		      struct error *err)
{
	unsigned uid = 0, gid = 0;
	int end = 0;

	if (arguments->register_owner &&
	    (sscanf(arguments->register_owner, "%u:%u%n", &uid, &gid, &end) != 2 ||
	     arguments->register_owner[end] != '\0'))
		return error_set(err, -EINVAL,
				 "--register-owner: \"%s\" is no UID:GID, such as 0:100",
				 arguments->register_owner);
	options->registers.uid = uid;
	options->registers.gid = gid;
	return 0;
}

static int read_words(const struct command_line *line, int argc, char **argv,
		      struct arguments *arguments, struct error *err)
{
	int first = options_parse(line, argc, argv, &arguments->help, err);

	if (first < 0 || arguments->help || arguments->version)
		return MIN(first, 0);
	if (first < argc)
		return error_set(err, -EINVAL, "unexpected argument \"%s\"", argv[first]);
	arguments->compat = find_compat(arguments->compat_name);
	if (arguments->compat_name && !arguments->compat)
		return error_set(err, -EINVAL,
				 "--compat knows \"fetter\" and \"libcgroup\", not \"%s\"",
				 arguments->compat_name);
	if (arguments->daemon && arguments->foreground)
		return error_set(err, -EINVAL, "--daemon and --foreground exclude each other");
	arguments->engine.load_flags = arguments->compat ? arguments->compat->flags : 0;
	arguments->engine.name = arguments->compat ? arguments->compat->instance : NULL;
	arguments->engine.log_to_runtime_dir = arguments->daemon;
	first = read_log(arguments, &arguments->engine, err);
	return first < 0 ? first : read_owner(arguments, &arguments->engine, err);
}

/* Both need the table, whose values are in `arguments`. */
static int with_table(int argc, char **argv, FILE *help, struct arguments *arguments,
		      struct error *err)
{
	struct engine_options *engine = &arguments->engine;
	const struct option options[] = {
		{ "compat", 0, OPTION_STRING, "TOOL", "read a file of another tool as it does",
		  &arguments->compat_name },
		{ "config", 'c', OPTION_STRING, "PATH",
		  "policy file or folder (default " ENGINE_CONFIG_PATH ")", &engine->config_path },
		{ "daemon", 'd', OPTION_FLAG, NULL,
		  "return once the daemon is up, or with its error", &arguments->daemon },
		{ "dry-run", 'n', OPTION_FLAG, NULL, "decide and report, change nothing",
		  &engine->dry_run },
		{ "foreground", 'f', OPTION_FLAG, NULL, "stay in the foreground (the default)",
		  &arguments->foreground },
		{ "log", 0, OPTION_STRING, "TARGET",
		  "stderr, stdout, journal, syslog[:FACILITY], text:FILE or FILE, whatever the "
		  "policy "
		  "says",
		  &arguments->log },
		{ "log-level", 0, OPTION_STRING, "LEVEL", "debug, info, notice, warning or error",
		  &arguments->log_level },
		{ "pid-file", 'p', OPTION_STRING, "FILE",
		  "write the process id of the one to signal, locked while it runs",
		  &arguments->pid_file },
		{ "register-owner", 0, OPTION_STRING, "UID:GID",
		  "whose the register socket is (default 0:0)", &arguments->register_owner },
		{ "register-socket", 0, OPTION_STRING, "PATH",
		  "where processes tell that rules are to leave them alone, as cgexec does",
		  &engine->registers.path },
		{ "runtime-dir", 'r', OPTION_STRING, "DIR",
		  "socket and state (default " ENGINE_RUNTIME_DIR ")", &engine->runtime_dir },
		{ "scan", 's', OPTION_FLAG, NULL, "also place what already runs",
		  &engine->scan_at_start },
		{ "version", 0, OPTION_FLAG, NULL, "print the version", &arguments->version },
	};
	const struct command_line line = {
		.usage = "[OPTION...]",
		.summary = "Puts every process into its group before its first instruction.",
		.options = options,
		.option_count = ARRAY_SIZE(options),
	};

	if (help)
		options_print_help(&line, "reeved", help);
	return help ? 0 : read_words(&line, argc, argv, arguments, err);
}

int arguments_parse(int argc, char **argv, struct arguments *ret_arguments, struct error *err)
{
	struct arguments arguments = { .engine.guard_fd = -1 };
	int r = with_table(argc, argv, NULL, &arguments, err);

	if (r >= 0)
		*ret_arguments = arguments;
	return r;
}

void arguments_print_help(FILE *out)
{
	struct arguments unused = { 0 };

	(void)with_table(0, NULL, out, &unused, NULL);
}
