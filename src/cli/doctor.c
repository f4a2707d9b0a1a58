// SPDX-License-Identifier: MIT
/*
 * Each question is a row: a name and a function that answers. Nothing is changed by asking: mounts,
 * groups and marks stay as they are. The kernel's version is asked only where nothing can be tried.
 */
#include "cli/doctor.h"

#include "cli/output.h"
#include "source/gate.h"
#include "util/fd.h"
#include "util/mountinfo.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

enum { FILE_SIZE_MAX = 1 << 20 };

static bool kernel_from(const struct doctor *doctor, unsigned major, unsigned minor)
{
	return doctor->kernel[0] > major ||
	       (doctor->kernel[0] == major && doctor->kernel[1] >= minor);
}

/* ---- the machine ---- */

static void ask_kernel(const struct doctor *doctor, struct finding *finding)
{
	struct utsname name;

	finding->ok = kernel_from(doctor, 5, 10);
	text_addf(&finding->reason, "Linux %s", uname(&name) == 0 ? name.release : "(unknown)");
	if (finding->ok)
		return;
	text_add(&finding->reason, ", older than 5.10");
	finding->todo = "boot a kernel from 5.10 on";
}

static void ask_root(_unused_ const struct doctor *doctor, struct finding *finding)
{
	finding->ok = geteuid() == 0;
	text_addf(&finding->reason, "user id %u", (unsigned)geteuid());
	if (!finding->ok)
		finding->todo = "run as root; what follows is what this user can do";
}

static void ask_capabilities(_unused_ const struct doctor *doctor, struct finding *finding)
{
	static const struct {
		cap_value_t value;
		const char *name, *use;
	} wanted[] = {
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "the gate, mounts" },
		{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", "writing groups" },
		{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "seeing what others execute" },
		{ CAP_KILL, "CAP_KILL", "group kill" },
		{ CAP_SYS_NICE, "CAP_SYS_NICE", "a gate that is never late" },
		{ CAP_SETUID, "CAP_SETUID", "triggers as another user" },
		{ CAP_SETGID, "CAP_SETGID", "triggers as another user" },
	};
	cap_t capabilities = cap_get_proc();

	finding->ok = capabilities != NULL;
	for (size_t i = 0; capabilities && i < ARRAY_SIZE(wanted); i++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(capabilities, wanted[i].value, CAP_EFFECTIVE, &has) == 0 &&
		    has == CAP_SET)
			continue;
		text_addf(&finding->reason, "%s%s (%s)", finding->ok ? "without " : ", ",
			  wanted[i].name, wanted[i].use);
		finding->ok = false;
	}
	if (finding->ok)
		text_add(&finding->reason, "all that is needed");
	else
		finding->todo = "run as root, in a container with these added";
	if (capabilities)
		cap_free(capabilities);
}

static void ask_systemd(const struct doctor *doctor, struct finding *finding)
{
	finding->ok = doctor->layout && doctor->layout->systemd;
	text_add(&finding->reason,
		 finding->ok ? "is process 1: groups live below the daemon's own unit or in scopes"
			     : "is not process 1: groups live at the top of the hierarchies");
}

/* "SwapTotal:  1024 kB" of /proc/meminfo, in bytes. */
static uint64_t swap_total(const struct doctor *doctor)
{
	_cleanup_(freep) char *text = NULL;
	unsigned long long kib = 0;
	const char *line;
	size_t size;

	if (file_read_at(doctor->host->proc_fd, "meminfo", FILE_SIZE_MAX, &text, &size) < 0)
		return 0;
	line = strstr(text, "SwapTotal:");
	return line && sscanf(line, "SwapTotal: %llu", &kib) == 1 ? kib * 1024 : 0;
}

static void ask_swap(const struct doctor *doctor, struct finding *finding)
{
	uint64_t total = swap_total(doctor);
	char buffer[VALUE_SIZE];

	finding->ok = total > 0;
	if (finding->ok) {
		text_add(&finding->reason, show_bytes(total, buffer));
		return;
	}
	text_add(&finding->reason, "none: a group beyond ram is killed at once, and ram_high has "
				   "nowhere to put anonymous memory");
	finding->todo = "add swap if you use ram_high (swapon(8))";
}

/* ---- cgroups ---- */

