// SPDX-License-Identifier: MIT
/*
 * reeve explain: a policy put to one process, real or imagined, rule by rule. It reads and does
 * nothing. A real process is described by words as the command line would give them, so that both
 * are judged by the same code.
 */
#include "cli/commands.h"

#include "cli/output.h"
#include "cli/show-rule.h"
#include "config/load.h"
#include "config/rule.h"
#include "core/engine.h"
#include "core/resolve.h"
#include "rules/policy-test.h"
#include "util/fd.h"
#include "util/proc-text.h"
#include "util/units.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum { GIVEN_MOST = 96, ANCESTORS_MOST = 64, PROC_SIZE = 1 << 20 };

struct explain {
	const struct cli *cli;
	const struct host *host;
	const struct policy *policy;
	struct policy_test test;
	char **strings; /* owned, behind the test's texts */
	size_t string_count;
	char **args;
	json_t *list; /* with --json */
	struct table table;
	bool any; /* a rule matched */
};

/* ---- describing the process ---- */

static char *keep(struct explain *explain, char *string)
{
	char **larger;

	if (!string)
		return NULL;
	larger = reallocarray(explain->strings, explain->string_count + 1, sizeof(*larger));
	if (!larger) {
		free(string);
		return NULL;
	}
	explain->strings = larger;
	larger[explain->string_count++] = string;
	return string;
}

static void give(struct explain *explain, enum condition_kind kind, const char *text)
{
	char *copy = explain->test.given_count < GIVEN_MOST ? keep(explain, strdup(text)) : NULL;

	if (!copy)
		return;
	explain->test.given[explain->test.given_count].kind = kind;
	explain->test.given[explain->test.given_count++].text = copy;
}

static char *read_link(const struct host *host, pid_t pid, const char *name)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/%s", pid, name);
	n = readlinkat(host->proc_fd, path, target, sizeof(target) - 1);
	return n < 0 ? NULL : strndup(target, (size_t)n);
}

static int read_text(const struct host *host, pid_t pid, const char *name, char **ret_text,
		     size_t *ret_size)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", pid, name);
	return file_read_at(host->proc_fd, path, PROC_SIZE, ret_text, ret_size);
}

static void give_number(struct explain *explain, enum condition_kind kind, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	give(explain, kind, text);
}

static void give_link(struct explain *explain, pid_t pid, const char *name,
		      enum condition_kind kind)
{
	_cleanup_(freep) char *target = read_link(explain->host, pid, name);

	if (target)
		give(explain, kind, target);
}

/* Parent first. */
static void give_ancestors(struct explain *explain, uint32_t pid)
{
	for (unsigned i = 0; i < ANCESTORS_MOST && pid > 0; i++) {
		char text[PROC_STAT_SIZE];
		struct proc_stat stat;

		give_link(explain, (pid_t)pid, "exe",
			  i == 0 ? CONDITION_PARENT : CONDITION_ANCESTOR);
		if (proc_stat_read(explain->host->proc_fd, (pid_t)pid, text, &stat) < 0)
			return;
		pid = stat.ppid;
	}
}

static void give_identity(struct explain *explain, pid_t pid)
{
	_cleanup_(freep) char *text = NULL, *login = NULL;
	struct proc_status status;
	size_t size;

	if (read_text(explain->host, pid, "status", &text, &size) >= 0) {
		proc_status_parse((struct slice){ text, size }, &status);
		if (status.known & PROC_STATUS_UID) {
			give_number(explain, CONDITION_UID, status.uid);
			give_number(explain, CONDITION_EUID, status.euid);
		}
		if (status.known & PROC_STATUS_GID)
			give_number(explain, CONDITION_UNIX_GROUP, status.gid);
	}
	if (read_text(explain->host, pid, "loginuid", &login, &size) >= 0)
		give(explain, CONDITION_LOGINUID, streq(login, "4294967295") ? "unset" : login);
}

static void give_cgroup(struct explain *explain, pid_t pid)
{
	_cleanup_(freep) char *text = NULL, *list = NULL;
	struct slice v2;
	size_t size;

	if (read_text(explain->host, pid, "cgroup", &text, &size) < 0)
		return;
	list = malloc(size + 1);
	if (!list)
		return;
	(void)proc_cgroup_parse((struct slice){ text, size }, &v2, list);
	if (v2.data) {
		_cleanup_(freep) char *path = strndup(v2.data, v2.size);

		if (path)
			give(explain, CONDITION_CGROUP, path);
	}
}

