/* SPDX-License-Identifier: MIT */
/*
 * One place where events go: its spool, its sink, and what carries them from the one to the other
 * in the loop's own time. Events are in the spool before they are sent, and stay there until the
 * sink has reported them. A sink that fails is opened again, after a while that grows.
 */
#pragma once

#include "export/sink.h"
#include "export/spool.h"

#include <systemd/sd-event.h>

struct exporter;

struct exporter_options {
	sd_event *event;
	const char *name; /* of the sink, for sentences */
	const char *host; /* whose events these are */
	const struct sink_class *class;
	const struct sink_setting *settings; /* copied */
	size_t setting_count;
	struct spool_options spool;
	/* One sentence, for a log; level as syslog(3)'s. */
	void (*tell)(void *userdata, int level, const char *sentence);
	void *userdata;
};

struct exporter_counters {
	uint64_t delivered;  /* numbers that have arrived */
	uint64_t refused;    /* events that never will; in the spool's lost, too */
	uint64_t sent_again; /* that were under way when a sink failed */
	uint64_t under_way;  /* now */
	uint64_t opened;     /* times that the sink was opened */
	struct sink_counters sink;
	/* "opening"; "idle"; "sending"; "waiting": nothing has come back for seconds; "failed": it
	 * will be opened again */
	const char *state;
};

/* Opens the spool: -errno with a sentence as spool_open(). A sink that cannot be opened is no error
 * here: it is tried again. */
int exporter_new(const struct exporter_options *options, struct exporter **ret_exporter,
		 struct error *err);
/* Waits until then (CLOCK_MONOTONIC) for what is under way; nothing is sent from here on. */
void exporter_finish(struct exporter *exporter, uint64_t until_ns);
/* Waits a moment for what is under way, unless it is finished; the rest stays in the spool. */
void exporter_free(struct exporter *exporter);
DEFINE_CLEANUP(struct exporter *, exporter_free);

/* Takes an event: an object of JSON, without a newline. It goes out when the loop's turn is over.
 */
void exporter_add(struct exporter *exporter, enum spool_kind kind, uint64_t time, const char *json,
		  size_t size);

/* Tells that so many events are lost, which had no numbers. */
void exporter_add_loss(struct exporter *exporter, uint64_t count, const char *reason);

const struct exporter_counters *exporter_counters(struct exporter *exporter);
const struct spool_counters *exporter_spool(struct exporter *exporter);
const char *exporter_folder(const struct exporter *exporter);
