// SPDX-License-Identifier: MIT
/*
 * Loads the watch program in parts, for the verifier's time is most of what opening the source
 * takes: the base (calls.bpf.c: all maps, and what is small), and what tells of system calls and of
 * processes when somebody asks for it. All parts share the base's maps.
 */
#include "bpf/watch/load.h"

#include "bpf/kernel-types.h"
#include "bpf/watch/calls-table.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <sys/mman.h>

enum { DEFAULT_BUFFER = 16 << 20, LEAST_BUFFER = 256 << 10, SLOTS_PER_CPU = 4 };

/* ---- what the kernel has ---- */

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

struct choice {
	struct bpf_program *program;
	bool wanted;
	const char *tracepoint; /* that not all kernels have */
};

/* Which programs are loaded, of those that the kernel has a place for. */
static void choose(const struct choice *choices, size_t count, const struct kernel_types *kernel)
{
	for (size_t i = 0; i < count; i++) {
		const char *tracepoint = choices[i].tracepoint;
		bool there = !tracepoint || tracepoint_arguments(kernel, tracepoint) >= 0;

		bpf_program__set_autoload(choices[i].program, choices[i].wanted && there);
	}
}

static void choose_base(const struct calls_bpf *base, uint32_t wanted,
			const struct kernel_types *kernel)
{
	bool v1 = base->rodata->groups_v1;
	const struct choice choices[] = {
		{ base->progs.on_enter, wanted & IDS },
		{ base->progs.on_leave_ids, wanted & IDS },
		{ base->progs.on_leave, wanted & CALLS },
		{ base->progs.on_oom, true, "btf_trace_mark_victim" },
		{ base->progs.on_attach, v1, "btf_trace_cgroup_attach_task" },
		{ base->progs.on_mkdir, v1, "btf_trace_cgroup_mkdir" },
		{ base->progs.on_rename, v1, "btf_trace_cgroup_rename" },
		{ base->progs.on_root, v1, "btf_trace_cgroup_setup_root" },
	};

	choose(choices, ARRAY_SIZE(choices), kernel);
}

static void choose_calls(const struct calls_bpf *calls, bool ids)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, calls->obj)
		bpf_program__set_autoload(program,
					  ids ? program == calls->progs.on_enter ||
							  program == calls->progs.on_leave_ids
					      : program == calls->progs.on_leave);
}

static void choose_tasks(struct watch *watch, enum variant variant,
			 const struct kernel_types *kernel)
{
	const struct watch_bpf *tasks = watch->tasks;
	bool typed = variant != UNTYPED;
	const struct choice choices[] = {
		{ tasks->progs.on_exec, typed },
		{ tasks->progs.on_fork, typed },
		{ tasks->progs.on_exit, typed },
		{ tasks->progs.on_exec_raw, !typed },
		{ tasks->progs.on_fork_raw, !typed },
		{ tasks->progs.on_exit_raw, !typed },
		{ tasks->progs.on_prepare, true, "btf_trace_sched_prepare_exec" },
		{ tasks->progs.on_running, watch->list && typed },
	};

	choose(choices, ARRAY_SIZE(choices), kernel);
	if (variant == WITH_TRAMPOLINE && bpf_program__autoload(tasks->progs.on_prepare))
		variant = TYPED;
	bpf_program__set_autoload(tasks->progs.on_committing, variant == WITH_TRAMPOLINE);
	watch->variant = variant;
}

/* ---- the kernel's types ---- */

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

/* Notes the names of an object's structures behind the `count` that are there. -ENOMEM. */
static int add_names(const struct btf *ours, char ***names, size_t *count)
{
	uint32_t most = btf__type_cnt(ours);
	char **larger =
		reallocarray(*names, *count + most + ARRAY_SIZE(other_names), sizeof(char *));

	if (!larger)
		return -ENOMEM;
	*names = larger;
	for (uint32_t id = 1; id < most; id++) {
		larger[*count] = structure_name(ours, id);
		*count += larger[*count] != NULL;
	}
	return 0;
}

/* Reads what these objects (the second may be NULL) have to know of the kernel, and puts into
 * `watch->types` what libbpf has to. */
