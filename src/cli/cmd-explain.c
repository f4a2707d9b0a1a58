// SPDX-License-Identifier: MIT
/*
 * reeve explain: which rules would match a process, and why not the others. Nothing is done. The
 * process is one that runs, or one that is made up from options; what is not said of that one is
 * unknown, and fails the conditions that ask.
 */
#include "cli/commands.h"

#include "cli/output.h"
#include "config/load.h"
#include "core/engine.h"
#include "core/facts-process.h"
#include "core/plan.h"
#include "core/resolve.h"
#include "rules/condition.h"
#include "rules/ruleset.h"
#include "util/fd.h"
#include "util/units.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

enum { MOUNTINFO_MOST = 64 << 20 };

struct explaining {
	struct cli *cli;
	struct policy *policy;
	struct host *host;
	struct resolver *resolver;
	struct targets targets;
	struct ruleset *rules;
	struct mount_table *mounts;
	struct facts_world world;
	struct process_facts *process;
	json_t *list;
};

static void done(struct explaining *e)
{
	free(e->process);
	mount_table_free(e->mounts);
	ruleset_free(e->rules);
	targets_done(&e->targets);
	resolver_free(e->resolver);
	host_free(e->host);
	policy_free(e->policy);
	json_decref(e->list);
}

static int load(struct explaining *e, struct error *err)
{
	struct diagnostics diagnostics = { 0 };
	const char *path = e->cli->policy ? e->cli->policy : ENGINE_CONFIG_PATH;
	char *text = NULL;
	int r = policy_load(path, 0, &e->policy, &diagnostics);

	if (r < 0)
		diagnostics_print(&diagnostics, e->cli->colour_err, e->cli->err);
	diagnostics_done(&diagnostics);
	if (r < 0)
		return error_set(err, r, "the policy %s is not valid", path);
	r = host_new(&e->host, err);
	if (r >= 0)
		r = resolver_new(NULL, NULL, NULL, &e->resolver, err);
	if (r < 0)
		return r;
	r = resolver_resolve(e->resolver, e->policy, &e->targets);
	if (r >= 0)
		r = ruleset_new(e->policy, e->targets.items, e->targets.count, &e->rules);
	if (r >= 0)
		r = file_read_at(e->host->proc_fd, "self/mountinfo", MOUNTINFO_MOST, &text, NULL);
	if (r >= 0)
		r = mount_table_new(text, &e->mounts);
	e->process = calloc(1, sizeof(*e->process));
	e->list = json_array();
	facts_world_init(&e->world, e->host);
	if (r >= 0 && (!e->process || !e->list))
		r = -ENOMEM;
	return r < 0 ? error_set_errno(err, r, "cannot read the rules of %s", path) : 0;
}

/* ---- the process ---- */

static enum host_name name_of(const struct seen_file *file, struct name_buffer *names,
			      void *userdata)
{
	const struct explaining *e = userdata;

	return host_name_find(e->host, e->mounts, file, names);
}

static void know(struct facts *facts, enum fact_part part)
{
	facts->known |= UINT32_C(1) << part;
}

/* The file as it is here, by its name with links resolved; one that is not there has a name. */
static void set_file(struct process_facts *process, const char *path, char buffer[static PATH_MAX])
{
	struct file_key file = { .path = path };
	struct stat st;

	if (realpath(path, buffer))
		file.path = buffer;
	if (stat(file.path, &st) == 0) {
		file.dev = st.st_dev;
		file.ino = st.st_ino;
	}
	file.length = strlen(file.path);
	process_facts_set_file(process, &file);
}

static int take_running(struct explaining *e, enum occasion on, char buffer[static PATH_MAX],
			struct error *err)
{
	uint64_t pid = 0;
	char link[48];
	ssize_t n;

	if (parse_u64(e->cli->pid, &pid) < 0 || pid == 0 || pid > INT_MAX)
		return error_set(err, -EINVAL, "explain: --pid is \"%s\"; it is a number",
				 e->cli->pid);
	snprintf(link, sizeof(link), "%d/exe", (int)pid);
	process_facts_begin(e->process, &e->world, NULL, on, (pid_t)pid);
	e->process->find_name = name_of;
	e->process->userdata = e;
	n = readlinkat(e->host->proc_fd, link, buffer, PATH_MAX - 1);
	if (n < 0)
		return error_set_errno(err, -errno, "cannot look at process %d", (int)pid);
	buffer[n] = '\0';
	if (!e->cli->file && on == ON_EXECUTE) {
		char *copy = e->process->exe;

		snprintf(copy, sizeof(e->process->exe), "%s", buffer);
		set_file(e->process, copy, buffer);
	}
	return 0;
}

