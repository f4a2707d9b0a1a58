// SPDX-License-Identifier: MIT
/* Bundles as options. covers: bundle-*.c */
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
	       "\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"],"
	       "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},\"cgroupsPath\":\"/a/b\","
	       "\"devices\":[{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":3}],"
	       "\"resources\":{\"memory\":{\"limit\":1048576,\"swap\":2097152},"
	       "\"pids\":{\"limit\":10},\"cpu\":{\"quota\":50000,\"period\":100000,"
	       "\"shares\":1024,\"cpus\":\"0-1\"}},"
	       "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}",
	       TAKE_ROOT
	       "hostname=h\nunshare=pid\nunshare=net\nmap-user=0:1000:5\n"
	       "mask=/proc/kcore\nread-only=/proc/sys\n"
	       "sysctl=net.ipv4.ip_forward=1\nname=a-b\nram=1048576B\nswap=1048576B\npids=10\n"
	       "cpus=0-1\ncpu-weight=100\ncpu=0.500000 cores\ncpu-period=100000us\n"
	       "seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n" TAKE_END);
}

static void test_group_names(void **state)
{
	static const struct {
		const char *given, *name;
	} rows[] = {
		{ "one", "name=one\n" },
		{ "//one/two", "name=one-two\n" },
		{ "system.slice:runc:4711", "name=runc-4711\n" },
		{ "system.slice::4711", "name=4711\n" },
		{ "/", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[200], wanted[200];

		snprintf(text, sizeof(text), "{" ROOT ",\"linux\":{\"cgroupsPath\":\"%s\"}}",
			 rows[i].given);
		snprintf(wanted, sizeof(wanted), TAKE_ROOT "%s" TAKE_END, rows[i].name);
		expect(text, wanted);
	}
}

/* The bundle is taken, and exactly these are what is said of it. */
static void expect_remarks(const char *text, const char *const *wanted, size_t count)
{
	struct bundle bundle;
	_cleanup_(freep) char *taken = NULL;

	assert_int_equal(parse_bundle(text, &bundle, &taken, NULL), 0);
	assert_int_equal(bundle.remark_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(bundle.remarks[i], wanted[i]);
	bundle_done(&bundle);
}

/* A device is one of this host's. */
static void test_devices(void **state)
{
	static const char text[] =
		"{" ROOT ",\"linux\":{\"devices\":["
		"{\"path\":\"/dev/kmsg\",\"type\":\"c\",\"major\":3,\"minor\":4321},"
		"{\"path\":\"/dev/pipe\",\"type\":\"p\"}]}}";
	static const char *const wanted[] = {
		"config.json: linux.devices[0]: there is no such device on this host, and none is "
		"made",
		"config.json: linux.devices[1]: it is no device, and is not made",
	};

	expect_remarks(text, wanted, ARRAY_SIZE(wanted));
}

static void test_what_is_not_known_is_noted(void **state)
{
	static const char text[] =
		"{" ROOT ",\"hooks\":{},\"linux\":{\"intelRdt\":{},\"resources\":{\"quux\":1}},"
		"\"mounts\":[{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\"},"
		"{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"strange\"]}]}";
	static const char *const wanted[] = {
		"config.json: hooks: it is not known here, and does not hold",
		"config.json: linux.intelRdt: it is not known here, and does not hold",
		"config.json: linux.resources.quux: it is not known here, and does not hold",
		"config.json: mounts[0]: control groups are not shown to the program",
		"config.json: mounts[1]: the option \"strange\" does not hold",
	};

	expect_remarks(text, wanted, ARRAY_SIZE(wanted));
}

/* ---- member by member ---- */

/* Of linux.resources, or of process where the name begins so. */
struct member {
	const char *name, *json;
	const char *taken;  /* NULL: nothing */
	const char *remark; /* without the place; NULL: none */
};

#define DEVICE "[{\"major\":8,\"minor\":16,\"rate\":1000}]"

static const struct member members[] = {
	{ "blockIO.leafWeight", "\"blockIO\":{\"leafWeight\":10}", NULL,
	  "blockIO.leafWeight: the kernel has no such weight any more" },
	{ "blockIO.throttleReadBpsDevice", "\"blockIO\":{\"throttleReadBpsDevice\":" DEVICE "}",
	  "io=8:16,rbps=1000\n", NULL },
	{ "blockIO.throttleReadIOPSDevice", "\"blockIO\":{\"throttleReadIOPSDevice\":" DEVICE "}",
	  "io=8:16,riops=1000\n", NULL },
	{ "blockIO.throttleWriteBpsDevice", "\"blockIO\":{\"throttleWriteBpsDevice\":" DEVICE "}",
	  "io=8:16,wbps=1000\n", NULL },
	{ "blockIO.throttleWriteIOPSDevice", "\"blockIO\":{\"throttleWriteIOPSDevice\":" DEVICE "}",
	  "io=8:16,wiops=1000\n", NULL },
	{ "blockIO.weight", "\"blockIO\":{\"weight\":300}", "io-weight=300\n", NULL },
	{ "blockIO.weightDevice", "\"blockIO\":{\"weightDevice\":[{\"major\":8}]}", NULL,
	  "blockIO.weightDevice: a weight is for all devices" },
	{ "cpu.burst", "\"cpu\":{\"quota\":50000,\"burst\":1000}",
	  "cpu=0.500000 cores\ncpu-burst=1000us\n", NULL },
	{ "cpu.cpus", "\"cpu\":{\"cpus\":\"0-1\"}", "cpus=0-1\n", NULL },
	{ "cpu.idle", "\"cpu\":{\"idle\":1,\"shares\":2}", "cpu-idle=yes\n", NULL },
	{ "cpu.mems", "\"cpu\":{\"mems\":\"0\"}", "mems=0\n", NULL },
	{ "cpu.period", "\"cpu\":{\"quota\":12345,\"period\":20000}",
	  "cpu=0.617250 cores\ncpu-period=20000us\n", NULL },
	{ "cpu.quota", "\"cpu\":{\"quota\":-1}", NULL, NULL },
	{ "cpu.realtimePeriod", "\"cpu\":{\"realtimePeriod\":1000000}", NULL,
	  "cpu.realtimePeriod: real-time scheduling has no limit of the group's own" },
	{ "cpu.realtimeRuntime", "\"cpu\":{\"realtimeRuntime\":950000}", NULL,
	  "cpu.realtimeRuntime: real-time scheduling has no limit of the group's own" },
	{ "cpu.shares", "\"cpu\":{\"shares\":2}", "cpu-weight=1\n", NULL },
	{ "devices", "\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]", NULL,
	  "devices: no device is refused by the group: /dev has the usual ones, and mknod takes a "
	  "capability" },
	{ "hugepageLimits", "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]",
	  "hugetlb=2MB=4194304B\n", NULL },
	{ "memory.checkBeforeUpdate", "\"memory\":{\"checkBeforeUpdate\":true}", NULL, NULL },
	{ "memory.disableOOMKiller", "\"memory\":{\"disableOOMKiller\":true}", NULL,
	  "memory.disableOOMKiller: who runs out of memory is killed" },
	{ "memory.kernel", "\"memory\":{\"kernel\":4096}", NULL,
	  "memory.kernel: the kernel's memory has no limit of its own" },
	{ "memory.kernelTCP", "\"memory\":{\"kernelTCP\":4096}", NULL,
	  "memory.kernelTCP: memory for TCP has no limit of its own" },
	{ "memory.limit", "\"memory\":{\"limit\":1048577}", "ram=1048577B\n", NULL },
	{ "memory.reservation", "\"memory\":{\"reservation\":4096}", "ram-low=4096B\n", NULL },
	{ "memory.swap", "\"memory\":{\"swap\":3145728,\"limit\":1048576}",
	  "ram=1048576B\nswap=2097152B\n", NULL },
	{ "memory.swappiness", "\"memory\":{\"swappiness\":10}", NULL,
	  "memory.swappiness: only cgroup v1 has it (--raw memory.swappiness=N)" },
	{ "memory.useHierarchy", "\"memory\":{\"useHierarchy\":false}", NULL,
	  "memory.useHierarchy: what is below counts always" },
	{ "network.classID", "\"network\":{\"classID\":1048577}", NULL,
	  "network.classID: packets are not marked (--raw net_cls.classid=N on v1)" },
	{ "network.priorities", "\"network\":{\"priorities\":[{\"name\":\"eth0\"}]}", NULL,
	  "network.priorities: packets have no priority of the group's" },
	{ "pids.limit", "\"pids\":{\"limit\":7}", "pids=7\n", NULL },
	{ "rdma", "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}", NULL, "rdma: RDMA has no limit" },
	{ "unified", "\"unified\":{\"memory.max\":\"4096\"}", "ram=4096B\n", NULL },
	{ "process.apparmorProfile", "\"apparmorProfile\":\"p\"", NULL,
	  "process.apparmorProfile: no AppArmor profile is set" },
	{ "process.args", "\"args\":[\"sh\"]", NULL, NULL },
	{ "process.capabilities", "\"capabilities\":{\"permitted\":[],\"bounding\":[]}",
	  "capabilities=none\n", NULL },
	{ "process.consoleSize", "\"consoleSize\":{\"height\":5,\"width\":5},\"terminal\":true",
	  NULL, "process: consoleSize: the terminal has the size of ours" },
	{ "process.cwd", "\"cwd\":\"/w\"", "chdir=/w\n", NULL },
	{ "process.env", "\"env\":[\"A=b\"]", "env=A=b\n", NULL },
	{ "process.execCPUAffinity", "\"execCPUAffinity\":{\"initial\":\"0\"}", NULL, NULL },
	{ "process.ioPriority", "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":3}",
	  "ionice=best-effort:3\n", NULL },
	{ "process.noNewPrivileges", "\"noNewPrivileges\":true", "no-new-privs=yes\n", NULL },
	{ "process.oomScoreAdj", "\"oomScoreAdj\":-5", "oom-score-adj=-5\n", NULL },
	{ "process.rlimits",
	  "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":18446744073709551615}]",
	  "rlimit=core=0:unlimited\n", NULL },
	{ "process.scheduler",
	  "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,"
	  "\"period\":3,\"flags\":[\"SCHED_FLAG_RECLAIM\"]}",
	  "sched=deadline:1ns/2ns/3ns\n",
	  "process.scheduler.flags: flags of the scheduler are not set" },
	{ "process.selinuxLabel", "\"selinuxLabel\":\"l\"", NULL,
	  "process.selinuxLabel: no SELinux label is set" },
	{ "process.terminal", "\"terminal\":true", NULL, NULL },
	{ "process.user", "\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[3]}",
	  "user=1:2\ngroups=3\numask=22\n", NULL },
};

