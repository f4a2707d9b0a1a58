// SPDX-License-Identifier: MIT
/*
 * Programs of triggers, really run; those with a cgroup of their own only as root. All groups are
 * below "reeve-test-trigger-...".
 *
 * covers: trigger-run.c trigger-child.c
 */
#include "action/trigger.h"

#include "test/unit.h"
#include "util/host.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MS UINT64_C(1000000)

struct fixture {
	sd_event *event;
	struct trigger_runner *runner;
	struct trigger *trigger;
	int ended, status, codes[64];
	bool timed_out;
	char failure[256];
	uint64_t output_total, duration_ns;
	size_t output_size;
	char output[TRIGGER_OUTPUT_KEPT + 1];

	struct host *host; /* with groups */
	struct layout *layout;
	struct groups *groups;
	char *run;
};

static void on_end(const struct trigger_outcome *outcome, void *userdata)
{
	struct fixture *f = userdata;

	assert_string_equal(outcome->name, "test");
	f->codes[f->ended % 64] = outcome->status;
	f->ended++;
	f->status = outcome->status;
	f->timed_out = outcome->timed_out;
	f->output_total = outcome->output_total;
	f->output_size = outcome->output_size;
	f->duration_ns = outcome->duration_ns;
	assert_true(outcome->output_size < sizeof(f->output));
	memcpy(f->output, outcome->output, outcome->output_size + 1);
	snprintf(f->failure, sizeof(f->failure), "%s", outcome->failure ? outcome->failure : "");
}

static void begin(struct fixture *f, const struct trigger_limits *limits,
		  const struct trigger_bounds *bounds)
{
	const struct trigger_limits usual = TRIGGER_LIMITS;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(trigger_runner_new(f->event, f->groups, bounds, on_end, f, &f->runner), 0);
	f->trigger = trigger_get(f->runner, "test", limits ? limits : &usual);
	assert_non_null(f->trigger);
}

static void start(struct fixture *f, const struct trigger_limits *limits)
{
	memset(f, 0, sizeof(*f));
	begin(f, limits, NULL);
}

static void stop(struct fixture *f)
{
	trigger_runner_free(f->runner);
	sd_event_unref(f->event);
}

static void start_with_groups(struct fixture *f, const struct trigger_limits *limits)
{
	static const struct limits none = { 0 };
	const struct group_spec spec = { .name = "triggers", .limits = &none };
	struct group_problems problems = { 0 };
	char name[64];

	unit_need_root();
	memset(f, 0, sizeof(*f));
	assert_int_equal(host_new(&f->host, NULL), 0);
	assert_int_equal(layout_detect(f->host, &f->layout, NULL), 0);
	if (f->layout->mode == LAYOUT_NONE || f->layout->hierarchies[0].read_only) {
		layout_free(f->layout);
		host_free(f->host);
		skip();
	}
	f->run = unit_folder_new();
	snprintf(name, sizeof(name), "reeve-test-trigger-%d-%s", getpid(),
		 f->run + strlen(f->run) - 6);
	assert_int_equal(groups_open(f->layout, name, f->run, &f->groups, NULL), 0);
	assert_int_equal(groups_apply(f->groups, &spec, 1, &problems, NULL), 0);
	begin(f, limits, NULL);
}

static void stop_with_groups(struct fixture *f)
{
	struct group_problems problems = { 0 };

	stop(f);
	assert_true(groups_clean(f->groups, &problems, NULL) >= 0);
	for (size_t i = 0; i < problems.count; i++)
		fail_msg("%s", problems.items[i].message);
	groups_free(f->groups);
	layout_free(f->layout);
	host_free(f->host);
	unit_folder_free(f->run);
}

static const struct trigger_counters *counters(const struct fixture *f)
{
	return trigger_counters(f->trigger);
}

static void wait_for(struct fixture *f, int ended)
{
	uint64_t limit = clock_monotonic() + 20000 * MS;

	while (f->ended < ended && clock_monotonic() < limit)
		assert_true(sd_event_run(f->event, 100000) >= 0);
	assert_int_equal(f->ended, ended);
}

static struct trigger_request request_of(const struct fixture *f, const char *const *arguments)
{
	static const char *const environment[] = { "FETTER_PID=12", "FETTER_PID=13", NULL };

