/* SPDX-License-Identifier: MIT */
/*
 * Changes of files that nobody can be asked about before: told after the fact by a fanotify group
 * of notifications (FAN_REPORT_DFID_NAME, Linux 5.9). Writes through descriptors that were open
 * before, truncate(2), rename(2), unlink(2). Stores through a mapping make no event at all.
 */
#pragma once

#include "source/gate.h"

struct gate_changes;

/* `counters` is borrowed. -EINVAL: the kernel is too old; other -errno of fanotify_init(2). */
int gate_changes_new(struct gate_counters *counters, struct gate_changes **ret_changes);
void gate_changes_free(struct gate_changes *changes);
DEFINE_CLEANUP(struct gate_changes *, gate_changes_free);

/* GATE_WATCH_CONTENT and GATE_WATCH_NAMES of `what` are looked at. What cannot be watched is
 * counted. */
void gate_changes_watch(struct gate_changes *changes, const char *path, unsigned what);
void gate_changes_unwatch(struct gate_changes *changes, const char *path, unsigned what);

/* Forgets which folders are which, before all that is still watched is watched again. */
void gate_changes_clear(struct gate_changes *changes);

int gate_changes_descriptor(const struct gate_changes *changes);
int gate_changes_take(struct gate_changes *changes, gate_change_fn function, void *userdata);
