/* SPDX-License-Identifier: MIT */
/* The configuration files of cgconfigparser and cgclear: -l FILE and -L FOLDER, in their order. */
#pragma once

#include "compat/cgtool.h"
#include "config/cgconfig.h"

struct cgfiles {
	char **paths;
	size_t count;
};
void cgfiles_done(struct cgfiles *files);

/*
 * The files that the command line names; of a folder those *.conf in name order. 0, or the exit
 * code (1 for a folder that cannot be read); why has been said.
 */
int cgfiles_list(const struct cgtool *tool, const struct option_list *files,
		 const struct option_list *folders, char *const *argv, struct cgfiles *ret_files);

/*
 * Reads one, with the users it names. Every mistake is told, with its place. 0 or an error code:
 * CG_CONFIG; CG_ERRNO with *ret_r, where it cannot be read.
 */
int cgfiles_read(const char *path, struct cgconfig **ret_config, int *ret_r);
