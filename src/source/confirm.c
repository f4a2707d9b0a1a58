// SPDX-License-Identifier: MIT
/*
 * With BPF a ticket is the value of an armed slot (bpf/confirm/confirm.h). Without, it is a number
 * below a hash of the process, its /proc/PID/auxv and the random bytes that this names, which the
 * kernel draws anew at every successful execve (the addresses alone would not do: setarch -R and
 * gdb switch their randomisation off); a small table remembers the last ticket for which a group
 * was decided.
 *
 * A slot may be left armed by a process that was killed before it could execute. Its id can be
 * used again, so a slot counts as "the same execve" only for SAME_UNITS; ids are not used again
 * that soon (a full turn of pid_max takes seconds even in a storm).
 */
#include "source/confirm.h"

#include "bpf/confirm/confirm.h"
#include "bpf/confirm/user.h"
#include "source/peek.h"
#include "util/fd.h"
#include "util/hash.h"

#include <sys/auxv.h>
#include <sys/stat.h>

enum {
	RECENT_SLOTS = CONFIRM_RECENT,
	LAYOUT = 1,	   /* of slots and tickets; another one is another number */
	IMAGE_SHIFT = 16,  /* of a ticket without BPF: above the number */
	SAME_UNITS = 1000, /* of 2^20 ns: about a second */
	TIME_MASK = 0x7fff,
	TIME_SHIFT = 17, /* above the sequence number and the done bit */
};

/* PROC_PID_INIT_INO of include/linux/proc_ns.h: the host's own pid namespace. */
static const ino_t host_pid_namespace = 0xEFFFFFFC;

struct confirm {
	const struct host *host;
	struct confirm_program *program; /* NULL: by image */
	struct error why_not;
	_Atomic uint64_t recent[RECENT_SLOTS];
	_Atomic pid_t recent_pid[RECENT_SLOTS]; /* whose the slot is */
	/* Two executions of a process within one unit of time must not have one ticket. */
	_Atomic uint16_t sequence;
};

/* The kernel gives every program image 16 random bytes of its own, and says where they are. */
static uint64_t random_of(pid_t pid, const unsigned long *auxv, size_t count)
{
	uint64_t bytes[2] = { 0 };

	for (size_t i = 0; i + 1 < count && auxv[i] != AT_NULL; i += 2) {
		if (auxv[i] != AT_RANDOM)
			continue;
		(void)peek_memory(pid, auxv[i + 1], bytes, sizeof(bytes));
	}
	return hash_bytes(bytes, sizeof(bytes));
}

/* 0 for a kernel thread, which has no image, or one that is gone. */
static uint64_t image_of(const struct host *host, pid_t pid)
{
	unsigned long auxv[128];
	uint64_t parts[3];
	char name[40];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/auxv", pid);
	n = file_read_into(host->proc_fd, name, (char *)auxv, sizeof(auxv));
	if (n <= 0)
		return 0;
	parts[0] = hash_bytes(auxv, (size_t)n);
	parts[1] = random_of(pid, auxv, (size_t)n / sizeof(auxv[0]));
	parts[2] = (uint64_t)pid;
	/* Never 0 by chance. */
	return hash_bytes(parts, sizeof(parts)) >> IMAGE_SHIFT | 1;
}

static uint32_t time_units(void)
{
	return (uint32_t)(clock_monotonic() >> 20) & TIME_MASK;
}

/* Where the last ticket of a process is kept; another process may have taken it. */
static _Atomic uint64_t *slot_of(struct confirm *confirm, pid_t pid)
{
	return confirm->program ? confirm_program_slot(confirm->program, (uint32_t)pid)
				: &confirm->recent[(unsigned)pid % RECENT_SLOTS];
}

uint64_t confirm_ticket(struct confirm *confirm, pid_t pid)
{
	uint64_t number = atomic_fetch_add(&confirm->sequence, 1), image;

	if (confirm->program)
		return (uint64_t)(uint32_t)pid << CONFIRM_PID_SHIFT |
		       (uint64_t)time_units() << TIME_SHIFT | number << 1;
	image = image_of(confirm->host, pid);
	return image ? image << IMAGE_SHIFT | number : 0;
}

enum confirm_state confirm_previous(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	uint64_t slot;
	uint32_t age;

	if (ticket == 0)
		return CONFIRM_UNKNOWN;
	slot = atomic_load(slot_of(confirm, pid));
	if (!confirm->program) {
		if (slot == 0 || confirm->recent_pid[(unsigned)pid % RECENT_SLOTS] != pid)
			return CONFIRM_UNKNOWN;
		/* The image has the process's id in it. */
		return slot >> IMAGE_SHIFT == ticket >> IMAGE_SHIFT ? CONFIRM_NOT_YET
								    : CONFIRM_SUCCEEDED;
	}
	if (slot >> CONFIRM_PID_SHIFT != (uint32_t)pid)
		return CONFIRM_UNKNOWN;
	if (slot & CONFIRM_DONE)
		return CONFIRM_SUCCEEDED;
	age = ((uint32_t)(ticket >> TIME_SHIFT) - (uint32_t)(slot >> TIME_SHIFT)) & TIME_MASK;
	return age < SAME_UNITS ? CONFIRM_NOT_YET : CONFIRM_UNKNOWN;
}

