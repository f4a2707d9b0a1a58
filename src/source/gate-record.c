// SPDX-License-Identifier: MIT
/*
 * Some fifteen system calls while the process waits, none of which opens what could be gated: /proc
 * is not. What takes longer to read (namespaces, arguments) is left to the loop.
 */
#include "source/gate-record.h"

#include "util/fd.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

enum {
	STAT_MAX = 1024,
	STATUS_MAX = 4096, /* the ids are in its first lines */
	CGROUP_MAX = 4096,
	RECORD_MAX = sizeof(struct gate_record) + 3 * PATH_MAX + INTERPRETER_LINE + CGROUP_MAX,
};

struct writer {
	struct gate_record *record;
	size_t used; /* of its texts */
};

static char *next_text(struct writer *writer)
{
	return writer->record->texts + writer->used;
}

static void end_text(struct writer *writer, enum gate_text text, ssize_t size)
{
	writer->record->sizes[text] = (uint16_t)MAX(size, 0);
	writer->used += writer->record->sizes[text];
}

static void add_bytes(struct writer *writer, enum gate_text text, const char *data, size_t size)
{
	memcpy(next_text(writer), data, size);
	end_text(writer, text, (ssize_t)size);
}

/* As much of a file as there is room for. */
static struct slice read_file(int dirfd, const char *name, char *buffer, size_t room)
{
	_cleanup_(closep) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buffer, room);

	return (struct slice){ buffer, n > 0 ? (size_t)n : 0 };
}

static void add_link(struct writer *writer, enum gate_text text, int dirfd, const char *name)
{
	ssize_t n = readlinkat(dirfd, name, next_text(writer), PATH_MAX);

	end_text(writer, text, n < PATH_MAX ? n : 0);
}

#if defined(__x86_64__)
enum { NATIVE_MACHINE = EM_X86_64, NATIVE_COMPAT = EM_386 };
#elif defined(__aarch64__)
enum { NATIVE_MACHINE = EM_AARCH64, NATIVE_COMPAT = EM_ARM };
#else
enum { NATIVE_MACHINE = EM_NONE, NATIVE_COMPAT = EM_NONE };
#endif

/* Only what the kernel can run neither as a script nor by itself is binfmt_misc's. */
static enum gate_format read_format(const struct gate_event *event,
				    char interpreter[static INTERPRETER_LINE])
{
	union {
		char bytes[INTERPRETER_LINE];
		Elf32_Ehdr elf; /* as far as e_machine it is the same in both sizes */
	} head;
	ssize_t n = pread(event->fd, head.bytes, sizeof(head.bytes), 0);

	if (n > 0 && interpreter_parse(head.bytes, (size_t)n, interpreter))
		return GATE_FORMAT_SCRIPT;
	if (n < (ssize_t)sizeof(head.elf) || memcmp(head.bytes, ELFMAG, SELFMAG) != 0)
		return GATE_FORMAT_OTHER;
	return head.elf.e_machine == NATIVE_MACHINE || head.elf.e_machine == NATIVE_COMPAT
		       ? GATE_FORMAT_NATIVE
		       : GATE_FORMAT_OTHER;
}

static void write_file(struct writer *writer, const struct gate_event *event)
{
	char interpreter[INTERPRETER_LINE];
	struct gate_record *record = writer->record;
	struct stat st = { 0 };

	(void)fstat(event->fd, &st);
	record->dev = event->dev;
	record->inode = event->ino;
	record->nlink = (uint32_t)event->links;
	record->mode = st.st_mode;
	record->owner = st.st_uid;
	record->group = st.st_gid;
	record->foreign = event->name == HOST_NAME_NONE;
	record->format = read_format(event, interpreter);
	add_bytes(writer, GATE_TEXT_PATH, event->path, event->path_length);
	if (record->format == GATE_FORMAT_SCRIPT)
		add_bytes(writer, GATE_TEXT_INTERPRETER, interpreter, strlen(interpreter));
}

static void write_process(struct writer *writer, const struct host *host,
			  const struct gate_event *event)
{
	_cleanup_(closep) int dirfd = -1;
	char name[16], text[STATUS_MAX];
	struct gate_record *record = writer->record;
	struct proc_stat stat;
	struct slice file;
	struct stat st;

	_Static_assert((int)STAT_MAX <= (int)STATUS_MAX, "one buffer for both");
	snprintf(name, sizeof(name), "%d", event->pid);
	dirfd = openat(host->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return;
	record->has_stat = proc_stat_parse(read_file(dirfd, "stat", text, STAT_MAX), &stat) == 0;
	if (record->has_stat) {
		record->start = stat.start;
		record->tty = stat.tty;
		record->ppid = stat.ppid;
	}
	proc_status_parse(read_file(dirfd, "status", text, STATUS_MAX), &record->status);
	file = read_file(dirfd, "cgroup", next_text(writer), CGROUP_MAX);
	end_text(writer, GATE_TEXT_CGROUP, (ssize_t)file.size);
	add_link(writer, GATE_TEXT_CWD, dirfd, "cwd");
	add_link(writer, GATE_TEXT_ROOT, dirfd, "root");
	if (fstatat(dirfd, "ns/mnt", &st, 0) == 0)
		record->mnt_ns = (uint32_t)st.st_ino;
}

bool gate_record_write(struct ring *ring, const struct host *host, const struct gate_event *event,
		       uint64_t ticket, bool next, enum confirm_state previous)
{
	struct writer writer = { .record = ring_reserve(ring, RECORD_MAX) };

	if (!writer.record)
		return false;
	*writer.record = (struct gate_record){
		.boottime = clock_boottime(),
		.ticket = ticket,
		.pid = (uint32_t)event->pid,
		.next = next,
		.previous = (uint8_t)previous,
	};
	write_file(&writer, event);
	if (!next)
		write_process(&writer, host, event);
	ring_commit(ring, sizeof(*writer.record) + writer.used);
	return true;
}

struct slice gate_record_text(const struct gate_record *record, enum gate_text text)
{
	size_t at = 0;

	for (int i = 0; i < (int)text; i++)
		at += record->sizes[i];
	return (struct slice){ record->texts + at, record->sizes[text] };
}

size_t gate_record_size(const struct gate_record *record)
{
	size_t size = sizeof(*record);

	for (int i = 0; i < GATE_TEXTS; i++)
		size += record->sizes[i];
	return size;
}