static int read_types(struct watch *watch, const struct bpf_object *object,
		      const struct bpf_object *other, struct kernel_types **ret_types,
		      struct error *err)
{
	size_t count = 0, own;
	char **names = NULL;
	int r = add_names(bpf_object__btf(object), &names, &count);

	if (r == 0 && other)
		r = add_names(bpf_object__btf(other), &names, &count);
	own = count;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(other_names); i++)
		names[count++] = (char *)(uintptr_t)other_names[i];
	if (r == 0)
		r = kernel_types_read(KERNEL_TYPES, (const char *const *)names, count, ret_types);
	while (own > 0)
		free(names[--own]);
	free(names);
	if (r < 0)
		return error_set_errno(err, r,
				       "the kernel describes no types (CONFIG_DEBUG_INFO_BTF)");
	if (watch->types < 0)
		return 0;
	r = kernel_types_write(*ret_types, watch->types);
	return r < 0 ? error_set_errno(err, r, "cannot keep a copy of the kernel's types") : 0;
}

/* libbpf looks for structures among all types of the kernel, which takes it 60 ms, or in our file
 * of them. */
static void make_types(struct watch *watch)
{
	close_types(watch);
	watch->types = access("/proc/self/fd", X_OK) == 0 ? memfd_create("btf", MFD_CLOEXEC) : -1;
}

static struct bpf_object_open_opts open_options(const struct watch *watch, char path[static 64])
{
	LIBBPF_OPTS(bpf_object_open_opts, options);

	snprintf(path, 64, "/proc/self/fd/%d", watch->types);
	if (watch->types >= 0)
		options.btf_custom_path = path;
	return options;
}

static struct calls_bpf *open_calls(const struct watch *watch)
{
	char path[64];
	const struct bpf_object_open_opts options = open_options(watch, path);

	return calls_bpf__open_opts(&options);
}

static struct watch_bpf *open_tasks(const struct watch *watch)
{
	char path[64];
	const struct bpf_object_open_opts options = open_options(watch, path);

	return watch_bpf__open_opts(&options);
}

/* ---- loading ---- */

/* Has them use the maps of the base, where that has them; what is set before loading is each one's
 * own. */
static int share_maps(const struct watch *watch, const struct bpf_object *object)
{
	struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);
		int fd = strstr(name, ".rodata")
				 ? -1
				 : bpf_object__find_map_fd_by_name(watch->base->obj, name);

		if (r == 0 && fd >= 0)
			r = bpf_map__reuse_fd(map, fd);
	}
	return r;
}

static void fill_calls(const struct calls_bpf *calls)
{
	watch_calls_fill((uint8_t *)calls->rodata->native_calls,
			 (uint8_t *)calls->rodata->compat_calls,
			 sizeof(calls->rodata->native_calls));
}

static int load_base(struct watch *watch, const struct watch_options *options,
		     const struct kernel_types *kernel, struct error *err)
{
	int processors = libbpf_num_possible_cpus(), r;
	struct calls_bpf *base = watch->base;
	size_t size = LEAST_BUFFER;

	if (processors < 0)
		return error_set_errno(err, processors, "cannot count the processors");
	while (size < (options->buffer ? options->buffer : DEFAULT_BUFFER) && size < 1 << 30)
		size *= 2;
	fill_calls(base);
	base->rodata->groups_v1 = has_groups_v1();
	base->rodata->oom_gives_task = mark_victim_has_task(kernel);
	watch_state_of(watch)->quiet = options->quiet;
	watch_state_of(watch)->keep_env = options->environment;
	bpf_map__set_max_entries(base->maps.ring, size);
	bpf_map__set_max_entries(base->maps.slots, processors * SLOTS_PER_CPU);
	choose_base(base, options->wanted, kernel);
	r = calls_bpf__load(base);
	if (r < 0)
		return error_set_errno(err, r, "the kernel refuses the BPF programs");
	if (bpf_program__autoload(base->progs.on_leave))
		watch->calls = base;
	if (bpf_program__autoload(base->progs.on_enter))
		watch->ids = base;
	return ring_reader_open(&watch->reader, bpf_map__fd(base->maps.ring), size, err);
}

