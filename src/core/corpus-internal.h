/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the corpus share: a form is a row that says how a case is carried out, and most
 * of what must be told of it. corpus.c makes the steps, corpus-child.c is what happens in the
 * child, corpus-expect.c makes records of the row; corpus-paths.c, corpus-arguments.c,
 * corpus-places.c and corpus-lives.c hold the rows.
 */
#pragma once

#include "config/arena.h"
#include "core/corpus.h"
#include "core/payload.h"

#include <sys/stat.h>

enum {
	CORPUS_ARGUMENTS = 6,
	CORPUS_RECORDS = 12,
	CORPUS_CGROUP = 4096,
	CORPUS_NOBODY = 65534, /* uid and gid of nobody, and never root's */
};

/* Stands for an argument that no other process has. */
#define TAG "@tag"

/*
 * Paths and arguments that begin with "@" have the case's folder there. What is NULL or 0
 * is the usual: the payload in "@/payload" is executed by its path, and exits with 0.
 */
struct corpus_form {
	struct corpus_case about;

	const char *(*unfit)(const struct corpus *corpus); /* why it cannot run here, or NULL */
	int (*prepare)(struct corpus_run *run, struct error *err); /* in the runner: more files */
	int (*set_up)(struct corpus_run *run);	/* in the child; negative after corpus_cannot() */
	int (*execute)(struct corpus_run *run); /* in the child; what it returns is its exit code */
	int (*between)(struct corpus_run *run,
		       struct error *err);	/* in the runner, before the end */
	void (*expect)(struct corpus_run *run); /* changes the records */
	void (*clean)(struct corpus_run *run);	/* in the runner */

	const char *filename; /* what execve is given */
	const char *exe, *in_root, *cwd, *script, *interpreter, *comm;
	const char *argv[CORPUS_ARGUMENTS], *told[CORPUS_ARGUMENTS];
	uint32_t event_flags, flags_free;
	const char *orders; /* to the payload, two bytes each */
	size_t order_count;
	int exit_code, signal;
	enum corpus_process
		who;	 /* executes; CORPUS_OTHER: and MAIN waits for it, and exits with 0 */
	bool no_payload; /* of the form's folder */
	bool nothing;	 /* nothing is executed */
	int error;	 /* the execution fails with that */
};

#define ORDERS(text) .orders = (text), .order_count = (sizeof(text) - 1) / 2

/* What a process finds out about itself, before it executes. */
struct corpus_truth {
	pid_t pid; /* on the host */
	uint32_t ns_pid, namespaces[8];
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;
	uint32_t loginuid, session;
	uint64_t tty, start; /* start in ticks */
	char cgroup[CORPUS_CGROUP];
	struct stat file;	   /* that it executes */
	bool layered;		   /* the file is in an overlay */
	bool noted, filed, logged; /* which of the above are known */
};

/* Seen by the runner and its children. */
struct corpus_shared {
	struct corpus_truth truth[CORPUS_PROCESSES];
	struct corpus_truth earlier; /* of a process that had OTHER's id before */
	uint64_t reaped;	     /* boottime just before OTHER is waited for */
	int problem;		     /* an errno: the child could not set itself up */
	char what[200];
};

struct corpus {
	const struct host *host;
	char *folder;
	struct corpus_shared *shared;
	const char **unfit; /* by index of the case */
	uint64_t ticks;	    /* in a second */
	char exe[4096];	    /* the runner's own */
	char comm[32];
	bool contained; /* the runner itself is in a container */
};

struct corpus_run {
	struct corpus *corpus;
	const struct corpus_form *form;
	struct arena *arena;
	char *folder;
	struct corpus_shared *shared;
	const char *filename, *exe, *in_root, *cwd;
	char **argv;
	struct slice told; /* argv as the records have it */
	int order_in, order_out, status_in, status_out, proc_fd;
	pid_t pid;
	uint64_t before_fork, after_fork, gone, started, released; /* boottime */
	bool ended;
	struct corpus_record records[CORPUS_RECORDS];
	size_t record_count;
	void *own; /* a form's own, in the arena */
};

extern const struct corpus_form corpus_path_forms[], corpus_script_forms[], corpus_argument_forms[],
	corpus_place_forms[], corpus_life_forms[], corpus_identity_forms[], corpus_failure_forms[];
extern const size_t corpus_path_form_count, corpus_script_form_count, corpus_argument_form_count,
	corpus_place_form_count, corpus_life_form_count, corpus_identity_form_count,
	corpus_failure_form_count;

/* ---- files, corpus-files.c; errors are told ---- */

/* The text with "@" as its first byte replaced; of the arena. */
char *corpus_at(const struct corpus_run *run, const char *text);
/* Writes a file of the case that can be executed. The name may have folders, which are made. */
int corpus_write(const struct corpus_run *run, const char *name, const void *data, size_t size,
		 mode_t mode, struct error *err);
int corpus_write_payload(const struct corpus_run *run, const char *name, struct error *err);
int corpus_make_folder(const struct corpus_run *run, const char *name, struct error *err);
/* Removes a folder with all in it, on its own file system, however deep. */
void corpus_remove(const char *folder);
/* The program for 32 bits. */
extern const unsigned char corpus_payload_32[];
extern const size_t corpus_payload_32_size;

/* ---- in the child, corpus-child.c ---- */

/* All of it; never returns. */
_noreturn_ void corpus_child(struct corpus_run *run);
/* Says why the case cannot be carried out; returns -1. */
int corpus_cannot(struct corpus_run *run, const char *what);
/* What the calling process is, into the truth about `process`. */
void corpus_note(struct corpus_run *run, enum corpus_process process);
/* The same but user and group ids, for who has changed namespaces. */
void corpus_note_places(struct corpus_run *run, enum corpus_process process);
void corpus_note_file(struct corpus_run *run, int fd);
/* True for a path on an overlay. */
bool corpus_in_overlay(const char *path);
/* Notes all and executes by execve; returns an exit code when that fails as it should. */
int corpus_execute(struct corpus_run *run);
/* The same for a function that does it in another way: it returns -1 with errno. */
int corpus_execute_by(struct corpus_run *run, int (*function)(struct corpus_run *run));
/* Private mounts; negative after corpus_cannot(). */
int corpus_leave_mounts(struct corpus_run *run);
/* Lets the runner know that all has been executed; for who does not execute itself. */
void corpus_tell_started(struct corpus_run *run);
/* Waits for OTHER and checks how it ended: MAIN's exit code. */
int corpus_await(struct corpus_run *run, pid_t pid);
/* Takes one order as the payload does: exit code. */
int corpus_obey(void);
char *const *corpus_environment(const struct corpus_run *run);

/* ---- records, corpus-expect.c ---- */

void corpus_expect(struct corpus_run *run);
/* The first record of that type and process, to be changed; never NULL for one that was made. */
struct corpus_record *corpus_find(struct corpus_run *run, enum event_type type,
				  enum corpus_process process);
/* One more record of a process, all that is known filled in; before the process's exit. Earlier
 * pointers to records do not hold. */
struct corpus_record *corpus_add(struct corpus_run *run, enum event_type type,
				 enum corpus_process process);
/* A field that must have no value. */
static inline void corpus_empty(struct corpus_record *record, enum event_field field)
{
	record->empty[field / 64] |= UINT64_C(1) << field % 64;
	event_forget(&record->want, field);
}
/* A second right answer. */
#define corpus_also(record, SYMBOL, member, value) event_set(&(record)->also, SYMBOL, member, value)
