// SPDX-License-Identifier: MIT
/*
 * Needs root and a kernel with audit. What is checked of the whole machine (rules, enabled) is
 * checked by one test program at a time; therefore it is one, and long.
 * covers: audit-control.c audit-probe.c audit-socket.c source.c
 */
#include "source/audit.h"

#include "source/audit-control.h"
#include "source/audit-rule.h"
#include "test/unit.h"
#include "util/fd.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct {
	struct host *host;
	struct source *source;
	uint32_t pid; /* whose events count; 0: all */
	unsigned counts[EVENT_TYPES];
	uint64_t lost;
	struct event last; /* numbers; the strings are below */
	char exe[256], in_root[256], cwd[256], script[256], interpreter[256], argv[256],
		reason[256];
	size_t argv_size;
	int lock;
} test;

static void keep(const struct event *event, enum event_field field, struct slice slice,
		 char text[static 256])
{
	size_t size = event_knows(event, field) ? MIN(slice.size, (size_t)255) : 0;

	if (size > 0)
		memcpy(text, slice.data, size);
	text[size] = '\0';
}

static void on_event(struct event *event, void *userdata)
{
	if (event->type == EVENT_GAP) {
		keep(event, FIELD_REASON, event->reason, test.reason);
		test.lost += event_knows(event, FIELD_LOST) ? event->lost : 0;
	} else if (test.pid && event->pid != test.pid) {
		return;
	}
	test.counts[event->type]++;
	if (event->type == EVENT_GAP)
		return;
	test.last = *event;
	keep(event, FIELD_EXE, event->exe, test.exe);
	keep(event, FIELD_EXE_IN_ROOT, event->exe_in_root, test.in_root);
	keep(event, FIELD_CWD, event->cwd, test.cwd);
	keep(event, FIELD_SCRIPT, event->script, test.script);
	keep(event, FIELD_INTERPRETER, event->interpreter, test.interpreter);
	keep(event, FIELD_ARGV, event->argv, test.argv);
	test.argv_size = event_knows(event, FIELD_ARGV) ? event->argv.size : 0;
}

static void forget_events(void)
{
	memset(test.counts, 0, sizeof(test.counts));
	test.lost = 0;
	test.pid = 0;
}

/* Why audit cannot be used here, or NULL. */
static const char *unusable(void)
{
	_cleanup_(audit_control_freep) struct audit_control *control = NULL;
	struct audit_status status;

	if (geteuid() != 0)
		return "needs root";
	if (audit_control_new(test.host, &control, NULL) < 0 ||
	    audit_control_status(control, &status, NULL) < 0)
		return "needs a kernel with audit, and its first namespaces";
	return status.enabled > 1 ? "needs an audit configuration that is not locked" : NULL;
}

static int setup(void **state)
{
	forget_events();
	assert_int_equal(host_new(&test.host, NULL), 0);
	/* Another run of this test on the same machine would be seen as somebody else's rules. */
	test.lock = open("/sys/kernel", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(test.lock >= 0);
	assert_int_equal(flock(test.lock, LOCK_EX), 0);
	return 0;
}

static int teardown(void **state)
{
	source_free(test.source);
	test.source = NULL;
	host_free(test.host);
	close(test.lock);
	return 0;
}

#define need_audit()                                  \
	do {                                          \
		const char *why = unusable();         \
		if (why) {                            \
			print_message("# %s\n", why); \
			skip();                       \
		}                                     \
	} while (0)

static struct source *open_source(uint32_t types, size_t buffer)
{
	const struct source_options options = {
		.host = test.host,
		.sink = { on_event, NULL },
		.types = types,
		.buffer = buffer,
	};
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct source *source = NULL;

	if (audit_source.open(&options, &source, &err) < 0)
		fail_msg("%s", error_text(&err));
	return source;
}

/* As an owner's loop does it, until `type` has come, for at most `ms`. */
static int run(struct source *source, enum event_type type, unsigned count, int ms)
{
	uint64_t end = clock_monotonic() + (uint64_t)ms * 1000000;
	struct pollfd poller = { .fd = source->class->fd(source), .events = POLLIN };
	int r = 0;

	while (test.counts[type] < count && clock_monotonic() < end && r >= 0) {
		uint64_t now = clock_monotonic(), due = MIN(source->class->due(source), end);

		(void)poll(&poller, 1, due > now ? (int)((due - now) / 1000000) + 1 : 0);
		if ((poller.revents & POLLIN) || clock_monotonic() >= source->class->due(source))
			r = source->class->dispatch(source, NULL);
	}
	return r;
}

/* A child does `function` when told to go; it is what `test.pid` names. */
static pid_t begin_child(void (*function)(void), int *ret_go)
{
	int pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipes[1]);
		(void)!read(pipes[0], &byte, 1);
		function();
		_exit(99);
	}
	close(pipes[0]);
	*ret_go = pipes[1];
	test.pid = (uint32_t)pid;
	return pid;
}

