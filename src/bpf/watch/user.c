// SPDX-License-Identifier: MIT
/* libbpf's skeleton stays in this file. */
#include "bpf/watch/user.h"

#include "bpf/kernel-types.h"
#include "bpf/library.h"
#include "bpf/watch/calls-table.h"

#include "watch.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/bpf.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>

enum { DEFAULT_BUFFER = 16 << 20, LEAST_BUFFER = 256 << 10, WINDOW = 1 << 20, SLOTS_PER_CPU = 4 };

struct ring_reader {
	int epoll;
	size_t page, size;		 /* of memory, of the ring */
	_Atomic unsigned long *consumer; /* how far we have read */
	const _Atomic unsigned long *producer;
	const char *window; /* a part of the data */
	size_t window_at, window_size;
	unsigned long pending; /* of the record handed out */
};

/* Told at system calls, by programs that take as long to load as all others. */
#define IDS   WATCH_WANT(WATCH_IDS)
#define CALLS (IDS | WATCH_WANT(WATCH_FAILED) | WATCH_WANT(WATCH_CHDIR))

/* What a kernel takes, the best one first. */
enum variant {
	WITH_TRAMPOLINE, /* a program that needs one, too */
	TYPED,
	UNTYPED, /* forks, executions and exits by raw tracepoints: a helper's call for each pointer
		  */
};

struct watch {
	struct watch_bpf *skeleton;
	struct watch_bpf *calls; /* the programs at system calls; may be `skeleton`, or NULL */
	struct ring_reader reader;
	enum variant variant;
	int types; /* a file of those of the kernel's types that are needed, or -1 */
};

/* How many arguments a tracepoint has; -1: there is none of that name. The function's first one is
 * the tracepoint's own. */
static int tracepoint_arguments(const struct kernel_types *kernel, const char *name)
{
	int parameters = kernel_types_parameters(kernel, name);

	return parameters < 0 ? -1 : parameters - 1;
}

/* Since 6.8 (72ba14deb40a, "mm: update mark_victim tracepoints fields") it has the task and its
 * user, before it had a process id. */
static bool mark_victim_has_task(const struct kernel_types *kernel)
{
	return tracepoint_arguments(kernel, "btf_trace_mark_victim") == 2;
}

static bool has_groups_v1(void)
{
	char line[256];
	bool found = false;
	_cleanup_(fclosep) FILE *file = fopen("/proc/self/cgroup", "re");

	while (file && !found && fgets(line, sizeof(line), file))
		found = strncmp(line, "0:", 2) != 0 && strchr(line, '\n');
	return found;
}

/* Which programs are loaded, of those that the kernel has a place for. */
static void choose(struct watch *watch, const struct watch_options *options, enum variant variant,
		   const struct kernel_types *kernel)
{
	struct watch_bpf *skeleton = watch->skeleton;
	bool v1 = skeleton->rodata->groups_v1, calls = options->wanted & CALLS;
	bool typed = variant != UNTYPED;
	const struct {
		struct bpf_program *program;
		bool wanted;
		const char *tracepoint; /* that not all kernels have */
	} programs[] = {
		{ skeleton->progs.on_exec, typed },
		{ skeleton->progs.on_fork, typed },
		{ skeleton->progs.on_exit, typed },
		{ skeleton->progs.on_exec_raw, !typed },
		{ skeleton->progs.on_fork_raw, !typed },
		{ skeleton->progs.on_exit_raw, !typed },
		{ skeleton->progs.on_enter, calls },
		{ skeleton->progs.on_leave, calls },
		{ skeleton->progs.on_oom, true, "btf_trace_mark_victim" },
		{ skeleton->progs.on_prepare, true, "btf_trace_sched_prepare_exec" },
		{ skeleton->progs.on_attach, v1, "btf_trace_cgroup_attach_task" },
		{ skeleton->progs.on_mkdir, v1, "btf_trace_cgroup_mkdir" },
		{ skeleton->progs.on_rename, v1, "btf_trace_cgroup_rename" },
		{ skeleton->progs.on_root, v1, "btf_trace_cgroup_setup_root" },
		{ skeleton->progs.on_running, options->list && typed },
	};

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		const char *tracepoint = programs[i].tracepoint;
		bool there = !tracepoint || tracepoint_arguments(kernel, tracepoint) >= 0;

		bpf_program__set_autoload(programs[i].program, programs[i].wanted && there);
	}
	if (variant == WITH_TRAMPOLINE && bpf_program__autoload(skeleton->progs.on_prepare))
		variant = TYPED;
	bpf_program__set_autoload(skeleton->progs.on_committing, variant == WITH_TRAMPOLINE);
	watch->variant = variant;
}

