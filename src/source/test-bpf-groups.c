// SPDX-License-Identifier: MIT
#include "source/bpf-groups.h"

#include "test/unit.h"

struct world {
	char *folder;
	struct host *host;
	struct bpf_groups *groups;
};

static void world_begin(struct world *world, const char *cgroup)
{
	*world = (struct world){ .folder = unit_folder_new() };
	unit_write(world->folder, "proc/self/cgroup", cgroup);
	assert_int_equal(host_new_at(world->folder, 1, &world->host, NULL), 0);
	assert_int_equal(bpf_groups_new(world->host, &world->groups), 0);
}

static void world_end(struct world *world)
{
	bpf_groups_free(world->groups);
	host_free(world->host);
	unit_folder_free(world->folder);
}

struct record {
	char bytes[1024] __attribute__((aligned(8)));
	size_t size;
};

static void record_begin(struct record *record, uint64_t key)
{
	struct watch_cgroup head = { .head.record = WATCH_CGROUP, .key = key };

	memset(record, 0, sizeof(*record));
	memcpy(record->bytes, &head, sizeof(head));
	record->size = sizeof(head);
}

static void record_add(struct record *record, uint32_t hierarchy, uint64_t id, const char *names,
		       uint32_t size)
{
	struct watch_group group = { .id = id, .hierarchy = hierarchy, .path = size };
	struct watch_cgroup head;

	memcpy(record->bytes + record->size, &group, sizeof(group));
	memcpy(record->bytes + record->size + sizeof(group), names, size);
	record->size += sizeof(group) + ((size + 7) & ~(size_t)7);
	memcpy(&head, record->bytes, sizeof(head));
	head.groups++;
	head.size = record->size - sizeof(head);
	memcpy(record->bytes, &head, sizeof(head));
}

static void assert_slice(struct slice slice, const char *text, size_t size)
{
	assert_int_equal(slice.size, size);
	assert_memory_equal(slice.data, text, size);
}

static void test_v2(void **state)
{
	const struct bpf_group_names *names;
	struct record record;
	struct world world;

	world_begin(&world, "0::/\n");
	record_begin(&record, 17);
	record_add(&record, 0, 4711, "x.service\0system.slice\0", 23);
	assert_null(bpf_groups_find(world.groups, 17));
	assert_int_equal(bpf_groups_learn(world.groups, record.bytes, record.size), 0);
	names = bpf_groups_find(world.groups, 17);
	assert_non_null(names);
	assert_int_equal(names->id, 4711);
	assert_slice(names->path, "/system.slice/x.service", 23);
	assert_int_equal(names->v1.size, 0);
	/* Told again, it replaces what it was. */
	record_begin(&record, 17);
	record_add(&record, 0, 1, "", 0);
	assert_int_equal(bpf_groups_learn(world.groups, record.bytes, record.size), 0);
	assert_slice(bpf_groups_find(world.groups, 17)->path, "/", 1);
	world_end(&world);
}

static void test_hybrid(void **state)
{
	const struct bpf_group_names *names;
	struct record record;
	struct world world;

	world_begin(&world, "90009:name=systemd:/\n4:memory:/x\n2:cpu,cpuacct:/\n0::/\n");
	record_begin(&record, 1);
	record_add(&record, 0, 1, "", 0);
	record_add(&record, 4, 12, "id\0docker\0", 10);
	record_add(&record, 2, 1, "", 0);
	record_add(&record, 90009, 5, "u\0", 2);
	assert_int_equal(bpf_groups_learn(world.groups, record.bytes, record.size), 0);
	names = bpf_groups_find(world.groups, 1);
	assert_slice(names->path, "/", 1);
	assert_slice(names->v1, "name=systemd:/u\0memory:/docker/id\0cpu,cpuacct:/\0", 48);
	world_end(&world);
}

/* v2 always exists in the kernel; it is told only where it is mounted. */
static void test_v1_only(void **state)
{
	struct record record;
	struct world world;

	world_begin(&world, "4:memory:/x\n");
	record_begin(&record, 1);
	record_add(&record, 0, 1, "", 0);
	record_add(&record, 4, 12, "x\0", 2);
	assert_int_equal(bpf_groups_learn(world.groups, record.bytes, record.size), 0);
	assert_null(bpf_groups_find(world.groups, 1)->path.data);
	assert_slice(bpf_groups_find(world.groups, 1)->v1, "memory:/x\0", 10);
	world_end(&world);
}

static void test_many_are_forgotten(void **state)
{
	struct record record;
	struct world world;
	int forgot = 0;

	world_begin(&world, "0::/\n");
	for (uint64_t key = 1; key < 40000; key++) {
		record_begin(&record, key);
		record_add(&record, 0, key, "x\0", 2);
		forgot += bpf_groups_learn(world.groups, record.bytes, record.size);
		assert_non_null(bpf_groups_find(world.groups, key));
	}
	assert_int_equal(forgot, 2);
	assert_null(bpf_groups_find(world.groups, 1));
	world_end(&world);
}

static void test_damaged(void **state)
{
	struct record record, good;
	struct world world;

	world_begin(&world, "0::/\n");
	record_begin(&good, 3);
	record_add(&good, 0, 1, "b\0a\0", 4);
	record_add(&good, 1, 1, "b\0a\0", 4);
	for (size_t size = 0; size < good.size; size++)
		assert_int_equal(bpf_groups_learn(world.groups, good.bytes, size), -EBADMSG);
	for (size_t i = sizeof(struct watch_head) + 8; i < good.size; i++)
		for (int byte = 0; byte < 256; byte += 15) {
			record = good;
			record.bytes[i] = (char)byte;
			bpf_groups_learn(world.groups, record.bytes, record.size);
		}
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),	cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_v1_only), cmocka_unit_test(test_many_are_forgotten),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
