/* SPDX-License-Identifier: MIT */
/* What a service printed: its file, and the one before. */
#pragma once

#include "util/error.h"

/*
 * Writes the last `lines` lines of `file` (and of <file>.1, where it has fewer), and with `follow`
 * what is added, over rotations, until it is interrupted or `out` fails. -errno with a sentence.
 */
int service_logs(const char *file, uint64_t lines, bool follow, FILE *out, struct error *err);