static void close_types(struct watch *watch)
{
	closep(&watch->types);
	watch->types = -1;
}

/* What is looked for in the kernel's types beside the structures of ours. */
static const char *const other_names[] = {
	"bpf_rdonly_cast",
	"btf_trace_cgroup_attach_task",
	"btf_trace_cgroup_mkdir",
	"btf_trace_cgroup_rename",
	"btf_trace_cgroup_setup_root",
	"btf_trace_mark_victim",
	"btf_trace_sched_prepare_exec",
	"btf_trace_sched_process_exit",
};

/* The name of one of our structures, or NULL; to be freed. A flavour's is up to its three
 * underscores. */
static char *structure_name(const struct btf *ours, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(ours, id);
	const char *name = btf__name_by_offset(ours, type->name_off), *flavour;

	if (!btf_is_composite(type) || !name || !*name)
		return NULL;
	flavour = strstr(name, "___");
	return flavour ? strndup(name, (size_t)(flavour - name)) : strdup(name);
}

static int read_kernel_types(const struct btf *ours, struct kernel_types **ret_types)
{
	uint32_t most = ours ? btf__type_cnt(ours) : 0;
	char **names = calloc(most + ARRAY_SIZE(other_names), sizeof(*names));
	size_t count = 0, own;
	int r;

	if (!names)
		return -ENOMEM;
	for (uint32_t id = 1; id < most; id++) {
		names[count] = structure_name(ours, id);
		count += names[count] != NULL;
	}
	own = count;
	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++)
		names[count++] = (char *)(uintptr_t)other_names[i];
	r = kernel_types_read(KERNEL_TYPES, (const char *const *)names, count, ret_types);
	while (own > 0)
		free(names[--own]);
	free(names);
	return r;
}

/* What the programs have to know of this kernel. */
static void describe_kernel(struct watch_bpf *skeleton, const struct kernel_types *kernel)
{
	skeleton->rodata->groups_v1 = has_groups_v1();
	skeleton->rodata->exit_tells_last =
		tracepoint_arguments(kernel, "btf_trace_sched_process_exit") > 1;
	skeleton->rodata->oom_gives_task = mark_victim_has_task(kernel);
	if (!kernel_types_find(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC))
		return;
	skeleton->rodata->cast_task_struct =
		kernel_types_find(kernel, "task_struct", BTF_KIND_STRUCT);
	skeleton->rodata->cast_linux_binprm =
		kernel_types_find(kernel, "linux_binprm", BTF_KIND_STRUCT);
}

static int configure(struct watch *watch, const struct watch_options *options, enum variant variant,
		     struct error *err)
{
	_cleanup_(kernel_types_freep) struct kernel_types *kernel = NULL;
	struct watch_bpf *skeleton = watch->skeleton;
	int processors = libbpf_num_possible_cpus();
	size_t size = LEAST_BUFFER;
	int r = read_kernel_types(bpf_object__btf(skeleton->obj), &kernel);

	if (r < 0)
		return error_set_errno(err, r,
				       "the kernel describes no types (CONFIG_DEBUG_INFO_BTF)");
	describe_kernel(skeleton, kernel);
	choose(watch, options, variant, kernel);
	r = watch->types >= 0 ? kernel_types_write(kernel, watch->types) : 0;
	if (r < 0)
		return error_set_errno(err, r, "cannot keep a copy of the kernel's types");
	if (processors < 0)
		return error_set_errno(err, processors, "cannot count the processors");
	while (size < (options->buffer ? options->buffer : DEFAULT_BUFFER) && size < 1 << 30)
		size *= 2;
	watch->reader.size = size;
	watch_calls_fill((uint8_t *)skeleton->rodata->native_calls,
			 (uint8_t *)skeleton->rodata->compat_calls,
			 sizeof(skeleton->rodata->native_calls));
	skeleton->bss->quiet = options->quiet;
	skeleton->bss->keep_env = options->environment;
	bpf_map__set_max_entries(skeleton->maps.ring, size);
	bpf_map__set_max_entries(skeleton->maps.slots, processors * SLOTS_PER_CPU);
	return 0;
}