	return (struct trigger_request){
		.program = "/bin/sh",
		.arguments = arguments,
		.uid = geteuid() == 0 ? 65534 : getuid(),
		.gid = geteuid() == 0 ? 65534 : getgid(),
		.user = "nobody",
		.home = "/nonexistent",
		.environment = environment,
		.group = f->groups ? "triggers" : NULL,
	};
}

static int run(struct fixture *f, const char *script)
{
	const char *const arguments[] = { "-c", script, NULL };
	const struct trigger_request request = request_of(f, arguments);

	return trigger_run(f->trigger, &request);
}

static void test_exit_and_output(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_int_equal(run(&f, "echo out; echo $FETTER_PID $HOME >&2; exit 3"), 0);
	assert_int_equal(counters(&f)->running, 1);
	wait_for(&f, 1);
	assert_int_equal(WEXITSTATUS(f.status), 3);
	assert_string_equal(f.output, "out\n12 /nonexistent\n");
	assert_int_equal(counters(&f)->failed, 1);
	assert_int_equal(run(&f, "true"), 0);
	wait_for(&f, 2);
	assert_int_equal(counters(&f)->succeeded, 1);
	stop(&f);
}

/* Nothing of ours goes along: no descriptor, no variable, no privilege. */
static void test_what_it_is_given(void **state)
{
	struct fixture f;
	int leak[2];

	assert_int_equal(pipe(leak), 0);
	setenv("SECRET", "x", 1);
	start(&f, NULL);
	assert_int_equal(run(&f, "ls /proc/self/fd | tr '\\n' ' '; echo \"[$SECRET]\"; pwd; "
				 "grep -c 'NoNewPrivs:.1' /proc/$$/status; id -G"),
			 0);
	wait_for(&f, 1);
	/* The fourth one is the folder that ls reads. */
	assert_non_null(strstr(f.output, "0 1 2 3 []\n/\n1\n"));
	if (geteuid() == 0)
		assert_non_null(strstr(f.output, "\n65534\n"));
	stop(&f);
	close(leak[0]);
	close(leak[1]);
}

static void test_supplementary_groups(void **state)
{
	const char *const arguments[] = { "-c", "id -G", NULL };
	const gid_t groups[] = { 4, 24 };
	struct trigger_request request;
	struct fixture f;

	unit_need_root();
	start(&f, NULL);
	request = request_of(&f, arguments);
	request.groups = groups;
	request.group_count = 2;
	assert_int_equal(trigger_run(f.trigger, &request), 0);
	wait_for(&f, 1);
	assert_string_equal(f.output, "65534 4 24\n");
	stop(&f);
}

/* Root stays root, and is told so; nobody else has any capability. */
static void test_privileges(void **state)
{
	static const char script[] = "grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status | "
				     "grep -vc 0000000000000000; umask";
	const char *const arguments[] = { "-c", script, NULL };
	struct trigger_request request;
	struct fixture f;

	unit_need_root();
	start(&f, NULL);
	request = request_of(&f, arguments);
	assert_int_equal(trigger_run(f.trigger, &request), 0);
	wait_for(&f, 1);
	assert_string_equal(f.output, "0\n0022\n");
	request.uid = request.gid = 0;
	assert_int_equal(trigger_run(f.trigger, &request), 0);
	wait_for(&f, 2);
	assert_string_equal(f.output, "2\n0022\n");
	stop(&f);
}

/* What the OOM killer thinks of the daemon is the daemon's own: upwards, as root may do that in a
 * container, too. */
static void test_what_spares_the_daemon(void **state)
{
	_cleanup_(freep) char *before = NULL, *after = NULL;
	struct fixture f;

	unit_need_root();
	before = unit_read("/proc/self", "oom_score_adj");
	unit_write("/proc/self", "oom_score_adj", "300");
	start(&f, NULL);
	assert_int_equal(run(&f, "sleep 0.3; cat /proc/self/oom_score_adj"), 0);
	wait_for(&f, 1);
	after = unit_read("/proc/self", "oom_score_adj");
	unit_write("/proc/self", "oom_score_adj", before);
	assert_string_equal(f.output, "0\n");
	assert_string_equal(after, "300\n");
	stop(&f);
}

