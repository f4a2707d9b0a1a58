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
	char **open_paths;
	size_t open_count;
	size_t tree_folders;
	char **strings; /* texts made while walking */
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
};

void pass_free(struct pass *pass);
DEFINE_CLEANUP(struct pass *, pass_free);

/* Resolves every path of every rule into `pass`. 0 or -ENOMEM. */
int resolve_rules(struct pass *pass, struct resolver_state *state, const struct policy *policy);