static int open_ring(struct ring_reader *reader, int fd, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer, *producer;

	reader->page = page;
	reader->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (reader->epoll < 0 || epoll_ctl(reader->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return error_set_errno(err, -errno, "cannot wait for the BPF ring");
	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (consumer == MAP_FAILED)
		return error_set_errno(err, -errno, "cannot map the BPF ring");
	reader->consumer = consumer;
	producer = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (producer == MAP_FAILED)
		return error_set_errno(err, -errno, "cannot map the BPF ring");
	reader->producer = producer;
	return 0;
}

/* Tells the program our root: it runs once in this process. */
static int teach(struct watch *watch, struct error *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int r = bpf_prog_test_run_opts(bpf_program__fd(watch->skeleton->progs.learn), &options);

	if (r < 0)
		return error_set_errno(err, r, "cannot run a BPF program once");
	return 0;
}

/* libbpf looks for structures among all types of the kernel, which takes it 60 ms, or in our file
 * of them. */
static struct watch_bpf *open_skeleton(const struct watch *watch)
{
	LIBBPF_OPTS(bpf_object_open_opts, options);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", watch->types);
	if (watch->types >= 0)
		options.btf_custom_path = path;
	return watch_bpf__open_opts(&options);
}

static int load(struct watch *watch, const struct watch_options *options, enum variant variant,
		struct error *err)
{
	int r;

	watch_bpf__destroy(watch->skeleton);
	close_types(watch);
	watch->types = access("/proc/self/fd", X_OK) == 0 ? memfd_create("btf", MFD_CLOEXEC) : -1;
	watch->skeleton = open_skeleton(watch);
	if (!watch->skeleton)
		return error_set_errno(err, -errno, "cannot open the BPF object");
	r = configure(watch, options, variant, err);
	if (r < 0)
		return r;
	r = watch_bpf__load(watch->skeleton);
	if (r < 0 && watch->variant != UNTYPED)
		return load(watch, options, watch->variant + 1, err);
	if (r < 0)
		return error_set_errno(err, r, "the kernel refuses the BPF programs");
	if (options->wanted & CALLS) {
		watch->calls = watch->skeleton;
		close_types(watch);
	}
	return 0;
}

/* Has them use the maps of the others. */
static int share_maps(struct watch_bpf *skeleton, const struct watch_bpf *others)
{
	struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, skeleton->obj)
	{
		int fd = bpf_object__find_map_fd_by_name(others->obj, bpf_map__name(map));

		if (r == 0)
			r = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
	}
	return r;
}

/* Loads the programs at system calls. */
static int load_calls(struct watch *watch, struct error *err)
{
	struct watch_bpf *calls = open_skeleton(watch);
	struct bpf_program *program;
	int r = calls ? share_maps(calls, watch->skeleton) : -errno;

	if (r == 0) {
		bpf_object__for_each_program(program, calls->obj)
			bpf_program__set_autoload(program,
						  program == calls->progs.on_enter ||
							  program == calls->progs.on_leave);
		r = watch_bpf__load(calls);
	}
	if (r < 0) {
		watch_bpf__destroy(calls);
		return error_set_errno(err, r,
				       "the kernel refuses the BPF programs at system calls");
	}
	watch->calls = calls;
	close_types(watch);
	return 0;
}

int watch_new(const struct watch_options *options, struct watch **ret_watch, struct error *err)
{
	_cleanup_(watch_freep) struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return error_oom(err);
	watch->reader.epoll = watch->types = -1;
	bpf_library_begin();
	r = load(watch, options, options->untyped ? UNTYPED : WITH_TRAMPOLINE, err);
	if (r == 0)
		r = open_ring(&watch->reader, bpf_map__fd(watch->skeleton->maps.ring), err);
	if (r == 0)
		r = teach(watch, err);
	if (r < 0)
		return r;
	*ret_watch = TAKE_PTR(watch);
	return 0;
}

void watch_free(struct watch *watch)
{
	struct ring_reader *reader;

	if (!watch)
		return;
	reader = &watch->reader;
	if (reader->window)
		munmap((void *)(uintptr_t)reader->window, reader->window_size);
	if (reader->producer)
		munmap((void *)(uintptr_t)reader->producer, reader->page);
	if (reader->consumer)
		munmap(reader->consumer, reader->page);
	closep(&reader->epoll);
	close_types(watch);
	if (watch->calls != watch->skeleton)
		watch_bpf__destroy(watch->calls);
	watch_bpf__destroy(watch->skeleton);
	free(watch);
}

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

/* Attaches and detaches the programs at system calls, which slow every call of the machine. */
static int want_calls(struct watch *watch, uint32_t wanted, struct error *err)
{
	struct watch_bpf *calls;
	int r = 0;

	if (!watch->calls && wanted & CALLS)
		r = load_calls(watch, err);
	calls = watch->calls;
	if (r < 0 || !calls)
		return r;
	r = attach(&calls->links.on_enter, calls->progs.on_enter, wanted & IDS, err);
	return r < 0 ? r
		     : attach(&calls->links.on_leave, calls->progs.on_leave, wanted & CALLS, err);
}

int watch_want(struct watch *watch, uint32_t wanted, uint32_t urgent, struct error *err)
{
	struct watch_bpf *skeleton = watch->skeleton;
	const uint32_t exec = WATCH_WANT(WATCH_EXEC), fork = WATCH_WANT(WATCH_FORK),
		       exit = WATCH_WANT(WATCH_EXIT), all = UINT32_MAX;
	const struct {
		uint32_t records;
		struct bpf_link **link;
		struct bpf_program *program;
	} programs[] = {
		{ all, &skeleton->links.on_attach, skeleton->progs.on_attach },
		{ all, &skeleton->links.on_mkdir, skeleton->progs.on_mkdir },
		{ all, &skeleton->links.on_rename, skeleton->progs.on_rename },
		{ all, &skeleton->links.on_root, skeleton->progs.on_root },
		{ exec, &skeleton->links.on_prepare, skeleton->progs.on_prepare },
		{ exec, &skeleton->links.on_committing, skeleton->progs.on_committing },
		{ exec, &skeleton->links.on_exec, skeleton->progs.on_exec },
		{ exec, &skeleton->links.on_exec_raw, skeleton->progs.on_exec_raw },
		{ fork, &skeleton->links.on_fork, skeleton->progs.on_fork },
		{ fork, &skeleton->links.on_fork_raw, skeleton->progs.on_fork_raw },
		{ exit, &skeleton->links.on_exit, skeleton->progs.on_exit },
		{ exit, &skeleton->links.on_exit_raw, skeleton->progs.on_exit_raw },
		{ WATCH_WANT(WATCH_OOM), &skeleton->links.on_oom, skeleton->progs.on_oom },
	};
	int r = 0;

	__atomic_store_n(&skeleton->bss->wanted, wanted, __ATOMIC_RELAXED);
	__atomic_store_n(&skeleton->bss->urgent, urgent, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_SIZE(programs) && r == 0; i++)
		if (bpf_program__autoload(programs[i].program))
			r = attach(programs[i].link, programs[i].program,
				   wanted & programs[i].records, err);
	return r == 0 ? want_calls(watch, wanted, err) : r;
}

int watch_list(struct watch *watch, watch_tell tell, void *userdata)
{
	_cleanup_(closep) int fd = -1;
	struct bpf_program *program = watch->skeleton->progs.on_running;
	struct bpf_link *link;
	int r = 0;

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
	struct ring_reader *reader = &watch->reader;

	__atomic_store_n(&watch->skeleton->bss->armed, 1, __ATOMIC_SEQ_CST);
	if (atomic_load(reader->producer) == atomic_load(reader->consumer) + reader->pending)
		return true;
	__atomic_store_n(&watch->skeleton->bss->armed, 0, __ATOMIC_SEQ_CST);
	return false;
}

/* The bytes of the ring from position `at` on, `size` of them; NULL when they cannot be mapped. */
static const char *look(struct watch *watch, unsigned long at, size_t size)
{
	struct ring_reader *reader = &watch->reader;
	size_t page = reader->page, offset = at & (reader->size - 1), begin;
	void *window;

	if (reader->window && offset >= reader->window_at &&
	    offset + size <= reader->window_at + reader->window_size)
		return reader->window + (offset - reader->window_at);
	if (reader->window)
		munmap((void *)(uintptr_t)reader->window, reader->window_size);
	reader->window = NULL;
	begin = offset & ~(page - 1);
	reader->window_size = MIN((size_t)WINDOW, reader->size);
	/* Behind the two counters, the kernel has the data twice, so that none is ever split. */
	window = mmap(NULL, reader->window_size, PROT_READ, MAP_SHARED,
		      bpf_map__fd(watch->skeleton->maps.ring), (off_t)(2 * page + begin));
	if (window == MAP_FAILED || offset + size > begin + reader->window_size)
		return NULL;
	reader->window = window;
	reader->window_at = begin;
	return reader->window + (offset - begin);
}

static unsigned long record_size(uint32_t length)
{
	length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return (BPF_RINGBUF_HDR_SZ + length + 7UL) & ~7UL;
}

const void *watch_next(struct watch *watch, uint32_t *ret_size)
{
	struct ring_reader *reader = &watch->reader;
	unsigned long at =
		atomic_load_explicit(reader->consumer, memory_order_relaxed) + reader->pending;
	const char *header;
	uint32_t length;

	reader->pending = 0;
	for (;;) {
		atomic_store_explicit(reader->consumer, at, memory_order_release);
		if (at == atomic_load_explicit(reader->producer, memory_order_acquire))
			return NULL;
		header = look(watch, at, BPF_RINGBUF_HDR_SZ);
		if (!header)
			return NULL;
		length = __atomic_load_n((const uint32_t *)(const void *)header, __ATOMIC_ACQUIRE);
		if (length & BPF_RINGBUF_BUSY_BIT)
			return NULL;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			break;
		at += record_size(length);
	}
	header = look(watch, at, BPF_RINGBUF_HDR_SZ + length);
	if (!header)
		return NULL;
	reader->pending = record_size(length);
	*ret_size = length;
	return header + BPF_RINGBUF_HDR_SZ;
}

uint32_t watch_lost_total(const struct watch *watch)
{
	return __atomic_load_n(&watch->skeleton->bss->lost_total, __ATOMIC_RELAXED);
}

uint64_t watch_lost(const struct watch *watch, enum watch_cause cause)
{
	return __atomic_load_n((const uint64_t *)&watch->skeleton->bss->lost[cause],
			       __ATOMIC_RELAXED);
}

static uint64_t skipped_of(const struct watch_bpf *skeleton)
{
	struct bpf_program *program;
	uint64_t skipped = 0;

	bpf_object__for_each_program(program, skeleton->obj)
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
	bool more = watch->calls && watch->calls != watch->skeleton;

	return skipped_of(watch->skeleton) + (more ? skipped_of(watch->calls) : 0);
}

void watch_forget_groups(struct watch *watch)
{
	__atomic_fetch_add(&watch->skeleton->bss->told_generation, 1, __ATOMIC_RELAXED);
}

const char *watch_variant(const struct watch *watch)
{
	if (watch->variant == UNTYPED)
		return "raw tracepoints, as this kernel takes no typed ones; paths by dentry walk";
	if (watch->variant == WITH_TRAMPOLINE)
		return "paths by dentry walk, capabilities by fentry";
	if (bpf_program__autoload(watch->skeleton->progs.on_prepare))
		return "paths by dentry walk, capabilities by sched_prepare_exec";
	return "paths by dentry walk, capabilities only where none are gained";
}
