// SPDX-License-Identifier: MIT
/* covers: resolve-watch.c resolve-links.c */
#include "core/resolve.h"

#include "test/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

struct fixture {
	char *folder;
	struct policy policy;
	struct policy_rule rule;
	struct policy_path path;
	sd_event *event;
	struct resolver *resolver;
	struct targets targets;
	int changed, renamed, added, led;
};

static void on_change(enum names_event event, void *userdata)
{
	struct fixture *f = userdata;

	if (event == NAMES_CHANGED)
		f->changed++;
	else if (event == NAMES_ADDED)
		f->added++;
	else if (event == NAMES_LED)
		f->led++;
	else
		f->renamed++;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_(freep) char *real = NULL;

	f->folder = unit_folder_new();
	/* $TMPDIR itself may be behind a link. */
	real = realpath(f->folder, NULL);
	free(f->folder);
	f->folder = strdup(real);
	f->policy = (struct policy){ .rules = &f->rule, .rule_count = 1 };
	f->rule = (struct policy_rule){ .paths = &f->path,
					.path_count = 1,
					.on = OCCASION_BIT(ON_EXECUTE) };
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(resolver_new(f->event, on_change, f, &f->resolver, NULL), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	targets_done(&f->targets);
	resolver_free(f->resolver);
	sd_event_unref(f->event);
	free(f->path.text);
	unit_folder_free(f->folder);
	free(f);
	return 0;
}

static const struct rule_target *resolve(struct fixture *f, const char *below)
{
	targets_done(&f->targets);
	free(f->path.text);
	f->path.text = unit_path(f->folder, below);
	assert_int_equal(resolver_resolve(f->resolver, &f->policy, &f->targets), 0);
	assert_int_equal(f->targets.count, 1);
	return &f->targets.items[0];
}

static void is_at(struct fixture *f, const struct rule_target *target, const char *below)
{
	_cleanup_(freep) char *path = unit_path(f->folder, below);

	assert_string_equal(target->text, path);
}

static void make_link(struct fixture *f, const char *to, const char *below)
{
	_cleanup_(freep) char *path = unit_path(f->folder, below);

	unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

static void run_loop(struct fixture *f)
{
	f->changed = f->renamed = f->led = 0;
	while (sd_event_run(f->event, 50000) > 0)
		;
}

static void test_links_are_followed(void **state)
{
	struct fixture *f = *state;
	const struct rule_target *target;
	struct stat st;
	_cleanup_(freep) char *real = unit_path(f->folder, "v1/bin/x");

	unit_write(f->folder, "v1/bin/x", "x");
	make_link(f, "v1", "current");
	make_link(f, "../bin/./x", "v1/link");
	target = resolve(f, "current/bin/x");
	is_at(f, target, "v1/bin/x");
	assert_int_equal(stat(real, &st), 0);
	assert_true(target->has_identity);
	assert_int_equal(target->ino, st.st_ino);
	target = resolve(f, "current/link");
	/* "../bin" is seen from where the link is. */
	is_at(f, target, "bin/x");
	assert_false(target->has_identity);
	make_link(f, "loop2", "loop1");
	make_link(f, "loop1", "loop2");
	assert_false(resolve(f, "loop1/x")->has_identity);
}

static void test_missing_paths_keep_their_text(void **state)
{
	struct fixture *f = *state;
	const struct rule_target *target = resolve(f, "not/here/yet");

	is_at(f, target, "not/here/yet");
	assert_int_equal(target->kind, TARGET_FILE);
	assert_false(target->has_identity);
}

static void test_folders_and_globs(void **state)
{
	struct fixture *f = *state;

	unit_write(f->folder, "real/a/x", "x");
	make_link(f, "real", "alias");
	assert_int_equal(resolve(f, "alias")->kind, TARGET_FOLDER);
	is_at(f, &f->targets.items[0], "real");
	assert_int_equal(resolve(f, "alias/a*/x")->kind, TARGET_GLOB);
	is_at(f, &f->targets.items[0], "real/a*/x");
}

static void test_changes_are_noticed(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *file = unit_path(f->folder, "dir/x");
	_cleanup_(freep) char *other = unit_path(f->folder, "dir/other");

	unit_write(f->folder, "dir/other", "x");
	resolve(f, "dir/x");
	unit_write(f->folder, "dir/something", "x");
	run_loop(f);
	assert_int_equal(f->changed, 0);
	assert_int_equal(rename(other, file), 0);
	run_loop(f);
	assert_true(f->changed > 0);
	assert_true(resolve(f, "dir/x")->has_identity);
	unlink(file);
	run_loop(f);
	assert_true(f->changed > 0);
}

static void test_a_link_switched(void **state)
{
	struct fixture *f = *state;

	unit_write(f->folder, "v1/x", "1");
	unit_write(f->folder, "v2/x", "2");
	make_link(f, "v1", "current");
	is_at(f, resolve(f, "current/x"), "v1/x");
	make_link(f, "v2", "current");
	run_loop(f);
	assert_true(f->changed > 0);
	is_at(f, resolve(f, "current/x"), "v2/x");
}

static void test_below_a_folder(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *from = unit_path(f->folder, "elsewhere");
	_cleanup_(freep) char *to = unit_path(f->folder, "tree/deep/x");
	_cleanup_(freep) char *linked = unit_path(f->folder, "tree/linked");
	_cleanup_(freep) char *dir = unit_path(f->folder, "tree/new");

	unit_write(f->folder, "tree/deep/y", "y");
	unit_write(f->folder, "elsewhere", "x");
	resolve(f, "tree");
	unit_write(f->folder, "tree/deep/z", "z");
	run_loop(f);
	assert_int_equal(f->changed + f->renamed, 0);
	assert_int_equal(link(from, linked), 0);
	run_loop(f);
	assert_true(f->renamed > 0);
	assert_int_equal(rename(from, to), 0);
	run_loop(f);
	assert_true(f->renamed > 0);
	assert_int_equal(mkdir(dir, 0755), 0);
	run_loop(f);
	assert_true(f->added > 0);
	assert_int_equal(f->changed, 0);
}

static void test_open_paths(void **state)
{
	struct fixture *f = *state;
	const struct gate_watch *watches;
	size_t count;

	unit_write(f->folder, "secret", "x");
	f->rule.on = OCCASION_BIT(ON_READ);
	resolve(f, "secret");
	watches = resolver_watches(f->resolver, &count);
	assert_int_equal(count, 2);
	assert_int_equal(watches[0].what, GATE_WATCH_OPENS);
	assert_string_equal(watches[1].path, f->folder);
	assert_int_equal(watches[1].what, GATE_WATCH_OPENS);
	f->rule.on = OCCASION_BIT(ON_WRITE);
	resolve(f, "secret");
	watches = resolver_watches(f->resolver, &count);
	assert_int_equal(watches[0].what, GATE_WATCH_OPENS | GATE_WATCH_CONTENT);
	assert_int_equal(watches[1].what, GATE_WATCH_OPENS | GATE_WATCH_NAMES);
}

static void test_reads_that_are_refused(void **state)
{
	struct fixture *f = *state;
	struct policy_effect effect = { .kind = EFFECT_DENY, .deny = EPERM };
	const struct gate_watch *watches;
	size_t count;

	unit_write(f->folder, "secret", "x");
	f->rule.on = OCCASION_BIT(ON_READ);
	f->rule.effects = &effect;
	f->rule.effect_count = 1;
	resolve(f, "secret");
	watches = resolver_watches(f->resolver, &count);
	assert_int_equal(count, 2);
	assert_int_equal(watches[0].what, GATE_WATCH_OPENS | GATE_WATCH_READS);
}

/* Folders that appear below a rule's are watched one by one, and told once. */
static void test_folders_that_appear(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *one = unit_path(f->folder, "below/one");
	_cleanup_(freep) char *two = unit_path(f->folder, "below/one/two");
	const struct gate_watch *watches;
	size_t count;

	unit_write(f->folder, "below/file", "x");
	f->rule.on = OCCASION_BIT(ON_WRITE);
	resolve(f, "below");
	(void)resolver_watches(f->resolver, &count);
	assert_int_equal(count, 1);
	assert_int_equal(mkdir(one, 0755), 0);
	assert_int_equal(mkdir(two, 0755), 0);
	unit_write(f->folder, "below/one/two/file", "x");
	run_loop(f);
	assert_true(f->added > 0);
	assert_int_equal(f->changed, 0);
	watches = resolver_take_added(f->resolver, &count);
	assert_int_equal(count, 2);
	assert_string_equal(watches[0].path, one);
	assert_string_equal(watches[1].path, two);
	assert_int_equal(watches[1].what, GATE_WATCH_OPENS | GATE_WATCH_CONTENT | GATE_WATCH_NAMES);
	assert_int_equal(resolver_state(f->resolver)->unasked, 1);
	(void)resolver_take_added(f->resolver, &count);
	assert_int_equal(count, 0);
	/* And what appears in those. */
	unit_write(f->folder, "below/one/two/three/file", "x");
	run_loop(f);
	watches = resolver_take_added(f->resolver, &count);
	assert_int_equal(count, 1);
	(void)resolver_watches(f->resolver, &count);
	assert_int_equal(count, 4);
}

/* A link that a condition names, with what it leads by; and a name that becomes one. */
static void test_conditions_name_links(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *link = unit_path(f->folder, "link");
	_cleanup_(freep) char *real = unit_path(f->folder, "x");
	_cleanup_(freep) char *plain = unit_path(f->folder, "plain");
	struct policy_word words[] = {
		{ .form = WORD_EXACT, .text = link, .at = { .line = 1, .column = 1 } },
		{ .form = WORD_EXACT, .text = real, .at = { .line = 1, .column = 1 } },
		{ .form = WORD_EXACT, .text = plain, .at = { .line = 2, .column = 1 } },
	};
	struct policy_condition inner = { .kind = CONDITION_PROGRAM,
					  .words = words,
					  .word_count = ARRAY_SIZE(words) };
	struct policy_condition not = { .kind = CONDITION_NOT, .inner = &inner, .inner_count = 1 };

	unit_write(f->folder, "x", "x");
	make_link(f, "x", "next");
	make_link(f, "next", "link");
	f->rule.conditions = &not ;
	f->rule.condition_count = 1;
	resolve(f, "elsewhere");
	unit_write(f->folder, "other", "x");
	unit_write(f->folder, "plain", "x");
	run_loop(f);
	assert_int_equal(f->led + f->changed, 0);
	make_link(f, "other", "next");
	run_loop(f);
	assert_true(f->led > 0);
	assert_int_equal(f->changed, 0);
	make_link(f, "other", "plain");
	run_loop(f);
	assert_true(f->led > 0);
	f->rule.condition_count = 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_links_are_followed),	CASE(test_missing_paths_keep_their_text),
		CASE(test_folders_and_globs),	CASE(test_changes_are_noticed),
		CASE(test_a_link_switched),	CASE(test_below_a_folder),
		CASE(test_open_paths),		CASE(test_reads_that_are_refused),
		CASE(test_folders_that_appear), CASE(test_conditions_name_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
