// SPDX-License-Identifier: MIT
/*
 * fetter's command line: `run` becomes reeved, `quick-run` a scan, `clean` the removal of groups.
 *
 * fetter's instances are told apart by `name` in the configuration, reeve's by their runtime folder
 * as well: it is made from the name. What differs is listed in docs/fetter.md.
 */
#include "compat/compat.h"
#include "compat/daemon.h"

#include "config/load.h"
#include "core/engine.h"
#include "util/options.h"
#include "util/places.h"
#include "varlink/client.h"

#include <inttypes.h>
#include <limits.h>

/* fetter's own: a wrong command line, and not being root, are 2; everything that fails later is 1.
 */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { CALL_TIMEOUT_MS = 30 * 1000 };

struct fetter {
	const char *config;
	bool daemon, scan, version, help;
	char runtime_dir[PATH_MAX];
};

struct fetter_command {
	const char *name, *summary;
	bool runs; /* takes --daemon and --scan */
	int (*run)(struct fetter *fetter);
};

static int run_daemon(struct fetter *fetter);
static int run_once(struct fetter *fetter);
static int run_clean(struct fetter *fetter);

static const struct fetter_command commands[] = {
	{ "clean", "Move the processes out of fetter's groups, and remove these", false,
	  run_clean },
	{ "quick-run", "Put what runs now into its groups, once", false, run_once },
	{ "run", "Put what is executed into its groups, until it is ended", true, run_daemon },
};

static void print_help(FILE *out)
{
	fputs("usage: fetter [-c FILE] COMMAND\n\nCommands:\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("  help       Print this\n"
	      "\nOptions:\n"
	      "  -c, --config FILE  configuration (default /etc/fetter/config.yaml)\n"
	      "  -d, --daemon       run: return once the daemon is up, or with its error\n"
	      "  -s, --scan         run: also put what runs already into its groups\n"
	      "  -h, --help         print this\n"
	      "  -v, --version      print the version\n"
	      "\nThis is reeve's: see reeve(1), and docs/fetter.md for what differs.\n",
	      out);
}

static int usage(struct error *err)
{
	fprintf(stderr, "Error: %s\n", error_text(err));
	error_done(err);
	print_help(stderr);
	return EXIT_USAGE;
}

/* ---- the configuration ---- */

static const enum load_flags flags = LOAD_COMPAT_FETTER | LOAD_REQUIRE_OWNERSHIP;

/* Reads it for its name; mistakes are printed. */
static int find_runtime_dir(struct fetter *fetter)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int n;

	if (policy_load(fetter->config, flags, &policy, &diagnostics) < 0) {
		diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
		fprintf(stderr, "fetter: the configuration %s is not valid\n", fetter->config);
		return EXIT_FAILED;
	}
	n = streq(policy->name, "fetter")
		    ? snprintf(fetter->runtime_dir, PATH_MAX, "/run/fetter")
		    : snprintf(fetter->runtime_dir, PATH_MAX, "/run/fetter-%s", policy->name);
	for (char *at = fetter->runtime_dir + strlen("/run/"); *at; at++)
		if (*at == '/')
			*at = '-';
	return n < PATH_MAX ? EXIT_DONE : EXIT_FAILED;
}

/* ---- run ---- */

static int run_daemon(struct fetter *fetter)
{
	struct daemon_words words = { .count = 0 };
	const char *const always[] = { "reeved",	   "--compat",	   "fetter",
				       "--config",	   fetter->config, "--runtime-dir",
				       fetter->runtime_dir };

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		daemon_word(&words, always[i]);
	if (fetter->scan)
		daemon_word(&words, "--scan");
	if (fetter->daemon) {
		daemon_word(&words, "--daemon");
		daemon_word(&words, "--pid-file");
		daemon_word(&words, "/run/fetter.pid");
	}
	daemon_execute(&words);
	fprintf(stderr, "fetter: cannot start reeved: %s\n", strerror(errno));
	return EXIT_FAILED;
}

/* ---- quick-run, clean ---- */

static int open_engine(const struct fetter *fetter, bool bare, struct host **ret_host,
		       struct engine **ret_engine, struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	const struct engine_options options = {
		.config_path = fetter->config,
		.runtime_dir = fetter->runtime_dir,
		.load_flags = flags,
		.local = true,
		.bare = bare,
		.guard_fd = -1,
	};
	int r = host_new(ret_host, err);

	if (r >= 0)
		r = engine_new(*ret_host, NULL, &options, ret_engine, &diagnostics, err);
	diagnostics_print(&diagnostics, isatty(STDERR_FILENO), stderr);
	return r;
}