static void test_environment_and_folder(void **state)
{
	static const char *const environment[] = {
		"PATH=/bin", "A=1", "AB=2", "A=3", "B=\n x", NULL
	};
	static const char *const arguments[] = { "-c", "env -0 | sort -z | tr '\\0' '|'; pwd",
						 NULL };
	struct trigger_request request;
	struct fixture f;

	start(&f, NULL);
	request = request_of(&f, arguments);
	request.environment = environment;
	request.shell = "/bin/dash";
	request.folder = "/usr";
	assert_int_equal(trigger_run(f.trigger, &request), 0);
	wait_for(&f, 1);
	assert_string_equal(f.output,
			    "A=1|AB=2|B=\n x|HOME=/nonexistent|LOGNAME=nobody|PATH=/bin|PWD=/usr|"
			    "SHELL=/bin/dash|USER=nobody|/usr\n");
	stop(&f);
}

static void test_input(void **state)
{
	static const char *const arguments[] = { "-c", "cat; cat <&0 | wc -c", NULL };
	_cleanup_(freep) char *large = malloc(1 << 20);
	struct trigger_request request;
	struct fixture f;

	start(&f, NULL);
	request = request_of(&f, arguments);
	request.input = "{\"pid\":1}\n";
	request.input_size = strlen(request.input);
	assert_int_equal(trigger_run(f.trigger, &request), 0);
	wait_for(&f, 1);
	assert_string_equal(f.output, "{\"pid\":1}\n0\n");
	assert_non_null(large);
	memset(large, 'x', 1 << 20);
	request.input = large;
	request.input_size = 1 << 20;
	assert_int_equal(trigger_run(f.trigger, &request), 0);
	wait_for(&f, 2);
	assert_int_equal(f.output_total, (1 << 20) + 2);
	stop(&f);
}

/* All of it is read, so that it ends; the beginning is kept. */
static void test_much_output(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_int_equal(run(&f, "head -c 5000000 /dev/zero | tr '\\0' x; exit 7"), 0);
	wait_for(&f, 1);
	assert_int_equal(WEXITSTATUS(f.status), 7);
	assert_int_equal(f.output_total, 5000000);
	assert_int_equal(f.output_size, TRIGGER_OUTPUT_KEPT);
	assert_int_equal(strlen(f.output), TRIGGER_OUTPUT_KEPT);
	stop(&f);
}

static void test_output_without_end(void **state)
{
	const struct trigger_limits limits = { .timeout_ns = 1000 * MS };
	struct fixture f;

	start(&f, &limits);
	assert_int_equal(run(&f, "exec yes"), 0);
	wait_for(&f, 1);
	assert_true(f.timed_out);
	assert_true(f.output_total > TRIGGER_OUTPUT_KEPT);
	stop(&f);
}

static void expect_failure(struct fixture *f, const struct trigger_request *request,
			   const char *failure)
{
	int ended = f->ended;
	uint64_t failed = counters(f)->could_not_start;

	assert_int_equal(trigger_run(f->trigger, request), 0);
	wait_for(f, ended + 1);
	assert_int_equal(WEXITSTATUS(f->status), 127);
	assert_string_equal(f->failure, failure);
	assert_int_equal(counters(f)->could_not_start, failed + 1);
	assert_int_equal(counters(f)->running, 0);
}

static void test_what_cannot_be_started(void **state)
{
	_cleanup_(unit_folder_freep) char *folder = unit_folder_new();
	_cleanup_(freep) char *path = unit_path(folder, "program");
	struct trigger_request request;
	struct fixture f;
	char wanted[256];

	start(&f, NULL);
	assert_int_equal(chmod(folder, 0755), 0);
	request = request_of(&f, NULL);
	request.program = "/no/such/program";
	expect_failure(&f, &request, "cannot execute /no/such/program: No such file or directory");
	request.program = path;
	unit_write(folder, "program", "#!/no/such/interpreter\n");
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(wanted, sizeof(wanted), "cannot execute %s: No such file or directory", path);
	expect_failure(&f, &request, wanted);
	assert_int_equal(chmod(path, 0644), 0);
	snprintf(wanted, sizeof(wanted), "cannot execute %s: Permission denied", path);
	expect_failure(&f, &request, wanted);
	assert_int_equal(chmod(path, 0757), 0);
	snprintf(wanted, sizeof(wanted), "cannot execute %s: every user may change it (chmod o-w)",
		 path);
	expect_failure(&f, &request, wanted);
	request.folder = "/no/such/folder";
	expect_failure(&f, &request, "cannot work in /no/such/folder: No such file or directory");
	stop(&f);
}

