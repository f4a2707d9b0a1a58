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

enum { POLICY_NONE = -1 };

/* What has to happen for a rule to be asked (`on`, fetter's `action`); a rule may name several. The
 * first four are told before they happen, where the gate works. */
enum occasion {
	ON_EXECUTE, /* a program is executed */
	ON_READ,    /* a file is opened for reading */
	ON_WRITE,   /* a file is opened for writing, cut, or replaced by another */
	ON_OPEN,    /* a file is opened, however */
	ON_FORK,
	ON_EXIT,
	ON_SETUID,
	ON_SETGID,
	ON_OOM,
	ON_LIMIT_HIT, /* a group of ours reached one of its limits; the process is whoever is known
		       */
	OCCASIONS
};
#define OCCASION_BIT(occasion) (UINT32_C(1) << (occasion))
/* Those that are about a file that is opened: `paths` names it, and `exe` whose program opens it.
 */
#define OCCASIONS_OF_FILES (OCCASION_BIT(ON_READ) | OCCASION_BIT(ON_WRITE) | OCCASION_BIT(ON_OPEN))

/*
 * What must hold besides. The order is that in which they are tried: cheap ones first.
 * CONDITION_NOT holds unless all that it contains do.
 */
enum condition_kind {
	CONDITION_UID,	      /* real user: words are numbers or ranges ("1000-1999") */
	CONDITION_USER,	      /* real user by name; resolved to a number when the policy is read */
	CONDITION_EUID,	      /* effective user, name or number */
	CONDITION_LOGINUID,   /* user at login, name or number; "unset" */
	CONDITION_UNIX_GROUP, /* in that group by gid, egid or as supplementary one */
	CONDITION_MEMBER_OF, /* by egid, or listed (when the policy is read) as a member of it: euid
			      */
	CONDITION_TIME,
	CONDITION_MEMFD, /* these four are yes or no: `wanted` */
	CONDITION_DELETED,
	CONDITION_SETUID_PROGRAM, /* the file's set-id bit takes effect */
	CONDITION_REALTIME,	  /* it runs by SCHED_FIFO, SCHED_RR or SCHED_DEADLINE */
	CONDITION_COMM,
	CONDITION_EXE,	    /* the process's program; of an execution the new one */
	CONDITION_PROGRAM,  /* the same, but of a script the script: path, glob, or its last part */
	CONDITION_TTY,	    /* "none", "any", or a name as "pts/3", "pts/ *" (without the blank) */
	CONDITION_CGROUP,   /* path or glob, v2 or any v1 hierarchy; also everything below */
	CONDITION_GROUP_IN, /* is in that group of this policy, or below it */
	CONDITION_CONTAINER, /* "host", "any", a runtime, the start of an id, "pod:UID" */
	CONDITION_NAMESPACE, /* "host" or "other", of one kind: "mnt:other", "pid:4026531836" */
	CONDITION_SCRIPT,
	CONDITION_INTERPRETER,
	CONDITION_CWD,
	CONDITION_ARGS,	  /* any argument but argv[0]: glob or re:; "all:re:..." the joined line */
	CONDITION_PARENT, /* the parent's program: path, glob, folder, or its last part */
	CONDITION_ANCESTOR, /* any ancestor's, the parent's too */
	CONDITION_NOT,
	CONDITIONS
};

enum word_form {
	WORD_EXACT,
	WORD_FOLDER, /* everything below; `text` without the trailing "/" */
	WORD_GLOB,
	WORD_REGEX,  /* `text` without "re:" */
	WORD_NUMBER, /* least to most */
};

/* One of a condition's alternatives. */
struct policy_word {
	enum word_form form;
	char *text; /* as said above; of numbers: as written */
	uint64_t least, most;
	/* CONDITION_ARGS: "all:" stood before it: about all arguments, joined by blanks. */
	bool joined;
	bool member; /* CONDITION_MEMBER_OF: the number is that of a user who is listed */
	/* A user or group that does not exist (now): matches nobody, told as a warning; whoever
	 * reads the policy again resolves it anew. */
	bool unknown;
	struct position at;
};

