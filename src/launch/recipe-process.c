// SPDX-License-Identifier: MIT
/* How the program of a recipe is scheduled, and the small things that a process inherits. */
#include "launch/recipe-internal.h"

#include "launch/rlimit.h"
#include "util/suggest.h"
#include "util/units.h"

#include <linux/ioprio.h>

int recipe_number(const char *what, const char *text, long lowest, long greatest, long *ret_number,
		  struct error *err)
{
	bool negative = *text == '-';
	uint64_t number;
	int r = parse_u64(text + (negative || *text == '+'), &number);

	if (r == 0 && number <= INT32_MAX) {
		long value = negative ? -(long)number : (long)number;

		if (value >= lowest && value <= greatest) {
			*ret_number = value;
			return 0;
		}
	}
	return error_set(err, r == -EINVAL ? -EINVAL : -ERANGE, "%s \"%s\" is not from %ld to %ld",
			 what, text, lowest, greatest);
}

static int add_range(const char *word, cpu_set_t *set, struct error *err)
{
	const char *dash = strchr(word, '-');
	_cleanup_(freep) char *first = strndup(word, dash ? (size_t)(dash - word) : strlen(word));
	long from, to;
	int r;

	if (!first)
		return error_oom(err);
	r = recipe_number("processor", first, 0, CPU_SETSIZE - 1, &from, err);
	to = from;
	if (r == 0 && dash)
		r = recipe_number("processor", dash + 1, from, CPU_SETSIZE - 1, &to, err);
	for (long cpu = from; r == 0 && cpu <= to; cpu++)
		CPU_SET((size_t)cpu, set);
	return r;
}

int recipe_cpu_list(const char *text, cpu_set_t *ret_set, struct error *err)
{
	_cleanup_(freep) char *copy = strdup(text);
	char *rest = copy, *word;
	cpu_set_t set;
	int r = 0;

	if (!copy)
		return error_oom(err);
	CPU_ZERO(&set);
	while (r == 0 && (word = strsep(&rest, ",")))
		r = add_range(word, &set, err);
	if (r == 0)
		*ret_set = set;
	return r;
}

int recipe_set_affinity(struct recipe *recipe, const char *value, struct error *err)
{
	if (!recipe->affinity)
		recipe->affinity = calloc(1, sizeof(cpu_set_t));
	if (!recipe->affinity)
		return error_oom(err);
	recipe->conditions.affinity = recipe->affinity;
	recipe->conditions.affinity_size = sizeof(cpu_set_t);
	recipe->has_conditions = true;
	return recipe_cpu_list(value, recipe->affinity, err);
}

int recipe_set_die_with_parent(struct recipe *recipe, const char *value, struct error *err)
{
	recipe->has_conditions = true;
	return recipe_flag(value, &recipe->conditions.die_with_parent, err);
}

int recipe_set_init(struct recipe *recipe, const char *value, struct error *err)
{
	recipe->has_conditions = true;
	return recipe_flag(value, &recipe->conditions.init, err);
}

int recipe_set_new_session(struct recipe *recipe, const char *value, struct error *err)
{
	recipe->has_conditions = true;
	return recipe_flag(value, &recipe->conditions.new_session, err);
}

int recipe_set_nice(struct recipe *recipe, const char *value, struct error *err)
{
	long number;
	int r = recipe_number("the nice value", value, -20, 19, &number, err);

	if (r < 0)
		return r;
	recipe->conditions.nice = (int)number;
	recipe->conditions.set_nice = recipe->has_conditions = true;
	return 0;
}

int recipe_set_oom_score_adj(struct recipe *recipe, const char *value, struct error *err)
{
	long number;
	int r = recipe_number("the oom score", value, -1000, 1000, &number, err);

	if (r < 0)
		return r;
	recipe->conditions.oom_score = (int)number;
	recipe->conditions.set_oom_score = recipe->has_conditions = true;
	return 0;
}

int recipe_set_umask(struct recipe *recipe, const char *value, struct error *err)
{
	unsigned mask = 0;

	for (const char *at = value; *at; at++)
		mask = *at >= '0' && *at <= '7' && mask < 01000 ? mask * 8 + (unsigned)(*at - '0')
								: 010000;
	if (!*value || mask > 0777)
		return error_set(err, -EINVAL, "\"%s\" is no octal number up to 777", value);
	recipe->conditions.umask = (mode_t)mask;
	recipe->conditions.set_umask = recipe->has_conditions = true;
	return 0;
}

int recipe_set_rlimit(struct recipe *recipe, const char *value, struct error *err)
{
	size_t count = recipe->conditions.rlimit_count;
	int r;

	if (!recipe_grow(&recipe->rlimits, count, sizeof(*recipe->rlimits)))
		return error_oom(err);
	r = rlimit_parse(value, &recipe->rlimits[count], err);
	if (r < 0)
		return r;
	recipe->conditions.rlimits = recipe->rlimits;
	recipe->conditions.rlimit_count = count + 1;
	recipe->has_conditions = true;
	return 0;
}