static void test_time_is_limited(void **state)
{
	const struct trigger_limits limits = { .timeout_ns = 200 * MS };
	struct fixture f;

	start(&f, &limits);
	assert_int_equal(run(&f, "sleep 60"), 0);
	wait_for(&f, 1);
	assert_true(f.timed_out);
	assert_int_equal(WTERMSIG(f.status), SIGTERM);
	assert_true(f.duration_ns >= 200 * MS);
	assert_int_equal(counters(&f)->timed_out, 1);
	/* Who does not listen is killed two seconds later. */
	assert_int_equal(run(&f, "trap '' TERM; while :; do sleep 60; done"), 0);
	wait_for(&f, 2);
	assert_int_equal(WTERMSIG(f.status), SIGKILL);
	assert_true(f.duration_ns >= 2200 * MS);
	assert_int_equal(counters(&f)->timed_out, 2);
	stop(&f);
}

static void test_numbers_are_limited(void **state)
{
	const struct trigger_limits limits = { .concurrency = 1,
					       .queue = 1,
					       .timeout_ns = 10000 * MS };
	struct fixture f;

	start(&f, &limits);
	assert_int_equal(run(&f, "sleep 0.2"), 0);
	assert_true(trigger_admit(f.trigger));
	assert_int_equal(run(&f, "true"), 1);
	assert_false(trigger_admit(f.trigger));
	assert_int_equal(run(&f, "true"), -EAGAIN);
	assert_int_equal(counters(&f)->dropped, 2);
	assert_int_equal(counters(&f)->dropped_concurrency, 2);
	assert_int_equal(trigger_runner_counters(f.runner)->dropped_concurrency, 2);
	assert_int_equal(counters(&f)->waiting, 1);
	wait_for(&f, 2);
	assert_int_equal(counters(&f)->waiting, 0);
	assert_int_equal(counters(&f)->succeeded, 2);
	assert_true(trigger_admit(f.trigger));
	stop(&f);
}

static void test_rates_are_limited(void **state)
{
	const struct trigger_limits limits = {
		.rate = 2, .rate_interval_ns = 3000 * MS, .queue = 1, .timeout_ns = 10000 * MS
	};
	uint64_t begun = clock_monotonic();
	struct fixture f;

	start(&f, &limits);
	assert_int_equal(run(&f, "true"), 0);
	assert_int_equal(run(&f, "true"), 0);
	assert_int_equal(run(&f, "true"), 1);
	assert_int_equal(run(&f, "true"), -EAGAIN);
	assert_int_equal(counters(&f)->dropped_rate, 1);
	wait_for(&f, 3);
	assert_true(clock_monotonic() - begun >= 1500 * MS);
	stop(&f);
}

/* One trigger's storm is not another one's. */
static void test_bounds_of_all(void **state)
{
	const struct trigger_bounds bounds = { .running = 1, .rate = 1000, .left = 1 };
	const struct trigger_limits limits = { .queue = 3, .timeout_ns = 10000 * MS };
	struct fixture f = { 0 };
	struct trigger *other;

	begin(&f, &limits, &bounds);
	other = trigger_get(f.runner, "test ", &limits);
	assert_ptr_not_equal(other, f.trigger);
	assert_ptr_equal(trigger_get(f.runner, "test", &limits), f.trigger);
	assert_string_equal(trigger_name(trigger_at(f.runner, 1)), "test ");
	assert_null(trigger_at(f.runner, 2));
	for (int i = 0; i < 4; i++)
		assert_int_equal(run(&f, "sleep 0.05"), i > 0);
	assert_int_equal(run(&f, "true"), -EAGAIN);
	assert_int_equal(counters(&f)->dropped_busy, 1);
	wait_for(&f, 4);
	stop(&f);
}

