/* SPDX-License-Identifier: MIT */
/*
 * The engine wires everything: policy, groups, gate, names, triggers, control. It has no main and
 * no global state; two can live in one process (with different instance names).
 */
#pragma once

#include "cgroup/groups.h"
#include "config/load.h"
#include "util/log.h"
#include "util/places.h"

#include <jansson.h>
#include <systemd/sd-event.h>

struct engine;
struct handover_in;

struct engine_options {
	const char *config_path; /* file or folder; default /etc/reeve */
	const char *runtime_dir; /* default /run/reeve */
	const char *name;	 /* of the instance, whatever the policy says; NULL: what it says */
	enum load_flags load_flags;
	bool scan_at_start;	 /* place what already runs */
	bool dry_run;		 /* decide and record, change nothing */
	bool log_to_runtime_dir; /* a log of "stderr" goes to <runtime_dir>/reeved.log (--daemon) */
	bool local;		 /* no gate, no socket: one command's work without a daemon */
	bool bare;		 /* local: the policy's groups are not made (for clean) */
	/* In place of what the policy says of the log. */
	struct {
		bool given;
		enum log_target target;
		const char *path; /* as of log_new() */
		int facility;
		int level; /* -1: the policy's */
	} log;
	int guard_fd; /* socket to the guard, or -1 */
	/* libcgroup's register socket (core/registrar.h); path NULL: none. */
	struct {
		const char *path;
		uid_t uid; /* -1: root */
		gid_t gid;
	} registers;
	/* To execute ourselves anew (engine-handover.c): our words, NULL-terminated and borrowed;
	 * NULL: that cannot be. */
	char *const *argv;
	int pid_fd; /* locked, to be handed on; -1: none */
	/* Of one that was started in that way: the socket to the daemon that runs, and what that
	 * has sent; borrowed. */
	int predecessor;
	struct handover_in *inheritance;
	/* Told after every reload that took effect, whoever asked for it; may be NULL. */
	void (*reloaded)(const struct engine *engine);
};

#define ENGINE_CONFIG_PATH	 "/etc/reeve"
#define ENGINE_RUNTIME_DIR	 PLACE_RUNTIME
#define ENGINE_HANDOVER_VARIABLE "REEVE_HANDOVER" /* the number of that socket */

/*
 * Loads the policy (mistakes go to `diagnostics`), opens the instance, makes the groups, and, not
 * `local`, starts gate and socket on `event`. On return everything that starts from now on is
 * placed. -EINVAL: the policy (see diagnostics); -EBUSY: an instance of that name runs; others
 * with a sentence.
 */
int engine_new(const struct host *host, sd_event *event, const struct engine_options *options,
	       struct engine **ret_engine, struct diagnostics *diagnostics, struct error *err);

/* Tells the daemon that runs why this one does not take its place. */
void engine_succession_refuse(int predecessor, int code, const struct diagnostics *diagnostics,
			      struct error *err);
/* Another one has: only what has to do with this process is left to be done. */
bool engine_was_handed_over(const struct engine *engine);

/* The loop, until somebody ends it (sd_event_exit()): its exit code, or a negative errno. */
int engine_run(struct engine *engine);

/* Stops the gate, puts tuning back, closes; groups and their processes stay. */
void engine_free(struct engine *engine);
DEFINE_CLEANUP(struct engine *, engine_free);

/* Reads the policy again: all of it takes effect, or none (the old one stays). As engine_new(). */
int engine_reload(struct engine *engine, struct diagnostics *diagnostics, struct error *err);

struct scan_result {
	uint64_t seen, matched, moved, already, failed, vanished;
};
/* Places what already runs (fetter's quick-run). */
int engine_scan(struct engine *engine, struct scan_result *ret_result, struct error *err);

/* Log of this engine, for the main to add its own lines. */
struct log *engine_log(const struct engine *engine);
const char *engine_name(const struct engine *engine);
/* One line for `systemctl status` and sd_notify STATUS=. Owned by the caller. */
char *engine_status_line(const struct engine *engine);

/*
 * A control request by name, as io.reeve's interface (core/io.reeve.varlink) defines it, without
 * any socket: what the socket and the command line without a daemon both end in.
 * Returns 0 with *ret_reply owned (an object), or a negative errno with a sentence:
 * For a reload that fails, *ret_reply may hold {"diagnostics": [...]} all the same (or NULL).
 * -EOPNOTSUPP no such method, -EINVAL parameters, -ENOENT no such group, others as they come.
 */
int engine_control(struct engine *engine, const char *method, json_t *parameters,
		   json_t **ret_reply, struct error *err);
