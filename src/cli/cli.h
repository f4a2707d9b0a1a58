/* SPDX-License-Identifier: MIT */
/*
 * What every command of `reeve` shares: its row in the command table, the options that were given,
 * exit codes, and how errors are told.
 */
#pragma once

#include "config/bundle.h"
#include "config/policy.h"
#include "core/filter.h"
#include "launch/recipe-options.h"
#include "model/limits.h"

#include <jansson.h>

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/*
 * One run of the program: what its options said. Every option of every command has its field here,
 * so that the tables of options can be constant; a command's table says which fields it can set.
 */
struct cli {
	const struct command *command;
	FILE *out, *err;
	bool colour_out, colour_err;

	/* of all commands */
	bool json, help;
	const char *runtime_dir, *color;

	/* of some */
	bool version, all, check, complete, cost, denied, evacuate, exec, failed, follow, local,
		scdoc, self_test, since_start, summary, tree;
	const char *config, *compat, *count, *fields, *group, *interval, *output, *name, *policy,
		*root, *rule, *source, *timeout;
	struct option_list filters[FILTER_COUNT]; /* --exe, --user, ... by enum filter_key */
	struct option_list env;
	struct option_list given[CONDITIONS]; /* explain: by enum condition_kind */
	const char *lines, *on, *file, *pid;
	const char *listen, *token_file, *socket_group; /* web */
	struct option_list hosts;
	struct option_list args;
	struct option_list limits[LIMIT_COUNT]; /* --cpu, --ram, ... by enum limit */
	struct option_list limit_words;		/* --limit KEY=VALUE */
	const char *cpu_time, *report;		/* run */
	bool pty;
	const char *profile, *bundle;
	struct bundle container; /* what --bundle read */
	char **profile_strings;	 /* owned: what options borrow from a profile */
	size_t profile_string_count;

	struct option_list etcd; /* fleet */
	const char *prefix, *label, *host, *percent, *message, *service;
	bool no_wait, remove;
	bool no_start; /* of service install */
	const char *restart;
	struct option_list set;
	struct recipe_options launch; /* run, enter */
};

struct command_option {
	const char *name;
	char letter; /* or 0 */
	enum option_kind kind;
	const char *value; /* what --help calls the value, or NULL for a flag */
	const char *help;
	size_t field; /* offset in struct cli */
};

enum command_flags {
	COMMAND_LOCAL = 1 << 0,	    /* works without a daemon too: takes --config */
	COMMAND_LIMITS = 1 << 1,    /* takes the limits as options */
	COMMAND_PROGRAM = 1 << 2,   /* options end at the first operand */
	COMMAND_UNLIMITED = 1 << 3, /* any number of operands from `operands` on */
	COMMAND_POLICY = 1 << 4,    /* no daemon needed, and none asked */
	COMMAND_BARE = 1 << 5,	    /* without a daemon, the policy\'s groups are left unmade */
	COMMAND_FILTERS = 1 << 6,   /* takes what events are wanted as options */
	COMMAND_LAUNCH = 1 << 7,    /* takes the keys of a launch as options */
	COMMAND_TEXT = 1 << 8,	    /* has nothing to say as JSON: --json is refused */
};

struct command {
	const char *name;    /* "group list" */
	const char *usage;   /* what follows the name */
	const char *summary; /* one line, no final stop */
	const char
		*description; /* for the manual page, scdoc's markup; NULL: the summary says all */
	unsigned flags;
	int operands; /* how many there must be */
	const struct command_option *options;
	size_t option_count;
	const char *method; /* of io.reeve, for commands that are one call */
	const char *done;   /* what such a command says then: "%s: frozen" */
	int (*run)(struct cli *cli, int count, char **operands);
};

/* The whole program, without main(): `out` and `err` are where it writes. Returns the exit code. */
int cli_main(int argc, char **argv, FILE *out, FILE *err);

/* Tells an error on cli->err ("reeve: ...") and returns EXIT_FAILED; the error is emptied. */
int cli_fail(const struct cli *cli, struct error *err);
/* A wrong command line: the same with a hint at --help; returns EXIT_USAGE. */
int cli_usage(const struct cli *cli, struct error *err);
/* One more line on cli->err, escaped: a warning or a problem, which changes no exit code itself. */
void cli_say(const struct cli *cli, const char *format, ...) _printf_(2, 3);
/* Prints a reply as JSON on cli->out; returns the exit code. */
int cli_print_json(const struct cli *cli, const json_t *value);
/*
 * One call of a method of io.reeve (in the daemon, or here when none runs and the command may work
 * without). Steals `parameters` (NULL: none). Returns EXIT_DONE and *ret_reply, owned; else the
 * error was told.
 */
int cli_call(const struct cli *cli, const char *method, json_t *parameters, json_t **ret_reply);
/* Says every sentence of reply.problems; EXIT_FAILED if there was one, else EXIT_DONE. */
int cli_tell_problems(const struct cli *cli, const json_t *reply);