static int give_arguments(struct explain *explain, pid_t pid)
{
	_cleanup_(freep) char *text = NULL;
	size_t size, count = 0;

	if (read_text(explain->host, pid, "cmdline", &text, &size) < 0)
		return 0;
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		count++;
	explain->args = calloc(count + 1, sizeof(*explain->args));
	if (!explain->args)
		return -ENOMEM;
	count = 0;
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		explain->args[count++] = keep(explain, strdup(text + at));
	explain->test.args = explain->args;
	return 0;
}

/* What runs now, as if it did on that occasion what the command line says. */
static int describe_process(struct explain *explain, const char *word, struct error *err)
{
	_cleanup_(freep) char *comm = NULL;
	char text[PROC_STAT_SIZE];
	struct proc_stat stat;
	uint64_t number;
	pid_t pid;

	if (parse_u64(word, &number) < 0 || number == 0 || number > INT32_MAX)
		return error_set(err, -EINVAL, "--pid \"%s\" is no process id", word);
	pid = (pid_t)number;
	if (proc_stat_read(explain->host->proc_fd, pid, text, &stat) < 0)
		return error_set(err, -ESRCH, "there is no process %d", pid);
	give_link(explain, pid, "exe", CONDITION_EXE);
	comm = strndup(stat.comm.data, stat.comm.size);
	if (comm)
		give(explain, CONDITION_COMM, comm);
	give_identity(explain, pid);
	give_link(explain, pid, "cwd", CONDITION_CWD);
	give_cgroup(explain, pid);
	give_ancestors(explain, stat.ppid);
	return give_arguments(explain, pid) < 0 ? error_oom(err) : 0;
}

static int describe_words(struct explain *explain, struct error *err)
{
	const struct cli *cli = explain->cli;

	for (int kind = 0; kind < CONDITIONS; kind++)
		for (size_t i = 0; i < cli->given[kind].count; i++)
			give(explain, (enum condition_kind)kind, cli->given[kind].values[i]);
	if (cli->args.count == 0)
		return 0;
	free(explain->args);
	explain->args = calloc(cli->args.count + 2, sizeof(*explain->args));
	if (!explain->args)
		return error_oom(err);
	explain->args[0] = keep(explain, strdup("program"));
	for (size_t i = 0; i < cli->args.count; i++)
		explain->args[i + 1] = keep(explain, strdup(cli->args.values[i]));
	explain->test.args = explain->args;
	return 0;
}

static const char *given(const struct explain *explain, enum condition_kind kind)
{
	for (size_t i = explain->test.given_count; i-- > 0;)
		if (explain->test.given[i].kind == kind)
			return explain->test.given[i].text;
	return NULL;
}

static int describe(struct explain *explain, struct error *err)
{
	const struct cli *cli = explain->cli;
	int on = cli->on ? occasion_of_name(cli->on) : cli->file ? ON_READ : ON_EXECUTE;
	int r = 0;

	if (on < 0)
		return error_set(err, -EINVAL, "--on %s is no occasion (execute, read, write, ...)",
				 cli->on);
	explain->test.on = (enum occasion)on;
	explain->test.name = keep(explain, strdup("explain"));
	if (cli->pid)
		r = describe_process(explain, cli->pid, err);
	if (r >= 0)
		r = describe_words(explain, err);
	if (r < 0)
		return r;
	if (OCCASION_BIT(on) & OCCASIONS_OF_FILES) {
		if (!cli->file)
			return error_set(err, -EINVAL,
					 "--on %s needs --file, which is what is opened",
					 occasion_names[on]);
		explain->test.path = keep(explain, strdup(cli->file));
	} else if (on == ON_EXECUTE && given(explain, CONDITION_EXE)) {
		explain->test.path = keep(explain, strdup(given(explain, CONDITION_EXE)));
	}
	if (on == ON_EXECUTE && !explain->test.path)
		return error_set(err, -EINVAL, "say what is executed by --exe, or --pid");
	return 0;
}

/* ---- judging ---- */

static const char *why(const struct explanation *e, char **ret_owned)
{
	*ret_owned = NULL;
	if (e->matched)
		return "";
	if (e->not_tried)
		return "a rule before it said stop";
	if (e->not_on)
		return "it is about other occasions";
	if (e->file_differs)
		return "none of its paths names the file";
	if (e->failed)
		*ret_owned = rule_condition(e->failed);
	return *ret_owned ? *ret_owned : "a condition does not hold";
}

