/* SPDX-License-Identifier: MIT */
/* What the files of the engine share; nobody else includes it. */
#pragma once

#include "action/adhoc.h"
#include "action/trigger.h"
#include "cgroup/destination.h"
#include "core/engine.h"
#include "core/guard.h"
#include "core/gatekeeper.h"
#include "core/exempt.h"
#include "core/observer.h"
#include "core/registrar.h"
#include "core/resolve.h"
#include "core/scan.h"
#include "launch/group-index.h"
#include "source/kernel-deny.h"
#include "core/trigger-values.h"
#include "core/urgency.h"
#include "service/supervisor.h"
#include "source/gate.h"
#include "varlink/server.h"

/* In which triggers' programs run that name no other: there where the policy has triggers. */
#define TRIGGER_GROUP "reeve-triggers"

enum { HISTORY = 32, STRAGGLERS_MAX = 256, PROBLEMS_MAX = 64 };

/* A decision and the policy that its indexes belong to. */
struct shown_decision {
	struct decision decision;
	struct shared_policy *policy; /* a reference; NULL: empty slot */
};

/* An execution whose outcome was not known when it was looked at (engine-outcome.c). */
struct straggler {
	struct decision decision;
	unsigned tries;
	uint64_t ticks;	 /* for verify_execution() */
	bool superseded; /* the process has begun another one since */
	bool done;	 /* to be removed */
};

/* Which decisions somebody wants to see. */
enum { DECISION_WISH_PIDS = 64 };

struct decision_wish {
	const char *rule; /* one of those that matched; NULL: any */
	bool denied;	  /* those that were refused only */
	size_t limit;	  /* of a list: the last ones */
	pid_t pids[DECISION_WISH_PIDS];
	size_t pid_count; /* 0: any process */
};

struct subscriber {
	struct subscriber *next;
	struct varlink_call *call;
	struct decision_wish wish;
	char *rule; /* owned; the wish's */
	uint64_t lost;
};

/* How a process that is not our child has ended, as the guard says. */
enum { FOREIGN_ENDS = 128 };
struct foreign_end {
	pid_t pid; /* 0: none */
	int status;
};

struct engine_counters {
	uint64_t decisions;
	uint64_t put_back, stuck; /* failed executions: put back, could not be */
	uint64_t exempt;      /* changes of users that placed nobody, for they have registered */
	uint64_t races;	      /* moved while the gate was asked, and then where that had decided */
	uint64_t descendants; /* moved after who they descend from */
	uint64_t stragglers_dropped; /* too many executions under way to check them all */
	uint64_t self_triggers;	     /* a trigger set off by a trigger's own process */
	uint64_t resolved, reloads, reloads_failed, scans;
	uint64_t passed_while_stopped; /* answered by the guard, then repaired by a scan */
	uint64_t mounts_seen;
	uint64_t hierarchies_found; /* mounted after the start, and taken */
	uint64_t unrecorded;	    /* decisions that are in no record */
	uint64_t changes;	    /* told after the fact by the gate */
	uint64_t links_read;	    /* the same, because a link to a program leads elsewhere */
	uint64_t accounts_read;	    /* the policy, once more: users had changed */
	uint64_t limits_told;	    /* groups looked at because the kernel told of them ... */
	uint64_t limits_polled;	    /* ... and because nobody does */
	uint64_t events_lost;	    /* subscribers that did not read */
	uint64_t handovers, handovers_failed; /* this one took over; none could from this one */
	uint64_t kernel_denials; /* entries for what the kernel refuses by itself, now */
};