/* When a rule holds, in local time: "mon-fri 22:00-06:00", or cron's five fields; all that is said
 * must hold. window_holds() of config/window.h reads it. */
struct policy_window {
	uint8_t days; /* bit 0: Sunday */
	bool either;  /* as in cron: one of `days` or of `month_days` is enough */
	/* Minutes from midnight, the end excluded; equal: the whole day. An end before the start is
	 * on the next day, which need not be one of `days`. */
	uint16_t start, end;
	uint16_t months;     /* bits 1 to 12; 0: all; as are the next three */
	uint32_t month_days; /* bits 1 to 31 */
	uint32_t hours;	     /* bits 0 to 23 */
	uint64_t minutes;    /* bits 0 to 59 */
};

struct policy_condition {
	enum condition_kind kind;
	bool wanted;		   /* of yes-or-no ones */
	struct policy_word *words; /* any of them */
	size_t word_count;
	struct policy_window *windows; /* CONDITION_TIME: any of them */
	size_t window_count;
	struct policy_condition *inner; /* CONDITION_NOT */
	size_t inner_count;
	struct position at;
};

/* What is done. The order is that in which a rule's effects are carried out. */
enum effect_kind {
	EFFECT_DENY,
	EFFECT_DELAY,
	EFFECT_GROUP,
	EFFECT_PLACE,
	EFFECT_LIMIT,
	EFFECT_NICE,
	EFFECT_IONICE,
	EFFECT_SCHED,
	EFFECT_OOM_SCORE_ADJ,
	EFFECT_AFFINITY,
	EFFECT_RLIMIT,
	EFFECT_TIMER_SLACK,
	EFFECT_THAW,
	EFFECT_FREEZE,
	EFFECT_LOG,
	EFFECT_TRIGGER,
	EFFECT_SIGNAL,
	EFFECT_KILL, /* fetter's `trigger: KILL`, too */
	EFFECTS
};

/* To whom a signal, a freeze or a thaw goes: the process, all that descends from it too, or its
 * whole group of ours. */
enum effect_scope { SCOPE_PROCESS, SCOPE_TREE, SCOPE_GROUP };

enum { POLICY_CPUS = 1024 };

/* A control group that is not reeve's own, by its path in some of the hierarchies. Nothing is made,
 * set or removed there, but what fields in the path ask for. */
struct policy_destination {
	char *controllers; /* "cpu,memory", "name=x"; "*": every hierarchy; "": v2's */
	char *path;	   /* "/students/%u" (see util/fields.h); "/": the root of the hierarchy */
};

struct policy_effect {
	enum effect_kind kind;
	struct position at;
	union {
		int deny; /* positive errno: EPERM or EACCES */
		uint64_t delay_ns;
		struct {
			int index;	/* of policy.groups; POLICY_NONE: `template` says it */
			char *template; /* "build/%u": see util/fields.h; or NULL */
			/* Of each group that the template makes; NULL: none */
			const struct limits *limits;
		} group;
		struct {
			struct policy_destination *items; /* of one hierarchy the first counts */
			size_t count;
			bool fields; /* in any path */
			char *text;  /* all of them as they were written, joined by ", " */
		} place;
		const struct limits *limit; /* an own group for this process and its tree */
		int nice;
		struct {
			int class, level; /* ioprio's */
		} ionice;
		struct {
			int policy, priority; /* sched_setscheduler(2)'s */
		} sched;
		int oom_score_adj;
		uint64_t *cpus; /* POLICY_CPUS bits */
		struct {
			int resource;
			uint64_t soft, hard; /* RLIM_INFINITY: none */
		} rlimit;
		uint64_t timer_slack_ns;
		enum effect_scope scope; /* freeze, thaw */
		struct {
			int number;
			enum effect_scope scope;
		} signal; /* of kill: SIGKILL */
		struct {
			int level;     /* syslog's */
			char *message; /* with %-fields; NULL: the usual sentence */
		} log;
		int trigger; /* index into policy.triggers */
	};
};

