/* SPDX-License-Identifier: MIT */
/* The source `replay`: source_options.path names a record file, or "-" standard input. */
#pragma once

#include "source/source.h"

extern const struct source_class replay_source;

/* How much of the file has been read, in percent; -1 where that cannot be known, as of a pipe. */
int replay_percent(const struct source *source);
