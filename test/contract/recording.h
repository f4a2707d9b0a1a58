/* SPDX-License-Identifier: MIT */
/* Records what a source tells into a file, and has it told again by the source `replay`. */
#pragma once

#include "model/event.h"
#include "util/error.h"
#include "util/host.h"

struct recording;

int recording_new(struct recording **ret_recording, struct error *err);
void recording_free(struct recording *recording);
DEFINE_CLEANUP(struct recording *, recording_free);

/* Takes events. */
struct event_sink recording_sink(struct recording *recording);

/*
 * Ends the file and replays it. 0: every event came again, byte for byte and in order; *ret_count
 * says how many. -EBADMSG with a sentence where not.
 */
int recording_replay(struct recording *recording, const struct host *host, size_t *ret_count,
		     struct error *err);
