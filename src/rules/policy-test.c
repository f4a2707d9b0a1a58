// SPDX-License-Identifier: MIT
/*
 * A test becomes facts, which are judged by a ruleset of the policy's own paths. Tests are few and
 * run when a human asks: what is written is for clear messages, not for speed.
 *
 * long: one struct run from a test's words to the sentence about it
 */
#include "rules/policy-test.h"

#include "model/container.h"
#include "rules/condition.h"
#include "rules/ruleset.h"
#include "util/fields.h"
#include "util/units.h"

#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <sys/sysmacros.h>
#include <time.h>

enum { NOBODY = -2, TEXT_ROOM = 4096 };

#define PART(part) (UINT32_C(1) << (part))

struct run {
	const struct policy *policy;
	const struct ruleset *rules;
	void (*told)(const struct policy_test_failure *failure, void *userdata);
	void *userdata;
	const struct policy_test *test;
	struct facts facts;
	struct verdict verdict;
	struct container container; /* that the cgroup names */
	struct text argv;
	char user_name[256], group_name[256], number[24];
	unsigned failures; /* of this test */
};

static void _printf_(2, 3) fail(struct run *run, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	run->failures++;
	run->told(&(struct policy_test_failure){ .test = run->test,
						 .at = run->test->at,
						 .message = message },
		  run->userdata);
}

/* ---- facts ---- */

#define IDS (PART(FACT_EFFECTIVE) | PART(FACT_IDS) | PART(FACT_LOGIN))

static void know(struct run *run, enum fact_part part)
{
	run->facts.known |= PART(part);
}

static void give_group(struct run *run, gid_t gid)
{
	struct facts *facts = &run->facts;

	know(run, FACT_GROUPS);
	if (facts->gid_count < FACT_GROUPS_MOST)
		facts->gids[facts->gid_count++] = gid;
}

static bool find_user(struct run *run, const char *text, struct passwd **ret_user, uid_t *ret_uid)
{
	uint64_t number;

	*ret_user = getpwnam(text);
	if (*ret_user) {
		*ret_uid = (*ret_user)->pw_uid;
		return true;
	}
	if (parse_u64(text, &number) == 0 && number < UINT32_MAX) {
		*ret_user = getpwuid((uid_t)number);
		*ret_uid = (uid_t)number;
		return true;
	}
	fail(run, "there is no user \"%.80s\" on this host: give a number", text);
	return false;
}

/* Who a user is says which groups he is in, where the host knows him. */
static bool give_user(struct run *run, const char *text)
{
	struct facts *facts = &run->facts;
	gid_t groups[FACT_GROUPS_MOST];
	int count = FACT_GROUPS_MOST;
	struct passwd *user;

	if (!find_user(run, text, &user, &facts->uid))
		return false;
	facts->euid = facts->uid;
	if (!user)
		return true;
	facts->gid = facts->egid = user->pw_gid;
	if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		count = FACT_GROUPS_MOST;
	for (int i = 0; i < count; i++)
		give_group(run, groups[i]);
	return true;
}

static bool find_group(struct run *run, const char *text, gid_t *ret_gid)
{
	const struct group *group = getgrnam(text);
	uint64_t number = 0;

	if (!group && parse_u64(text, &number) != 0) {
		fail(run, "there is no group \"%.80s\" on this host: give a number", text);
		return false;
	}
	*ret_gid = group ? group->gr_gid : (gid_t)number;
	return true;
}

static bool give_unix_group(struct run *run, const char *text)
{
	gid_t gid;

	if (!find_group(run, text, &gid))
		return false;
	give_group(run, gid);
	return true;
}

