// SPDX-License-Identifier: MIT
/*
 * Manifests by command, without a loop: nothing runs. covers: manifests.c status.c unit.c
 * What runs is tested by test/e2e/services.bats.
 */
#include "service/supervisor.h"

#include "cgroup/fake.h"
#include "test/unit.h"
#include "util/text.h"

#include <fcntl.h>
#include <sys/stat.h>

struct fixture {
	char *folder, *manifests;
	struct fake fake;
	struct groups *groups;
	struct supervisor *supervisor;
	struct text told;
};

static void tell(void *userdata, int level, const char *sentence)
{
	struct fixture *f = userdata;

	text_addf(&f->told, "%s\n", sentence);
}

static void groups_changed(void *userdata)
{
}

static void load(struct fixture *f)
{
	const struct supervisor_options options = {
		.host = f->fake.host,
		.groups = f->groups,
		.manifests = f->manifests,
		.runtime_dir = f->folder,
		.log_dir = f->folder,
		.tell = tell,
		.groups_changed = groups_changed,
		.userdata = f,
	};

	assert_int_equal(supervisor_new(&options, &f->supervisor, NULL), 0);
}

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .folder = unit_folder_new() };
	f->manifests = unit_path(f->folder, "services");
	fake_init(&f->fake, FAKE_V2);
	assert_int_equal(groups_open(f->fake.layout, "reeve", NULL, &f->groups, NULL), 0);
}

static void end(struct fixture *f)
{
	supervisor_free(f->supervisor);
	groups_free(f->groups);
	fake_done(&f->fake);
	text_done(&f->told);
	free(f->manifests);
	unit_folder_free(f->folder);
}

static void refused(int code, struct error *err, int wanted, const char *part)
{
	if (code != wanted || !strstr(error_text(err), part))
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", code, error_text(err), wanted, part);
	error_done(err);
}

static void test_install(void **state)
{
	json_t *manifest = json_pack("{s:[s, s], s:s}", "run", "/bin/sh", "-i", "ram", "50M");
	json_t *bad = json_pack("{s:[s], s:s}", "run", "/bin/sh", "rma", "50M");
	json_t *missing = json_pack("{s:[s]}", "run", "/no/such/program");
	_cleanup_(freep) char *text = NULL;
	struct error err = ERROR_INIT;
	struct fixture f;

	begin(&f);
	load(&f);
	assert_int_equal(supervisor_count(f.supervisor), 0);
	refused(supervisor_install(f.supervisor, "../x", manifest, &err), &err, -EINVAL, "no name");
	refused(supervisor_install(f.supervisor, "x", bad, &err), &err, -EINVAL,
		"x.yaml:2:1: unknown key \"rma\" in a service (did you mean \"ram\"?)");
	refused(supervisor_install(f.supervisor, "x", missing, &err), &err, -ENOENT,
		"/no/such/program");
	assert_int_equal(access(f.manifests, F_OK), -1);
	assert_int_equal(supervisor_install(f.supervisor, "x", manifest, &err), 0);
	refused(supervisor_install(f.supervisor, "x", manifest, &err), &err, -EEXIST,
		"already a service");
	text = unit_read(f.folder, "services/x.yaml");
	assert_string_equal(text, "run: [\"/bin/sh\", \"-i\"]\nram: \"50M\"\n");
	assert_true(supervisor_has_group(f.supervisor, "services/x"));
	assert_true(supervisor_has_group(f.supervisor, "services"));
	assert_false(supervisor_has_group(f.supervisor, "services/y"));
	assert_false(supervisor_has_group(f.supervisor, "other"));
	/* Without a loop nothing can be started. */
	refused(supervisor_start(f.supervisor, "x", &err), &err, -ENOENT, "no daemon runs");
	refused(supervisor_signal(f.supervisor, "x", &err), &err, -ESRCH, "does not run");
	refused(supervisor_signal(f.supervisor, "y", &err), &err, -ENOENT, "no service \"y\"");
	assert_int_equal(supervisor_remove(f.supervisor, "x", &err), 0);
	assert_int_equal(supervisor_count(f.supervisor), 0);
	end(&f);
	json_decref(manifest);
	json_decref(bad);
	json_decref(missing);
}

