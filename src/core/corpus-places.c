// SPDX-License-Identifier: MIT
/*
 * Forms that differ in where the program is: other roots, mounts, file systems, namespaces, groups.
 *
 * `exe` is the path from the host's root, where any of the host's mounts shows the file, and
 * `exe_in_root` what the process itself would say. What only a mount of another namespace
 * shows is FOREIGN, and its path is the one that is seen there.
 */
#include "core/corpus-internal.h"

#include "cgroup/layout.h"
#include "util/fd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static int mount_at(struct corpus_run *run, const char *source, const char *target,
		    const char *type, unsigned long flags, const char *data)
{
	const char *from = corpus_at(run, source), *to = corpus_at(run, target);

	if (from && to && mount(from, to, type, flags, data) == 0)
		return 0;
	return corpus_cannot(run, type ? "mount" : "make a bind mount");
}

static int write_payload_or_not(struct corpus_run *run, const char *name)
{
	struct error err = ERROR_INIT;
	int r = corpus_write_payload(run, name, &err);

	error_done(&err);
	errno = -MIN(r, 0);
	return r < 0 ? corpus_cannot(run, "copy the payload") : 0;
}

/* ---- bind mounts ---- */

static int prepare_bind(struct corpus_run *run, struct error *err)
{
	int r = corpus_make_folder(run, "there", err);

	return r < 0 ? r : corpus_write_payload(run, "here/payload", err);
}

static int set_up_bind(struct corpus_run *run)
{
	if (corpus_leave_mounts(run) < 0)
		return -1;
	return mount_at(run, "@/here", "@/there", NULL, MS_BIND, NULL);
}

static int prepare_bind_file(struct corpus_run *run, struct error *err)
{
	return corpus_write(run, "there", "", 0, 0755, err);
}

static int set_up_bind_file(struct corpus_run *run)
{
	if (corpus_leave_mounts(run) < 0)
		return -1;
	return mount_at(run, "@/payload", "@/there", NULL, MS_BIND, NULL);
}

static int prepare_bind_host(struct corpus_run *run, struct error *err)
{
	int r = prepare_bind(run, err);

	if (r == 0 &&
	    mount(corpus_at(run, "@/here"), corpus_at(run, "@/there"), NULL, MS_BIND, NULL) < 0)
		return error_set_errno(err, -errno, "cannot make a bind mount"), 1;
	return r;
}

static void unmount_there(struct corpus_run *run)
{
	umount2(corpus_at(run, "@/there"), MNT_DETACH);
}

/* Either mount of the host shows it. */
static void expect_bind_host(struct corpus_run *run)
{
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);

	corpus_also(record, EXE, exe, slice_of(corpus_at(run, "@/here/payload")));
	record = corpus_find(run, EVENT_EXIT, CORPUS_MAIN);
	corpus_also(record, EXE, exe, slice_of(corpus_at(run, "@/here/payload")));
}

/* ---- other roots ---- */

static int prepare_root(struct corpus_run *run, struct error *err)
{
	int r = corpus_make_folder(run, "root/old", err);

	return r < 0 ? r : corpus_write_payload(run, "root/bin/payload", err);
}

static int set_up_chroot(struct corpus_run *run)
{
	if (chroot(corpus_at(run, "@/root")) < 0 || chdir("/") < 0)
		return corpus_cannot(run, "change its root");
	return 0;
}

/* As a container runtime does: a bind mount becomes the root, and the old one is gone. */
static int set_up_pivot(struct corpus_run *run)
{
	const char *root = corpus_at(run, "@/root");

	if (corpus_leave_mounts(run) < 0 ||
	    mount_at(run, "@/root", "@/root", NULL, MS_BIND | MS_REC, NULL) < 0)
		return -1;
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", "old") < 0 ||
	    umount2("old", MNT_DETACH) < 0 || chdir("/") < 0)
		return corpus_cannot(run, "exchange its root");
	return 0;
}