static int take_user(struct explaining *e, struct error *err)
{
	struct facts *facts = &e->process->facts;
	const char *user = e->cli->explain_user;
	const struct passwd *entry;
	int count = FACT_GROUPS_MOST;
	uint64_t number;

	if (!user)
		return 0;
	entry = parse_u64(user, &number) >= 0 ? getpwuid((uid_t)number) : getpwnam(user);
	if (!entry && parse_u64(user, &number) < 0)
		return error_set(err, -ENOENT, "there is no user \"%s\"", user);
	facts->uid = facts->euid = entry ? entry->pw_uid : (uid_t)number;
	facts->gid = facts->egid = entry ? entry->pw_gid : (gid_t)number;
	facts->loginuid = facts->uid;
	know(facts, FACT_IDS);
	if (!entry || getgrouplist(entry->pw_name, entry->pw_gid, facts->gids, &count) < 0)
		return 0;
	facts->gid_count = (size_t)count;
	know(facts, FACT_GROUPS);
	return 0;
}

static void take_arguments(struct explaining *e, int count, char **operands)
{
	struct facts *facts = &e->process->facts;
	size_t used = 0;

	for (int i = 0; i < count; i++) {
		size_t size = strlen(operands[i]) + 1;

		if (size > sizeof(e->process->arguments) - used)
			break;
		memcpy(e->process->arguments + used, operands[i], size);
		used += size;
	}
	if (count == 0)
		return;
	facts->argv = (struct slice){ e->process->arguments, used };
	know(facts, FACT_ARGUMENTS);
}

static int take_made_up(struct explaining *e, enum occasion on, int count, char **operands,
			char buffer[static PATH_MAX], struct error *err)
{
	struct facts *facts = &e->process->facts;
	const char *exe = e->cli->explain_exe, *slash = strrchr(exe, '/');

	process_facts_begin(e->process, &e->world, NULL, on, 0);
	facts->ask = NULL;
	if (on == ON_EXECUTE)
		set_file(e->process, exe, buffer);
	facts->exe = slice_of(on == ON_EXECUTE ? facts->file.path : exe);
	know(facts, FACT_EXE);
	facts->comm = slice_of(slash ? slash + 1 : exe);
	facts->comm.size = MIN(facts->comm.size, (size_t)15);
	know(facts, FACT_COMM);
	facts->time = clock_realtime() / UINT64_C(1000000000);
	facts->utc_offset = atomic_load(&e->world.utc_offset);
	know(facts, FACT_TIME);
	take_arguments(e, count, operands);
	return take_user(e, err);
}

/* ---- what the rules say ---- */

static void add_why(const struct explaining *e, const struct explanation *why, struct text *text)
{
	const struct policy_condition *failed = why->failed;

	if (why->matched)
		text_add(text, "matches");
	else if (why->not_tried)
		text_add(text, "not tried: a rule before it says stop");
	else if (why->not_on)
		text_add(text, "is about other occasions");
	else if (why->file_differs)
		text_add(text, "none of its paths is this file");
	else if (failed)
		text_addf(text, "\"%s\" %s (%s:%u)", condition_names[failed->kind],
			  why->unknown ? "is not known" : "does not hold",
			  e->policy->files[failed->at.file], failed->at.line);
}

static void on_rule(const struct explanation *why, void *userdata)
{
	struct explaining *e = userdata;
	const struct policy_rule *rule = &e->policy->rules[why->rule];
	json_t *effects = json_array();
	struct text text;

	text_init(&text);
	add_why(e, why, &text);
	for (size_t i = 0; why->matched && i < rule->effect_count; i++)
		json_array_append_new(effects, json_string(effect_name(rule->effects[i].kind)));
	json_array_append_new(e->list, json_pack("{s:s, s:b, s:s, s:o}", "rule", rule->name,
						 "matches", (int)why->matched, "why",
						 text.data ? text.data : "", "effects", effects));
	text_done(&text);
}

/* What all of them together would do: the first says the group, and so on. */
static json_t *plan_to_json(const struct explaining *e)
{
	struct verdict verdict;
	struct plan plan = { 0 };
	json_t *list = json_array();

	if (ruleset_judge(e->rules, &e->process->facts, &verdict))
		plan_make(e->policy, &verdict, NULL, NULL, false, &plan);
	if (plan_find(&plan, EFFECT_DENY))
		plan_drop(&plan, EFFECTS_OF_THE_START);
	for (size_t i = 0; i < plan.count; i++) {
		const struct policy_effect *effect = plan.steps[i].effect;
		json_t *step = json_pack("{s:s, s:s, s:b}", "effect", effect_name(effect->kind),
					 "rule", e->policy->rules[plan.steps[i].rule].name,
					 "dry_run", (int)plan.steps[i].dry);

		if (effect->kind == EFFECT_GROUP)
			json_object_set_new(step, "group",
					    json_string(
						    effect->group.index >= 0
							    ? e->policy->groups[effect->group.index]
								      .name
							    : effect->group.template));
		if (effect->kind == EFFECT_TRIGGER)
			json_object_set_new(step, "trigger",
					    json_string(e->policy->triggers[effect->trigger].name));
		json_array_append_new(list, step);
	}
	return list;
}

