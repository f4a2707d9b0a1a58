/* SPDX-License-Identifier: MIT */
/* The daemon's command line, as the options of an engine. */
#pragma once

#include "core/engine.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Whose files are read, and what is different then. */
struct compat {
	const char *name;
	enum load_flags flags;
	int failed;	      /* exit codes, in place of EXIT_FAILED */
	int invalid;	      /* the files have mistakes */
	int templates;	      /* those with templates of groups have them */
	const char *instance; /* NULL: the files say it */
	const char *ident;    /* before each line in syslog */
	bool reads_at_usr1;   /* SIGUSR1 reads the files again as well */
};

struct arguments {
	const char *compat_name, *pid_file, *log, *log_level, *register_owner;
	bool foreground, daemon, version, help;
	const struct compat *compat;  /* NULL: reeve's own */
	struct engine_options engine; /* strings are borrowed from argv */
};

/* 0, or -EINVAL with the reason. With `help` or `version` the rest is not looked at. */
int arguments_parse(int argc, char **argv, struct arguments *ret_arguments, struct error *err);
void arguments_print_help(FILE *out);
