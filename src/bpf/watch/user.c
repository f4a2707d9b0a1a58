// SPDX-License-Identifier: MIT
/* What was loaded (load.c) is attached while it is wanted, and read. */
#include "bpf/library.h"
#include "bpf/watch/load.h"

#include <bpf/bpf.h>
#include <sys/epoll.h>

/* Tells the program our root: it runs once in this process. */
static int teach(struct watch *watch, struct error *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int r = bpf_prog_test_run_opts(bpf_program__fd(watch->base->progs.learn), &options);

	if (r < 0)
		return error_set_errno(err, r, "cannot run a BPF program once");
	return 0;
}

int watch_new(const struct watch_options *options, struct watch **ret_watch, struct error *err)
{
	_cleanup_(watch_freep) struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return error_oom(err);
	watch->types = -1;
	watch->list = options->list;
	watch->variant = options->untyped ? UNTYPED : WITH_TRAMPOLINE;
	ring_reader_init(&watch->reader);
	bpf_library_begin();
	r = watch_load(watch, options, err);
	if (r == 0)
		r = teach(watch, err);
	if (r < 0)
		return r;
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	ring_reader_done(&watch->reader);
	closep(&watch->types);
	watch_bpf__destroy(watch->tasks);
	if (watch->calls != watch->base)
		calls_bpf__destroy(watch->calls);
	if (watch->ids != watch->base)
		calls_bpf__destroy(watch->ids);
	calls_bpf__destroy(watch->base);
	free(watch);
}

/* ---- attaching ---- */

/* Attaches or detaches one program. */
static int attach(struct bpf_link **link, struct bpf_program *program, bool on, struct error *err)
{
	int r;

	if (!on) {
		bpf_link__destroy(*link);
		*link = NULL;
		return 0;
	}
	if (*link)
		return 0;
	*link = bpf_program__attach(program);
	if (*link)
		return 0;
	r = -errno;
	return error_set_errno(err, r, "cannot attach to %s", bpf_program__section_name(program));
}

/* A program that is attached while any of these is wanted. */
struct place_of_program {
	uint32_t records;
	struct bpf_link **link;
	struct bpf_program *program;
};

static int attach_all(const struct place_of_program *places, size_t count, uint32_t wanted,
		      struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		if (bpf_program__autoload(places[i].program))
			r = attach(places[i].link, places[i].program, wanted & places[i].records,
				   err);
	return r;
}

static int want_base(struct watch *watch, uint32_t wanted, struct error *err)
{
	struct calls_bpf *base = watch->base;
	const uint32_t all = UINT32_MAX;
	const struct place_of_program places[] = {
		{ all, &base->links.on_attach, base->progs.on_attach },
		{ all, &base->links.on_mkdir, base->progs.on_mkdir },
		{ all, &base->links.on_rename, base->progs.on_rename },
		{ all, &base->links.on_root, base->progs.on_root },
		{ WATCH_WANT(WATCH_OOM), &base->links.on_oom, base->progs.on_oom },
	};

	return attach_all(places, ARRAY_SIZE(places), wanted, err);
}

static int want_tasks(struct watch *watch, uint32_t wanted, struct error *err)
{
	const uint32_t exec = WATCH_WANT(WATCH_EXEC), fork = WATCH_WANT(WATCH_FORK),
		       exit = WATCH_WANT(WATCH_EXIT);
	int r = !watch->tasks && wanted & TASKS ? watch_load_tasks(watch, err) : 0;
	struct watch_bpf *tasks = watch->tasks;

	if (r < 0 || !tasks)
		return r;
	const struct place_of_program places[] = {
		{ exec, &tasks->links.on_prepare, tasks->progs.on_prepare },
		{ exec, &tasks->links.on_committing, tasks->progs.on_committing },
		{ exec, &tasks->links.on_exec, tasks->progs.on_exec },
		{ exec, &tasks->links.on_exec_raw, tasks->progs.on_exec_raw },
		{ fork, &tasks->links.on_fork, tasks->progs.on_fork },
		{ fork, &tasks->links.on_fork_raw, tasks->progs.on_fork_raw },
		{ exit, &tasks->links.on_exit, tasks->progs.on_exit },
		{ exit, &tasks->links.on_exit_raw, tasks->progs.on_exit_raw },
	};

	return attach_all(places, ARRAY_SIZE(places), wanted, err);
}

/*
 * Attaches and detaches the programs at system calls, which slow every call of the machine. Of the
 * two at their ends, the one that tells more comes before the other goes: what both see is told
 * once, as the first of them forgets what the ids were.
 */
