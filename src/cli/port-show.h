/* SPDX-License-Identifier: MIT */
/*
 * What a port says, for people or as JSON, a line each:
 *
 *	123/456: output			123/456 stderr: output		123 exit_status 0
 */
#pragma once

#include "cli/port-tree.h"

struct port_show {
	FILE *out;
	bool json;
	struct port_tree *tree;
};

/*
 * Shows what is no reply, and notes in the tree what it says of a process. `awaited`: the process
 * whose call is being waited for; that it executes a program is its reply's to say. 0 or -ENOMEM.
 */
int port_show_message(const struct port_show *show, const struct reeve_message *message,
		      const struct port_process *awaited);
/* The value of a call. */
void port_show_reply(const struct port_show *show, const struct reeve_message *reply);
/* Lines that have no end yet. */
void port_show_rest(const struct port_show *show);