enum rate_per { RATE_PER_RULE, RATE_PER_USER, RATE_PER_EXE, RATE_PER_CGROUP };

/* More than `max` matches in `interval_ns`: the effects of the rule are `rate.then` for those above
 * it and `effects` for those below. */
struct policy_rate {
	enum rate_per per;
	uint64_t max; /* 0: no rate is given */
	uint64_t interval_ns;
	struct policy_effect *then;
	size_t then_count;
};

/* A decision that takes longer is answered so, and counted. after_ns 0: none is given. */
struct policy_deadline {
	uint64_t after_ns;
	bool deny;
};

/* `tests:` of a policy: given this process, expect this verdict. */
struct policy_test {
	char *name;
	enum occasion on;
	char *path; /* executed or opened; NULL where there is none */
	/* What is known of the process: kind and one text each, as conditions write them. */
	struct {
		enum condition_kind kind;
		char *text;
	} * given;
	size_t given_count;
	char **args;   /* NULL-terminated with argv[0]; NULL: unknown */
	uint64_t time; /* wall clock, s; 0: now */
	/* Expected; what is not written is not compared. */
	char *group;	   /* name (template filled in); "" : none */
	char **rules;	   /* exactly these match, NULL-terminated; NULL: not compared */
	int8_t kill, deny; /* 0 no, 1 yes, -1 not compared */
	struct position at;
};

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
	uint32_t on; /* OCCASION_BIT()s */
	/* All must hold; ordered by kind. */
	struct policy_condition *conditions;
	size_t condition_count;
	struct policy_effect *effects; /* ordered by kind; at most one group and one limit */
	size_t effect_count;
	struct policy_rate rate;
	struct policy_deadline deadline;
	bool stop;    /* no rule after it is tried where this one matches */
	bool dry_run; /* decided and recorded, not done */
	/* An execution takes nobody from where the `place` of a rule that does not say so puts. */
	bool yields;
	bool force; /* also for pid 1, kernel threads and reeve's own processes */
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
	char *shell;
	gid_t *groups; /* supplementary, of that user */
	size_t group_count;
	char **env;			 /* "NAME=value", NULL-terminated; NULL: none */
	char *cwd;			 /* NULL: "/" */
	uint64_t timeout_ns;		 /* default 30 s; UINT64_MAX: none */
	unsigned concurrency;		 /* at once; 0: only the bound of all triggers */
	unsigned queue;			 /* that may wait; default 64 */
	uint64_t rate, rate_interval_ns; /* starts in an interval; 0: no bound of its own */
	int group; /* of policy.groups that it runs in, or POLICY_NONE: triggers' own */
	bool event_on_stdin;
	struct position at;
};

enum policy_mode { MODE_AUDIT /* gate where it works */, MODE_SCANNER /* /proc scan only */ };
enum favordynmods { FAVORDYNMODS_AUTO, FAVORDYNMODS_OFF };

struct policy_limits;
struct cgconfig;

/* Where the policy of a fleet of hosts is, and what this one is in it. Strings are the policy's. */
struct policy_fleet {
	char **endpoints; /* of etcd, NULL-terminated: "https://10.0.0.1:2379" */
	char *prefix;	  /* of all keys, "/reeve": begins with "/" and does not end with one */
	char *host;	  /* NULL: the name that the kernel has */
	char **labels;	  /* NULL-terminated; a later one is laid over those before it */
	char *user, *password_file;   /* NULL: no authentication */
	char *ca, *certificate, *key; /* files; NULL: the system's, none, none */
	unsigned ttl;		      /* seconds without word after which the host counts as gone */
	struct position at;
};

