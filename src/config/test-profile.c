// SPDX-License-Identifier: MIT
/* Profiles: keys, forms, and the places of mistakes. */
#include "config/profile.h"

#include "config/test-policy.h"
#include "test/unit.h"
#include "util/text.h"

static const char *key_at(size_t index, enum key_form *ret_form, _unused_ void *userdata)
{
	static const struct {
		const char *name;
		enum key_form form;
	} keys[] = {
		{ "clear-env", KEY_FLAG },
		{ "nice", KEY_VALUE },
		{ "env", KEY_LIST },
	};

	if (index >= ARRAY_SIZE(keys))
		return NULL;
	*ret_form = keys[index].form;
	return keys[index].name;
}

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	if (streq(value, "bad"))
		return error_set(err, -EINVAL, "%s: it is bad", key);
	text_addf(userdata, "%s=%s;", key, value);
	return 0;
}

static int read_text(const char *text, char **ret_taken, char **ret_description,
		     struct diagnostics *diagnostics)
{
	struct text taken;
	const struct profile_schema schema = { key_at, take, &taken };
	int r;

	text_init(&taken);
	r = profile_parse("p.yaml", text, strlen(text), &schema, ret_description, diagnostics);
	*ret_taken = text_take(&taken);
	return r;
}

static void good(const char *text, const char *wanted)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *taken = NULL, *description = NULL;

	assert_int_equal(read_text(text, &taken, &description, &diagnostics), 0);
	assert_int_equal(diagnostics.count, 0);
	assert_string_equal(taken, wanted);
}

static void bad(const char *text, const char *wanted)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *taken = NULL, *description = NULL, *all = NULL;

	assert_int_equal(read_text(text, &taken, &description, &diagnostics), -EINVAL);
	assert_null(description);
	all = told(&diagnostics);
	assert_string_equal(all, wanted);
}

static void test_forms(void **state)
{
	good("clear-env: true\nnice: 5\nenv: A=b\n", "clear-env=yes;nice=5;env=A=b;");
	good("clear_env: no\nenv: [A=b, C]\n", "clear-env=no;env=A=b;env=C;");
	good("env: {A: b, C: , D: 5}\n", "env=A=b;env=C;env=D=5;");
}

static void test_description(void **state)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *taken = NULL, *description = NULL;

	assert_int_equal(read_text("description: of files\n", &taken, &description, &diagnostics),
			 0);
	assert_string_equal(description, "of files");
}

static void test_mistakes_have_places(void **state)
{
	bad("nice: 1\nnicee: 5\n", "2:1 error: unknown key \"nicee\" in a profile (did you mean "
				   "\"nice\"?)\n");
	bad("env: [a, bad]\nnice: bad\n",
	    "1:10 error: env: it is bad\n2:7 error: nice: it is bad\n");
	bad("- a\n", "1:1 error: \"a profile\" must be a map of keys and values, not a list\n");
	bad("", "1:1 error: the file is empty (a profile is at least: description: ...)\n");
}

static void test_names(void **state)
{
	_cleanup_(freep) char *path = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(profile_find("./x", &path, NULL), 0);
	assert_string_equal(path, "./x");
	assert_int_equal(profile_find("..", &path, NULL), -EINVAL);
	assert_int_equal(profile_find("", &path, NULL), -EINVAL);
	assert_int_equal(profile_find("reeve-test-none", &path, &err), -ENOENT);
	assert_non_null(strstr(error_text(&err), "/etc/reeve/profiles/reeve-test-none.yaml"));
	error_done(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_description),
		cmocka_unit_test(test_mistakes_have_places),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
