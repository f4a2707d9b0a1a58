// SPDX-License-Identifier: MIT
#include "source/bpf-decode.h"

#include "test/unit.h"

#include <sys/sysmacros.h>

enum { MAX_EVENTS = 8 };

struct world {
	char *folder;
	struct host *host;
	struct bpf_decoder *decoder;
	struct event events[MAX_EVENTS];
	size_t count;
	/* Copies of what the slices of the last event pointed to. */
	struct text argv, env, exe, cwd, script, filename, interpreter;
};

static void keep(struct text *text, struct slice slice)
{
	text_done(text);
	text_init(text);
	text_add_bytes(text, slice.data, slice.size);
}

static void take(struct event *event, void *userdata)
{
	struct world *world = userdata;

	if (event_knows(event, FIELD_ARGV))
		keep(&world->argv, event->argv);
	if (event_knows(event, FIELD_ENV))
		keep(&world->env, event->env);
	if (event_knows(event, FIELD_EXE))
		keep(&world->exe, event->exe);
	if (event_knows(event, FIELD_CWD))
		keep(&world->cwd, event->cwd);
	if (event_knows(event, FIELD_SCRIPT))
		keep(&world->script, event->script);
	if (event_knows(event, FIELD_FILENAME))
		keep(&world->filename, event->filename);
	if (event_knows(event, FIELD_INTERPRETER))
		keep(&world->interpreter, event->interpreter);
	if (world->count < MAX_EVENTS)
		world->events[world->count++] = *event;
}

static const char *const variables[] = { "HOME", "A" };