static bool give_tty(struct run *run, const char *text)
{
	unsigned number;

	if (streq(text, "none"))
		run->facts.tty = 0;
	else if (sscanf(text, "pts/%u", &number) == 1)
		run->facts.tty = (uint32_t)makedev(136 + number / 256 % 8, number % 256);
	else if (sscanf(text, "ttyS%u", &number) == 1)
		run->facts.tty = (uint32_t)makedev(4, 64 + number % 192);
	else if (sscanf(text, "tty%u", &number) == 1)
		run->facts.tty = (uint32_t)makedev(4, number % 64);
	else if (streq(text, "console"))
		run->facts.tty = (uint32_t)makedev(5, 1);
	else {
		fail(run, "\"%.80s\" is no terminal: write pts/3, tty1, ttyS0, console or none",
		     text);
		return false;
	}
	return true;
}

/* "host", "docker:0123...", "pod:UID", or a runtime alone. */
static void give_container(struct run *run, char *text)
{
	const char *colon = strchr(text, ':');
	struct facts *facts = &run->facts;

	if (streq(text, "host"))
		return;
	if (colon && strncmp(text, "pod:", 4) == 0) {
		facts->pod = slice_of(colon + 1);
		if (facts->container_runtime.size == 0)
			facts->container_runtime = slice_of("pod");
		return;
	}
	facts->container_runtime =
		colon ? (struct slice){ text, (size_t)(colon - text) } : slice_of(text);
	if (colon)
		facts->container_id = slice_of(colon + 1);
}

static bool give_namespace(struct run *run, const char *text)
{
	struct namespace_word word;

	if (!namespace_parse(text, &word)) {
		fail(run, "\"%.80s\" is no namespace: write net:other, mnt:host, ...", text);
		return false;
	}
	run->facts.namespaces[word.kind] = word.what == NAMESPACE_NUMBER  ? word.number
					   : word.what == NAMESPACE_OTHER ? 2
									  : 1;
	return true;
}

static void give_ancestor(struct run *run, char *text)
{
	struct facts *facts = &run->facts;

	if (facts->ancestor_count < FACT_ANCESTORS_MOST)
		facts->ancestors[facts->ancestor_count++].exe = slice_of(text);
}

static bool give_ids(struct run *run, enum condition_kind kind, char *text)
{
	struct facts *facts = &run->facts;
	struct passwd *user;

	run->facts.known |= IDS;
	switch (kind) {
	case CONDITION_UID:
	case CONDITION_USER:
		return give_user(run, text);
	case CONDITION_EUID:
		return find_user(run, text, &user, &facts->euid);
	case CONDITION_LOGINUID:
		if (streq(text, "unset"))
			return true;
		return find_user(run, text, &user, &facts->loginuid);
	default:
		return give_tty(run, text);
	}
}

static bool give(struct run *run, enum condition_kind kind, char *text)
{
	struct facts *facts = &run->facts;

	switch (kind) {
	case CONDITION_UNIX_GROUP:
		return give_unix_group(run, text);
	case CONDITION_MEMBER_OF:
		facts->known |= IDS;
		return find_group(run, text, &facts->egid);
	case CONDITION_MEMFD:
		facts->memfd = streq(text, "true");
		return true;
	case CONDITION_DELETED:
		facts->deleted = streq(text, "true");
		return true;
	case CONDITION_SETUID_PROGRAM:
		facts->setuid_program = streq(text, "true");
		return true;
	case CONDITION_REALTIME:
		facts->realtime = streq(text, "true");
		return true;
	case CONDITION_COMM:
		facts->comm = slice_of(text);
		know(run, FACT_COMM);
		return true;
	case CONDITION_EXE:
	case CONDITION_PROGRAM:
		facts->exe = slice_of(text);
		know(run, FACT_EXE);
		return true;
	case CONDITION_CGROUP:
		facts->cgroup = slice_of(text);
		return true;
	case CONDITION_GROUP_IN:
		facts->group = slice_of(text);
		return true;
	case CONDITION_CONTAINER:
		give_container(run, text);
		return true;
	case CONDITION_NAMESPACE:
		return give_namespace(run, text);
	case CONDITION_SCRIPT:
		facts->script = slice_of(text);
		return true;
	case CONDITION_INTERPRETER:
		facts->interpreter = slice_of(text);
		return true;
	case CONDITION_CWD:
		facts->cwd = slice_of(text);
		know(run, FACT_CWD);
		return true;
	case CONDITION_PARENT:
	case CONDITION_ANCESTOR:
		return true; /* in their own order */
	default:
		return give_ids(run, kind, text);
	}
}