static void ask_layout(const struct doctor *doctor, struct finding *finding)
{
	const struct layout *layout = doctor->layout;

	finding->ok = layout && layout->mode != LAYOUT_NONE;
	if (!layout) {
		text_add(&finding->reason, doctor->layout_error);
		return;
	}
	text_add(&finding->reason, layout_mode_name(layout->mode));
	for (size_t i = 0; i < layout->hierarchy_count; i++) {
		const struct hierarchy *hierarchy = &layout->hierarchies[i];

		if (!hierarchy->v2)
			continue;
		text_addf(&finding->reason, ", v2 at ");
		text_add_escaped(&finding->reason, hierarchy->mount_point,
				 strlen(hierarchy->mount_point));
		text_add(&finding->reason, hierarchy->read_only ? " (read-only)" : "");
	}
	if (!finding->ok)
		finding->todo = "run reeve mount";
}

static void ask_controller(const struct doctor *doctor, enum controller controller,
			   struct finding *finding)
{
	const struct layout *layout = doctor->layout;
	const struct hierarchy *hierarchy = layout ? layout_find(layout, controller) : NULL;
	/* v2 counts processor time and freezes without any controller. */
	bool in_core = controller == CONTROLLER_FREEZER || controller == CONTROLLER_CPUACCT;

	if (!hierarchy && in_core && layout && layout->v2 >= 0)
		hierarchy = &layout->hierarchies[layout->v2];
	if (hierarchy) {
		finding->ok = !hierarchy->read_only;
		text_addf(&finding->reason, "%s at ", hierarchy->v2 ? "v2" : "v1");
		text_add_escaped(&finding->reason, hierarchy->mount_point,
				 strlen(hierarchy->mount_point));
		if (!finding->ok) {
			text_add(&finding->reason, ", which is read-only");
			finding->todo = "mount it writable (in a container: ask for it)";
		}
	} else if (layout && layout->unmounted & 1U << controller) {
		text_add(&finding->reason, "in the kernel, but mounted nowhere");
		finding->todo = "run reeve mount";
	} else {
		text_add(&finding->reason, "not in this kernel, or switched off");
		finding->todo = "look for cgroup_disable= on the kernel's command line; its limits "
				"cannot be set";
	}
}

/* True if a group that is not a hierarchy's top has the file: the top lacks many. */
static bool any_group_has(const struct hierarchy *hierarchy, const char *file)
{
	int fd = openat(hierarchy->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(folder))) {
		_cleanup_(freep) char *path = NULL;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", entry->d_name, file) < 0) {
			path = NULL;
			break;
		}
		found = faccessat(hierarchy->fd, path, F_OK, 0) == 0;
	}
	closedir(folder);
	return found || faccessat(hierarchy->fd, file, F_OK, 0) == 0;
}

static void ask_dynmods(const struct doctor *doctor, struct finding *finding)
{
	_cleanup_(freep) char *path = NULL, *features = NULL;
	size_t size;

	if (asprintf(&path, "%s/sys/kernel/cgroup/features", doctor->host->root) < 0) {
		path = NULL;
		return;
	}
	finding->ok = file_read_at(AT_FDCWD, path, FILE_SIZE_MAX, &features, &size) == 0 &&
		      strstr(features, "favordynmods");
	if (finding->ok) {
		text_add(&finding->reason, "known to the kernel; the daemon sets it while it runs");
		return;
	}
	text_add(&finding->reason,
		 "not in this kernel (6.0 and later have it): placing is as sure, but slower when "
		 "it is rare (6 ms and more instead of 1)");
}

static void ask_cgroup_kill(const struct doctor *doctor, struct finding *finding)
{
	const struct layout *layout = doctor->layout;

	if (!layout || layout->v2 < 0) {
		text_add(&finding->reason,
			 "cgroup v2 is not mounted: group kill freezes and kills one by one");
		return;
	}
	finding->ok = any_group_has(&layout->hierarchies[layout->v2], "cgroup.kill") ||
		      kernel_from(doctor, 5, 14);
	text_add(&finding->reason,
		 finding->ok ? "a group is killed by one write"
			     : "not in this kernel (5.14 and later have it): group kill freezes "
			       "and kills one by one");
}

