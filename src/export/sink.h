/* SPDX-License-Identifier: MIT */
/*
 * Where events go: one vtable for a Kafka broker, a file and the journal. A sink keeps nothing: the
 * spool does, until the sink reports of each event how it came out (exporter.h joins the two).
 */
#pragma once

#include "export/segment.h"
#include "util/error.h"

struct sink_record {
	const struct spool_record *record;
	const char *boot;
	const char *host;
	uint64_t ticket; /* by which it is reported */
};

/* What is known of a sink; names are its class's. */
struct sink_setting {
	const char *name, *value;
};

/* How an event came out. */
enum sink_result {
	SINK_DELIVERED,
	SINK_REFUSED,  /* it will never be taken */
	SINK_TOGETHER, /* it was refused with others that were sent with it: see sink_options.alone
			*/
	SINK_FAILED    /* what is under way must be sent again, to a sink that is opened anew */
};

struct sink_counters {
	uint64_t errors;    /* told by the sink, whatever became of events */
	uint64_t throttled; /* times that a broker made us wait */
	char last_error[256];
};

struct sink_options {
	const struct sink_setting *settings;
	size_t count;
	bool alone; /* each event is to be sent by itself, so that only what is refused is lost */
	void (*report)(void *userdata, uint64_t ticket, enum sink_result result);
	void *userdata;
	struct sink_counters *counters; /* outlives the sink */
};

struct sink;

struct sink_class {
	const char *name;
	/* -EINVAL and others, with a sentence. */
	int (*open)(const struct sink_options *options, struct sink **ret_sink, struct error *err);
	/* Takes a record, whose bytes stay until this returns. 0; -EAGAIN: no room now; -EMSGSIZE:
	 * it will never be taken; others: it has failed, and must be closed. */
	int (*send)(struct sink *sink, const struct sink_record *record);
	/* What was sent goes out. -errno: it has failed, and must be closed. */
	int (*flush)(struct sink *sink);
	/* Reports what has come out, after at most so many milliseconds. */
	void (*poll)(struct sink *sink, int wait_ms);
	/* Is readable when there is something to poll; -1: there never is. */
	int (*fd)(const struct sink *sink);
	void (*close)(struct sink *sink);
};

extern const struct sink_class sink_file, sink_journal, sink_kafka;

/* The value of that name; NULL: it is not set. */
const char *sink_setting(const struct sink_options *options, const char *name);
/* Counts an error of the sink, and keeps its text. */
void sink_error(struct sink_counters *counters, const char *format, ...) _printf_(2, 3);
