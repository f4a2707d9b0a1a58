/* SPDX-License-Identifier: MIT */
/* The source that watches by BPF programs: every execution, fork and exit, in order, losses
 * counted. */
#pragma once

#include "source/source.h"

extern const struct source_class bpf_source;