static void world_begin(struct world *world)
{
	struct bpf_decoder_options options = { .sink = { take, world },
					       .environment = variables,
					       .environment_count = ARRAY_SIZE(variables),
					       .boot = 0x12345678 };

	memset(world, 0, sizeof(*world));
	world->folder = unit_folder_new();
	unit_write(world->folder, "proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	unit_write(world->folder, "proc/self/cgroup", "0::/\n");
	assert_int_equal(host_new_at(world->folder, 1, &world->host, NULL), 0);
	options.host = world->host;
	assert_int_equal(bpf_decoder_new(&options, &world->decoder, NULL), 0);
	bpf_decoder_set_clock(world->decoder, 1000);
}

static void world_end(struct world *world)
{
	struct text *texts[] = { &world->argv,	 &world->env,	   &world->exe,	       &world->cwd,
				 &world->script, &world->filename, &world->interpreter };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		text_done(texts[i]);
	bpf_decoder_free(world->decoder);
	host_free(world->host);
	unit_folder_free(world->folder);
}

/* An exec record being put together. */
struct record {
	struct watch_exec exec;
	struct text strings;
	char *bytes;
	size_t size;
};

static void record_begin(struct record *record)
{
	*record = (struct record){ .exec = { .head = { .record = WATCH_EXEC, .time = 5000000000 },
					     .task = { .start = 1234567890123,
						       .parent_start = 70000000,
						       .exec = 3,
						       .parent_exec = 2,
						       .pid = 77,
						       .tid = 77,
						       .ppid = 7,
						       .ns_pid = 5,
						       .uid = 1000,
						       .gid = 100,
						       .tty = 4 << 20 | 2,
						       .mnt_ns = 9,
						       .flags = WATCH_TASK_AUDIT,
						       .loginuid = 1000,
						       .session = 3,
						       .comm = "0123456789abcdef" },
					     .inode = 99,
					     .nlink = 1,
					     .mode = 0100755 } };
}

static uint32_t record_add(struct record *record, const char *data, size_t size)
{
	text_add_bytes(&record->strings, data, size);
	return (uint32_t)size;
}

static struct watch_path host_path(size_t size)
{
	return (struct watch_path){ .size = (uint16_t)size,
				    .inner = (uint16_t)size,
				    .root = WATCH_NO_ROOT,
				    .dev = 8 << 20 | 1,
				    .flags = WATCH_PATH_HOST };
}

/* The usual one: /usr/bin/ls in /home. */
static void record_usual(struct record *record)
{
	record_begin(record);
	record->exec.exe = host_path(record_add(record, "ls\0bin\0usr\0", 11));
	record->exec.cwd = host_path(record_add(record, "home\0", 5));
	record->exec.filename = record_add(record, "./ls", 4);
	record->exec.argv = record_add(record, "./ls\0\0-l\0", 9);
	record->exec.env = record_add(record, "A=1\0AB=2\0HOME=/root\0HOMER=x\0A\0", 30);
}

static void record_finish(struct record *record)
{
	free(record->bytes);
	record->size = sizeof(record->exec) + record->strings.size;
	record->bytes = malloc(record->size);
	assert_non_null(record->bytes);
	memcpy(record->bytes, &record->exec, sizeof(record->exec));
	if (record->strings.size)
		memcpy(record->bytes + sizeof(record->exec), record->strings.data,
		       record->strings.size);
}

static void record_done(struct record *record)
{
	text_done(&record->strings);
	free(record->bytes);
}

static const struct event *decode(struct world *world, struct record *record)
{
	record_finish(record);
	world->count = 0;
	assert_int_equal(bpf_decode(world->decoder, record->bytes, record->size), 1);
	record_done(record);
	return &world->events[0];
}

static void assert_text(const struct text *text, const char *data, size_t size)
{
	assert_int_equal(text->size, size);
	assert_memory_equal(text->data, data, size);
}

static void test_exec(void **state)
{
	const struct event *event;
	struct record record;
	struct world world;

	world_begin(&world);
	record_usual(&record);
	event = decode(&world, &record);
	assert_int_equal(event->type, EVENT_EXEC);
	assert_int_equal(event->source, SOURCE_BPF);
	assert_int_equal(event->boottime, 5000000000);
	assert_int_equal(event->time, 5000001000);
	assert_int_equal(event->exec_id.boot, 0x12345678);
	assert_int_equal(event->exec_id.start, 123456);
	assert_int_equal(event->exec_id.exec, 3);
	assert_int_equal(event->parent_id.pid, 7);
	assert_int_equal(event->comm.size, 16);
	assert_int_equal(event->tty, makedev(4, 2));
	assert_int_equal(event->dev, makedev(8, 1));
	assert_int_equal(event->flags, 0);
	assert_int_equal(event->loginuid, 1000);
	assert_int_equal(event->caps_gained, 0);
	assert_text(&world.exe, "/usr/bin/ls", 11);
	assert_text(&world.cwd, "/home", 5);
	assert_text(&world.filename, "./ls", 4);
	assert_text(&world.argv, "./ls\0\0-l\0", 9);
	assert_text(&world.env, "A=1\0HOME=/root\0", 15);
	assert_false(event_knows(event, FIELD_SCRIPT));
	assert_false(event_knows(event, FIELD_CGROUP));
	assert_false(event_knows(event, FIELD_PID_NS));
	world_end(&world);
}

static void test_flags(void **state)
{
	static const struct {
		uint32_t task, path, nlink, mode, flags;
	} cases[] = {
		{ .nlink = 1, .path = WATCH_PATH_DELETED, .flags = FLAG_DELETED },
		{ .nlink = 0, .flags = FLAG_DELETED },
		{ .nlink = 1, .task = WATCH_TASK_SETID, .mode = 0104755, .flags = FLAG_SETUID },
		{ .nlink = 1, .task = WATCH_TASK_SETID, .mode = 0102755, .flags = FLAG_SETUID },
		{ .nlink = 1, .task = WATCH_TASK_SETID, .mode = 0102745, .flags = 0 },
		{ .nlink = 1,
		  .task = WATCH_TASK_KERNEL | WATCH_TASK_THREAD | WATCH_TASK_UPPER,
		  .flags = FLAG_KERNEL | FLAG_THREAD | FLAG_UPPER },
		{ .nlink = 1, .task = WATCH_ARGV_CUT | WATCH_ENV_CUT, .flags = FLAG_ARGV_CUT },
		{ .nlink = 1, .path = WATCH_PATH_CUT, .flags = FLAG_PATH_CUT },
	};
	struct record record;
	struct world world;

	world_begin(&world);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		record_usual(&record);
		record.exec.task.flags |= cases[i].task;
		record.exec.exe.flags |= cases[i].path;
		record.exec.nlink = cases[i].nlink;
		record.exec.mode = cases[i].mode;
		assert_int_equal(decode(&world, &record)->flags, cases[i].flags);
	}
	world_end(&world);
}