static int end_child(pid_t pid, int go)
{
	int status;

	if (go >= 0)
		close(go);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void child(struct source *source, void (*function)(void), enum event_type type)
{
	int go;
	pid_t pid = begin_child(function, &go);

	/* It ends only when its event has come, so that /proc can still be asked. */
	close(go);
	(void)run(source, type, 1, 5000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- the state of the machine ---- */

struct machine {
	struct audit_status status;
	struct audit_rules rules;
};

static struct machine look(void)
{
	_cleanup_(audit_control_freep) struct audit_control *control = NULL;
	struct machine machine;

	assert_int_equal(audit_control_new(test.host, &control, NULL), 0);
	assert_int_equal(audit_control_status(control, &machine.status, NULL), 0);
	assert_int_equal(audit_control_rules(control, &machine.rules, NULL), 0);
	return machine;
}

static void assert_as_before(const struct machine *before)
{
	struct machine now = look();

	assert_int_equal(now.rules.count, before->rules.count);
	assert_int_equal(now.status.enabled, before->status.enabled);
	assert_int_equal(now.status.pid, before->status.pid);
	assert_int_equal(now.status.backlog_limit, before->status.backlog_limit);
	assert_int_equal(now.status.failure, before->status.failure);
}

/* ---- events ---- */

static void run_sleep(void)
{
	assert_int_equal(chdir("/usr"), 0);
	execl("bin/sleep", "sleep", "0.3", (char *)NULL);
}

static void test_an_execution(void **state)
{
	const struct event *event = &test.last;
	struct machine before;

	need_audit();
	before = look();
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_int_equal(event->source, SOURCE_AUDIT);
	assert_int_equal(event->ppid, getpid());
	assert_int_equal(event->tid, event->pid);
	assert_int_equal(event->euid, 0);
	assert_true(event_knows(event, FIELD_LOGINUID));
	assert_true(event_knows(event, FIELD_SESSION));
	assert_string_equal(test.exe, "/usr/bin/sleep");
	assert_string_equal(test.in_root, "/usr/bin/sleep");
	assert_string_equal(test.cwd, "/usr");
	assert_int_equal(test.argv_size, 10);
	assert_memory_equal(test.argv, "sleep\0000.3", 10);
	assert_true(event_knows(event, FIELD_START));
	assert_true(event_knows(event, FIELD_EXEC_ID));
	assert_true(event_knows(event, FIELD_CGROUP) || event_knows(event, FIELD_CGROUP_V1));
	assert_true(event_knows(event, FIELD_PID_NS));
	assert_true(event->time <= clock_realtime() &&
		    clock_realtime() - event->time < UINT64_C(10000000000));
	assert_true(test.source->counters.seen >= 1);
	assert_int_equal(test.source->counters.lost, 0);
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&before);
}

static char script_path[256];

static void run_script(void)
{
	execl(script_path, script_path, "a b", (char *)NULL);
}

static void test_a_script(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *path = NULL;

	need_audit();
	folder = unit_folder_new();
	path = unit_path(folder, "the script");
	unit_write(folder, "the script", "#!/bin/sh\nsleep 0.3\nexit\n");
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(script_path, sizeof(script_path), "%s", path);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	child(test.source, run_script, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	assert_string_equal(test.script, path);
	assert_string_equal(test.interpreter, "/bin/sh");
	assert_true(strlen(test.exe) > 0);
	assert_string_equal(test.exe, test.in_root);
}

static void run_nothing(void)
{
	execl("/nonexistent/program", "x", (char *)NULL);
}

static void test_a_failure(void **state)
{
	pid_t pid;
	int go;

	need_audit();
	test.source = open_source(EVENT_BIT(EVENT_FAILED), 0);
	child(test.source, run_nothing, EVENT_FAILED);
	assert_int_equal(test.counts[EVENT_FAILED], 1);
	assert_int_equal(test.counts[EVENT_EXEC], 0);
	assert_int_equal(test.last.error, ENOENT);
	/* And not where it is not asked for. */
	forget_events();
	assert_int_equal(test.source->class->set_types(test.source, EVENT_BIT(EVENT_EXEC), NULL),
			 0);
	pid = begin_child(run_nothing, &go);
	assert_int_equal(end_child(pid, go), 99);
	(void)run(test.source, EVENT_FAILED, 1, 300);
	assert_int_equal(test.counts[EVENT_FAILED], 0);
}

static void change_ids(void)
{
	/* Not the C library's, which has other threads do the same. */
	(void)syscall(SYS_setresgid, 11, 12, 13);
	(void)syscall(SYS_setresuid, 1, 2, 3);
	(void)syscall(SYS_setuid, 2);
	(void)syscall(SYS_setuid, 4); /* refused */
	usleep(300000);
}

static void test_ids(void **state)
{
	need_audit();
	test.source = open_source(EVENT_BIT(EVENT_SETUID) | EVENT_BIT(EVENT_SETGID), 0);
	child(test.source, change_ids, EVENT_SETUID);
	assert_int_equal(test.counts[EVENT_SETGID], 1);
	/* setuid(2) changes nothing of what setresuid() has made. */
	assert_int_equal(test.counts[EVENT_SETUID], 1);
	assert_int_equal(test.last.uid, 1);
	assert_int_equal(test.last.euid, 2);
	assert_int_equal(test.last.suid, 3);
	assert_int_equal(test.last.egid, 12);
	assert_true(event_knows(&test.last, FIELD_EXE));
}

static char program_path[256];

/* The program has the set-user-id bit. */
static void run_as_root(void)
{
	if (syscall(SYS_setresuid, 65534, 65534, 65534) == 0)
		execl(program_path, "sleep", "0.3", (char *)NULL);
}

static void test_set_user_id(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL, *command = NULL;
	pid_t pid;
	int go;

	need_audit();
	folder = unit_folder_new();
	program = unit_path(folder, "sleep");
	assert_true(asprintf(&command, "chmod 755 %s && cp /bin/sleep %s && chmod 4755 %s", folder,
			     program, program) > 0);
	assert_int_equal(system(command), 0);
	snprintf(program_path, sizeof(program_path), "%s", program);
	/* Of executions only those are asked for. */
	test.source = open_source(EVENT_BIT(EVENT_SETUID), 0);
	pid = begin_child(run_as_root, &go);
	close(go);
	(void)run(test.source, EVENT_SETUID, 2, 5000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(test.counts[EVENT_SETUID], 2);
	assert_int_equal(test.counts[EVENT_EXEC], 0);
	assert_int_equal(test.last.uid, 65534);
	assert_int_equal(test.last.euid, 0);
	assert_string_equal(test.exe, program);
}

static void run_in_root(void)
{
	if (chroot(program_path) == 0 && chdir("/bin") == 0)
		execl("./sleep", "sleep", "0.3", (char *)NULL);
}

static void test_a_chroot(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *program = NULL, *command = NULL;

	need_audit();
	if (access("/bin/busybox", X_OK) < 0)
		skip();
	folder = unit_folder_new();
	program = unit_path(folder, "bin/sleep");
	assert_true(asprintf(&command, "mkdir %s/bin && cp /bin/busybox %s", folder, program) > 0);
	assert_int_equal(system(command), 0);
	snprintf(program_path, sizeof(program_path), "%s", folder);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	child(test.source, run_in_root, EVENT_EXEC);
	assert_string_equal(test.in_root, "/bin/sleep");
	assert_string_equal(test.exe, program);
	*strrchr(program, '/') = '\0';
	assert_string_equal(test.cwd, program);
}

/* ---- storms and losses ---- */

enum { STORM = 300 };

static void run_storm(void)
{
	for (int i = 0; i < STORM; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		(void)waitpid(pid, NULL, 0);
	}
	_exit(0);
}

static void test_a_storm(void **state)
{
	int go;
	pid_t pid;

	need_audit();
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	pid = begin_child(run_storm, &go);
	test.pid = 0;
	close(go);
	assert_true(run(test.source, EVENT_EXEC, STORM, 20000) >= 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(test.counts[EVENT_EXEC] >= STORM);
	assert_int_equal(test.counts[EVENT_GAP], 0);
	assert_int_equal(test.source->counters.lost, 0);
}

static void test_what_is_lost_is_told(void **state)
{
	int go;
	pid_t pid;

	need_audit();
	/* Nobody reads while 300 programs are executed, and there is room for a few. */
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 100000);
	pid = begin_child(run_storm, &go);
	test.pid = 0;
	assert_int_equal(end_child(pid, go), 0);
	(void)run(test.source, EVENT_GAP, 1, 5000);
	assert_int_equal(test.counts[EVENT_GAP], 1);
	assert_string_equal(test.reason, "the audit socket's buffer was full");
	/* How many is known when the next event shows its number: the kernel counts on. */
	pid = begin_child(run_sleep, &go);
	test.pid = 0;
	assert_int_equal(end_child(pid, go), 0);
	for (int i = 0; i < 10 && test.counts[EVENT_EXEC] + test.lost < STORM + 1; i++)
		(void)run(test.source, EVENT_GAP, test.counts[EVENT_GAP] + 1, 1000);
	assert_true(test.counts[EVENT_EXEC] + test.lost >= STORM + 1);
	assert_true(test.lost > 0);
	assert_int_equal(test.source->counters.lost, test.lost);
}

/* ---- living with others ---- */

/* One that is registered as the daemon is sent more than it reads in time: ENOBUFS. */
static void receive(int fd, void *message, size_t size)
{
	ssize_t n;

	do
		n = recv(fd, message, size, 0);
	while (n < 0 && (errno == ENOBUFS || errno == EINTR));
	assert_true(n >= NLMSG_HDRLEN);
}

static int send_raw(int fd, uint16_t type, const void *payload, size_t size)
{
	_Alignas(struct nlmsghdr) char message[8192] = { 0 };
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)message;
	struct nlmsgerr outcome;

	header->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	memcpy(message + NLMSG_HDRLEN, payload, size);
	assert_int_equal(send(fd, message, header->nlmsg_len, 0), header->nlmsg_len);
	do
		receive(fd, message, sizeof(message));
	while (header->nlmsg_type != NLMSG_ERROR);
	memcpy(&outcome, message + NLMSG_HDRLEN, sizeof(outcome));
	return outcome.error;
}

static int open_raw(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	assert_true(fd >= 0);
	return fd;
}

/* Somebody else's rule: every execution, under a key of their own. */
static void change_other_rule(uint16_t type, const char *key)
{
	const struct audit_key any = { .pid = 1 };
	struct audit_rule rule;
	struct audit_rule_data *data = audit_rule_data(&rule);
	int fd = open_raw();

	audit_rule_make(&rule, AUDIT_ABI_NATIVE, AUDIT_CALL_EXEC, true, &any);
	data->buflen = data->values[2] = (uint32_t)strlen(key);
	memcpy(rule.bytes + sizeof(*data), key, strlen(key));
	assert_int_equal(send_raw(fd, type, rule.bytes, sizeof(*data) + strlen(key)), 0);
	close(fd);
}

static void test_a_rule_of_somebody_else(void **state)
{
	struct machine before, with;

	need_audit();
	before = look();
	change_other_rule(AUDIT_ADD_RULE, "theirs");
	with = look();
	assert_int_equal(with.rules.count, before.rules.count + 1);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	/* Their rule comes first and gives the record its key; it is an execution all the same. */
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&with);
	change_other_rule(AUDIT_DEL_RULE, "theirs");
	assert_as_before(&before);
}

static void test_two_at_once(void **state)
{
	struct machine before;
	struct source *first;

	need_audit();
	before = look();
	first = open_source(EVENT_BIT(EVENT_EXEC), 0);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	/* Whoever leaves first leaves the other's rules, and audit switched on. */
	source_free(first);
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&before);
}

static void crash(void)
{
	(void)open_source(EVENT_BIT(EVENT_EXEC) | EVENT_BIT(EVENT_SETUID), 0);
	_exit(0);
}

static void test_what_a_crash_left(void **state)
{
	struct machine before, left;
	int go;
	pid_t pid;

	need_audit();
	before = look();
	pid = begin_child(crash, &go);
	assert_int_equal(end_child(pid, go), 0);
	left = look();
	assert_true(left.rules.count > before.rules.count);
	assert_int_equal(left.status.enabled, 1);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	assert_non_null(strstr(test.source->class->variant(test.source), "of a dead reeve"));
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&before);
	/* The same by hand. */
	pid = begin_child(crash, &go);
	assert_int_equal(end_child(pid, go), 0);
	assert_true(audit_clean(test.host, NULL) >= 2);
	assert_as_before(&before);
	assert_int_equal(audit_clean(test.host, NULL), 0);
}

