/* SPDX-License-Identifier: MIT */
/* What a policy would have done with recorded executions: a line for each, and a summary. */
#pragma once

#include "cli/cli.h"
#include "model/event.h"
#include "util/host.h"

struct verdicts;

/* Loads cli->policy; its mistakes are printed on cli->err. */
int verdicts_new(const struct cli *cli, const struct host *host, struct verdicts **ret_verdicts,
		 struct error *err);
void verdicts_free(struct verdicts *verdicts);

void verdicts_begin(struct verdicts *verdicts, struct text *text);
/* An execution, or what was found running, is judged; a gap is shown; others are passed over. */
void verdicts_add(struct verdicts *verdicts, const struct event *event, struct text *text);
void verdicts_end(struct verdicts *verdicts, struct text *text);
