/* SPDX-License-Identifier: MIT */
/* The source `replay`: source_options.path names a record file, or "-" standard input. */
#pragma once

#include "source/source.h"

extern const struct source_class replay_source;