/* The zone counts as it was at that time. */
static void give_time(struct run *run)
{
	time_t now = run->test->time ? (time_t)run->test->time : time(NULL);
	struct tm local;

	run->facts.time = (uint64_t)now;
	if (localtime_r(&now, &local))
		run->facts.utc_offset = (int32_t)local.tm_gmtoff;
	know(run, FACT_TIME);
}

static void give_arguments(struct run *run)
{
	text_init(&run->argv);
	for (char **arg = run->test->args; arg && *arg; arg++)
		text_add_bytes(&run->argv, *arg, strlen(*arg) + 1);
	run->facts.argv = (struct slice){ run->argv.data, run->argv.size };
	if (run->test->args)
		know(run, FACT_ARGUMENTS);
}

/* What follows from what is given. */
static void derive(struct run *run)
{
	struct facts *facts = &run->facts;

	if (facts->has_file && facts->on == ON_EXECUTE && !(facts->known & PART(FACT_EXE))) {
		facts->exe = slice_of(run->test->path);
		know(run, FACT_EXE);
	}
	if ((facts->known & PART(FACT_EXE)) && !(facts->known & PART(FACT_COMM))) {
		facts->comm = slice_last_part(facts->exe);
		facts->comm.size = MIN(facts->comm.size, (size_t)15);
		know(run, FACT_COMM);
	}
	if (facts->container_runtime.size == 0 &&
	    container_of_path(facts->cgroup, &run->container)) {
		facts->container_runtime = run->container.runtime;
		facts->container_id = run->container.id;
		facts->pod = run->container.pod;
	}
}

static bool make_facts(struct run *run)
{
	const struct policy_test *test = run->test;
	struct facts *facts = &run->facts;
	bool good = true;

	*facts = (struct facts){
		.on = test->on,
		.has_file = test->path != NULL,
		.uid = (uid_t)NOBODY,
		.euid = (uid_t)NOBODY,
		.gid = (gid_t)NOBODY,
		.egid = (gid_t)NOBODY,
		.loginuid = UINT32_MAX,
		.cgroup = { "/", 1 },
		.known = PART(FACT_CGROUP) | PART(FACT_NAMESPACES) | PART(FACT_SCRIPT) |
			 PART(FACT_ANCESTORS) | PART(FACT_FILE_FLAGS) | PART(FACT_SCHEDULING),
	};
	/* Whoever opens a file for reading or writing opens it. */
	if (OCCASION_BIT(test->on) & OCCASIONS_OF_FILES)
		facts->occasions = OCCASION_BIT(test->on) | OCCASION_BIT(ON_OPEN);
	if (test->path)
		facts->file = (struct file_key){ .path = test->path, .length = strlen(test->path) };
	for (size_t i = 0; i < FACT_NAMESPACE_KINDS; i++)
		facts->namespaces[i] = facts->host_namespaces[i] = 1;
	for (size_t i = 0; i < test->given_count; i++)
		if (test->given[i].kind == CONDITION_PARENT)
			give_ancestor(run, test->given[i].text);
	for (size_t i = 0; i < test->given_count; i++)
		if (test->given[i].kind == CONDITION_ANCESTOR)
			give_ancestor(run, test->given[i].text);
	for (size_t i = 0; i < test->given_count; i++)
		good &= give(run, test->given[i].kind, test->given[i].text);
	give_arguments(run);
	give_time(run);
	derive(run);
	return good;
}

/* ---- what is expected ---- */