static void on_rule(const struct explanation *e, void *userdata)
{
	struct explain *explain = userdata;
	const struct policy_rule *rule = &explain->policy->rules[e->rule];
	_cleanup_(freep) char *owned = NULL, *effects = NULL;
	const char *reason = why(e, &owned), *prefix = "";

	if (e->failed)
		prefix = e->unknown ? "not known: " : "does not hold: ";
	explain->any |= e->matched;
	effects = rule_effects(explain->policy, rule);
	if (explain->list) {
		json_array_append_new(explain->list,
				      json_pack("{s:s, s:b, s:s?, s:b, s:s?}", "rule", rule->name,
						"matches", e->matched, "because",
						e->matched ? NULL : reason, "unknown", e->unknown,
						"does", e->matched ? effects : NULL));
		return;
	}
	table_add_text(&explain->table, STYLE_NONE, rule->name);
	table_add(&explain->table, e->matched ? STYLE_GOOD : STYLE_FAINT, "%s",
		  e->matched ? "matches" : "no");
	table_add(&explain->table, STYLE_NONE, "%s%s", e->matched ? "" : prefix,
		  e->matched ? (effects ? effects : "?") : reason);
}

static void on_mistake(const struct policy_test_failure *failure, void *userdata)
{
	const struct explain *explain = userdata;

	cli_say(explain->cli, "explain: %s", failure->message);
}

static int judge(struct explain *explain, struct error *err)
{
	_cleanup_(resolver_freep) struct resolver *resolver = NULL;
	_cleanup_(ruleset_freep) struct ruleset *rules = NULL;
	struct file_key file = { 0 };
	struct targets targets = { 0 };
	struct stat st;
	int r = resolver_new(NULL, NULL, NULL, &resolver, err);

	if (r >= 0 && resolver_resolve(resolver, explain->policy, &targets) < 0)
		r = error_oom(err);
	if (r >= 0) {
		r = ruleset_new(explain->policy, targets.items, targets.count, &rules);
		r = r < 0 ? error_set_errno(err, r, "cannot compile the rules") : r;
	}
	if (r >= 0) {
		bool there = explain->test.path && stat(explain->test.path, &st) == 0;

		if (there)
			file = (struct file_key){ .dev = st.st_dev, .ino = st.st_ino };
		r = policy_test_explain(rules, &explain->test, there ? &file : NULL, on_rule,
					on_mistake, explain);
		r = r < 0 ? error_set_errno(err, r, "cannot explain it") : r;
	}
	/* They borrow from the targets. */
	ruleset_free(TAKE_PTR(rules));
	targets_done(&targets);
	return r;
}

static const struct column columns[] = { { "rule", false },
					 { "", false },
					 { "what it does, or why not", false } };

static int show(struct explain *explain, struct error *err)
{
	const struct cli *cli = explain->cli;
	int r;

	if (cli->json)
		explain->list = json_array();
	else
		table_init(&explain->table, columns, ARRAY_SIZE(columns));
	r = judge(explain, err);
	if (r >= 0 && cli->json) {
		r = cli_print_json(cli, explain->list) == EXIT_DONE ? 0 : -EIO;
	} else if (r >= 0) {
		table_print(&explain->table, 0, cli->colour_out, cli->out);
		if (!explain->any)
			fputs("no rule matches\n", cli->out);
	}
	if (!cli->json)
		table_done(&explain->table);
	json_decref(explain->list);
	return r;
}

static int load(const struct cli *cli, struct policy **ret_policy)
{
	const char *path = cli->config ? cli->config : ENGINE_CONFIG_PATH;
	struct diagnostics diagnostics = { 0 };
	int r = policy_load(path, 0, ret_policy, &diagnostics);

	if (r < 0)
		diagnostics_print(&diagnostics, cli->colour_err, cli->err);
	if (r < 0 && diagnostics.errors == 0)
		cli_say(cli, "%s: %s", path, strerror(-r));
	diagnostics_done(&diagnostics);
	return r;
}

