// SPDX-License-Identifier: MIT
/*
 * What this source can know and what not:
 *
 *  - Executions, and set*uid and set*gid calls, are told by rules on the list "exit": the record is
 *    written when the call returns, so before a new program's first instruction. A program whose
 *    set-id bits take effect is a change of user or group too, unless it gives a process that had
 *    put its own user aside just that one back: no record says what it was before.
 *  - The end of a process is not told: a rule on exit_group would show who ends by his own will,
 *    and nobody who is killed, at twice the cost. Nor are forks: their record has the child's id
 *    only as its parent's namespace numbers it, and does not tell a thread from a process.
 *  - A process that was started before audit was switched on for the first time since boot has no
 *    audit context (audit_alloc()); its children have. What the kernel executes by itself, and
 *    what executes by the x32 ABI, is not seen.
 *
 * Losses. The kernel's own queue makes executions wait rather than lose them (backlog_wait_time),
 * so what is lost is mostly lost at our socket, and counted by serial numbers (audit-serials.h).
 * The kernel's counter `lost` is mostly of records that may not wait, as those of BPF programs
 * being unloaded, and of what it could not keep for a daemon. It may be of executions only where
 * writers do not wait, have waited in vain, or records are limited per second; it does not say how
 * many.
 *
 * Wake-ups. The kernel sends eight records for an execution, one by one; a reader that sleeps on
 * the socket is woken for each. So after the first it is not polled for a while, and read then.
 */
#include "source/audit.h"

#include "source/audit-event.h"
#include "source/audit-probe.h"
#include "source/audit-process.h"
#include "source/audit-serials.h"
#include "source/audit-socket.h"

#include <inttypes.h>
#include <sys/epoll.h>

enum {
	ROUNDS = 16, /* reads in one dispatch */
	RECENT = 256,
	BUSY = 64, /* records in one dispatch */
};

/* An execution now and then is read while its process lives; a storm is read in bulk. */
static const uint64_t pause_ns = UINT64_C(200000), pause_busy_ns = UINT64_C(2000000);
static const uint64_t settle_soon_ns = UINT64_C(20000000);
static const uint64_t settle_ns = UINT64_C(1000000000);
static const uint64_t status_ns = UINT64_C(2000000000);
/* Process ids are not used again so soon. */
static const uint64_t recent_ns = UINT64_C(100000000);

/* The ids of a process as the last event had them. */
struct recent {
	uint32_t pid, uid, euid, suid, gid, egid, sgid;
	uint64_t time;
};

struct audit {
	struct source source;
	struct source_options options;
	struct audit_control *control;
	struct audit_socket *socket;
	struct audit_assembly *assembly;
	struct audit_process *process;
	struct audit_serials serials;
	struct audit_event made;
	struct recent recent[RECENT];
	int epoll_fd;
	bool armed; /* the socket is polled */
	uint64_t boot_ns, now_ns;
	/* CLOCK_MONOTONIC; UINT64_MAX: not. */
	uint64_t next_read, next_settle, next_status;
	uint32_t settle_mark;	/* the highest serial number when the last settling was planned */
	uint64_t last_boottime; /* of the last event */
	bool overflown, tampered, active;
	struct audit_status status; /* as it was last told */
	uint64_t cut, incomplete;   /* that are counted already */
	int told;
	char variant[320];
};

static struct audit *audit_of(struct source *source)
{
	return (struct audit *)(void *)source;
}

static const struct audit *audit_source_const(const struct source *source)
{
	return (const struct audit *)(const void *)source;
}

/* ---- losses ---- */

/* `lost`: 0 where nobody knows how many. */
static void tell_gap(struct audit *audit, const char *cause, uint64_t lost, const char *reason)
{
	struct event event;

	source_count_loss(&audit->source, cause, lost);
	audit->source.counters.gaps++;
	event_init(&event, EVENT_GAP, SOURCE_REEVE);
	event_set(&event, TIME, time, clock_realtime());
	event_set(&event, BOOTTIME, boottime, clock_boottime());
	event_set(&event, FROM, from, audit->last_boottime);
	event_set(&event, TO, to, event.boottime);
	if (lost > 0)
		event_set(&event, LOST, lost, lost);
	event_set(&event, REASON, reason, slice_of(reason));
	audit->last_boottime = event.boottime;
	audit->told++;
	audit->options.sink.event(&event, audit->options.sink.userdata);
}

