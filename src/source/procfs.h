/* SPDX-License-Identifier: MIT */
/* The source `procfs`: looks at /proc again and again, and tells what is different. */
#pragma once

#include "source/source.h"

extern const struct source_class procfs_source;
