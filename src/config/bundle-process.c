// SPDX-License-Identifier: MIT
/*
 * What a bundle says of its process. A value of the wrong kind is a mistake, never passed over: a
 * user that is no number would be number 0.
 */
#include "config/bundle-internal.h"

#include "util/text.h"

#include <limits.h>

static int read_args(struct bundle_reading *reading, const json_t *value)
{
	size_t count = json_array_size(value);
	char **argv = calloc(count + 1, sizeof(char *));

	if (!argv)
		return error_oom(reading->err);
	reading->bundle->argv = argv;
	for (size_t i = 0; i < count; i++) {
		const char *word = json_string_value(json_array_get(value, i));

		if (!word)
			return bundle_expected(reading, "a list of texts");
		argv[i] = strdup(word);
		if (!argv[i])
			return error_oom(reading->err);
	}
	return count ? 0 : bundle_expected(reading, "a program");
}

static int read_cwd(struct bundle_reading *reading, const json_t *value)
{
	return bundle_text_as(reading, value, "chdir");
}

static int read_variable(struct bundle_reading *reading, const json_t *value)
{
	return bundle_text_as(reading, value, "env");
}

static int read_env(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_variable);
}

static int read_terminal(struct bundle_reading *reading, const json_t *value)
{
	return bundle_flag(reading, value, &reading->bundle->terminal);
}

static int read_no_new_privileges(struct bundle_reading *reading, const json_t *value)
{
	return bundle_flag_as(reading, value, "no-new-privs");
}

static int read_oom_score(struct bundle_reading *reading, const json_t *value)
{
	if (!json_is_integer(value))
		return bundle_expected(reading, "a whole number");
	return bundle_option(reading, "oom-score-adj", "%lld",
			     (long long)json_integer_value(value));
}

#define ID_MOST 4294967294LL

/* Numbers, joined by commas. */
static int read_group_list(struct bundle_reading *reading, const json_t *list)
{
	_cleanup_(text_done) struct text text = { 0 };

	if (list && !json_is_null(list) && !json_is_array(list))
		return bundle_expected(reading, "a list as additionalGids");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);

		/* What is no number must not become 0, which is root's. */
		if (!json_is_integer(entry) || json_integer_value(entry) < 0)
			return bundle_expected(reading, "a list of numbers as additionalGids");
		text_addf(&text, "%s%lld", i ? "," : "", (long long)json_integer_value(entry));
	}
	return bundle_option(reading, "groups", "%s", text.data ? text.data : "");
}

static int read_user(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "uid", NULL }, { "gid", NULL }, { "umask", NULL }, { "additionalGids", NULL }
	};
	const json_t *umask = json_object_get(value, "umask");
	long long uid, gid, mask;
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	if (r >= 0)
		r = bundle_number(reading, value, "uid", 0, ID_MOST, &uid);
	if (r >= 0)
		r = bundle_number(reading, value, "gid", 0, ID_MOST, &gid);
	if (r >= 0)
		r = bundle_number(reading, value, "umask", 0, 0777, &mask);
	if (r >= 0)
		r = bundle_option(reading, "user", "%lld:%lld", uid, gid);
	if (r >= 0)
		r = read_group_list(reading, json_object_get(value, "additionalGids"));
	if (r >= 0 && umask && !json_is_null(umask))
		r = bundle_option(reading, "umask", "%llo", (unsigned long long)mask);
	return r;
}

enum { LIMIT_TEXT = 24 };

static const char *limit_text(const json_t *value, char buffer[static LIMIT_TEXT])
{
	long long number = json_integer_value(value);

	if (number < 0)
		return "unlimited";
	snprintf(buffer, LIMIT_TEXT, "%lld", number);
	return buffer;
}

static int read_rlimit(struct bundle_reading *reading, const json_t *value)
{
	char texts[2][LIMIT_TEXT];
	const char *type = json_string_value(json_object_get(value, "type"));
	const json_t *soft = json_object_get(value, "soft"), *hard = json_object_get(value, "hard");
	char name[32];

	if (!type || strncmp(type, "RLIMIT_", 7) != 0 || strlen(type) > 24)
		return bundle_expected(reading, "a type such as \"RLIMIT_NOFILE\"");
	if (!json_is_integer(soft) || !json_is_integer(hard))
		return bundle_expected(reading, "a soft and a hard limit");
	snprintf(name, sizeof(name), "%s", type + 7);
	for (char *at = name; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return bundle_option(reading, "rlimit", "%s=%s:%s", name, limit_text(soft, texts[0]),
			     limit_text(hard, texts[1]));
}

static int read_rlimits(struct bundle_reading *reading, const json_t *value)
{
	return bundle_list(reading, value, read_rlimit);
}

/* What the program has is kept over its execution here, too; what it may only regain is not. */
static int read_capabilities(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "bounding", NULL },
						      { "effective", NULL },
						      { "permitted", NULL },
						      { "inheritable", NULL },
						      { "ambient", NULL } };
	const json_t *kept = json_object_get(value, "permitted");
	_cleanup_(text_done) struct text text = { 0 };
	int r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(kept); i++) {
		const char *name = json_string_value(json_array_get(kept, i));

		if (!name)
			return bundle_expected(reading, "lists of names");
		text_addf(&text, "%s%s", i ? "," : "", name);
	}
	r = bundle_option(reading, "capabilities", "%s", text.data ? text.data : "none");
	if (r >= 0 && !json_equal(kept, json_object_get(value, "bounding")))
		r = bundle_remark(reading, "all sets are the permitted one here");
	return r;
}