static void print(const struct explaining *e, const json_t *plan)
{
	FILE *out = e->cli->out;
	const json_t *one;
	size_t index;

	json_array_foreach(e->list, index, one)
	{
		bool matches = member_true(one, "matches");

		fprintf(out, "%s%s%s ",
			style_on(e->cli->colour_out, matches ? STYLE_GOOD : STYLE_FAINT),
			matches ? "+" : "-", style_off(e->cli->colour_out));
		output_escaped(out, member_string(one, "rule"));
		fputs(": ", out);
		output_escaped(out, member_string(one, "why"));
		fputc('\n', out);
	}
	if (json_array_size(plan) == 0)
		fputs("nothing would be done\n", out);
	json_array_foreach(plan, index, one)
	{
		const char *more = member_string(one, "group");

		if (!*more)
			more = member_string(one, "trigger");
		fprintf(out, "would: %s%s", member_string(one, "effect"), *more ? " " : "");
		output_escaped(out, more);
		fputs(", by rule ", out);
		output_escaped(out, member_string(one, "rule"));
		fputs(member_true(one, "dry_run") ? " (dry run)\n" : "\n", out);
	}
}

static int occasion_of(const struct cli *cli, enum occasion *ret_on, struct error *err)
{
	const char *word = cli->on ? cli->on : "execute";

	for (enum occasion on = 0; on < OCCASIONS; on++) {
		if (!streq(word, occasion_names[on]))
			continue;
		*ret_on = on;
		return 0;
	}
	return error_set(err, -EINVAL,
			 "explain: --on is \"%s\"; it is execute, read, write, open, fork, exit, "
			 "setuid, setgid, oom or limit-hit",
			 word);
}

static int explain(struct explaining *e, enum occasion on, int count, char **operands,
		   struct error *err)
{
	char exe[PATH_MAX], path[PATH_MAX];
	json_t *plan;
	int r = load(e, err);

	if (r >= 0)
		r = e->cli->pid ? take_running(e, on, exe, err)
				: take_made_up(e, on, count, operands, exe, err);
	if (r < 0)
		return r;
	if (e->cli->file)
		set_file(e->process, e->cli->file, path);
	ruleset_explain(e->rules, &e->process->facts, on_rule, e);
	plan = plan_to_json(e);
	if (e->cli->json) {
		json_t *reply = json_pack("{s:O, s:o}", "rules", e->list, "would", plan);

		r = cli_print_json(e->cli, reply);
		json_decref(reply);
		return r;
	}
	print(e, plan);
	json_decref(plan);
	return 0;
}

static int run_explain(struct cli *cli, int count, char **operands)
{
	_cleanup_(done) struct explaining e = { .cli = cli };
	struct error err = ERROR_INIT;
	enum occasion on = ON_EXECUTE;
	int r = occasion_of(cli, &on, &err);

	if (r >= 0 && !cli->pid == !cli->explain_exe)
		r = error_set(&err, -EINVAL, "explain: say --pid, or --exe for one made up");
	if (r >= 0 && !cli->file && OCCASIONS_OF_FILES & OCCASION_BIT(on))
		r = error_set(&err, -EINVAL, "explain: --on %s needs the --file", cli->on);
	if (r < 0)
		return cli_usage(cli, &err);
	r = explain(&e, on, count, operands, &err);
	return r < 0 ? cli_fail(cli, &err) : EXIT_DONE;
}

static const struct command_option explain_options[] = {
	{ "exe", 0, OPTION_STRING, "PATH",
	  "a process made up: the program that it runs or executes",
	  offsetof(struct cli, explain_exe) },
	{ "file", 0, OPTION_STRING, "PATH", "the file that is opened", offsetof(struct cli, file) },
	{ "on", 0, OPTION_STRING, "OCCASION", "what happens (default execute)",
	  offsetof(struct cli, on) },
	{ "pid", 'p', OPTION_STRING, "PID", "a process that runs", offsetof(struct cli, pid) },
	{ "policy", 0, OPTION_STRING, "FILE", "the policy (default /etc/reeve)",
	  offsetof(struct cli, policy) },
	{ "user", 'u', OPTION_STRING, "USER", "of a process made up",
	  offsetof(struct cli, explain_user) },
};

const struct command explain_command = {
	.name = "explain",
	.usage = "[OPTION...] [-- ARGUMENT...]",
	.summary = "Tell for each rule why it matches a process, or what does not hold",
	.description = "Of a process that runs (*--pid*), or one that is made up: the arguments "
		       "are those behind _--_, with the program's name first. Nothing is done.",
	.flags = COMMAND_POLICY | COMMAND_UNLIMITED | COMMAND_PROGRAM,
	COMMAND_OPTIONS(explain_options),
	.run = run_explain,
};
