// SPDX-License-Identifier: MIT
#include "source/audit-event.h"

#include "source/test-audit.h"
#include "test/unit.h"

#include <sys/sysmacros.h>

static struct {
	struct audit_assembly *assembly;
	unsigned events;
	void (*check)(const struct audit_event *made);
} test;

static void on_group(const struct audit_group *group, void *userdata)
{
	struct audit_event made;

	memset(&made, 0xaa, sizeof(made));
	if (!audit_event_make(group, UINT64_C(1795000000000000000), &made))
		return;
	test.events++;
	test.check(&made);
}

static void check_file(const char *name, void (*check)(const struct audit_event *made))
{
	_cleanup_(audit_assembly_freep) struct audit_assembly *assembly = NULL;

	test.events = 0;
	test.check = check;
	assert_int_equal(audit_assembly_new(on_group, NULL, &assembly), 0);
	audit_assembly_want(assembly, (1U << AUDIT_CALLS) - 1);
	assert_true(test_audit_add_file(assembly, name));
	assert_int_equal(test.events, 1);
}

static void assert_bytes(const struct event *event, enum event_field field, struct slice value,
			 const char *wanted)
{
	assert_true(event_knows(event, field));
	assert_int_equal(value.size, strlen(wanted));
	assert_memory_equal(value.data, wanted, value.size);
}

