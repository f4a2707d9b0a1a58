// SPDX-License-Identifier: MIT
/*
 * Drives runs of the corpus and an observer in one loop: a source that answers the kernel, as the
 * gate, must be served while the child executes, so nothing here waits without turning the loop.
 *
 * Only what the case's own processes did is kept; whatever else happens on the machine meanwhile
 * does not matter.
 */
#include "core/self-test.h"

#include "config/arena.h"
#include "core/observer.h"

#include <systemd/sd-event.h>

enum {
	EVENTS_MAX = 256,
	TURN_USEC = 1000,
	STEP_MS = 10000,    /* for what a child does by itself */
	TOLD_MS = 10000,    /* for a source to tell what has happened, on a busy host */
	SCANNED_MS = 20000, /* for one that looks from time to time, and less often there */
	PARTIAL_MS = 600,   /* for one that does not see everything: often in vain */
	LINGER_MS = 30,	    /* for what should not come: more than a source may hold back */
};

struct driver {
	const struct host *host;
	const struct self_test_options *options;
	const struct source_class *class;
	struct self_test *test;
	sd_event *loop;
	struct observer *observer;
	struct corpus *corpus;

	/* of the case that runs */
	struct corpus_run *run;
	const struct corpus_case *about;
	struct arena *arena;
	struct event *events;
	size_t event_count;
	enum case_verdict verdict;

	struct process_id *ids; /* of all executions */
	size_t id_count, id_room;
};

/* ---- what is told ---- */

static bool is_ours(const struct driver *driver, const struct event *event)
{
	uint32_t first = (uint32_t)corpus_pid(driver->run, CORPUS_MAIN);
	uint32_t other = (uint32_t)corpus_pid(driver->run, CORPUS_OTHER);

	if (event->pid == first || (other && event->pid == other))
		return true;
	return event_knows(event, FIELD_PPID) && event->ppid == first;
}

static bool copy_event(struct driver *driver, const struct event *from, struct event *to)
{
	*to = *from;
	for (size_t i = 0; i < FIELDS; i++) {
		struct slice *slice = (void *)((char *)to + event_fields[i].offset);

		if (!event_knows(from, i) ||
		    (event_fields[i].kind != KIND_BYTES && event_fields[i].kind != KIND_LIST))
			continue;
		slice->data =
			arena_copy(driver->arena, slice->data ? slice->data : "", slice->size);
		if (!slice->data)
			return false;
	}
	return true;
}

static void on_event(struct event *event, void *userdata)
{
	struct driver *driver = userdata;

	if (!driver->run || !event_knows(event, FIELD_PID) || !is_ours(driver, event))
		return;
	if (driver->options->sink.event)
		driver->options->sink.event(event, driver->options->sink.userdata);
	if (driver->event_count < EVENTS_MAX &&
	    copy_event(driver, event, &driver->events[driver->event_count]))
		driver->event_count++;
}

static bool is_too_brief(const struct driver *driver, const struct corpus_record *record)
{
	return record->brief && source_manners(driver->class->id)->brief_missed;
}

/* True if the source may leave the record out. */
static bool may_miss(const struct driver *driver, const struct corpus_record *record)
{
	return source_manners(driver->class->id)->partial || is_too_brief(driver, record);
}

static bool alike(const struct corpus_record *a, const struct corpus_record *b)
{
	return a->want.type == b->want.type && a->process == b->process;
}

static bool is_of(const struct event *event, const struct corpus_record *record)
{
	return event_knows(event, FIELD_EXE) && event_knows(&record->want, FIELD_EXE) &&
	       slice_eq(event->exe, record->want.exe);
}

/* True if what may be missed is what was told, and what follows it is not. */
static bool is_told(const struct corpus_record *record, const struct corpus_record *end,
		    const struct event *event)
{
	for (const struct corpus_record *next = record + 1; next < end; next++)
		if (alike(next, record))
			return is_of(event, record) && !is_of(event, next);
	return false;
}