static void plan_settling(struct audit *audit, uint64_t after_ns)
{
	audit->settle_mark = audit->serials.highest;
	audit->next_settle = audit->now_ns + after_ns;
}

/* Numbers that have not come since the settling was planned will not come. */
static void settle(struct audit *audit)
{
	uint64_t missing = audit_serials_settle(&audit->serials, audit->settle_mark);
	bool overflown = audit->overflown;

	audit->overflown = false;
	audit->next_settle = UINT64_MAX;
	if (missing > 0 || overflown)
		tell_gap(audit, "socket buffer full", missing,
			 overflown ? "the audit socket's buffer was full"
				   : "audit records did not reach the socket");
	if (audit->active || audit->settle_mark != audit->serials.highest)
		plan_settling(audit, settle_ns);
	audit->active = false;
}

static void count_damaged(struct audit *audit)
{
	uint64_t incomplete = audit_assembly_counters(audit->assembly)->incomplete;
	uint64_t cut = audit_socket_cut(audit->socket);
	uint64_t damaged = incomplete - audit->incomplete + cut - audit->cut;

	audit->incomplete = incomplete;
	audit->cut = cut;
	if (damaged > 0)
		tell_gap(audit, "incomplete", damaged, "records of an audit event were missing");
}

/* Can what the kernel has dropped since be of executions? */
static bool may_be_ours(const struct audit_status *before, const struct audit_status *now)
{
	if (now->lost == before->lost)
		return false;
	return now->rate_limit > 0 || now->backlog_wait_time == 0 ||
	       now->backlog_wait_time_actual - before->backlog_wait_time_actual >=
		       now->backlog_wait_time;
}

/* Returns -EOPNOTSUPP when there is nothing to see any more. */
static int judge_status(struct audit *audit, const struct audit_status *status, struct error *err)
{
	bool lost = may_be_ours(&audit->status, status);

	audit->status = *status;
	if (lost)
		tell_gap(audit, "kernel queue", 0,
			 "the kernel dropped audit records, perhaps of executions");
	if (status->enabled == 0 && audit->options.types != 0) {
		tell_gap(audit, "switched off", 0, "another program has switched audit off");
		return error_set(err, -EOPNOTSUPP, "another program has switched audit off");
	}
	return 0;
}

static int check_control(struct audit *audit, struct error *err)
{
	struct audit_status status;
	int r;

	if (audit->tampered) {
		audit->tampered = false;
		r = audit_control_restore(audit->control, err);
		if (r < 0)
			return r;
		if (r > 0)
			tell_gap(audit, "rules removed", 0,
				 "another program has removed reeve's audit rules; they are there "
				 "again");
	}
	r = audit_control_answer(audit->control, &status);
	if (r < 0)
		return error_set_errno(err, r, "the kernel does not tell the state of audit");
	return r > 0 ? judge_status(audit, &status, err) : 0;
}

/* ---- events ---- */

/*
 * The C library has every thread make the call, and many a program asks for the ids that it has:
 * then nothing has changed.
 */
static bool is_no_change(struct audit *audit, const struct event *event)
{
	struct recent *recent = &audit->recent[event->pid % RECENT];
	bool known = recent->pid == event->pid && event->time - recent->time < recent_ns;
	bool same_user = recent->uid == event->uid && recent->euid == event->euid &&
			 recent->suid == event->suid;
	bool same_group = recent->gid == event->gid && recent->egid == event->egid &&
			  recent->sgid == event->sgid;

	if (!event_knows(event, FIELD_SUID) || !event_knows(event, FIELD_SGID))
		return false;
	*recent = (struct recent){ .pid = event->pid,
				   .uid = event->uid,
				   .euid = event->euid,
				   .suid = event->suid,
				   .gid = event->gid,
				   .egid = event->egid,
				   .sgid = event->sgid,
				   .time = event->time };
	return known && ((event->type == EVENT_SETUID && same_user) ||
			 (event->type == EVENT_SETGID && same_group));
}

/* What was made of the group. */
static void tell(struct audit *audit, const struct audit_group *group)
{
	struct event *event = &audit->made.event;

	if ((pid_t)event->pid == audit->options.quiet)
		return;
	audit->source.counters.seen++;
	if (event_knows(event, FIELD_BOOTTIME))
		audit->last_boottime = event->boottime;
	if (!(audit->options.types & EVENT_BIT(event->type)))
		return;
	audit_process_add(audit->process, group, &audit->made);
	audit->told++;
	audit->options.sink.event(event, audit->options.sink.userdata);
}