/* -ENOENT: no daemon of that instance runs. */
static int ask_daemon(const struct fetter *fetter, const char *method, json_t **ret_reply,
		      struct error *err)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
	_cleanup_(freep) char *error_name = NULL;
	_cleanup_(freep) char *path = place_socket(fetter->runtime_dir);
	int r;

	if (!path)
		return error_oom(err);
	r = varlink_connect(path, &client, err);
	if (r < 0)
		return r == -ECONNREFUSED ? -ENOENT : r;
	r = varlink_call(client, method, NULL, CALL_TIMEOUT_MS, ret_reply, &error_name, err);
	return r > 0 ? error_set(err, -EIO, "the daemon says %s", error_name) : r;
}

static int tell(int r, struct error *err)
{
	if (r < 0 && err->code == 0)
		error_set_errno(err, r, "failed");
	if (r < 0)
		fprintf(stderr, "fetter: %s\n", error_text(err));
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int run_once(struct fetter *fetter)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(engine_freep) struct engine *engine = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT, unused = ERROR_INIT;
	struct scan_result result = { 0 };
	json_t *reply = NULL;
	int r = ask_daemon(fetter, "io.reeve.Scan", &reply, &unused);

	if (r >= 0) {
		json_decref(reply);
		return EXIT_DONE;
	}
	if (r != -ENOENT)
		return tell(r, &unused);
	r = open_engine(fetter, false, &host, &engine, &err);
	if (r >= 0)
		r = engine_scan(engine, &result, &err);
	if (r >= 0 && result.failed > 0)
		r = error_set(&err, -EIO, "%" PRIu64 " of %" PRIu64 " processes could not be moved",
			      result.failed, result.matched);
	return tell(r, &err);
}

static int run_clean(struct fetter *fetter)
{
	_cleanup_(host_freep) struct host *host = NULL;
	_cleanup_(engine_freep) struct engine *engine = NULL;
	_cleanup_(error_done) struct error err = ERROR_INIT;
	const json_t *problems;
	json_t *reply = NULL;
	int r = open_engine(fetter, true, &host, &engine, &err);

	if (r >= 0)
		r = engine_control(engine, "io.reeve.Clean", NULL, &reply, &err);
	problems = json_object_get(reply, "problems");
	for (size_t i = 0; i < json_array_size(problems); i++) {
		const char *problem = json_string_value(json_array_get(problems, i));

		fprintf(stderr, "fetter: %s\n", problem ? problem : "a group is still there");
		r = r < 0 ? r : error_set(&err, -EBUSY, "not everything could be removed");
	}
	json_decref(reply);
	return tell(r, &err);
}

/* ---- the command line ---- */

static const struct fetter_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (streq(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* The checks in fetter's order: command, flags, arguments, root. */
static int check(const struct fetter *fetter, const struct fetter_command *command, int count,
		 char **operands, struct error *err)
{
	if (!command)
		return error_set(err, -EINVAL, "unknown command \"%s\" for \"fetter\"",
				 operands[0]);
	if (!command->runs && (fetter->daemon || fetter->scan))
		return error_set(err, -EINVAL, "unknown flag: --%s (only \"run\" has it)",
				 fetter->daemon ? "daemon" : "scan");
	if (count > 1)
		return error_set(err, -EINVAL, "\"%s\" takes no arguments: \"%s\"", command->name,
				 operands[1]);
	if (geteuid() != 0)
		return error_set(err, -EPERM, "this must be run as root");
	return 0;
}

int compat_fetter(int argc, char **argv)
{
	struct fetter fetter = { .config = "/etc/fetter/config.yaml" };
	const struct option options[] = {
		{ "config", 'c', OPTION_STRING, "FILE", "", &fetter.config },
		{ "daemon", 'd', OPTION_FLAG, NULL, "", &fetter.daemon },
		{ "help", 'h', OPTION_FLAG, NULL, "", &fetter.help },
		{ "scan", 's', OPTION_FLAG, NULL, "", &fetter.scan },
		{ "version", 'v', OPTION_FLAG, NULL, "", &fetter.version },
	};
	const struct command_line line = { .options = options,
					   .option_count = ARRAY_SIZE(options) };
	const struct fetter_command *command;
	struct error err = ERROR_INIT;
	bool help = false;
	int first = options_parse(&line, argc, argv, &help, &err);

	if (first < 0)
		return usage(&err);
	if (fetter.version && !help && !fetter.help) {
		puts("fetter version " REEVE_VERSION " (reeve)");
		return EXIT_DONE;
	}
	if (help || fetter.help || first == argc || streq(argv[first], "help")) {
		print_help(stdout);
		return EXIT_DONE;
	}
	command = find_command(argv[first]);
	if (check(&fetter, command, argc - first, argv + first, &err) < 0)
		return usage(&err);
	if (find_runtime_dir(&fetter) != EXIT_DONE)
		return EXIT_FAILED;
	return command->run(&fetter);
}
