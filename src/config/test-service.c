// SPDX-License-Identifier: MIT
/* Manifests of services. covers: schema-service.c schema-service-parts.c */
#include "config/service.h"

#include "config/test-policy.h"
#include "test/unit.h"

static struct service_manifest *good(const char *text)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	struct service_manifest *manifest = NULL;
	int r = service_parse("/x/agent.yaml", text, strlen(text), NULL, &manifest, &diagnostics);

	if (r < 0 || diagnostics.count > 0) {
		char *all = told(&diagnostics);

		fail_msg("%s\n%s", text, all);
	}
	return manifest;
}

static void bad(const char *text, const char *wanted)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(service_manifest_freep) struct service_manifest *manifest = NULL;
	_cleanup_(freep) char *all = NULL;

	assert_int_equal(service_parse("agent.yaml", text, strlen(text), NULL, &manifest,
				       &diagnostics),
			 -EINVAL);
	assert_null(manifest);
	all = told(&diagnostics);
	assert_string_equal(all, wanted);
}

static void test_least(void **state)
{
	_cleanup_(service_manifest_freep) struct service_manifest *m = good("run: /bin/agent\n");

	assert_string_equal(m->name, "agent");
	assert_string_equal(m->run[0], "/bin/agent");
	assert_null(m->run[1]);
	assert_true(m->enabled);
	assert_int_equal(m->restart.when, RESTART_ON_FAILURE);
	assert_int_equal(m->stop_signal, SIGTERM);
	assert_int_equal(m->restart.delay, 100000000);
	assert_int_equal(m->group.limits.set, 0);
}

static void test_all(void **state)
{
	_cleanup_(service_manifest_freep) struct service_manifest *m = good(
		"run: [/bin/agent, --flag, \"\"]\n"
		"description: watches\nenabled: false\n"
		"cpu: 5%\nram: 50M\nswap: 0\n"
		"cwd: /tmp\nenv: {A: b, C: }\nuser: root\n"
		"restart: on-kill\nrestart_codes: {0: false, 75: true}\n"
		"restart_delay: 1s\nrestart_delay_max: 1min\nrestart_factor: 3\n"
		"restart_jitter: 0\nrestart_healthy: 5s\nrestart_limit: 5/min\n"
		"stop_signal: INT\nstop_timeout: 2s\nstart_timeout: 3s\nreload_signal: SIGUSR1\n"
		"listen: [\"tcp:127.0.0.1:80\", \"unix:/run/x\", \"udp:53\", \"tcp:[::1]:81\"]\n"
		"ready: fd\nready_fd: 7\nwatchdog: 500ms\n"
		"health: {http: \"http://127.0.0.1:8080/ok\", every: 1s, retries: 2}\n"
		"after: [one, two]\nrequires: three\n"
		"pre_start: [/bin/true]\npost_stop: /bin/true\n"
		"on_pressure: USR2\npressure_percent: 50\npressure_time: 2s\n"
		"output: file\nlog_size: 64K\nlog_keep: 2\nlog_compress: false\n");

	assert_string_equal(m->run[2], "");
	assert_string_equal(m->env[0], "A=b");
	assert_string_equal(m->env[1], "C=");
	assert_int_equal(m->group.limits.ram, 50 << 20);
	assert_int_equal(m->group.limits.swap, 0);
	assert_int_equal(m->restart.when, RESTART_ON_KILL);
	assert_int_equal(m->restart.codes[0], RESTART_CODE_NO);
	assert_int_equal(m->restart.codes[75], RESTART_CODE_YES);
	assert_int_equal(m->restart.codes[1], RESTART_CODE_UNSAID);
	assert_int_equal(m->restart.limit, 5);
	assert_int_equal(m->restart.limit_interval, UINT64_C(60000000000));
	assert_int_equal(m->stop_signal, SIGINT);
	assert_int_equal(m->listen_count, 4);
	assert_true(m->listen[1].unix_socket);
	assert_true(m->listen[2].datagram);
	assert_null(m->listen[2].host);
	assert_string_equal(m->listen[3].host, "::1");
	assert_int_equal(m->listen[3].port, 81);
	assert_int_equal(m->health.kind, HEALTH_HTTP);
	assert_int_equal(m->health.port, 8080);
	assert_string_equal(m->health.path, "/ok");
	assert_string_equal(m->after[1], "two");
	assert_string_equal(m->requires[0], "three");
	assert_int_equal(m->on_pressure, PRESSURE_SIGNAL);
	assert_int_equal(m->pressure_signal, SIGUSR2);
	assert_int_equal(m->log_size, 65536);
}

