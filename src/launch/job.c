// SPDX-License-Identifier: MIT
/* A plan made ready: everything that allocates, looks up or can be refused before a process is. */
#include "launch/job.h"

#include "launch/lookup.h"

#include <fcntl.h>
#include <sys/syscall.h>

static int failed(struct launch_failure *ret_failure, enum launch_step step, int code)
{
	if (ret_failure)
		*ret_failure = (struct launch_failure){ .step = step, .code = code };
	return code;
}

void job_done(struct job *job)
{
	for (char **program = job->programs; program && *program; program++)
		free(*program);
	free(job->programs);
	free(job->shell_argv);
	free(job->moved);
	job_mounts_free(job->mounts);
	job_maps_free(job->maps);
	job_init_free(job->init);
	closep(&job->folder_fd);
	closep(&job->procs_fd);
	closep(&job->parent_fd);
	closep(&job->kept_fd);
}

static const char *search_path_of(const struct launch_plan *plan)
{
	char *const *envp = plan->envp ? plan->envp : environ;

	if (plan->search_path)
		return plan->search_path;
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return "/bin:/usr/bin"; /* as execvp(3) */
}

/* True if the program's file system is not ours, so that looking here would say nothing. */
static bool has_other_root(const struct launch_plan *plan)
{
	const struct launch_namespaces *namespaces = plan->namespaces;

	if (plan->file_system)
		return true;
	for (size_t i = 0; namespaces && i < namespaces->join_count; i++)
		if (namespaces->joins[i].flags & CLONE_NEWNS)
			return true;
	return false;
}

