// SPDX-License-Identifier: MIT
/* covers: sink.c sink-file.c */
#include "export/exporter.h"

#include "test/unit.h"

#include <sys/stat.h>

/* ---- a sink that does as it is told ---- */

enum { TAKES = 100 };

struct sink {
	struct sink_options options;
	uint64_t tickets[TAKES];
	size_t count;
};

/* What the tests say to it, and see of it. */
static struct {
	struct sink *open;
	bool refuses_to_open, refuses_together;
	int send_result;
	enum sink_result result;
	bool backwards; /* reports the last ones first */
	uint64_t seen, next, gaps;
} fake;

static int open_fake(const struct sink_options *options, struct sink **ret_sink, struct error *err)
{
	struct sink *sink;

	if (fake.refuses_to_open)
		return error_set(err, -ECONNREFUSED, "it refuses");
	sink = calloc(1, sizeof(*sink));
	sink->options = *options;
	fake.open = *ret_sink = sink;
	return 0;
}

static int send_fake(struct sink *sink, const struct sink_record *sent)
{
	if (fake.send_result < 0)
		return fake.send_result;
	if (sink->count == TAKES)
		return -EAGAIN;
	assert_string_equal(sent->host, "here");
	sink->tickets[sink->count++] = sent->ticket;
	fake.seen++;
	fake.gaps += sent->record->kind == SPOOL_GAP;
	fake.next = MAX(fake.next, sent->record->sequence + sent->record->count);
	return 0;
}

static int flush_fake(struct sink *sink)
{
	for (size_t i = 0; i < sink->count; i++)
		sink->options.report(sink->options.userdata,
				     sink->tickets[fake.backwards ? sink->count - 1 - i : i],
				     fake.refuses_together && !sink->options.alone ? SINK_TOGETHER
										   : fake.result);
	sink->count = 0;
	return 0;
}

static void poll_fake(struct sink *sink, int wait_ms)
{
}

static int fd_of_fake(const struct sink *sink)
{
	return -1;
}

static void close_fake(struct sink *sink)
{
	fake.open = NULL;
	free(sink);
}

static const struct sink_class fake_class = { "fake",	 open_fake,  send_fake, flush_fake,
					      poll_fake, fd_of_fake, close_fake };

/* ---- a world ---- */

struct world {
	char *base, *folder;
	sd_event *event;
	struct exporter *exporter;
	unsigned told;
};

static void count_told(void *userdata, int level, const char *sentence)
{
	struct world *world = userdata;

	world->told++;
}

static void open_exporter(struct world *world, const struct sink_class *class,
			  const struct sink_setting *settings, size_t count)
{
	struct error err = ERROR_INIT;
	const struct exporter_options options = {
		.event = world->event,
		.name = "one",
		.host = "here",
		.class = class,
		.settings = settings,
		.setting_count = count,
		.spool = { .folder = world->folder,
			   .bytes = SPOOL_BYTES_LEAST,
			   .boot = "00000000-0000-0000-0000-000000000001" },
		.tell = count_told,
		.userdata = world,
	};

	exporter_free(world->exporter);
	world->exporter = NULL;
	if (exporter_new(&options, &world->exporter, &err) < 0)
		fail_msg("%s", error_text(&err));
}

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	memset(&fake, 0, sizeof(fake));
	world->base = unit_folder_new();
	world->folder = unit_path(world->base, "spool");
	assert_true(sd_event_new(&world->event) >= 0);
	open_exporter(world, &fake_class, NULL, 0);
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	exporter_free(world->exporter);
	sd_event_unref(world->event);
	free(world->folder);
	unit_folder_free(world->base);
	free(world);
	return 0;
}

static int on_nothing(sd_event_source *source, void *userdata)
{
	return 0;
}

/* A turn in which something has happened: post sources run after it. */
static void turn(struct world *world)
{
	sd_event_source *source = NULL;

	assert_true(sd_event_add_defer(world->event, &source, on_nothing, NULL) >= 0);
	while (sd_event_run(world->event, 0) > 0)
		;
	sd_event_source_disable_unref(source);
}

static void add(struct world *world, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		exporter_add(world->exporter, SPOOL_EVENT, 1, "{\"n\":1}", 7);
}

static uint64_t queued(struct world *world)
{
	return exporter_spool(world->exporter)->queued;
}

static void run_until_empty(struct world *world)
{
	for (int i = 0; i < 1000 && queued(world) > 0; i++) {
		turn(world);
		if (queued(world) > 0)
			(void)sd_event_run(world->event, 10000);
	}
	assert_int_equal(queued(world), 0);
}

static void test_all_arrive(void **state)
{
	struct world *world = *state;

	fake.backwards = true;
	add(world, 1000);
	turn(world);
	run_until_empty(world);
	assert_int_equal(fake.seen, 1000);
	assert_int_equal(exporter_counters(world->exporter)->delivered, 1000);
	assert_string_equal(exporter_counters(world->exporter)->state, "idle");
	assert_int_equal(exporter_spool(world->exporter)->lost, 0);
}

/* What was under way when it failed is sent once more; nothing else is. */
static void test_fails_and_comes_back(void **state)
{
	struct world *world = *state;

	turn(world);
	fake.result = SINK_FAILED;
	add(world, 50);
	turn(world);
	assert_null(fake.open);
	assert_int_equal(queued(world), 50);
	assert_string_equal(exporter_counters(world->exporter)->state, "failed");
	fake.result = SINK_DELIVERED;
	run_until_empty(world);
	assert_int_equal(fake.seen, 100);
	assert_int_equal(exporter_counters(world->exporter)->sent_again, 50);
	assert_int_equal(exporter_counters(world->exporter)->opened, 2);
}

