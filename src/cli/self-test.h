/* SPDX-License-Identifier: MIT */
/* reeve doctor --self-test: runs the self-test under one or all sources, and shows what came out.
 */
#pragma once

#include "cli/cli.h"
#include "util/host.h"

/* Returns the exit code. */
int cli_self_test(struct cli *cli, const struct host *host);