/* As `auditctl -D` does, but only rules of this process. */
static unsigned delete_own_rules(void)
{
	static struct {
		_Alignas(struct audit_rule_data) char bytes[2048];
		size_t size;
	} rules[16];
	_Alignas(struct nlmsghdr) char message[8192];
	const struct nlmsghdr *header = (const struct nlmsghdr *)(void *)message;
	unsigned count = 0;
	int fd = open_raw();

	assert_int_equal(send_raw(fd, AUDIT_LIST_RULES, "", 0), 0);
	for (;;) {
		struct slice rule = { message + NLMSG_HDRLEN, 0 };
		struct audit_key key;

		receive(fd, message, sizeof(message));
		if (header->nlmsg_type == NLMSG_DONE)
			break;
		rule.size = header->nlmsg_len - NLMSG_HDRLEN;
		if (audit_rule_judge(rule, &key) != AUDIT_RULE_REEVE ||
		    key.pid != (uint32_t)getpid() || count == ARRAY_SIZE(rules) ||
		    rule.size > sizeof(rules[0].bytes))
			continue;
		memcpy(rules[count].bytes, rule.data, rule.size);
		rules[count++].size = rule.size;
	}
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(send_raw(fd, AUDIT_DEL_RULE, rules[i].bytes, rules[i].size), 0);
	close(fd);
	return count;
}

