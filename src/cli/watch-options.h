/* SPDX-License-Identifier: MIT */
/* What watch, record and replay have in common: which events, how many, how long. */
#pragma once

#include "cli/cli.h"
#include "cli/stream.h"
#include "export/selection.h"

/*
 * The options of COMMAND_FILTERS as a filter; `types` are meant where no --type is given. -EINVAL
 * with a sentence.
 */
int watch_options_filter(const struct cli *cli, uint32_t types, struct filter **ret_filter,
			 struct error *err);
/* Says what was lost, if anything was. */
void watch_tell_losses(const struct cli *cli, const struct stream_losses *losses);
/* The exit code for a result of streams and writers; an error is told. */
int watch_result(const struct cli *cli, int r, struct error *err);
/* --count and --timeout; 0: not given. */
int watch_options_count(const struct cli *cli, uint64_t *ret_count, struct error *err);
int watch_options_timeout(const struct cli *cli, uint64_t *ret_ns, struct error *err);

/* --source names one that can watch. */
int watch_options_source(const struct cli *cli, struct error *err);

/* Frees what the options have gathered in lists. */
void watch_options_done(struct cli *cli);
