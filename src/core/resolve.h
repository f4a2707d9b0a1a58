/* SPDX-License-Identifier: MIT */
/*
 * What the paths of a policy's rules stand for now, and when that changes.
 *
 * Symlinks are followed part by part; a path that does not exist keeps its text and becomes
 * something once it appears. Every folder in which a change could give one of the paths another
 * meaning is watched by inotify (by the exact name, so that a busy /tmp costs nothing).
 */
#pragma once

#include "core/snapshot.h"
#include "source/gate.h"
#include "util/error.h"

#include <systemd/sd-event.h>

struct resolver;

enum names_event {
	NAMES_RENAMED, /* a file came under a name below a watched folder: it may be known already
			*/
	NAMES_CHANGED, /* a path of a rule means something else now: resolve again */
	NAMES_LED,   /* what a condition of the policy names may be a link to something else now */
	NAMES_ADDED, /* folders have appeared below a rule's: resolver_take_added() */
};
typedef void (*names_changed_fn)(enum names_event event, void *userdata);

/* `event` may be NULL: nothing is watched (checks, scans, tests). */
int resolver_new(sd_event *event, names_changed_fn changed, void *userdata,
		 struct resolver **ret_resolver, struct error *err);
void resolver_free(struct resolver *resolver);
DEFINE_CLEANUP(struct resolver *, resolver_free);

/*
 * Resolves all paths of all rules and renews the watches. `policy` must outlive *ret_targets.
 * 0 or -ENOMEM.
 */
int resolver_resolve(struct resolver *resolver, const struct policy *policy,
		     struct targets *ret_targets);

/* Files and folders that GATE_OPEN has to watch for read and write rules; the resolver's own. */
const struct gate_watch *resolver_watches(const struct resolver *resolver, size_t *ret_count);

/*
 * Those of them that have come since the last resolution or call: from NAMES_ADDED on. They are
 * among resolver_watches(), too.
 */
const struct gate_watch *resolver_take_added(struct resolver *resolver, size_t *ret_count);

struct resolver_state {
	size_t folders;	  /* watched */
	uint64_t refused; /* inotify refused a watch (max_user_watches), see also the last errno */
	int refused_errno;
	bool truncated;	    /* a rule's folder has more subfolders than are watched */
	uint64_t overflows; /* inotify lost events; everything was resolved anew */
	/* Files that were there when a folder that had just appeared was first looked into: whoever
	 * made them was not asked. */
	uint64_t unasked;
};
const struct resolver_state *resolver_state(const struct resolver *resolver);
