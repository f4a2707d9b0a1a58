// SPDX-License-Identifier: MIT
/*
 * Rings that turn together: the slot of a sample follows from the number of its pass, and the times
 * of passes are kept once for all groups. A group that was not there, or could not be read, has the
 * mark for "not known" in the slots that it missed.
 *
 * A value is kept in 16 bits, 10 of them after its highest one: what a chart can show of a number
 * of bytes, and exact below 2048.
 */
#include "core/history.h"

enum { MANTISSA = 10, UNKNOWN = 0xffff };

/* How the samples of a longer time become one. */
enum together { MEAN, MOST, SUM };

static const struct {
	const char *name;
	enum together together;
} rows[FIGURES] = {
	[FIGURE_CPU] = { "cpu", MEAN },
	[FIGURE_THROTTLED] = { "throttled", MEAN },
	[FIGURE_MEMORY] = { "memory", MOST },
	[FIGURE_PIDS] = { "pids", MOST },
	[FIGURE_IO_READ] = { "io_read", MEAN },
	[FIGURE_IO_WRITTEN] = { "io_written", MEAN },
	[FIGURE_CPU_STALL] = { "cpu_stall", MEAN },
	[FIGURE_MEMORY_STALL] = { "memory_stall", MEAN },
	[FIGURE_IO_STALL] = { "io_stall", MEAN },
	[FIGURE_OOM_KILLS] = { "oom_kills", SUM },
};

struct past {
	uint64_t first, last; /* passes */
	uint16_t fine[HISTORY_FINE][FIGURES];
	uint16_t coarse[HISTORY_COARSE][FIGURES];
	/* The coarse sample that is being gathered. */
	uint64_t gathered[FIGURES];
	uint8_t counts[FIGURES];
};

struct history {
	uint64_t passes; /* begun; the one under way is passes - 1 */
	uint64_t fine_ns[HISTORY_FINE], coarse_ns[HISTORY_COARSE];
	size_t memory_most;
	struct history_counters counters;
};

const char *figure_name(enum figure figure)
{
	return rows[figure].name;
}

int figure_find(const char *name)
{
	for (int i = 0; i < FIGURES; i++)
		if (streq(rows[i].name, name))
			return i;
	return -1;
}

/* ---- 16 bits ---- */

static uint16_t pack(uint64_t value)
{
	unsigned bits = value ? 64 - (unsigned)__builtin_clzll(value) : 0;
	unsigned shift = bits > MANTISSA + 1 ? bits - MANTISSA - 1 : 0;

	if (bits <= MANTISSA)
		return (uint16_t)value;
	/* The highest bit is not kept, for it is always set. */
	return (uint16_t)((shift + 1) << MANTISSA | (value >> shift & ((1 << MANTISSA) - 1)));
}

static uint64_t unpack(uint16_t packed)
{
	unsigned shift = packed >> MANTISSA;
	uint64_t rest = packed & ((1 << MANTISSA) - 1);

	return shift ? (rest | 1 << MANTISSA) << (shift - 1) : rest;
}

/* ---- life ---- */

struct history *history_new(size_t memory_most)
{
	struct history *history = calloc(1, sizeof(*history));

	if (history)
		history->memory_most = memory_most;
	return history;
}

void history_free(struct history *history)
{
	free(history);
}

void past_free(struct history *history, struct past *past)
{
	if (!past)
		return;
	history->counters.bytes -= sizeof(*past);
	free(past);
}

/* A group that has used nothing so far is told as that by past_value(). */
static struct past *past_new(struct history *history)
{
	struct past *past;

	if (history->counters.bytes + sizeof(*past) > history->memory_most)
		return NULL;
	past = calloc(1, sizeof(*past));
	if (!past)
		return NULL;
	history->counters.bytes += sizeof(*past);
	past->first = past->last = history->passes - 1;
	return past;
}

/* ---- noting ---- */

void history_begin(struct history *history, uint64_t now_ns)
{
	uint64_t pass = history->passes++;

	history->fine_ns[pass % HISTORY_FINE] = now_ns;
	history->coarse_ns[pass / HISTORY_COARSE_OF % HISTORY_COARSE] = now_ns;
}

static void settle(struct past *past, uint64_t pass)
{
	uint16_t *slot = past->coarse[pass / HISTORY_COARSE_OF % HISTORY_COARSE];

	for (unsigned i = 0; i < FIGURES; i++) {
		uint64_t count = past->counts[i];

		if (count == 0)
			slot[i] = UNKNOWN;
		else
			slot[i] = pack(rows[i].together == MEAN ? past->gathered[i] / count
								: past->gathered[i]);
	}
}

/* From the last pass that was noted to this one: what was missed is not known. */
static void advance(struct past *past, uint64_t pass)
{
	uint64_t from = MAX(past->last + 1, pass > HISTORY_FINE ? pass - HISTORY_FINE : 0);
	uint64_t coarse = pass / HISTORY_COARSE_OF, before = past->last / HISTORY_COARSE_OF;

	for (uint64_t i = from; i < pass; i++)
		memset(past->fine[i % HISTORY_FINE], 0xff, sizeof(past->fine[0]));
	if (coarse == before)
		return;
	memset(past->gathered, 0, sizeof(past->gathered));
	memset(past->counts, 0, sizeof(past->counts));
	for (uint64_t i = MAX(before + 1, coarse > HISTORY_COARSE ? coarse - HISTORY_COARSE : 0);
	     i < coarse; i++)
		memset(past->coarse[i % HISTORY_COARSE], 0xff, sizeof(past->coarse[0]));
}

