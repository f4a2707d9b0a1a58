// SPDX-License-Identifier: MIT
/*
 * With BPF a ticket is the value of an armed slot (bpf/confirm/confirm.h). Without, it is a hash of
 * /proc/PID/auxv and of the random bytes that it names, which the kernel draws anew at every
 * successful execve (the addresses alone would not do: setarch -R and gdb switch their
 * randomisation off); a small table remembers for which ticket a group was decided.
 *
 * A slot may be left armed by a process that was killed before it could execute. Its id can be
 * used again, so a slot counts as "the same execve" only for SAME_UNITS; ids are not used again
 * that soon (a full turn of pid_max takes seconds even in a storm).
 */
#include "source/confirm.h"

#include "bpf/confirm/confirm.h"
#include "bpf/confirm/user.h"
#include "util/fd.h"
#include "util/hash.h"

#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum {
	RECENT_SLOTS = 256,
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
	/* Two executions of a process within one unit of time must not have one ticket. */
	_Atomic uint16_t sequence;
};

/* The kernel gives every program image 16 random bytes of its own, and says where they are. */
static uint64_t random_of(pid_t pid, const unsigned long *auxv, size_t count)
{
	uint64_t bytes[2] = { 0 };
	struct iovec local = { .iov_base = bytes, .iov_len = sizeof(bytes) }, remote = local;

	for (size_t i = 0; i + 1 < count && auxv[i] != AT_NULL; i += 2) {
		if (auxv[i] != AT_RANDOM)
			continue;
		remote.iov_base = (void *)auxv[i + 1];
		(void)process_vm_readv(pid, &local, 1, &remote, 1, 0);
	}
	return hash_bytes(bytes, sizeof(bytes));
}

static uint64_t image_of(const struct host *host, pid_t pid)
{
	unsigned long auxv[128];
	char name[40];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/auxv", pid);
	n = file_read_into(host->proc_fd, name, (char *)auxv, sizeof(auxv));
	/* A kernel thread has none. Never 0, which says "unknown". */
	return n <= 0 ? 0
		      : (hash_bytes(auxv, (size_t)n) ^
			 random_of(pid, auxv, (size_t)n / sizeof(auxv[0]))) |
				1;
}

static uint32_t time_units(void)
{
	return (uint32_t)(clock_monotonic() >> 20) & TIME_MASK;
}

static _Atomic uint64_t *recent_slot(struct confirm *confirm, pid_t pid)
{
	return &confirm->recent[(unsigned)pid % RECENT_SLOTS];
}

static uint64_t recent_value(pid_t pid, uint64_t image)
{
	return (uint64_t)(uint32_t)pid << 32 | (uint32_t)(image >> 16);
}

uint64_t confirm_ticket(struct confirm *confirm, pid_t pid)
{
	if (!confirm->program)
		return image_of(confirm->host, pid);
	return (uint64_t)(uint32_t)pid << CONFIRM_PID_SHIFT | (uint64_t)time_units() << TIME_SHIFT |
	       (uint64_t)atomic_fetch_add(&confirm->sequence, 1) << 1;
}

enum confirm_state confirm_previous(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	uint64_t slot;
	uint32_t age;

	if (ticket == 0)
		return CONFIRM_UNKNOWN;
	if (!confirm->program) {
		slot = atomic_load(recent_slot(confirm, pid));
		if (slot >> 32 != (uint32_t)pid)
			return CONFIRM_UNKNOWN;
		return slot == recent_value(pid, ticket) ? CONFIRM_NOT_YET : CONFIRM_SUCCEEDED;
	}
	slot = atomic_load(confirm_program_slot(confirm->program, (uint32_t)pid));
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
	if (confirm->program)
		atomic_store(confirm_program_slot(confirm->program, (uint32_t)pid), ticket);
	else
		atomic_store(recent_slot(confirm, pid), recent_value(pid, ticket));
}

void confirm_disarm(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	uint64_t expected = ticket;

	if (ticket == 0)
		return;
	/* Only if the gate has not armed it again meanwhile. */
	if (confirm->program) {
		atomic_compare_exchange_strong(confirm_program_slot(confirm->program,
								    (uint32_t)pid),
					       &expected, 0);
	} else {
		expected = recent_value(pid, ticket);
		atomic_compare_exchange_strong(recent_slot(confirm, pid), &expected, 0);
	}
}

enum confirm_state confirm_ask(struct confirm *confirm, pid_t pid, uint64_t ticket)
{
	uint64_t slot;

	if (ticket == 0)
		return CONFIRM_UNKNOWN;
	if (!confirm->program)
		return image_of(confirm->host, pid) == ticket ? CONFIRM_NOT_YET : CONFIRM_SUCCEEDED;
	slot = atomic_load(confirm_program_slot(confirm->program, (uint32_t)pid));
	if (slot == (ticket | CONFIRM_DONE))
		return CONFIRM_SUCCEEDED;
	/* Anything else: another process shares the slot, or this one has executed again since. */
	return slot == ticket ? CONFIRM_NOT_YET : CONFIRM_UNKNOWN;
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
