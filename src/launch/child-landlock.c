// SPDX-License-Identifier: MIT
/* The new process names the files that it may use where it sees them: in its own root. */
#include "launch/job.h"
#include "launch/landlock.h"

#include <fcntl.h>

/* Of <linux/landlock.h>, which may be older than the kernel. */
struct landlock_path {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));
enum { RULE_PATH = 1, RULE_PORT = 2 };

static long add_path(long ruleset, const struct launch_landlock_path *rule)
{
	long fd = raw(SYS_openat, AT_FDCWD, rule->path, O_PATH | O_CLOEXEC, 0);
	struct landlock_path path = { .access = rule->access, .fd = (int32_t)fd };
	long r;

	if (fd < 0)
		return fd;
	r = raw(SYS_landlock_add_rule, ruleset, RULE_PATH, &path, 0);
	/* It is no folder, and what only folders have is a mistake to the kernel. */
	if (r == -EINVAL && (rule->access & ~LANDLOCK_FILE_ACCESS)) {
		path.access &= LANDLOCK_FILE_ACCESS;
		r = path.access ? raw(SYS_landlock_add_rule, ruleset, RULE_PATH, &path, 0) : 0;
	}
	(void)raw(SYS_close, fd);
	return r;
}

int child_landlock(struct job *job)
{
	const struct launch_confinement *confinement = job->plan->confinement;
	const struct launch_landlock *landlock = confinement ? confinement->landlock : NULL;
	long ruleset, r = 0;

	if (!landlock)
		return 0;
	job->doing = "the ruleset";
	ruleset = raw(SYS_landlock_create_ruleset, &landlock->handled, landlock->size, 0);
	if (ruleset < 0)
		return (int)ruleset;
	for (size_t i = 0; r >= 0 && i < landlock->path_count; i++) {
		job->doing = landlock->paths[i].path;
		r = add_path(ruleset, &landlock->paths[i]);
	}
	for (size_t i = 0; r >= 0 && i < landlock->port_count; i++) {
		job->doing = "a port";
		r = raw(SYS_landlock_add_rule, ruleset, RULE_PORT, &landlock->ports[i], 0);
	}
	if (r < 0)
		return (int)r;
	job->doing = NULL;
	r = raw(SYS_landlock_restrict_self, ruleset, 0);
	(void)raw(SYS_close, ruleset);
	return (int)r;
}