#define assert_says(made, SYMBOL, member, wanted) \
	assert_bytes(&(made)->event, FIELD_##SYMBOL, (made)->event.member, wanted)

static void check_absolute(const struct audit_event *made)
{
	const struct event *event = &made->event;

	assert_int_equal(event->type, EVENT_EXEC);
	assert_int_equal(event->source, SOURCE_AUDIT);
	assert_int_equal(event->time, UINT64_C(1795332764987000000));
	assert_int_equal(event->boottime, UINT64_C(332764987000000));
	assert_int_equal(event->pid, 28882);
	assert_int_equal(event->tid, 28882);
	assert_int_equal(event->ppid, 28881);
	assert_int_equal(event->loginuid, UINT32_MAX);
	assert_int_equal(event->session, UINT32_MAX);
	assert_true(event_knows(event, FIELD_TTY));
	assert_int_equal(event->tty, 0);
	assert_int_equal(event->inode, 247728);
	assert_int_equal(event->dev, makedev(0xfe, 0));
	assert_int_equal(event->mode, 0100755);
	assert_int_equal(event->flags, 0);
	assert_true(event_knows(event, FIELD_CAPS_GAINED));
	assert_int_equal(event->caps_gained, 0);
	assert_says(made, COMM, comm, "ls");
	assert_says(made, EXE_IN_ROOT, exe_in_root, "/usr/bin/ls");
	assert_says(made, FILENAME, filename, "/usr/bin/ls");
	assert_int_equal(event->argv.size, 13);
	assert_memory_equal(event->argv.data, "ls\0/dev/null", 13);
	assert_int_equal(made->program, 0);
	/* From the host's root: the words of the record do not say. */
	assert_false(event_knows(event, FIELD_EXE));
	assert_false(event_knows(event, FIELD_CWD));
	assert_false(event_knows(event, FIELD_SCRIPT));
	assert_false(event_knows(event, FIELD_ERROR));
}

static void check_script(const struct audit_event *made)
{
	assert_int_equal(made->program, 1);
	assert_int_equal(made->event.inode, 247230);
	assert_says(made, FILENAME, filename, "./s1");
	assert_says(made, SCRIPT, script, "./s1");
	assert_says(made, INTERPRETER, interpreter, "/bin/sh");
	assert_says(made, EXE_IN_ROOT, exe_in_root, "/usr/bin/dash");
}

static void check_nested(const struct audit_event *made)
{
	assert_int_equal(made->program, 2);
	assert_says(made, SCRIPT, script, "./s2");
	assert_says(made, INTERPRETER, interpreter, "/bin/sh");
}

static void check_script_by_descriptor(const struct audit_event *made)
{
	assert_says(made, FILENAME, filename, "");
	assert_says(made, SCRIPT, script, "/dev/fd/7");
	assert_says(made, INTERPRETER, interpreter, "/bin/sh");
}

static void check_folder(const struct audit_event *made)
{
	assert_int_equal(made->program, 0);
	assert_says(made, FILENAME, filename, "true");
	assert_false(event_knows(&made->event, FIELD_SCRIPT));
}

static void check_loader(const struct audit_event *made)
{
	assert_int_equal(made->program, 0);
	assert_int_equal(made->event.inode, 332383);
	assert_false(event_knows(&made->event, FIELD_SCRIPT));
}

static void check_memfd(const struct audit_event *made)
{
	assert_says(made, EXE_IN_ROOT, exe_in_root, "memfd:payload");
	assert_int_equal(made->event.flags, FLAG_MEMFD);
	assert_false(made->maybe_deleted);
}

static void check_deleted(const struct audit_event *made)
{
	/* Or is the file called so? */
	assert_says(made, EXE_IN_ROOT, exe_in_root, "/tmp/forms/gone (deleted)");
	assert_true(made->maybe_deleted);
	assert_int_equal(made->event.flags, 0);
}

static void check_failed(const struct audit_event *made)
{
	const struct event *event = &made->event;

	assert_int_equal(event->type, EVENT_FAILED);
	assert_true(event_knows(event, FIELD_ERROR));
	assert_int_equal(event->error, EACCES);
	assert_says(made, FILENAME, filename, "./noperm");
	assert_says(made, COMM, comm, "python3");
	assert_false(event_knows(event, FIELD_TID));
	assert_false(event_knows(event, FIELD_ARGV));
	assert_false(event_knows(event, FIELD_INODE));
}

static void check_setuid(const struct audit_event *made)
{
	const struct event *event = &made->event;

	assert_int_equal(event->type, EVENT_SETUID);
	assert_int_equal(event->uid, 1);
	assert_int_equal(event->euid, 2);
	assert_int_equal(event->suid, 3);
	assert_int_equal(event->gid, 5);
	assert_int_equal(event->egid, 6);
	assert_int_equal(event->sgid, 7);
	assert_false(event_knows(event, FIELD_FILENAME));
}

static void test_recorded(void **state)
{
	check_file("absolute", check_absolute);
	check_file("script", check_script);
	check_file("script-by-descriptor", check_script_by_descriptor);
	check_file("nested-script", check_nested);
	check_file("execveat-folder", check_folder);
	check_file("loader", check_loader);
	check_file("memfd", check_memfd);
	check_file("memfd-proc", check_memfd);
	check_file("deleted", check_deleted);
	check_file("failed-eacces", check_failed);
	check_file("setuid", check_setuid);
}

/* An event of an execution: `items` and `argv` decide. */
static void check_made(struct audit_group *group, int program, uint32_t flags)
{
	struct audit_event made;

	group->call = AUDIT_CALL_EXEC;
	group->succeeded = true;
	group->known = UINT32_MAX;
	group->has_argv = true;
	assert_true(audit_event_make(group, 0, &made));
	assert_int_equal(made.program, program);
	assert_int_equal(made.event.flags, flags);
}

static struct audit_item item(const char *name)
{
	return (struct audit_item){
		.present = true, .named = true, .exists = true, .name = slice_of(name)
	};
}

static void test_which_item_runs(void **state)
{
	struct audit_group group = { .item_count = 2,
				     .argv = { "x", 2 },
				     .items = { item("/bin/x"), item("/lib/ld-musl-x.so.1") } };

	check_made(&group, 0, 0);
	/* A loader by an unusual name is no interpreter: the arguments do not begin with it. */
	group.items[1] = item("/tmp/loader");
	check_made(&group, 0, 0);
	/* A script may be run by the loader itself. */
	group.items[1] = item("/lib/ld.so");
	group.argv = (struct slice){ "/lib/ld.so\0/bin/x", 18 };
	check_made(&group, 1, 0);
	/* A record is missing. */
	group.items[0].present = false;
	check_made(&group, -1, 0);
	group.item_count = 0;
	check_made(&group, -1, 0);
}

static void test_set_user_id(void **state)
{
	struct audit_group group = { .item_count = 1, .argv = { "x", 2 }, .items = { item("x") } };

	group.items[0].mode = 0104755;
	group.items[0].owner = 7;
	group.number[AUDIT_NUMBER_EUID] = 7;
	group.number[AUDIT_NUMBER_UID] = 1000;
	check_made(&group, 0, FLAG_SETUID);
	/* The file system is mounted nosuid. */
	group.number[AUDIT_NUMBER_EUID] = 1000;
	check_made(&group, 0, 0);
	group.items[0].mode = 0102755;
	group.items[0].group = 8;
	group.number[AUDIT_NUMBER_EGID] = 8;
	check_made(&group, 0, FLAG_SETUID);
	/* Without the right to execute the bit asks for locks (mandatory ones, once). */
	group.items[0].mode = 0102705;
	check_made(&group, 0, 0);
}

static void test_too_little(void **state)
{
	struct audit_group group = { .call = AUDIT_CALL_EXEC };
	struct audit_event made;

	assert_false(audit_event_make(&group, 0, &made));
	group.known = 1U << AUDIT_NUMBER_PID;
	assert_false(audit_event_make(&group, 0, &made));
	group.known |= 1U << AUDIT_NUMBER_EXIT;
	assert_true(audit_event_make(&group, 0, &made));
	assert_int_equal(made.event.type, EVENT_FAILED);
	group.call = AUDIT_CALL_SETUID;
	assert_false(audit_event_make(&group, 0, &made));
}

static void test_terminals(void **state)
{
	dev_t dev;

	assert_true(audit_tty_device(slice_of("(none)"), &dev));
	assert_int_equal(dev, 0);
	assert_true(audit_tty_device(slice_of("pts3"), &dev));
	assert_int_equal(dev, makedev(136, 3));
	assert_true(audit_tty_device(slice_of("pts259"), &dev));
	assert_int_equal(dev, makedev(137, 3));
	assert_true(audit_tty_device(slice_of("tty1"), &dev));
	assert_int_equal(dev, makedev(4, 1));
	assert_true(audit_tty_device(slice_of("ttyS0"), &dev));
	assert_int_equal(dev, makedev(4, 64));
	assert_false(audit_tty_device(slice_of("tty64"), &dev));
	assert_false(audit_tty_device(slice_of("ttyUSB0"), &dev));
	assert_false(audit_tty_device(slice_of("pts"), &dev));
	assert_false(audit_tty_device(slice_of(""), &dev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),    cmocka_unit_test(test_which_item_runs),
		cmocka_unit_test(test_set_user_id), cmocka_unit_test(test_too_little),
		cmocka_unit_test(test_terminals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
