// SPDX-License-Identifier: MIT
/*
 * Runs the triggers of the rules that a decision matched. What is dropped costs a look at a few
 * numbers: nothing is read or made up for it.
 *
 * Programs run in the group that their trigger names, else in TRIGGER_GROUP, each in a cgroup of
 * its own: by that, and by its session, whatever it starts is known, and sets nothing off.
 */
#include "core/engine-internal.h"

#include "core/decision-json.h"
#include "core/trigger-values.h"
#include "model/users.h"
#include "util/fields.h"
#include "util/units.h"

#include <sys/wait.h>

/* The rest of a held process's plan comes after its triggers. */
static const char *verdict_of(const struct urgent *urgent)
{
	if (urgent->decision.flags & DECISION_KILLED || plan_find(&urgent->plan, EFFECT_KILL))
		return "kill";
	if (urgent->decision.flags & DECISION_DENIED || plan_find(&urgent->plan, EFFECT_DENY))
		return "deny";
	return "allow";
}

void engine_values(struct engine *engine, const struct urgent *urgent, const struct policy *policy,
		   const struct policy_rule *rule, struct trigger_values *ret_values)
{
	const struct decision *decision = &urgent->decision;
	struct slice script = urgent_text(urgent, URGENT_SCRIPT);
	uint64_t now = clock_boottime();

	*ret_values = (struct trigger_values){
		.decision = decision,
		.subject = &urgent->subject,
		.path = urgent->path,
		.rule = rule->name,
		.action = occasion_names[decision_occasion(decision, rule)],
		.verdict = verdict_of(urgent),
		.group = decision_group(decision, policy),
		.script = script.size > 0 ? script.data : NULL,
		.argv = urgent_text(urgent, URGENT_ARGV),
		.time_ns = clock_realtime() - (now - decision->time_ns),
	};
	if (engine->users) {
		ret_values->user = users_user(engine->users, urgent->subject.uid, now);
		ret_values->unix_group = users_group(engine->users, urgent->subject.gid, now);
	}
	trigger_values_init(ret_values);
}

static struct trigger_limits limits_of(const struct policy_trigger *trigger)
{
	if (trigger->timeout_ns == 0)
		return TRIGGER_LIMITS;
	return (struct trigger_limits){
		.timeout_ns = trigger->timeout_ns,
		.concurrency = trigger->concurrency,
		.queue = trigger->queue,
		.rate = trigger->rate,
		.rate_interval_ns = trigger->rate_interval_ns,
	};
}

/* A list of strings that stand one behind another in a text; ends with NULL. */
static const char **list_of(const struct text *text, const char *const *more)
{
	size_t count = 1, used = 0;
	const char **list;

	for (size_t at = 0; at < text->size; at += strlen(text->data + at) + 1)
		count++;
	for (const char *const *one = more; one && *one; one++)
		count++;
	list = calloc(count, sizeof(*list));
	for (size_t at = 0; list && at < text->size; at += strlen(text->data + at) + 1)
		list[used++] = text->data + at;
	for (const char *const *one = more; list && one && *one; one++)
		list[used++] = *one;
	return list;
}

static int expand_arguments(const struct policy_trigger *trigger, struct trigger_values *values,
			    struct text *text)
{
	int r = 0;

	for (char **argument = trigger->args; r >= 0 && argument && *argument; argument++) {
		r = fields_expand(*argument, trigger_values_field, values, text);
		if (r >= 0)
			text_add_bytes(text, "", 1);
	}
	return r < 0 ? r : text->failed ? -ENOMEM : 0;
}

static const char *group_of(const struct policy *policy, const struct policy_trigger *trigger)
{
	/* Zero is a group's index too: only a trigger that was read whole names one. */
	if (trigger->timeout_ns == 0 || trigger->group < 0)
		return TRIGGER_GROUP;
	return policy->groups[trigger->group].name;
}

