// SPDX-License-Identifier: MIT
/*
 * See fake.h. Which files a directory gets stands in ".template" of each hierarchy's top: lines
 * "controller file value", "-" for files of the core.
 *
 * long: the files of a whole kernel and what writing to them does, which is one thing
 */
#include "cgroup/fake.h"

#include "cgroup/ops.h"
#include "util/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

#define NO_LIMIT_V1 "9223372036854771712"

static const char core_v1[] = "- cgroup.procs \n- tasks \n- cgroup.clone_children 0\n";
static const char core_v2[] =
	"- cgroup.procs \n- cgroup.controllers \n- cgroup.subtree_control \n- cgroup.freeze 0\n"
	"- cgroup.kill \n- cgroup.events populated 0~frozen 0\n- cgroup.type domain\n"
	"- cpu.stat usage_usec 1500~user_usec 1000\n";

static const struct {
	const char *controller, *v1, *v2;
} files[] = {
	{ "cpu",
	  "cpu cpu.shares 1024\ncpu cpu.idle 0\ncpu cpu.cfs_quota_us -1\n"
	  "cpu cpu.cfs_period_us 100000\ncpu cpu.cfs_burst_us 0\n"
	  "cpu cpu.stat nr_throttled 3~throttled_time 12345\n",
	  "cpu cpu.weight 100\ncpu cpu.idle 0\ncpu cpu.max max 100000\ncpu cpu.max.burst 0\n" },
	{ "cpuacct", "cpuacct cpuacct.usage 777\n", "" },
	{ "cpuset", "cpuset cpuset.cpus \ncpuset cpuset.mems \n",
	  "cpuset cpuset.cpus \ncpuset cpuset.mems \n" },
	{ "memory",
	  "memory memory.limit_in_bytes " NO_LIMIT_V1
	  "\nmemory memory.memsw.limit_in_bytes " NO_LIMIT_V1
	  "\nmemory memory.usage_in_bytes 0\nmemory memory.memsw.usage_in_bytes 0\n"
	  "memory memory.force_empty \nmemory memory.swappiness 60\nmemory memory.failcnt 4\n"
	  "memory memory.oom_control oom_kill_disable 0~under_oom 0~oom_kill 2\n",
	  "memory memory.min 0\nmemory memory.low 0\nmemory memory.high max\nmemory memory.max "
	  "max\n"
	  "memory memory.swap.max max\nmemory memory.oom.group 0\nmemory memory.current 4096\n"
	  "memory memory.reclaim \nmemory memory.events low 0~high 0~max 5~oom 1~oom_kill 1\n" },
	{ "pids", "pids pids.max max\npids pids.current 2\n",
	  "pids pids.max max\npids pids.current 2\npids pids.events max 9\n" },
	{ "freezer", "freezer freezer.state THAWED\nfreezer freezer.self_freezing 0\n", "" },
	{ "blkio",
	  "blkio blkio.throttle.read_bps_device \nblkio blkio.throttle.write_bps_device \n"
	  "blkio blkio.throttle.read_iops_device \nblkio blkio.throttle.write_iops_device \n"
	  "blkio blkio.bfq.weight 100\n",
	  "io io.max \nio io.bfq.weight default 100\n"
	  "io io.stat 8:0 rbytes=100 wbytes=50 rios=1~8:16 rbytes=11 wbytes=7 rios=1\n" },
	{ "hugetlb", "hugetlb hugetlb.2MB.limit_in_bytes 9223372036852678656\n",
	  "hugetlb hugetlb.2MB.max max\nhugetlb hugetlb.2MB.rsvd.max max\n" },
};

/* ---- small helpers ---- */

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fake: %s: %s\n", what, strerror(errno));
	abort();
}

static void put(int dirfd, const char *path, const char *text)
{
	_cleanup_(closep) int fd =
		openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && write_all(fd, text, strlen(text)) == 0, path);
}

