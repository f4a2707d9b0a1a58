/* SPDX-License-Identifier: MIT */
/* The table of commands, its parts by file, and how help is printed from it. */
#pragma once

#include "cli/cli.h"

#define COMMAND_OPTIONS(rows) .options = (rows), .option_count = ARRAY_SIZE(rows)

extern const struct command check_command;
extern const struct command explain_command;
extern const struct command rules_list_command;
extern const struct command rules_test_command;
extern const struct command clean_command;
extern const struct command doctor_command;
extern const struct command enter_command;
extern const struct command events_command;
extern const struct command fleet_commands[];
extern const size_t fleet_command_count;
extern const struct command group_commands[];
extern const size_t group_command_count;
extern const struct command help_command;
extern const struct command import_command;
extern const struct command log_command;
extern const struct command metrics_command;
extern const struct command migrate_command;
extern const struct command mount_command;
extern const struct command port_command;
extern const struct command profile_check_command;
extern const struct command profile_list_command;
extern const struct command ps_command;
extern const struct command record_command;
extern const struct command reload_command;
extern const struct command replay_command;
extern const struct command run_command;
extern const struct command scan_command;
extern const struct command seccomp_explain_command;
extern const struct command seccomp_list_command;
extern const struct command service_commands[];
extern const size_t service_command_count;
extern const struct command status_command;
extern const struct command top_command;
extern const struct command version_command;
extern const struct command watch_command;
extern const struct command web_command;

/* All commands in the order of help; NULL behind the last. */
const struct command *command_at(size_t index);

/*
 * Finds the command that argv's first words name. Returns how many words (1 or 2) and *ret_command;
 * 0 when the word is a family ("group") and no command of it follows; -EINVAL with a sentence.
 */
int command_find(int argc, char **argv, const struct command **ret_command, struct error *err);
/* True if the word is the first of several commands' names. */
bool command_is_family(const char *word);

enum { COMMAND_OPTIONS_MAX = 128 };
/* All options of a command, its own first, made to set the fields of `cli`. Returns how many. */
size_t command_options(const struct command *command, struct cli *cli,
		       struct option options[static COMMAND_OPTIONS_MAX]);

/* The overview, of one family ("group") or, with NULL, of all. */
void help_overview(const char *family, FILE *out);
void help_command_print(const struct command *command, FILE *out);
/* The reference of all commands in scdoc's markup, as man/reeve.1.scd holds it. */
void help_scdoc(FILE *out);