static int run_explain(struct cli *cli, _unused_ int count, _unused_ char **operands)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(host_freep) struct host *host = NULL;
	struct explain explain = { .cli = cli };
	struct error err = ERROR_INIT;
	int r, result = EXIT_DONE;

	explain.test.given = calloc(GIVEN_MOST, sizeof(*explain.test.given));
	r = explain.test.given ? host_new(&host, &err) : error_oom(&err);
	explain.host = host;
	if (r >= 0)
		r = describe(&explain, &err);
	if (r == -EINVAL)
		result = cli_usage(cli, &err);
	else if (r < 0)
		result = cli_fail(cli, &err);
	else if (load(cli, &policy) < 0)
		result = EXIT_FAILED;
	explain.policy = policy;
	if (result == EXIT_DONE && show(&explain, &err) < 0)
		result = cli_fail(cli, &err);
	for (size_t i = 0; i < explain.string_count; i++)
		free(explain.strings[i]);
	free(explain.strings);
	free(explain.args);
	free(explain.test.given);
	for (int kind = 0; kind < CONDITIONS; kind++)
		option_list_done(&cli->given[kind]);
	option_list_done(&cli->args);
	return result;
}

#define GIVEN(kind) (offsetof(struct cli, given) + (size_t)(kind) * sizeof(struct option_list))

static const struct command_option explain_options[] = {
	{ "config", 'c', OPTION_STRING, "PATH",
	  "policy file or folder (default " ENGINE_CONFIG_PATH ")", offsetof(struct cli, config) },
	{ "pid", 'p', OPTION_STRING, "PID", "a process that runs; other options change it",
	  offsetof(struct cli, pid) },
	{ "on", 0, OPTION_STRING, "OCCASION", "execute (the default), read, write, open, fork, ...",
	  offsetof(struct cli, on) },
	{ "file", 0, OPTION_STRING, "PATH", "what is opened, for read, write and open",
	  offsetof(struct cli, file) },
	{ "exe", 0, OPTION_LIST, "PATH", "the program: what is executed, or who opens",
	  GIVEN(CONDITION_EXE) },
	{ "args", 0, OPTION_LIST, "WORD", "an argument of the program, once for each",
	  offsetof(struct cli, args) },
	{ "user", 0, OPTION_LIST, "NAME|UID", "the real user", GIVEN(CONDITION_USER) },
	{ "euid", 0, OPTION_LIST, "NAME|UID", "the effective user", GIVEN(CONDITION_EUID) },
	{ "loginuid", 0, OPTION_LIST, "NAME|UID", "the user at login", GIVEN(CONDITION_LOGINUID) },
	{ "unix-group", 0, OPTION_LIST, "NAME|GID", "a group that the user is in",
	  GIVEN(CONDITION_UNIX_GROUP) },
	{ "member-of", 0, OPTION_LIST, "NAME|GID", "the effective group",
	  GIVEN(CONDITION_MEMBER_OF) },
	{ "comm", 0, OPTION_LIST, "NAME", "the kernel's name of it", GIVEN(CONDITION_COMM) },
	{ "script", 0, OPTION_LIST, "PATH", "the script that it runs", GIVEN(CONDITION_SCRIPT) },
	{ "interpreter", 0, OPTION_LIST, "PATH", "the script's interpreter",
	  GIVEN(CONDITION_INTERPRETER) },
	{ "cwd", 0, OPTION_LIST, "PATH", "the working folder", GIVEN(CONDITION_CWD) },
	{ "tty", 0, OPTION_LIST, "NAME", "the terminal, \"pts/3\"", GIVEN(CONDITION_TTY) },
	{ "cgroup", 0, OPTION_LIST, "PATH", "the control group", GIVEN(CONDITION_CGROUP) },
	{ "container", 0, OPTION_LIST, "RUNTIME:ID", "the container, or \"host\"",
	  GIVEN(CONDITION_CONTAINER) },
	{ "parent", 0, OPTION_LIST, "PATH", "the parent's program", GIVEN(CONDITION_PARENT) },
	{ "ancestor", 0, OPTION_LIST, "PATH", "a further ancestor's, from near to far",
	  GIVEN(CONDITION_ANCESTOR) },
};

const struct command explain_command = {
	.name = "explain",
	.usage = "[OPTION...] --exe PATH|--pid PID",
	.summary = "Say which rules match a process, and of the others why not",
	.description =
		"The process may be one that runs (*--pid*) or one that is only described. For "
		"each "
		"rule, in the order in which they are tried, it prints what would be done, or the "
		"first condition that does not hold; one that cannot be told from what is known "
		"(\"not known\") does not hold. Nothing is done. Rates are not counted.",
	.flags = COMMAND_POLICY,
	COMMAND_OPTIONS(explain_options),
	.run = run_explain,
};