/* ---- policies with a level: "fifo:10" ---- */

struct policy {
	const char *name;
	int number;
	long lowest, greatest; /* of the level; both 0: it has none */
};

static const struct policy *find_policy(const struct policy *rows, size_t count, const char *text,
					struct error *err)
{
	size_t length = strcspn(text, ":");
	_cleanup_(freep) char *name = strndup(text, length);
	const char *names[8], *near;

	for (size_t i = 0; i < count; i++) {
		names[i] = rows[i].name;
		if (name && streq(rows[i].name, name))
			return &rows[i];
	}
	near = name ? suggest(name, names, count) : NULL;
	error_set(err, -EINVAL, "\"%s\" is none of its classes%s%s%s", text,
		  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* The level behind the colon; `missing` where there is none. */
static int parse_level(const struct policy *row, const char *text, long missing, long *ret_level,
		       struct error *err)
{
	const char *colon = strchr(text, ':');

	*ret_level = missing;
	if (!colon && missing >= row->lowest)
		return 0;
	if (!colon || row->greatest == 0)
		return error_set(err, -EINVAL, "\"%s\" %s", row->name,
				 colon ? "has no level" : "needs a level, as in rr:10");
	return recipe_number("the level", colon + 1, row->lowest, row->greatest, ret_level, err);
}

int recipe_set_ionice(struct recipe *recipe, const char *value, struct error *err)
{
	static const struct policy classes[] = {
		{ "best-effort", IOPRIO_CLASS_BE, 0, 7 },
		{ "idle", IOPRIO_CLASS_IDLE, 0, 0 },
		{ "realtime", IOPRIO_CLASS_RT, 0, 7 },
	};
	const struct policy *row = find_policy(classes, ARRAY_SIZE(classes), value, err);
	long level;
	int r;

	if (!row)
		return -EINVAL;
	r = parse_level(row, value, row->greatest ? 4 : 0, &level, err);
	if (r < 0)
		return r;
	recipe->conditions.io_priority = row->number << IOPRIO_CLASS_SHIFT | (int)level;
	recipe->conditions.set_io_priority = recipe->has_conditions = true;
	return 0;
}

/* "5ms/10ms/20ms" */
static int parse_deadline(const char *text, struct launch_scheduling *scheduling, struct error *err)
{
	uint64_t *times[] = { &scheduling->runtime, &scheduling->deadline, &scheduling->period };
	_cleanup_(freep) char *copy = strdup(text);
	char *rest = copy, *word;
	size_t count = 0;
	int r = 0;

	if (!copy)
		return error_oom(err);
	while (r == 0 && count < ARRAY_SIZE(times) && (word = strsep(&rest, "/")))
		r = parse_duration(word, 1, times[count++]);
	if (r < 0 || rest || count != ARRAY_SIZE(times))
		return error_set(err, -EINVAL,
				 "\"%s\" is not written RUNTIME/DEADLINE/PERIOD, as in "
				 "5ms/10ms/20ms",
				 text);
	return 0;
}

int recipe_set_sched(struct recipe *recipe, const char *value, struct error *err)
{
	static const struct policy policies[] = {
		{ "batch", SCHED_BATCH, 0, 0 }, { "deadline", SCHED_DEADLINE, 0, 0 },
		{ "fifo", SCHED_FIFO, 1, 99 },	{ "idle", SCHED_IDLE, 0, 0 },
		{ "other", SCHED_OTHER, 0, 0 }, { "rr", SCHED_RR, 1, 99 },
	};
	const struct policy *row = find_policy(policies, ARRAY_SIZE(policies), value, err);
	struct launch_scheduling scheduling = { .size = sizeof(scheduling) };
	const char *colon = strchr(value, ':');
	long level = 0;
	int r;

	if (!row)
		return -EINVAL;
	scheduling.policy = (uint32_t)row->number;
	if (row->number == SCHED_DEADLINE)
		r = parse_deadline(colon ? colon + 1 : "", &scheduling, err);
	else
		r = parse_level(row, value, 0, &level, err);
	if (r < 0)
		return r;
	scheduling.priority = (uint32_t)level;
	recipe->scheduling = scheduling;
	recipe->conditions.scheduling = &recipe->scheduling;
	recipe->has_conditions = true;
	return 0;
}

void recipe_finish_process(struct recipe *recipe)
{
	/* sched_setattr(2) sets the nice value too: the one that was asked for, or ours. */
	recipe->scheduling.nice = recipe->conditions.set_nice ? recipe->conditions.nice
							      : getpriority(PRIO_PROCESS, 0);
}