static void test_mistakes(void **state)
{
	static const char *const cases[][2] = {
		{ "", "1:1 error: the file is empty (a service is at least: run: "
		      "[/usr/local/bin/agent])\n" },
		{ "- a\n", "1:1 error: a service must be a map of keys and values, not a list (a "
			   "service begins like this: \"run:\")\n" },
		{ "cpu: 5%\n", "1:1 error: required key \"run\" is missing (add \"run: "
			       "[/usr/local/bin/agent]\")\n" },
		{ "run: /a\nrestrat: no\n",
		  "2:1 error: unknown key \"restrat\" in a service (did you mean \"restart\"?)\n" },
		{ "run: /a\nrestart: on-kil\n",
		  "2:10 error: \"restart\" must be no, on-kill, on-abnormal, on-failure or always, "
		  "not \"on-kil\" (did you mean \"on-kill\"?)\n" },
		{ "run: /a\nstop_signal: TREM\n",
		  "2:14 error: \"stop_signal\": there is no signal \"TREM\" (write a name such as "
		  "SIGTERM)\n" },
		{ "run: /a\nrestart_codes: {256: yes}\n",
		  "2:17 error: \"256\" is no exit code (0 to 255)\n" },
		{ "run: /a\nready: check\n",
		  "1:1 error: \"ready: check\" needs a health check (add \"health: {tcp: "
		  "\"127.0.0.1:80\"}\")\n" },
		{ "run: /a\nhealth: {tcp: \"localhost:80\"}\n",
		  "2:15 error: \"tcp\": \"localhost:80\" is no address and port (write an address "
		  "such as 127.0.0.1:80 or [::1]:80)\n" },
		{ "run: /a\nafter: [agent]\n",
		  "2:8 error: \"after\": a service cannot wait for itself\n" },
		{ "run: /a\nlisten: \"unix:x\"\n",
		  "2:9 error: \"listen\": the path of a Unix socket begins with \"/\" and has at "
		  "most 107 bytes\n" },
		{ "run: /a\nenv: {NOTIFY_SOCKET: x}\n",
		  "2:7 error: \"NOTIFY_SOCKET\" is set by reeve itself (take it out)\n" },
		{ "run: /a\nuser: no-such-user\n",
		  "2:7 error: there is no user \"no-such-user\" on this host\n" },
		{ "run: []\n", "1:6 error: \"run\" is empty\n" },
		{ "run: /a\nrestart_delay: 2min\n",
		  "1:1 error: \"restart_delay\" is above \"restart_delay_max\"\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		bad(cases[i][0], cases[i][1]);
}

static void test_names(void **state)
{
	assert_int_equal(service_name_check("agent-1.x@y", NULL), 0);
	assert_int_equal(service_name_check("", NULL), -EINVAL);
	assert_int_equal(service_name_check("../x", NULL), -EINVAL);
	assert_int_equal(service_name_check(".x", NULL), -EINVAL);
	assert_int_equal(service_name_check("a/b", NULL), -EINVAL);
}

static void test_signals(void **state)
{
	char name[32];

	assert_int_equal(signal_from_name("SIGTERM"), SIGTERM);
	assert_int_equal(signal_from_name("kill"), SIGKILL);
	assert_int_equal(signal_from_name("15"), SIGTERM);
	assert_int_equal(signal_from_name("0"), -EINVAL);
	assert_int_equal(signal_from_name("15x"), -EINVAL);
	assert_string_equal(signal_to_name(SIGKILL, name, sizeof(name)), "SIGKILL");
	assert_string_equal(signal_to_name(34, name, sizeof(name)), "signal 34");
}

/* What we show people works. */
static void test_example(void **state)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(service_manifest_freep) struct service_manifest *m = NULL;

	assert_int_equal(service_load("data/examples/services/hids.yaml", 0, NULL, &m,
				      &diagnostics),
			 0);
	assert_int_equal(diagnostics.count, 0);
	assert_int_equal(m->restart.when, RESTART_ON_KILL);
	assert_int_equal(m->group.limits.ram, 50 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least),	 cmocka_unit_test(test_all),
		cmocka_unit_test(test_mistakes), cmocka_unit_test(test_names),
		cmocka_unit_test(test_signals),	 cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
