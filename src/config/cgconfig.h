/* SPDX-License-Identifier: MIT */
/*
 * cgconfig.conf(5): groups, mounts, defaults, namespaces, templates and systemd's scope, as
 * libcgroup's grammar has them up to 3.2. Nothing is done and nobody is asked for users here: the
 * sections are checked one by one and kept in their order, with their places.
 */
#pragma once

#include "config/cgrules.h"

/* "name = value;" */
struct cgconfig_setting {
	const char *name, *value;
	struct position at, value_at;
};

struct cgconfig_settings {
	struct cgconfig_setting *items;
	size_t count, room;
};

#define CGCONFIG_MODE_UNSET UINT32_MAX

/* Whom files belong to; of `task` the file "tasks", of `admin` the rest. */
struct cgconfig_owner {
	bool given;
	const char *user, *group; /* name or number as written; NULL: not given */
	struct position user_at, group_at;
	/* Set by cgconfig_find_accounts(); (uid_t)-1, (gid_t)-1: not given. */
	uid_t uid;
	gid_t gid;
	uint32_t fperm, dperm; /* modes, or CGCONFIG_MODE_UNSET; task has no dperm */
	struct position at;
};

struct cgconfig_perm {
	bool given;
	struct cgconfig_owner task, admin;
	struct position at;
};

struct cgconfig_controller {
	const char *name; /* "cpu", "name=foo" */
	struct cgconfig_settings settings;
	struct position at;
};

/* A group, or a template. */
struct cgconfig_group {
	const char *name; /* as written, "students/%u", "." */
	/* Below the hierarchy's root: no '/' at either end, no "//" and no "."; "" is the root
	 * itself. Never "..". */
	const char *path;
	struct cgconfig_perm perm;
	struct cgconfig_controller *controllers;
	size_t controller_count, controller_room;
	struct position at; /* of the name */
};

struct cgconfig_groups {
	struct cgconfig_group *items;
	size_t count, room;
};

struct cgconfig_systemd {
	bool given;
	const char *slice, *scope; /* with their ".slice" and ".scope"; NULL: not given */
	bool set_default;
	pid_t pid; /* 0: not given */
	struct position at;
};

struct cgconfig {
	char **files; /* NULL-terminated, in the order in which they were read */
	size_t file_count;
	struct cgconfig_groups groups, templates;
	/* name: controllers "cpu,cpuacct" or "name=foo"; value: where. */
	struct cgconfig_settings mounts;
	/* name: controller; value: the path that stands before all groups there. */
	struct cgconfig_settings namespaces;
	struct cgconfig_perm defaults; /* of the last file that gives any */
	struct cgconfig_systemd systemd;
	struct cgcomment *comments; /* with CGCONFIG_COMMENTS */
	size_t comment_count, comment_room;
	struct arena *memory; /* private: every string above lives there */
};

enum cgconfig_flags { CGCONFIG_COMMENTS = 1 << 0 };

enum {
	CGCONFIG_SIZE_MAX = 32 << 20, /* bytes of a file */
	CGCONFIG_VALUE_MAX = 4095,    /* of a value, and of a group's name */
	CGCONFIG_ITEMS_MAX = 1000000, /* groups, controllers and settings of all files */
};

struct cgconfig *cgconfig_new(void);
void cgconfig_free(struct cgconfig *config);
DEFINE_CLEANUP(struct cgconfig *, cgconfig_free);

/*
 * Adds the sections of a text, `name` in messages. What is wrong is told with its place; reading
 * goes on behind the section it is in. An empty text is a good one.
 *
 * Returns 0, or -EINVAL after any error: what could be read is in `config` even then, but for the
 * section that is wrong. -ENOMEM.
 */
int cgconfig_parse(struct cgconfig *config, const char *name, const char *text, size_t size,
		   enum cgconfig_flags flags, struct diagnostics *diagnostics);

/*
 * The same for a file, or for the files *.conf of a folder in name order. LOAD_REQUIRE_OWNERSHIP is
 * kept. As well -ENOENT, -EACCES, -EFBIG, -EPERM ... (told).
 */
int cgconfig_read(struct cgconfig *config, const char *path, enum load_flags load,
		  enum cgconfig_flags flags, struct diagnostics *diagnostics);

/* Whether a file of such a folder is read, by its name; why not may be told. */
bool cgconfig_file_is_wanted(const char *name, const char *shown, struct diagnostics *diagnostics);

/* Whether a text of unknown kind begins like one of these: with a section's word and a brace. */
bool cgconfig_is_likely(const char *text, size_t size);

/*
 * Looks up the users and groups of all perm sections. Who does not exist is an error, with its
 * place: -EINVAL. -ENOMEM.
 */
int cgconfig_find_accounts(struct cgconfig *config, struct diagnostics *diagnostics);
