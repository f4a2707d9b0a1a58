// SPDX-License-Identifier: MIT
#include "core/templates.h"

#include "cgroup/fake.h"

#include "test/unit.h"

static struct destination to; /* large */

static struct cgconfig *parse(const char *text)
{
	struct diagnostics diagnostics = { 0 };
	struct cgconfig *config = cgconfig_new();

	assert_int_equal(cgconfig_parse(config, "t.conf", text, strlen(text), 0, &diagnostics), 0);
	diagnostics_done(&diagnostics);
	return config;
}

static void are_found_by_their_unexpanded_names(void **state)
{
	struct cgconfig *config = parse("template students/%u { cpu { cpu.shares = 10; } }\n"
					"template by/%p { cpu { } }\n");

	(void)state;
	assert_non_null(templates_find(config, "/students/%u"));
	assert_null(templates_find(config, "/students"));
	assert_null(templates_find(config, "/students/%g"));
	assert_non_null(templates_find(config, "/by/%n")); /* reeve's letter */
	assert_null(templates_find(NULL, "/by/%n"));
	cgconfig_free(config);
}

static void values_are_of_the_hierarchys_controllers(void **state)
{
	struct cgconfig *config =
		parse("template a { pids { pids.max = 7; } cpu { nosuch = 1; } }\n");
	struct error err = ERROR_INIT;
	struct fake fake;
	char *max;

	(void)state;
	fake_init(&fake, FAKE_V1);
	destination_begin(&to);
	assert_int_equal(destination_add(&to, fake.layout, "pids", "/a"), 0);
	assert_int_equal(destination_make(&to, fake.layout, NULL, NULL, &err), 1);
	assert_int_equal(templates_apply(templates_find(config, "/a"), fake.layout,
					 &to.placement.in[0], "a", &err),
			 0);
	max = fake_read(&fake, "sys/fs/cgroup/pids/a/pids.max");
	assert_string_equal(max, "7");
	free(max);
	destination_begin(&to);
	assert_int_equal(destination_add(&to, fake.layout, "cpu", "/a"), 0);
	assert_int_equal(destination_make(&to, fake.layout, NULL, NULL, &err), 1);
	assert_true(templates_apply(templates_find(config, "/a"), fake.layout, &to.placement.in[0],
				    "a", &err) < 0);
	assert_non_null(strstr(error_text(&err), "cannot set nosuch of the group /a"));
	error_done(&err);
	fake_done(&fake);
	cgconfig_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_found_by_their_unexpanded_names),
		cmocka_unit_test(values_are_of_the_hierarchys_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
