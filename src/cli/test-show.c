// SPDX-License-Identifier: MIT
/*
 * covers: show.c output.c
 * Replies as text, compared to the byte.
 */
#include "cli/show.h"

#include "test/unit.h"

/* Calls one of show.h's functions on the JSON and compares what it prints. */
#define ASSERT_SHOWN(call, json_text, expected)                              \
	do {                                                                 \
		struct show show = { 0 };                                    \
		json_t *json = json_loads(json_text, JSON_DECODE_ANY, NULL); \
		char *shown = NULL;                                          \
		size_t size;                                                 \
                                                                             \
		assert_non_null(json);                                       \
		show.out = open_memstream(&shown, &size);                    \
		call;                                                        \
		fclose(show.out);                                            \
		json_decref(json);                                           \
		assert_string_equal(shown, expected);                        \
		free(shown);                                                 \
	} while (0)

static void test_groups(void **state)
{
	ASSERT_SHOWN(show_groups(&show, json),
		     "[{\"name\": \"build\", \"origin\": \"policy\", \"members\": 3, "
		     "\"limits\": {\"ram\": \"2G\", \"cpu\": \"50%\"}, \"frozen\": false,"
		     "\"usage\": {\"cpu_ns\": 12300000000, \"memory\": 36700160, "
		     "\"memory_peak\": 2147483648, \"pids\": 12, \"oom_kills\": 2}},"
		     "{\"name\": \"build/li\\u001bnk\", \"origin\": \"command\", \"members\": 0, "
		     "\"limits\": {}, \"frozen\": true, \"usage\": {\"cpu_ns\": 0}}]",
		     "group           processes  cpu time  memory  peak  tasks  limits           "
		     "notes\n"
		     "build                   3     12.3s   35.0M  2.0G     12  cpu 50%, ram 2G  "
		     "2 killed for memory\n"
		     "build/li\\x1bnk          0         0       -     -      -                   "
		     "command, frozen\n");
}

static void test_empty_columns(void **state)
{
	ASSERT_SHOWN(show_groups(&show, json),
		     "[{\"name\": \"a\", \"origin\": \"policy\", \"members\": 0}]",
		     "group  processes  cpu time  memory  peak  tasks\n"
		     "a              0         -       -     -      -\n");
}

static void test_group(void **state)
{
	ASSERT_SHOWN(
		show_group(&show, json_object_get(json, "group"), json_object_get(json, "pids")),
		"{\"group\": {\"name\": \"g\", \"origin\": \"policy\", \"members\": 2, "
		"\"limits\": {\"pids\": 64, \"cpu_idle\": true, "
		"\"io\": {\"8:0\": {\"rbps\": \"10M\", \"wiops\": 5}}},"
		"\"frozen\": false, \"paths\": [\"/c/g\", \"/p/g\"], "
		"\"usage\": {\"throttled_ns\": 1500000, \"io_read\": 4096}}, \"pids\": [7, 8]}",
		"g\n"
		"  made by           policy\n"
		"  frozen            no\n"
		"  processes         2\n"
		"  process ids       7 8\n"
		"  folders           /c/g\n"
		"                    /p/g\n"
		"\nlimits\n"
		"  cpu_idle          yes\n"
		"  pids              64\n"
		"  io                8:0 rbps=10M wiops=5\n"
		"\nusage\n"
		"  throttled for     1ms\n"
		"  read              4.0K\n");
}

#define STATUS                                                                                  \
	"{\"version\": \"0.1.0\", \"name\": \"reeve\", \"pid\": 12, \"guard\": 11, "            \
	"\"mode\": \"gate\", \"layout\": \"hybrid\", \"uptime\": 7380, \"dry_run\": true, "     \
	"\"config\": [\"/etc/reeve/reeve.yaml\", \"/etc/reeve/conf.d/a.yaml\"], \"rules\": 2, " \
	"\"sources\": [{\"name\": \"gate\", \"state\": \"running\", \"reason\": \"fine\", "     \
	"\"seen\": 100, \"matched\": 5, \"lost\": 1, \"causes\": {\"ring full\": 1}}], "        \
	"\"groups\": [], "                                                                      \
	"\"counters\": {\"gate.events\": 100, \"gate.overflows\": 1, \"queue.lost\": 0}, "      \
	"\"problems\": [\"it hurts\"], \"decisions\": [{"                                       \
	"\"time\": \"2020-01-02T03:04:05.6Z\", \"pid\": 99, \"path\": \"/a\\\\x1b b\", "        \
	"\"rule\": \"r\", \"group\": null, \"action\": \"read\", \"result\": \"trigger\", "     \
	"\"microseconds\": 0}]}"