struct engine {
	const struct host *host;
	sd_event *event;
	struct engine_options options;
	char *config_path, *runtime_dir, *name;
	struct log *log;
	struct layout *layout;
	struct old_layout *old_layouts; /* engine-hierarchies.c */
	uint64_t told_hierarchies;	/* hash of the names of those that cannot be taken */
	bool mounts_changed;
	struct groups *groups;
	struct resolver *resolver;
	struct gate *gate;
	uint64_t gate_since;	  /* its threads answer, CLOCK_MONOTONIC; 0: they do not yet */
	bool gate_runs;		  /* its threads do: files can be watched */
	struct error gate_error;  /* why there is no gate */
	struct kernel_deny *deny; /* NULL: the kernel refuses nothing by itself */
	struct error deny_error;  /* why it cannot */
	sd_event_source *deny_source;
	struct confirm *confirm;
	struct gatekeeper *keeper;
	struct exempt *exempt; /* NULL: nobody can register */
	struct registrar *registrar;
	sd_event_source *exempt_timer;
	bool follows; /* forks are asked for, because of them */
	struct trigger_runner *triggers;
	struct adhoc *adhoc;
	struct occurrence *occurrences; /* those whose program is being loaded yet */
	size_t occurrence_count;
	sd_event_source *occurrence_timer;
	struct users *users; /* of those whom messages and triggers are about */
	struct varlink_server *server;
	struct watching *watching;	 /* engine-watch.h */
	struct occasions *occasions;	 /* engine-occasions.c */
	struct host_files *host_files;	 /* engine-accounts.c */
	struct limit_watch *limit_watch; /* NULL: no rule asks for it (engine-limits.c) */
	struct looks *looks;		 /* engine-history.c */

	struct shared_policy *policy;
	uint32_t generation;
	json_t *made;		   /* groups that commands have made (core/made.h) */
	struct group_index index;  /* where groups are, for those who start programs in them */
	struct snapshot **retired; /* old ones that a thread or a queued decision may still need */
	size_t retired_count;
	char **problems; /* of the groups, as sentences; shown in status until the next reload */
	size_t problem_count;
	char **shunned; /* mount points that the gate gave up, until the next reload */
	size_t shunned_count;

	uint32_t dynmods_set;
	uint64_t started_ns; /* CLOCK_BOOTTIME */
	bool begun;	     /* the start is over, with its scan */
	uint32_t boot;	     /* the first 8 digits of the boot id */
	pid_t guard_pid;
	int timer_fd, urgent_fd, mountinfo_fd, lock_fd;
	sd_event_source *file_names; /* of the gate: gate_take_names() */
	sd_event_source *timer, *urgent, *mounts, *guard, *rename_timer, *scan_timer,
		*straggler_timer, *sweep_timer, *kill_timer;
	struct delayed *delayed;  /* held until a delay is over (engine-effects.c) */
	struct killing *killings; /* groups that are being killed (engine-effects.c) */
	struct membership was;	  /* scratch, and the next one */
	struct destination destination;
	struct urgent work; /* what is being done */

	pid_t raced[16]; /* moved by a rule while the gate was asked about them */
	unsigned raced_next;
	struct straggler *stragglers;
	size_t straggler_count;
	struct shown_decision history[HISTORY];
	size_t history_next;
	struct subscriber *subscribers;
	struct decision_log *decision_log; /* NULL: none is kept */
	sd_event_source *record_post;
	struct slow *slow;	     /* requests under way (engine-slow.c) */
	struct exporting *exporting; /* engine-export.c; NULL: a command's own engine */
	struct supervisor *supervisor;
	struct fleet *fleet;		    /* NULL: this host is in none (engine-fleet.c) */
	struct service_wait *service_waits; /* requests under way (engine-service.c) */
	struct scan_memory scanned;	    /* by the scans that stand in for the gate */
	char *program;			    /* the file to be executed anew; NULL: not known */
	struct handover *handover;	    /* NULL: nobody takes our place */
	json_t *later;			    /* requests for who is the daemon in the end, or NULL */
	json_t *before;		   /* the status of the daemon whose place we took, or NULL */
	json_t *go;		   /* what it said last before we began */
	uint64_t blind_since;	   /* CLOCK_BOOTTIME: nobody observes since; 0: nobody has before */
	struct observer_told told; /* by the daemon before us */
	sd_event_source *predecessor;
	struct foreign_end foreign_ends[FOREIGN_ENDS];
	size_t foreign_next;
	struct engine_counters counters;
	struct urgency urgency; /* of the loop */
	struct log_limit move_limit, lost_limit, trigger_limit, outcome_limit, rules_limit;
	uint64_t lost_told;
};

