// SPDX-License-Identifier: MIT
#include "model/container.h"

#include "test/unit.h"

#define ID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2  "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID  "01234567-89ab-cdef-0123-456789abcdef"
#define UID_ "01234567_89ab_cdef_0123_456789abcdef"
#define POD_SLICE                                            \
	"/kubepods.slice/kubepods-burstable.slice/kubepods-" \
	"burstable-pod" UID_ ".slice"

static const struct {
	const char *path, *runtime, *id, *pod;
} cases[] = {
	/* docker: both drivers, rootless, a group of its own as parent, a build */
	{ "/docker/" ID, "docker", ID, NULL },
	{ "/system.slice/docker-" ID ".scope", "docker", ID, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker",
	  ID, NULL },
	{ "/actions_job/" ID, "docker", ID, NULL },
	{ "/ecs/5e9/" ID, "docker", ID, NULL },
	{ "/docker/buildkit/4v5xq8zjzr0h8b0m1q5xk2n3p", "docker", "4v5xq8zjzr0h8b0m1q5xk2n3p",
	  NULL },
	{ "/system.slice:docker:4v5xq8zjzr0h8b0m1q5xk2n3p", "docker", "4v5xq8zjzr0h8b0m1q5xk2n3p",
	  NULL },
	/* below a container's own root */
	{ "/docker/" ID "/system.slice/ssh.service", "docker", ID, NULL },
	/* in one another: the innermost */
	{ "/docker/" ID "/docker/" ID2, "docker", ID2, NULL },
	{ "/lxc/outer/docker/" ID, "docker", ID, NULL },
	{ "/lxc.payload.outer/system.slice/docker-" ID ".scope", "docker", ID, NULL },
	{ "/docker/" ID "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_
	  ".slice/cri-containerd-" ID2 ".scope",
	  "containerd", ID2, UID },
	/* containerd by itself */
	{ "/default/" ID, "containerd", ID, NULL },
	{ "/k8s.io/" ID, "containerd", ID, NULL },
	{ "/system.slice/nerdctl-" ID ".scope", "containerd", ID, NULL },
	/* pods: systemd's driver and cgroupfs, each runtime */
	{ POD_SLICE "/cri-containerd-" ID ".scope", "containerd", ID, UID },
	{ POD_SLICE "/crio-" ID ".scope", "cri-o", ID, UID },
	{ POD_SLICE "/docker-" ID ".scope", "docker", ID, UID },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope/init", "cri-o", ID, UID },
	{ "/kubepods/burstable/pod" UID "/" ID, "kubepods", ID, UID },
	{ "/kubepods/pod" UID "/crio-" ID, "cri-o", ID, UID },
	{ "/kubepods/pod0123456789abcdef0123456789abcdef/" ID, "kubepods", ID,
	  "0123456789abcdef0123456789abcdef" },
	{ "/system.slice/containerd.service/kubepods-besteffort-pod" UID_
	  ".slice:cri-containerd:" ID,
	  "containerd", ID, UID },
	/* in a pod, in no container */
	{ POD_SLICE, NULL, NULL, NULL },
	{ POD_SLICE "/crio-conmon-" ID ".scope", NULL, NULL, NULL },
	{ "/kubepods/burstable", NULL, NULL, NULL },
	/* podman */
	{ "/machine.slice/libpod-" ID ".scope", "podman", ID, NULL },
	{ "/machine.slice/libpod-" ID ".scope/container/init.scope", "podman", ID, NULL },
	{ "/libpod_parent/libpod-" ID, "podman", ID, NULL },
	{ "/system.slice/web.service/libpod-payload-" ID, "podman", ID, NULL },
	{ "/machine.slice/libpod-conmon-" ID ".scope", NULL, NULL, NULL },
	{ "/libpod_parent/libpod-conmon-" ID, NULL, NULL, NULL },
	{ "/libpod_parent/conmon", NULL, NULL, NULL },
	{ "/user.slice/podman-1234.scope", NULL, NULL, NULL },
	/* lxc, lxd, libvirt */
	{ "/lxc/web", "lxc", "web", NULL },
	{ "/lxc/101/ns/init.scope", "lxc", "101", NULL },
	{ "/lxc.payload.web/user.slice", "lxc", "web", NULL },
	{ "/lxc.payload/web", "lxc", "web", NULL },
	{ "/lxc.monitor.web", NULL, NULL, NULL },
	{ "/lxc", NULL, NULL, NULL },
	{ "/machine/lxc-17-web.libvirt-lxc", "lxc", "17-web", NULL },
	{ "/machine.slice/machine-lxc\\x2d17\\x2dweb.scope", "lxc", "17-web", NULL },
	/* nspawn; virtual machines are none */
	{ "/machine.slice/machine-web.scope", "nspawn", "web", NULL },
	{ "/machine.slice/machine-my\\x2dweb.scope/payload", "nspawn", "my-web", NULL },
	{ "/machine.slice/systemd-nspawn@my\\x2dweb.service/payload/init.scope", "nspawn", "my-web",
	  NULL },
	{ "/machine.slice/systemd-nspawn@web.service/supervisor", NULL, NULL, NULL },
	{ "/docker/" ID "/machine.slice/machine-web.scope/supervisor", "docker", ID, NULL },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL, NULL },
	/* the host */
	{ "/", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
	{ "/system.slice/docker.service", NULL, NULL, NULL },
	{ "/system.slice/docker-cleanup.scope", NULL, NULL, NULL },
	{ "/system.slice/docker-.scope", NULL, NULL, NULL },
	{ "/system.slice/docker-" ID ".service", NULL, NULL, NULL },
	{ "/docker", NULL, NULL, NULL },
	{ "/docker/web", NULL, NULL, NULL },
	{ "/reeve/0123456789abcdef", NULL, NULL, NULL },
	{ "/crio-", NULL, NULL, NULL },
	{ "/systemd-nspawn@.service", NULL, NULL, NULL },
	{ "/kubepods.slice/kubepods-pod.slice/x", NULL, NULL, NULL },
	/* odd ones */
	{ "//docker//" ID "/", "docker", ID, NULL },
	{ "/lxc/--help", "lxc", "--help", NULL },
	{ "/lxc/\x1b[31m\xff", "lxc", "\x1b[31m\xff", NULL },
	{ "/machine.slice/machine-a\\x00b.scope", "nspawn", "a\\x00b", NULL },
	{ "/machine.slice/machine-a\\x2.scope", "nspawn", "a\\x2", NULL },
	{ "/../../docker/" ID, "docker", ID, NULL }, /* seen from another cgroup namespace */
};

