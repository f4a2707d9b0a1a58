// SPDX-License-Identifier: MIT
/*
 * Runs the triggers of the rules that a decision matched. What is dropped costs a look at a few
 * numbers: nothing is read or made up for it.
 *
 * The gate tells of an execution before it happens. So that a trigger is told what the program has
 * become, it is held until that is loaded: mostly less than a millisecond, some 300 at most. Of one
 * that is over by then, or never begins, it is told what the gate saw while the process waited.
 *
 * Programs run in the group that their trigger names, else in TRIGGER_GROUP, each in a cgroup of
 * its own: by that, and by its session, whatever it starts is known, and sets nothing off.
 */
#include "core/engine-internal.h"

#include "core/decision-json.h"
#include "core/subject.h"
#include "core/trigger-values.h"
#include "model/users.h"
#include "util/fields.h"
#include "util/units.h"

#include <sys/wait.h>

enum {
	OCCURRENCES_MOST = 128, /* that wait for their program */
	LOOK_USEC = 250,	/* a program is mostly loaded within a millisecond ... */
	LOOK_LATER_USEC = 5000,
	SOON_NS = 5000000,   /* ... and after five we look less often */
	LATE_NS = 300000000, /* then it has failed, or the machine is too busy */
	ACCURACY_USEC = 1,
};

/* One event, and a trigger of it that is going to be run. */
struct occurrence {
	struct occurrence *next;
	struct urgent urgent;
	struct shared_policy *policy; /* a reference */
	uint64_t looked_ns;	      /* CLOCK_BOOTTIME: whether its program is loaded */
	struct text argv;
	char exe[4096]; /* of the program that was executed */
	struct trigger_values values;
	uint32_t rule;
	int trigger;
};

static void occurrence_free(struct occurrence *occurrence)
{
	if (!occurrence)
		return;
	shared_policy_unref(occurrence->policy);
	text_done(&occurrence->argv);
	free(occurrence);
}
DEFINE_CLEANUP(struct occurrence *, occurrence_free);

/* ---- what the programs are told ---- */

/* The rest of a held process's plan comes after its triggers. */
static const char *verdict_of(const struct urgent *urgent)
{
	if (urgent->decision.flags & DECISION_KILLED || plan_find(&urgent->plan, EFFECT_KILL))
		return "kill";
	if (urgent->decision.flags & DECISION_DENIED || plan_find(&urgent->plan, EFFECT_DENY))
		return "deny";
	return "allow";
}

static bool is_execution(const struct urgent *urgent)
{
	return urgent->decision.on == ON_EXECUTE;
}

/* True when its arguments are those of the program that set the rule off, or never will be. */
static bool is_settled(const struct engine *engine, const struct occurrence *occurrence)
{
	const struct decision *decision = &occurrence->urgent.decision;

	return !is_execution(&occurrence->urgent) ||
	       decision->flags & (DECISION_SCAN | DECISION_AFTER) ||
	       !streq(verdict_of(&occurrence->urgent), "allow") ||
	       subject_has_executed(engine->host, decision->pid, &occurrence->urgent.subject) != 0;
}

void engine_values(struct engine *engine, const struct urgent *urgent, const struct policy *policy,
		   const struct policy_rule *rule, struct trigger_values *values)
{
	const struct decision *decision = &urgent->decision;
	struct slice script = urgent_text(urgent, URGENT_SCRIPT);
	uint64_t now = clock_boottime();

	*values = (struct trigger_values){
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
		.exec_id = {
			.boot = engine->boot,
			.pid = (uint32_t)decision->pid,
			.start = decision->start,
			.exec = is_execution(urgent) ? decision->time_ns / 1000 : 0,
		},
	};
	if (engine->users) {
		values->user = users_user(engine->users, urgent->subject.uid, now);
		values->unix_group = users_group(engine->users, urgent->subject.gid, now);
	}
	trigger_values_init(values);
}

/* What the program has become since is told rather than what it was asked for. */
static void know(struct engine *engine, struct occurrence *occurrence, uint32_t rule)
{
	const struct urgent *urgent = &occurrence->urgent;
	const struct policy *policy = occurrence->policy->policy;
	struct trigger_values *values = &occurrence->values;

	engine_values(engine, urgent, policy, &policy->rules[rule], values);
	if (is_settled(engine, occurrence) && streq(values->verdict, "allow"))
		subject_read_argv(engine->host, urgent->decision.pid, &occurrence->argv,
				  occurrence->exe, sizeof(occurrence->exe));
	if (occurrence->argv.size > 0)
		values->argv = (struct slice){ occurrence->argv.data, occurrence->argv.size };
	if (!is_execution(urgent))
		return;
	/* Another program runs than the file that was executed: that is its script. */
	if (occurrence->exe[0] && !streq(occurrence->exe, urgent->path)) {
		values->script = urgent->path;
		values->exe = occurrence->exe;
	} else if (!occurrence->exe[0] && values->script) {
		values->exe = urgent_text(urgent, URGENT_INTERPRETER).data;
	}
}

