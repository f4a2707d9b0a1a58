/* SPDX-License-Identifier: MIT */
/* Whose a folder of manifests is: of one daemon, or each would start a copy of all services. */
#pragma once

#include "util/error.h"

#include <stdbool.h>

/*
 * Takes the folder for as long as *ret_fd is open, here or in a process that was handed it. -EBUSY
 * with a sentence: another has it; -errno with a sentence, -ENOENT if there is no such folder.
 */
int claim_folder(const char *folder, int *ret_fd, struct error *err);

/* Whether it is still that folder which has this name. */
bool claim_holds(int fd, const char *folder);