static void test_its_session(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_false(trigger_is_own(f.runner, getsid(0), ""));
	assert_int_equal(run(&f, "ps -o sid= -p $$ | tr -d ' '"), 0);
	wait_for(&f, 1);
	assert_true(strlen(f.output) > 1);
	/* It has ended, but what it has left running is still its own. */
	assert_true(trigger_is_own(f.runner, (pid_t)strtol(f.output, NULL, 10), ""));
	stop(&f);
}

/* Whatever it does to get away, it stays in its cgroup. */
static void test_its_cgroup(void **state)
{
	struct fixture f;

	start_with_groups(&f, NULL);
	assert_false(trigger_is_own(f.runner, 0, "0::/\n"));
	assert_int_equal(run(&f, "setsid sh -c '(setsid cat /proc/self/cgroup; sleep 0.1) &'; "
				 "sleep 0.3"),
			 0);
	wait_for(&f, 1);
	assert_true(trigger_is_own(f.runner, 0, f.output));
	stop_with_groups(&f);
}

static bool is_empty(const struct fixture *f)
{
	_cleanup_(freep) pid_t *pids = NULL;
	size_t count = 0;

	assert_int_equal(group_members(groups_find(f->groups, "triggers"), true, &pids, &count), 0);
	return count == 0;
}

static void test_what_left_its_group_is_killed(void **state)
{
	const struct trigger_limits limits = { .timeout_ns = 300 * MS };
	struct fixture f;

	start_with_groups(&f, &limits);
	assert_int_equal(run(&f, "setsid sh -c 'trap \"\" TERM; sleep 61; sleep 61' & sleep 60"),
			 0);
	wait_for(&f, 1);
	assert_true(f.timed_out);
	for (int i = 0; i < 100 && !is_empty(&f); i++)
		assert_true(sd_event_run(f.event, 100000) >= 0);
	assert_true(is_empty(&f));
	stop_with_groups(&f);
}

/* The program is over at once, its time goes on for what it left. */
static void test_what_is_left_has_its_time(void **state)
{
	const struct trigger_limits limits = { .timeout_ns = 400 * MS };
	uint64_t begun = clock_monotonic();
	struct fixture f;

	start_with_groups(&f, &limits);
	assert_int_equal(run(&f, "setsid sleep 60 >/dev/null 2>&1 & exit 5"), 0);
	wait_for(&f, 1);
	assert_false(f.timed_out);
	assert_int_equal(WEXITSTATUS(f.status), 5);
	assert_false(is_empty(&f));
	for (int i = 0; i < 100 && counters(&f)->left == 0; i++)
		assert_true(sd_event_run(f.event, 100000) >= 0);
	assert_true(is_empty(&f));
	assert_true(clock_monotonic() - begun >= 400 * MS);
	assert_int_equal(counters(&f)->left, 1);
	assert_int_equal(counters(&f)->timed_out, 0);
	stop_with_groups(&f);
}

static void test_free_kills_what_is_left(void **state)
{
	struct fixture f;

	start_with_groups(&f, NULL);
	assert_int_equal(run(&f, "setsid sleep 60 >/dev/null 2>&1 & exit 0"), 0);
	assert_int_equal(run(&f, "sleep 60"), 0);
	wait_for(&f, 1);
	/* The end fails if a process keeps the group from being removed. */
	stop_with_groups(&f);
}

/* Ending kills what runs: none is left behind. */
static void test_free_kills(void **state)
{
	struct fixture f;

	start(&f, NULL);
	assert_int_equal(run(&f, "sleep 60"), 0);
	stop(&f);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_and_output),
		cmocka_unit_test(test_what_it_is_given),
		cmocka_unit_test(test_supplementary_groups),
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_what_spares_the_daemon),
		cmocka_unit_test(test_environment_and_folder),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_output_without_end),
		cmocka_unit_test(test_what_cannot_be_started),
		cmocka_unit_test(test_time_is_limited),
		cmocka_unit_test(test_numbers_are_limited),
		cmocka_unit_test(test_rates_are_limited),
		cmocka_unit_test(test_bounds_of_all),
		cmocka_unit_test(test_its_session),
		cmocka_unit_test(test_its_cgroup),
		cmocka_unit_test(test_what_left_its_group_is_killed),
		cmocka_unit_test(test_what_is_left_has_its_time),
		cmocka_unit_test(test_free_kills_what_is_left),
		cmocka_unit_test(test_free_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