/* An execution has done what that call does. */
static void tell_as(struct audit *audit, const struct audit_group *group, enum audit_call call)
{
	struct audit_group change = *group;

	change.call = call;
	if (audit_event_make(&change, audit->boot_ns, &audit->made))
		tell(audit, &change);
}

static void on_group(const struct audit_group *group, void *userdata)
{
	struct audit *audit = userdata;
	struct audit_event *made = &audit->made;
	bool user, its_group;

	if (!audit_event_make(group, audit->boot_ns, made) || is_no_change(audit, &made->event))
		return;
	user = made->gives_user && audit->options.types & EVENT_BIT(EVENT_SETUID);
	its_group = made->gives_group && audit->options.types & EVENT_BIT(EVENT_SETGID);
	tell(audit, group);
	if (user)
		tell_as(audit, group, AUDIT_CALL_SETUID);
	if (its_group)
		tell_as(audit, group, AUDIT_CALL_SETGID);
}

/* "op=remove_rule key=... list=4 res=1", "op=set audit_enabled=0 old=1 ...". */
static void on_config_change(struct audit *audit, struct slice text)
{
	struct audit_field field;

	audit->next_status = audit->now_ns;
	while (audit_field_take(&text, &field))
		if (audit_field_is(&field, "key") && field.quoted &&
		    audit_control_is_ours(audit->control, field.value.data, field.value.size))
			audit->tampered = true;
}

static void on_record(unsigned type, struct slice text, void *userdata)
{
	struct audit *audit = userdata;
	struct audit_stamp stamp;

	if (!audit_stamp_take(&text, &stamp))
		return;
	audit_serials_see(&audit->serials, stamp.serial);
	if (type == AUDIT_CONFIG_CHANGE)
		on_config_change(audit, text);
	else
		audit_assembly_add(audit->assembly, type, &stamp, text, audit->now_ns);
}

/* ---- the loop ---- */

static int poll_socket(struct audit *audit, int operation)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT,
				     .data.fd = audit_socket_fd(audit->socket) };

	if (epoll_ctl(audit->epoll_fd, operation, event.data.fd, &event) < 0)
		return -errno;
	audit->armed = true;
	return 0;
}

static uint64_t pause_of(const struct audit *audit, int records)
{
	uint64_t latency = audit->options.latency_ns;
	uint64_t pause = records >= BUSY ? pause_busy_ns : pause_ns;

	return latency ? MIN(latency / 4, pause) : pause;
}

/* Returns how many records there were, or -errno. */
static int read_socket(struct audit *audit, struct error *err)
{
	int records = 0, n = 0;

	for (int round = 0; round < ROUNDS; round++) {
		n = audit_socket_read(audit->socket, on_record, audit);
		if (n == -ENOBUFS) {
			audit->overflown = true;
			audit->next_status = audit->now_ns;
			/* From the highest number before the hole to the lowest behind it. */
			plan_settling(audit, settle_soon_ns);
			continue;
		}
		if (n <= 0)
			break;
		records += n;
	}
	if (n < 0)
		return error_set_errno(err, n, "cannot read the kernel's audit records");
	return records;
}

/* After a read: wait for the socket, or, where more is about to come, a moment. */
static int plan_reading(struct audit *audit, int records)
{
	if (records > 0) {
		audit->active = true;
		if (audit->next_settle == UINT64_MAX)
			plan_settling(audit, settle_ns);
		if (audit->next_status == UINT64_MAX)
			audit->next_status = audit->now_ns + status_ns;
		audit->next_read = audit->now_ns + pause_of(audit, records);
		return 0;
	}
	audit->next_read = UINT64_MAX;
	return audit->armed ? 0 : poll_socket(audit, EPOLL_CTL_MOD);
}

static void ask_status(struct audit *audit)
{
	if (audit->now_ns < audit->next_status)
		return;
	audit->next_status = UINT64_MAX;
	(void)audit_control_ask(audit->control);
}

