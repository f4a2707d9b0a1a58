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
	bool any;   /* every name below it matters */
	bool links; /* conditions name what is in it: links that appear may matter */
	/* Folders that appear in it: are they watched, how far down, and for what? */
	unsigned depth_left, watching;
};

/* Why the change of a name matters. */
enum name_meaning {
	NAME_OF_PATH = 1 << 0, /* a path of a rule leads by it */
	NAME_OF_LINK = 1 << 1, /* so does a link that a condition names */
};

/* Everything that one resolution produces. */
struct pass {
	const struct policy *policy; /* borrowed, until the next one */
	struct targets targets;
	size_t target_room;
	struct hash places; /* path as walked -> struct place, for folders */
	struct hash names;  /* whole paths whose change matters -> enum name_meaning, any of them */
	unsigned meaning;   /* of names that are added now */
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

/* Resolves every path of every rule into `pass`, and finds what else is to be watched. 0 or
 * -ENOMEM. */
int resolve_rules(struct pass *pass, struct resolver_state *state, const struct policy *policy);
/* A link's path, with every name on its way. 0 or -ENOMEM. */
int resolve_way(struct pass *pass, const char *path);
/* The folder of a path, in which a link may appear. 0 or -ENOMEM. */
int resolve_folder_of(struct pass *pass, const char *path);

/* resolve-links.c: finds names by which the programs that conditions name are found. 0 or -ENOMEM.
 */
int resolve_links(struct pass *pass, const struct policy *policy);
/* Does a condition name that path? Looks at all of them. */
bool resolve_is_named(const struct policy *policy, const char *path);

/*
 * A folder has appeared in one that is watched for a rule: adds it, and what is below it. The first
 * of the folders added is at pass->folder_list[the count before]. 0 or -ENOMEM.
 */
int resolve_appeared(struct pass *pass, struct resolver_state *state, const struct folder *parent,
		     const char *path);
