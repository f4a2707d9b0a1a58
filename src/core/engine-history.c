// SPDX-License-Identifier: MIT
/*
 * What groups use, now and over the last hours.
 *
 * Every 10 s all groups are looked at, whether somebody watches or not, for who comes to look wants
 * to know what was before. A look costs some system calls a group; they are done a few groups a
 * turn, and with pauses, so that it never takes more than a two-hundredth of a processor: with very
 * many groups a round takes longer, and samples lie further apart. Without groups nothing wakes us,
 * nor while nobody is in any: who comes is decided about, or asks us, and that begins it again.
 */
#include "core/engine-looks.h"

#include "util/hash.h"

enum {
	ROUND_USEC = 10000000,
	SLACK_USEC = 1000000,
	PART = 200, /* of a processor's time, for samples */
	EMPTY_ROUNDS = 2,
	SLICE = 32,	  /* groups a turn */
	WHOLE_MS = 60000, /* all of its figures, then */
	SAMPLES_MOST = 16 << 20,
};

static const uint32_t figures_wanted =
	~(uint32_t)(USAGE_MEMORY_PEAK | USAGE_SWAP | USAGE_MEMORY_MAX_HITS | USAGE_PIDS_MAX_HITS);

static const struct {
	enum figure figure;
	uint32_t usage;
	size_t offset;
	bool rate;
	uint64_t divisor; /* from ns to µs */
} sources[] = {
	{ FIGURE_CPU, USAGE_CPU, offsetof(struct group_usage, cpu_ns), true, 1000 },
	{ FIGURE_THROTTLED, USAGE_THROTTLED, offsetof(struct group_usage, throttled_ns), true,
	  1000 },
	{ FIGURE_MEMORY, USAGE_MEMORY, offsetof(struct group_usage, memory), false, 1 },
	{ FIGURE_PIDS, USAGE_PIDS, offsetof(struct group_usage, pids), false, 1 },
	{ FIGURE_IO_READ, USAGE_IO_READ, offsetof(struct group_usage, io_read), true, 1 },
	{ FIGURE_IO_WRITTEN, USAGE_IO_WRITTEN, offsetof(struct group_usage, io_written), true, 1 },
	{ FIGURE_CPU_STALL, USAGE_CPU_STALL, offsetof(struct group_usage, cpu_stall_ns), true,
	  1000 },
	{ FIGURE_MEMORY_STALL, USAGE_MEMORY_STALL, offsetof(struct group_usage, memory_stall_ns),
	  true, 1000 },
	{ FIGURE_IO_STALL, USAGE_IO_STALL, offsetof(struct group_usage, io_stall_ns), true, 1000 },
};

/* ---- one group ---- */

static uint64_t member_at(const struct group_usage *usage, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)usage + offset, sizeof(value));
	return value;
}

/* What it used between two looks; rates are not known without the first. */
static void figures_between(const struct group_usage *before, uint64_t before_ns,
			    const struct group_usage *now, uint64_t now_ns, struct figures *figures)
{
	uint64_t ms = (now_ns - before_ns) / 1000000;

	*figures = (struct figures){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		uint64_t was = member_at(before, sources[i].offset);
		uint64_t value = member_at(now, sources[i].offset);
		bool known = now->known & sources[i].usage;

		if (sources[i].rate) {
			known = known && before_ns && ms > 0 && before->known & sources[i].usage;
			/* A group of the same name that was made anew counts from 0 again. */
			value = known && value > was ? (value - was) / sources[i].divisor : 0;
			value = known ? (uint64_t)((double)value * 1000 / (double)ms) : 0;
		}
		if (!known)
			continue;
		figures->known |= FIGURE_BIT(sources[i].figure);
		figures->values[sources[i].figure] = value;
	}
	if (now->known & USAGE_OOM_KILLS && before_ns) {
		figures->known |= FIGURE_BIT(FIGURE_OOM_KILLS);
		if (now->oom_kills > before->oom_kills)
			figures->values[FIGURE_OOM_KILLS] = now->oom_kills - before->oom_kills;
	}
}

static uint64_t cpu_limit(const struct engine *engine, const struct cpu_share *share)
{
	if (share->millionths == LIMIT_MAX)
		return LIMIT_MAX;
	return share->millionths * (share->of_machine ? engine->host->cpu_count : 1);
}