/*
 * The event that belongs to a record: of its process and type the one of the same number. Where
 * there are fewer events, those that may be missed are, but for one that names its program.
 */
static const struct event *event_of(const struct driver *driver,
				    const struct corpus_record *records, size_t count,
				    const struct corpus_record *record)
{
	uint32_t pid = (uint32_t)corpus_pid(driver->run, record->process);
	const struct event *found[EVENTS_MAX];
	size_t events = 0, wanted = 0, number = 0;

	for (size_t i = 0; i < driver->event_count; i++)
		if (driver->events[i].type == record->want.type && driver->events[i].pid == pid)
			found[events++] = &driver->events[i];
	for (size_t i = 0; i < count; i++)
		wanted += alike(&records[i], record);
	for (const struct corpus_record *one = records; one <= record; one++) {
		bool missed = alike(one, record) && wanted > events && may_miss(driver, one) &&
			      !(number < events && is_told(one, records + count, found[number]));

		wanted -= missed;
		if (one == record)
			return missed || number >= events ? NULL : found[number];
		number += alike(one, record) && !missed;
	}
	return NULL;
}

static bool tells(const struct driver *driver, const struct corpus_record *record)
{
	return driver->class->types & EVENT_BIT(record->want.type);
}

/* True when all has been told that can be by now. */
static bool all_told(const struct driver *driver, bool released)
{
	size_t count;
	const struct corpus_record *records = corpus_records(driver->run, &count);

	for (size_t i = 0; i < count; i++) {
		if (!tells(driver, &records[i]) || (records[i].after_release && !released) ||
		    is_too_brief(driver, &records[i]))
			continue;
		if (!event_of(driver, records, count, &records[i]))
			return false;
	}
	return true;
}

/* ---- turning ---- */

static bool is_started(const struct driver *driver)
{
	return corpus_started(driver->run);
}

static bool is_ended(const struct driver *driver)
{
	return corpus_ended(driver->run);
}

static bool told_so_far(const struct driver *driver)
{
	return all_told(driver, false);
}

static bool told_wholly(const struct driver *driver)
{
	return all_told(driver, true);
}

static bool never(_unused_ const struct driver *driver)
{
	return false;
}

/* Turns the loop until `done`, or for so long. True if it was done. */
static bool turn_until(struct driver *driver, bool (*done)(const struct driver *driver),
		       unsigned ms)
{
	uint64_t end = clock_monotonic() + ms * UINT64_C(1000000);

	while (!done(driver)) {
		if (sd_event_run(driver->loop, TURN_USEC) < 0 || clock_monotonic() > end)
			return done(driver);
	}
	return true;
}

static unsigned told_ms(const struct driver *driver)
{
	if (source_manners(driver->class->id)->partial)
		return PARTIAL_MS;
	return driver->class->id == SOURCE_PROCFS ? SCANNED_MS : TOLD_MS;
}

/* ---- judging ---- */

static void add_finding(struct driver *driver, const struct event *want, int field,
			enum verdict verdict, char *wanted, char *got)
{
	struct self_test *test = driver->test;
	struct self_test_finding *more =
		realloc(test->findings, (test->finding_count + 1) * sizeof(*test->findings));

	if (!more || !wanted || !got) {
		test->findings = more ? more : test->findings;
		free(wanted);
		free(got);
		driver->verdict = CASE_WRONG;
		return;
	}
	test->findings = more;
	more[test->finding_count++] = (struct self_test_finding){
		.in = driver->about,
		.type = want->type,
		.field = field,
		.verdict = verdict,
		.wanted = wanted,
		.got = got,
	};
	if (verdict == VERDICT_WRONG || verdict == VERDICT_ABSENT)
		driver->verdict = CASE_WRONG;
}

/* What must have been, with the other answer where there is one. */
static char *show_wanted(const struct corpus_record *record, enum event_field field)
{
	char *want, *also, *both = NULL;

	if (record->empty[field / 64] >> field % 64 & 1)
		return strdup("nothing");
	want = self_test_show(&record->want, field);
	if (!event_knows(&record->also, field))
		return want;
	also = self_test_show(&record->also, field);
	if (want && also && asprintf(&both, "%s .. %s", want, also) < 0)
		both = NULL;
	free(want);
	free(also);
	return both;
}

