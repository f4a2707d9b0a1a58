/* SPDX-License-Identifier: MIT */
/* The name of the process in ps(1): what lies in memory where its arguments were. */
#pragma once

#include "util/macros.h"

/* Remembers where; before anything changes the environment. */
void process_title_init(int argc, char **argv);
/* An empty title puts the arguments back. A long one is cut. 0, or -1 and errno. */
int process_title_set(const char *title);
