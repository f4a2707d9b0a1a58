/* SPDX-License-Identifier: MIT */
/*
 * What libcgroup's commands share: their command lines, their way to name a group, what their
 * error codes are called, and the machine's groups.
 */
#pragma once

#include "cgroup/raw-spec.h"
#include "cgroup/raw.h"
#include "util/options.h"

/* libcgroup's error codes; a command's exit status is the low byte, 80 and more. */
enum cg_code {
	CG_NOT_MOUNTED = 50001,
	CG_NO_GROUP = 50002,
	CG_NO_CONTROLLER = 50004,
	CG_NOT_OWNER = 50005,
	CG_NOT_ALLOWED = 50007,
	CG_INVALID = 50011,
	CG_FAILED = 50013,
	CG_NO_VALUE = 50015,
	CG_ERRNO = 50016, /* an errno, which the text names */
	CG_RULES = 50019,
	CG_MOUNT = 50021,
	CG_CONFIG = 50024,
	CG_NO_CONVERSION = 50031,
};

enum {
	CG_EXIT_USAGE = 129, /* a wrong command line */
	CG_EXIT_MODE = 255,  /* a mode that is none */
};

struct cgtool {
	const char *name; /* what it was called by */
	struct host *host;
	struct raw *raw;
	char *prefix; /* "slice/scope", which relative names are below; or NULL */
};

/*
 * Reads the command line. Returns the first operand's index; or, negated and one less, the exit
 * code with which to end: the help was printed, or what is wrong. `usage` of the line may have
 * several forms, a line each.
 */
int cgtool_options(struct cgtool *tool, const struct command_line *line, int argc, char **argv);
static inline int cgtool_exit(int first)
{
	return -first - 1;
}

/* Says what is wrong with the command line (`format` may be NULL) and how to get help. */
int cgtool_usage(const struct cgtool *tool, const char *format, ...) _printf_(2, 3);

/* The number of a process, nothing but digits; 0 is one, too. */
bool cgtool_pid(const char *word, pid_t *ret_pid);

/*
 * Looks at the machine. `bare`: without the default place that cgcreate -S and cgconfigparser set.
 * 0, or an exit code, and why has been said.
 */
int cgtool_open(struct cgtool *tool, bool bare);
/* The same where it is no error that nothing is mounted. */
int cgtool_look(struct cgtool *tool, bool bare);
void cgtool_done(struct cgtool *tool);

/* The path of a name that a user gave, with the default place; CG_INVALID, and why was said. */
int cgtool_path(const struct cgtool *tool, const char *given, char **ret_path);

/*
 * What a file takes for the text that was read from it: v1's memory.oom_control says
 * "oom_kill_disable 0" and more, and is written as that number; all others take what they give.
 * Cuts `text`, and returns where the value begins.
 */
char *cgtool_value(const char *file, char *text);

/* A group in one hierarchy, and the controllers by which it was named. */
struct cgtarget {
	const struct raw_hierarchy *h;
	char *path;
	const char **controllers; /* borrowed from the spec or the hierarchy */
	size_t controller_count;
};
struct cgtargets {
	struct cgtarget *items;
	size_t count;
};
void cgtargets_done(struct cgtargets *targets);
/* What "*" means where groups must be there: those that are; all of them where none is. */
void cgtargets_keep_existing(struct cgtargets *targets);

/*
 * The hierarchies of a spec, each once; "*" is all but systemd's own. 0 or an error code:
 * CG_NO_CONTROLLER, CG_INVALID; a sentence is in `err`.
 */
int cgtool_targets(const struct cgtool *tool, const struct raw_spec *spec,
		   struct cgtargets *ret_targets, struct error *err);

/* A list of -g values, and operands, as specs. 0, or the exit code for one that is none. */
struct cgspecs {
	struct raw_spec *items;
	size_t count;
};
int cgspecs_read(const struct cgtool *tool, struct cgspecs *specs, const struct option_list *groups,
		 char **operands, int count);
void cgspecs_done(struct cgspecs *specs);

/* libcgroup's words for a code; of CG_ERRNO the errno's own (`code` is negative). */
const char *cg_text(int cg_code, int code);
static inline int cg_exit_status(int cg_code)
{
	return cg_code & 255;
}