static void gather(struct past *past, const struct figures *figures)
{
	for (unsigned i = 0; i < FIGURES; i++) {
		if (!(figures->known & FIGURE_BIT(i)))
			continue;
		if (rows[i].together == MOST)
			past->gathered[i] = MAX(past->gathered[i], figures->values[i]);
		else
			past->gathered[i] += figures->values[i];
		past->counts[i]++;
	}
}

static bool is_nothing(const struct figures *figures)
{
	for (unsigned i = 0; i < FIGURES; i++)
		if (figures->known & FIGURE_BIT(i) && figures->values[i] > 0)
			return false;
	return true;
}

void past_note(struct history *history, struct past **past, const struct figures *figures)
{
	uint64_t pass = history->passes - 1;
	bool fresh = !*past;
	uint16_t *slot;

	history->counters.samples++;
	if (fresh && is_nothing(figures))
		return;
	if (fresh)
		*past = past_new(history);
	if (!*past) {
		history->counters.left_out++;
		return;
	}
	if (!fresh && (*past)->last == pass)
		return;
	advance(*past, pass);
	slot = (*past)->fine[pass % HISTORY_FINE];
	for (unsigned i = 0; i < FIGURES; i++)
		slot[i] = figures->known & FIGURE_BIT(i) ? pack(figures->values[i])
							 : (uint16_t)UNKNOWN;
	gather(*past, figures);
	settle(*past, pass);
	(*past)->last = pass;
}

/* ---- asking ---- */

/* Of passes, or of the longer times; the newest is turns - 1. */
static uint64_t turns_of(uint64_t passes, bool coarse)
{
	return coarse ? (passes + HISTORY_COARSE_OF - 1) / HISTORY_COARSE_OF : passes;
}

size_t history_count(const struct history *history, bool coarse)
{
	uint64_t turns = turns_of(history->passes, coarse);

	return (size_t)MIN(turns, (uint64_t)(coarse ? HISTORY_COARSE : HISTORY_FINE));
}

static uint64_t turn_at(const struct history *history, bool coarse, size_t index)
{
	return turns_of(history->passes, coarse) - history_count(history, coarse) + index;
}

uint64_t history_time(const struct history *history, bool coarse, size_t index)
{
	uint64_t turn = turn_at(history, coarse, index);

	return coarse ? history->coarse_ns[turn % HISTORY_COARSE]
		      : history->fine_ns[turn % HISTORY_FINE];
}

bool past_value(const struct history *history, const struct past *past, bool coarse, size_t index,
		enum figure figure, uint64_t *ret_value)
{
	uint64_t turn = turn_at(history, coarse, index);
	uint16_t packed;

	*ret_value = 0;
	if (!past || turn < (coarse ? past->first / HISTORY_COARSE_OF : past->first))
		return true;
	if (turn > (coarse ? past->last / HISTORY_COARSE_OF : past->last))
		return false;
	packed = coarse ? past->coarse[turn % HISTORY_COARSE][figure]
			: past->fine[turn % HISTORY_FINE][figure];
	if (packed == UNKNOWN)
		return false;
	*ret_value = unpack(packed);
	return true;
}

/* ---- handing over ---- */

/* What the bytes depend on. Another form is not read: then the history begins anew. */
static const struct form {
	char magic[8];
	uint32_t size, fine, coarse, coarse_of, figures;
} own_form = { "reevehs",      sizeof(struct past), HISTORY_FINE,
	       HISTORY_COARSE, HISTORY_COARSE_OF,   FIGURES };

static bool take(struct slice *bytes, void *into, size_t size)
{
	if (bytes->size < size)
		return false;
	memcpy(into, bytes->data, size);
	*bytes = (struct slice){ bytes->data + size, bytes->size - size };
	return true;
}

void history_save(const struct history *history, struct text *text)
{
	text_add_bytes(text, &own_form, sizeof(own_form));
	text_add_bytes(text, &history->passes, sizeof(history->passes));
	text_add_bytes(text, history->fine_ns, sizeof(history->fine_ns));
	text_add_bytes(text, history->coarse_ns, sizeof(history->coarse_ns));
}

void past_save(const struct past *past, struct text *text)
{
	text_add_bytes(text, past ? "+" : "-", 1);
	if (past)
		text_add_bytes(text, past, sizeof(*past));
}

int history_load(struct history *history, struct slice *bytes)
{
	struct history loaded = { .memory_most = history->memory_most,
				  .counters = history->counters };
	struct form form;

	if (!take(bytes, &form, sizeof(form)) || memcmp(&form, &own_form, sizeof(form)) != 0 ||
	    !take(bytes, &loaded.passes, sizeof(loaded.passes)) ||
	    !take(bytes, loaded.fine_ns, sizeof(loaded.fine_ns)) ||
	    !take(bytes, loaded.coarse_ns, sizeof(loaded.coarse_ns)))
		return -EBADMSG;
	*history = loaded;
	return 0;
}

int past_load(struct history *history, struct slice *bytes, struct past **ret_past)
{
	struct past *past;
	char there;

	if (!take(bytes, &there, 1) || (there == '+' && bytes->size < sizeof(*past)))
		return -EBADMSG;
	if (there != '+') {
		*ret_past = NULL;
		return 0;
	}
	past = past_new(history);
	if (!past)
		return -ENOMEM;
	(void)take(bytes, past, sizeof(*past));
	if (past->first > past->last || past->last >= history->passes) {
		past_free(history, past);
		return -EBADMSG;
	}
	*ret_past = past;
	return 0;
}

const struct history_counters *history_counters(const struct history *history)
{
	return &history->counters;
}