static struct trigger_limits limits_of(const struct policy_trigger *trigger)
{
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
	return trigger->group < 0 ? TRIGGER_GROUP : policy->groups[trigger->group].name;
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

/* ---- which are run ---- */

static void tell_failure(struct engine *engine, const struct policy_trigger *trigger, int code)
{
	if (code == -EAGAIN)
		log_limited(engine->log, &engine->trigger_limit, LOG_WARNING,
			    "trigger \"%s\" dropped: too many run, or wait to be run",
			    trigger->name);
	else if (code < 0)
		log_limited(engine->log, &engine->trigger_limit, LOG_ERR,
			    "trigger \"%s\": cannot run %s: %s", trigger->name, trigger->run,
			    strerror(-code));
}

static struct trigger *known_trigger(struct engine *engine, const struct policy_trigger *trigger)
{
	const struct trigger_limits limits = limits_of(trigger);

	return trigger_get(engine->triggers, trigger->name, &limits);
}

/* Whether this one is going to be run. 0, -EAGAIN: it is dropped, and counted; -ENOMEM. */
static int admit(struct engine *engine, const struct policy_trigger *trigger)
{
	struct trigger *known = known_trigger(engine, trigger);

	if (!known)
		return -ENOMEM;
	return trigger_admit(known) ? 0 : -EAGAIN;
}

static int run_now(struct engine *engine, struct occurrence *occurrence)
{
	const struct policy *policy = occurrence->policy->policy;
	const struct policy_trigger *trigger = &policy->triggers[occurrence->trigger];
	struct trigger *known = known_trigger(engine, trigger);
	int r = -ENOMEM;

	if (known) {
		know(engine, occurrence, occurrence->rule);
		r = run(known, policy, trigger, &occurrence->values);
	}
	tell_failure(engine, trigger, r);
	return r;
}

/* ---- programs that are being loaded ---- */

/* One that is not loaded soon is looked at less often. */
static bool is_still_loading(const struct engine *engine, struct occurrence *occurrence,
			     uint64_t now)
{
	uint64_t age = now - occurrence->urgent.decision.time_ns;

	if (age >= LATE_NS)
		return false;
	if (age >= SOON_NS && now - occurrence->looked_ns < LOOK_LATER_USEC * UINT64_C(1000))
		return true;
	occurrence->looked_ns = now;
	return !is_settled(engine, occurrence);
}

static int on_look(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct engine *engine = userdata;
	struct occurrence **at = &engine->occurrences;
	uint64_t next = LOOK_LATER_USEC, now = clock_boottime();

	while (*at) {
		_cleanup_(occurrence_freep) struct occurrence *occurrence = NULL;

		if (is_still_loading(engine, *at, now)) {
			if (now - (*at)->urgent.decision.time_ns < SOON_NS)
				next = LOOK_USEC;
			at = &(*at)->next;
			continue;
		}
		occurrence = *at;
		*at = occurrence->next;
		engine->occurrence_count--;
		(void)run_now(engine, occurrence);
	}
	if (!engine->occurrences)
		return 0;
	(void)sd_event_source_set_time_relative(source, next);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* False: there is no room, or no timer. */
static bool look_later(struct engine *engine, struct occurrence *occurrence)
{
	struct occurrence **end = &engine->occurrences;
	int r = 0;

	if (engine->occurrence_count == OCCURRENCES_MOST)
		return false;
	if (!engine->occurrence_timer)
		r = sd_event_add_time_relative(engine->event, &engine->occurrence_timer,
					       CLOCK_MONOTONIC, LOOK_USEC, ACCURACY_USEC, on_look,
					       engine);
	else
		r = sd_event_source_set_time_relative(engine->occurrence_timer, LOOK_USEC);
	if (r >= 0)
		r = sd_event_source_set_enabled(engine->occurrence_timer, SD_EVENT_ONESHOT);
	if (r < 0)
		return false;
	while (*end)
		end = &(*end)->next;
	*end = occurrence;
	engine->occurrence_count++;
	return true;
}

int engine_run_trigger(struct engine *engine, const struct urgent *urgent,
		       struct shared_policy *policy, uint32_t rule, int trigger)
{
	_cleanup_(occurrence_freep) struct occurrence *occurrence = NULL;
	int r;

	/* A trigger must not set itself off: one event would run it for ever. */
	if (trigger_is_own(engine->triggers, urgent->subject.sid, urgent->subject.cgroup)) {
		engine->counters.self_triggers++;
		return 0;
	}
	r = admit(engine, &policy->policy->triggers[trigger]);
	if (r >= 0)
		occurrence = calloc(1, sizeof(*occurrence));
	if (!occurrence) {
		r = r < 0 ? r : -ENOMEM;
		tell_failure(engine, &policy->policy->triggers[trigger], r);
		return r;
	}
	occurrence->urgent = *urgent;
	occurrence->policy = shared_policy_ref(policy);
	occurrence->rule = rule;
	occurrence->trigger = trigger;
	if (is_settled(engine, occurrence) || !look_later(engine, occurrence))
		return run_now(engine, occurrence);
	(void)TAKE_PTR(occurrence);
	return 0;
}

void engine_stop_triggers(struct engine *engine)
{
	engine->occurrence_timer = sd_event_source_disable_unref(engine->occurrence_timer);
	while (engine->occurrences) {
		struct occurrence *occurrence = engine->occurrences;

		engine->occurrences = occurrence->next;
		occurrence_free(occurrence);
	}
	trigger_runner_free(engine->triggers);
	engine->triggers = NULL;
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
