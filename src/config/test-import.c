// SPDX-License-Identifier: MIT
/*
 * Files of libcgroup written anew: to the character, and what comes out is a policy.
 * covers: import-groups.c
 */
#include "config/import.h"

#include "config/test-policy.h"

#include "test/unit.h"

/* What becomes of the files in a folder, "HERE" in place of its path; the text has to be a policy.
 */
static void imports(const char *rules, const char *config, const char *expected,
		    const char *expected_told)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(parsed_done) struct parsed parsed = { 0 };
	_cleanup_(text_done) struct text text = { 0 }, shown = { 0 };
	_cleanup_(freep) char *said = NULL;
	const char *at;
	int r;

	unit_write(folder, "cgrules.conf", rules);
	if (config)
		unit_write(folder, "cgconfig.conf", config);
	r = policy_import((const char *const[]){ folder }, 1, NULL, &text, &diagnostics);
	said = told(&diagnostics);
	assert_string_equal(said, expected_told);
	assert_int_equal(r, diagnostics.errors > 0 ? -EINVAL : 0);
	for (at = text.data; strstr(at, folder); at = strstr(at, folder) + strlen(folder)) {
		text_add_bytes(&shown, at, (size_t)(strstr(at, folder) - at));
		text_add(&shown, "HERE");
	}
	text_add(&shown, at);
	assert_string_equal(shown.data, expected);
	parsed = parse(text.data);
	assert_int_equal(parsed.result, 0);
}

#define ON     "    on: [execute, setuid, setgid]\n"
#define HOST   "    container: host\n"
#define STOP   "    stop: true\n"
#define YIELDS "    yields: true\n"
#define HEADER "rules:\n  # HERE/cgrules.conf\n"

static void rules_with_comments(void **state)
{
	imports("# first\n#\nroot:cp cpu,memory x/%u/%p # why\n% pids y #and this\n\n  # before "
		"\xe4\n"
		"@root * z\n# end",
		NULL,
		HEADER "  # first\n  #\n"
		       "  - name: \"root:cp\"  # why; and this\n" ON "    euid: root\n"
		       "    program: cp\n" HOST
		       "    place: [\"cpu,memory:/x/%u/%n\", \"pids:/y\"]\n" STOP
		       "  # before \xc3\xa4\n"
		       "  - name: \"@root\"\n" ON "    member_of: root\n" HOST
		       "    place: \"*:/z\"\n" YIELDS STOP "  # end\n",
		"");
	imports("", NULL, HEADER "  []\n", "");
	imports("* cpu \"a\\\\ b\" \n* cpu c ignore", NULL,
		HEADER "  - name: \"*\"\n" ON HOST "    place: \"cpu:/a\\\\ b\"\n" YIELDS STOP
		       "  - name: \"* (HERE/cgrules.conf:2)\"\n" ON HOST
		       "    realtime: false\n    cgroup: \"/c*\"\n" STOP,
		"");
}

static void groups(void **state)
{
	imports("",
		"# the students\ngroup students {\n  cpu { cpu.shares = 512; cpu.rt_runtime_us = "
		"100; }\n"
		"  memory { memory.limit_in_bytes = 2G; }\n}\n# more\ngroup a/b { cpu {\n"
		"  cpu.cfs_quota_us = 50000; cpu.cfs_period_us = 100000; } cpuset { cpuset.cpus = "
		"\"0-1\"; } }\n"
		"group students { pids { pids.max = 100; } }\n"
		"group c { cpu { cpu.cfs_quota_us = -1; cpu.shares = 1; } freezer { freezer.state "
		"= THAWED; } }\n"
		"group d { cpu { } }\n",
		HEADER "  []\ngroups:\n  # the students\n  students:\n    cpu_weight: 50\n"
		       "    ram: 2G\n    pids: 100\n    raw:\n      cpu.rt_runtime_us: \"100\"\n"
		       "  # more\n  a/b:\n    cpu: \"0.5 cores\"\n    cpu_period: 100000us\n"
		       "    cpus: \"0-1\"\n  c:\n    cpu: max\n    cpu_weight: 1\n  d:\n    {}\n",
		"");
}

static void what_is_left(void **state)
{
	imports("* cpu x",
		"mount { cpu = /mnt/cpu; }\ngroup . { cpu { cpu.shares = 1; } }\n"
		"group g { perm { task { } admin { } } cpu { cpu.shares = x; } }\n"
		"template t/%u { cpu { } }\ndefault { perm { task { } admin { } } }\n"
		"systemd { slice = a.slice; }\n",
		HEADER
		"  - name: \"*\"\n" ON HOST "    place: \"cpu:/x\"\n" YIELDS STOP
		"groups:\n  # not carried over, line 2: settings of the root group\n  g:\n"
		"    # not carried over, line 3: who owns its files; those of reeve's groups are "
		"root's\n    # not carried over, line 3: cpu.shares = x: no key of reeve's can "
		"say that\n    {}\n"
		"# not carried over, line 1: the mount of cpu at /mnt/cpu; reeve uses what is "
		"mounted\n"
		"# not carried over, line 4: template t/%u; groups that \"place\" makes have the "
		"kernel's defaults\n"
		"# not carried over, line 5: whom groups belong to by default\n"
		"# not carried over, line 6: what systemd is asked for\n",
		"2:7 warning: not carried over: settings of the root group\n"
		"3:11 warning: not carried over: who owns its files; those of reeve's groups are "
		"root's\n"
		"3:45 warning: not carried over: cpu.shares = x: no key of reeve's can say that\n"
		"1:9 warning: not carried over: the mount of cpu at /mnt/cpu; reeve uses what is "
		"mounted\n"
		"4:10 warning: not carried over: template t/%u; groups that \"place\" makes have "
		"the "
		"kernel's defaults\n"
		"5:11 warning: not carried over: whom groups belong to by default\n"
		"6:1 warning: not carried over: what systemd is asked for\n");
}

static void mistakes(void **state)
{
	imports("root cpu\n* cpu x\n", NULL,
		HEADER "  - name: \"*\"\n" ON HOST "    place: \"cpu:/x\"\n" YIELDS STOP,
		"1:9 error: the rule has no destination (the fields are: user[:program] "
		"controllers "
		"destination [options])\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_with_comments),
		cmocka_unit_test(groups),
		cmocka_unit_test(what_is_left),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
