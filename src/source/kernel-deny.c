// SPDX-License-Identifier: MIT
/*
 * Turns rules' refusals into the program's entries. The program counts for ever by number; what it
 * had counted when the set was replaced is kept here and taken off.
 */
#include "source/kernel-deny.h"

#include "bpf/deny/deny.h"
#include "bpf/deny/user.h"

#include <sys/sysmacros.h>

struct kernel_deny {
	struct deny_program *program;
	uint64_t *before; /* by rule: counted before this set */
	size_t rule_count;
};

_Static_assert((int)KERNEL_DENY_EXECUTE == (int)DENY_EXECUTE &&
		       (int)KERNEL_DENY_READ == (int)DENY_READ &&
		       (int)KERNEL_DENY_WRITE == (int)DENY_WRITE &&
		       (int)KERNEL_DENY_KILL == (int)DENY_KILL,
	       "the bits are handed on as they are");

int kernel_deny_new(const pid_t *own, struct kernel_deny **ret_deny, struct error *err)
{
	_cleanup_(kernel_deny_freep) struct kernel_deny *deny = calloc(1, sizeof(*deny));
	int r;

	if (!deny)
		return error_oom(err);
	r = deny_program_new(own, &deny->program, err);
	if (r < 0)
		return r;
	*ret_deny = TAKE_PTR(deny);
	return 0;
}

void kernel_deny_free(struct kernel_deny *deny)
{
	if (!deny)
		return;
	deny_program_free(deny->program);
	free(deny->before);
	free(deny);
}

static int note_counts(struct kernel_deny *deny, const struct kernel_deny_entry *entries,
		       size_t count)
{
	size_t rules = 0;
	uint64_t *before;

	for (size_t i = 0; i < count; i++)
		rules = MAX(rules, (size_t)entries[i].rule + 1);
	before = calloc(rules + 1, sizeof(*before));
	if (!before)
		return -ENOMEM;
	for (size_t i = 0; i < rules; i++)
		before[i] = deny_program_count(deny->program, (unsigned)i);
	free(deny->before);
	deny->before = before;
	deny->rule_count = rules;
	return 0;
}

int kernel_deny_set(struct kernel_deny *deny, const struct kernel_deny_entry *entries, size_t count)
{
	_cleanup_(freep) struct deny_entry *copies = calloc(count + 1, sizeof(*copies));

	if (!copies || note_counts(deny, entries, count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		copies[i] = (struct deny_entry){
			.dev = entries[i].dev,
			.ino = entries[i].ino,
			.uid = entries[i].uid,
			.what = entries[i].what,
			.rule = entries[i].rule,
			.error = entries[i].error,
		};
	return deny_program_set(deny->program, copies, count);
}

uint64_t kernel_deny_count(const struct kernel_deny *deny, unsigned rule)
{
	if (rule >= deny->rule_count)
		return 0;
	return deny_program_count(deny->program, rule) - deny->before[rule];
}

struct taking {
	kernel_deny_fn refused;
	void *userdata;
};

static void on_refusal(const struct deny_record *record, void *userdata)
{
	const struct taking *taking = userdata;
	char comm[sizeof(record->comm) + 1] = "";

	memcpy(comm, record->comm, sizeof(record->comm));
	taking->refused(
		&(struct kernel_deny_record){
			.time_ns = record->time,
			.pid = (pid_t)record->pid,
			.tid = (pid_t)record->tid,
			.uid = record->uid,
			.dev = makedev(record->dev >> 20, record->dev & 0xfffff),
			.ino = record->ino,
			.what = record->what,
			.rule = record->rule,
			.error = record->error,
			.killed = record->killed != 0,
			.comm = comm,
		},
		taking->userdata);
}

int kernel_deny_fd(const struct kernel_deny *deny)
{
	return deny_program_fd(deny->program);
}

int kernel_deny_take(struct kernel_deny *deny, kernel_deny_fn refused, void *userdata)
{
	struct taking taking = { refused, userdata };

	return deny_program_take(deny->program, on_refusal, &taking);
}

uint64_t kernel_deny_lost(const struct kernel_deny *deny)
{
	return deny_program_lost(deny->program);
}