static const char *rule_name(const struct run *run, size_t number)
{
	return run->policy->rules[number].name;
}

static struct slice number_text(struct run *run, uint32_t number)
{
	snprintf(run->number, sizeof(run->number), "%u", number);
	return slice_of(run->number);
}

static struct slice user_text(struct run *run)
{
	const struct passwd *user = getpwuid(run->facts.uid);

	if (!user)
		return number_text(run, run->facts.uid);
	snprintf(run->user_name, sizeof(run->user_name), "%s", user->pw_name);
	return slice_of(run->user_name);
}

static struct slice group_text(struct run *run)
{
	const struct group *group = getgrgid(run->facts.gid);

	if (!group)
		return number_text(run, run->facts.gid);
	snprintf(run->group_name, sizeof(run->group_name), "%s", group->gr_name);
	return slice_of(run->group_name);
}

static struct slice field_value(char letter, void *userdata)
{
	struct run *run = userdata;
	bool ids = run->facts.known & PART(FACT_IDS);

	switch (letter) {
	case 'u':
		return ids ? user_text(run) : slice_of("");
	case 'U':
		return ids ? number_text(run, run->facts.uid) : slice_of("");
	case 'g':
		return ids ? group_text(run) : slice_of("");
	case 'G':
		return ids ? number_text(run, run->facts.gid) : slice_of("");
	case 'e':
		return run->facts.exe;
	case 'n':
		return slice_last_part(run->facts.exe);
	case 'c':
		return run->facts.container_id;
	case 'r':
		return slice_of(rule_name(run, (size_t)run->verdict.group_rule));
	}
	return slice_of("");
}

/* The name of the group that the verdict says, "" for none. */
static void name_group(struct run *run, char *buffer, size_t size)
{
	const struct verdict *verdict = &run->verdict;
	const struct policy_rule *rule;

	*buffer = '\0';
	if (verdict->group_rule == POLICY_NONE)
		return;
	if (verdict->group != POLICY_NONE) {
		snprintf(buffer, size, "%s", run->policy->groups[verdict->group].name);
		return;
	}
	rule = &run->policy->rules[verdict->group_rule];
	for (size_t i = 0; i < rule->effect_count; i++)
		if (rule->effects[i].kind == EFFECT_GROUP && rule->effects[i].group.template &&
		    fields_expand_into(rule->effects[i].group.template, field_value, run, buffer,
				       size) < 0)
			snprintf(buffer, size, "%s", rule->effects[i].group.template);
}

static void check_group(struct run *run)
{
	const char *expected = run->test->group;
	char group[TEXT_ROOM];

	if (!expected)
		return;
	name_group(run, group, sizeof(group));
	if (streq(group, expected))
		return;
	if (!*group)
		fail(run, "it should be put into \"%s\", and is put into no group", expected);
	else
		fail(run, "it should be put into %s%s%s, and rule \"%s\" puts it into \"%s\"",
		     *expected ? "\"" : "", *expected ? expected : "no group",
		     *expected ? "\"" : "", rule_name(run, (size_t)run->verdict.group_rule), group);
}

static bool has_matched(const struct run *run, size_t number)
{
	for (unsigned i = 0; i < run->verdict.count; i++)
		if (run->verdict.rules[i] == number)
			return true;
	return false;
}

static bool is_expected(const struct run *run, const char *name)
{
	for (char **rule = run->test->rules; *rule; rule++)
		if (streq(*rule, name))
			return true;
	return false;
}

static void check_rules(struct run *run)
{
	if (!run->test->rules)
		return;
	for (char **name = run->test->rules; *name; name++) {
		size_t number = 0;

		while (number < run->policy->rule_count && !streq(rule_name(run, number), *name))
			number++;
		if (number == run->policy->rule_count)
			fail(run, "it expects rule \"%.80s\", and there is none", *name);
		else if (!has_matched(run, number))
			fail(run, "rule \"%.80s\" should match, and does not", *name);
	}
	for (unsigned i = 0; i < run->verdict.count; i++)
		if (!is_expected(run, rule_name(run, run->verdict.rules[i])))
			fail(run, "rule \"%.80s\" should not match, and does",
			     rule_name(run, run->verdict.rules[i]));
}

