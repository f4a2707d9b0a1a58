// SPDX-License-Identifier: MIT
/*
 * Groups that meet their limits, or run out of memory where no source tells of the victim. The
 * counters that the kernel keeps of each group say so, in both versions of cgroups, and are looked
 * at when the kernel tells that one has changed (cgroup/notices.h); what it does not tell of is
 * looked at every 100 ms, or less often where there is so much of it that it would take a twentieth
 * of a processor's time. Only while a rule asks for it.
 *
 * A group that is met by its limit all the time wakes us every 10 ms at most: so long nobody
 * listens after each look, and what comes meanwhile is kept by the kernel.
 */
#include "core/engine-internal.h"
#include "core/engine-watch.h"

#include "cgroup/notices.h"
#include "util/hash.h"

#include <sys/epoll.h>

enum {
	POLL_USEC = 100000,
	POLL_PART = 20,
	PAUSE_USEC = 10000,
	ACCURACY_USEC = 1,
	TAKEN_AT_ONCE = 64,
	LOOKS_AGAIN = 100,
};

/* What a group had met when it was looked at last. */
struct limited {
	char *name;
	uint64_t memory, pids, oom;
	bool seen, due, kept;
	unsigned doubts; /* looks still to come, for it was told and nothing had changed */
	struct group_notices notices;
};

struct limit_watch {
	uint32_t wanted; /* of ON_LIMIT_HIT and ON_OOM */
	int epoll_fd;
	sd_event_source *io, *pause, *poll, *renew;
	struct limited **items;
	size_t count;
	bool filled; /* groups that come now have met nothing yet */
};

/* The figures that are asked for. */
static uint32_t figures_of(uint32_t wanted)
{
	uint32_t figures = 0;

	if (wanted & OCCASION_BIT(ON_LIMIT_HIT))
		figures |= USAGE_MEMORY_MAX_HITS | USAGE_PIDS_MAX_HITS;
	if (wanted & OCCASION_BIT(ON_OOM))
		figures |= USAGE_OOM_KILLS;
	return figures;
}

/* ---- looking ---- */

static bool has_grown(struct limited *limited, const struct group_usage *usage, uint32_t bit,
		      uint64_t now, uint64_t *before)
{
	bool grown = usage->known & bit && now > *before && limited->seen;

	if (usage->known & bit)
		*before = now;
	return grown;
}

/*
 * Whether anything has grown since the last look. Acting may change the list, but not before the
 * loop's next turn.
 */
static bool look_at(struct engine *engine, struct limited *limited)
{
	uint32_t wanted = engine->limit_watch->wanted;
	const struct group *group = groups_find(engine->groups, limited->name);
	struct group_usage usage = { 0 };
	bool memory, pids, oom;

	limited->due = false;
	if (!group || group_usage_of(group, figures_of(wanted), &usage) < 0)
		return false;
	memory = has_grown(limited, &usage, USAGE_MEMORY_MAX_HITS, usage.memory_max_hits,
			   &limited->memory);
	pids = has_grown(limited, &usage, USAGE_PIDS_MAX_HITS, usage.pids_max_hits, &limited->pids);
	oom = has_grown(limited, &usage, USAGE_OOM_KILLS, usage.oom_kills, &limited->oom);
	limited->seen = true;
	if (memory && wanted & OCCASION_BIT(ON_LIMIT_HIT))
		engine_tell_group(engine, ON_LIMIT_HIT, limited->name, "memory");
	if (pids && wanted & OCCASION_BIT(ON_LIMIT_HIT))
		engine_tell_group(engine, ON_LIMIT_HIT, limited->name, "pids");
	if (oom && wanted & OCCASION_BIT(ON_OOM))
		engine_tell_group(engine, ON_OOM, limited->name, "memory");
	return memory || pids || oom;
}

/*
 * v1 tells that a group is out of memory before it looks for a victim, and counts the kill later
 * (mem_cgroup_oom_notify() in mm/memcontrol-v1.c): a quick look finds nothing, and no second notice
 * comes.
 */
