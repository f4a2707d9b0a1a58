/* SPDX-License-Identifier: MIT */
/* The commands of the shell itself, a table; and what of the shell they use. */
#pragma once

#include "cli/port-shell.h"

/* A line without "NAME =". */
struct port_words {
	const struct port_word *words;
	size_t count;
	const char *name; /* that the reply is to have; or NULL */
	size_t wrong;	  /* the word that an error is about */
};

struct port_command {
	const char *name, *usage, *help;
	int (*run)(struct port_shell *shell, struct port_words *words, struct error *err);
};

size_t port_commands_count(void);
const struct port_command *port_command_at(size_t index);
const struct port_command *port_command_find(const char *name);

/* ---- port-shell.c ---- */

void port_shell_fail(struct port_shell *shell, size_t column, const struct error *error);
/* Steals the arguments. */
int port_shell_call(struct port_shell *shell, struct port_process *at, const char *call,
		    json_t *arguments, struct reeve_message **ret_reply, struct error *err);
/* Remembers a reply, and the child that it may have told of. */
int port_shell_made(struct port_shell *shell, struct port_process *at, const char *call,
		    const char *name, const struct reeve_message *reply, struct error *err);
/* Until it has ended; NULL: all programs. */
int port_shell_wait(struct port_shell *shell, const struct port_process *process,
		    struct error *err);
/* A table of constants, borrowed. */
int port_shell_table(struct port_shell *shell, const char *name, const json_t **ret_table,
		     struct error *err);
/* A call and its arguments; any line. */
int port_shell_call_words(struct port_shell *shell, struct port_words *words,
			  struct port_process *at, struct error *err);
int port_shell_words(struct port_shell *shell, struct port_words *words, struct error *err);
