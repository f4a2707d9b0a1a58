/* SPDX-License-Identifier: MIT */
/*
 * What a shell may offer at the end of an unfinished command line, out of the table of commands.
 *
 * `words` are those behind "reeve", the last of them the one that is being written ("" when it has
 * not begun). Each line of the output is WORD, a tab and a description of it, or begins with a
 * colon and names what shells know better: ":files", ":folders", ":programs", ":users", or
 * ":command N": the words from the Nth on (from 0) are a command line of its own. What does not
 * begin as the last word does is left out.
 */
#pragma once

#include "cli/cli.h"

void complete(const struct cli *cli, int count, char **words, FILE *out);