/* engine.c */
int engine_log_level(const struct engine *engine, const struct policy *policy);

/* engine-policy.c: reading, applying, resolving */
int engine_load(struct engine *engine, struct policy **ret_policy, struct diagnostics *diagnostics,
		struct error *err);
/* Makes groups and snapshot agree with a policy (taken on success). */
int engine_apply(struct engine *engine, struct policy *policy, struct error *err);
/* Resolves names again and renews the snapshot. */
int engine_resolve(struct engine *engine);
/* After single groups were made, changed or removed: the snapshot is renewed if it has to be. */
int engine_groups_changed(struct engine *engine);
/* Wakes the loop in some milliseconds to look at decisions, and to free what nobody uses. */
void engine_look_later(const struct engine *engine);
/* After a new policy could not be put in place: the groups agree with the old one again. */
void engine_restore_groups(struct engine *engine);
/* After we have taken another daemon's place: what is not in the policy goes. */
int engine_settle_groups(struct engine *engine, struct error *err);
/* Has the gate watch the files that rules on opens name. */
void engine_watch_files(struct engine *engine);
void engine_drop_retired(struct engine *engine);
/* Whether the gate has the descriptors of the groups as they are. */
bool engine_is_up_to_date(const struct engine *engine);
const struct snapshot *engine_snapshot(const struct engine *engine, uint32_t generation);
static inline const struct policy *engine_policy(const struct engine *engine)
{
	return engine->policy->policy;
}

/* engine-loop.c: what the loop does when something happens */
int engine_loop_start(struct engine *engine, struct error *err);
/* Begins to listen, once the gate is there or known not to be. */
int engine_loop_watch(struct engine *engine, struct error *err);
void engine_loop_stop(struct engine *engine);
/* Another one's loop does what mounts, names and the guard ask for. */
void engine_loop_retire(struct engine *engine);
void engine_take_guard(struct engine *engine, const struct guard_message *message);
/* A scan in place of the gate; what was seen in the last one is not recorded again. */
int engine_scan_again(struct engine *engine);
/* How many rules do nothing because there is no gate; 0 where there is one. */
size_t engine_idle_rules(const struct engine *engine);
void engine_tell_without_gate(struct engine *engine);
/* Records one decision: history, log, subscribers. */
void engine_record(struct engine *engine, const struct decision *decision);

/* engine-outcome.c: what became of executions; moves once more who was moved by somebody else while
 * the gate decided */
void engine_settle_race(struct engine *engine, const struct decision *decision);
/* puts a process back whose execution failed, now or when that is known */
void engine_check_outcome(struct engine *engine, const struct decision *decision);

/* engine-events.c */
/* All decisions from now on; with `wish` (may be NULL) those that it wants, the last `limit` of
 * before first. */
int engine_subscribe(struct engine *engine, struct varlink_call *call,
		     const struct decision_wish *wish);
void engine_publish(struct engine *engine, const struct shown_decision *shown);
/* `why` NULL: the daemon ends. */
void engine_unsubscribe_all(struct engine *engine, const struct error *why);

/* engine-fleet.c: the policy of many hosts, over our own files */
/* Replaces a policy of files alone by the same with the fleet's documents over it. */
int engine_fleet_lay_over(struct engine *engine, struct policy **policy, enum load_flags flags,
			  struct diagnostics *diagnostics, struct error *err);