static void configure_tasks(const struct watch *watch, const struct kernel_types *kernel)
{
	struct watch_bpf *tasks = watch->tasks;

	tasks->rodata->groups_v1 = watch->base->rodata->groups_v1;
	tasks->rodata->exit_tells_last =
		tracepoint_arguments(kernel, "btf_trace_sched_process_exit") > 1;
	if (!kernel_types_find(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC))
		return;
	tasks->rodata->cast_task_struct = kernel_types_find(kernel, "task_struct", BTF_KIND_STRUCT);
	tasks->rodata->cast_linux_binprm =
		kernel_types_find(kernel, "linux_binprm", BTF_KIND_STRUCT);
}

/* Loads `watch->tasks`, which is open, by the first of the variants that the kernel takes. */
static int load_tasks(struct watch *watch, const struct kernel_types *kernel, struct error *err)
{
	for (enum variant variant = watch->variant;; variant = watch->variant + 1) {
		int r;

		configure_tasks(watch, kernel);
		choose_tasks(watch, variant, kernel);
		r = share_maps(watch, watch->tasks->obj);
		if (r == 0)
			r = watch_bpf__load(watch->tasks);
		if (r == 0)
			return 0;
		watch_bpf__destroy(watch->tasks);
		watch->tasks = NULL;
		if (watch->variant == UNTYPED)
			return error_set_errno(err, r, "the kernel refuses the BPF programs");
		watch->tasks = open_tasks(watch);
		if (!watch->tasks)
			return error_set_errno(err, -errno, "cannot open the BPF object");
	}
}

/* What was not wanted at first. */
int watch_load_tasks(struct watch *watch, struct error *err)
{
	_cleanup_(kernel_types_freep) struct kernel_types *kernel = NULL;
	int r;

	make_types(watch);
	watch->tasks = open_tasks(watch);
	if (!watch->tasks)
		return error_set_errno(err, -errno, "cannot open the BPF object");
	r = read_types(watch, watch->tasks->obj, NULL, &kernel, err);
	if (r == 0)
		r = load_tasks(watch, kernel, err);
	close_types(watch);
	if (r < 0) {
		watch_bpf__destroy(watch->tasks);
		watch->tasks = NULL;
	}
	return r;
}

/* Loads one of the programs at the end of system calls, and the one at their begin. */
int watch_load_calls(struct watch *watch, bool ids, struct error *err)
{
	_cleanup_(kernel_types_freep) struct kernel_types *kernel = NULL;
	struct calls_bpf *calls;
	int r;

	make_types(watch);
	calls = open_calls(watch);
	r = calls ? read_types(watch, calls->obj, NULL, &kernel, err)
		  : error_set_errno(err, -errno, "cannot open the BPF object");
	if (r == 0) {
		fill_calls(calls);
		calls->rodata->groups_v1 = watch->base->rodata->groups_v1;
		choose_calls(calls, ids);
		r = share_maps(watch, calls->obj);
		if (r == 0)
			r = calls_bpf__load(calls);
		if (r < 0)
			error_set_errno(err, r,
					"the kernel refuses the BPF programs at system calls");
	}
	close_types(watch);
	if (r < 0)
		calls_bpf__destroy(calls);
	else
		*(ids ? &watch->ids : &watch->calls) = calls;
	return r;
}

int watch_load(struct watch *watch, const struct watch_options *options, struct error *err)
{
	_cleanup_(kernel_types_freep) struct kernel_types *kernel = NULL;
	bool tasks = options->wanted == 0 || options->wanted & TASKS || options->list;
	int r;

	make_types(watch);
	watch->base = open_calls(watch);
	if (watch->base && tasks)
		watch->tasks = open_tasks(watch);
	if (!watch->base || (tasks && !watch->tasks))
		return error_set_errno(err, -errno, "cannot open the BPF object");
	r = read_types(watch, watch->base->obj, watch->tasks ? watch->tasks->obj : NULL, &kernel,
		       err);
	if (r == 0)
		r = load_base(watch, options, kernel, err);
	if (r == 0 && watch->tasks)
		r = load_tasks(watch, kernel, err);
	close_types(watch);
	return r;
}
