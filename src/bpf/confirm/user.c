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
	int map_fd, link_fd; /* of an adopted one, which has no skeleton; else -1 */
};

static int map_slots(struct confirm_program *program, int fd, struct error *err)
{
	void *slots = mmap(NULL, CONFIRM_SLOTS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			   MAP_SHARED, fd, 0);

	if (slots == MAP_FAILED)
		return error_set_errno(err, -errno, "cannot map the BPF array");
	program->slots = slots;
	return 0;
}

static struct confirm_program *confirm_program_empty(void)
{
	struct confirm_program *program = calloc(1, sizeof(*program));

	if (program)
		program->map_fd = program->link_fd = -1;
	return program;
}

int confirm_program_new(struct confirm_program **ret_program, struct error *err)
{
	_cleanup_(confirm_program_freep) struct confirm_program *program = confirm_program_empty();
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
	r = map_slots(program, bpf_map__fd(program->skeleton->maps.slots), err);
	if (r < 0)
		return r;
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
	closep(&program->map_fd);
	closep(&program->link_fd);
	free(program);
}

void confirm_program_fds(const struct confirm_program *program, int fds[CONFIRM_PROGRAM_FDS])
{
	fds[0] = program->skeleton ? bpf_map__fd(program->skeleton->maps.slots) : program->map_fd;
	fds[1] = program->skeleton ? bpf_link__fd(program->skeleton->links.confirm)
				   : program->link_fd;
}

int confirm_program_adopt(const int fds[CONFIRM_PROGRAM_FDS], struct confirm_program **ret_program,
			  struct error *err)
{
	_cleanup_(confirm_program_freep) struct confirm_program *program = confirm_program_empty();
	int r;

	if (!program)
		return error_oom(err);
	r = map_slots(program, fds[0], err);
	if (r < 0)
		return r;
	program->map_fd = fds[0];
	program->link_fd = fds[1];
	*ret_program = TAKE_PTR(program);
	return 0;
}

_Atomic uint64_t *confirm_program_slot(struct confirm_program *program, uint32_t pid)
{
	return &program->slots[pid & (CONFIRM_SLOTS - 1)];
}
