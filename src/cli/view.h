/* SPDX-License-Identifier: MIT */
/* How events are shown, as the options say: lines, JSON, certain fields, or a summary. */
#pragma once

#include "cli/cli.h"
#include "export/event-json.h"
#include "export/event-text.h"
#include "export/summary.h"

struct view {
	const struct cli *cli;
	struct selection selection;
	struct summary *summary;	    /* NULL: events are shown */
	struct event_json json, whole_json; /* the second for what tells of losses */
	struct event_text lines, whole_lines;
};

/* By --json, --fields and --summary. -EINVAL: --fields. */
int view_init(struct view *view, const struct cli *cli, struct error *err);
void view_done(struct view *view);

void view_begin(struct view *view, struct text *text);
void view_add(struct view *view, const struct event *event, struct text *text);
void view_end(struct view *view, struct text *text);
