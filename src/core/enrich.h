/* SPDX-License-Identifier: MIT */
/* What an event gains from this host without the process table: names, and which container. */
#pragma once

#include "model/event.h"

struct enricher;

/* `root`: before /etc, "" on a real host. -ENOMEM. */
int enricher_new(const char *root, struct enricher **ret_enricher);
void enricher_free(struct enricher *enricher);
DEFINE_CLEANUP(struct enricher *, enricher_free);

/* The names of user and group, where their numbers are known. Hold until the next call. */
void enrich_names(struct enricher *enricher, struct event *event, uint64_t now_ns);
/* The container, where the control groups are known. Holds as long as these and until the next
 * call. */
void enrich_container(struct enricher *enricher, struct event *event);
