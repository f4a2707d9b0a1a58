/* SPDX-License-Identifier: MIT */
/*
 * A cgroup host in a temporary folder, for tests: mountinfo and the other files of /proc, and
 * hierarchies of ordinary folders and files. Its cgroup_ops do what the kernel does where the code
 * depends on it: directories fill themselves, v2 files come with their controller, numbers are
 * rounded to pages, and the refusals (EBUSY, EINVAL) are the kernel's.
 */
#pragma once

#include "cgroup/groups.h"

enum fake_kind {
	FAKE_NONE,
	FAKE_V1,       /* each controller alone; freezer too; a mount point with a space */
	FAKE_V1_JOINT, /* cpu,cpuacct and net_cls,net_prio together */
	FAKE_V2,
	FAKE_HYBRID, /* v1 controllers, name=systemd, and v2 with hugetlb alone */
	FAKE_SYSTEMD_HYBRID,
};

struct fake {
	char *root;
	struct host *host;
	struct layout *layout; /* with the fake's ops */
};

/* Aborts the test where it cannot be made. */
void fake_init(struct fake *fake, enum fake_kind kind);
void fake_done(struct fake *fake); /* removes the folder */

/* Detects again, after a file was changed. */
void fake_detect(struct fake *fake);

/* A file below the root: its text without the last newline (the caller frees), NULL if not there.
 */
char *fake_read(const struct fake *fake, const char *path);
void fake_write(const struct fake *fake, const char *path, const char *text);
bool fake_exists(const struct fake *fake, const char *path);
void fake_remove(const struct fake *fake, const char *path);
