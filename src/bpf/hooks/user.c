// SPDX-License-Identifier: MIT
/* Tries the hooks one by one. libbpf's skeleton stays in this file. */
#include "bpf/hooks/user.h"

#include "bpf/library.h"
#include "hooks.skel.h"

#include <bpf/btf.h>
#include <fcntl.h>

struct hook {
	const char *program; /* of hooks.bpf.c */
	const char *name;
	const char *use;
	const char *since;
	bool needed, trampoline, typed;
};

static const struct hook hooks[] = {
	{ "on_exec", "tp_btf/sched_process_exec", "executions", "5.5", .typed = true },
	{ "on_fork", "tp_btf/sched_process_fork", "forks", "5.5", .typed = true },
	{ "on_exit", "tp_btf/sched_process_exit", "exits", "5.5", .typed = true },
	{ "on_exec_raw", "raw_tp/sched_process_exec", "the same where typed pointers are refused",
	  "4.17", .needed = true },
	{ "with_ring", "BPF ring buffer", "records, in order", "5.8", .needed = true },
	{ "on_enter", "raw_tp/sys_enter", "changes of user and group ids", "4.17" },
	{ "on_leave", "raw_tp/sys_exit", "the same, failed executions, working folders", "4.17" },
	{ "on_running", "iter/task", "what runs already; else /proc is read", "5.8",
	  .typed = true },
	{ "on_oom", "raw_tp/mark_victim", "out of memory", "4.17" },
	{ "on_attach", "raw_tp/cgroup_attach_task", "moves between groups of cgroup v1", "4.17" },
	{ "on_prepare", "raw_tp/sched_prepare_exec", "capabilities gained, and 32-bit system calls",
	  "6.10" },
	{ "with_d_path", "lsm.s/bprm_committed_creds, bpf_d_path",
	  "exact paths; the dentry walk does without", "5.11", .trampoline = true },
	{ "with_path_d_path", "lsm.s/bprm_committed_creds, bpf_path_d_path",
	  "the same by a kernel function", "6.12", .trampoline = true },
};

/* Loads and attaches one program alone. 0 or a negative errno. */
static int try_one(const char *name)
{
	struct hooks_bpf *skeleton = hooks_bpf__open();
	struct bpf_program *program;
	struct bpf_link *link;
	int r;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, streq(bpf_program__name(program), name));
	r = hooks_bpf__load(skeleton);
	program = bpf_object__find_program_by_name(skeleton->obj, name);
	if (r == 0) {
		link = bpf_program__attach(program);
		r = link ? 0 : -errno;
		bpf_link__destroy(link);
	}
	hooks_bpf__destroy(skeleton);
	return r;
}

static bool has_types(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}

/* `since` is room for a sentence. */
static void explain(const struct hook *hook, struct hook_result *result, char since[static 64])
{
	if (!has_types()) {
		result->reason = "the kernel does not describe its types";
		result->advice = "use a kernel with CONFIG_DEBUG_INFO_BTF=y";
	} else if (result->error == EPERM && geteuid() != 0) {
		result->reason = "BPF is for root, or CAP_BPF with CAP_PERFMON";
		result->advice = "run it as root";
	} else if (result->error == EPERM && hook->trampoline) {
		result->reason = "this kernel refuses programs that need a trampoline, as hardened "
				 "and sandboxed kernels do";
		result->advice = "none needed: paths are found by walking the directory tree";
	} else if (hook->typed) {
		result->reason = "this kernel refuses programs with typed pointers";
		result->advice = "none needed where raw_tp/sched_process_exec works; each costs a "
				 "little more";
	} else if (result->error == EPERM) {
		result->reason = "the kernel refuses BPF programs";
		result->advice = "look for lockdown, a seccomp filter, or a missing capability";
	} else {
		snprintf(since, 64, "the kernel has no such hook (Linux %s has)", hook->since);
		result->reason = since;
	}
}

void hooks_try(void (*told)(const struct hook_result *result, void *userdata), void *userdata)
{
	char since[64];

	bpf_library_begin();
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		struct hook_result result = { .name = hooks[i].name,
					      .use = hooks[i].use,
					      .needed = hooks[i].needed };

		result.error = -try_one(hooks[i].program);
		if (result.error) {
			explain(&hooks[i], &result, since);
		} else if (hooks[i].trampoline && bpf_module_is_on(BPF_SECURITY_MODULES) == 0) {
			result.error = EOPNOTSUPP;
			result.reason = "it loads, but the BPF security module is not on";
			result.advice = "add bpf to lsm= on the kernel's command line";
		}
		told(&result, userdata);
	}
}
