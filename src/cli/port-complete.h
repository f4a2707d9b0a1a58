/* SPDX-License-Identifier: MIT */
/* Words that could stand at the end of a line of `reeve port`. */
#pragma once

#include "cli/port-shell.h"

enum { PORT_COMPLETE_MAX = 1024 };

/*
 * `text` is the line up to the cursor. Fills `words` (borrowed until the shell's next line), those
 * that begin with what is there of the last word, and returns how many; *ret_begun is that part's
 * size.
 */
size_t port_complete(struct port_shell *shell, const char *text, size_t size,
		     const char *words[static PORT_COMPLETE_MAX], size_t *ret_begun);