static void test_script(void **state)
{
	static const struct {
		const char *filename, *script;
	} cases[] = { { "./x", "/home/x" }, { "/bin/x", "/bin/x" }, { "../x", "/home/../x" } };
	struct record record;
	struct world world;

	world_begin(&world);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		record_begin(&record);
		record.exec.task.flags |= WATCH_SCRIPT;
		record.exec.exe = host_path(record_add(&record, "dash\0bin\0usr\0", 13));
		record.exec.cwd = host_path(record_add(&record, "home\0", 5));
		record.exec.filename =
			record_add(&record, cases[i].filename, strlen(cases[i].filename));
		record.exec.interpreter = record_add(&record, "/bin/sh", 7);
		decode(&world, &record);
		assert_text(&world.script, cases[i].script, strlen(cases[i].script));
		assert_text(&world.interpreter, "/bin/sh", 7);
		assert_text(&world.argv, "", 0);
	}
	world_end(&world);
}

static int send_chunk(struct world *world, uint32_t pid, uint64_t time, const char *data,
		      size_t size)
{
	struct watch_chunk chunk = { .head = { .record = WATCH_CHUNK, .time = time },
				     .pid = pid,
				     .size = (uint32_t)size };
	char bytes[256];

	memcpy(bytes, &chunk, sizeof(chunk));
	memcpy(bytes + sizeof(chunk), data, size);
	return bpf_decode(world->decoder, bytes, sizeof(chunk) + size);
}

/* Pieces of several processes come mixed, some whose record is lost. */
static void test_pieces(void **state)
{
	struct record record;
	struct world world;

	world_begin(&world);
	for (uint32_t pid = 500; pid < 600; pid++)
		assert_int_equal(send_chunk(&world, pid, 1, "lost", 4), 0);
	assert_int_equal(send_chunk(&world, 77, 5000000000, "a\0b", 3), 0);
	assert_int_equal(send_chunk(&world, 78, 5000000000, "other", 5), 0);
	assert_int_equal(send_chunk(&world, 77, 5000000000, "c\0", 2), 0);
	record_usual(&record);
	record.exec.chunked = 5;
	assert_int_equal(decode(&world, &record)->flags, 0);
	assert_text(&world.argv, "a\0bc\0./ls\0\0-l\0", 14);
	/* The pieces are used up; the next record with that promise is cut. */
	record_usual(&record);
	record.exec.chunked = 5;
	assert_int_equal(decode(&world, &record)->flags, FLAG_ARGV_CUT);
	assert_text(&world.argv, "./ls\0\0-l\0", 9);
	world_end(&world);
}

static struct watch_exit usual_exit(void)
{
	return (struct watch_exit){ .head = { .record = WATCH_EXIT, .time = 3000 },
				    .start = 1000,
				    .pid = 77,
				    .tid = 78,
				    .status = 7 << 8,
				    .run_time = 900,
				    .user_time = 2,
				    .system_time = 1,
				    .max_rss = 3,
				    .read_bytes = WATCH_UNKNOWN };
}

