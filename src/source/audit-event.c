// SPDX-License-Identifier: MIT
/*
 * What the kernel means by its words (kernel/auditsc.c):
 *
 *  - `pid` is the process, not the thread; ids are those after the call; `exe` and `cwd` are paths
 *    from the process's own root, so a chrooted program may claim any.
 *  - PATH items of an execution are in the order of opening: what was asked for; each interpreter;
 *    the dynamic loader. `name` is as asked for, or as the script's first line has it.
 *  - The time is when the system call was entered, on the coarse clock, to the millisecond.
 *  - EXECVE's arguments are the new program's: for a script the kernel has put the interpreter in
 *    front already (fs/binfmt_script.c), which is how a script is told from a program with a
 *    loader.
 */
#include "source/audit-event.h"

#include "source/interpreter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static const char deleted[] = " (deleted)";
static const char memfd[] = "/memfd:";

static bool starts_with(struct slice text, const char *start)
{
	return text.size >= strlen(start) && memcmp(text.data, start, strlen(start)) == 0;
}

static bool ends_with(struct slice text, const char *end)
{
	size_t size = strlen(end);

	return text.size > size && memcmp(text.data + text.size - size, end, size) == 0;
}

/* ---- terminals ---- */

/* Devices with a fixed number (Documentation/admin-guide/devices.txt). */
static const struct terminal {
	const char *prefix;
	unsigned major_number, minor_number, count;
} terminals[] = {
	{ "pts", 136, 0, 8 * 256 }, /* majors 136 to 143 */
	{ "ttyS", 4, 64, 192 },
	{ "tty", 4, 0, 64 },
	{ "hvc", 229, 0, 256 },
};

bool audit_tty_device(struct slice name, dev_t *ret_dev)
{
	if (slice_eq(name, slice_of("(none)"))) {
		*ret_dev = 0;
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(terminals); i++) {
		const struct terminal *t = &terminals[i];
		struct slice rest = name;
		uint64_t index;

		if (!starts_with(name, t->prefix))
			continue;
		rest.data += strlen(t->prefix);
		rest.size -= strlen(t->prefix);
		if (!audit_digits_take(&rest, 10, &index) || rest.size > 0 || index >= t->count)
			continue;
		index += t->minor_number;
		*ret_dev =
			makedev(t->major_number + (unsigned)(index >> 8), (unsigned)(index & 0xff));
		return true;
	}
	return false;
}

/* ---- whose it is ---- */

static void set_number(struct event *event, const struct audit_group *group,
		       enum audit_number number, enum event_field field, uint32_t *member)
{
	if (!audit_knows(group, number))
		return;
	*member = (uint32_t)group->number[number];
	event_know(event, field);
}

static void set_process(struct event *event, const struct audit_group *group)
{
	dev_t tty;

	set_number(event, group, AUDIT_NUMBER_PID, FIELD_PID, &event->pid);
	set_number(event, group, AUDIT_NUMBER_PPID, FIELD_PPID, &event->ppid);
	set_number(event, group, AUDIT_NUMBER_UID, FIELD_UID, &event->uid);
	set_number(event, group, AUDIT_NUMBER_GID, FIELD_GID, &event->gid);
	set_number(event, group, AUDIT_NUMBER_EUID, FIELD_EUID, &event->euid);
	set_number(event, group, AUDIT_NUMBER_EGID, FIELD_EGID, &event->egid);
	set_number(event, group, AUDIT_NUMBER_SUID, FIELD_SUID, &event->suid);
	set_number(event, group, AUDIT_NUMBER_SGID, FIELD_SGID, &event->sgid);
	set_number(event, group, AUDIT_NUMBER_AUID, FIELD_LOGINUID, &event->loginuid);
	set_number(event, group, AUDIT_NUMBER_SES, FIELD_SESSION, &event->session);
	if (audit_tty_device(group->tty, &tty))
		event_set(event, TTY, tty, tty);
	if (group->comm.size > 0)
		event_set(event, COMM, comm, group->comm);
	if (audit_knows(group, AUDIT_NUMBER_ARCH) &&
	    (uint32_t)group->number[AUDIT_NUMBER_ARCH] == audit_abi_arch(AUDIT_ABI_COMPAT))
		event_flag(event, FLAG_COMPAT);
}

/* The program that the process is in now: the new one, or, if the call failed, still the old. */
static void set_exe(struct audit_event *made, const struct audit_group *group)
{
	struct slice exe = group->exe;

	if (exe.size == 0)
		return;
	if (starts_with(exe, memfd) && ends_with(exe, deleted)) {
		/* It never had a name that could be deleted; the slash is of no folder. */
		exe.data++;
		exe.size -= 1 + strlen(deleted);
		event_flag(&made->event, FLAG_MEMFD);
	} else {
		made->maybe_deleted = ends_with(exe, deleted);
	}
	event_set(&made->event, EXE_IN_ROOT, exe_in_root, exe);
}

/* ---- what was executed ---- */

static bool is_loader(struct slice name)
{
	char text[256];
	size_t skip = name.size >= sizeof(text) ? name.size - sizeof(text) + 1 : 0;

	memcpy(text, name.data + skip, name.size - skip);
	text[name.size - skip] = '\0';
	return interpreter_is_loader(text);
}