static char *get(int dirfd, const char *path)
{
	char *text = NULL;
	size_t size;

	if (file_read_at(dirfd, path, 1 << 20, &text, &size) < 0)
		return NULL;
	while (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	return text;
}

static char *print(const char *a, const char *b, const char *c)
{
	char *text;

	must(asprintf(&text, "%s%s%s", a, b, c) >= 0, "memory");
	return text;
}

static uint64_t number_in(int dirfd, const char *directory, const char *file)
{
	_cleanup_(freep) char *path = print(directory, "/", file);
	_cleanup_(freep) char *text = get(dirfd, path);

	if (!text || streq(text, "max") || text[0] == '-')
		return UINT64_MAX;
	return strtoull(text, NULL, 10);
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; at && (at = strstr(at, word)); at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/* ---- directories ---- */

/* Gives a directory the files of a controller ("-": of the core). */
static void fill(int dirfd, const char *path, const char *controller)
{
	_cleanup_(freep) char *template = get(dirfd, ".template");
	char *line, *rest = template;

	while ((line = strsep(&rest, "\n"))) {
		char *owner = strsep(&line, " "), *file = line ? strsep(&line, " ") : NULL;
		_cleanup_(freep) char *name = NULL, *text = NULL;

		if (!file || !streq(owner, controller))
			continue;
		for (char *at = line; at && *at; at++)
			if (*at == '~')
				*at = '\n';
		name = print(path, "/", file);
		text = print(line ? line : "", line && *line ? "\n" : "", "");
		put(dirfd, name, text);
	}
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
}

static int fake_make_dir(int dirfd, const char *path)
{
	_cleanup_(freep) char *parent = parent_of(path);
	_cleanup_(freep) char *file = print(parent, "/", "cgroup.subtree_control");
	_cleanup_(freep) char *enabled = get(dirfd, file);
	_cleanup_(freep) char *own = print(path, "/", "cgroup.controllers");
	char *word, *rest = enabled;

	if (mkdirat(dirfd, path, 0755) < 0)
		return -errno;
	fill(dirfd, path, "-");
	if (!enabled) { /* v1: all of them, always */
		for (size_t i = 0; i < ARRAY_SIZE(files); i++)
			fill(dirfd, path, files[i].controller);
		return 0;
	}
	put(dirfd, own, enabled);
	while ((word = strsep(&rest, " ")))
		fill(dirfd, path, word);
	return 0;
}

static int fake_remove_dir(int dirfd, const char *path)
{
	_cleanup_(freep) char *procs_path = print(path, "/", "cgroup.procs");
	_cleanup_(freep) char *procs = get(dirfd, procs_path);
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	must(dir, path);
	if (procs && *procs) {
		closedir(dir);
		return -EBUSY;
	}
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			closedir(dir);
			return -EBUSY;
		}
	rewinddir(dir);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			(void)unlinkat(fd, entry->d_name, 0);
	closedir(dir);
	return unlinkat(dirfd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* ---- writes ---- */

/* Takes a pid out of every cgroup.procs of the hierarchy. */
static void forget_pid(int dirfd, const char *path, const char *pid)
{
	_cleanup_(freep) char *file = print(path, "/", "cgroup.procs");
	_cleanup_(freep) char *text = get(dirfd, file);
	_cleanup_(freep) char *left = strdup("");
	char *line, *rest = text;
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *dir;

	while ((line = strsep(&rest, "\n")))
		if (*line && !streq(line, pid)) {
			char *more = print(left, line, "\n");

			free(left);
			left = more;
		}
	put(dirfd, file, left);
	must(fd >= 0 && (dir = fdopendir(fd)), path);
	while ((entry = readdir(dir))) {
		_cleanup_(freep) char *child = print(path, "/", entry->d_name);

		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			forget_pid(dirfd, child, pid);
	}
	closedir(dir);
}

static int write_procs(int dirfd, const char *directory, const char *path, const char *pid)
{
	_cleanup_(freep) char *control_path = print(directory, "/", "cgroup.subtree_control");
	_cleanup_(freep) char *control = get(dirfd, control_path);
	_cleanup_(freep) char *text = NULL, *all = NULL;

	if (control && *control && !streq(directory, "."))
		return -EBUSY;
	forget_pid(dirfd, ".", pid);
	text = get(dirfd, path);
	all = print(text, *text ? "\n" : "", "");
	free(text);
	text = print(all, pid, "\n");
	put(dirfd, path, text);
	return 0;
}

/* "+memory": the files appear in the directories below. */
static int write_control(int dirfd, const char *directory, const char *path, const char *value)
{
	_cleanup_(freep) char *offer_path = print(directory, "/", "cgroup.controllers");
	_cleanup_(freep) char *offer = get(dirfd, offer_path);
	_cleanup_(freep) char *procs_path = print(directory, "/", "cgroup.procs");
	_cleanup_(freep) char *procs = get(dirfd, procs_path);
	_cleanup_(freep) char *now = get(dirfd, path);
	_cleanup_(freep) char *next = strdup("");
	int fd = openat(dirfd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	char *word, *rest = now;
	DIR *dir;

	must(fd >= 0 && (dir = fdopendir(fd)), directory);
	if (!has_word(offer, value + 1) ||
	    (*value == '+' && procs && *procs && !streq(directory, "."))) {
		closedir(dir);
		return has_word(offer, value + 1) ? -EBUSY : -ENOENT;
	}
	while ((word = strsep(&rest, " ")))
		if (*word && !streq(word, value + 1)) {
			char *more = print(next, *next ? " " : "", word);

			free(next);
			next = more;
		}
	if (*value == '+') {
		char *more = print(next, *next ? " " : "", value + 1);

		free(next);
		next = more;
	}
	put(dirfd, path, next);
	while ((entry = readdir(dir))) {
		_cleanup_(freep) char *child = print(directory, "/", entry->d_name);
		_cleanup_(freep) char *own = print(child, "/", "cgroup.controllers");

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		put(dirfd, own, next);
		if (*value == '+')
			fill(dirfd, child, value + 1);
	}
	closedir(dir);
	return 0;
}

/* "8:0 1000" and "8:0 rbps=max ...": one line a disk, an unlimited one goes. */
static int write_disk(int dirfd, const char *path, const char *value)
{
	_cleanup_(freep) char *text = get(dirfd, path);
	_cleanup_(freep) char *next = strdup("");
	size_t disk = strcspn(value, " ");
	bool none = streq(value + disk, " 0") ||
		    streq(value + disk, " rbps=max wbps=max riops=max wiops=max");
	char *line, *rest = text, *more;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line || strncmp(line, value, disk + 1) == 0)
			continue;
		more = print(next, line, "\n");
		free(next);
		next = more;
	}
	more = print(next, none ? "" : value, none ? "" : "\n");
	put(dirfd, path, more);
	free(more);
	return 0;
}

/* The rules that the code has to get along with. */
static int refuse(int dirfd, const char *directory, const char *file, uint64_t value)
{
	_cleanup_(freep) char *parent = parent_of(directory);
	uint64_t above;

	if (streq(file, "cpu.cfs_quota_us") && value != UINT64_MAX) {
		above = number_in(dirfd, parent, "cpu.cfs_quota_us");
		if (value < 1000 || (above != UINT64_MAX && value > above) ||
		    value < number_in(dirfd, directory, "cpu.cfs_burst_us"))
			return -EINVAL;
	}
	if (streq(file, "cpu.cfs_burst_us") &&
	    value > number_in(dirfd, directory, "cpu.cfs_quota_us"))
		return -EINVAL;
	if (streq(file, "memory.memsw.limit_in_bytes") &&
	    value < number_in(dirfd, directory, "memory.limit_in_bytes"))
		return -EINVAL;
	if (streq(file, "memory.limit_in_bytes")) {
		value = MIN(value, strtoull(NO_LIMIT_V1, NULL, 10));
		if (value > number_in(dirfd, directory, "memory.memsw.limit_in_bytes"))
			return -EINVAL;
		if (value < number_in(dirfd, directory, "memory.usage_in_bytes"))
			return -EBUSY;
	}
	if ((streq(file, "cpu.weight") || streq(file, "cpu.shares")) &&
	    number_in(dirfd, directory, "cpu.idle") == 1)
		return -EINVAL;
	return 0;
}

static int write_value(int dirfd, const char *directory, const char *file, const char *path,
		       const char *value)
{
	bool bytes = strncmp(file, "memory.", 7) == 0 && !streq(file, "memory.swappiness") &&
		     !streq(file, "memory.oom.group");
	uint64_t number = *value >= '0' && *value <= '9' ? strtoull(value, NULL, 10) : UINT64_MAX;
	int r = refuse(dirfd, directory, file, number);
	char text[64];

	if (r < 0)
		return r;
	if (bytes && number != UINT64_MAX)
		snprintf(text, sizeof(text), "%llu\n",
			 (unsigned long long)(number & ~UINT64_C(4095)));
	else if (bytes && streq(value, "-1"))
		snprintf(text, sizeof(text), "%s\n", NO_LIMIT_V1);
	else
		snprintf(text, sizeof(text), "%.60s\n", streq(value, "\n") ? "" : value);
	put(dirfd, path, text);
	return 0;
}

static void put_beside(int dirfd, const char *directory, const char *file, const char *text)
{
	_cleanup_(freep) char *path = print(directory, "/", file);

	put(dirfd, path, text);
}

static int fake_op_write(int dirfd, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	_cleanup_(freep) char *directory = parent_of(path);

	if (faccessat(dirfd, path, F_OK, 0) < 0)
		return -errno;
	if (streq(file, "cgroup.procs"))
		return write_procs(dirfd, directory, path, text);
	if (streq(file, "cgroup.subtree_control"))
		return write_control(dirfd, directory, path, text);
	if (streq(file, "io.max") || strstr(file, "_device"))
		return write_disk(dirfd, path, text);
	if (streq(file, "io.bfq.weight")) {
		_cleanup_(freep) char *line = print("default ", text, "\n");

		put(dirfd, path, line);
		return 0;
	}
	if (streq(file, "cgroup.freeze"))
		put_beside(dirfd, directory, "cgroup.events",
			   *text == '1' ? "populated 0\nfrozen 1\n" : "populated 0\nfrozen 0\n");
	if (streq(file, "freezer.state"))
		put_beside(dirfd, directory, "freezer.self_freezing",
			   streq(text, "FROZEN") ? "1\n" : "0\n");
	if (streq(file, "memory.reclaim")) /* all that was asked for */
		put_beside(dirfd, directory, "memory.current", "4096\n");
	return write_value(dirfd, directory, file, path, text);
}

static const struct cgroup_ops fake_ops = {
	.make_dir = fake_make_dir,
	.remove_dir = fake_remove_dir,
	.write = fake_op_write,
};

/* ---- the host ---- */

static void folder(const struct fake *fake, const char *path)
{
	_cleanup_(freep) char *full = print(fake->root, "/", path);

	for (char *at = full + strlen(fake->root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(full, 0755);
		*at = '/';
	}
	must(mkdir(full, 0755) == 0 || errno == EEXIST, full);
}

void fake_write(const struct fake *fake, const char *path, const char *text)
{
	_cleanup_(freep) char *full = print(fake->root, "/", path);

	put(AT_FDCWD, full, text);
}

char *fake_read(const struct fake *fake, const char *path)
{
	_cleanup_(freep) char *full = print(fake->root, "/", path);

	return get(AT_FDCWD, full);
}

bool fake_exists(const struct fake *fake, const char *path)
{
	_cleanup_(freep) char *full = print(fake->root, "/", path);

	return access(full, F_OK) == 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void fake_remove(const struct fake *fake, const char *path)
{
	_cleanup_(freep) char *full = print(fake->root, "/", path);

	(void)nftw(full, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A hierarchy's top directory, with the template of its controllers. */
static void hierarchy(const struct fake *fake, const char *path, bool v2, const char *controllers)
{
	_cleanup_(freep) char *template = print(v2 ? core_v2 : core_v1, "", "");
	_cleanup_(freep) char *full = print(fake->root, "/", path);
	_cleanup_(closep) int fd = -1;

	folder(fake, path);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		bool io = streq(files[i].controller, "blkio") && has_word(controllers, "io");
		char *more;

		if (!has_word(controllers, files[i].controller) && !io)
			continue;
		more = print(template, v2 ? files[i].v2 : files[i].v1, "");
		free(template);
		template = more;
	}
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0, full);
	put(fd, ".template", template);
	fill(fd, ".", "-");
	if (v2)
		put(fd, "cgroup.controllers", controllers);
	for (size_t i = 0; !v2 && i < ARRAY_SIZE(files); i++)
		if (has_word(controllers, files[i].controller))
			fill(fd, ".", files[i].controller);
	if (has_word(controllers, "cpuset")) {
		put(fd, "cpuset.cpus", "0-3\n");
		put(fd, "cpuset.mems", "0\n");
	}
}

static void make_v1(const struct fake *fake)
{
	hierarchy(fake, "sys/fs/cgroup/cpu", false, "cpu");
	hierarchy(fake, "sys/fs/cgroup/cpuset", false, "cpuset");
	hierarchy(fake, "sys/fs/cgroup/my memory", false, "memory");
	hierarchy(fake, "sys/fs/cgroup/pids", false, "pids");
	hierarchy(fake, "sys/fs/cgroup/freezer", false, "freezer");
	hierarchy(fake, "sys/fs/cgroup/blkio", false, "blkio");
	fake_write(fake, "proc/self/mountinfo",
		   "23 1 0:22 / / rw - ext4 /dev/vda rw\n"
		   "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
		   "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:5 master:1 - cgroup cgroup "
		   "rw,cpu\n"
		   "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		   "34 31 0:31 / /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory\n"
		   "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
		   "36 31 0:33 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
		   "37 31 0:34 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
		   "38 31 0:35 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n");
	fake_write(fake, "proc/self/cgroup",
		   "7:name=systemd:/\n6:blkio:/\n5:freezer:/\n4:pids:/\n3:memory:/outer/x\n"
		   "2:cpuset:/\n1:cpu:/\n");
	fake_write(fake, "proc/cgroups",
		   "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t2\t1\t1\ncpu\t1\t2\t1\n"
		   "memory\t3\t1\t1\npids\t4\t1\t1\nfreezer\t5\t1\t1\nblkio\t6\t1\t1\n"
		   "net_cls\t0\t1\t1\nrdma\t0\t1\t0\n");
}

static void make_v1_joint(const struct fake *fake)
{
	hierarchy(fake, "cg/cpu,cpuacct", false, "cpu cpuacct");
	hierarchy(fake, "cg/net", false, "net_cls net_prio");
	hierarchy(fake, "cg/named", false, "");
	fake_write(fake, "proc/self/mountinfo",
		   "32 31 0:29 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		   "33 31 0:30 / /cg/net rw - cgroup cgroup rw,net_cls,net_prio\n"
		   "34 31 0:31 / /cg/named rw - cgroup cgroup rw,xattr,name=mine\n"
		   "35 31 0:29 /part /cg/again rw - cgroup cgroup rw,cpu,cpuacct\n");
	fake_write(fake, "proc/self/cgroup",
		   "3:name=mine:/\n2:net_cls,net_prio:/\n1:cpu,cpuacct:/x\n");
	fake_write(fake, "proc/cgroups", "cpu\t1\t2\t1\ncpuacct\t1\t2\t1\nmemory\t0\t2\t1\n");
}

static void make_v2(const struct fake *fake)
{
	hierarchy(fake, "sys/fs/cgroup", true, "cpuset cpu io memory hugetlb pids");
	fake_write(fake, "proc/self/mountinfo",
		   "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 "
		   "rw,nsdelegate,favordynmods,memory_recursiveprot\n");
	fake_write(fake, "proc/self/cgroup", "0::/own\n");
	fake_write(fake, "proc/cgroups", "cpu\t0\t2\t1\nmemory\t0\t2\t1\nfreezer\t0\t1\t1\n");
}

static void make_hybrid(const struct fake *fake)
{
	hierarchy(fake, "sys/fs/cgroup/cpu", false, "cpu");
	hierarchy(fake, "sys/fs/cgroup/memory", false, "memory");
	hierarchy(fake, "sys/fs/cgroup/pids", false, "pids");
	hierarchy(fake, "sys/fs/cgroup/freezer", false, "freezer");
	hierarchy(fake, "sys/fs/cgroup/systemd", false, "");
	hierarchy(fake, "sys/fs/cgroup/unified", true, "hugetlb");
	fake_write(fake, "proc/self/mountinfo",
		   "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		   "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		   "34 31 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
		   "35 31 0:32 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
		   "36 31 0:33 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
		   "37 31 0:34 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
	fake_write(fake, "proc/self/cgroup",
		   "5:name=systemd:/user.slice\n4:freezer:/\n3:pids:/\n2:memory:/\n1:cpu:/\n"
		   "0::/user.slice\n");
	fake_write(fake, "proc/cgroups", "cpu\t1\t1\t1\nmemory\t2\t1\t1\nhugetlb\t0\t1\t1\n");
}

void fake_detect(struct fake *fake)
{
	struct error err = ERROR_INIT;

	layout_free(fake->layout);
	fake->layout = NULL;
	if (layout_detect(fake->host, &fake->layout, &err) < 0) {
		fprintf(stderr, "fake: %s\n", error_text(&err));
		abort();
	}
	fake->layout->ops = &fake_ops;
}

void fake_init(struct fake *fake, enum fake_kind kind)
{
	*fake = (struct fake){ .root = strdup("/tmp/reeve-fake-XXXXXX") };
	must(fake->root && mkdtemp(fake->root), "mkdtemp");
	folder(fake, "proc/self");
	folder(fake, "proc/sys/kernel/random");
	fake_write(fake, "proc/sys/kernel/random/boot_id",
		   "11111111-2222-3333-4444-555555555555\n");
	fake_write(fake, "proc/meminfo", "MemTotal: 1000 kB\nSwapTotal:       0 kB\n");
	fake_write(fake, "proc/self/mountinfo", "23 1 0:22 / / rw - ext4 /dev/vda rw\n");
	folder(fake, "run");
	if (kind == FAKE_V1)
		make_v1(fake);
	else if (kind == FAKE_V1_JOINT)
		make_v1_joint(fake);
	else if (kind == FAKE_V2)
		make_v2(fake);
	else if (kind == FAKE_HYBRID || kind == FAKE_SYSTEMD_HYBRID)
		make_hybrid(fake);
	if (kind == FAKE_SYSTEMD_HYBRID)
		folder(fake, "run/systemd/system");
	must(host_new_at(fake->root, 4, &fake->host, NULL) == 0, "host");
	fake_detect(fake);
}

void fake_done(struct fake *fake)
{
	layout_free(fake->layout);
	host_free(fake->host);
	fake_remove(fake, "");
	free(fake->root);
	*fake = (struct fake){ 0 };
}