static void look_told(struct engine *engine, struct limited *limited)
{
	limited->doubts = look_at(engine, limited) ? 0 : LOOKS_AGAIN;
}

/* Whether somebody must be looked at once more. */
static bool look_again(struct engine *engine)
{
	struct limit_watch *watch = engine->limit_watch;
	bool any = false;

	for (size_t i = 0; i < watch->count; i++) {
		struct limited *limited = watch->items[i];

		if (limited->doubts == 0)
			continue;
		limited->doubts = look_at(engine, limited) ? 0 : limited->doubts - 1;
		any |= limited->doubts > 0;
	}
	return any;
}

static int on_notice(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct epoll_event events[TAKEN_AT_ONCE];
	struct engine *engine = userdata;
	struct limit_watch *watch = engine->limit_watch;
	int count = epoll_wait(fd, events, TAKEN_AT_ONCE, 0);

	for (int i = 0; i < count; i++)
		((struct limited *)events[i].data.ptr)->due = true;
	for (int i = 0; i < count; i++) {
		struct limited *limited = events[i].data.ptr;

		/* Two files of one group may have told. */
		if (!limited->due)
			continue;
		engine->counters.limits_told++;
		look_told(engine, limited);
	}
	/* More are waiting: at once, and the pause after those. */
	if (count == TAKEN_AT_ONCE ||
	    sd_event_source_set_time_relative(watch->pause, PAUSE_USEC) < 0)
		return 0;
	(void)sd_event_source_set_enabled(watch->pause, SD_EVENT_ONESHOT);
	return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;

	if (look_again(engine)) {
		(void)sd_event_source_set_time_relative(source, PAUSE_USEC);
		(void)sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return sd_event_source_set_enabled(engine->limit_watch->io, SD_EVENT_ON);
}

static bool is_polled(const struct limited *limited, const struct group *group, uint32_t figures)
{
	const struct limits *limits = group ? group_limits(group) : NULL;

	figures &= ~limited->notices.told;
	if (!limits || !limits_has(limits, LIMIT_PIDS))
		figures &= ~(uint32_t)USAGE_PIDS_MAX_HITS;
	if (!limits || !limits_has(limits, LIMIT_RAM))
		figures &= ~(uint32_t)(USAGE_MEMORY_MAX_HITS | USAGE_OOM_KILLS);
	return figures != 0;
}

/* Goes on while there is anything that nobody tells of. */
static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;
	struct limit_watch *watch = engine->limit_watch;
	uint32_t figures = figures_of(watch->wanted);
	uint64_t took, begun = clock_monotonic();
	bool any = false;

	for (size_t i = 0; i < watch->count; i++) {
		struct limited *limited = watch->items[i];

		if (!is_polled(limited, groups_find(engine->groups, limited->name), figures))
			continue;
		any = true;
		engine->counters.limits_polled++;
		(void)look_at(engine, limited);
	}
	if (!any)
		return 0;
	took = (clock_monotonic() - begun) / 1000;
	(void)sd_event_source_set_time_relative(source, MAX(POLL_USEC, took * POLL_PART));
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- which groups ---- */

static void limited_free(struct limited *limited)
{
	group_notices_close(&limited->notices);
	free(limited->name);
	free(limited);
}

static int add(struct limit_watch *watch, const struct group *group)
{
	struct limited **items =
		reallocarray(watch->items, watch->count + 1, sizeof(struct limited *));
	struct limited *limited;

	if (!items)
		return -ENOMEM;
	watch->items = items;
	limited = calloc(1, sizeof(*limited));
	if (!limited)
		return -ENOMEM;
	limited->name = strdup(group_name(group));
	if (!limited->name) {
		free(limited);
		return -ENOMEM;
	}
	limited->kept = true;
	limited->seen = watch->filled;
	group_notices_open(group, watch->epoll_fd, limited, &limited->notices);
	items[watch->count++] = limited;
	return 0;
}

static void drop_others(struct limit_watch *watch)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->count; i++) {
		struct limited *limited = watch->items[i];

		if (limited->kept)
			watch->items[kept++] = limited;
		else
			limited_free(limited);
	}
	watch->count = kept;
}

