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
	char *trouble;				/* why the last start failed, or NULL */
	bool seen;				/* while manifests are read */
	bool removing;
	struct machine machine;

	struct launch_child child; /* pid 0: none */
	uint64_t start_ticks;
	uint64_t started;	/* CLOCK_REALTIME ns, of this run */
	bool foreign;		/* not our child: taken over */
	bool unregistered;	/* adopted without its record */
	sd_event_source *exit, *timer, *kill_timer, *watchdog_timer, *record_defer;
	unsigned exit_tries;
	uint64_t kill_wait; /* µs */
	unsigned left;	    /* processes that the end of the run found in the group */
	struct group_killing killing;
	struct group_usage baseline; /* of the group, when the run began */
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
	uint64_t watchdogs, health_failures, pressure_events, oom_kills, adoptions;
};

struct supervisor {
	struct supervisor_options options;
	char *manifests, *runtime_dir, *log_dir;
	struct service **items; /* by name */
	size_t count, room;
	struct notify *notify;
	bool waking, wake_again;
	uint64_t foreign_messages; /* to the notify socket, from nobody's process */
	uint64_t record_failures;
	int null_fd;
	char boot_id[37];
};

/* service.c */
int service_new(struct supervisor *supervisor, const char *name, struct service **ret_service);
void service_free(struct service *service);
DEFINE_CLEANUP(struct service *, service_free);
void service_tell(struct service *service, int level, const char *format, ...) _printf_(3, 4);
/* Takes up what is waiting in next_manifest. */
void service_take_manifest(struct service *service);
/* Keeps a sentence for the status; the error is emptied. */
void service_trouble(struct service *service, struct error *err);
/* Begins to wait for the end of service->child. -errno. */
int service_watch(struct service *service);
/* After the run has begun, or has been taken over: health, watchdog, pressure. */
void service_attend(struct service *service);
struct group *service_group(const struct service *service);
int service_members(const struct service *service);
extern const struct machine_ops service_ops;
void service_message(struct service *service, const struct notify_message *message);

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
void service_record_remove(const struct service *service);
/* Reads the record: 0, -ENOENT, -EBADMSG (damaged), -ESTALE (of another boot). */
int service_record_read(struct service *service, json_t **ret_record);

/* adopt.c */
/* Takes over what runs of the service, if anything does. 1: it does, 0: nothing. */
int service_adopt(struct service *service);

/* supervisor.c */
void supervisor_wake(struct supervisor *supervisor);
struct service *supervisor_find(const struct supervisor *supervisor, const char *name);
int supervisor_get(const struct supervisor *supervisor, const char *name,
		   struct service **ret_service, struct error *err);
/* Forgets one that is over. */
void supervisor_drop(struct supervisor *supervisor, struct service *service);
bool supervisor_may_start(const struct service *service);
int supervisor_load(struct supervisor *supervisor, struct error *err);

/* status.c */
json_t *service_to_json(struct service *service, bool whole);
json_t *end_to_json(const struct service_end *end);
void end_from_json(const json_t *object, struct service_end *ret_end);