bool confirm_is_same(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	return confirm_previous(confirm, pid, ticket) == CONFIRM_NOT_YET;
}

void confirm_arm(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	if (ticket == 0)
		return;
	if (!confirm->program)
		confirm->recent_pid[(unsigned)pid % RECENT_SLOTS] = pid;
	atomic_store(slot_of(confirm, pid), ticket);
}

bool confirm_disarm(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	uint64_t expected = ticket;

	/* Only if the gate has not armed it again meanwhile. */
	return ticket != 0 && atomic_compare_exchange_strong(slot_of(confirm, pid), &expected, 0);
}

enum confirm_state confirm_ask(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	uint64_t slot;

	if (ticket == 0)
		return CONFIRM_UNKNOWN;
	slot = atomic_load(slot_of(confirm, pid));
	if (confirm->program) {
		if (slot == ticket)
			return CONFIRM_NOT_YET;
		if (slot == (ticket | CONFIRM_DONE))
			return CONFIRM_SUCCEEDED;
		/* Else another process shares the slot. */
		return slot >> CONFIRM_PID_SHIFT == (uint32_t)pid ? CONFIRM_AGAIN : CONFIRM_UNKNOWN;
	}
	if (image_of(confirm->host, pid) != ticket >> IMAGE_SHIFT)
		return CONFIRM_SUCCEEDED;
	return slot != ticket && slot >> IMAGE_SHIFT == ticket >> IMAGE_SHIFT ? CONFIRM_AGAIN
									      : CONFIRM_NOT_YET;
}

/* The program sees the host's process ids; the gate sees those of our own namespace. */
static int check_namespace(const struct host *host, struct error *err)
{
	struct stat st;

	if (fstatat(host->proc_fd, "self/ns/pid", &st, 0) < 0)
		return error_set_errno(err, -errno, "cannot tell our pid namespace");
	if (st.st_ino != host_pid_namespace)
		return error_set(err, -EXDEV, "we are not in the host's pid namespace");
	return 0;
}

int confirm_new(const struct host *host, struct confirm **ret_confirm)
{
	struct confirm *confirm = calloc(1, sizeof(*confirm));

	if (!confirm)
		return -ENOMEM;
	confirm->host = host;
	if (check_namespace(host, &confirm->why_not) >= 0)
		(void)confirm_program_new(&confirm->program, &confirm->why_not);
	*ret_confirm = confirm;
	return 0;
}

/* ---- a successor ---- */

_Static_assert((int)CONFIRM_FDS == (int)CONFIRM_PROGRAM_FDS, "all of the program's");

int confirm_layout(void)
{
	return LAYOUT;
}

void confirm_fds(const struct confirm *confirm, int fds[CONFIRM_FDS])
{
	fds[0] = fds[1] = -1;
	if (confirm->program)
		confirm_program_fds(confirm->program, fds);
}

size_t confirm_armed(const struct confirm *confirm, pid_t pids[CONFIRM_RECENT],
		     uint64_t tickets[CONFIRM_RECENT])
{
	size_t count = 0;

	for (size_t i = 0; !confirm->program && i < RECENT_SLOTS; i++) {
		tickets[count] = atomic_load(&confirm->recent[i]);
		pids[count] = atomic_load(&confirm->recent_pid[i]);
		count += tickets[count] != 0;
	}
	return count;
}

int confirm_inherit(const struct host *host, const int fds[CONFIRM_FDS], int layout,
		    struct confirm **ret_confirm)
{
	struct confirm *confirm;

	if (fds[0] < 0 || fds[1] < 0 || layout != LAYOUT) {
		closep(&fds[0]);
		closep(&fds[1]);
		return confirm_new(host, ret_confirm);
	}
	confirm = calloc(1, sizeof(*confirm));
	if (!confirm)
		return -ENOMEM;
	confirm->host = host;
	if (confirm_program_adopt(fds, &confirm->program, &confirm->why_not) < 0) {
		closep(&fds[0]);
		closep(&fds[1]);
	}
	*ret_confirm = confirm;
	return 0;
}

void confirm_free(struct confirm *confirm)
{
	if (!confirm)
		return;
	confirm_program_free(confirm->program);
	error_done(&confirm->why_not);
	free(confirm);
}

bool confirm_is_fast(const struct confirm *confirm)
{
	return confirm->program != NULL;
}

const char *confirm_reason(const struct confirm *confirm)
{
	return confirm->program ? "BPF" : error_text(&confirm->why_not);
}