/* Where the fleet's manifests are; owned, NULL: no memory. */
char *engine_fleet_services(const struct engine *engine);
/* Makes that folder agree with the documents that are in force. */
void engine_fleet_write_services(struct engine *engine);
/* Begins, ends, or begins anew where the policy says something else of the fleet. */
void engine_fleet_update(struct engine *engine);
void engine_fleet_stop(struct engine *engine);
/* Nothing is asked of etcd nor applied while another daemon is about to take our place. */
void engine_fleet_pause(struct engine *engine);
void engine_fleet_resume(struct engine *engine);
/* Owned; null where there is none. */
json_t *engine_fleet_status(const struct engine *engine);

/* engine-record.c */
void engine_record_start(struct engine *engine);
void engine_record_stop(struct engine *engine);
/* What was gathered is in the file. */
void engine_record_flush(struct engine *engine);
void engine_record_add(struct engine *engine, const struct shown_decision *shown);
int decision_wish_read(const json_t *parameters, struct decision_wish *ret_wish, struct error *err);
bool decision_wanted(const json_t *decision, const struct decision_wish *wish);
json_t *engine_list_decisions(struct engine *engine, const struct decision_wish *wish);
json_t *engine_rules_to_json(const struct engine *engine);

/* engine-control.c: puts the first mistake of a policy, with its place, before the sentence */
void engine_name_mistake(const struct diagnostics *diagnostics, struct error *err);

/* engine-status.c */
json_t *engine_status(struct engine *engine, bool groups);
json_t *engine_group_to_json(struct engine *engine, struct group *group);
/* Its folders in all hierarchies, as they are seen here. */
json_t *engine_group_paths(const struct engine *engine, const struct group *group);
json_t *engine_counters_to_json(const struct engine *engine);
json_t *engine_sources_to_json(const struct engine *engine);
/* engine-metrics.c: GetMetrics */
int engine_metrics(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		   struct error *err);

/* engine-socket.c: the varlink server in front of engine_control() */
int engine_socket_check(const struct engine *engine, struct error *err); /* its path */
int engine_socket_start(struct engine *engine, struct error *err);

/* engine-handover.c: another program takes our place; as engine_begin_slow() */
int engine_begin_handover(struct engine *engine, const char *method, struct varlink_call *call,
			  struct error *err);
bool engine_is_handing_over(const struct engine *engine);
void engine_stop_handover(struct engine *engine);

/* engine-later.c: requests that nobody waits for, while the daemon is replaced. Keeps one; */
int engine_do_later(struct engine *engine, const char *method, const json_t *parameters);
/* takes those that another daemon has kept; */
void engine_later_add(struct engine *engine, const json_t *list);
/* does them all. */
void engine_later_do(struct engine *engine);

/* engine-successor.c: we take another one's place */
extern const char *const engine_gate_names[];
#define ENGINE_HISTORY_NAME "history"
bool engine_is_successor(const struct engine *engine);
int engine_check_inheritance(const struct engine *engine, struct error *err);
/* A descriptor, which is the caller's then; -1: there is none. */
int engine_inherit(const struct engine *engine, const char *name);
int engine_inherited_number(const struct engine *engine, const char *name);
/* All is ready but the gate's threads: waits until nobody else answers at the gate. */
int engine_succession_wait(struct engine *engine, struct error *err);
/* They run: takes over the rest. */
int engine_succession_complete(struct engine *engine, struct error *err);
/* Adds what was counted before. */
void engine_add_before(const struct engine *engine, json_t *status);
/* Has the daemon that took our place send it to its sinks. */
void engine_pass_on(struct engine *engine, const char *kind, uint64_t time, const char *json);
void engine_note_end(struct engine *engine, pid_t pid, int status);
/* supervisor_options.exit_status */
int engine_foreign_status(void *engine, pid_t pid, int *ret_status);

/* engine-slow.c: requests that the loop does not wait for */
/*
 * Returns 1 if the request is one of those and is, or will be, answered; 0 if it is not, or names
 * no group: then it is engine_control()'s; or -errno, not answered.
 */
int engine_begin_slow(struct engine *engine, const char *method, struct varlink_call *call,
		      const json_t *parameters, struct error *err);