static void assert_slice(struct slice slice, const char *wanted)
{
	if (!slice_eq(slice, slice_of(wanted ? wanted : "")))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)slice.size, slice.data, wanted);
}

static void test_every_form(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct container container;

		if (container_of_path(slice_of(cases[i].path), &container) != !!cases[i].runtime)
			fail_msg("%s: %s", cases[i].path, cases[i].runtime ? "none" : "found one");
		assert_slice(container.runtime, cases[i].runtime);
		assert_slice(container.id, cases[i].id);
		assert_slice(container.pod, cases[i].pod);
	}
}

static void test_groups_of_a_process(void **state)
{
	static const char v1[] = "name=systemd:/system.slice/x\0cpu,cpuacct:/docker/" ID "\0pids:/";
	static const char host[] = "name=systemd:/\0cpu,cpuacct:/docker\0junk\0:";
	struct container container;

	assert_true(container_of_groups(slice_of("/lxc/web"), (struct slice){ v1, sizeof(v1) },
					&container));
	assert_slice(container.runtime, "lxc");
	assert_true(container_of_groups((struct slice){ 0 }, (struct slice){ v1, sizeof(v1) },
					&container));
	assert_slice(container.runtime, "docker");
	assert_slice(container.id, ID);
	assert_false(container_of_groups(slice_of("/"), (struct slice){ host, sizeof(host) },
					 &container));
	assert_false(container_of_groups((struct slice){ 0 }, (struct slice){ 0 }, &container));
	assert_slice(container.pod, NULL);
}

static void test_long_names(void **state)
{
	struct container container;
	_cleanup_(freep) char *path = malloc(70000);
	size_t size = (size_t)snprintf(path, 70000, "/machine-\\x2d");

	memset(path + size, 'a', 65536);
	memcpy(path + size + 65536, ".scope", 7);
	assert_true(container_of_path(slice_of(path), &container));
	/* Too long to be unescaped: it stays as it was written. */
	assert_int_equal(container.id.size, 65536 + 4);
	memcpy(path, "/lxc/aaaa", 9);
	assert_true(container_of_path(slice_of(path), &container));
	assert_int_equal(container.id.size, strlen(path) - 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form),
		cmocka_unit_test(test_groups_of_a_process),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