static void test_rules_taken_away(void **state)
{
	struct machine before;

	need_audit();
	before = look();
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	assert_true(delete_own_rules() >= 1);
	assert_int_equal(look().rules.count, before.rules.count);
	assert_true(run(test.source, EVENT_GAP, 1, 3000) >= 0);
	assert_true(test.counts[EVENT_GAP] >= 1);
	assert_non_null(strstr(test.reason, "removed"));
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&before);
}

static void set_status(uint32_t mask, uint32_t value)
{
	const struct audit_status status = { .mask = mask, .enabled = value, .pid = value };
	int fd = open_raw();

	assert_int_equal(send_raw(fd, AUDIT_SET, &status, sizeof(status)), 0);
	close(fd);
}

static void test_switched_off_by_somebody(void **state)
{
	struct machine before;

	need_audit();
	before = look();
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	set_status(AUDIT_STATUS_ENABLED, 0);
	assert_int_equal(run(test.source, EVENT_EXEC, UINT16_MAX, 3000), -EOPNOTSUPP);
	assert_int_equal(test.counts[EVENT_GAP], 1);
	source_free(test.source);
	test.source = NULL;
	/* Whoever did it meant it. */
	assert_int_equal(look().status.enabled, 0);
	set_status(AUDIT_STATUS_ENABLED, before.status.enabled);
	assert_as_before(&before);
}