/* ---- scheduling ---- */

/* "SCHED_RR" as "rr", "IOPRIO_CLASS_BE" as "best-effort". */
struct word {
	const char *theirs, *ours;
	bool level;
};

static const struct word *find_word(struct bundle_reading *reading, const json_t *value,
				    const struct word *words, size_t count)
{
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < count; i++)
		if (streq(words[i].theirs, name))
			return &words[i];
	bundle_expected(reading, "a policy or class such as \"SCHED_BATCH\" or "
				 "\"IOPRIO_CLASS_BE\"");
	return NULL;
}

static int take_deadline(struct bundle_reading *reading, const json_t *value)
{
	long long runtime, deadline, period;
	int r = bundle_number(reading, value, "runtime", 0, LLONG_MAX, &runtime);

	if (r >= 0)
		r = bundle_number(reading, value, "deadline", 0, LLONG_MAX, &deadline);
	if (r >= 0)
		r = bundle_number(reading, value, "period", 0, LLONG_MAX, &period);
	return r < 0 ? r
		     : bundle_option(reading, "sched", "deadline:%lldns/%lldns/%lldns", runtime,
				     deadline, period);
}

static int read_scheduler(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "deadline", NULL }, { "flags", NULL, "flags of the scheduler are not set" },
		{ "nice", NULL },     { "period", NULL },
		{ "policy", NULL },   { "priority", NULL },
		{ "runtime", NULL },
	};
	static const struct word words[] = {
		{ "SCHED_BATCH", "batch", false }, { "SCHED_DEADLINE", "deadline", false },
		{ "SCHED_FIFO", "fifo", true },	   { "SCHED_IDLE", "idle", false },
		{ "SCHED_OTHER", "other", false }, { "SCHED_RR", "rr", true },
	};
	const struct word *word =
		find_word(reading, json_object_get(value, "policy"), words, ARRAY_SIZE(words));
	long long nice, priority;
	int r = word ? bundle_object(reading, value, fields, ARRAY_SIZE(fields)) : -EINVAL;

	if (r >= 0)
		r = bundle_number(reading, value, "nice", -20, 19, &nice);
	if (r >= 0)
		r = bundle_number(reading, value, "priority", 0, 99, &priority);
	if (r < 0)
		return r;
	if (streq(word->ours, "deadline"))
		r = take_deadline(reading, value);
	else if (word->level)
		r = bundle_option(reading, "sched", "%s:%lld", word->ours, priority);
	else
		r = bundle_option(reading, "sched", "%s", word->ours);
	return r < 0 || nice == 0 ? r : bundle_option(reading, "nice", "%lld", nice);
}

static int read_io_priority(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = { { "class", NULL }, { "priority", NULL } };
	static const struct word words[] = { { "IOPRIO_CLASS_BE", "best-effort", true },
					     { "IOPRIO_CLASS_IDLE", "idle", false },
					     { "IOPRIO_CLASS_RT", "realtime", true } };
	const struct word *word =
		find_word(reading, json_object_get(value, "class"), words, ARRAY_SIZE(words));
	long long priority;
	int r = word ? bundle_object(reading, value, fields, ARRAY_SIZE(fields)) : -EINVAL;

	if (r >= 0)
		r = bundle_number(reading, value, "priority", 0, 7, &priority);
	if (r < 0)
		return r;
	return word->level ? bundle_option(reading, "ionice", "%s:%lld", word->ours, priority)
			   : bundle_option(reading, "ionice", "%s", word->ours);
}

/* ---- the whole ---- */

int bundle_read_process(struct bundle_reading *reading, const json_t *value)
{
	static const struct bundle_field fields[] = {
		{ "apparmorProfile", NULL, "no AppArmor profile is set" },
		{ "args", read_args },
		{ "capabilities", read_capabilities },
		{ "consoleSize", NULL },
		{ "cwd", read_cwd },
		{ "env", read_env },
		/* Of processes that are added to a container. */
		{ "execCPUAffinity", NULL },
		{ "ioPriority", read_io_priority },
		{ "noNewPrivileges", read_no_new_privileges },
		{ "oomScoreAdj", read_oom_score },
		{ "rlimits", read_rlimits },
		{ "scheduler", read_scheduler },
		{ "selinuxLabel", NULL, "no SELinux label is set" },
		{ "terminal", read_terminal },
		{ "user", read_user },
	};
	int r = bundle_option(reading, "clear-env", "yes");

	if (r >= 0)
		r = bundle_object(reading, value, fields, ARRAY_SIZE(fields));
	/* Without a terminal it means nothing. */
	if (r >= 0 && reading->bundle->terminal && json_object_get(value, "consoleSize"))
		r = bundle_remark(reading, "consoleSize: the terminal has the size of ours");
	return r;
}
