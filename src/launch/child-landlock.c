// SPDX-License-Identifier: MIT
/* The new process names the files that it may use where it sees them: in its own root. */
#include "launch/job.h"
#include "launch/landlock.h"
#include "launch/raw.h"

#include <fcntl.h>

/* Of <linux/landlock.h>, which may be older than the kernel. */
struct landlock_path {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));
enum { LANDLOCK_PATH = 1 };

static long add_rule(int ruleset, const struct launch_landlock_rule *rule)
{
	long fd = raw(SYS_openat, AT_FDCWD, rule->path, O_PATH | O_CLOEXEC, 0);
	struct landlock_path path = { .access = rule->access, .fd = (int32_t)fd };
	long r;

	if (fd < 0)
		return fd;
	r = raw(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH, &path, 0);
	/* It is no folder, and what only folders have is a mistake to the kernel. */
	if (r == -EINVAL && (rule->access & ~LANDLOCK_FILE_ACCESS)) {
		path.access &= LANDLOCK_FILE_ACCESS;
		r = path.access ? raw(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH, &path, 0) : 0;
	}
	(void)raw(SYS_close, fd);
	return r;
}

int child_landlock(struct job *job)
{
	const struct launch_confinement *confinement = job->plan->confinement;

	if (!confinement || confinement->landlock_fd < 0)
		return 0;
	for (size_t i = 0; i < confinement->landlock_rule_count; i++) {
		const struct launch_landlock_rule *rule = &confinement->landlock_rules[i];
		long r = add_rule(confinement->landlock_fd, rule);

		if (r < 0) {
			job->doing = rule->path;
			return (int)r;
		}
	}
	return (int)raw(SYS_landlock_restrict_self, confinement->landlock_fd, 0);
}