/* ---- file systems of another namespace ---- */

static int prepare_mount(struct corpus_run *run, struct error *err)
{
	return corpus_make_folder(run, "mount", err);
}

static int set_up_mount(struct corpus_run *run)
{
	if (corpus_leave_mounts(run) < 0 ||
	    mount_at(run, "tmpfs", "@/mount", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	return write_payload_or_not(run, "mount/payload");
}

/* Layers in a tmpfs, which any kernel takes as an upper one. */
static int set_up_overlay(struct corpus_run *run)
{
	char options[1024];

	if (corpus_leave_mounts(run) < 0 ||
	    mount_at(run, "tmpfs", "@/mount", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/mount/upper,workdir=%s"
		 "/mount/work",
		 run->folder, run->folder, run->folder);
	if (mkdir(corpus_at(run, "@/mount/upper"), 0755) < 0 ||
	    mkdir(corpus_at(run, "@/mount/work"), 0755) < 0)
		return corpus_cannot(run, "make the layers of an overlay");
	return mount_at(run, "overlay", "@/merged", "overlay", 0, options);
}

/* A change to the file copies it up. */
static int set_up_overlay_upper(struct corpus_run *run)
{
	if (set_up_overlay(run) < 0)
		return -1;
	if (chmod(run->in_root, 0700) < 0)
		return corpus_cannot(run, "change a file of the overlay");
	return 0;
}

static int prepare_overlay(struct corpus_run *run, struct error *err)
{
	int r = corpus_make_folder(run, "merged", err);

	if (r == 0)
		r = corpus_make_folder(run, "mount", err);
	return r < 0 ? r : corpus_write_payload(run, "lower/payload", err);
}

static int prepare_overlay_host(struct corpus_run *run, struct error *err)
{
	char options[1024];
	int r = prepare_overlay(run, err);

	if (r < 0)
		return r;
	if (mount("tmpfs", corpus_at(run, "@/mount"), "tmpfs", 0, "mode=0755") < 0)
		return error_set_errno(err, -errno, "cannot mount a tmpfs"), 1;
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/mount/upper,workdir=%s"
		 "/mount/work",
		 run->folder, run->folder, run->folder);
	if (mkdir(corpus_at(run, "@/mount/upper"), 0755) < 0 ||
	    mkdir(corpus_at(run, "@/mount/work"), 0755) < 0 ||
	    mount("overlay", corpus_at(run, "@/merged"), "overlay", 0, options) < 0)
		return error_set_errno(err, -errno, "cannot mount an overlay"), 1;
	return 0;
}

static void unmount_overlay(struct corpus_run *run)
{
	umount2(corpus_at(run, "@/merged"), MNT_DETACH);
	umount2(corpus_at(run, "@/mount"), MNT_DETACH);
}

/* A container's root: an overlay that the host has mounted, seen from a namespace of its own. */
static int set_up_overlay_root(struct corpus_run *run)
{
	if (chmod(corpus_at(run, "@/merged/payload"), 0700) < 0)
		return corpus_cannot(run, "change a file of the overlay");
	if (corpus_leave_mounts(run) < 0)
		return -1;
	if (chdir(corpus_at(run, "@/merged")) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return corpus_cannot(run, "exchange its root");
	return 0;
}

/* ---- namespaces ---- */

/* Its user is 1000 there, and on the host still who it was. */
static int set_up_user_namespace(struct corpus_run *run)
{
	char map[64];

	snprintf(map, sizeof(map), "1000 %u 1", (unsigned)geteuid());
	if (unshare(CLONE_NEWUSER) < 0)
		return corpus_cannot(run, "have a user namespace of its own");
	if (file_write_at(run->proc_fd, "self/setgroups", "deny") < 0 ||
	    file_write_at(run->proc_fd, "self/uid_map", map) < 0)
		return corpus_cannot(run, "map its user");
	return 0;
}

/* With a root of its own an unprivileged user can be at any path that it likes. */
static int set_up_forged(struct corpus_run *run)
{
	if (set_up_user_namespace(run) < 0)
		return -1;
	return set_up_chroot(run);
}

/* It has all capabilities in a namespace of its own, and loses them, or not, by executing. */
static void expect_capabilities(struct corpus_run *run)
{
	event_forget(&corpus_find(run, EVENT_EXEC, CORPUS_MAIN)->want, FIELD_CAPS_GAINED);
}

static int set_up_namespaces(struct corpus_run *run)
{
	if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0)
		return corpus_cannot(run, "have namespaces of its own");
	return 0;
}

/* ---- groups ---- */

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct group {
	const struct hierarchy *hierarchy;
	struct layout *layout;
	char *outer, *inner;
};

/* The v2 hierarchy, or any that a process can be moved in without a limit's being set. */
static const struct hierarchy *some_hierarchy(const struct layout *layout)
{
	const struct hierarchy *found = NULL;

	if (layout->v2 >= 0)
		found = &layout->hierarchies[layout->v2];
	for (size_t i = 0; !found && i < layout->hierarchy_count; i++)
		if (!(layout->hierarchies[i].controllers & 1U << CONTROLLER_CPUSET))
			found = &layout->hierarchies[i];
	return found && !found->read_only ? found : NULL;
}

static void remove_group(struct corpus_run *run)
{
	struct group *group = run->own;

	if (!group)
		return;
	for (int i = 0; i < 100 && group->inner && rmdir(group->inner) < 0 && errno == EBUSY; i++)
		usleep(10000); /* its process is on the way out */
	if (group->outer)
		rmdir(group->outer);
	layout_free(group->layout);
	run->own = NULL;
}

static int prepare_group(struct corpus_run *run, struct error *err)
{
	struct group *group = run->own = arena_alloc(run->arena, sizeof(*group));
	struct text path;
	int r;

	if (!group)
		return error_oom(err);
	r = layout_detect(run->corpus->host, &group->layout, err);
	if (r < 0)
		return r;
	group->hierarchy = some_hierarchy(group->layout);
	if (!group->hierarchy)
		return error_set(err, -EROFS, "no cgroup hierarchy can be written"), 1;
	text_init(&path);
	text_addf(&path, "%s/reeve-test-corpus-%d", group->hierarchy->mount_point, (int)getpid());
	if (!path.failed)
		group->outer = arena_copy(run->arena, path.data, path.size);
	text_add(&path, "/docker-" CONTAINER ".scope");
	if (!path.failed)
		group->inner = arena_copy(run->arena, path.data, path.size);
	text_done(&path);
	if (!group->outer || !group->inner)
		return error_oom(err);
	if (mkdir(group->outer, 0755) < 0 || mkdir(group->inner, 0755) < 0)
		return error_set_errno(err, -errno, "cannot make a group"), 1;
	return 0;
}

static int set_up_group(struct corpus_run *run)
{
	const struct group *group = run->own;
	_cleanup_(closep) int fd = open(group->inner, O_PATH | O_CLOEXEC);

	errno = -file_write_at(fd, "cgroup.procs", "0");
	return errno ? corpus_cannot(run, "move to its group") : 0;
}

static void expect_group(struct corpus_run *run)
{
	const struct group *group = run->own;
	struct corpus_record *record = corpus_find(run, EVENT_EXEC, CORPUS_MAIN);
	struct stat st;

	event_set(&record->want, CONTAINER_RUNTIME, container_runtime, slice_of("docker"));
	event_set(&record->want, CONTAINER_ID, container_id, slice_of(CONTAINER));
	if (group->hierarchy->v2 && stat(group->inner, &st) == 0)
		event_set(&record->want, CGROUP_ID, cgroup_id, st.st_ino);
	memset(record->empty, 0, sizeof(record->empty));
	corpus_empty(record, FIELD_POD);
}

const struct corpus_form corpus_place_forms[] = {
	{ .about = { "bind", "through a bind mount of another mount namespace", CASE_SMALL },
	  .prepare = prepare_bind,
	  .set_up = set_up_bind,
	  .exe = "@/here/payload",
	  .in_root = "@/there/payload",
	  .filename = "@/there/payload" },
	{ .about = { "bind-file", "a file that is mounted over another" },
	  .prepare = prepare_bind_file,
	  .set_up = set_up_bind_file,
	  .in_root = "@/there",
	  .filename = "@/there" },
	{ .about = { "bind-host", "through a bind mount of the host", CASE_CHANGES_HOST },
	  .prepare = prepare_bind_host,
	  .clean = unmount_there,
	  .expect = expect_bind_host,
	  .exe = "@/there/payload" },
	{ .about = { "chroot", "in a changed root: it says that it is another program",
		     CASE_SMALL },
	  .prepare = prepare_root,
	  .set_up = set_up_chroot,
	  .exe = "@/root/bin/payload",
	  .in_root = "/bin/payload",
	  .filename = "/bin/payload",
	  .cwd = "@/root" },
	{ .about = { "pivot", "in a root of its own, as a container", CASE_SMALL },
	  .prepare = prepare_root,
	  .set_up = set_up_pivot,
	  .exe = "@/root/bin/payload",
	  .in_root = "/bin/payload",
	  .filename = "/bin/payload",
	  .cwd = "@/root" },
	{ .about = { "mount", "on a file system that only another mount namespace has" },
	  .prepare = prepare_mount,
	  .set_up = set_up_mount,
	  .exe = "@/mount/payload",
	  .event_flags = FLAG_FOREIGN },
	{ .about = { "overlay-lower", "of the lower layer of an overlay" },
	  .prepare = prepare_overlay,
	  .set_up = set_up_overlay,
	  .exe = "@/merged/payload",
	  .event_flags = FLAG_FOREIGN },
	{ .about = { "overlay-upper", "of the upper layer of an overlay", CASE_SMALL },
	  .prepare = prepare_overlay,
	  .set_up = set_up_overlay_upper,
	  .exe = "@/merged/payload",
	  .event_flags = FLAG_FOREIGN | FLAG_UPPER },
	{ .about = { "overlay-host", "of an overlay that the host has mounted", CASE_CHANGES_HOST },
	  .prepare = prepare_overlay_host,
	  .clean = unmount_overlay,
	  .exe = "@/merged/payload" },
	{ .about = { "overlay-root", "in an overlay of the host as its root, as a container",
		     CASE_CHANGES_HOST },
	  .prepare = prepare_overlay_host,
	  .set_up = set_up_overlay_root,
	  .clean = unmount_overlay,
	  .exe = "@/merged/payload",
	  .in_root = "/payload",
	  .filename = "/payload",
	  .cwd = "@/merged",
	  .event_flags = FLAG_UPPER },
	{ .about = { "user-namespace", "with another user id in a user namespace", CASE_SMALL },
	  .set_up = set_up_user_namespace,
	  .expect = expect_capabilities },
	{ .about = { "forged", "at a path that a user's own namespaces forge" },
	  .prepare = prepare_root,
	  .set_up = set_up_forged,
	  .expect = expect_capabilities,
	  .exe = "@/root/bin/payload",
	  .in_root = "/bin/payload",
	  .filename = "/bin/payload",
	  .cwd = "@/root" },
	{ .about = { "namespaces", "in namespaces of its own for network, names and IPC" },
	  .set_up = set_up_namespaces },
	{ .about = { "container", "in a group that a container runtime makes", CASE_CHANGES_HOST },
	  .prepare = prepare_group,
	  .set_up = set_up_group,
	  .expect = expect_group,
	  .clean = remove_group },
};
const size_t corpus_place_form_count = ARRAY_SIZE(corpus_place_forms);
