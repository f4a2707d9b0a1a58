/* SPDX-License-Identifier: MIT */
/*
 * The gate: fanotify permission events. A process that executes (or opens) a file waits in the
 * kernel until the gate has answered, so what is done before the answer is done before the first
 * instruction (or the first byte).
 *
 * The gate runs its own threads (design.md §5). It reads an event, says what was opened, asks
 * `decide` and answers. `decide` must not allocate, lock, execute, or open anything that could
 * itself be gated.
 *
 * Channels: file systems that can hang (network, FUSE) have a descriptor and a thread of their
 * own, because merely taking an event opens the file: a dead server must not stop the machine.
 */
#pragma once

#include "source/host-name.h"

#include <stdatomic.h>
#include <sys/types.h>

struct gate;

enum gate_channel_kind {
	GATE_EXEC,	  /* FAN_OPEN_EXEC_PERM on every local file system */
	GATE_EXEC_REMOTE, /* the same on network and FUSE file systems */
	GATE_OPEN,	  /* FAN_OPEN_PERM on what gate_watch_open() was given */
	GATE_CHANNELS
};

struct gate_event {
	const struct gate *gate;
	enum gate_channel_kind channel;
	unsigned thread; /* 0 .. gate_thread_count() - 1: for per-thread memory */
	pid_t pid;	 /* GATE_OPEN: the thread (FAN_REPORT_TID); else the process */
	int fd;		 /* the file, open for reading */
	int64_t *hold;	 /* gate_hold()'s own; 0: none */
	/* GATE_OPEN: it is open already and is about to be read (FAN_ACCESS_PERM) */
	bool reads;
	dev_t dev;
	ino_t ino;
	nlink_t links;
	int64_t changed_ns; /* ctime */
	enum host_name name;
	/* The file's name in our mount namespace; with HOST_NAME_NONE only what its own mount says,
	 * to be shown and never to be compared. "" if longer than PATH_MAX; without " (deleted)".
	 */
	const char *path;
	size_t path_length;
};

enum gate_answer {
	GATE_ALLOW = 1 << 0,
	GATE_DENY = 1 << 1,
	GATE_FORGET = 1 << 2, /* no rule names this file: do not ask about it again */
	GATE_HOLD = 1 << 3,   /* the answer comes later, by gate_release(): see gate_hold() */
	/* With GATE_FORGET: by another name of its own it would have to be asked about, in whatever
	 * folder. It is forgotten only where gate_names_fd() can tell of that. */
	GATE_BY_NAME = 1 << 4,
};

/* What happens to an event that nobody has answered in time. */
struct gate_hold_options {
	uint64_t after_ns; /* since now; 0: it waits as long as it takes */
	bool deny;	   /* then it is denied; else allowed */
	bool expected;	   /* that is what was meant (a delay), and not counted as late */
};

typedef unsigned (*gate_decide_fn)(const struct gate_event *event, void *userdata);
/* Could a rule on executions name a file on this mount? Asked in the loop's thread, of network and
 * FUSE file systems. */
typedef bool (*gate_reaches_fn)(const char *mount_point, dev_t dev, void *userdata);

/*
 * Of an execution, before anything is found out about the file: may this process execute whatever
 * it is? Then nothing is decided. By the same rules as gate_decide_fn.
 */
typedef bool (*gate_passes_fn)(pid_t pid, unsigned thread, void *userdata);

struct gate_options {
	unsigned threads; /* 0: one a processor up to four processors, else four that float */
	bool realtime;	  /* SCHED_FIFO where allowed */
	int trouble_fd;	  /* eventfd: written when gate_shun() has something to do; or -1 */
	/* Descriptors of a gate that this one takes the place of, with all that they watch, one a
	 * channel; taken. NULL: new ones. */
	const int *channels;
	gate_decide_fn decide;
	gate_passes_fn passes;	 /* NULL: nobody does */
	gate_reaches_fn reaches; /* NULL: no network or FUSE file system is watched */
	void *userdata;
};

