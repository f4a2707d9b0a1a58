// SPDX-License-Identifier: MIT
/* libbpf's skeleton stays in this file. */
#include "bpf/deny/user.h"

#include "bpf/deny/deny.h"
#include "bpf/library.h"
#include "deny.skel.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

struct deny_program {
	struct deny_bpf *skeleton;
	struct ring_buffer *ring;
	uint32_t generation;
	/* of the call of deny_program_take() that is under way */
	void (*refused)(const struct deny_record *record, void *userdata);
	void *userdata;
};

_Static_assert(sizeof(struct deny_key) == 16 && sizeof(struct deny_value) == 16,
	       "both compilers lay them out alike");

static int on_record(void *context, void *data, size_t size)
{
	const struct deny_program *program = context;

	if (size >= sizeof(struct deny_record))
		program->refused(data, program->userdata);
	return 0;
}

int deny_program_new(const pid_t *own, struct deny_program **ret_program, struct error *err)
{
	_cleanup_(deny_program_freep) struct deny_program *program = calloc(1, sizeof(*program));
	int r;

	if (!program)
		return error_oom(err);
	if (bpf_module_is_on(BPF_SECURITY_MODULES) <= 0)
		return error_set(err, -EOPNOTSUPP,
				 "the BPF security module is not on: add bpf to lsm= on the "
				 "kernel's command line");
	bpf_library_begin();
	program->skeleton = deny_bpf__open();
	if (!program->skeleton)
		return error_set_errno(err, -errno, "cannot open the BPF object");
	for (unsigned i = 0; own && own[i] != 0 && i < DENY_OWN; i++)
		program->skeleton->rodata->own[i] = (__u32)own[i];
	r = deny_bpf__load(program->skeleton);
	if (r < 0)
		return error_set_errno(err, r, "the kernel refuses programs for lsm hooks");
	program->ring = ring_buffer__new(bpf_map__fd(program->skeleton->maps.ring), on_record,
					 program, NULL);
	if (!program->ring)
		return error_set_errno(err, -errno, "cannot map the BPF ring");
	r = deny_bpf__attach(program->skeleton);
	if (r < 0)
		return error_set_errno(err, r, "cannot attach to the lsm hooks");
	*ret_program = TAKE_PTR(program);
	return 0;
}

void deny_program_free(struct deny_program *program)
{
	if (!program)
		return;
	ring_buffer__free(program->ring);
	deny_bpf__destroy(program->skeleton);
	free(program);
}

static struct deny_key key_of(const struct deny_entry *entry)
{
	return (struct deny_key){
		.ino = entry->ino,
		/* MKDEV() of include/linux/kdev_t.h. */
		.dev = (__u32)(major(entry->dev) << 20 | minor(entry->dev)),
		.uid = entry->uid,
	};
}

/* Deleting while one walks a hash map may begin the walk anew: so all keys are read first. */
static int drop_older(int map, uint32_t generation)
{
	_cleanup_(freep) struct deny_key *keys = calloc(DENY_FILES_MOST, sizeof(*keys));
	struct deny_key *last = NULL;
	struct deny_value value;
	size_t found = 0;

	if (!keys)
		return -ENOMEM;
	while (found < DENY_FILES_MOST && bpf_map_get_next_key(map, last, &keys[found]) == 0)
		last = &keys[found++];
	for (size_t i = 0; i < found; i++)
		if (bpf_map_lookup_elem(map, &keys[i], &value) == 0 &&
		    value.generation != generation)
			(void)bpf_map_delete_elem(map, &keys[i]);
	return 0;
}

int deny_program_set(struct deny_program *program, const struct deny_entry *entries, size_t count)
{
	int map = bpf_map__fd(program->skeleton->maps.files), taken = 0;
	uint32_t generation = ++program->generation;

	/* The last first: of equal keys the first one stands. */
	for (size_t i = count; i-- > 0;) {
		const struct deny_key key = key_of(&entries[i]);
		const struct deny_value value = {
			.what = entries[i].what,
			.rule = entries[i].rule,
			.error = entries[i].error,
			.generation = generation,
		};

		if (bpf_map_update_elem(map, &key, &value, BPF_ANY) == 0)
			taken++;
		else if (errno != E2BIG)
			return -errno;
	}
	return drop_older(map, generation) < 0 ? -ENOMEM : taken;
}

uint64_t deny_program_count(const struct deny_program *program, unsigned rule)
{
	__u32 key = MIN(rule, (unsigned)DENY_RULES_MOST - 1);
	uint64_t count = 0;

	(void)bpf_map_lookup_elem(bpf_map__fd(program->skeleton->maps.counts), &key, &count);
	return count;
}

int deny_program_fd(const struct deny_program *program)
{
	return ring_buffer__epoll_fd(program->ring);
}

int deny_program_take(struct deny_program *program,
		      void (*refused)(const struct deny_record *record, void *userdata),
		      void *userdata)
{
	program->refused = refused;
	program->userdata = userdata;
	return ring_buffer__consume(program->ring);
}

uint64_t deny_program_lost(const struct deny_program *program)
{
	return program->skeleton->bss->lost;
}
