// SPDX-License-Identifier: MIT
/* A policy is compiled, and what it says of some processes is compared: the index finds the rules
 * that match, the explanation tries each. Its tests are run, and its costs told. */
#include "config/load.h"
#include "rules/cost.h"
#include "rules/policy-test.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PROCESSES = 24, RULES_MOST = VERDICT_RULES };

struct matched {
	unsigned count;
	uint32_t rules[RULES_MOST];
};

static void keep(const struct explanation *explanation, void *userdata)
{
	struct matched *matched = userdata;

	if (explanation->matched && matched->count < RULES_MOST)
		matched->rules[matched->count++] = explanation->rule;
}

static struct slice one_of(const char *const *texts, size_t count, unsigned number)
{
	return slice_of(texts[number % count]);
}

/* Different in many ways from one number to the next. */
static void make_process(struct facts *facts, unsigned number)
{
	static const char *const programs[] = { "/usr/bin/make", "/opt/tool/bin/x", "/bin/sh" };
	static const char *const cgroups[] = { "/", "/user.slice/user-1000.slice", "/a/b" };
	static const char *const folders[] = { "/home/me/src", "/", "/tmp" };
	static const char argv[] = "make\0-j8\0--user=u1-x";

	*facts = (struct facts){
		.on = (enum occasion)(number % OCCASIONS),
		.has_file = number % OCCASIONS <= ON_OPEN,
		.known = number % 5 ? UINT32_MAX : number * UINT32_C(2654435761),
		.uid = number % 3 * 500,
		.euid = number % 2 * 1000,
		.gid = number % 7,
		.loginuid = number % 2 ? 1000 : UINT32_MAX,
		.tty = number % 2 ? 34819 : 0,
		.gids = { 27, 100, 1000 },
		.gid_count = number % 4,
		.exe = one_of(programs, ARRAY_SIZE(programs), number / 2),
		.comm = slice_of("make"),
		.cwd = one_of(folders, ARRAY_SIZE(folders), number),
		.argv = { argv, sizeof(argv) },
		.cgroup = one_of(cgroups, ARRAY_SIZE(cgroups), number),
		.group = number % 2 ? slice_of("build/link") : slice_of(""),
		.namespaces = { 1, 1, 1 + number % 2, 1, 1, 1, 1, 1 },
		.host_namespaces = { 1, 1, 1, 1, 1, 1, 1, 1 },
		.deleted = number % 2,
		.ancestors = { { 1, slice_of("/usr/bin/bash") }, { 1, slice_of("/sbin/init") } },
		.ancestor_count = number % 3,
		.time = UINT64_C(1711111111) + number * 7777,
	};
	if (number % 4 == 0) {
		facts->container_runtime = slice_of("docker");
		facts->container_id = slice_of("0123456789abcdef");
	}
	if (facts->has_file)
		facts->file = (struct file_key){ .ino = number,
						 .path = facts->exe.data,
						 .length = facts->exe.size };
	if (facts->on == ON_WRITE || facts->on == ON_READ)
		facts->occasions = OCCASION_BIT(facts->on) | OCCASION_BIT(ON_OPEN);
}

static void check_process(const struct ruleset *rules, unsigned number)
{
	struct matched matched = { .count = 0 };
	struct verdict verdict;
	struct facts facts;

	make_process(&facts, number);
	ruleset_explain(rules, &facts, keep, &matched);
	if (ruleset_judge(rules, &facts, &verdict) != (matched.count > 0))
		abort();
	if (verdict.count != matched.count ||
	    memcmp(verdict.rules, matched.rules, verdict.count * sizeof(verdict.rules[0])) != 0)
		abort();
	/* What is forgotten is not asked about again. */
	if (facts.has_file && !facts.occasions && verdict.count > 0 &&
	    ruleset_can_forget(rules, facts.on, &facts.file, true))
		abort();
}

static void ignore(const struct policy_test_failure *failure, void *userdata)
{
	if (!failure->message[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	_cleanup_(freep) struct rule_cost *costs = NULL;
	struct diagnostics diagnostics = { 0 };

	if (policy_parse("rules", (const char *)data, size, 0, &policy, &diagnostics) == 0 &&
	    ruleset_new_written(policy, &rules) == 0) {
		for (unsigned number = 0; number < PROCESSES; number++)
			check_process(rules, number);
		(void)policy_tests_run(policy, ignore, NULL);
		(void)ruleset_cost(policy, &costs);
	}
	diagnostics_done(&diagnostics);
	return 0;
}
