// SPDX-License-Identifier: MIT
/* The effects that set something of a process: how it is scheduled, and what it may use. */
#include "config/rule.h"

#include "config/values.h"
#include "util/units.h"

#include <ctype.h>
#include <sched.h>
#include <sys/resource.h>

#define SECOND UINT64_C(1000000000)

enum { IO_REALTIME = 1, IO_BEST_EFFORT = 2, IO_IDLE = 3 };

static bool read_signed(struct reader *reader, const struct schema_key *key,
			const struct node *value, struct effect_list *list, int least, int most)
{
	struct draft_effect *draft;
	int number = 0;
	enum value result = value_signed(reader, key->name, value, least, most, &number);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	draft = add_effect(reader, list, (enum effect_kind)key->number, value);
	if (!draft)
		return false;
	if (key->number == EFFECT_NICE)
		draft->effect.nice = number;
	else
		draft->effect.oom_score_adj = number;
	return true;
}

bool read_nice(struct reader *reader, const struct schema_key *key, const struct node *value,
	       void *target)
{
	return read_signed(reader, key, value, target, -20, 19);
}

bool read_oom_score_adj(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	return read_signed(reader, key, value, target, -1000, 1000);
}

/* ---- "word" or "word:number" ---- */

struct graded_word {
	const char *name;
	int value;
	int least, most; /* of its number; equal: it has none */
	int usual;	 /* -1: it has to be there */
};

/* Splits a text at ':' or a blank; NULL (told) if it is none of the words. */
static const struct graded_word *find_word(struct reader *reader, const struct schema_key *key,
					   const struct node *value,
					   const struct graded_word *words, size_t count,
					   int *ret_number)
{
	const char *names[8], *text, *rest;
	const struct graded_word *word = NULL;
	uint64_t number = 0;
	char hint[96], name[32] = "";
	size_t size;

	if (value_text(reader, key->name, value, &text) != VALUE_GOOD)
		return NULL;
	size = MIN(strcspn(text, ": "), sizeof(name) - 1);
	memcpy(name, text, size);
	for (size_t i = 0; i < count; i++) {
		names[i] = words[i].name;
		if (streq(name, words[i].name))
			word = &words[i];
	}
	if (!word) {
		report_error(reader, value,
			     guess_hint(reader, name, names, count, hint, sizeof(hint)),
			     "\"%s\" must be %s, not \"%.60s\"", key->name, key->help, text);
		return NULL;
	}
	rest = text + size;
	rest += strspn(rest, ": ");
	*ret_number = word->usual;
	if (*rest == '\0' && word->usual >= 0)
		return word;
	if (word->least < word->most && parse_u64(rest, &number) == 0 &&
	    number >= (uint64_t)word->least && number <= (uint64_t)word->most) {
		*ret_number = (int)number;
		return word;
	}
	if (word->least == word->most)
		report_error(reader, value, NULL, "\"%s\": nothing can stand behind \"%s\"",
			     key->name, word->name);
	else
		report_error(reader, value, NULL, "\"%s\": write \"%s:\" and a number, %d to %d",
			     key->name, word->name, word->least, word->most);
	return NULL;
}

bool read_ionice(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *target)
{
	static const struct graded_word words[] = {
		{ "idle", IO_IDLE, 0, 0, 0 },
		{ "best-effort", IO_BEST_EFFORT, 0, 7, 4 },
		{ "realtime", IO_REALTIME, 0, 7, 4 },
	};
	struct draft_effect *draft;
	int level = 0;
	const struct graded_word *word =
		find_word(reader, key, value, words, ARRAY_SIZE(words), &level);

	draft = word ? add_effect(reader, target, EFFECT_IONICE, value) : NULL;
	if (!draft)
		return false;
	draft->effect.ionice.class = word->value;
	draft->effect.ionice.level = level;
	return true;
}

bool read_sched(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *target)
{
	static const struct graded_word words[] = {
		{ "other", SCHED_OTHER, 0, 0, 0 }, { "batch", SCHED_BATCH, 0, 0, 0 },
		{ "idle", SCHED_IDLE, 0, 0, 0 },   { "fifo", SCHED_FIFO, 1, 99, -1 },
		{ "rr", SCHED_RR, 1, 99, -1 },
	};
	struct draft_effect *draft;
	int priority = 0;
	const struct graded_word *word =
		find_word(reader, key, value, words, ARRAY_SIZE(words), &priority);

	draft = word ? add_effect(reader, target, EFFECT_SCHED, value) : NULL;
	if (!draft)
		return false;
	draft->effect.sched.policy = word->value;
	draft->effect.sched.priority = priority;
	return true;
}

/* ---- processors ---- */

/* Sets the bits of "0-3,8"; false if it is no such list. */
static bool set_bits(const char *text, uint64_t *bits)
{
	for (;;) {
		unsigned long from, to;
		char *end;

		if (!isdigit((unsigned char)*text))
			return false;
		from = to = strtoul(text, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return false;
			to = strtoul(end + 1, &end, 10);
		}
		if (to < from || to >= POLICY_CPUS)
			return false;
		for (unsigned long i = from; i <= to; i++)
			bits[i / 64] |= UINT64_C(1) << (i % 64);
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
		text = end + 1;
	}
}

bool read_affinity(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *target)
{
	struct draft_effect *draft;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	draft = add_effect(reader, target, EFFECT_AFFINITY, value);
	if (!draft)
		return false;
	draft->effect.cpus = arena_alloc(reader->memory, POLICY_CPUS / 8);
	if (!draft->effect.cpus)
		return report_oom(reader);
	if (!set_bits(text, draft->effect.cpus))
		return report_error(reader, value, "write a list such as \"0-3,8\"",
				    "\"%s\": \"%.60s\" is no list of numbers below %d", key->name,
				    text, POLICY_CPUS);
	return true;
}