static int audit_dispatch(struct source *source, struct error *err)
{
	struct audit *audit = audit_of(source);
	struct epoll_event events[2];
	int records, r, n = epoll_wait(audit->epoll_fd, events, ARRAY_SIZE(events), 0);

	source->counters.wakeups++;
	audit->told = 0;
	for (int i = 0; i < n; i++)
		if (events[i].data.fd == audit_socket_fd(audit->socket))
			audit->armed = false;
	audit->now_ns = clock_monotonic();
	audit->boot_ns = clock_realtime() - clock_boottime();
	audit_process_refresh(audit->process);
	records = read_socket(audit, err);
	if (records < 0)
		return records;
	audit_assembly_expire(audit->assembly, audit->now_ns);
	count_damaged(audit);
	if (audit->now_ns >= audit->next_settle)
		settle(audit);
	ask_status(audit);
	r = check_control(audit, err);
	if (r < 0)
		return r;
	r = plan_reading(audit, records);
	return r < 0 ? error_set_errno(err, r, "cannot poll the audit socket") : audit->told;
}

static uint64_t audit_due(const struct source *source)
{
	const struct audit *audit = audit_source_const(source);
	uint64_t due = MIN(audit->next_read, audit->next_settle);

	due = MIN(due, audit->next_status);
	return MIN(due, audit_assembly_due(audit->assembly));
}

static int audit_fd(const struct source *source)
{
	return audit_source_const(source)->epoll_fd;
}

/* ---- life ---- */

static int audit_set_types(struct source *source, uint32_t types, struct error *err)
{
	struct audit *audit = audit_of(source);
	unsigned calls = audit_calls_for(types);
	int r;

	/* First what is kept, so that nothing that a new rule tells is thrown away. */
	audit_assembly_want(audit->assembly, calls);
	audit->options.types = types;
	r = audit_control_apply(audit->control, calls, types & EVENT_BIT(EVENT_FAILED), err);
	if (r == -EINVAL)
		return error_wrap(err, "perhaps the kernel is built without CONFIG_AUDITSYSCALL");
	return r;
}

