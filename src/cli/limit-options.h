/* SPDX-License-Identifier: MIT */
/* The limits of a group as options (--cpu 50% --ram 2G), and as the JSON that io.reeve takes. */
#pragma once

#include "cli/cli.h"

struct limit_option {
	enum limit limit;
	const char *name;  /* "cpu-weight" */
	const char *value; /* what help calls it */
	const char *help;
};

/* One for each limit, in the order of enum limit. */
const struct limit_option *limit_option_at(enum limit limit);

/* True if any limit was given. */
bool limit_options_given(const struct cli *cli);

/*
 * What was given as an object with the policy's keys; empty if nothing was. Values are checked
 * where they are used, but their form (KEY=VALUE, yes or no) is checked here: -EINVAL.
 */
int limit_options_to_json(const struct cli *cli, json_t **ret_limits, struct error *err);
void limit_options_done(struct cli *cli);
