// SPDX-License-Identifier: MIT
/* libbpf's skeleton stays in this file. */
#include "bpf/confirm/user.h"

#include "bpf/confirm/confirm.h"
#include "bpf/library.h"
#include "confirm.skel.h"

#include <sys/mman.h>

struct confirm_program {
	struct confirm_bpf *skeleton;
	_Atomic uint64_t *slots;
};

int confirm_program_new(struct confirm_program **ret_program, struct error *err)
{
	_cleanup_(confirm_program_freep) struct confirm_program *program =
		calloc(1, sizeof(*program));
	void *slots;
	int r;

	if (!program)
		return error_oom(err);
	bpf_library_begin();
	program->skeleton = confirm_bpf__open();
	if (!program->skeleton)
		return error_set_errno(err, -errno, "cannot open the BPF object");
	r = confirm_bpf__load(program->skeleton);
	if (r < 0)
		return error_set_errno(err, r, "the kernel refuses raw_tp/sched_process_exec");
	slots = mmap(NULL, CONFIRM_SLOTS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(program->skeleton->maps.slots), 0);
	if (slots == MAP_FAILED)
		return error_set_errno(err, -errno, "cannot map the BPF array");
	program->slots = slots;
	r = confirm_bpf__attach(program->skeleton);
	if (r < 0)
		return error_set_errno(err, r, "cannot attach to sched_process_exec");
	*ret_program = TAKE_PTR(program);
	return 0;
}

void confirm_program_free(struct confirm_program *program)
{
	if (!program)
		return;
	if (program->slots)
		munmap((void *)(uintptr_t)program->slots, CONFIRM_SLOTS * sizeof(uint64_t));
	confirm_bpf__destroy(program->skeleton);
	free(program);
}

_Atomic uint64_t *confirm_program_slot(struct confirm_program *program, uint32_t pid)
{
	return &program->slots[pid & (CONFIRM_SLOTS - 1)];
}