static void test_member_by_member(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct member *m = &members[i];
		bool process = strncmp(m->name, "process.", 8) == 0;
		_cleanup_(freep) char *text = NULL, *taken = NULL, *wanted = NULL, *remark = NULL;
		_cleanup_(error_done) struct error err = ERROR_INIT;
		struct bundle bundle;

		assert_true(asprintf(&text, "{" ROOT ",%s{%s}%s}",
				     process ? "\"process\":" : "\"linux\":{\"resources\":",
				     m->json, process ? "" : "}") > 0);
		assert_true(asprintf(&wanted, TAKE_ROOT "%s%s" TAKE_END,
				     process ? "clear-env=yes\n" : "",
				     m->taken ? m->taken : "") > 0);
		assert_true(asprintf(&remark, "config.json: %s%s",
				     process ? "" : "linux.resources.", m->remark) > 0);
		if (parse_bundle(text, &bundle, &taken, &err) < 0)
			fail_msg("%s: %s", m->name, error_text(&err));
		assert_string_equal(taken, wanted);
		if (bundle.remark_count != (m->remark != NULL) ||
		    (m->remark && !streq(bundle.remarks[0], remark)))
			fail_msg("%s: \"%s\" is not \"%s\"", m->name,
				 bundle.remark_count ? bundle.remarks[0] : "", remark);
		bundle_done(&bundle);
	}
}

