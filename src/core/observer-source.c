// SPDX-License-Identifier: MIT
/*
 * Which source is used, its place in the loop, and the next one when it fails. Whatever is refused
 * on the way is kept with its reason: a source that was not taken in silence would be a riddle.
 */
#include "core/observer-internal.h"

#include <sys/epoll.h>

static void add_reasons(const struct observer *observer, char *text, size_t room)
{
	size_t used = strlen(text);

	for (size_t i = 0; i < observer->refusal_count && used + 1 < room; i++) {
		int n = snprintf(text + used, room - used, "; %s", observer->refusals[i].reason);

		used += n > 0 ? (size_t)n : 0;
	}
}

void observer_describe(const struct observer *observer, char text[static OBSERVER_TEXT])
{
	const struct source_class *class;
	const char *variant;
	uint32_t untold;

	if (!observer->source) {
		snprintf(text, OBSERVER_TEXT, "no source is left");
		add_reasons(observer, text, OBSERVER_TEXT);
		return;
	}
	class = observer->source->class;
	variant = class->variant ? class->variant(observer->source) : NULL;
	untold = observer->wanted & ALONE & ~class->types &
		 (EVENT_BIT(EVENT_FAILED) | EVENT_BIT(EVENT_EXEC));
	snprintf(text, OBSERVER_TEXT, "%s is used%s%s%s%s", class->name, variant ? ": " : "",
		 variant ? variant : "",
		 untold & EVENT_BIT(EVENT_FAILED) ? "; it does not tell failed executions" : "",
		 untold & EVENT_BIT(EVENT_EXEC) ? "; it does not tell executions" : "");
	add_reasons(observer, text, OBSERVER_TEXT);
}

void observer_present_source(struct observer *observer)
{
	char text[OBSERVER_TEXT];

	observer_describe(observer, text);
	observer_tell_source(observer, text);
}

/* ---- which source ---- */

uint32_t observer_asks(const struct source_class *class, uint32_t types, bool keep)
{
	if (!keep)
		return types;
	/* A victim of OOM is told by its number alone. */
	if (class->tells_users && !(types & EVENT_BIT(EVENT_OOM)))
		return types | LIFE;
	return types | LIFE | USERS;
}

static void refuse(struct observer *observer, const char *source, const char *verb,
		   const struct error *why)
{
	struct observer_refusal *larger =
		reallocarray(observer->refusals, observer->refusal_count + 1, sizeof(*larger));
	char *reason;

	if (!larger)
		return;
	observer->refusals = larger;
	if (asprintf(&reason, "%s %s: %s", source, verb, error_text(why)) < 0)
		return;
	observer->refusals[observer->refusal_count++] =
		(struct observer_refusal){ .source = source, .reason = reason };
}

static int open_class(struct observer *observer, const struct source_class *class,
		      struct error *err)
{
	const bool keep = keeps_table(observer, observer->wanted);
	const struct source_options options = {
		.host = observer->host,
		.sink = { observer_on_event, observer },
		.types = observer_asks(class, observer->wanted, keep),
		.list = keep,
		.urgent = observer->options.urgent,
		.environment = observer->options.environment,
		.environment_count = observer->options.environment_count,
		.quiet = getpid(),
		.buffer = observer->options.buffer,
		.path = observer->path,
	};

	return class->open(&options, &observer->source, err);
}

/* The gate answers the kernel and has its own owner; a replay is asked for by name. */
static bool is_tried(const struct source_class *class)
{
	return class->id != SOURCE_REPLAY && class->id != SOURCE_GATE;
}

/* The next class that opens, from observer->next on. */
static int take_next(struct observer *observer)
{
	while (observer->next < source_class_count) {
		const struct source_class *class = source_classes[observer->next++];
		struct error err = ERROR_INIT;
		int r;

		if (observer->options.beside && class->id != SOURCE_BPF)
			break;
		r = is_tried(class) ? open_class(observer, class, &err) : -ENOENT;

		if (r >= 0)
			return 0;
		if (is_tried(class))
			refuse(observer, class->name, "does not work here", &err);
		error_done(&err);
	}
	return -EOPNOTSUPP;
}

int observer_explain(const struct observer *observer, struct error *err)
{
	char reason[OBSERVER_TEXT] = "no source of events works here";

	add_reasons(observer, reason, OBSERVER_TEXT);
	return error_set(err, -EOPNOTSUPP, "%s", reason);
}

