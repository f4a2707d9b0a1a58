/* SPDX-License-Identifier: MIT */
/* The source `connector`: the kernel's process connector. */
#pragma once

#include "source/source.h"

extern const struct source_class connector_source;