struct gate_counters {
	_Atomic uint64_t events, allowed, denied, forgotten;
	/* Times that all of those were forgotten were asked about again, and of those: because one
	 * that goes by its name may have got another (or another mode or owner). */
	_Atomic uint64_t dropped, renamed;
	_Atomic uint64_t overflows;   /* FAN_Q_OVERFLOW; of permission events the kernel makes none:
				       * without memory for one it denies */
	_Atomic uint64_t read_errors; /* an event that could not be taken (the kernel denies it) */
	_Atomic uint64_t refused;     /* of those: a server would not let us open the file */
	_Atomic uint64_t answered_elsewhere; /* by the guard, while we were stopped */
	_Atomic uint64_t mark_errors;
	_Atomic uint64_t nameless; /* files of other mount namespaces without a name in ours */
	_Atomic uint64_t held; /* decisions with a deadline, and those that were left for later */
	_Atomic uint64_t late; /* of those: answered by the clock, because nobody had */
	_Atomic uint64_t delayed;	  /* answered by the clock, as it was meant */
	_Atomic uint64_t hold_full;	  /* could not be held: GATE_HOLDS_MOST were */
	_Atomic uint64_t changes;	  /* told after the fact */
	_Atomic uint64_t changes_lost;	  /* the kernel's queue was full, or a name was not known */
	_Atomic uint64_t changes_refused; /* watches for those that a file system cannot have */
};

/*
 * Opens the descriptors of all channels. Nothing is watched and no thread runs yet: call
 * gate_start(), then gate_mark_mounts().
 * -ENOSYS: the kernel has no fanotify; -EPERM: CAP_SYS_ADMIN is missing. A kernel without
 * permission events (CONFIG_FANOTIFY_ACCESS_PERMISSIONS) refuses the first mark only: gate_probe().
 */
int gate_new(const struct host *host, const struct gate_options *options, struct gate **ret_gate,
	     struct error *err);
struct gate_functions {
	gate_decide_fn decide;
	gate_passes_fn passes;
	gate_reaches_fn reaches;
};
/* Where they are not known yet when the gate is opened; before gate_start() only. */
void gate_set_functions(struct gate *gate, const struct gate_functions *functions, void *userdata);
int gate_start(struct gate *gate, struct error *err);

/*
 * Gives the event that is being decided a deadline; from `decide` only, once an event. Returns the
 * hold's number. When `decide` then returns GATE_HOLD, the process waits on, the thread takes the
 * next event, and gate_release() answers; `event` is no more, except for its number. When it
 * returns an answer, that counts if the deadline has not passed. -ENOSPC: too many are held.
 */
int64_t gate_hold(const struct gate_event *event, const struct gate_hold_options *options);
/* Answers a held event, from any thread. -ENOENT: it was answered already (its deadline). */
int gate_release(const struct gate *gate, int64_t hold, bool allow);
/* Has the clock answered it? For who decides, before it writes down what was done. */
bool gate_hold_is_late(const struct gate *gate, int64_t hold);

/*
 * Ends the threads of the channels for executions of local files and for opens, when they are done
 * with what they have in hand; what comes waits. gate_start() begins them again.
 */
void gate_pause(struct gate *gate);
/* Another process reads the descriptors from now on, and what they watch is its own; after
 * gate_pause(). What this one holds it still answers. */
void gate_give_away(struct gate *gate);
/* How many events are held, or are being decided with a deadline. */
unsigned gate_held(const struct gate *gate);

/* Stops the threads, lets all waiting processes go (closing does that), frees. NULL is fine. */
void gate_free(struct gate *gate);
DEFINE_CLEANUP(struct gate *, gate_free);

/* Marks file systems that were mounted since. Returns how many, or -errno. The loop's business and
 * not the gate's own: it opens mount points. */
int gate_mark_mounts(struct gate *gate, struct error *err);

/* The same for network and FUSE file systems alone, when what `reaches` says has changed. */
int gate_mark_remote(struct gate *gate, struct error *err);