static void test_exit(void **state)
{
	struct watch_exit exit = usual_exit();
	struct event *event;
	struct world world;

	world_begin(&world);
	event = &world.events[0];
	assert_int_equal(bpf_decode(world.decoder, &exit, sizeof(exit)), 1);
	assert_int_equal(event->exit_code, 7);
	assert_false(event_knows(event, FIELD_SIGNAL));
	assert_int_equal(event->duration, 2000);
	assert_int_equal(event->user_time, 600);
	assert_int_equal(event->system_time, 300);
	assert_int_equal(event->max_rss, 3 * sysconf(_SC_PAGESIZE));
	assert_false(event_knows(event, FIELD_READ_BYTES));
	exit.status = 11 | 0x80;
	exit.read_bytes = 4096;
	world.count = 0;
	assert_int_equal(bpf_decode(world.decoder, &exit, sizeof(exit)), 2);
	assert_int_equal(event->type, EVENT_COREDUMP);
	assert_int_equal(event->signal, 11);
	event++;
	assert_int_equal(event->type, EVENT_EXIT);
	assert_int_equal(event->signal, 11);
	assert_int_equal(event->flags, FLAG_CORE);
	assert_int_equal(event->read_bytes, 4096);
	bpf_decoder_set_types(world.decoder, EVENT_BIT(EVENT_EXIT));
	assert_int_equal(bpf_decode(world.decoder, &exit, sizeof(exit)), 1);
	world_end(&world);
}

static void test_small_records(void **state)
{
	struct watch_fork fork = { .head.record = WATCH_FORK, .task.pid = 8 };
	struct watch_ids ids = { .head.record = WATCH_IDS,
				 .task.uid = 5,
				 .changed = WATCH_WANT_UID | WATCH_WANT_GID };
	struct watch_oom oom = { .head.record = WATCH_OOM, .pid = 9 };
	struct record record;
	struct world world;

	world_begin(&world);
	assert_int_equal(bpf_decode(world.decoder, &fork, sizeof(fork)), 1);
	assert_int_equal(bpf_decode(world.decoder, &ids, sizeof(ids)), 2);
	assert_int_equal(bpf_decode(world.decoder, &oom, sizeof(oom)), 1);
	assert_int_equal(world.events[0].type, EVENT_FORK);
	assert_int_equal(world.events[1].type, EVENT_SETUID);
	assert_int_equal(world.events[1].uid, 5);
	assert_int_equal(world.events[2].type, EVENT_SETGID);
	assert_int_equal(world.events[3].type, EVENT_OOM);
	assert_int_equal(world.events[3].pid, 9);
	record_begin(&record);
	record.exec.head.record = WATCH_FAILED;
	record.exec.error = ENOENT;
	record.exec.filename = record_add(&record, "./no", 4);
	assert_int_equal(decode(&world, &record)->error, ENOENT);
	assert_int_equal(world.events[0].type, EVENT_FAILED);
	assert_text(&world.filename, "./no", 4);
	world_end(&world);
}

/* Cut at every byte: refused, never read beyond. */
static void test_cut_short(void **state)
{
	struct watch_exit exit = usual_exit();
	struct record record;
	struct world world;
	char *copy;

	world_begin(&world);
	record_usual(&record);
	record_finish(&record);
	for (size_t size = 0; size < record.size; size++) {
		copy = malloc(size ? size : 1);
		memcpy(copy, record.bytes, size);
		assert_int_equal(bpf_decode(world.decoder, copy, size), -EBADMSG);
		free(copy);
	}
	record_done(&record);
	for (size_t size = 0; size < sizeof(exit); size++)
		assert_int_equal(bpf_decode(world.decoder, &exit, size), -EBADMSG);
	world_end(&world);
}

/* Every byte changed: anything may be decoded, but from within the record. */
static void test_damaged(void **state)
{
	struct record record;
	struct world world;

	world_begin(&world);
	record_usual(&record);
	record_finish(&record);
	for (size_t i = 0; i < record.size; i++) {
		char before = record.bytes[i];

		for (int byte = 0; byte < 256; byte += 5) {
			record.bytes[i] = (char)byte;
			bpf_decode(world.decoder, record.bytes, record.size);
		}
		record.bytes[i] = before;
	}
	record_done(&record);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec),	  cmocka_unit_test(test_flags),
		cmocka_unit_test(test_script),	  cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_exit),	  cmocka_unit_test(test_small_records),
		cmocka_unit_test(test_cut_short), cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
