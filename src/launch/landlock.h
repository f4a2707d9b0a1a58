/* SPDX-License-Identifier: MIT */
/*
 * Which files and ports a program may use, by Landlock: each kind of which something is named is
 * restricted to what is named, the others are left alone.
 */
#pragma once

#include "launch/plan.h"
#include "util/error.h"

/* Lists of paths and of port numbers; each may be NULL. The word "none" names nothing, so that all
 * of its kind is refused. */
struct landlock_wishes {
	const char *const *read, *const *write, *const *execute, *const *connect, *const *bind;
	size_t read_count, write_count, execute_count, connect_count, bind_count;
};

struct landlock {
	bool wanted; /* something is restricted */
	struct launch_landlock plan;
	size_t path_room, port_room;
	char *remark; /* what this kernel does not hold of it; owned, NULL: it holds all */
};
void landlock_done(struct landlock *landlock);

/* The version of the kernel's interface, from 1 on; -EOPNOTSUPP: it is not there or switched off.
 */
int landlock_version(void);

/*
 * Makes the plan of a ruleset, which the program's own process carries out in the tree that it
 * sees. `version` is landlock_version(). Paths are borrowed. -EINVAL: a port that is none;
 * -EOPNOTSUPP: this kernel cannot hold one of the kinds; -ENOMEM; each with a sentence.
 */
int landlock_prepare(const struct landlock_wishes *wishes, int version,
		     struct landlock *ret_landlock, struct error *err);

/* Of what landlock_prepare() asks for, what the kernel takes for a file that is no folder. */
#define LANDLOCK_FILE_ACCESS UINT64_C(0x4007)