/* Groups have come, have gone, or have other limits. */
static int renew(struct engine *engine)
{
	struct limit_watch *watch = engine->limit_watch;
	struct hash known;
	int r = 0;

	hash_init(&known);
	for (size_t i = 0; r >= 0 && i < watch->count; i++) {
		watch->items[i]->kept = false;
		r = hash_put_string(&known, watch->items[i]->name, watch->items[i], NULL);
	}
	for (size_t i = 0; r >= 0 && i < groups_count(engine->groups); i++) {
		const struct group *group = groups_at(engine->groups, i);
		struct limited *limited = hash_get_string(&known, group_name(group));

		if (!limited) {
			r = add(watch, group);
			continue;
		}
		/* It may be in other hierarchies now, or another folder of the same name. */
		group_notices_close(&limited->notices);
		group_notices_open(group, watch->epoll_fd, limited, &limited->notices);
		limited->kept = true;
	}
	hash_done(&known);
	if (r < 0)
		return r;
	drop_others(watch);
	watch->filled = true;
	return sd_event_source_set_enabled(watch->poll, SD_EVENT_ONESHOT);
}

static int on_renew(sd_event_source *source, void *userdata)
{
	struct engine *engine = userdata;

	if (renew(engine) < 0)
		log_warning(engine->log, "not all groups are watched for meeting their limits: "
					 "no memory");
	return 0;
}

/* ---- life ---- */

static int start(struct engine *engine)
{
	struct limit_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	engine->limit_watch = watch;
	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (watch->epoll_fd < 0)
		return -errno;
	r = sd_event_add_io(engine->event, &watch->io, watch->epoll_fd, EPOLLIN, on_notice, engine);
	if (r >= 0)
		r = sd_event_add_time(engine->event, &watch->pause, CLOCK_MONOTONIC, 0,
				      ACCURACY_USEC, on_pause_over, engine);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->pause, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(engine->event, &watch->poll, CLOCK_MONOTONIC, 0,
					       ACCURACY_USEC, on_poll, engine);
	if (r >= 0)
		r = sd_event_add_defer(engine->event, &watch->renew, on_renew, engine);
	return r;
}

static bool source_tells_oom(const struct engine *engine)
{
	const struct observer *observer = engine_observer(engine);
	const struct source *source = observer ? observer_source(observer) : NULL;

	return source && source->class->types & EVENT_BIT(EVENT_OOM);
}

int engine_limits_update(struct engine *engine)
{
	uint32_t wanted = ruleset_occasions(gatekeeper_current(engine->keeper)->ruleset);
	int r;

	wanted &= OCCASION_BIT(ON_LIMIT_HIT) | OCCASION_BIT(ON_OOM);
	if (source_tells_oom(engine))
		wanted &= ~OCCASION_BIT(ON_OOM);
	if (wanted == 0) {
		engine_limits_stop(engine);
		return 0;
	}
	r = engine->limit_watch ? 0 : start(engine);
	if (r < 0) {
		engine_limits_stop(engine);
		return r;
	}
	engine->limit_watch->wanted = wanted;
	return renew(engine);
}

void engine_limits_groups_changed(struct engine *engine)
{
	engine_history_wake(engine);
	if (engine->limit_watch)
		(void)sd_event_source_set_enabled(engine->limit_watch->renew, SD_EVENT_ONESHOT);
}

void engine_limits_stop(struct engine *engine)
{
	struct limit_watch *watch = engine->limit_watch;

	if (!watch)
		return;
	sd_event_source_disable_unref(watch->io);
	sd_event_source_disable_unref(watch->pause);
	sd_event_source_disable_unref(watch->poll);
	sd_event_source_disable_unref(watch->renew);
	for (size_t i = 0; i < watch->count; i++)
		limited_free(watch->items[i]);
	free(watch->items);
	if (watch->epoll_fd >= 0)
		close(watch->epoll_fd);
	free(watch);
	engine->limit_watch = NULL;
}
