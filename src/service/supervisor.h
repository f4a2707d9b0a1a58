/* SPDX-License-Identifier: MIT */
/*
 * All services of an instance: their manifests, their processes, and what becomes of them. It
 * lives in one sd-event loop and waits for nothing. When it is freed, or its process killed, the
 * services go on; the next one takes them over.
 */
#pragma once

#include "cgroup/groups.h"
#include "config/service.h"

#include <jansson.h>
#include <systemd/sd-event.h>

struct supervisor;

struct supervisor_options {
	const struct host *host;
	sd_event *event; /* NULL: manifests can be looked at and changed, nothing runs */
	struct groups *groups;
	const char *manifests; /* folder of NAME.yaml; need not be there */
	const char
		*over; /* another, whose manifests stand for those of the same name; NULL: none */
	const char *runtime_dir; /* for the notify socket and, in "services", records and pipes */
	const char *log_dir;	 /* for NAME.log */
	enum load_flags load_flags;
	int notify_fd; /* an earlier supervisor's socket, taken; 0 or -1: none */
	/* One sentence about a service, for a log; level as syslog(3)'s. */
	void (*tell)(void *userdata, int level, const char *sentence);
	/* A group has been made or has gone: who keeps placements must renew them. */
	void (*groups_changed)(void *userdata);
	/* A process of a service has ended: what its status says of that. May be NULL. */
	void (*ended)(void *userdata, const char *name, const json_t *end);
	/* How a process that is not our child has ended, as waitpid(2) says it; -errno: not known.
	 * May be NULL. */
	int (*exit_status)(void *userdata, pid_t pid, int *ret_status);
	void *userdata;
};

/* In which groups services are: SERVICE_GROUPS "/" NAME. */
#define SERVICE_GROUPS "services"

/* Reads all manifests: what is wrong with one is told, and kept for its status. */
int supervisor_new(const struct supervisor_options *options, struct supervisor **ret_supervisor,
		   struct error *err);
/* Takes over what runs, and starts what is enabled. Not for `event` NULL. */
int supervisor_begin(struct supervisor *supervisor, struct error *err);
void supervisor_free(struct supervisor *supervisor);
DEFINE_CLEANUP(struct supervisor *, supervisor_free);

/*
 * Reads the manifests again. New ones appear and, if enabled, start; limits that have changed are
 * set at once, everything else at the next start; a service whose manifest has gone is stopped.
 */
int supervisor_reload(struct supervisor *supervisor, struct error *err);

/*
 * For one that takes the place of another while services run. The old one: -EAGAIN with a sentence
 * while some service is at something that only its own process can end (pre_start, post_stop, a
 * kill). Then supervisor_hand_over() tells each descriptor that the new one needs, by a name of its
 * own, and writes what is to be written; after that it is only freed. The new one is given them
 * before supervisor_begin(); 0: taken; -ENOENT: no such service.
 */
int supervisor_is_settled(const struct supervisor *supervisor, struct error *err);
int supervisor_hand_over(struct supervisor *supervisor,
			 int (*give)(void *userdata, const char *name, int fd), void *userdata);
int supervisor_take(struct supervisor *supervisor, const char *name, int fd);
int supervisor_notify_fd(const struct supervisor *supervisor);

/* Whether the group is there for a service, and goes on over a reload of the policy. */
bool supervisor_has_group(const struct supervisor *supervisor, const char *name);

size_t supervisor_count(const struct supervisor *supervisor);

/* What is asked of one: -ENOENT with a sentence for a name that is not there, and others. */
int supervisor_start(struct supervisor *supervisor, const char *name, struct error *err);
int supervisor_stop(struct supervisor *supervisor, const char *name, struct error *err);
int supervisor_restart(struct supervisor *supervisor, const char *name, struct error *err);
/* Sends its reload_signal. -ESRCH: it does not run. */
int supervisor_signal(struct supervisor *supervisor, const char *name, struct error *err);

/*
 * Writes a manifest, given as an object of its keys, and takes it up. -EEXIST: there is one of that
 * name; -EINVAL: it has mistakes, or its program cannot be found.
 */
int supervisor_install(struct supervisor *supervisor, const char *name, const json_t *manifest,
		       struct error *err);
/* Changes keys of a manifest (null takes one out), and the limits of what runs. */
int supervisor_set(struct supervisor *supervisor, const char *name, const json_t *changes,
		   struct error *err);
/* Stops it, and removes manifest, record and pipe; its group and it are gone when it has stopped.
 */
int supervisor_remove(struct supervisor *supervisor, const char *name, struct error *err);

/* Whether what was asked for is over: -EINPROGRESS, or how it came out (-ECANCELED: it failed, with
 * a sentence). `what` is "start", "stop", "restart" or "remove". */
int supervisor_outcome(struct supervisor *supervisor, const char *name, const char *what,
		       struct error *err);

/* Everything about one, or about all (an array); NULL: no memory, or not there. Owned. */
json_t *supervisor_status(struct supervisor *supervisor, const char *name);
json_t *supervisor_list(struct supervisor *supervisor);
/* The manifest, borrowed; NULL: there is none, or it has mistakes. */
const struct service_manifest *supervisor_manifest(const struct supervisor *supervisor,
						   const char *name);
/* A systemd unit that does the same, as far as one can; owned. NULL: no memory. */
char *service_unit_text(const struct service_manifest *manifest);

/* Counters of all, for the daemon's status. Owned. */
json_t *supervisor_counters(const struct supervisor *supervisor);