/* Answers what is under way, and leaves nothing frozen for it. */
void engine_stop_slow(struct engine *engine);

/* engine-service.c */
/* Reads the manifests: before the policy's groups are made to agree with it. */
int engine_services_load(struct engine *engine, struct error *err);
/* Takes over and starts services. */
int engine_services_begin(struct engine *engine, struct error *err);
/* They go on; what waits for one is answered. */
void engine_services_stop(struct engine *engine);
/* As engine_begin_slow(). */
int engine_begin_service(struct engine *engine, const char *method, struct varlink_call *call,
			 const json_t *parameters, struct error *err);
/* The methods io.reeve.Service*, for engine_control(). */
int engine_service_control(struct engine *engine, const char *method, const json_t *parameters,
			   json_t **ret_reply, struct error *err);

/* engine-export.c: the policy's sinks */
int engine_export_start(struct engine *engine);
void engine_export_stop(struct engine *engine);
/* The policy is another. */
void engine_export_update(struct engine *engine);
/* EVENT_BIT()s that rules and sinks need. */
uint32_t engine_asked_events(const struct engine *engine);
bool engine_exports_events(const struct engine *engine);
bool engine_exports_decisions(const struct engine *engine);
/* The table of processes is a new one. */
void engine_export_seed(struct engine *engine, const struct process_table *table);
void engine_export_event(struct engine *engine, const struct event *event);
/* `json` is what decision_to_json() says of it, as text. */
void engine_export_decision(struct engine *engine, const struct decision *decision,
			    const char *json);
/* The supervisor's; `userdata` is the engine. */
void engine_export_service_end(void *userdata, const char *name, const json_t *end);
json_t *engine_export_to_json(const struct engine *engine);
/* Closes the spools, for the next daemon to open them: what is sent from then on goes by way of it.
 */
void engine_export_give_away(struct engine *engine);
/* What a daemon sent whose spools are ours now; `kind`: one of spool_kinds. */
void engine_export_passed(struct engine *engine, const char *kind, uint64_t time, const char *json);

/* engine-effects.c */
/* Does what a plan leaves to the loop, and lets go whom the gate holds; notes it in the decision,
 * which the caller records. */
void engine_carry_out(struct engine *engine, struct urgent *urgent);
/* Looks by and by which groups made on demand are empty. */
void engine_sweep_later(struct engine *engine);
bool engine_is_own(const struct engine *engine, pid_t pid);
/* Lets all go that is held, and gives up what is under way. */
void engine_drop_effects(struct engine *engine);

/* engine-deny.c: refusals by the kernel itself */
/* The policy, or what its paths stand for, has changed. */
void engine_deny_update(struct engine *engine);
void engine_deny_stop(struct engine *engine);

/* engine-register.c: processes that rules leave where they are */
int engine_register_open(struct engine *engine, struct error *err);
/* Listens, once everything else is there. */
int engine_register_start(struct engine *engine, struct error *err);
void engine_register_stop(struct engine *engine);
void engine_register_flush(struct engine *engine);
/* A process was forked, or a daemon's. */
void engine_register_fork(struct engine *engine, const struct event *event);
/* Forks may not have been told of. */
void engine_register_look(struct engine *engine);
/* Takes what places the process out of a plan, where it has registered. */
void engine_leave_alone(struct engine *engine, struct plan *plan, struct decision *decision);

/* engine-hierarchies.c */
/* Looks whether hierarchies were mounted since; true where they are used from the next snapshot on.
 * Told. */
bool engine_find_hierarchies(struct engine *engine);
void engine_drop_layouts(struct engine *engine); /* when no snapshot is left that has one */

/* engine-place.c: groups that are not ours */
/* Into engine->destination, made where it has fields; as place_find() and place_expand(). */
int engine_find_place(struct engine *engine, struct urgent *urgent, const struct policy *policy,
		      const struct plan_step *step);