/*
 * When the kernel cannot open a file for us that its user may execute or open (NFS with
 * root_squash), it refuses him. Then the network and FUSE file systems that were watched in that
 * channel are not watched any more, until gate_forgive(); each is told. Returns how many. What
 * GATE_OPEN watches goes with the next gate_forget_all() and gate_watch_open().
 */
unsigned gate_shun(struct gate *gate, void (*tell)(const char *mount_point, void *userdata),
		   void *userdata);
void gate_forgive(struct gate *gate);

/*
 * Forgets what was found uninteresting, because names or rules have changed: the next execution
 * of every file is asked about again.
 */
void gate_forget_all(struct gate *gate);

/*
 * Readable when a file that was forgotten with GATE_BY_NAME may have got another name (it was
 * renamed or linked, or its mode or owner changed); -1: none is forgotten so. The loop's business:
 * gate_take_names() then forgets all.
 */
int gate_names_fd(const struct gate *gate);
void gate_take_names(struct gate *gate);

/* What is watched of a file, or of a folder for the files right in it (not further below). */
enum gate_watching {
	GATE_WATCH_OPENS = 1 << 0, /* FAN_OPEN_PERM: before it is open */
	/* FAN_ACCESS_PERM: before bytes are read by a descriptor that was opened before, too */
	GATE_WATCH_READS = 1 << 1,
	/* After the fact, as gate_take_changes() tells: written or cut */
	GATE_WATCH_CONTENT = 1 << 2,
	GATE_WATCH_NAMES = 1 << 3, /* a folder: another file came to a name, or one went */
};
struct gate_watch {
	const char *path;
	unsigned what;
};

/*
 * Replaces what GATE_OPEN watches. Entries that are not there are skipped. Returns how many are
 * watched, or -errno.
 */
int gate_watch_open(struct gate *gate, const struct gate_watch *watches, size_t count,
		    struct error *err);
/* Watches these as well (folders that have just appeared). Returns how many, or -ENOMEM. */
int gate_watch_more(struct gate *gate, const struct gate_watch *watches, size_t count);

enum gate_change_kind {
	GATE_CHANGE_CONTENT, /* written through a descriptor of whatever age, or cut by truncate(2)
			      */
	GATE_CHANGE_ADDED,   /* another file came to that name: rename(2) */
	GATE_CHANGE_REMOVED, /* unlinked, or renamed away */
};
/* What nobody could be asked about before: it has happened. */
struct gate_change {
	enum gate_change_kind kind;
	pid_t pid;	  /* 0: of another process namespace */
	const char *path; /* as watched, and the name in it; of a file that is watched itself, its
			     own */
};
typedef void (*gate_change_fn)(const struct gate_change *change, void *userdata);

/* Readable when there are changes; -1: this kernel does not tell them (see gate_changes_error()).
 */
int gate_changes_fd(const struct gate *gate);
/* Takes those that are there. The loop's business. Returns how many, or -errno. */
int gate_take_changes(struct gate *gate, gate_change_fn function, void *userdata);
/* Why changes after the fact are not told at all: a negative errno, or 0. */
int gate_changes_error(const struct gate *gate);

/* How many file systems are marked, in a channel. */
size_t gate_marked(const struct gate *gate, enum gate_channel_kind channel);
unsigned gate_thread_count(const struct gate *gate);
const struct gate_counters *gate_counters(const struct gate *gate);
/*
 * For `decide`: the name in our mount namespace of another file that a process shows below /proc
 * (its program, its folder); as host_name_find(), by the mounts that are known now.
 */
enum host_name gate_name_of(const struct gate_event *event, const struct seen_file *file,
			    struct name_buffer *names);

/* True if the threads got real-time priority. */
bool gate_is_realtime(const struct gate *gate);

/* The descriptor of a channel, or -1: for the guard, which answers while we are stopped. */
int gate_fd(const struct gate *gate, enum gate_channel_kind channel);

/* Does this kernel let us gate executions? 0 or why not, as for gate_new(). Leaves no trace. */
int gate_probe(struct error *err);
