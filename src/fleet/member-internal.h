/* SPDX-License-Identifier: MIT */
/* What the parts of a member share; nobody else includes it. */
#pragma once

#include "fleet/etcd.h"
#include "fleet/keys.h"
#include "fleet/member.h"

enum member_state { MEMBER_CONNECTING, MEMBER_CONNECTED, MEMBER_WAITING };

struct member_counters {
	uint64_t connects, failures, leases, leases_lost, reads, changes, compactions, applied,
		refused, reported;
};

struct fleet_member {
	sd_event *event;
	struct etcd *etcd;
	struct fleet_member_use use;
	char *prefix, *host, *version, *boot_id;
	char **labels;
	unsigned ttl;
	enum member_state state;

	/* failing, and beginning again (member.c) */
	sd_event_source *retry;
	unsigned tries; /* in a row */
	char *trouble;	/* the last one; NULL: none since all went well */
	uint64_t since; /* of the state; CLOCK_BOOTTIME ns */
	bool told;	/* that it is in trouble */

	/* the documents (member-read.c) */
	struct etcd_stream *watch;
	sd_event_source *patience; /* until the watch has been answered */
	bool reading, read_again, watching;
	int64_t revision; /* up to which everything has been looked at; 0: nothing */
	int64_t changed;  /* to which the watch says that there is more */
	int64_t applied;  /* the revision whose documents are in force; 0: those of the disk */
	uint64_t noticed_ns, took_ns; /* when a change was told; from there to its being applied */
	struct fleet_documents bad;   /* those that were refused */
	json_t *refused;	      /* NULL, or what was refused and why */
	bool passing;		      /* it was for no mistake of theirs, and is tried again */
	sd_event_source *again;	      /* then */
	unsigned refusals;	      /* such ones in a row */

	/* the lease and what it holds (member-lease.c) */
	int64_t lease;
	sd_event_source *beat;
	bool awaiting;	    /* an answer to the last beat */
	uint64_t live_ns;   /* when the live key was written last; 0: not with this lease */
	int64_t live_lease; /* with which it is being written */
	bool writing_live, writing_status, status_dirty;
	struct member_counters counters;
};

static inline struct fleet_place member_place(const struct fleet_member *member)
{
	return (struct fleet_place){ member->prefix, member->host, member->labels };
}

/* member.c: gives up what is under way, and tries again later. NULL is "out of memory". */
void member_fail(struct fleet_member *member, const char *what, const char *why);
/* A call whose failure to start is one of ours. */
void member_call(struct fleet_member *member, const char *what, const char *path, json_t *body,
		 etcd_answer_fn answered);
/* Looks whether all that is to stand stands. */
void member_settle(struct fleet_member *member);
void member_tell(struct fleet_member *member, int level, const char *format, ...) _printf_(3, 4);
/* From half of it to one and a half. */
uint64_t member_jitter(uint64_t value);
/* How long to wait after so many failures in a row: twice as long each time, up to a minute. */
uint64_t member_pause_usec(unsigned failures);

/* member-read.c */
void member_read_begin(struct fleet_member *member);
void member_read_stop(struct fleet_member *member);

/* member-lease.c: looks after the lease, and has the documents read once etcd has answered */
void member_lease_begin(struct fleet_member *member);
void member_lease_stop(struct fleet_member *member);
/* Something that others see has changed. */
void member_report(struct fleet_member *member);
