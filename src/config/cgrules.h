/* SPDX-License-Identifier: MIT */
/*
 * cgrules.conf(5) and the files of cgrules.d: what libcgroup 2.0.2 and what its 3.2 read, as lines
 * in their order. Nothing is looked up here: no user, no controller, no group. That every rule is
 * sound by itself holds: a destination never leads out of its hierarchy, names are UTF-8 without
 * control characters.
 */
#pragma once

#include "config/load.h"

struct arena;

enum cgrule_kind {
	CGRULE_ANY,	  /* "*" */
	CGRULE_USER,	  /* "name" */
	CGRULE_GROUP,	  /* "@name" */
	CGRULE_CONTINUES, /* "%": more of the rule before it, which fired */
};

enum cgrule_options { CGRULE_IGNORE = 1 << 0, CGRULE_IGNORE_RT = 1 << 1 };

struct cgrule {
	uint8_t kind;	 /* enum cgrule_kind */
	uint8_t options; /* enum cgrule_options */
	uint16_t file;	 /* index into cgrules.files */
	uint32_t line;	 /* from 1 */
	/* Where each field begins, from 1; 0: it is not there. */
	uint16_t user_at, program_at, controllers_at, destination_at, options_at;
	const char *name; /* of the user or group; NULL of the other kinds; "" if none is there */
	const char *program; /* as written behind the ':'; NULL: any */
	/* At least one, NULL-terminated, each once; {"*"}: all. Shared between rules. */
	const char *const *controllers;
	/* As written but for quotes, "a/%u/\\x"; relative to the mount point with or without a '/'.
	 */
	const char *destination;
};

struct cgcomment {
	struct position at;
	bool alone;	  /* nothing stands before it in its line */
	const char *text; /* behind the '#' */
};

struct cgrules {
	char **files; /* NULL-terminated, in the order in which they were read */
	size_t file_count;
	struct cgrule *rules;
	size_t count;
	struct cgcomment *comments; /* with CGRULES_COMMENTS */
	size_t comment_count;
	struct arena *memory; /* private: every string and list above lives there */
	size_t room, comment_room;
};

enum cgrules_flags { CGRULES_COMMENTS = 1 << 0 };

enum {
	CGRULES_SIZE_MAX = 256 << 20, /* bytes of a file */
	CGRULES_MAX = 1000000,	      /* rules of all files */
	CGRULE_USER_MAX = 255,	      /* bytes of a name of a user or group */
	CGRULE_PATH_MAX = 4095,	      /* of a destination, and of a program */
};

struct cgrules *cgrules_new(void);
void cgrules_free(struct cgrules *rules);
DEFINE_CLEANUP(struct cgrules *, cgrules_free);

/*
 * Adds the rules of a text, `name` in messages. A line that is no rule is an error, told with its
 * place, and is left out with the '%' lines behind it; the rest is read. Where libcgroup read a
 * line and meant less by it than it says, that is a warning.
 *
 * Returns 0, or -EINVAL after any error: what could be read is in `rules` even then. -E2BIG (told):
 * more than CGRULES_MAX rules; -ENOMEM.
 */
int cgrules_parse(struct cgrules *rules, const char *name, const char *text, size_t size,
		  enum cgrules_flags flags, struct diagnostics *diagnostics);

/*
 * The same for a file, or for all files of a folder in name order, whatever their names, but for
 * what editors and package managers leave behind (told). LOAD_REQUIRE_OWNERSHIP is kept. As well
 * -ENOENT, -EACCES, -EFBIG, -EPERM ... (told).
 */
int cgrules_read(struct cgrules *rules, const char *path, enum load_flags load,
		 enum cgrules_flags flags, struct diagnostics *diagnostics);

/* Whether a file of such a folder is read, by its name; why not may be told. */
bool cgrules_file_is_wanted(const char *name, const char *shown, struct diagnostics *diagnostics);

struct text;

/* Adds a destination, or a template's name, as a path that `place` takes: normal, with reeve's
 * fields,
 * "/students/%u". */
void cgrule_path(struct text *text, const char *destination);

static inline bool cgrule_all_controllers(const struct cgrule *rule)
{
	return streq(rule->controllers[0], "*");
}

static inline struct position cgrule_position(const struct cgrule *rule, uint32_t column)
{
	return (struct position){ .file = rule->file, .line = rule->line, .column = column };
}