static void judge_fields(struct driver *driver, const struct corpus_record *original,
			 const struct event *event)
{
	struct corpus_record copy = *original, *record = &copy;

	copy.brief |= driver->options->hurry; /* nothing waits */
	for (enum event_field field = 0; field < FIELDS; field++) {
		enum verdict verdict;

		if (!event_knows(&record->want, field) &&
		    !(record->empty[field / 64] >> field % 64 & 1))
			continue;
		verdict = self_test_judge(record, event, field, driver->class);
		/* Who does not know a field has no merit in leaving it empty. */
		if (record->want.type == EVENT_EXEC &&
		    (event_knows(&record->want, field) || verdict != VERDICT_RIGHT ||
		     source_promises(driver->class, field)))
			driver->test->fields[field][verdict]++;
		if (verdict == VERDICT_LATE || verdict == VERDICT_ABSENT ||
		    verdict == VERDICT_WRONG)
			add_finding(driver, &record->want, (int)field, verdict,
				    show_wanted(record, field), self_test_show(event, field));
	}
}

static void judge_missing(struct driver *driver, const struct corpus_record *record)
{
	bool excused = may_miss(driver, record);

	driver->test->records[record->want.type][excused ? VERDICT_UNKNOWN : VERDICT_ABSENT]++;
	if (!excused)
		add_finding(driver, &record->want, -1, VERDICT_ABSENT, strdup("a record"),
			    strdup("none"));
	else if (driver->verdict == CASE_RIGHT && record->want.type == EVENT_EXEC)
		driver->verdict = CASE_MISSED;
}

static bool belongs(const struct driver *driver, const struct corpus_record *records, size_t count,
		    const struct event *event)
{
	for (size_t i = 0; i < count; i++)
		if (event_of(driver, records, count, &records[i]) == event)
			return true;
	return false;
}

/* A failure that its source says it has only concluded. */
static bool is_guess(const struct event *event)
{
	return event->type == EVENT_FAILED && event_knows(event, FIELD_FLAGS) &&
	       (event->flags & FLAG_INFERRED);
}

/* Records of what did not happen, or happened once: an execution that has failed, a second end. */
static void judge_extra(struct driver *driver, const struct corpus_record *records, size_t count)
{
	static const uint32_t counted = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FORK) |
					EVENT_BIT(EVENT_EXIT) | EVENT_BIT(EVENT_FAILED);

	for (size_t i = 0; i < driver->event_count; i++) {
		const struct event *event = &driver->events[i];
		enum event_field field = event->type == EVENT_EXEC ? FIELD_EXE : FIELD_PID;

		if (!(counted & EVENT_BIT(event->type)) || is_guess(event) ||
		    belongs(driver, records, count, event))
			continue;
		driver->test->records[event->type][VERDICT_WRONG]++;
		add_finding(driver, event, -1, VERDICT_WRONG, strdup("no such record"),
			    self_test_show(event, field));
	}
}

/* Fork, execution and end of one process must have come in that order. */
static void judge_order(struct driver *driver, const struct corpus_record *records, size_t count)
{
	const struct event *last[CORPUS_PROCESSES] = { NULL };

	if (!source_manners(driver->class->id)->in_order)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct corpus_record *record = &records[i];
		const struct event *event = event_of(driver, records, count, &records[i]);

		if (!event || (record->want.type != EVENT_FORK && record->want.type != EVENT_EXEC &&
			       record->want.type != EVENT_EXIT))
			continue;
		if (last[record->process] > event)
			add_finding(driver, &record->want, -1, VERDICT_WRONG,
				    strdup("in the order of what happened"),
				    strdup("before what was earlier"));
		last[record->process] = event;
	}
}

