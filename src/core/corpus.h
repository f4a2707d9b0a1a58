/* SPDX-License-Identifier: MIT */
/*
 * The corpus: every form in which Linux executes a program, each as a case that carries it out in
 * a child and says what an event about it must say. `reeve doctor --self-test` runs some of them
 * under a source, the contract tests run all of them under all sources.
 *
 * A run goes in steps, so that its owner can read a source between them:
 *
 *	corpus_begin()     the child is forked, and waits
 *	corpus_go()        it sets itself up and executes; corpus_started() then becomes true
 *	corpus_release()   what was executed is told how to end; corpus_ended() then becomes true
 *	corpus_end()       reaped, files removed
 *
 * A source that looks at /proc is given time between the steps; a source that promises to miss
 * nothing is not. Nothing is changed outside of the corpus's own temporary folder and the
 * children's own namespaces, but by the cases that say CASE_CHANGES_HOST.
 */
#pragma once

#include "model/event.h"
#include "util/error.h"
#include "util/host.h"

enum corpus_process {
	CORPUS_MAIN,  /* the child that is forked */
	CORPUS_OTHER, /* its child, where the case has one */
	CORPUS_PROCESSES
};

/*
 * A record that must come. What `want` knows must be said, and just so: a number between `want` and
 * `also` where both know it, and bytes that equal one of them. `empty` are the fields that
 * must not have a value. Records of one process and type come in the order of their list.
 */
struct corpus_record {
	enum corpus_process process;
	struct event want, also;
	uint64_t empty[(FIELDS + 63) / 64];
	uint32_t flags_free; /* bits of `flags` that are right either way */
	bool after_release;  /* comes only then */
	bool brief;	     /* what it tells of may be over before a look at /proc */
	bool follows_brief;  /* and this one says what such a one has changed */
};

enum corpus_case_flags {
	CASE_SMALL = 1 << 0,	    /* of the small selection that doctor runs */
	CASE_CHANGES_HOST = 1 << 1, /* mounts, groups or handlers that other processes can see */
};

struct corpus_case {
	const char *name;
	const char *summary; /* "by a path relative to the working folder" */
	unsigned flags;
};

/* All cases, in order; NULL behind the last. */
const struct corpus_case *corpus_case_at(size_t index);

/* The variable that every program of the corpus has in its environment; its value is the case. */
#define CORPUS_VARIABLE "REEVE_CORPUS"

struct corpus;

/*
 * Makes the folder, which programs can be executed in. -EACCES where no temporary folder allows
 * that. What a case needs is looked at here, so that nothing is executed for it later.
 */
int corpus_new(const struct host *host, struct corpus **ret_corpus, struct error *err);
void corpus_free(struct corpus *corpus);
DEFINE_CLEANUP(struct corpus *, corpus_free);

/* One run. */
struct corpus_run;

/*
 * 0: the child waits, *ret_run is owned. 1: the case cannot be carried out here; `err` has the
 * reason. Negative: a failure of ours.
 */
int corpus_begin(struct corpus *corpus, const struct corpus_case *one, struct corpus_run **ret_run,
		 struct error *err);
void corpus_go(struct corpus_run *run);
/* True once all that is executed before the release has been; then the records are known. */
bool corpus_started(struct corpus_run *run);
/* True if it must have been started before it is released: something is changed while it runs. */
bool corpus_must_start(const struct corpus_run *run);
/* 0, or 1 with the reason when the child could not set itself up. Call after corpus_started(). */
int corpus_problem(const struct corpus_run *run, struct error *err);
void corpus_release(struct corpus_run *run);
/* True once the child has ended; it is not reaped yet. */
bool corpus_ended(struct corpus_run *run);
/* Reaps (a child that has not ended is killed), removes the case's files, frees the run, which
 * may be NULL. Returns 0, or -EPROTO when the child ended in another way than the case says. */
int corpus_end(struct corpus_run *run, struct error *err);

/* The process of the run; 0: there is none (yet). */
pid_t corpus_pid(const struct corpus_run *run, enum corpus_process process);
/* Where its files are. */
const char *corpus_folder(const struct corpus_run *run);
/*
 * What must come. Complete once corpus_started(); before, what is known of the fork. Times are
 * bounded by when the steps were made, so ask again after the last one.
 */
const struct corpus_record *corpus_records(struct corpus_run *run, size_t *ret_count);
