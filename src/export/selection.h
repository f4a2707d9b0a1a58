/* SPDX-License-Identifier: MIT */
/* Which fields of events are shown: --fields pid,exe,container. */
#pragma once

#include "model/event.h"
#include "util/error.h"

struct selection {
	uint64_t fields[(FIELDS + 63) / 64];
	bool type, source;
};

/* All of them. */
void selection_all(struct selection *selection);

/*
 * Reads names as JSON has them, separated by commas: "pid,exe,container.id,type"; the name of an
 * object ("container") means all that is in it. -EINVAL with a sentence.
 */
int selection_parse(const char *list, struct selection *ret_selection, struct error *err);

static inline bool selection_has(const struct selection *selection, enum event_field field)
{
	return selection->fields[field / 64] >> field % 64 & 1;
}