static int run(struct trigger *known, const struct policy *policy,
	       const struct policy_trigger *trigger, struct trigger_values *values)
{
	_cleanup_(text_done) struct text arguments = { 0 }, environment = { 0 };
	_cleanup_(freep) const char **argument_list = NULL, **variable_list = NULL;
	_cleanup_(freep) char *input = NULL;
	struct trigger_request request = {
		.program = trigger->run,
		.uid = trigger->uid,
		.gid = trigger->gid,
		.groups = trigger->groups,
		.group_count = trigger->group_count,
		.user = trigger->user,
		.home = trigger->home,
		.shell = trigger->shell,
		.folder = trigger->cwd,
		.group = group_of(policy, trigger),
	};
	int r = expand_arguments(trigger, values, &arguments);

	if (r < 0)
		return r;
	trigger_values_environment(values, &environment);
	argument_list = list_of(&arguments, NULL);
	variable_list = list_of(&environment, (const char *const *)trigger->env);
	if (trigger->event_on_stdin)
		input = trigger_values_json(values);
	if (environment.failed || !argument_list || !variable_list ||
	    (trigger->event_on_stdin && !input))
		return -ENOMEM;
	request.arguments = argument_list;
	request.environment = variable_list;
	request.input = input;
	request.input_size = input ? strlen(input) : 0;
	return trigger_run(known, &request);
}

int engine_run_trigger(struct engine *engine, const struct urgent *urgent,
		       const struct policy *policy, uint32_t rule, int number)
{
	const struct policy_trigger *trigger = &policy->triggers[number];
	const struct trigger_limits limits = limits_of(trigger);
	struct trigger_values values;
	struct trigger *known;
	int r = -EAGAIN;

	/* A trigger must not set itself off: one event would run it for ever. */
	if (trigger_is_own(engine->triggers, urgent->subject.sid, urgent->subject.cgroup)) {
		engine->counters.self_triggers++;
		return 0;
	}
	known = trigger_get(engine->triggers, trigger->name, &limits);
	if (!known) {
		r = -ENOMEM;
	} else if (trigger_admit(known)) {
		engine_values(engine, urgent, policy, &policy->rules[rule], &values);
		r = run(known, policy, trigger, &values);
	}
	if (r == -EAGAIN)
		log_limited(engine->log, &engine->trigger_limit, LOG_WARNING,
			    "trigger \"%s\" dropped: too many run, or wait to be run",
			    trigger->name);
	else if (r < 0)
		log_limited(engine->log, &engine->trigger_limit, LOG_ERR,
			    "trigger \"%s\": cannot run %s: %s", trigger->name, trigger->run,
			    strerror(-r));
	return r;
}

/* ---- the end ---- */

/* What it printed, without the last newline, behind ": "; or nothing. */
static void add_output(const struct trigger_outcome *outcome, struct text *text)
{
	size_t size = outcome->output_size;

	while (size > 0 && outcome->output[size - 1] == '\n')
		size--;
	if (size > 0) {
		text_add(text, ": ");
		/* NUL is the one byte that the log could not show. */
		for (size_t i = 0; i < size; i++)
			text_add_bytes(text, outcome->output[i] ? outcome->output + i : " ", 1);
	}
	if (outcome->output_total > outcome->output_size)
		text_addf(text, " [%llu bytes in all]", (unsigned long long)outcome->output_total);
}

void engine_trigger_ended(const struct trigger_outcome *outcome, void *userdata)
{
	struct engine *engine = userdata;
	_cleanup_(text_done) struct text output = { 0 };
	int level = LOG_WARNING, status = outcome->status;
	char how[320], took[40];

	add_output(outcome, &output);
	format_duration(outcome->duration_ns, took, sizeof(took));
	if (outcome->failure)
		snprintf(how, sizeof(how), "%s", outcome->failure);
	else if (outcome->timed_out)
		snprintf(how, sizeof(how), "took too long and was ended after %s", took);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d after %s", WTERMSIG(status),
			 took);
	else if (WEXITSTATUS(status) != 0)
		snprintf(how, sizeof(how), "failed with exit code %d after %s", WEXITSTATUS(status),
			 took);
	else
		snprintf(how, sizeof(how), "done after %s", took);
	if (!outcome->failure && !outcome->timed_out && status == 0)
		level = LOG_INFO;
	log_limited(engine->log, &engine->outcome_limit, level, "trigger \"%s\" (process %d) %s%s",
		    outcome->name, outcome->pid, how, output.data ? output.data : "");
}
