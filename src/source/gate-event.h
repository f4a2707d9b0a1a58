/* SPDX-License-Identifier: MIT */
/* What the gate has written down about an execution, as struct event, with what /proc adds. */
#pragma once

#include "source/gate-record.h"
#include "util/error.h"

struct gate_translator;

int gate_translator_new(const struct host *host, const char *const *environment, size_t count,
			struct gate_translator **ret_translator, struct error *err);
void gate_translator_free(struct gate_translator *translator);
DEFINE_CLEANUP(struct gate_translator *, gate_translator_free);

/* To be called before a round of events. */
void gate_translator_refresh(struct gate_translator *translator);

/*
 * `first` is what was asked for, `program` what runs (the same, or the last interpreter), and
 * `through` the last script, whose first line names that (without one the same as `program`). The
 * slices hold until the next call, and as long as the records. True if the process could still be
 * asked.
 */
bool gate_event_make(struct gate_translator *translator, enum event_type type,
		     const struct gate_record *first, const struct gate_record *through,
		     const struct gate_record *program, struct event *event);
