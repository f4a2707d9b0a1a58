// SPDX-License-Identifier: MIT
/* Bundles as options. covers: bundle-linux.c bundle-mount.c */
#include "config/bundle.h"

#include "test/unit.h"
#include "util/text.h"

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	if (streq(value, "bad"))
		return error_set(err, -EINVAL, "%s: it is bad", key);
	text_addf(userdata, "%s=%s\n", key, value);
	return 0;
}

static int parse_bundle(const char *text, struct bundle *ret_bundle, char **ret_taken,
			struct error *err)
{
	struct text taken;
	int r;

	text_init(&taken);
	r = bundle_parse("/b", text, take, &taken, ret_bundle, err);
	*ret_taken = text_take(&taken);
	return r;
}

static void refused(const char *text, int code, const char *sentence)
{
	struct bundle bundle = { 0 };
	_cleanup_(freep) char *taken = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(parse_bundle(text, &bundle, &taken, &err), code);
	assert_string_equal(error_text(&err), sentence);
	assert_null(bundle.argv);
	error_done(&err);
}

static void expect(const char *text, const char *wanted)
{
	struct bundle bundle;
	_cleanup_(freep) char *taken = NULL;
	struct error err = ERROR_INIT;

	if (parse_bundle(text, &bundle, &taken, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_string_equal(taken, wanted);
	assert_int_equal(bundle.remark_count, 0);
	bundle_done(&bundle);
}

#define ROOT	  "\"root\":{\"path\":\"rootfs\"}"
#define TAKE_ROOT "root=/b/rootfs\n"
#define TAKE_END  "make-targets=yes\n"

static void test_process(void **state)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.2\"," ROOT ",\"process\":{\"terminal\":true,"
		"\"args\":[\"sh\",\"-c\",\"true\"],\"cwd\":\"/w\",\"env\":[\"A=b\",\"C=d\"],"
		"\"user\":{\"uid\":5,\"gid\":6,\"umask\":18,\"additionalGids\":[7,8]},"
		"\"noNewPrivileges\":true,\"oomScoreAdj\":-5,"
		"\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]},"
		"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":64,"
		"\"hard\":18446744073709551615}]}}";
	struct bundle bundle;
	_cleanup_(freep) char *taken = NULL;
	struct error err = ERROR_INIT;

	if (parse_bundle(text, &bundle, &taken, &err) < 0)
		fail_msg("%s", error_text(&err));
	assert_true(bundle.terminal);
	assert_string_equal(bundle.argv[2], "true");
	assert_null(bundle.argv[3]);
	assert_int_equal(bundle.remark_count, 0);
	assert_string_equal(taken, TAKE_ROOT "clear-env=yes\nchdir=/w\nenv=A=b\nenv=C=d\n"
					     "user=5:6\ngroups=7,8\numask=22\nno-new-privs=yes\n"
					     "oom-score-adj=-5\ncapabilities=CAP_KILL\n"
					     "rlimit=nofile=64:unlimited\n" TAKE_END);
	bundle_done(&bundle);
}

static void test_mounts(void **state)
{
	expect("{" ROOT ",\"mounts\":["
	       "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	       "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"options\":[\"nosuid\"]},"
	       "{\"destination\":\"/dev/pts\",\"type\":\"devpts\"},"
	       "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"options\":[\"ro\",\"nosuid\"]},"
	       "{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":[\"size=5m\",\"rw\"]},"
	       "{\"destination\":\"/d\",\"type\":\"bind\",\"source\":\"/s:t\",\"options\":"
	       "[\"rbind\",\"ro\"]},"
	       "{\"destination\":\"/e\",\"source\":\"own\",\"options\":[\"bind\"]}]}",
	       TAKE_ROOT "proc=yes\ndev=yes\nmount=sysfs:/sys:ro,nosuid\ntmpfs=/tmp:size=5m\n"
			 "bind=/s\\:t:/d:ro\nbind=/b/own:/e:shallow\n" TAKE_END);
}

static void test_linux(void **state)
{
	expect("{" ROOT ",\"hostname\":\"h\",\"annotations\":{\"a\":\"b\"},\"linux\":{"
	       "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"}],"
	       "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":5}],"
	       "\"maskedPaths\":[\"/proc/kcore\"],"
	       "\"resources\":{\"memory\":{\"limit\":1048576,\"swap\":2097152},"
	       "\"pids\":{\"limit\":10},\"cpu\":{\"quota\":50000,\"period\":100000,"
	       "\"shares\":1024,\"cpus\":\"0-1\"}},"
	       "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}",
	       TAKE_ROOT "hostname=h\nunshare=pid\nunshare=net\nmap-user=0:1000:5\n"
			 "mask=/proc/kcore\nram=1048576B\nswap=1048576B\npids=10\n"
			 "cpu-weight=100\ncpus=0-1\ncpu=0.5000 cores\n"
			 "seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n" TAKE_END);
}

static void test_what_is_not_known_is_noted(void **state)
{
	static const char text[] =
		"{" ROOT ",\"hooks\":{},\"linux\":{\"intelRdt\":{},\"resources\":{\"devices\":[]}},"
		"\"mounts\":[{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\"},"
		"{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"strange\"]}]}";
	static const char *const wanted[] = {
		"config.json: hooks: it is not known here, and does not hold",
		"config.json: linux.intelRdt: it is not known here, and does not hold",
		"config.json: linux.resources.devices: it is not known here, and does not hold",
		"config.json: mounts[0]: control groups are not shown to the program",
		"config.json: mounts[1]: the option \"strange\" does not hold",
	};
	struct bundle bundle;
	_cleanup_(freep) char *taken = NULL;

	assert_int_equal(parse_bundle(text, &bundle, &taken, NULL), 0);
	assert_int_equal(bundle.remark_count, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_string_equal(bundle.remarks[i], wanted[i]);
	bundle_done(&bundle);
}

static void test_mistakes(void **state)
{
	refused("{\n\"root\": }", -EINVAL, "/b/config.json:2:9: unexpected token near '}'");
	refused("{}", -EINVAL, "/b/config.json: root: it is missing");
	refused("{\"ociVersion\":\"2.0\"}", -EOPNOTSUPP,
		"/b/config.json: ociVersion: only bundles of the OCI runtime specification 1 can "
		"be read, not \"2.0\"");
	refused("{" ROOT ",\"process\":{\"args\":[]}}", -EINVAL,
		"/b/config.json: process.args: a program is expected");
	refused("{" ROOT ",\"process\":{\"rlimits\":[{\"type\":\"NOFILE\"}]}}", -EINVAL,
		"/b/config.json: process.rlimits[0]: a type such as \"RLIMIT_NOFILE\" is expected");
	refused("{" ROOT ",\"hostname\":\"bad\"}", -EINVAL,
		"/b/config.json: hostname: hostname: it is bad");
	refused("{" ROOT
		",\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}"
		"]}}",
		-EOPNOTSUPP,
		"/b/config.json: linux.namespaces[0]: a namespace that is there already "
		"(/proc/1/ns/pid) cannot be joined by a bundle (reeve enter joins a process's)");
	refused("{" ROOT ",\"mounts\":[{\"destination\":\"relative\"}]}", -EINVAL,
		"/b/config.json: mounts[0]: an absolute destination is expected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process),	 cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_linux),	 cmocka_unit_test(test_what_is_not_known_is_noted),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