static void test_cannot_be_opened(void **state)
{
	struct world *world = *state;

	fake.refuses_to_open = true;
	open_exporter(world, &fake_class, NULL, 0);
	add(world, 5);
	turn(world);
	assert_int_equal(world->told, 1);
	assert_string_equal(exporter_counters(world->exporter)->sink.last_error, "it refuses");
	fake.refuses_to_open = false;
	run_until_empty(world);
	assert_int_equal(fake.seen, 5);
}

static void test_refused_is_told(void **state)
{
	struct world *world = *state;

	turn(world);
	fake.send_result = -EMSGSIZE;
	add(world, 1);
	turn(world);
	/* The gap that tells it was refused, too: there is none of that one. */
	run_until_empty(world);
	assert_int_equal(exporter_counters(world->exporter)->refused, 2);
	assert_int_equal(exporter_spool(world->exporter)->lost, 1);
	assert_int_equal(fake.seen, 0);
	fake.send_result = 0;
	fake.result = SINK_REFUSED;
	add(world, 2);
	turn(world);
	run_until_empty(world);
	assert_int_equal(fake.gaps, 2);
	assert_int_equal(exporter_spool(world->exporter)->lost, 3);
}

/* Nobody is lost for the company that he was in. */
static void test_refused_together(void **state)
{
	struct world *world = *state;

	turn(world);
	fake.refuses_together = true;
	add(world, 50);
	turn(world);
	assert_null(fake.open);
	/* Behind those that were under way they are sent together again. */
	add(world, 10);
	turn(world);
	for (int i = 0; i < 1000 && queued(world) > 10; i++)
		(void)sd_event_run(world->event, 10000);
	fake.refuses_together = false;
	run_until_empty(world);
	assert_int_equal(exporter_spool(world->exporter)->lost, 0);
	assert_int_equal(exporter_counters(world->exporter)->refused, 0);
	assert_int_equal(exporter_counters(world->exporter)->delivered, 60);
	assert_false(fake.open->options.alone);
	/* One of them is refused by itself, too. */
	fake.refuses_together = true;
	fake.result = SINK_REFUSED;
	add(world, 1);
	turn(world);
	run_until_empty(world);
	assert_int_equal(exporter_spool(world->exporter)->lost, 1);
}

static void test_goes_on_after_restart(void **state)
{
	struct world *world = *state;
	uint64_t next;

	add(world, 10);
	turn(world);
	run_until_empty(world);
	next = fake.next;
	fake.refuses_to_open = true;
	open_exporter(world, &fake_class, NULL, 0);
	add(world, 10);
	turn(world);
	fake.refuses_to_open = false;
	open_exporter(world, &fake_class, NULL, 0);
	run_until_empty(world);
	assert_int_equal(fake.seen, 20);
	assert_int_equal(fake.next, next + 10);
}

/* ---- a file ---- */

static void test_file(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->base, "events");
	const struct sink_setting settings[] = { { "path", path },
						 { "size", "500" },
						 { "keep", "2" } };
	_cleanup_(freep) char *text = NULL, *old = NULL;

	open_exporter(world, &sink_file, settings, ARRAY_SIZE(settings));
	for (int i = 0; i < 12; i++) {
		add(world, 1);
		turn(world);
		run_until_empty(world);
	}
	text = unit_read(world->base, "events");
	old = unit_read(world->base, "events.2");
	assert_true(strlen(text) > 100 && strlen(old) > 100 && strlen(old) <= 500);
	assert_non_null(strstr(text, "{\"host\":\"here\",\"boot\":\"00000000-0000-0000-0000-"
				     "000000000001\",\"sequence\":"));
	assert_non_null(strstr(text, ",\"kind\":\"event\",\"n\":1}\n"));
	assert_int_equal(text[strlen(text) - 1], '\n');
}

/* As logrotate's copytruncate does: the old ones are not put off for what is gone. */
static void test_file_is_cut(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->base, "events"),
			      *old = unit_path(world->base, "events.1");
	const struct sink_setting settings[] = { { "path", path }, { "size", "500" } };

	open_exporter(world, &sink_file, settings, ARRAY_SIZE(settings));
	for (int i = 0; i < 6; i++) {
		add(world, 1);
		turn(world);
		run_until_empty(world);
		assert_int_equal(truncate(path, 0), 0);
	}
	assert_int_equal(access(old, F_OK), -1);
}

static void test_file_is_away(void **state)
{
	struct world *world = *state;
	_cleanup_(freep) char *path = unit_path(world->base, "away/events"),
			      *folder = unit_path(world->base, "away"), *text = NULL;
	const struct sink_setting settings[] = { { "path", path } };

	open_exporter(world, &sink_file, settings, ARRAY_SIZE(settings));
	add(world, 3);
	turn(world);
	assert_non_null(strstr(exporter_counters(world->exporter)->sink.last_error, "away/events"));
	assert_int_equal(mkdir(folder, 0755), 0);
	run_until_empty(world);
	text = unit_read(world->base, "away/events");
	assert_non_null(strstr(text, "\"n\":1}"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		CASE(test_all_arrive),
		CASE(test_fails_and_comes_back),
		CASE(test_cannot_be_opened),
		CASE(test_refused_is_told),
		CASE(test_refused_together),
		CASE(test_goes_on_after_restart),
		CASE(test_file),
		CASE(test_file_is_cut),
		CASE(test_file_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
