// SPDX-License-Identifier: MIT
/* Where `place` puts a process, with and without fields, and found again afterwards. */
#include "cgroup/fake.h"
#include "config/arena.h"
#include "core/place.h"

#include "test/unit.h"

static struct destination first, second; /* large */

static struct policy_effect effect_of(struct arena *memory, const char *const *texts, size_t count)
{
	struct policy_destination *items = arena_alloc(memory, count * sizeof(*items));
	struct policy_effect effect = { 0 };

	for (size_t i = 0; i < count; i++)
		assert_int_equal(policy_destination_parse(memory, texts[i], &items[i], NULL), 0);
	assert_int_equal(policy_place_init(memory, items, count, &effect), 0);
	return effect;
}

/* %u is the text behind `userdata`. */
static struct slice give(char letter, void *userdata)
{
	return slice_of(letter == 'u' ? (const char *)userdata : "?");
}

static void expect_same(void)
{
	assert_int_equal(first.placement.count, second.placement.count);
	for (size_t i = 0; i < first.placement.count; i++)
		assert_string_equal(first.placement.in[i].path, second.placement.in[i].path);
}

static void fields_are_filled_in_and_found_again(void **state)
{
	const char *const texts[] = { "cpu:users/%u", "memory,pids:/all, memory:/x/%u" };
	struct arena *memory = arena_new();
	struct policy_effect effect = effect_of(memory, texts, 2);
	char made[DECISION_GROUP];
	char bob[] = "bob";
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	assert_int_equal(place_expand(&effect, fake.layout, give, bob, made, &first), 0);
	assert_string_equal(made, "cpu:/users/bob, memory,pids:/all, memory:/x/bob");
	assert_int_equal(first.placement.count, 3);
	assert_string_equal(first.placement.in[0].path, "/users/bob");
	assert_int_equal(place_again(&effect, fake.layout, made, &second), 0);
	expect_same();
	assert_int_equal(place_again(&effect, fake.layout, "memory:/x", &second), -ENOENT);
	assert_int_equal(place_again(&effect, fake.layout, "", &second), -ENOENT);
	fake_done(&fake);
	arena_free(memory);
}

static void values_cannot_lead_out(void **state)
{
	const char *const texts[] = { "cpu:users/%u" };
	struct arena *memory = arena_new();
	struct policy_effect effect = effect_of(memory, texts, 1);
	char made[DECISION_GROUP];
	char empty[] = "", up[] = "..", kernel[] = "cpu.max", deep[] = "a/../../b";
	char *bad[] = { empty, up, kernel, deep };
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(place_expand(&effect, fake.layout, give, bad[i], made, &first),
				 -EINVAL);
		assert_int_equal(first.placement.count, 0);
		assert_string_equal(made, "");
	}
	fake_done(&fake);
	arena_free(memory);
}

static void what_does_not_fit_is_not_found_again(void **state)
{
	const char *const texts[] = { "cpu:users/%u" };
	struct arena *memory = arena_new();
	struct policy_effect effect = effect_of(memory, texts, 1);
	char made[DECISION_GROUP], name[200];
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(place_expand(&effect, fake.layout, give, name, made, &first), 0);
	assert_int_equal(first.placement.count, 1);
	assert_string_equal(made, "");
	assert_int_equal(place_again(&effect, fake.layout, made, &second), -ENOENT);
	fake_done(&fake);
	arena_free(memory);
}

static void what_is_mounted_counts(void **state)
{
	const char *const texts[] = { "cpu,nosuch:/a", "*:/b" };
	struct arena *memory = arena_new();
	struct policy_effect effect = effect_of(memory, texts, 2);
	struct fake fake;

	(void)state;
	fake_init(&fake, FAKE_V1);
	assert_int_equal(place_find(&effect, fake.layout, &first), -ENODEV);
	assert_int_equal(first.placement.count, fake.layout->hierarchy_count);
	fake_done(&fake);
	arena_free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_filled_in_and_found_again),
		cmocka_unit_test(values_cannot_lead_out),
		cmocka_unit_test(what_does_not_fit_is_not_found_again),
		cmocka_unit_test(what_is_mounted_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