static void show(const struct engine *engine, const struct group *group, const struct seen *seen,
		 const struct figures *figures, struct shown *shown)
{
	const struct limits *limits = group_limits(group);
	_cleanup_(freep) pid_t *pids = NULL;
	size_t members = 0;

	memset(shown, 0, sizeof(*shown));
	(void)group_members(group, false, &pids, &members);
	memcpy(shown->values, figures->values, sizeof(shown->values));
	shown->known = figures->known;
	shown->oom_kills = seen->usage.oom_kills;
	shown->members = members;
	shown->frozen = group_is_frozen(group) == 1;
	shown->cpu_limit =
		limits_has(limits, LIMIT_CPU) ? cpu_limit(engine, &limits->cpu) : LIMIT_MAX;
	shown->memory_limit = limits_has(limits, LIMIT_RAM) ? limits->ram : LIMIT_MAX;
	shown->pids_limit = limits_has(limits, LIMIT_PIDS) ? limits->pids : LIMIT_MAX;
}

/*
 * Who uses no processor changes nothing of the rest, or hardly: that is one file to be read in
 * place of ten. Returns 1 if all was read, 0 if nothing has changed.
 */
static int read_usage(struct seen *seen, const struct group *group, uint64_t now,
		      const struct group_usage *before, struct group_usage *ret_usage)
{
	struct group_usage usage;
	int r;

	if (before->known & USAGE_CPU && !look_is_older(seen->whole_ns, WHOLE_MS, now)) {
		r = group_usage_of(group, USAGE_CPU, &usage);
		if (r >= 0 && usage.known & USAGE_CPU && usage.cpu_ns == before->cpu_ns) {
			*ret_usage = *before;
			return 0;
		}
	}
	r = group_usage_of(group, figures_wanted, ret_usage);
	if (r < 0)
		return r;
	seen->whole_ns = now;
	return 1;
}

void looks_look(struct engine *engine, size_t index, bool named)
{
	struct seen *seen = engine->looks->items[index];
	const struct group *group = groups_at(engine->groups, index);
	bool sampled = seen->noted_ns > seen->read_ns, idle = seen->idle && !named;
	const struct group_usage before = sampled ? seen->noted : seen->usage;
	uint64_t before_ns = sampled ? seen->noted_ns : seen->read_ns, now = clock_boottime();
	struct group_usage usage;
	struct figures figures;
	struct shown shown;
	int r = idle ? read_usage(seen, group, now, &before, &usage)
		     : group_usage_of(group, figures_wanted, &usage);

	if (r < 0)
		return;
	seen->usage = usage;
	seen->read_ns = now;
	if (idle && r == 0)
		return;
	figures_between(&before, before_ns, &usage, now, &figures);
	seen->idle = figures.known & FIGURE_BIT(FIGURE_CPU) && figures.values[FIGURE_CPU] == 0;
	show(engine, group, seen, &figures, &shown);
	if (memcmp(&shown, &seen->shown, sizeof(shown)) == 0 && seen->revision > 0)
		return;
	seen->shown = shown;
	seen->revision = engine->looks->revision;
}

static void sample(struct engine *engine, struct seen *seen, const struct group *group)
{
	uint64_t now = clock_boottime();
	struct group_usage usage = seen->usage;
	struct figures figures;

	if (look_is_older(seen->read_ns, LOOK_FRESH_MS, now)) {
		if (read_usage(seen, group, now, &seen->noted, &usage) < 0)
			return;
	} else {
		now = seen->read_ns;
	}
	figures_between(&seen->noted, seen->noted_ns, &usage, now, &figures);
	past_note(engine->looks->history, &seen->past, &figures);
	seen->counted |= figures.known;
	seen->noted = usage;
	seen->noted_ns = now;
}

/* ---- which groups ---- */

static void seen_free(struct looks *looks, struct seen *seen)
{
	past_free(looks->history, seen->past);
	free(seen->name);
	free(seen);
}

static struct seen *seen_new(const char *name)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return NULL;
	seen->name = strdup(name);
	if (seen->name)
		return seen;
	free(seen);
	return NULL;
}

static bool agrees(const struct engine *engine)
{
	const struct looks *looks = engine->looks;

	if (looks->count != groups_count(engine->groups))
		return false;
	for (size_t i = 0; i < looks->count; i++)
		if (!streq(looks->items[i]->name, group_name(groups_at(engine->groups, i))))
			return false;
	return true;
}

static int fill(struct engine *engine, struct hash *known, struct seen **items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = group_name(groups_at(engine->groups, i));
		struct seen *seen = hash_get_string(known, name);

		items[i] = seen ? seen : seen_new(name);
		if (!items[i])
			return -ENOMEM;
		if (seen)
			seen->kept = true;
	}
	return 0;
}