/* Every execution must have an id of its own. */
static void judge_id(struct driver *driver, const struct event *event)
{
	struct process_id *more;

	if (event->type != EVENT_EXEC || !event_knows(event, FIELD_EXEC_ID))
		return;
	for (size_t i = 0; i < driver->id_count; i++)
		if (process_id_eq(&driver->ids[i], &event->exec_id))
			add_finding(driver, event, FIELD_EXEC_ID, VERDICT_WRONG,
				    strdup("an id that nothing else has"),
				    self_test_show(event, FIELD_EXEC_ID));
	if (driver->id_count == driver->id_room) {
		driver->id_room = 2 * driver->id_room + 64;
		more = realloc(driver->ids, driver->id_room * sizeof(*more));
		if (!more) {
			driver->id_room = driver->id_count;
			return;
		}
		driver->ids = more;
	}
	driver->ids[driver->id_count++] = event->exec_id;
}

static void judge(struct driver *driver)
{
	size_t count;
	const struct corpus_record *records = corpus_records(driver->run, &count);

	for (size_t i = 0; i < count; i++) {
		const struct event *event = event_of(driver, records, count, &records[i]);

		if (!tells(driver, &records[i])) {
			driver->test->records[records[i].want.type][VERDICT_UNKNOWN]++;
		} else if (!event) {
			judge_missing(driver, &records[i]);
		} else {
			driver->test->records[records[i].want.type][VERDICT_RIGHT]++;
			judge_fields(driver, &records[i], event);
			judge_id(driver, event);
		}
	}
	judge_extra(driver, records, count);
	judge_order(driver, records, count);
}

/* ---- a case ---- */

static int skip(struct driver *driver, struct self_test_case *result, struct error *err)
{
	result->verdict = CASE_SKIPPED;
	result->reason = strdup(error_text(err));
	error_done(err);
	if (driver->run)
		corpus_end(TAKE_PTR(driver->run), NULL);
	return result->reason ? 0 : -ENOMEM;
}

/* All steps; 1: it cannot be carried out. */
static int make_steps(struct driver *driver, struct error *err)
{
	bool hurry = driver->options->hurry;
	int r = corpus_begin(driver->corpus, driver->about, &driver->run, err);

	if (r != 0)
		return r;
	if (!hurry)
		turn_until(driver, told_so_far, told_ms(driver));
	corpus_go(driver->run);
	if ((!hurry || corpus_must_start(driver->run)) && turn_until(driver, is_started, STEP_MS) &&
	    !hurry && corpus_problem(driver->run, NULL) == 0)
		turn_until(driver, told_so_far, told_ms(driver));
	corpus_release(driver->run);
	turn_until(driver, is_ended, STEP_MS);
	corpus_started(driver->run);
	r = corpus_problem(driver->run, err);
	if (r != 0)
		return r;
	turn_until(driver, told_wholly, told_ms(driver));
	turn_until(driver, never, LINGER_MS);
	return 0;
}

static int run_case(struct driver *driver, struct self_test_case *result, struct error *err)
{
	struct error reason = ERROR_INIT;
	int r;

	driver->about = result->about;
	driver->event_count = 0;
	driver->verdict = CASE_RIGHT;
	driver->arena = arena_new();
	r = driver->arena ? make_steps(driver, &reason) : -ENOMEM;
	if (r == 0) {
		judge(driver);
		result->verdict = driver->verdict;
		r = corpus_end(TAKE_PTR(driver->run), &reason);
	} else if (r > 0) {
		r = skip(driver, result, &reason);
	}
	if (r < 0) {
		error_set(err, r, "the case \"%s\": %s", result->about->name, error_text(&reason));
		corpus_end(TAKE_PTR(driver->run), NULL);
	}
	error_done(&reason);
	arena_free(TAKE_PTR(driver->arena));
	return r;
}

/* ---- the test ---- */

static bool is_chosen(const struct self_test_options *options, const struct corpus_case *one)
{
	if (options->only)
		return streq(options->only, one->name);
	if (one->flags & CASE_CHANGES_HOST && !options->changes_host)
		return false;
	return options->all || one->flags & CASE_SMALL;
}

