/* SPDX-License-Identifier: MIT */
/*
 * What groups have used over the last hours: for each group a ring of the last quarter of an hour,
 * and one of some hours, in which each sample stands for several of the first. A sample is 20
 * bytes. A group takes memory from its first figure on that is not zero.
 */
#pragma once

#include "util/text.h"

/* In units a second where they are rates. */
enum figure {
	FIGURE_CPU,	  /* µs of processor time a second: 1,000,000 is one processor */
	FIGURE_THROTTLED, /* µs a second in which it was held back by its limit */
	FIGURE_MEMORY,	  /* bytes */
	FIGURE_PIDS,	  /* tasks */
	FIGURE_IO_READ,	  /* bytes a second */
	FIGURE_IO_WRITTEN,
	FIGURE_CPU_STALL, /* µs a second in which some of it waited for that */
	FIGURE_MEMORY_STALL,
	FIGURE_IO_STALL,
	FIGURE_OOM_KILLS, /* in the sample's time */
	FIGURES
};
#define FIGURE_BIT(figure) (UINT32_C(1) << (figure))

/* "cpu", "throttled" ... */
const char *figure_name(enum figure figure);
/* -1: there is none of that name. */
int figure_find(const char *name);

struct figures {
	uint32_t known; /* FIGURE_BIT()s */
	uint64_t values[FIGURES];
};

enum { HISTORY_FINE = 90, HISTORY_COARSE = 180, HISTORY_COARSE_OF = 12 };

struct history; /* when the samples were taken, and how much memory they have */
struct past;	/* of one group */

/* `memory_most`: bytes of all samples; groups beyond it have none. NULL: no memory. */
struct history *history_new(size_t memory_most);
/* After all past_free(). */
void history_free(struct history *history);
DEFINE_CLEANUP(struct history *, history_free);

/* What is noted from now on, until the next call, belongs to this time (CLOCK_BOOTTIME). */
void history_begin(struct history *history, uint64_t now_ns);

/* Notes a group's figures for the time that was begun, at most once for each. *past is NULL until
 * there is something to be kept. */
void past_note(struct history *history, struct past **past, const struct figures *figures);
void past_free(struct history *history, struct past *past);

/* How many samples there are of all groups, and when one of them was taken; 0 is the oldest. */
size_t history_count(const struct history *history, bool coarse);
uint64_t history_time(const struct history *history, bool coarse, size_t index);
/* False: not known. `past` may be NULL: it has used nothing. Values are rounded to 1/1024. */
bool past_value(const struct history *history, const struct past *past, bool coarse, size_t index,
		enum figure figure, uint64_t *ret_value);

/*
 * All of it as bytes, for the program that takes over on the same boot: the times, then what was
 * noted of each group. They are read in the same order, from the beginning of `bytes`, which is
 * moved on. -EBADMSG: not saved by a history of this form; -ENOMEM: also beyond `memory_most`.
 */
void history_save(const struct history *history, struct text *text);
void past_save(const struct past *past, struct text *text); /* of NULL too */
/* In the place of what there is, which must be nothing of any group. */
int history_load(struct history *history, struct slice *bytes);
int past_load(struct history *history, struct slice *bytes, struct past **ret_past);

struct history_counters {
	uint64_t samples, left_out; /* samples of groups for which no memory was left */
	uint64_t bytes;		    /* of samples, now */
};
const struct history_counters *history_counters(const struct history *history);
