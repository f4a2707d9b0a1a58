/* SPDX-License-Identifier: MIT */
/*
 * A policy: what the administrator wants, read from files and checked, before it is compiled
 * (rules/) or applied (cgroup/). Plain data, owned by struct policy as a whole; only policy_load()
 * and policy_parse() make one.
 */
#pragma once

#include "model/limits.h"
#include "util/error.h"

#include <sys/types.h>

/* Where something stands in a file; line and column count from 1, 0: unknown. */
struct position {
	uint32_t file; /* index into policy.files */
	uint32_t line, column;
};

enum policy_action { ACTION_EXECUTE, ACTION_READ, ACTION_WRITE };

enum { POLICY_NONE = -1 };

/*
 * A path as written, normalised: absolute, no "//", no "." or "..", no trailing "/". A pattern that
 * was written with a trailing '/' ends in "/" and "**" instead of being a folder.
 */
struct policy_path {
	char *text;
	bool folder; /* was written with a trailing '/': a folder even where nothing is there yet */
	struct position at;
};

struct policy_rule {
	char *name;
	struct policy_path *paths;
	size_t path_count;
	enum policy_action action;
	int group;   /* index into policy.groups, or POLICY_NONE */
	int trigger; /* index into policy.triggers, or POLICY_NONE */
	bool kill;   /* `trigger: KILL` */
	struct position at;
};

struct policy_group {
	char *name; /* "build/link": parts checked, see group_name_check() */
	struct limits limits;
	struct position at;
	/* Where each limit was written, for errors at apply time; [LIMIT_COUNT] */
	struct position limit_at[LIMIT_COUNT];
};

struct policy_trigger {
	char *name;
	char *run;   /* absolute path of the program, found in PATH at check time */
	char **args; /* NULL-terminated, without argv[0] */
	char *user;  /* name as written; default "nobody" */
	uid_t uid;
	gid_t gid;
	char *home;
	struct position at;
};

enum policy_mode { MODE_AUDIT /* gate where it works */, MODE_SCANNER /* /proc scan only */ };
enum favordynmods { FAVORDYNMODS_AUTO, FAVORDYNMODS_OFF };

struct policy {
	char **files; /* NULL-terminated: every file that was read, in order */
	size_t file_count;
	char *name; /* of the instance; default "reeve" */
	enum policy_mode mode;
	char *log_file;	  /* a path, "stderr" or "journal"; default "stderr" */
	int log_level;	  /* syslog's; default LOG_INFO */
	char *audit_mode; /* fetter's override|preserve|reuse; kept, it changes nothing */
	/* What events are observed by: a name of source/source.h, "auto" (default) or "off" */
	const char *source;
	enum favordynmods favordynmods;
	unsigned gate_threads;	   /* 0: as many as suit the host */
	struct policy_rule *rules; /* in file order */
	size_t rule_count;
	/* A parent that no file names is added; parents come before their children. */
	struct policy_group *groups;
	size_t group_count;
	struct policy_trigger *triggers;
	size_t trigger_count;
	struct arena *memory; /* private: every string and list above lives there */
};

void policy_free(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_free);

/* Index of the group of that name, or POLICY_NONE. */
int policy_find_group(const struct policy *policy, const char *name);

/*
 * Checks a group's name: parts joined by '/', each 1 to 255 bytes, no "." or "..", no control
 * character or '/' inside, none that begins with "cgroup." or looks like a controller's file
 * ("cpu.max"); NAME_MAX and depth (16) are kept. Returns 0 or -EINVAL with the reason in `err`.
 */
int group_name_check(const char *name, struct error *err);