static struct slice first_argument(const struct audit_group *group)
{
	if (!group->has_argv || group->argv.size == 0)
		return (struct slice){ "", 0 };
	return slice_of(group->argv.data);
}

/*
 * Which item runs. The last that is no loader, if the kernel has put its name in front of the
 * arguments; else the first, whose loader has an unusual name.
 */
static int program_of(const struct audit_group *group)
{
	int last = (int)group->item_count - 1;

	for (int i = 0; i <= last; i++)
		if (!group->items[i].present || !group->items[i].named)
			return group->items[0].present && group->item_count <= 1 ? 0 : -1;
	while (last > 0 && is_loader(group->items[last].name) &&
	       !slice_eq(group->items[last].name, first_argument(group)))
		last--;
	if (last > 0 && !slice_eq(group->items[last].name, first_argument(group)))
		last = 0;
	return last;
}

static void set_file(struct audit_event *made, const struct audit_item *item)
{
	struct event *event = &made->event;

	if (!item->exists)
		return;
	event_set(event, INODE, inode, item->inode);
	event_set(event, DEV, dev, item->dev);
	event_set(event, MODE, mode, item->mode);
	/* Took effect: the process has the owner's id now, which is not its own. */
	made->gives_user = item->mode & S_ISUID && event_knows(event, FIELD_EUID) &&
			   event->euid == item->owner && event->uid != event->euid;
	made->gives_group = (item->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
			    event_knows(event, FIELD_EGID) && event->egid == item->group &&
			    event->gid != event->egid;
	if (made->gives_user || made->gives_group)
		event_flag(event, FLAG_SETUID);
}

/* As fs/exec.c names it: a relative name below a descriptor is /dev/fd/N/NAME. */
static struct slice name_of_script(struct audit_event *made, const struct audit_group *group)
{
	const struct slice name = group->items[0].name;
	int fd = (int)group->number[AUDIT_NUMBER_A0];
	const uint16_t *numbers;
	enum audit_abi abi =
		event_knows(&made->event, FIELD_FLAGS) && made->event.flags & FLAG_COMPAT
			? AUDIT_ABI_COMPAT
			: AUDIT_ABI_NATIVE;

	/* The second of the kind is execveat; its first argument is the folder's descriptor. */
	if (audit_call_numbers(abi, AUDIT_CALL_EXEC, &numbers) < 2 ||
	    group->number[AUDIT_NUMBER_SYSCALL] != numbers[1] ||
	    (name.size > 0 && name.data[0] == '/') || fd == AT_FDCWD ||
	    !audit_knows(group, AUDIT_NUMBER_A0) || name.size > AUDIT_NAME_MAX)
		return name;
	snprintf(made->script, sizeof(made->script), "/dev/fd/%d%s%.*s", fd, name.size ? "/" : "",
		 (int)name.size, name.data);
	return slice_of(made->script);
}

static void set_program(struct audit_event *made, const struct audit_group *group)
{
	struct event *event = &made->event;

	made->program = program_of(group);
	if (made->program < 0)
		return;
	set_file(made, &group->items[made->program]);
	if (made->program == 0)
		return;
	event_set(event, SCRIPT, script, name_of_script(made, group));
	event_set(event, INTERPRETER, interpreter, group->items[made->program].name);
}

static void set_execution(struct audit_event *made, const struct audit_group *group)
{
	struct event *event = &made->event;

	/* Of several threads the one that executes takes the process's id; the others end. */
	if (event_knows(event, FIELD_PID))
		event_set(event, TID, tid, event->pid);
	set_program(made, group);
	if (group->has_argv) {
		event_set(event, ARGV, argv, group->argv);
		if (group->argv_cut)
			event_flag(event, FLAG_ARGV_CUT);
	}
	if (group->has_caps)
		event_set(event, CAPS_GAINED, caps_gained, group->caps & ~group->caps_before);
}

static enum event_type type_of(const struct audit_group *group)
{
	switch (group->call) {
	case AUDIT_CALL_SETUID:
		return EVENT_SETUID;
	case AUDIT_CALL_SETGID:
		return EVENT_SETGID;
	default:
		return group->succeeded ? EVENT_EXEC : EVENT_FAILED;
	}
}

bool audit_event_make(const struct audit_group *group, uint64_t boot_ns, struct audit_event *made)
{
	struct event *event = &made->event;

	made->maybe_deleted = made->gives_user = made->gives_group = false;
	made->program = -1;
	if (!audit_knows(group, AUDIT_NUMBER_PID) || !audit_knows(group, AUDIT_NUMBER_EXIT))
		return false;
	if (group->call != AUDIT_CALL_EXEC && !group->succeeded)
		return false;
	event_init(event, type_of(group), SOURCE_AUDIT);
	event_set(event, TIME, time, group->stamp.time_ns);
	if (group->stamp.time_ns > boot_ns)
		event_set(event, BOOTTIME, boottime, group->stamp.time_ns - boot_ns);
	event_flag(event, 0);
	set_process(event, group);
	set_exe(made, group);
	if (group->call == AUDIT_CALL_EXEC && group->item_count > 0 && group->items[0].named)
		event_set(event, FILENAME, filename, group->items[0].name);
	if (event->type == EVENT_EXEC)
		set_execution(made, group);
	if (event->type == EVENT_FAILED)
		event_set(event, ERROR, error, (int32_t)-group->number[AUDIT_NUMBER_EXIT]);
	return true;
}