/* What the audit daemon does: takes the records that are sent to one program alone. */
static void be_the_daemon(void)
{
	const struct audit_status status = { .mask = AUDIT_STATUS_PID, .pid = (uint32_t)getpid() };
	const struct audit_status none = { .mask = AUDIT_STATUS_PID };
	struct timeval patience = { .tv_sec = 10 };
	char message[16384];
	int fd = open_raw(), found = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send_raw(fd, AUDIT_SET, &status, sizeof(status)) != 0)
		_exit(2);
	while (!found) {
		ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

		if (n <= 0)
			break;
		message[n] = '\0';
		found = n > NLMSG_HDRLEN && strstr(message + NLMSG_HDRLEN, "comm=\"sleep\"");
	}
	(void)send_raw(fd, AUDIT_SET, &none, sizeof(none));
	_exit(found ? 0 : 3);
}

static void wait_for_daemon(pid_t pid)
{
	for (int i = 0; i < 100 && look().status.pid != (uint32_t)pid; i++)
		usleep(50000);
	assert_int_equal(look().status.pid, pid);
}

static void test_beside_a_daemon(void **state)
{
	struct machine before;
	pid_t daemon_pid;
	int go;

	need_audit();
	before = look();
	if (before.status.pid != 0)
		skip(); /* a real one runs */
	daemon_pid = begin_child(be_the_daemon, &go);
	close(go);
	wait_for_daemon(daemon_pid);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	/* It has seen the same. */
	assert_int_equal(end_child(daemon_pid, -1), 0);
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&before);
}

