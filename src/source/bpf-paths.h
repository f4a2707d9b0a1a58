/* SPDX-License-Identifier: MIT */
/*
 * Paths as the watch program tells them, made readable: turned round, and for a process in another
 * mount namespace found on the host through our own mounts.
 */
#pragma once

#include "util/error.h"
#include "util/host.h"
#include "util/text.h"

#include <linux/types.h>
#include "bpf/watch/watch.h"

/* Where strings of one event are put: room that is big enough before it begins, so none moves. */
struct bpf_room {
	char *data;
	size_t used, size;
};
/* Empties it and sees to it that `size` bytes fit; -ENOMEM. */
int bpf_room_begin(struct bpf_room *room, size_t size);
void bpf_room_done(struct bpf_room *room);
/* Copies bytes in and a NUL after them that does not count. */
struct slice bpf_room_add(struct bpf_room *room, const char *data, size_t size);

/* "ls\0bin\0usr\0" -> /usr/bin/ls; nothing -> "/". A last name without NUL is taken as it is. */
struct slice bpf_path_turn(struct bpf_room *room, struct slice names);

struct bpf_mounts;
int bpf_mounts_new(const struct host *host, struct bpf_mounts **ret_mounts);
void bpf_mounts_free(struct bpf_mounts *mounts);
DEFINE_CLEANUP(struct bpf_mounts *, bpf_mounts_free);

/* What bpf_path_find() found out. */
struct bpf_found_path {
	struct slice on_host; /* from our root; no data: no mount of ours shows it */
	struct slice in_root; /* from the process's own */
};

/*
 * `bytes` are the names of a path and those below, `path->size` and then `path->below` of them;
 * -EBADMSG when the sizes in `path` do not agree with each other.
 */
int bpf_path_find(struct bpf_mounts *mounts, struct bpf_room *room, const struct watch_path *path,
		  struct slice bytes, struct bpf_found_path *ret_found);