static void test_status(void **state)
{
	char buffer[VALUE_SIZE];
	_cleanup_(freep) char *expected = NULL;

	assert_true(
		asprintf(&expected,
			 "reeved 0.1.0 runs: pid 12 (guard 11), up %s\n"
			 "  instance          reeve\n"
			 "  policy            /etc/reeve/reeve.yaml\n"
			 "                    /etc/reeve/conf.d/a.yaml\n"
			 "  rules             2\n"
			 "  mode              gate\n"
			 "  cgroup layout     hybrid\n"
			 "  dry run           yes: decisions are recorded, nothing is changed\n"
			 "\nsources\n"
			 "  source  state    seen  matched  lost  why\n"
			 "  gate    running   100        5     1  fine; lost: ring full: 1\n"
			 "\ngroups\n  none\n"
			 "\nlosses and refusals\n"
			 "             1  gate.overflows\n"
			 "\ncounters\n"
			 "           100  gate.events\n"
			 "\nproblems\n"
			 "  - it hurts\n"
			 "\nlast decisions\n"
			 "  time                 pid  program   rule  group  action  result   "
			 "took\n"
			 "  2020-01-02 03:04:05   99  /a\\x1b b  r     -      read    trigger     "
			 "0\n",
			 show_time(7380 * UINT64_C(1000000000), buffer)) > 0);
	ASSERT_SHOWN(show_status(&show, json), STATUS, expected);
}

/* A reply of an older or newer daemon, or nonsense, is shown as far as it goes. */
static void test_strange_status(void **state)
{
	static const char *const strange[] = {
		"{}",
		"[]",
		"{\"version\": 7, \"groups\": 3, \"decisions\": [1, null], \"counters\": []}",
		"{\"sources\": [{}], \"problems\": [1], \"groups\": [{}], \"config\": [[]]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
		json_t *json = json_loads(strange[i], 0, NULL);
		char *shown = NULL;
		size_t size;
		struct show show = { .out = open_memstream(&shown, &size), .all = true };

		show_status(&show, json);
		fclose(show.out);
		json_decref(json);
		assert_true(strncmp(shown, "reeved ", 7) == 0);
		free(shown);
	}
}

static void test_all_counters(void **state)
{
	json_t *json = json_loads("{\"counters\": {\"queue.lost\": 0}}", 0, NULL);
	char *shown = NULL;
	size_t size;
	struct show show = { .out = open_memstream(&shown, &size), .all = true };

	show_status(&show, json);
	fclose(show.out);
	json_decref(json);
	assert_non_null(strstr(shown, "             0  queue.lost\n"));
	free(shown);
}

static void test_colour(void **state)
{
	static const struct column columns[] = { { "a", false }, { "b", true } };
	struct table table;
	char *shown = NULL;
	size_t size;
	FILE *out = open_memstream(&shown, &size);

	table_init(&table, columns, ARRAY_SIZE(columns));
	table_add(&table, STYLE_GOOD, "%s", "xyz");
	table_add(&table, STYLE_NONE, "%d", 7);
	table_print(&table, 1, true, out);
	fclose(out);
	table_done(&table);
	assert_string_equal(shown, " \033[2ma\033[0m    \033[2mb\033[0m\n"
				   " \033[32mxyz\033[0m  7\n");
	free(shown);
}

static void test_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 1023, "1023" },
		{ 1024, "1.0K" },
		{ UINT64_C(1536) << 20, "1.5G" },
		{ UINT64_C(150) << 20, "150M" },
		{ UINT64_MAX, "max" },
	};
	char buffer[VALUE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(show_bytes(cases[i].bytes, buffer), cases[i].text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),	       cmocka_unit_test(test_empty_columns),
		cmocka_unit_test(test_group),	       cmocka_unit_test(test_status),
		cmocka_unit_test(test_strange_status), cmocka_unit_test(test_all_counters),
		cmocka_unit_test(test_colour),	       cmocka_unit_test(test_sizes),
	};

	setenv("TZ", "UTC", true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
