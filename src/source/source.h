/* SPDX-License-Identifier: MIT */
/*
 * One contract for every source of events. A source turns what one kernel interface says into
 * struct event and nothing else, and counts what it saw and what it lost.
 *
 * A source is driven by its owner's loop: when `fd` is readable, or `due` has come, `dispatch` is
 * called and hands out what is there. A source never sleeps and has no thread.
 */
#pragma once

#include "model/event.h"
#include "util/error.h"
#include "util/host.h"

struct source;

struct source_options {
	const struct host *host;
	struct event_sink sink;
	uint32_t types;			/* EVENT_BIT()s that are wanted; 0: nothing for now */
	const char *const *environment; /* names of variables wanted in `env` */
	size_t environment_count;
	pid_t quiet;	     /* a process whose own events are not told; 0: none */
	size_t buffer;	     /* bytes for what is not read yet; 0: the source's default */
	const char *path;    /* replay: the file */
	bool list;	     /* `list` of the class will be called */
	uint32_t urgent;     /* EVENT_BIT()s that wait for no others, where the source can tell */
	uint64_t latency_ns; /* how long an event may wait for others, at most; 0: the default of
			      * 20 ms. Nothing is promised below. */
};

/* Losses by cause; the names are shown by `reeve status`. */
enum { SOURCE_CAUSES = 8 };
struct source_counters {
	uint64_t seen;	  /* events handed out, or that would have been if wanted */
	uint64_t lost;	  /* of all causes, as far as the kernel says how many */
	uint64_t gaps;	  /* gap records handed out */
	uint64_t wakeups; /* calls of dispatch */
	struct {
		const char *cause; /* NULL: the rest is empty */
		uint64_t count;
	} causes[SOURCE_CAUSES];
};

/* One kernel interface that a source can use, for `reeve doctor`. */
enum hook_state { HOOK_WORKS, HOOK_REFUSED, HOOK_NOT_BUILT, HOOK_NOT_NEEDED };
struct hook_report {
	const char *name; /* "tp_btf/sched_process_exec" */
	enum hook_state state;
	int error;	    /* positive errno when refused */
	const char *reason; /* a sentence: likely cause; may be NULL */
	const char *advice; /* what to do; may be NULL */
};
typedef void (*hook_report_fn)(const struct hook_report *report, void *userdata);

struct source_class {
	enum event_source id;
	const char *name;
	const char *summary;   /* one line for help and doctor */
	const char *guarantee; /* what it promises, for docs/sources.md and doctor */
	const uint8_t *knows;  /* enum event_field that it can know, for its exec records */
	size_t knows_count;
	uint32_t types;	  /* EVENT_BIT()s that it can tell */
	bool tells_users; /* executions, forks and exits say whose the process is now */

	/* Reports every hook and leaves no trace. 0: the source works here; else why not. */
	int (*probe)(const struct host *host, hook_report_fn report, void *userdata,
		     struct error *err);
	/* Begins to watch: what happens after its return is told, unless lost and counted. */
	int (*open)(const struct source_options *options, struct source **ret_source,
		    struct error *err);
	void (*free)(struct source *source);

	/* To be polled for reading; -1: only `due` counts. Constant while the source is open. */
	int (*fd)(const struct source *source);
	/* CLOCK_MONOTONIC ns when dispatch wants to be called although nothing is readable;
	 * UINT64_MAX: not. Asked after every dispatch and set_types. */
	uint64_t (*due)(const struct source *source);
	/* Hands out what is there, a bounded amount. Returns how many; 0: nothing now;
	 * -ENODATA: there will never be more (end of a recorded file); another negative errno: the
	 * source has failed for good and is to be replaced. */
	int (*dispatch)(struct source *source, struct error *err);
	/* Changes what is wanted. */
	int (*set_types)(struct source *source, uint32_t types, struct error *err);
	/* Tells `sink` alone all that runs now, as RUNNING records with what the process table
	 * keeps (scan-processes.h, brief); what happens meanwhile is told by dispatch, as ever.
	 * 0, or a negative errno: some may have been told, /proc is to be read. NULL: it cannot. */
	int (*list)(struct source *source, const struct event_sink *sink);
	/* What it found out about itself, for doctor and status: "dentry walk by bpf_loop"; may be
	 * NULL. */
	const char *(*variant)(const struct source *source);
};

/* The beginning of every source. */
struct source {
	const struct source_class *class;
	struct source_counters counters;
};

/* In the order in which `auto` tries them; replay is never tried. */
extern const struct source_class *const source_classes[];
extern const size_t source_class_count;

/* By name, or NULL. */
const struct source_class *source_class_find(const char *name);

static inline void source_free(struct source *source)
{
	if (source)
		source->class->free(source);
}
DEFINE_CLEANUP(struct source *, source_free);

/* Counts a loss under its cause (a constant string). */
void source_count_loss(struct source *source, const char *cause, uint64_t count);
