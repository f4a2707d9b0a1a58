// SPDX-License-Identifier: MIT
/* A manifest whose sandbox names a profile. */
#include "config/service-profile.h"

#include "config/test-policy.h"
#include "test/unit.h"

static const char *key_at(size_t index, enum key_form *ret_form, _unused_ void *userdata)
{
	static const char *const names[] = { "proc", "nice", "bind" };
	static const enum key_form forms[] = { KEY_FLAG, KEY_VALUE, KEY_LIST };

	if (index >= ARRAY_SIZE(names))
		return NULL;
	*ret_form = forms[index];
	return names[index];
}

static int take(const char *key, const char *value, _unused_ void *userdata, struct error *err)
{
	return *value == '!' ? error_set(err, -EINVAL, "%s: it is bad", key) : 0;
}

/* The manifest's text, with @ for a profile of that text. */
static int read_both(const char *profile, const char *text, struct service_manifest **ret_manifest,
		     struct diagnostics *diagnostics, char **ret_path)
{
	static const struct profile_schema of_profile = { key_at, take, NULL, NULL };
	static const struct profile_schema schema = { key_at, take, NULL, &of_profile };
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "p.yaml"), *whole = NULL;
	const char *at = strchr(text, '@');

	unit_write(folder, "p.yaml", profile);
	assert_true(asprintf(&whole, "%.*s%s%s", (int)(at - text), text, path, at + 1) > 0);
	*ret_path = TAKE_PTR(path);
	return service_parse("agent.yaml", whole, strlen(whole), &schema, ret_manifest,
			     diagnostics);
}

static struct service_manifest *good(const char *profile, const char *text)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	struct service_manifest *manifest = NULL;
	_cleanup_(freep) char *path = NULL;

	if (read_both(profile, text, &manifest, &diagnostics, &path) < 0 || diagnostics.count > 0)
		fail_msg("%s", diagnostics.items[0].message);
	return manifest;
}

/* The profile's are first, wherever it is named, so that the manifest's own ones hold. */
static void test_order(void **state)
{
	static const char *const wanted[] = { "bind", "/a",   "nice", "5",    "proc",
					      "yes",  "bind", "/b",   "nice", "7" };
	_cleanup_(service_manifest_freep) struct service_manifest *m =
		good("description: x\nbind: /a\nnice: 5\nproc: true\n",
		     "run: /x\nsandbox: {bind: /b, profile: @, nice: 7}\n");

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(m->sandbox[i], wanted[i]);
	assert_null(m->sandbox[ARRAY_SIZE(wanted)]);
}

static void test_limits(void **state)
{
	_cleanup_(service_manifest_freep) struct service_manifest *m =
		good("ram: 50M\npids: 5\ncpu_weight: 20\nhugetlb: {2MB: 4M}\nio: \"8:0,rbps=1M\"\n",
		     "run: /x\nsandbox: {profile: @}\npids: 9\nhugetlb: {1GB: 1G}\n");
	const struct limits *l = &m->group.limits;

	assert_int_equal(l->ram, 50 << 20);
	assert_int_equal(l->pids, 9);
	assert_int_equal(l->cpu_weight, 20);
	assert_int_equal(l->hugetlb_count, 1);
	assert_string_equal(l->hugetlb[0].page_size, "1GB");
	assert_int_equal(l->io_count, 1);
	assert_int_equal(l->io[0].rbps, 1 << 20);
}

/* A profile alone makes a sandbox; and one that says otherwise makes another manifest. */
static void test_digest(void **state)
{
	static const char *const text = "run: /x\nsandbox: {profile: @}\n";
	_cleanup_(service_manifest_freep) struct service_manifest *nothing =
		good("description: x\n", text);
	_cleanup_(service_manifest_freep) struct service_manifest *same =
		good("nice: 5\nram: 50M\n", text);
	_cleanup_(service_manifest_freep) struct service_manifest *nice =
		good("nice: 6\nram: 50M\n", text);
	_cleanup_(service_manifest_freep) struct service_manifest *ram =
		good("nice: 5\nram: 60M\n", text);

	assert_null(nothing->sandbox);
	assert_true(same->digest != nice->digest);
	assert_true(same->digest != ram->digest);
}

static void bad(const char *profile, const char *text, const char *place, const char *sentence)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(service_manifest_freep) struct service_manifest *manifest = NULL;
	_cleanup_(freep) char *path = NULL, *all = NULL, *wanted = NULL;

	assert_int_equal(read_both(profile, text, &manifest, &diagnostics, &path), -EINVAL);
	all = told(&diagnostics);
	assert_true(asprintf(&wanted, "%s error: profile: %s%s", place, path, sentence) > 0);
	if (strncmp(all, wanted, strlen(wanted)) != 0)
		fail_msg("%s is not %s", all, wanted);
}

static void test_mistakes_have_both_places(void **state)
{
	static const char *const text = "run: /x\nsandbox:\n  profile: @\n";

	bad("nicee: 5\n", text, "3:12",
	    ":1:1: unknown key \"nicee\" in a profile (did you mean \"nice\"?)\n");
	bad("nice: 5\nbind: [/a, \"!\"]\n", text, "3:12", ":2:12: bind: it is bad\n");
	bad("nice: 5\nram: 50X\n", text, "3:12", ":2:6: \"ram\"");
	bad("profile: x\n", text, "3:12", ":1:1: unknown key \"profile\"");
	bad("nicee: 5\nbindd: x\n", text, "3:12",
	    ":1:1: unknown key \"nicee\" in a profile (did "
	    "you mean \"nice\"?); and 1 more (reeve profile ");
	bad("", text, "3:12", ":1:1: the file is empty");
}

static void test_limits_together(void **state)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(service_manifest_freep) struct service_manifest *manifest = NULL;
	_cleanup_(freep) char *path = NULL, *all = NULL;

	assert_int_equal(read_both("cpu_weight: 20\n",
				   "run: /x\ncpu_idle: true\nsandbox: {profile: @}\n", &manifest,
				   &diagnostics, &path),
			 -EINVAL);
	all = told(&diagnostics);
	assert_non_null(strstr(all, "3:10 error: with the limits of its profile: \"cpu_weight\""));
}

static void test_names(void **state)
{
	static const char *const cases[][2] = {
		{ "run: /x\nsandbox: {profile: ./p.yaml}\n",
		  "2:20 error: profile: \"./p.yaml\" is neither a profile's name nor a path from "
		  "\"/\" on\n" },
		{ "run: /x\nsandbox: {profile: reeve-test-none}\n",
		  "2:20 error: profile: there is no profile \"reeve-test-none\" "
		  "(/etc/reeve/profiles/reeve-test-none.yaml)\n" },
		{ "run: /x\nsandbox: {profil: a}\n",
		  "2:11 error: unknown key \"profil\" in a sandbox (did you mean \"profile\"?)\n" },
	};
	static const struct profile_schema of_profile = { key_at, take, NULL, NULL };
	static const struct profile_schema schema = { key_at, take, NULL, &of_profile };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
		struct service_manifest *manifest = NULL;
		_cleanup_(freep) char *all = NULL;

		assert_int_equal(service_parse("agent.yaml", cases[i][0], strlen(cases[i][0]),
					       &schema, &manifest, &diagnostics),
				 -EINVAL);
		all = told(&diagnostics);
		assert_string_equal(all, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_mistakes_have_both_places),
		cmocka_unit_test(test_limits_together),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