/* What the documentation has a row for is tried above, and the other way round. */
static void test_documentation(void **state)
{
	_cleanup_(freep) char *text = unit_read(".", "docs/launch.md");
	size_t rows = 0;

	char *end = strstr(text, "\n*unified* has files"), *at = strstr(text, "\n| member | holds");

	assert_non_null(at);
	assert_non_null(end);
	*end = '\0';
	for (const char *row = at; (row = strstr(row, "\n| `")); row++)
		rows++;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		_cleanup_(freep) char *row = NULL;

		assert_true(asprintf(&row, "\n| `%s` |", members[i].name) > 0);
		if (!strstr(at, row))
			fail_msg("docs/launch.md has no row%s", row);
	}
	assert_int_equal(rows, ARRAY_SIZE(members));
}

/* Files of cgroup v2 come after what the other members say, wherever they stand. */
static void test_unified(void **state)
{
	expect("{" ROOT ",\"linux\":{\"resources\":{\"unified\":{"
	       "\"memory.max\":\"max\",\"memory.high\":\"1M\",\"memory.swap.max\":\"0\","
	       "\"memory.oom.group\":\"1\",\"pids.max\":\"9\",\"cpu.weight\":\"50\","
	       "\"cpu.max\":\"5000 20000\",\"cpu.max.burst\":\"100\",\"cpuset.cpus\":\"0\","
	       "\"io.weight\":\"default 70\",\"io.max\":\"8:0 rbps=5 wiops=max\\n8:16 wbps=6\","
	       "\"hugetlb.2MB.max\":\"0\",\"memory.zswap.max\":\"0\"},"
	       "\"pids\":{\"limit\":5}}}}",
	       TAKE_ROOT
	       "pids=5\nram=max\nram-high=1M\nswap=0B\noom=group\npids=9\ncpu-weight=50\n"
	       "cpu=0.250000 cores\ncpu-period=20000us\ncpu-burst=100us\ncpus=0\nio-weight=70\n"
	       "io=8:0,rbps=5,wiops=max\nio=8:16,wbps=6\nhugetlb=2MB=0B\nraw=memory.zswap.max="
	       "0\n" TAKE_END);
}

