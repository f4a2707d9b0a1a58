/* SPDX-License-Identifier: MIT */
/* What the files of service/ share; nobody else includes it. */
#pragma once

#include "launch/launch.h"
#include "service/helper.h"
#include "service/machine.h"
#include "service/notify.h"
#include "service/output.h"
#include "service/supervisor.h"
#include "util/host.h"

#include <syslog.h>

struct health;
struct pressure;

struct service {
	struct supervisor *supervisor;
	char *name, *group;			/* "agent", "services/agent" */
	struct service_manifest *manifest;	/* of the run; NULL: its file has mistakes */
	struct service_manifest *next_manifest; /* taken up at the next start; NULL: the same */
	char *problem;				/* what is wrong with its file, or NULL */
	char *trouble;	  /* why the last start failed, or what it runs without; or NULL */
	char *unheld;	  /* a limit that this machine cannot set, as a sentence, or NULL */
	bool refused;	  /* a limit that could be set was not: to be tried at each start */
	bool seen, fresh; /* while manifests are read */
	bool due;	  /* is about to be started: who comes after it waits for it already */
	enum { VISIT_NONE, VISIT_ON_WAY, VISIT_DONE } visit; /* while it is looked who waits */
	bool removing;
	struct machine machine;

	struct launch_child child; /* pid 0: none */
	uint64_t start_ticks;
	uint64_t started; /* CLOCK_REALTIME ns, of this run */
	bool foreign;	  /* not our child: taken over */
	sd_event_source *exit, *timer, *kill_timer, *watchdog_timer, *record_defer;
	uint64_t kill_wait; /* µs */
	bool kill_told;
	struct group_killing killing;
	struct group_usage baseline; /* of the group, when the run began */
	struct group_usage usage;    /* when it ended */
	struct helper *helper;	     /* pre_start or post_stop */
	struct health *health;
	struct pressure *pressure;
	struct output *output;
	int journal_fd;
	int *listen_fds;
	size_t listen_count;
	int ready_fd; /* our end of ready: fd */
	sd_event_source *ready_source;
	char status_text[NOTIFY_STATUS_MAX];
	uint64_t health_failures, pressure_events, oom_kills, adoptions;
};

struct supervisor {
	struct supervisor_options options;
	char *manifests, *runtime_dir, *log_dir;
	char *over;		/* NULL, or the folder whose manifests count before the others */
	struct service **items; /* by name */
	size_t count, room;
	struct notify *notify;
	sd_event_source *wake;
	uint64_t foreign_messages; /* to the notify socket, from nobody's process */
	uint64_t record_failures;
	int null_fd;
	int claim_fd; /* the folder of manifests is ours (claim.h); -1 */
	bool begun;   /* what runs has been taken over; false: another daemon has the folder */
	char boot_id[37];
	struct launch_rlimit rlimits[1]; /* what the daemon has raised for itself */
};

/* service.c */
int service_new(struct supervisor *supervisor, const char *name, struct service **ret_service);
void service_free(struct service *service);
DEFINE_CLEANUP(struct service *, service_free);
void service_tell(struct service *service, int level, const char *format, ...) _printf_(3, 4);
/* Takes up what is waiting in next_manifest. */
void service_take_manifest(struct service *service);
/* Tells a sentence, and keeps it for the status; the error is emptied. */
void service_trouble(struct service *service, struct error *err);
void service_tell_end(struct service *service, const struct service_end *end);
/* Begins to wait for the end of service->child. -errno. */
int service_watch(struct service *service);
/* After the run has begun, or has been taken over: health, watchdog, pressure. */
void service_attend(struct service *service);
/* Begins, or goes on, to wait for WATCHDOG=1. */
void service_feed_watchdog(struct service *service);
struct group *service_group(const struct service *service);
int service_members(const struct service *service);
extern const struct machine_ops service_ops;
void service_message(struct service *service, const struct notify_message *message);

/* health.c */
/* Begins to check; nothing where the manifest has no check. */
void service_health_start(struct service *service);
void health_free(struct health *health);
/* "", or what the last check found. */
const char *health_text(const struct health *health);

/* pressure.c */
void service_pressure_start(struct service *service);
void pressure_free(struct pressure *pressure);
/* Percent of the last pressure_time in which all of the group waited for memory. */
unsigned pressure_percent(const struct pressure *pressure);

/* start.c */
/* The group with its limits: made if it is not there. -errno with a sentence. */
int service_make_group(struct service *service, struct error *err);
int service_open_output(struct service *service, struct error *err);
/* Starts a program in the group: the service's own, or (`main` false) a helper of it. */
int service_spawn(struct service *service, char *const *argv, bool main,
		  struct launch_child *ret_child, struct error *err);

/* sockets.c */
int service_listen(struct service *service, struct error *err);
void service_unlisten(struct service *service);
/* Takes copies of the sockets that a process was handed. */
void service_take_sockets(struct service *service);

/* record.c */
void service_record_later(struct service *service);
/* What is to be recorded yet. */
void service_record_flush(struct service *service);
/* All of it, whether it has changed or not. */
void service_record_now(struct service *service);
void service_record_remove(const struct service *service);
/* Reads the record: 0, -ENOENT, -EBADMSG (damaged), -ESTALE (of another boot). */
int service_record_read(struct service *service, json_t **ret_record);

/* adopt.c */
/*
 * Takes over what runs of the service, or what had become of it when the last daemon ended. 1: it
 * is to be started now; 0: it runs, or rests.
 */
int service_adopt(struct service *service);

/* supervisor.c */
void supervisor_wake(struct supervisor *supervisor);
/* Makes what services need; does nothing where that is there. */
int supervisor_open(struct supervisor *supervisor, struct error *err);
/* Before anything is done to services: -EBUSY with a sentence while another daemon has them. Does
 * nothing without a loop. */
int supervisor_take_charge(struct supervisor *supervisor, struct error *err);
/* Another daemon has them: says so, once, and to each that asks. */
void supervisor_stand_by(struct supervisor *supervisor, struct error *err);
int supervisor_add(struct supervisor *supervisor, const char *name, struct service **ret_service);
struct service *supervisor_find(const struct supervisor *supervisor, const char *name);
int supervisor_get(const struct supervisor *supervisor, const char *name,
		   struct service **ret_service, struct error *err);
/* Forgets one that is over. */
void supervisor_drop(struct supervisor *supervisor, struct service *service);
bool supervisor_may_start(const struct service *service);
/* Whether what it requires is gone, and which. */
bool service_has_lost(const struct service *service, const char **ret_name);
/* Stops, and tells, those who wait for themselves by way of others. */
void supervisor_break_circles(struct supervisor *supervisor);
/* Starts those whose manifests are new. */
void supervisor_start_fresh(struct supervisor *supervisor);
int supervisor_load(struct supervisor *supervisor, struct error *err);

/* status.c */
json_t *service_to_json(struct service *service, bool whole);
json_t *end_to_json(const struct service_end *end);
void end_from_json(const json_t *object, struct service_end *ret_end);