static int choose_cases(struct driver *driver, struct error *err)
{
	struct self_test *test = driver->test;
	const struct corpus_case *one;
	size_t count = 0;

	while (corpus_case_at(count))
		count++;
	test->cases = calloc(count, sizeof(*test->cases));
	if (!test->cases)
		return error_oom(err);
	for (size_t i = 0; (one = corpus_case_at(i)); i++)
		if (is_chosen(driver->options, one))
			test->cases[test->case_count++].about = one;
	if (test->case_count == 0)
		return error_set(err, -EINVAL, "there is no case \"%s\"", driver->options->only);
	return 0;
}

static int begin_observing(struct driver *driver, struct error *err)
{
	static const char *const environment[] = { CORPUS_VARIABLE };
	const struct observer_options options = {
		.source = driver->options->source,
		.types = EVENT_ALL & ~EVENT_BIT(EVENT_RUNNING),
		.seed = true,
		.environment = environment,
		.environment_count = ARRAY_SIZE(environment),
		.sink = { on_event, driver },
	};
	const char *variant;
	int r = observer_new(driver->host, driver->loop, &options, &driver->observer, err);

	if (r < 0)
		return r;
	turn_until(driver, never, LINGER_MS); /* the table is filled */
	if (!observer_source(driver->observer))
		return error_set(err, -EIO, "the source has failed at its start");
	variant = driver->class->variant ? driver->class->variant(observer_source(driver->observer))
					 : NULL;
	driver->test->variant = variant ? strdup(variant) : NULL;
	return 0;
}

static int run_cases(struct driver *driver, struct error *err)
{
	struct self_test *test = driver->test;
	int r = choose_cases(driver, err);

	if (r == 0)
		r = begin_observing(driver, err);
	for (size_t i = 0; r == 0 && i < test->case_count; i++) {
		r = run_case(driver, &test->cases[i], err);
		if (r == 0 && driver->options->progress)
			driver->options->progress(&test->cases[i], driver->options->userdata);
		if (!observer_source(driver->observer))
			r = error_set(err, -EIO, "the source has failed in the case \"%s\"",
				      test->cases[i].about->name);
	}
	if (driver->observer)
		test->lost = observer_counters(driver->observer)->lost;
	return r;
}

int self_test_run(const struct host *host, const struct self_test_options *options,
		  struct self_test **ret_test, struct error *err)
{
	_cleanup_(self_test_freep) struct self_test *test = calloc(1, sizeof(*test));
	struct driver driver = {
		.host = host,
		.options = options,
		.class = source_class_find(options->source),
		.test = test,
		.events = calloc(EVENTS_MAX, sizeof(struct event)),
	};
	int r = 0;

	if (!test || !driver.events)
		r = error_oom(err);
	else if (!driver.class)
		r = error_set(err, -EINVAL, "there is no source \"%s\"", options->source);
	else if ((r = sd_event_new(&driver.loop)) < 0)
		error_set_errno(err, r, "cannot make a loop");
	if (r >= 0)
		r = corpus_new(host, &driver.corpus, err);
	if (r >= 0) {
		test->source = driver.class;
		r = run_cases(&driver, err);
	}
	observer_free(driver.observer);
	corpus_free(driver.corpus);
	sd_event_unref(driver.loop);
	free(driver.events);
	free(driver.ids);
	if (r >= 0)
		*ret_test = TAKE_PTR(test);
	return MIN(r, 0);
}

void self_test_free(struct self_test *test)
{
	if (!test)
		return;
	for (size_t i = 0; i < test->case_count; i++)
		free(test->cases[i].reason);
	for (size_t i = 0; i < test->finding_count; i++) {
		free(test->findings[i].wanted);
		free(test->findings[i].got);
	}
	free(test->cases);
	free(test->findings);
	free(test->variant);
	free(test);
}

bool self_test_passed(const struct self_test *test)
{
	for (size_t i = 0; i < test->case_count; i++)
		if (test->cases[i].verdict == CASE_WRONG)
			return false;
	return test->lost == 0;
}