/* Some group that is not ours is another one for each process. */
bool engine_plan_has_fields(const struct plan *plan);
/* Where a decision placed its process. -ENOENT: nowhere that could be told. */
int engine_place_again(const struct engine *engine, const struct decision *decision,
		       struct destination *destination);
/* The hierarchies in which rules place, as a mask like groups_hierarchies(). */
uint32_t engine_placed_in(const struct engine *engine);
/* Warns of rules whose controllers are not mounted. */
void engine_tell_places(struct engine *engine);

/* engine-kill.c */
int engine_kill_group(struct engine *engine, struct group *group);
void engine_stop_kills(struct engine *engine);

/* engine-occasions.c: rules on what has happened */
int engine_occasions_start(struct engine *engine);
void engine_occasions_stop(struct engine *engine);
/* The policy, or the mounts, have changed. */
int engine_occasions_update(struct engine *engine);
void engine_occasions_remount(struct engine *engine);
/* From now on events are told. */
void engine_occasions_observed(struct engine *engine);
void engine_take_event(struct engine *engine, const struct event *event,
		       const struct process_table *table);
/* A process that will act for this user, as login(1) does for who logs in. */
struct session {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	gid_t groups[FACT_GROUPS_MOST];
	size_t group_count;
};
/* Places it as if it had become that user already; nothing else is done. 0: no rule is about it; 1:
 * one is, and what came of it is in the decision, until the next one; -errno with a sentence. */
int engine_place_session(struct engine *engine, const struct session *session,
			 const struct decision **ret_decision, struct error *err);
/* A group of ours has met one of its limits, or run out of memory; `what` is that. */
void engine_tell_group(struct engine *engine, enum occasion on, const char *group,
		       const char *what);
/* EVENT_BIT()s that rules need. */
uint32_t engine_wanted_events(const struct engine *engine);
/* The same before engine_occasions_start(). */
uint32_t engine_foreseen_events(const struct engine *engine);
/* Changes of users or groups among them. */
bool engine_wants_users(const struct engine *engine);

/* engine-accounts.c: users, and the time of day */
int engine_accounts_start(struct engine *engine);
void engine_links_changed(struct engine *engine); /* that conditions name: read again, soon */
void engine_accounts_stop(struct engine *engine);

/* engine-limits.c: groups that meet their limits */
/* The policy is another, or the observer has another source. */
int engine_limits_update(struct engine *engine);
/* Some have come, gone or been changed without that; noticed by the loop's next turn. */
void engine_limits_groups_changed(struct engine *engine);
void engine_limits_stop(struct engine *engine);

/* engine-history.c: what groups use, and have used */
int engine_history_start(struct engine *engine);
/* There are groups, which may be the first, or somebody may have come into one. */
void engine_history_wake(struct engine *engine);
void engine_history_stop(struct engine *engine);
/* For the daemon that takes over: a file that the caller closes. -ENODATA: nothing is kept. */
int engine_history_give(const struct engine *engine, int *ret_fd);
/* Reads one, in the place of what there is. -EBADMSG: of a version that keeps it otherwise. */
int engine_history_take(struct engine *engine, int fd);
/* GetTree, GetHistory; as engine_control(). */
int engine_tree(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		struct error *err);
int engine_past(struct engine *engine, const json_t *parameters, json_t **ret_reply,
		struct error *err);
/* NULL: nothing was kept so far. */
struct history_counters;
const struct history_counters *engine_history_counters(const struct engine *engine);

/* engine-trigger.c */
/* 0 also where it has to wait, or would set itself off; -errno: it was not started. */
int engine_run_trigger(struct engine *engine, const struct urgent *urgent,
		       struct shared_policy *policy, uint32_t rule, int trigger);
/* What is said of an event in messages, names of groups, and to triggers; all is borrowed. */
void engine_values(struct engine *engine, const struct urgent *urgent, const struct policy *policy,
		   const struct policy_rule *rule, struct trigger_values *ret_values);
void engine_stop_triggers(struct engine *engine);
void engine_trigger_ended(const struct trigger_outcome *outcome, void *userdata);