static int prepare_folder(const struct launch_plan *plan, struct job *job, struct error *err)
{
	if (!plan->folder || has_other_root(plan))
		return 0;
	job->folder_fd = open(plan->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (job->folder_fd < 0)
		return error_set_errno(err, -errno, "cannot work in \"%s\"", plan->folder);
	return 0;
}

/* Every file that the name could mean there. */
static int list_programs(const char *name, const char *search_path, struct job *job,
			 struct error *err)
{
	size_t count = 1;

	for (const char *at = search_path; *at; at++)
		count += *at == ':';
	job->programs = calloc(count + 1, sizeof(char *));
	if (!job->programs)
		return error_oom(err);
	if (!*name)
		return error_set(err, -ENOENT, "the program has an empty name");
	if (strchr(name, '/')) {
		job->programs[0] = strdup(name);
		return job->programs[0] ? 0 : error_oom(err);
	}
	for (size_t i = 0; i < count; i++) {
		size_t length = strcspn(search_path, ":");

		if (asprintf(&job->programs[i], "%.*s%s%s", (int)length, search_path,
			     length ? "/" : "", name) < 0) {
			job->programs[i] = NULL;
			return error_oom(err);
		}
		search_path += length + (search_path[length] == ':');
	}
	return 0;
}

static int find_program(const struct launch_plan *plan, struct job *job, struct error *err)
{
	const char *name = plan->argv[0], *path = search_path_of(plan);

	/* Without a program there is nothing to be found. */
	if (job->keep || has_other_root(plan))
		return list_programs(name, path, job, err);
	job->programs = calloc(2, sizeof(char *));
	if (!job->programs)
		return error_oom(err);
	job->found_here = true;
	return lookup_program(name, path, job->folder_fd >= 0 ? job->folder_fd : AT_FDCWD,
			      &job->programs[0], err);
}

/* execvp(3) gives a file that is neither a binary nor has #! to the shell. */
static int prepare_shell(struct job *job, struct error *err)
{
	static char shell[] = "sh";
	size_t count = 0;

	while (job->argv[count])
		count++;
	job->shell_argv = calloc(count + 2, sizeof(char *));
	if (!job->shell_argv)
		return error_oom(err);
	job->shell_argv[0] = shell;
	for (size_t i = 1; i < count; i++)
		job->shell_argv[i + 1] = job->argv[i];
	return 0;
}

/* Only what is to be another way than here is set in the child. */
void job_look_at_signals(struct job *job)
{
	const struct launch_signals *signals = job->plan->signals;

	for (int number = 1; number < NSIG; number++) {
		uint64_t bit = UINT64_C(1) << (number - 1);
		struct sigaction now;

		if (job->ignored_bits & bit || sigaction(number, NULL, &now) < 0)
			continue; /* or it is the C library's own */
		if (now.sa_handler != SIG_DFL &&
		    (now.sa_handler != SIG_IGN || !signals || !signals->inherit))
			job->default_bits |= bit;
	}
}

static void prepare_signals(const struct launch_plan *plan, struct job *job)
{
	for (int number = 1; plan->signals && number < NSIG; number++) {
		uint64_t bit = UINT64_C(1) << (number - 1);

		if (sigismember(&plan->signals->mask, number) == 1)
			job->mask_bits |= bit;
		if (sigismember(&plan->signals->ignored, number) == 1)
			job->ignored_bits |= bit;
	}
	/* Else only handlers are to go, for which clone3(2) has a flag. */
	if (!plan->signals || !plan->signals->inherit)
		job_look_at_signals(job);
}

static int prepare_descriptors(const struct launch_plan *plan, struct job *job, struct error *err)
{
	const struct launch_descriptors *descriptors = plan->descriptors;

	if (!descriptors)
		return 0;
	for (size_t i = 1; i < descriptors->pass_count; i++)
		if (descriptors->pass[i].as <= descriptors->pass[i - 1].as)
			return error_set(err, -EINVAL,
					 "descriptors to pass on have to ascend by their new "
					 "numbers");
	job->descriptor_limit = (unsigned)MAX(sysconf(_SC_OPEN_MAX), 1024);
	job->moved = calloc(descriptors->pass_count + 1, sizeof(int));
	return job->moved ? 0 : error_oom(err);
}

/* What cannot be had together. */
static int check_namespaces(const struct launch_plan *plan, struct job *job, struct error *err)
{
	const struct launch_namespaces *namespaces = plan->namespaces;

	for (size_t i = 0; namespaces && i < namespaces->join_count; i++)
		if (namespaces->joins[i].flags & CLONE_NEWNS)
			job->joins_mounts = true;
	if (job->joins_mounts && (namespaces->unshare & CLONE_NEWUSER))
		return error_set(err, -EINVAL,
				 "a new user namespace cannot be had together with a mount "
				 "namespace that is there");
	if (namespaces && namespaces->hostname && !(namespaces->unshare & CLONE_NEWUTS))
		return error_set(err, -EINVAL,
				 "a host name of its own takes a UTS namespace of its own");
	if (namespaces && namespaces->loopback && !(namespaces->unshare & CLONE_NEWNET))
		return error_set(err, -EINVAL,
				 "a loopback of its own takes a network namespace of its own");
	return 0;
}

static int prepare_parent(const struct launch_plan *plan, struct job *job, struct error *err)
{
	bool needed =
		(plan->conditions && plan->conditions->die_with_parent) || job_needs_parent(job);

	if (!needed)
		return 0;
	job->parent_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (job->parent_fd < 0)
		return error_set_errno(err, -errno, "cannot watch this process (pidfd_open)");
	return 0;
}

static int prepare_blocks(const struct launch_plan *plan, struct job *job, struct error *err)
{
	int r = check_namespaces(plan, job, err);

	if (r == 0)
		r = job_mounts_new(plan, &job->mounts, err);
	job->has_base = r == 0 && job_can_use_base(job);
	if (r == 0)
		r = job_maps_new(plan, &job->maps, err);
	if (r == 0)
		r = job_init_new(plan, &job->init, err);
	if (r == 0)
		r = prepare_descriptors(plan, job, err);
	if (r == 0)
		r = prepare_parent(plan, job, err);
	return r;
}

int job_init(const struct launch_plan *plan, int keep, struct job *job,
	     struct launch_failure *ret_failure, struct error *err)
{
	int r;

	*job = (struct job){ .plan = plan,
			     .argv = plan->argv,
			     .envp = plan->envp ? plan->envp : environ,
			     .keep = keep,
			     .kept_fd = -1,
			     .folder_fd = -1,
			     .procs_fd = -1,
			     .parent_fd = -1 };
	if (!plan->argv || !plan->argv[0])
		return failed(ret_failure, LAUNCH_LOOKUP,
			      error_set(err, -EINVAL, "no program is named"));
	r = prepare_folder(plan, job, err);
	if (r < 0)
		return failed(ret_failure, LAUNCH_FOLDER, r);
	r = find_program(plan, job, err);
	if (r < 0)
		return failed(ret_failure, r == -ENOMEM ? LAUNCH_CLONE : LAUNCH_LOOKUP, r);
	r = prepare_shell(job, err);
	if (r == 0)
		r = prepare_blocks(plan, job, err);
	if (r < 0)
		return failed(ret_failure, LAUNCH_CLONE, r);
	prepare_signals(plan, job);
	return 0;
}