/* The first rule that matches, is no dry run, and has that effect; -1: none. */
static int rule_with(const struct run *run, enum effect_kind kind)
{
	for (unsigned i = 0; i < run->verdict.count; i++) {
		const struct policy_rule *rule = &run->policy->rules[run->verdict.rules[i]];

		if (rule->dry_run && !run->policy->dry_run)
			continue;
		for (size_t j = 0; j < rule->effect_count; j++)
			if (rule->effects[j].kind == kind)
				return (int)run->verdict.rules[i];
	}
	return -1;
}

static void check_effect(struct run *run, int8_t expected, enum effect_kind kind, const char *done)
{
	int rule = rule_with(run, kind);

	if (expected == 1 && rule < 0)
		fail(run, "it should be %s, and is not", done);
	else if (expected == 0 && rule >= 0)
		fail(run, "it should not be %s, and rule \"%.80s\" does so", done,
		     rule_name(run, (size_t)rule));
}

/* A rule that could not be decided may be all that is wrong with a test that failed. */
static void tell_unknown(const struct explanation *explanation, void *userdata)
{
	struct run *run = userdata;

	if (explanation->unknown && explanation->failed)
		fail(run, "rule \"%.80s\" asks for \"%s\", which the test does not give",
		     rule_name(run, explanation->rule), condition_name(explanation->failed->kind));
}

static void run_test(struct run *run)
{
	if (!make_facts(run))
		return;
	ruleset_judge(run->rules, &run->facts, &run->verdict);
	check_group(run);
	check_rules(run);
	check_effect(run, run->test->kill, EFFECT_KILL, "killed");
	check_effect(run, run->test->deny, EFFECT_DENY, "denied");
	if (run->failures > 0)
		ruleset_explain(run->rules, &run->facts, tell_unknown, run);
}

int policy_tests_run(const struct policy *policy,
		     void (*told)(const struct policy_test_failure *failure, void *userdata),
		     void *userdata)
{
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	_cleanup_(freep) struct run *run = calloc(1, sizeof(*run));
	int failed = 0, r = ruleset_new_written(policy, &rules);

	if (r < 0 || !run)
		return r < 0 ? r : -ENOMEM;
	for (size_t i = 0; i < policy->test_count; i++) {
		*run = (struct run){ .policy = policy,
				     .rules = rules,
				     .told = told,
				     .userdata = userdata,
				     .test = &policy->tests[i] };
		run_test(run);
		r = run->argv.failed ? -ENOMEM : 0;
		text_done(&run->argv);
		if (r < 0)
			return r;
		failed += run->failures > 0;
	}
	return failed;
}

int policy_test_explain(const struct ruleset *ruleset, const struct policy_test *test,
			const struct file_key *file,
			void (*told)(const struct explanation *explanation, void *userdata),
			void (*failed)(const struct policy_test_failure *failure, void *userdata),
			void *userdata)
{
	_cleanup_(freep) struct run *run = calloc(1, sizeof(*run));
	int r = 0;

	if (!run)
		return -ENOMEM;
	*run = (struct run){ .policy = ruleset_policy(ruleset),
			     .rules = ruleset,
			     .told = failed,
			     .userdata = userdata,
			     .test = test };
	if (!make_facts(run) || run->failures > 0)
		r = -EINVAL;
	else if (run->argv.failed)
		r = -ENOMEM;
	if (r == 0 && file) {
		run->facts.file.dev = file->dev;
		run->facts.file.ino = file->ino;
	}
	if (r == 0)
		ruleset_explain(ruleset, &run->facts, told, userdata);
	text_done(&run->argv);
	return r;
}
