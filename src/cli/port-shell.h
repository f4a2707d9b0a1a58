/* SPDX-License-Identifier: MIT */
/*
 * The shell of `reeve port`: a line is a command of the shell, or a call. What a port says is shown
 * while a reply is waited for, and by port_shell_listen() while nothing is.
 */
#pragma once

#include "cli/port-calls.h"
#include "cli/port-show.h"

struct port_shell {
	struct reeve_port *port;
	struct port_calls calls;
	struct port_tree tree;
	struct port_show show;
	json_t *variables;  /* owned: names to strings */
	const char *source; /* of the lines, for errors; borrowed */
	size_t line;
	FILE *err;
	bool interactive; /* Ctrl-C ends the waiting, and errors name no place in a file */
	bool quit;	  /* no more lines are to be run */
	int status;	  /* an exit code */
};

/* Starts the port. Errors with a sentence. */
int port_shell_init(struct port_shell *shell, FILE *out, FILE *err, bool json, struct error *error);
void port_shell_done(struct port_shell *shell);

/* Runs a line, without its end. Sets `quit` and `status` where a script is to end. 0, or a negative
 * errno when the line failed, which has been told. */
int port_shell_run(struct port_shell *shell, const char *text, size_t size);
/* Shows what is there. -EPIPE: the port has ended. */
int port_shell_listen(struct port_shell *shell);
/* Until no program runs any more. 0, -EPIPE, -EINTR. */
int port_shell_wait_all(struct port_shell *shell);
