// SPDX-License-Identifier: MIT
#include "source/bpf-paths.h"

#include "test/unit.h"

static const char mountinfo[] =
	"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	"23 22 0:30 / /run rw - tmpfs tmpfs rw\n"
	"24 22 8:1 /srv/data /data rw - ext4 /dev/sda1 rw\n"
	"25 22 0:50 / /var/lib/docker/overlay2/ab/merged rw - overlay overlay rw\n"
	"26 22 8:2 /sub/volume /home rw - btrfs /dev/sda2 rw\n"
	"27 22 8:2 /sub/volume/user /very/long/mount/point rw - btrfs /dev/sda2 rw\n";

struct world {
	char *folder;
	struct host *host;
	struct bpf_mounts *mounts;
	struct bpf_room room;
};

static void world_begin(struct world *world)
{
	*world = (struct world){ .folder = unit_folder_new() };
	unit_write(world->folder, "proc/self/mountinfo", mountinfo);
	assert_int_equal(host_new_at(world->folder, 1, &world->host, NULL), 0);
	assert_int_equal(bpf_mounts_new(world->host, &world->mounts), 0);
	assert_int_equal(bpf_room_begin(&world->room, 4096), 0);
}

static void world_end(struct world *world)
{
	bpf_room_done(&world->room);
	bpf_mounts_free(world->mounts);
	host_free(world->host);
	unit_folder_free(world->folder);
}

static void assert_slice(struct slice slice, const char *text)
{
	assert_int_equal(slice.size, strlen(text));
	assert_memory_equal(slice.data, text, slice.size);
	assert_int_equal(slice.data[slice.size], 0);
}

#define NAMES(text) ((struct slice){ text, sizeof(text) - 1 })

static void test_turn(void **state)
{
	struct bpf_room room = { 0 };

	assert_int_equal(bpf_room_begin(&room, 256), 0);
	assert_slice(bpf_path_turn(&room, NAMES("ls\0bin\0usr\0")), "/usr/bin/ls");
	assert_slice(bpf_path_turn(&room, NAMES("ls\0bin\0usr")), "/usr/bin/ls");
	assert_slice(bpf_path_turn(&room, NAMES("x\0")), "/x");
	assert_slice(bpf_path_turn(&room, NAMES("")), "/");
	assert_slice(bpf_path_turn(&room, NAMES("a b\n\0\xff\0")), "/\xff/a b\n");
	/* From a kernel that has gone mad: empty names are names. */
	assert_slice(bpf_path_turn(&room, NAMES("\0\0")), "//");
	assert_slice(bpf_path_turn(&room, NAMES("\0")), "/");
	/* Does not fit: empty, and nothing is written. */
	assert_int_equal(bpf_path_turn(&room, (struct slice){ mountinfo, 255 }).size, 0);
	bpf_room_done(&room);
}

static struct bpf_found_path found(struct world *world, const struct watch_path *path,
				   struct slice names)
{
	struct bpf_found_path result = { 0 };

	world->room.used = 0;
	assert_int_equal(bpf_path_find(world->mounts, &world->room, path, names, &result), 0);
	return result;
}

static void test_host(void **state)
{
	struct world world;
	struct watch_path path = { .size = 11, .root = WATCH_NO_ROOT, .flags = WATCH_PATH_HOST };
	struct bpf_found_path result;

	world_begin(&world);
	result = found(&world, &path, NAMES("ls\0bin\0usr\0"));
	assert_slice(result.on_host, "/usr/bin/ls");
	assert_slice(result.in_root, "/usr/bin/ls");
	path.root = 7;
	result = found(&world, &path, NAMES("ls\0bin\0usr\0"));
	assert_slice(result.on_host, "/usr/bin/ls");
	assert_slice(result.in_root, "/bin/ls");
	path.root = 0;
	assert_slice(found(&world, &path, NAMES("ls\0bin\0usr\0")).in_root, "/");
	world_end(&world);
}

static void test_memfd(void **state)
{
	struct world world;
	struct watch_path path = { .size = 8, .root = WATCH_NO_ROOT, .flags = WATCH_PATH_PSEUDO };

	world_begin(&world);
	assert_slice(found(&world, &path, NAMES("memfd:x\0")).on_host, "memfd:x");
	world_end(&world);
}

/* A file system by its device, and where in it: below the mount's root, then above. */
static void test_other_namespace(void **state)
{
	struct world world;
	struct watch_path path = { .size = 7, .root = 7, .inner = 7, .dev = 50 };
	struct bpf_found_path result;

	world_begin(&world);
	result = found(&world, &path, NAMES("sh\0bin\0"));
	assert_slice(result.on_host, "/var/lib/docker/overlay2/ab/merged/bin/sh");
	assert_slice(result.in_root, "/bin/sh");
	/* The whole file system is at "/", so that is preferred to a part of it at /data. */
	path.dev = 8 << 20 | 1;
	path.below = 9;
	assert_slice(found(&world, &path, NAMES("sh\0bin\0data\0srv\0")).on_host,
		     "/srv/data/bin/sh");
	/* Only a part of it is mounted; of two, the larger one. */
	path.dev = 8 << 20 | 2;
	path.below = 16;
	assert_slice(found(&world, &path, NAMES("sh\0bin\0user\0volume\0sub\0")).on_host,
		     "/home/user/bin/sh");
	/* A part that no mount shows, and one whose name only begins alike. */
	path.below = 10;
	assert_null(found(&world, &path, NAMES("sh\0bin\0other\0sub\0")).on_host.data);
	path.below = 12;
	assert_null(found(&world, &path, NAMES("sh\0bin\0volumes\0sub\0")).on_host.data);
	/* A file system that the host has not mounted. */
	path.dev = 99;
	path.below = 0;
	assert_null(found(&world, &path, NAMES("sh\0bin\0")).on_host.data);
	world_end(&world);
}

/* The program lies deeper than the process's root, or above it, or on another mount. */
static void test_several_mounts(void **state)
{
	struct world world;
	struct watch_path path = { .size = 10, .root = 10, .inner = 3, .dev = 30 };
	struct bpf_found_path result;

	world_begin(&world);
	/* /tools/x of the container is "x" on a tmpfs that the host has at /run. */
	result = found(&world, &path,
		       NAMES("xx\0tools\0"
			     "\0"));
	assert_slice(result.on_host, "/run/xx");
	path.size = 9;
	path.root = 9;
	result = found(&world, &path, NAMES("xx\0tools\0"));
	assert_slice(result.in_root, "/tools/xx");
	path.inner = 0;
	assert_slice(found(&world, &path, NAMES("xx\0tools\0")).on_host, "/run");
	world_end(&world);
}

static void test_bad_sizes(void **state)
{
	struct world world;
	struct bpf_found_path result;
	const struct watch_path bad[] = {
		{ .size = 12, .root = WATCH_NO_ROOT },
		{ .size = 10, .root = WATCH_NO_ROOT },
		{ .size = 11, .root = 12 },
		{ .size = 11, .root = 11, .inner = 12 },
		{ .size = 11, .root = 11, .below = 1 },
		{ .size = 65535, .root = 65534, .below = 65535, .inner = 65535 },
	};

	world_begin(&world);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(bpf_path_find(world.mounts, &world.room, &bad[i],
					       NAMES("ls\0bin\0usr\0"), &result),
				 -EBADMSG);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turn),	       cmocka_unit_test(test_host),
		cmocka_unit_test(test_memfd),	       cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_several_mounts), cmocka_unit_test(test_bad_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
