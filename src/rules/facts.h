/* SPDX-License-Identifier: MIT */
/*
 * What is known of one occasion and its process: what conditions are asked about.
 *
 * Most of it costs a look into /proc, so it is got when a condition first asks: `ask` is called
 * once for each part, and fills in what it can. It must not allocate or lock when the facts are a
 * gate thread's. A fact that cannot be known fails the condition, inside `not` too; the explanation
 * says so.
 */
#pragma once

#include "config/policy.h"
#include "util/text.h"

#include <sys/types.h>

/* What is got in one go. */
enum fact_part {
	FACT_EFFECTIVE, /* euid egid: a fraction of what the next one costs */
	FACT_IDS,	/* uid euid gid egid */
	FACT_LOGIN,	/* loginuid tty */
	FACT_GROUPS,	/* gids */
	FACT_EXE,	/* exe, of a process that executes: the new program (set from the start) */
	FACT_COMM,	/* comm; of an execution: what it will be */
	FACT_ARGUMENTS, /* argv; before an execution is done: read from the caller's memory */
	FACT_CWD,
	FACT_CGROUP,	 /* cgroup, cgroup_v1, container_*, group */
	FACT_NAMESPACES, /* namespaces */
	FACT_SCRIPT,	 /* script, interpreter */
	FACT_ANCESTORS,
	FACT_FILE_FLAGS, /* memfd, deleted, setuid_program */
	FACT_TIME,	 /* wall clock */
	FACT_SCHEDULING, /* realtime */
	FACT_PARTS
};

enum { FACT_ANCESTORS_MOST = 64, FACT_GROUPS_MOST = 256, FACT_NAMESPACE_KINDS = 8 };

/* In the order of /proc/PID/ns's names: cgroup ipc mnt net pid time user uts. */
enum fact_namespace { NS_CGROUP, NS_IPC, NS_MNT, NS_NET, NS_PID, NS_TIME, NS_USER, NS_UTS };

struct fact_ancestor {
	pid_t pid;
	struct slice exe;
};

struct file_key {
	dev_t dev;
	ino_t ino;
	const char *path; /* NUL-terminated, as opened */
	size_t length;
};

struct facts {
	enum occasion on;
	/* All that this is, as OCCASION_BIT()s: opening a file for reading and writing is ON_READ,
	 * ON_WRITE and ON_OPEN. 0: only `on`. */
	uint32_t occasions;
	bool has_file;
	struct file_key file; /* executed or opened */
	pid_t pid;

	uint32_t asked, known; /* bits of fact_part */
	uid_t uid, euid;
	gid_t gid, egid;
	uint32_t loginuid; /* UINT32_MAX: unset */
	uint32_t tty;	   /* device number; 0: none */
	gid_t gids[FACT_GROUPS_MOST];
	size_t gid_count;
	struct slice exe, comm, cwd, script, interpreter; /* size 0: there is none */
	struct slice argv;				  /* each with its NUL */
	bool argv_cut;
	struct slice cgroup;	/* v2 path */
	struct slice cgroup_v1; /* list of CONTROLLERS:PATH, each with its NUL */
	struct slice group;	/* of ours, below the instance: "build/link"; size 0: none */
	struct slice container_runtime, container_id, pod; /* size 0: the host */
	uint32_t namespaces[FACT_NAMESPACE_KINDS];	   /* 0: unknown */
	uint32_t host_namespaces[FACT_NAMESPACE_KINDS];
	bool memfd, deleted, setuid_program, realtime;
	struct fact_ancestor ancestors[FACT_ANCESTORS_MOST]; /* parent first */
	size_t ancestor_count;
	/* Local: seconds east of UTC are the loop's business (localtime reads a file). */
	uint64_t time;	    /* s since 1970, UTC */
	int32_t utc_offset; /* s */

	/* Fills in a part and sets its bit in `known`, or leaves it. NULL: all is there already. */
	void (*ask)(struct facts *facts, enum fact_part part, void *userdata);
	void *userdata;
};

static inline uint32_t facts_occasions(const struct facts *facts)
{
	return facts->occasions ? facts->occasions : OCCASION_BIT(facts->on);
}

/* True if that part is known, asking for it once. */
static inline bool facts_know(struct facts *facts, enum fact_part part)
{
	uint32_t bit = UINT32_C(1) << part;

	if (!(facts->known & bit) && !(facts->asked & bit) && facts->ask) {
		facts->asked |= bit;
		facts->ask(facts, part, facts->userdata);
	}
	return facts->known & bit;
}