bool read_timer_slack(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = { .least = 1, .most = 10 * SECOND };
	struct draft_effect *draft;
	uint64_t ns = 0;
	enum value result = value_duration(reader, key->name, value, &range, &ns);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	draft = add_effect(reader, target, EFFECT_TIMER_SLACK, value);
	if (!draft)
		return false;
	draft->effect.timer_slack_ns = ns;
	return true;
}

/* ---- resource limits ---- */

enum amount { AMOUNT_COUNT, AMOUNT_BYTES, AMOUNT_SECONDS, AMOUNT_MICROSECONDS };

static const struct rlimit_name {
	const char *name;
	int resource;
	enum amount amount;
} rlimit_names[] = {
	{ "as", RLIMIT_AS, AMOUNT_BYTES },
	{ "core", RLIMIT_CORE, AMOUNT_BYTES },
	{ "cpu", RLIMIT_CPU, AMOUNT_SECONDS },
	{ "data", RLIMIT_DATA, AMOUNT_BYTES },
	{ "fsize", RLIMIT_FSIZE, AMOUNT_BYTES },
	{ "locks", RLIMIT_LOCKS, AMOUNT_COUNT },
	{ "memlock", RLIMIT_MEMLOCK, AMOUNT_BYTES },
	{ "msgqueue", RLIMIT_MSGQUEUE, AMOUNT_BYTES },
	{ "nice", RLIMIT_NICE, AMOUNT_COUNT },
	{ "nofile", RLIMIT_NOFILE, AMOUNT_COUNT },
	{ "nproc", RLIMIT_NPROC, AMOUNT_COUNT },
	{ "rss", RLIMIT_RSS, AMOUNT_BYTES },
	{ "rtprio", RLIMIT_RTPRIO, AMOUNT_COUNT },
	{ "rttime", RLIMIT_RTTIME, AMOUNT_MICROSECONDS },
	{ "sigpending", RLIMIT_SIGPENDING, AMOUNT_COUNT },
	{ "stack", RLIMIT_STACK, AMOUNT_BYTES },
};
_Static_assert(ARRAY_SIZE(rlimit_names) == RLIM_NLIMITS, "every resource has its name");

static bool parse_amount(const char *text, enum amount amount, uint64_t *ret_value)
{
	static const uint64_t units[] = { [AMOUNT_SECONDS] = SECOND, [AMOUNT_MICROSECONDS] = 1000 };
	int r;

	if (streq(text, "unlimited") || streq(text, "infinity") || streq(text, "max")) {
		*ret_value = RLIM_INFINITY;
		return true;
	}
	if (amount == AMOUNT_COUNT) {
		r = parse_u64(text, ret_value);
	} else if (amount == AMOUNT_BYTES) {
		r = parse_bytes(text, 1, ret_value);
	} else {
		r = parse_duration(text, units[amount], ret_value);
		/* Less than its unit would be none at all. */
		if (r == 0)
			*ret_value = *ret_value / units[amount] + (*ret_value % units[amount] != 0);
	}
	return r == 0 && *ret_value < RLIM_INFINITY;
}

/* "1024" for both, or "1024:4096". */
static bool parse_pair(const char *text, enum amount amount, uint64_t *ret_soft, uint64_t *ret_hard)
{
	const char *colon = strchr(text, ':');
	char soft[64];

	if (!colon) {
		if (!parse_amount(text, amount, ret_soft))
			return false;
		*ret_hard = *ret_soft;
		return true;
	}
	if ((size_t)(colon - text) >= sizeof(soft))
		return false;
	memcpy(soft, text, (size_t)(colon - text));
	soft[colon - text] = '\0';
	return parse_amount(soft, amount, ret_soft) && parse_amount(colon + 1, amount, ret_hard);
}

static const struct rlimit_name *find_rlimit(struct reader *reader, const struct node *name)
{
	const char *text = tree_text(&reader->tree, name), *names[ARRAY_SIZE(rlimit_names)];
	char hint[96];

	for (size_t i = 0; i < ARRAY_SIZE(rlimit_names); i++) {
		names[i] = rlimit_names[i].name;
		if (streq(text, names[i]))
			return &rlimit_names[i];
	}
	report_error(reader, name,
		     guess_hint(reader, text, names, ARRAY_SIZE(names), hint, sizeof(hint)),
		     "\"%.60s\" is no limit of a process", text);
	return NULL;
}

static bool read_rlimit(struct reader *reader, const struct node *name, const struct node *value,
			struct effect_list *list)
{
	const struct rlimit_name *limit = find_rlimit(reader, name);
	struct draft_effect *draft;
	uint64_t soft, hard;
	const char *text;

	if (!limit || value_text(reader, limit->name, value, &text) != VALUE_GOOD)
		return false;
	if (!parse_pair(text, limit->amount, &soft, &hard))
		return report_error(reader, value,
				    "write a number, \"unlimited\", or \"soft:hard\"",
				    "\"%s\": \"%.60s\" is no limit", limit->name, text);
	if (soft > hard)
		return report_error(reader, value, "write \"soft:hard\"",
				    "\"%s\": the soft limit is above the hard one", limit->name);
	draft = add_effect(reader, list, EFFECT_RLIMIT, value);
	if (!draft)
		return false;
	draft->effect.rlimit.resource = limit->resource;
	draft->effect.rlimit.soft = soft;
	draft->effect.rlimit.hard = hard;
	return true;
}

bool read_rlimits(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *target)
{
	const struct node *name, *limit;
	bool good = true;

	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &limit);)
		good &= read_rlimit(reader, name, limit, target);
	return good && !reader->too_large;
}