static const char *auditd_path(void)
{
	static const char *const places[] = { "/sbin/auditd", "/usr/sbin/auditd" };
	const char *path = getenv("REEVE_TEST_AUDITD");

	for (size_t i = 0; !path && i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			path = places[i];
	return path;
}

static char auditd_folder[256];

static void be_auditd(void)
{
	execl(auditd_path(), "auditd", "-n", "-s", "nochange", "-c", auditd_folder, (char *)NULL);
}

static void test_beside_auditd(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = NULL;
	_cleanup_(freep) char *config = NULL, *log = NULL, *logged = NULL;
	struct machine before;
	pid_t auditd;
	size_t size;
	int go;

	need_audit();
	before = look();
	if (!auditd_path() || before.status.pid != 0)
		skip(); /* needs auditd, and that none runs */
	folder = unit_folder_new();
	snprintf(auditd_folder, sizeof(auditd_folder), "%s", folder);
	log = unit_path(folder, "audit.log");
	assert_true(asprintf(&config,
			     "log_file = %s\nlog_format = RAW\nflush = NONE\nspace_left = 2\n"
			     "admin_space_left = 1\nspace_left_action = IGNORE\n"
			     "admin_space_left_action = IGNORE\n",
			     log) > 0);
	unit_write(folder, "auditd.conf", config);
	auditd = begin_child(be_auditd, &go);
	close(go);
	wait_for_daemon(auditd);
	test.source = open_source(EVENT_BIT(EVENT_EXEC), 0);
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	source_free(test.source);
	test.source = NULL;
	assert_int_equal(look().status.pid, auditd);
	assert_int_equal(kill(auditd, SIGTERM), 0);
	assert_int_equal(waitpid(auditd, NULL, 0), auditd);
	assert_int_equal(file_read_at(AT_FDCWD, log, 16 << 20, &logged, &size), 0);
	assert_non_null(strstr(logged, "exe=\"/usr/bin/sleep\""));
	assert_as_before(&before);
}

static void test_asked_for_nothing(void **state)
{
	struct machine before;

	need_audit();
	before = look();
	test.source = open_source(0, 0);
	assert_as_before(&before);
	assert_int_equal(test.source->class->set_types(test.source, EVENT_BIT(EVENT_EXEC), NULL),
			 0);
	assert_int_equal(look().status.enabled, 1);
	assert_int_equal(test.source->class->set_types(test.source, 0, NULL), 0);
	assert_as_before(&before);
	assert_int_equal(test.source->class->set_types(test.source, EVENT_BIT(EVENT_EXEC), NULL),
			 0);
	child(test.source, run_sleep, EVENT_EXEC);
	assert_int_equal(test.counts[EVENT_EXEC], 1);
	source_free(test.source);
	test.source = NULL;
	assert_as_before(&before);
}

static unsigned reports;

static void on_report(const struct hook_report *report, void *userdata)
{
	assert_int_equal(report->state, HOOK_WORKS);
	reports++;
}

static void test_probe(void **state)
{
	struct machine before;

	need_audit();
	before = look();
	reports = 0;
	assert_int_equal(audit_source.probe(test.host, on_report, NULL, NULL), 0);
	assert_true(reports >= 3);
	assert_as_before(&before);
}

static void test_classes(void **state)
{
	struct source source = { 0 };

	assert_ptr_equal(source_class_find("audit"), &audit_source);
	assert_null(source_class_find("none"));
	source_count_loss(&source, "one", 2);
	source_count_loss(&source, "two", 3);
	source_count_loss(&source, "one", 5);
	assert_int_equal(source.counters.lost, 10);
	assert_string_equal(source.counters.causes[0].cause, "one");
	assert_int_equal(source.counters.causes[0].count, 7);
	assert_int_equal(source.counters.causes[1].count, 3);
	assert_null(source.counters.causes[2].cause);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_classes),
		CASE(test_probe),
		CASE(test_an_execution),
		CASE(test_a_script),
		CASE(test_a_failure),
		CASE(test_ids),
		CASE(test_set_user_id),
		CASE(test_a_chroot),
		CASE(test_a_storm),
		CASE(test_what_is_lost_is_told),
		CASE(test_a_rule_of_somebody_else),
		CASE(test_two_at_once),
		CASE(test_what_a_crash_left),
		CASE(test_rules_taken_away),
		CASE(test_switched_off_by_somebody),
		CASE(test_beside_a_daemon),
		CASE(test_beside_auditd),
		CASE(test_asked_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