/* Groups have come or gone: takes over those that are still there. */
static int renew(struct engine *engine)
{
	struct looks *looks = engine->looks;
	size_t count = groups_count(engine->groups);
	struct seen **items = calloc(count + 1, sizeof(struct seen *));
	struct hash known;
	int r = items ? 0 : -ENOMEM;

	hash_init(&known);
	for (size_t i = 0; r >= 0 && i < looks->count; i++) {
		looks->items[i]->kept = false;
		r = hash_put_string(&known, looks->items[i]->name, looks->items[i], NULL);
	}
	if (r >= 0)
		r = fill(engine, &known, items, count);
	hash_done(&known);
	if (r < 0) {
		for (size_t i = 0; items && i < count && items[i]; i++)
			if (!items[i]->kept)
				seen_free(looks, items[i]);
		free(items);
		return r;
	}
	for (size_t i = 0; i < looks->count; i++)
		if (!looks->items[i]->kept)
			seen_free(looks, looks->items[i]);
	free(looks->items);
	looks->items = items;
	looks->count = count;
	looks->set_revision = looks->revision;
	looks->next = looks->next < count ? looks->next : 0;
	looks->sampled = MIN(looks->sampled, count);
	return 0;
}

int looks_agree(struct engine *engine)
{
	if (!engine->looks) {
		engine->looks = calloc(1, sizeof(*engine->looks));
		if (!engine->looks)
			return -ENOMEM;
		/* Above all numbers of the daemon before this one. */
		engine->looks->revision = clock_realtime() / 1000;
	}
	if (!engine->looks->history)
		engine->looks->history = history_new(SAMPLES_MOST);
	if (!engine->looks->history)
		return -ENOMEM;
	return agrees(engine) ? 0 : renew(engine);
}

/* ---- samples ---- */

static void sample_some(struct engine *engine)
{
	struct looks *looks = engine->looks;
	size_t end = MIN(looks->sampled + SLICE, looks->count);

	for (; looks->sampled < end; looks->sampled++)
		sample(engine, looks->items[looks->sampled],
		       groups_at(engine->groups, looks->sampled));
}

static bool has_members(const struct group *group)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;

	return group_members(group, false, &pids, &count) < 0 || count > 0;
}

static bool any_members(struct engine *engine)
{
	struct looks *looks = engine->looks;

	/* Most often it is the one of the last round. */
	if (looks->populated < looks->count &&
	    has_members(groups_at(engine->groups, looks->populated)))
		return true;
	for (size_t i = 0; i < looks->count; i++)
		if (has_members(groups_at(engine->groups, i))) {
			looks->populated = i;
			return true;
		}
	return false;
}

/* Of this thread, ns. */
static uint64_t processor_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;
	struct looks *looks = engine->looks;
	uint64_t begun = clock_boottime(), spent = processor_time(), pause, round;

	/* Nothing to look at: engine_history_wake(). */
	if (looks_agree(engine) < 0 || looks->count == 0)
		return 0;
	if (looks->sampled == 0) {
		looks->round_ns = begun;
		history_begin(looks->history, begun);
	}
	sample_some(engine);
	pause = (processor_time() - spent) / 1000 * PART;
	if (looks->sampled == looks->count) {
		looks->sampled = 0;
		looks->empty_rounds = any_members(engine) ? 0 : looks->empty_rounds + 1;
		if (looks->empty_rounds >= EMPTY_ROUNDS)
			return 0;
		round = (clock_boottime() - looks->round_ns) / 1000;
		pause = MAX(pause, round < ROUND_USEC ? ROUND_USEC - round : 0);
	}
	(void)sd_event_source_set_time_relative(source, pause);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void engine_history_wake(struct engine *engine)
{
	sd_event_source *timer = engine->looks ? engine->looks->timer : NULL;
	int enabled = SD_EVENT_OFF;

	if (engine->looks)
		engine->looks->empty_rounds = 0;
	if (!timer || sd_event_source_get_enabled(timer, &enabled) < 0 || enabled != SD_EVENT_OFF)
		return;
	(void)sd_event_source_set_time_relative(timer, 0);
	(void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

int engine_history_start(struct engine *engine)
{
	int r = looks_agree(engine);

	if (r < 0)
		return r;
	/* Nobody has been in a group of ours so far: one look without a process is enough. */
	engine->looks->empty_rounds = EMPTY_ROUNDS - 1;
	return sd_event_add_time_relative(engine->event, &engine->looks->timer, CLOCK_BOOTTIME, 0,
					  SLACK_USEC, on_time, engine);
}

void engine_history_stop(struct engine *engine)
{
	struct looks *looks = engine->looks;

	if (!looks)
		return;
	sd_event_source_disable_unref(looks->timer);
	for (size_t i = 0; i < looks->count; i++)
		seen_free(looks, looks->items[i]);
	free(looks->items);
	history_free(looks->history);
	free(looks);
	engine->looks = NULL;
}

const struct history_counters *engine_history_counters(const struct engine *engine)
{
	return engine->looks && engine->looks->history ? history_counters(engine->looks->history)
						       : NULL;
}