static void ask_swap_limit(const struct doctor *doctor, struct finding *finding)
{
	const struct layout *layout = doctor->layout;
	const struct hierarchy *hierarchy = layout ? layout_find(layout, CONTROLLER_MEMORY) : NULL;
	const char *file;

	if (!hierarchy) {
		text_add(&finding->reason, "there is no memory controller");
		return;
	}
	file = hierarchy->v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
	finding->ok = any_group_has(hierarchy, file);
	text_addf(&finding->reason, "%s is %sthere", file, finding->ok ? "" : "not ");
	if (!finding->ok)
		finding->todo = "boot with swapaccount=1; the limit \"swap\" cannot be set";
}

/* ---- system calls ---- */

static void ask_gate(_unused_ const struct doctor *doctor, struct finding *finding)
{
	struct error err = ERROR_INIT;
	int r = gate_probe(&err);

	finding->ok = r >= 0;
	if (finding->ok) {
		text_add(&finding->reason, "processes wait for reeve before their first "
					   "instruction");
	} else {
		error_set_errno(&err, r, "fanotify permission events do not work");
		text_add(&finding->reason, error_text(&err));
		finding->todo = r == -EPERM ? "run as root (CAP_SYS_ADMIN)"
					    : "use a kernel with "
					      "CONFIG_FANOTIFY_ACCESS_PERMISSIONS; until then "
					      "/proc is scanned";
	}
	error_done(&err);
}

static void ask_pidfd(_unused_ const struct doctor *doctor, struct finding *finding)
{
	_cleanup_(closep) int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	finding->ok = fd >= 0;
	text_addf(&finding->reason, "pidfd_open: %s", finding->ok ? "works" : strerror(errno));
}

/*
 * Asks for a child in the group of a descriptor that is none: a kernel that knows the flag
 * complains of the descriptor, and no child is made in any case.
 */
static void ask_clone(const struct doctor *doctor, struct finding *finding)
{
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP,
		.cgroup = UINT64_C(0x7ffffffe),
	};
	bool v2 = doctor->layout && doctor->layout->v2 >= 0;
	int code = syscall(SYS_clone3, &arguments, sizeof(arguments)) < 0 ? errno : 0;

	finding->ok = code == EBADF && v2;
	if (code != EBADF)
		text_addf(&finding->reason, "clone3: %s: reeve run moves the child instead",
			  strerror(code));
	else if (!v2)
		text_add(&finding->reason,
			 "cgroup v2 is not mounted: reeve run moves the child instead");
	else
		text_add(&finding->reason, "reeve run starts programs inside their group");
}

/* ---- the table ---- */

static const struct {
	const char *name;
	void (*ask)(const struct doctor *doctor, struct finding *finding);
	bool essential;
} questions[] = {
	{ "kernel", ask_kernel, true },
	{ "root", ask_root, true },
	{ "capabilities", ask_capabilities, false },
	{ "gate (fanotify)", ask_gate, true },
	{ "cgroups", ask_layout, true },
	{ "favordynmods", ask_dynmods, false },
	{ "cgroup.kill", ask_cgroup_kill, false },
	{ "CLONE_INTO_CGROUP", ask_clone, false },
	{ "pidfd", ask_pidfd, false },
	{ "swap", ask_swap, false },
	{ "swap limit", ask_swap_limit, false },
	{ "systemd", ask_systemd, false },
};

/* Those that limits need; the rest can only be written by `raw`. */
static const struct {
	const char *name;
	enum controller controller;
} controllers[] = {
	{ "controller cpu", CONTROLLER_CPU },	      { "controller cpuacct", CONTROLLER_CPUACCT },
	{ "controller cpuset", CONTROLLER_CPUSET },   { "controller memory", CONTROLLER_MEMORY },
	{ "controller io", CONTROLLER_IO },	      { "controller pids", CONTROLLER_PIDS },
	{ "controller hugetlb", CONTROLLER_HUGETLB }, { "controller freezer", CONTROLLER_FREEZER },
};

bool doctor_ask(const struct doctor *doctor, size_t index, struct finding *ret_finding)
{
	*ret_finding = (struct finding){ 0 };
	text_init(&ret_finding->reason);
	if (index < ARRAY_SIZE(questions)) {
		ret_finding->name = questions[index].name;
		ret_finding->essential = questions[index].essential;
		questions[index].ask(doctor, ret_finding);
		return true;
	}
	index -= ARRAY_SIZE(questions);
	if (index >= ARRAY_SIZE(controllers))
		return false;
	ret_finding->name = controllers[index].name;
	ask_controller(doctor, controllers[index].controller, ret_finding);
	return true;
}
