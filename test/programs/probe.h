/* SPDX-License-Identifier: MIT */
/* What the files of the end-to-end tests' probe share; probe.c says what it is. */
#pragma once

#include "util/macros.h"

typedef int (*probe_fn)(int argc, char **argv);

struct probe_command {
	const char *name;
	int arguments; /* how many it needs at least */
	probe_fn run;
};

/* The group of this process now, as a short text: "ga", "-" when it is in none of the instance's.
 * The text stays until the next call. */
const char *probe_where(void);
/* Writes a line to the file of E2E_OUT, or to standard output, in one piece. */
void probe_say(const char *format, ...) _printf_(1, 2);
/* The text of probe_where() when this program began. */
const char *probe_first(void);
/* Waits up to two seconds until the group is `wanted`, and says `word` and whether it came back. */
int probe_wait_back(const char *word, const char *wanted);

extern const struct probe_command probe_execs[];
extern const struct probe_command probe_opens[];
