/* SPDX-License-Identifier: MIT */
/* Resource limits (setrlimit(2)) as people write them: "nofile=1024:4096", "core=0", "cpu=10s". */
#pragma once

#include "launch/plan.h"
#include "util/error.h"

/* "nofile" of RLIMIT_NOFILE; the number as text for one that we do not know: "?". */
const char *rlimit_name(int resource);

/*
 * NAME=VALUE sets both, NAME=SOFT:HARD each; a value is a number with the resource's unit (bytes:
 * "64M"; times: "10s", "500ms") or "unlimited"; an empty SOFT or HARD stays as this process has it.
 * 0; -EINVAL or -ERANGE with a sentence that names the part.
 */
int rlimit_parse(const char *text, struct launch_rlimit *ret_limit, struct error *err);