enum policy_sink_kind {
	POLICY_SINK_NONE,
	POLICY_SINK_FILE,
	POLICY_SINK_JOURNAL,
	POLICY_SINK_KAFKA
};

struct policy_setting {
	const char *name, *value;
};

/* Where events go. */
struct policy_sink {
	char *name;
	struct position at;
	enum policy_sink_kind kind;
	struct policy_setting *settings; /* names are those of export/sink-KIND.c */
	size_t setting_count;
	bool decisions, services;
	bool events;		      /* those that the words let pass: keys of `reeve watch` */
	struct policy_setting *words; /* users are numbers */
	size_t word_count;
	char *spool_folder; /* NULL: the usual one */
	uint64_t spool_bytes;
};

struct policy {
	char **files; /* NULL-terminated: every file that was read, in order */
	size_t file_count;
	uint64_t fingerprint; /* of their names and texts; two loads of one process compare it */
	char *name;	      /* of the instance; default "reeve" */
	enum policy_mode mode;
	char *log_file; /* a path, "stderr" or "journal"; default "stderr" */
	int log_level;	/* syslog's; default LOG_INFO */
	/* The record of decisions: a path, "off", or NULL: in the runtime folder */
	char *decisions_file;
	uint64_t decisions_size; /* of the file and the one before it; default 4 MiB */
	bool decisions_journal;	 /* in the journal, too */
	char *audit_mode;	 /* fetter's override|preserve|reuse; kept, it changes nothing */
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
	struct policy_test *tests;
	size_t test_count;
	struct policy_sink *sinks; /* in the order of the files */
	size_t sink_count;
	/* What files of libcgroup's cgconfig.conf say (config/cgconfig.h): groups that are not
	 * reeve's, templates for those that `place` makes, mounts. NULL: there was no such file. */
	struct cgconfig *foreign;
	struct policy_fleet *fleet;	  /* NULL: this host is in none */
	bool dry_run;			  /* for all rules */
	struct policy_limits *own_limits; /* private: what `limit` and templates point to */
	struct arena *memory;		  /* private: every string and list above lives there */
};

/* The words of the policy: "oom_score_adj", "limit-hit". */
const char *effect_name(enum effect_kind kind);
const char *condition_name(enum condition_kind kind);
extern const char *const occasion_names[OCCASIONS];

/* The first effect of that kind, or NULL. */
static inline const struct policy_effect *rule_effect(const struct policy_rule *rule,
						      enum effect_kind kind)
{
	for (size_t i = 0; i < rule->effect_count; i++)
		if (rule->effects[i].kind == kind)
			return &rule->effects[i];
	return NULL;
}

void policy_free(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_free);

/* Index of the group of that name, or POLICY_NONE. */
int policy_find_group(const struct policy *policy, const char *name);

struct arena;

/*
 * Reads "cpu,memory:/students/%u" into memory of `memory`. A path may lack its first '/'; one with
 * ".." or a name of the kernel's files in it is refused. 0, -ENOMEM, or -EINVAL with the reason.
 */
int policy_destination_parse(struct arena *memory, const char *text,
			     struct policy_destination *ret_destination, struct error *err);
/* Makes an effect of `count` destinations (borrowed until the policy's end). 0 or -ENOMEM. */
int policy_place_init(struct arena *memory, struct policy_destination *items, size_t count,
		      struct policy_effect *ret_effect);

/* Whether it can be a host's or a label's name in a fleet; the beginning of all of its keys; an
 * address of its etcd. */
bool fleet_name_is_good(const char *name);
bool fleet_prefix_is_good(const char *prefix);
bool fleet_endpoint_is_good(const char *text);

/*
 * Checks a group's name: parts joined by '/', each 1 to 255 bytes, no "." or "..", no control
 * character or '/' inside, none that begins with "cgroup." or looks like a controller's file
 * ("cpu.max"); NAME_MAX and depth (16) are kept. Returns 0 or -EINVAL with the reason in `err`.
 */
int group_name_check(const char *name, struct error *err);