static int open_named(struct observer *observer, struct error *err)
{
	const struct source_class *class = source_class_find(observer->name);
	int r;

	if (!class)
		return error_set(err, -EINVAL, "there is no source \"%s\"", observer->name);
	r = open_class(observer, class, err);
	if (r < 0)
		return error_wrap(err, "the source \"%s\" does not work here", class->name);
	return r;
}

int observer_open_source(struct observer *observer, struct error *err)
{
	int r;

	if (observer->name)
		r = open_named(observer, err);
	else
		r = take_next(observer) < 0 ? observer_explain(observer, err) : 0;
	/* Of what was recorded, nothing belongs to the processes that run here. */
	if (r >= 0 && observer->source->class->id == SOURCE_REPLAY)
		observer->own = 0;
	observer->options.beside = false;
	return r;
}

static void end(struct observer *observer, int result)
{
	(void)sd_event_source_set_enabled(observer->due, SD_EVENT_OFF);
	(void)sd_event_source_set_enabled(observer->heal, SD_EVENT_OFF);
	observer_rest(observer);
	if (observer->options.ended)
		observer->options.ended(result, observer->options.sink.userdata);
}

/* Between the two sources nobody looked. */
static void tell_replacement(struct observer *observer)
{
	char reason[64];
	struct event event;

	snprintf(reason, sizeof(reason), "replaced by %s", observer->source->class->name);
	observer_init_own(&event, EVENT_GAP);
	event_set(&event, FROM, from, observer->last_ns);
	event_set(&event, TO, to, event.boottime);
	event_set(&event, REASON, reason, slice_of(reason));
	observer_present_source(observer);
	observer_note_gap(observer, &event);
	observer_tell(observer, &event);
}

/* The last refusal is that of the source that has failed. */
static void tell_end(struct observer *observer)
{
	size_t count = observer->refusal_count;

	observer_tell_source(observer,
			     count > 0 ? observer->refusals[count - 1].reason : "out of memory");
}

void observer_replace(struct observer *observer, int result, struct error *err)
{
	const char *name = observer->source->class->name;

	observer->io = sd_event_source_disable_unref(observer->io);
	if (result == -ENODATA) {
		end(observer, 0);
		return;
	}
	if (err->code == 0)
		error_set_errno(err, result, "it cannot be read");
	refuse(observer, name, "has failed", err);
	source_free(TAKE_PTR(observer->source));
	observer->counters.replaced++;
	if (observer->name || take_next(observer) < 0 || observer_watch(observer) < 0) {
		source_free(TAKE_PTR(observer->source));
		tell_end(observer);
		end(observer, result);
		return;
	}
	tell_replacement(observer);
}

/* ---- the source in the loop ---- */

void observer_arm(struct observer *observer)
{
	uint64_t due = observer->source->class->due ? observer->source->class->due(observer->source)
						    : UINT64_MAX;

	if (due == UINT64_MAX) {
		(void)sd_event_source_set_enabled(observer->due, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time(observer->due, due / 1000);
	(void)sd_event_source_set_enabled(observer->due, SD_EVENT_ONESHOT);
}

static int dispatch(struct observer *observer)
{
	struct error err = ERROR_INIT;
	int r;

	if (!observer->source)
		return 0;
	observer->counters.wakeups++;
	observer->now_ns = clock_monotonic();
	r = observer->source->class->dispatch(observer->source, &err);
	if (r < 0)
		observer_replace(observer, r, &err);
	else
		observer_arm(observer);
	error_done(&err);
	observer_rest(observer);
	return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	return dispatch(userdata);
}

int observer_on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	return dispatch(userdata);
}

bool observer_is_readable(const struct observer *observer)
{
	return observer->io && sd_event_source_get_pending(observer->io) > 0;
}

int observer_watch(struct observer *observer)
{
	int fd = observer->source->class->fd(observer->source), r = 0;

	observer->io = sd_event_source_disable_unref(observer->io);
	if (fd >= 0)
		r = sd_event_add_io(observer->event, &observer->io, fd, EPOLLIN, on_readable,
				    observer);
	if (r >= 0)
		observer_arm(observer);
	return r;
}