static int open_parts(struct audit *audit, struct error *err)
{
	const struct source_options *options = &audit->options;
	struct epoll_event event = { .events = EPOLLIN };
	int r = audit_process_new(options->host, options->environment, options->environment_count,
				  &audit->process, err);

	if (r >= 0 && audit_assembly_new(on_group, audit, &audit->assembly) < 0)
		r = error_oom(err);
	if (r >= 0)
		r = audit_socket_new(options->buffer, &audit->socket, err);
	if (r < 0)
		return r;
	audit->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = audit_control_fd(audit->control);
	if (audit->epoll_fd < 0 ||
	    epoll_ctl(audit->epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
		return error_set_errno(err, -errno, "cannot poll the audit socket");
	r = poll_socket(audit, EPOLL_CTL_ADD);
	return r < 0 ? error_set_errno(err, r, "cannot poll the audit socket") : 0;
}

static void describe(struct audit *audit, const struct audit_state *state, int cleaned)
{
	struct text text = { 0 };

	text_add(&text, audit_abi_arch(AUDIT_ABI_COMPAT) ? "rules for both ABIs" : "own rules");
	if (state->status.pid)
		text_addf(&text, ", beside audit daemon %" PRIu32, state->status.pid);
	if (state->status.enabled == 0)
		text_add(&text,
			 "; audit was off: what runs already is seen after its next fork, "
			 "and processes begun from now on keep 1 µs an execution until boot");
	if (state->rules.never_some_task || state->rules.never_exit || state->rules.excluded)
		text_add(&text, "; another program's rules hide some");
	if (cleaned > 0)
		text_addf(&text, "; %d rules of a dead reeve removed", cleaned);
	snprintf(audit->variant, sizeof(audit->variant), "%s", text.data ? text.data : "");
	text_done(&text);
}

static void audit_free(struct source *source)
{
	struct audit *audit = audit_of(source);

	/* The rules first: who reads no more should not have them written. */
	audit_control_free(audit->control);
	audit_socket_free(audit->socket);
	audit_assembly_free(audit->assembly);
	audit_process_free(audit->process);
	if (audit->epoll_fd >= 0)
		close(audit->epoll_fd);
	free(audit);
}

static int begin(struct audit *audit, struct error *err)
{
	struct audit_state state;
	int cleaned, r;

	r = audit_control_new(audit->options.host, &audit->control, err);
	if (r >= 0)
		r = audit_probe(audit->options.host, audit->control, &state, NULL, NULL, err);
	if (r < 0)
		return r;
	cleaned = audit_control_clean(audit->control, err);
	if (cleaned < 0)
		return cleaned;
	audit->status = state.status;
	audit->last_boottime = clock_boottime();
	describe(audit, &state, cleaned);
	/* The socket before the rules: what they tell must find a reader. */
	r = open_parts(audit, err);
	return r < 0 ? r : audit_set_types(&audit->source, audit->options.types, err);
}

static int audit_open(const struct source_options *options, struct source **ret_source,
		      struct error *err)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	int r;

	if (!audit)
		return error_oom(err);
	audit->source.class = &audit_source;
	audit->options = *options;
	audit->epoll_fd = -1;
	audit->next_read = audit->next_settle = audit->next_status = UINT64_MAX;
	audit_serials_begin(&audit->serials);
	r = begin(audit, err);
	if (r < 0) {
		audit_free(&audit->source);
		return r;
	}
	*ret_source = &audit->source;
	return 0;
}

static int audit_source_probe(const struct host *host, hook_report_fn report, void *userdata,
			      struct error *err)
{
	_cleanup_(audit_control_freep) struct audit_control *control = NULL;
	struct audit_state state;
	int r = audit_control_new(host, &control, err);

	if (r < 0) {
		const struct hook_report refused = {
			.name = "NETLINK_AUDIT",
			.state = HOOK_REFUSED,
			.error = -r,
			.reason = "the kernel is built without CONFIG_AUDIT",
		};
		report(&refused, userdata);
		return r;
	}
	return audit_probe(host, control, &state, report, userdata, err);
}

int audit_clean(const struct host *host, struct error *err)
{
	_cleanup_(audit_control_freep) struct audit_control *control = NULL;
	int r = audit_control_new(host, &control, err);

	return r < 0 ? r : audit_control_clean(control, err);
}

static const char *audit_variant(const struct source *source)
{
	return audit_source_const(source)->variant;
}

/* Not caps_gained: a record that says so is written only where the kernel finds it worth one. */
static const uint8_t knows[] = {
	FIELD_TIME,	 FIELD_BOOTTIME, FIELD_PID,	    FIELD_TID,	     FIELD_PPID,
	FIELD_NS_PID,	 FIELD_EXEC_ID,	 FIELD_START,	    FIELD_EXE,	     FIELD_EXE_IN_ROOT,
	FIELD_FILENAME,	 FIELD_SCRIPT,	 FIELD_INTERPRETER, FIELD_COMM,	     FIELD_ARGV,
	FIELD_CWD,	 FIELD_ENV,	 FIELD_UID,	    FIELD_GID,	     FIELD_EUID,
	FIELD_EGID,	 FIELD_SUID,	 FIELD_SGID,	    FIELD_LOGINUID,  FIELD_SESSION,
	FIELD_TTY,	 FIELD_INODE,	 FIELD_DEV,	    FIELD_NLINK,     FIELD_MODE,
	FIELD_FLAGS,	 FIELD_CGROUP,	 FIELD_CGROUP_ID,   FIELD_CGROUP_V1, FIELD_MNT_NS,
	FIELD_PID_NS,	 FIELD_NET_NS,	 FIELD_USER_NS,	    FIELD_UTS_NS,    FIELD_IPC_NS,
	FIELD_CGROUP_NS, FIELD_TIME_NS,
};

const struct source_class audit_source = {
	.id = SOURCE_AUDIT,
	.name = "audit",
	.summary = "the kernel's audit records, beside the audit daemon",
	.guarantee = "Every execve and execveat of both ABIs that succeeds, of every process begun "
		     "since "
		     "audit was first switched on, with whole arguments, login and session; failed "
		     "ones and "
		     "changes of ids where asked for. Asynchronous. Paths from the host's root, "
		     "groups and "
		     "namespaces are read from /proc afterwards, and unknown where the process was "
		     "faster. No "
		     "forks, no ends, nothing that the kernel itself or an x32 program executes.",
	.knows = knows,
	.knows_count = ARRAY_SIZE(knows),
	.types = EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_FAILED) | EVENT_BIT(EVENT_SETUID) |
		 EVENT_BIT(EVENT_SETGID) | EVENT_BIT(EVENT_GAP),
	.probe = audit_source_probe,
	.open = audit_open,
	.free = audit_free,
	.fd = audit_fd,
	.due = audit_due,
	.dispatch = audit_dispatch,
	.set_types = audit_set_types,
	.variant = audit_variant,
};
