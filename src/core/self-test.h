/* SPDX-License-Identifier: MIT */
/*
 * The self-test: runs the corpus under a source, through the observer as `reeve watch` does, and
 * compares what was told with what must have been.
 */
#pragma once

#include "core/corpus.h"
#include "model/event.h"
#include "source/source.h"
#include "util/error.h"
#include "util/host.h"

/* The answers of one value, from the best to the worst. */
enum verdict {
	VERDICT_RIGHT,
	VERDICT_UNKNOWN, /* not said, and nobody has promised it */
	VERDICT_LATE,	 /* not what it was, since the source looks at /proc afterwards */
	VERDICT_ABSENT,	 /* promised, and not said */
	VERDICT_WRONG,
	VERDICTS
};

/* And of one case. */
enum case_verdict {
	CASE_RIGHT,
	CASE_MISSED,  /* too brief for the source, which promises no more */
	CASE_WRONG,   /* a promise was broken */
	CASE_SKIPPED, /* cannot be carried out here */
};

/* What is not right. Texts are for people, escaped and cut. */
struct self_test_finding {
	const struct corpus_case *in;
	enum event_type type;
	int field; /* enum event_field; -1: the record as a whole */
	enum verdict verdict;
	char *wanted, *got;
};

struct self_test {
	const struct source_class *source;
	char *variant; /* what the source says of itself, or NULL */
	size_t case_count;
	struct self_test_case {
		const struct corpus_case *about;
		enum case_verdict verdict;
		char *reason; /* why it was skipped */
	} * cases;
	uint64_t fields[FIELDS][VERDICTS]; /* of executions' records */
	uint64_t records[EVENT_TYPES][VERDICTS];
	struct self_test_finding *findings;
	size_t finding_count;
	uint64_t lost; /* as the source counts */
};

struct self_test_options {
	const char *source;
	const char *only;  /* a case's name, or NULL */
	bool all;	   /* every case, not the small selection */
	bool changes_host; /* those too that others can see; only for tests on their own machine */
	bool hurry;	   /* gives sources no time to look at /proc */
	/* Every event of the corpus, as it was told, in order; may be NULL. */
	struct event_sink sink;
	/* After each case; may be NULL. */
	void (*progress)(const struct self_test_case *one, void *userdata);
	void *userdata;
};

/* -EOPNOTSUPP with the reason: the source does not work here. */
int self_test_run(const struct host *host, const struct self_test_options *options,
		  struct self_test **ret_test, struct error *err);
void self_test_free(struct self_test *test);
DEFINE_CLEANUP(struct self_test *, self_test_free);

/* True if the source kept all its promises. */
bool self_test_passed(const struct self_test *test);

/* ---- for tests ---- */

/* What a source can be held to besides what it knows. */
struct source_manners {
	bool looks_late;      /* at /proc, after the fact, for all fields but its own */
	const uint8_t *own;   /* enum event_field, ended by FIELDS; besides times and pid */
	bool brief_missed;    /* what is over soon may not be told at all */
	bool partial;	      /* there are executions that it cannot see: see its guarantee */
	bool in_order;	      /* fork before exec before exit */
	uint32_t tells_flags; /* that it sets wherever they are so */
};
const struct source_manners *source_manners(enum event_source source);
/* True if the records of executions must have the field. */
bool source_promises(const struct source_class *source, enum event_field field);

/* The verdict on one field of a record that was matched with an event. */
enum verdict self_test_judge(const struct corpus_record *record, const struct event *event,
			     enum event_field field, const struct source_class *source);
/* A field's value for people; owned by the caller, NULL without memory. */
char *self_test_show(const struct event *event, enum event_field field);