/* A number that is none would be 0: root, or no limit. */
static void test_kinds(void **state)
{
	static const char *const cases[][2] = {
		{ "\"process\":{\"user\":{\"uid\":\"1000\"}}",
		  "process.user.uid: a whole number from 0 to 4294967294" },
		{ "\"process\":{\"user\":{\"gid\":-1}}",
		  "process.user.gid: a whole number from 0 to 4294967294" },
		{ "\"process\":{\"user\":{\"additionalGids\":[\"x\"]}}",
		  "process.user: a list of numbers as additionalGids" },
		{ "\"process\":{\"noNewPrivileges\":1}", "process.noNewPrivileges: true or false" },
		{ "\"process\":{\"scheduler\":{\"policy\":\"SCHED_ISO\"}}",
		  "process.scheduler: a policy or class such as \"SCHED_BATCH\" or "
		  "\"IOPRIO_CLASS_BE\"" },
		{ "\"process\":{\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":1.5}}",
		  "process.scheduler.priority: a whole number from 0 to 99" },
		{ "\"linux\":{\"resources\":{\"memory\":{\"limit\":\"1M\"}}}",
		  "linux.resources.memory.limit: a whole number" },
		{ "\"linux\":{\"resources\":{\"memory\":{\"swap\":5}}}",
		  "linux.resources.memory: a limit, and a swap that is not below it," },
		{ "\"linux\":{\"resources\":{\"cpu\":{\"shares\":300000}}}",
		  "linux.resources.cpu.shares: a whole number from 0 to 262144" },
		{ "\"linux\":{\"resources\":{\"unified\":{\"pids.max\":5}}}",
		  "linux.resources.unified[\"pids.max\"]: a text" },
		{ "\"linux\":{\"resources\":{\"unified\":{\"cpu.max\":\"fast\"}}}",
		  "linux.resources.unified[\"cpu.max\"]: \"QUOTA PERIOD\" in microseconds, or "
		  "\"max\"," },
		{ "\"linux\":{\"resources\":{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":"
		  "\"8\"}]}}}",
		  "linux.resources.blockIO.throttleReadBpsDevice[0].major: a whole number from 0 "
		  "to 2147483647" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(freep) char *text = NULL, *wanted = NULL;

		assert_true(asprintf(&text, "{" ROOT ",%s}", cases[i][0]) > 0);
		assert_true(asprintf(&wanted, "/b/config.json: %s is expected", cases[i][1]) > 0);
		refused(text, -EINVAL, wanted);
	}
	refused("{\"root\":{\"path\":\"x\",\"readonly\":\"true\"}}", -EINVAL,
		"/b/config.json: root.readonly: true or false is expected");
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
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_group_names),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_what_is_not_known_is_noted),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_member_by_member),
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_documentation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