static void test_set(void **state)
{
	json_t *changes = json_pack("{s:s, s:n}", "ram", "80M", "restart");
	json_t *bad = json_pack("{s:s}", "ram", "much");
	_cleanup_(freep) char *text = NULL;
	struct error err = ERROR_INIT;
	struct fixture f;

	begin(&f);
	unit_write(f.folder, "services/a.yaml", "# mine\nrun: /bin/sh\nrestart: no\nram: 50M\n");
	load(&f);
	assert_int_equal(supervisor_set(f.supervisor, "a", changes, &err), 0);
	assert_int_equal(supervisor_manifest(f.supervisor, "a")->group.limits.ram, 80 << 20);
	assert_int_equal(supervisor_manifest(f.supervisor, "a")->restart.when, RESTART_ON_FAILURE);
	refused(supervisor_set(f.supervisor, "a", bad, &err), &err, -EINVAL, "\"ram\"");
	text = unit_read(f.folder, "services/a.yaml");
	assert_string_equal(text, "# mine\nrun: /bin/sh\nram: \"80M\"\n");
	end(&f);
	json_decref(changes);
	json_decref(bad);
}

static void test_mistakes(void **state)
{
	struct error err = ERROR_INIT;
	struct fixture f;
	json_t *status;

	begin(&f);
	unit_write(f.folder, "services/bad.yaml", "run: [\n");
	unit_write(f.folder, "services/good.yaml", "run: /bin/sh\n");
	unit_write(f.folder, "services/.hidden.yaml", "run: /bin/sh\n");
	unit_write(f.folder, "services/note.txt", "not one\n");
	load(&f);
	assert_int_equal(supervisor_count(f.supervisor), 2);
	assert_non_null(strstr(f.told.data, "service bad: "));
	status = supervisor_status(f.supervisor, "bad");
	assert_string_equal(json_string_value(json_object_get(status, "state")), "invalid");
	assert_non_null(strstr(json_string_value(json_object_get(status, "problem")), "bad.yaml:"));
	json_decref(status);
	status = supervisor_status(f.supervisor, "good");
	assert_string_equal(json_string_value(json_object_get(status, "state")), "stopped");
	assert_true(json_is_null(json_object_get(status, "problem")));
	json_decref(status);
	assert_null(supervisor_status(f.supervisor, "none"));
	assert_null(supervisor_manifest(f.supervisor, "bad"));
	/* It is mended, and another one goes bad: that stays what it was. */
	unit_write(f.folder, "services/bad.yaml", "run: /bin/true\n");
	unit_write(f.folder, "services/good.yaml", "rum: /bin/sh\n");
	assert_int_equal(supervisor_reload(f.supervisor, &err), 0);
	assert_string_equal(supervisor_manifest(f.supervisor, "bad")->run[0], "/bin/true");
	assert_string_equal(supervisor_manifest(f.supervisor, "good")->run[0], "/bin/sh");
	status = supervisor_list(f.supervisor);
	assert_int_equal(json_array_size(status), 2);
	json_decref(status);
	status = supervisor_counters(f.supervisor);
	assert_int_equal(json_integer_value(json_object_get(status, "services")), 2);
	json_decref(status);
	end(&f);
}

static void test_unit(void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct fixture f;

	begin(&f);
	unit_write(f.folder, "services/a.yaml",
		   "run: [/bin/sh, -c, \"echo $HOME 100% \\\"x\\\"\"]\ndescription: one\n"
		   "cpu: 0.5 cores\nram: 50M\nswap: max\nrestart: on-failure\n"
		   "restart_codes: {75: true, 3: false}\nrequires: b\nwatchdog: 5s\n"
		   "stop_signal: INT\nhealth: {tcp: \"127.0.0.1:80\"}\nenv: {A: b c}\n");
	load(&f);
	text = service_unit_text(supervisor_manifest(f.supervisor, "a"));
	assert_string_equal(text,
			    "# a as a systemd unit\n[Unit]\nDescription=one\nAfter=b.service\n"
			    "Requires=b.service\nStartLimitIntervalSec=0\n\n[Service]\nType=exec\n"
			    "ExecStart=\"/bin/sh\" \"-c\" \"echo $$HOME 100%% \\\"x\\\"\"\n"
			    "WorkingDirectory=/\nEnvironment=\"A=b c\"\nRestart=on-failure\n"
			    "RestartSec=0.1\n# systemd 254 and later:\nRestartSteps=8\n"
			    "RestartMaxDelaySec=60\nRestartPreventExitStatus=3\n"
			    "RestartForceExitStatus=75\nKillSignal=SIGINT\nTimeoutStopSec=10\n"
			    "TimeoutStartSec=60\nWatchdogSec=5\nNotifyAccess=all\nCPUQuota=50%\n"
			    "MemoryMax=52428800\nMemorySwapMax=infinity\n"
			    "# health: systemd has nothing for it\n\n[Install]\n"
			    "WantedBy=multi-user.target\n");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_install),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