static int want_calls(struct watch *watch, uint32_t wanted, struct error *err)
{
	bool more = wanted & CALLS, ids = wanted & IDS;
	int r = 0;

	if (more && !watch->calls)
		r = watch_load_calls(watch, false, err);
	if (r == 0 && ids && !watch->ids)
		r = watch_load_calls(watch, true, err);
	if (r == 0 && watch->ids)
		r = attach(&watch->ids->links.on_enter, watch->ids->progs.on_enter, ids, err);
	if (r == 0 && watch->calls && more)
		r = attach(&watch->calls->links.on_leave, watch->calls->progs.on_leave, true, err);
	if (r == 0 && watch->ids)
		r = attach(&watch->ids->links.on_leave_ids, watch->ids->progs.on_leave_ids,
			   ids && !more, err);
	if (r == 0 && watch->calls && !more)
		r = attach(&watch->calls->links.on_leave, watch->calls->progs.on_leave, false, err);
	return r;
}

int watch_want(struct watch *watch, uint32_t wanted, uint32_t urgent, struct error *err)
{
	int r;

	__atomic_store_n(&watch_state_of(watch)->wanted, wanted, __ATOMIC_RELAXED);
	__atomic_store_n(&watch_state_of(watch)->urgent, urgent, __ATOMIC_RELAXED);
	r = want_base(watch, wanted, err);
	if (r == 0)
		r = want_tasks(watch, wanted, err);
	return r == 0 ? want_calls(watch, wanted, err) : r;
}

int watch_list(struct watch *watch, watch_tell tell, void *userdata)
{
	_cleanup_(closep) int fd = -1;
	struct bpf_program *program;
	struct bpf_link *link;
	int r = 0;

	if (!watch->list)
		return -EOPNOTSUPP;
	if (!watch->tasks)
		r = watch_load_tasks(watch, NULL);
	if (r < 0)
		return r;
	program = watch->tasks->progs.on_running;
	if (!bpf_program__autoload(program))
		return -EOPNOTSUPP;
	link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		r = -errno;
	bpf_link__destroy(link);
	return r < 0 ? r : listing_read(fd, tell, userdata);
}

int watch_fd(const struct watch *watch)
{
	return watch->reader.epoll;
}

void watch_woken(struct watch *watch)
{
	struct epoll_event event;

	epoll_wait(watch->reader.epoll, &event, 1, 0);
}

bool watch_sleep(struct watch *watch)
{
	__atomic_store_n(&watch_state_of(watch)->armed, 1, __ATOMIC_SEQ_CST);
	if (ring_reader_is_empty(&watch->reader))
		return true;
	__atomic_store_n(&watch_state_of(watch)->armed, 0, __ATOMIC_SEQ_CST);
	return false;
}

const void *watch_next(struct watch *watch, uint32_t *ret_size)
{
	return ring_reader_next(&watch->reader, ret_size);
}

uint32_t watch_lost_total(const struct watch *watch)
{
	return __atomic_load_n(&watch_state_of(watch)->lost_total, __ATOMIC_RELAXED);
}

uint64_t watch_lost(const struct watch *watch, enum watch_cause cause)
{
	return __atomic_load_n((const uint64_t *)&watch_state_of(watch)->lost[cause],
			       __ATOMIC_RELAXED);
}

static uint64_t skipped_of(const struct bpf_object *object)
{
	struct bpf_program *program;
	uint64_t skipped = 0;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			skipped += info.recursion_misses;
	}
	return skipped;
}

uint64_t watch_skipped(const struct watch *watch)
{
	uint64_t skipped = skipped_of(watch->base->obj);

	if (watch->calls && watch->calls != watch->base)
		skipped += skipped_of(watch->calls->obj);
	if (watch->ids && watch->ids != watch->base)
		skipped += skipped_of(watch->ids->obj);
	return watch->tasks ? skipped + skipped_of(watch->tasks->obj) : skipped;
}

void watch_forget_groups(struct watch *watch)
{
	__atomic_fetch_add(&watch_state_of(watch)->told_generation, 1, __ATOMIC_RELAXED);
}

const char *watch_variant(const struct watch *watch)
{
	if (!watch->tasks)
		return "users and groups by system calls; nobody has asked for executions yet";
	if (watch->variant == UNTYPED)
		return "raw tracepoints, as this kernel takes no typed ones; paths by dentry walk";
	if (watch->variant == WITH_TRAMPOLINE)
		return "paths by dentry walk, capabilities by fentry";
	if (bpf_program__autoload(watch->tasks->progs.on_prepare))
		return "paths by dentry walk, capabilities by sched_prepare_exec";
	return "paths by dentry walk, capabilities only where none are gained";
}
