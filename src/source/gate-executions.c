// SPDX-License-Identifier: MIT
/*
 * One execve opens several files: what was asked for, interpreters, a loader. Their records are
 * joined into one execution, which waits until it is known what became of it (source/confirm.h):
 * some milliseconds, or until the process executes again.
 *
 * What binfmt_misc runs looks like a failed execution followed by another. Only a file that is
 * neither a script nor of this machine can be meant, and the arguments of what runs then name it.
 */
#include "source/gate-executions.h"

#include "source/access.h"

enum {
	PENDING_MAX = 2048,
	AGAIN_TRIES = 4,
	RUNNING_TRIES = 250, /* about a second: on a busy machine it waits for its turn */
	TRIES = 5000,	     /* looks at an execution that does not end */
};

static void execution_free(struct gate_execution *execution)
{
	if (execution->through != execution->first && execution->through != execution->program)
		free(execution->through);
	if (execution->program != execution->first)
		free(execution->program);
	free(execution->first);
	free(execution);
}

/* Takes the one that `place` points to out, tells it and frees it. */
static void finish(struct gate_executions *executions, struct gate_execution **place,
		   enum event_type type, bool sure)
{
	struct gate_execution *execution = *place;

	*place = execution->next;
	if (!*place)
		executions->youngest = place;
	executions->pending--;
	executions->tell(execution, type, sure, executions->userdata);
	execution_free(execution);
}

/* ---- records ---- */

static struct gate_execution **find(struct gate_executions *executions, uint32_t pid)
{
	struct gate_execution **place = &executions->oldest;

	while (*place && (*place)->first->pid != pid)
		place = &(*place)->next;
	return *place ? place : NULL;
}

static struct gate_record *copy_of(const struct gate_record *record)
{
	struct gate_record *copy = malloc(gate_record_size(record));

	if (copy)
		memcpy(copy, record, gate_record_size(record));
	return copy;
}

/* An interpreter; the one before it was a script then. */
static void add_interpreter(struct gate_execution *execution, const struct gate_record *record)
{
	struct gate_record *copy = copy_of(record);

	if (!copy)
		return;
	if (execution->through != execution->first && execution->through != execution->program)
		free(execution->through);
	execution->through = execution->program;
	execution->program = copy;
	execution->ticket = record->ticket && !record->next ? record->ticket : execution->ticket;
}

static void begin(struct gate_executions *executions, const struct gate_record *record)
{
	struct gate_execution *execution = calloc(1, sizeof(*execution));

	if (execution)
		execution->first = copy_of(record);
	if (!execution || !execution->first) {
		free(execution);
		executions->dropped++;
		return;
	}
	execution->through = execution->program = execution->first;
	execution->ticket = record->ticket;
	*executions->youngest = execution;
	executions->youngest = &execution->next;
	executions->pending++;
	if (executions->pending > PENDING_MAX)
		finish(executions, &executions->oldest, EVENT_EXEC, false);
}

void gate_executions_take(struct gate_executions *executions, const struct gate_record *record)
{
	struct gate_execution **place = find(executions, record->pid);

	if (record->next) {
		if (place)
			add_interpreter(*place, record);
		return;
	}
	if (place && record->previous == CONFIRM_NOT_YET) {
		if ((*place)->program->format == GATE_FORMAT_OTHER && !(*place)->guessed) {
			add_interpreter(*place, record);
			(*place)->guessed = true;
			return;
		}
		finish(executions, place, EVENT_FAILED, true);
	} else if (place) {
		finish(executions, place, EVENT_EXEC, record->previous == CONFIRM_SUCCEEDED);
	}
	begin(executions, record);
}

/* ---- outcomes ---- */

/* False: not known yet. As core/verify.c does: first "is it in execve?", then "has it succeeded?".
 */
static bool judge(struct gate_executions *executions, struct gate_execution *execution,
		  enum event_type *ret_type, bool *ret_sure)
{
	pid_t pid = (pid_t)execution->first->pid;
	enum confirm_state state = confirm_ask(executions->confirm, pid, execution->ticket);
	enum access_place place;

	*ret_type = EVENT_EXEC;
	*ret_sure = state == CONFIRM_SUCCEEDED;
	execution->tries++;
	/* Its next execution's record will say. */
	if (state == CONFIRM_AGAIN)
		return execution->tries > AGAIN_TRIES;
	if (state != CONFIRM_NOT_YET)
		return true;
	place = access_place_of(executions->host, pid);
	if (execution->tries < TRIES &&
	    (place == ACCESS_IN_EXECVE ||
	     (place == ACCESS_RUNNING && execution->tries < RUNNING_TRIES)))
		return false;
	state = confirm_ask(executions->confirm, pid, execution->ticket);
	*ret_sure = state == CONFIRM_SUCCEEDED || state == CONFIRM_NOT_YET;
	if (state == CONFIRM_NOT_YET) {
		(void)confirm_disarm(executions->confirm, pid, execution->ticket);
		*ret_type = EVENT_FAILED;
	}
	return true;
}

void gate_executions_look(struct gate_executions *executions, uint64_t now_boottime)
{
	struct gate_execution **place = &executions->oldest;

	while (*place && (*place)->first->boottime + GATE_LOOK_NS <= now_boottime) {
		enum event_type type;
		bool sure;

		if (judge(executions, *place, &type, &sure))
			finish(executions, place, type, sure);
		else
			place = &(*place)->next;
	}
}

void gate_executions_init(struct gate_executions *executions, const struct host *host,
			  struct confirm *confirm, gate_execution_fn tell, void *userdata)
{
	*executions = (struct gate_executions){
		.host = host,
		.confirm = confirm,
		.tell = tell,
		.userdata = userdata,
	};
	executions->youngest = &executions->oldest;
}

void gate_executions_done(struct gate_executions *executions)
{
	while (executions->oldest)
		finish(executions, &executions->oldest, EVENT_EXEC, false);
}
