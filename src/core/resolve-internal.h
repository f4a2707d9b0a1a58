/* SPDX-License-Identifier: MIT */
/* What resolve.c (paths) and resolve-watch.c (inotify) share; nobody else includes it. */
#pragma once

#include "core/resolve.h"
#include "util/hash.h"

/* A resolved path: `text` need not end after `length`. */
struct place {
	const char *text;
	size_t length;
	bool exists, folder;
	dev_t dev;
	ino_t ino;
};

struct folder {
	char *path;
	int watch;
	bool any; /* every name below it matters */
	/* Folders that appear in it: are they watched, how far down, and for what? */
	unsigned depth_left, watching;
};

/* Everything that one resolution produces. */
struct pass {
	struct targets targets;
	size_t target_room;
	struct hash places;  /* path as walked -> struct place, for folders */
	struct hash names;   /* whole paths whose change matters -> non-NULL */
	struct hash folders; /* path -> struct folder */
	struct folder **folder_list;
	size_t folder_count;
	struct gate_watch *watches; /* their paths are among `strings` */
	struct hash watch_index;    /* path -> index + 1 */
	size_t watch_count, watch_room;
	size_t watches_taken;		   /* by resolver_take_added() */
	size_t tree_folders, open_folders; /* watched for rules on executions, and on opens */
	char **strings;			   /* texts made while walking */
	size_t string_count;
	struct place **place_list;
	size_t place_count;
	unsigned depth; /* of the walk that is going on */
};

struct resolver {
	int inotify_fd;
	sd_event_source *source;
	names_changed_fn changed;
	void *userdata;
	struct pass *now;     /* of the last resolution; NULL before */
	struct hash by_watch; /* int -> struct folder */
	struct resolver_state state;
	size_t gone; /* folders that have been removed since the last resolution */
};

void pass_free(struct pass *pass);
DEFINE_CLEANUP(struct pass *, pass_free);

/* Resolves every path of every rule into `pass`. 0 or -ENOMEM. */
int resolve_rules(struct pass *pass, struct resolver_state *state, const struct policy *policy);

/*
 * A folder has appeared in one that is watched for a rule: adds it, and what is below it. The first
 * of the folders added is at pass->folder_list[the count before]. 0 or -ENOMEM.
 */
int resolve_appeared(struct pass *pass, struct resolver_state *state, const struct folder *parent,
		     const char *path);
