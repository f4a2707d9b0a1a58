// SPDX-License-Identifier: MIT
/*
 * Runs the triggers of the rules that a decision matched. The environment has fetter's variables
 * (the fields of an audit SYSCALL record, upper-cased) and reeve's own, which say what fetter's
 * never could: the rule, the path that matched, the group.
 */
#include "core/engine-internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum { VARIABLES_MAX = 48 };

struct environment {
	char *list[VARIABLES_MAX + 1];
	size_t count;
};

static void environment_done(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->list[i]);
}

static void set(struct environment *environment, const char *format, ...) _printf_(2, 3);
static void set(struct environment *environment, const char *format, ...)
{
	va_list arguments;

	if (environment->count == VARIABLES_MAX)
		return;
	va_start(arguments, format);
	if (vasprintf(&environment->list[environment->count], format, arguments) >= 0)
		environment->count++;
	va_end(arguments);
}

static void set_id(struct environment *environment, const char *name, uint32_t id)
{
	if (id == UINT32_MAX)
		set(environment, "FETTER_%s=unset", name);
	else
		set(environment, "FETTER_%s=%" PRIu32, name, id);
}

static const char *syscall_name(int number)
{
	switch (number) {
	case SYS_execve:
		return "execve";
	case SYS_execveat:
		return "execveat";
	case SYS_openat:
		return "openat";
	case SYS_openat2:
		return "openat2";
#ifdef SYS_open
	case SYS_open:
		return "open";
	case SYS_creat:
		return "creat";
#endif
	default:
		return NULL;
	}
}

/* A device number as the terminal's name; 136 to 143 are the Unix98 pseudo terminals. */
static void set_tty(struct environment *environment, uint32_t tty)
{
	unsigned major = tty >> 8 & 0xfff, minor = (tty & 0xff) | (tty >> 12 & 0xfff00);

	if (tty == 0)
		set(environment, "FETTER_TTY=(none)");
	else if (major >= 136 && major <= 143)
		set(environment, "FETTER_TTY=pts%u", (major - 136) * 256 + minor);
	else if (major == 4)
		set(environment, minor < 64 ? "FETTER_TTY=tty%u" : "FETTER_TTY=ttyS%u",
		    minor < 64 ? minor : minor - 64);
	else
		set(environment, "FETTER_TTY=%u:%u", major, minor);
}

static void set_ids(struct environment *environment, const struct subject *subject)
{
	const struct {
		const char *name;
		uint32_t value;
	} ids[] = {
		{ "AUID", subject->loginuid }, { "SES", subject->session },
		{ "UID", subject->uid },       { "EUID", subject->euid },
		{ "SUID", subject->suid },     { "FSUID", subject->fsuid },
		{ "GID", subject->gid },       { "EGID", subject->egid },
		{ "SGID", subject->sgid },     { "FSGID", subject->fsgid },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		set_id(environment, ids[i].name, ids[i].value);
}

static void fill(struct environment *environment, const struct urgent *urgent,
		 const struct policy *policy, const struct policy_rule *rule)
{
	const struct decision *decision = &urgent->decision;
	const struct subject *subject = &urgent->subject;
	const char *name = syscall_name(subject->syscall);
	struct utsname kernel;

	for (unsigned i = 0; i < 4; i++)
		set(environment, "FETTER_A%u=%" PRIx64, i, subject->arguments[i]);
	if (uname(&kernel) == 0)
		set(environment, "FETTER_ARCH=%s", kernel.machine);
	set_ids(environment, subject);
	set(environment, "FETTER_COMM=%s", subject->comm);
	/* Audit tells it after the call, when an executed file has become the program. */
	set(environment, "FETTER_EXE=%s", decision->on == ON_EXECUTE ? urgent->path : subject->exe);
	set(environment, "FETTER_PID=%d", decision->pid);
	set(environment, "FETTER_PPID=%d", subject->ppid);
	set(environment, "FETTER_EXIT=0");
	set(environment, "FETTER_RESULT=success");
	if (name)
		set(environment, "FETTER_SYSCALL=%s", name);
	else if (subject->syscall >= 0)
		set(environment, "FETTER_SYSCALL=%d", subject->syscall);
	set_tty(environment, subject->tty);
	set(environment, "REEVE_RULE=%s", rule->name);
	set(environment, "REEVE_PATH=%s", urgent->path);
	set(environment, "REEVE_ACTION=%s", occasion_name(decision_occasion(decision, rule)));
	set(environment, "REEVE_GROUP=%s",
	    decision->group >= 0 ? policy->groups[decision->group].name : "");
	environment->list[environment->count] = NULL;
}

int engine_run_trigger(struct engine *engine, const struct urgent *urgent,
		       const struct policy *policy, uint32_t rule, int number)
{
	const struct policy_trigger *trigger = &policy->triggers[number];
	_cleanup_(environment_done) struct environment environment = { 0 };
	struct trigger_request request = {
		.name = trigger->name,
		.program = trigger->run,
		.arguments = (const char *const *)trigger->args,
		.uid = trigger->uid,
		.gid = trigger->gid,
		.user = trigger->user,
		.home = trigger->home,
		.environment = (const char *const *)environment.list,
	};
	int r;

	/* A trigger must not set itself off: one event would run it for ever. */
	if (trigger_is_session(engine->triggers, urgent->subject.sid)) {
		engine->counters.self_triggers++;
		return 0;
	}
	fill(&environment, urgent, policy, &policy->rules[rule]);
	r = trigger_run(engine->triggers, &request);
	if (r == -EAGAIN)
		log_limited(engine->log, &engine->trigger_limit, LOG_WARNING,
			    "trigger \"%s\" dropped: too many wait to be run", trigger->name);
	else if (r < 0)
		log_limited(engine->log, &engine->trigger_limit, LOG_ERR,
			    "trigger \"%s\": cannot run %s: %s", trigger->name, trigger->run,
			    strerror(-r));
	return r;
}

void engine_trigger_ended(const char *name, pid_t pid, int status, bool timed_out,
			  const char *output, void *userdata)
{
	struct engine *engine = userdata;

	if (timed_out)
		log_warning(engine->log, "trigger \"%s\" (process %d) took too long and was killed",
			    name, pid);
	else if (WIFSIGNALED(status))
		log_warning(engine->log, "trigger \"%s\" (process %d) was killed by signal %d: %s",
			    name, pid, WTERMSIG(status), output);
	else if (WEXITSTATUS(status) != 0)
		log_warning(engine->log, "trigger \"%s\" (process %d) failed with exit code %d: %s",
			    name, pid, WEXITSTATUS(status), output);
	else
		log_info(engine->log, "trigger \"%s\" (process %d) done", name, pid);
}
