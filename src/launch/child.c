// SPDX-License-Identifier: MIT
/*
 * The new process, from its birth to the program's first instruction: a table of steps, each of
 * which does what its block of the plan says. It runs in its parent's memory (launch.c tells why),
 * so it makes system calls and nothing else, and a step that fails leaves its name and errno there.
 *
 * The order: groups before anything that could be slow or limited; what needs this /proc before
 * the root changes; what needs privileges before they go; what forbids system calls last.
 */
#include "launch/job.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/securebits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

/* What the kernel takes; its restorer and mask are nothing for an action without a handler. */
struct kernel_action {
	void (*handler)(int);
	unsigned long rest[3];
};

enum { SIGNAL_SET_SIZE = 8, IOPRIO_OF_PROCESS = 1, FUTEX_WAIT_NS = 200000000 };

static int enter(int fd)
{
	long r = fd < 0 ? 1 : raw(SYS_write, fd, "0", 1);

	return r == 1 ? 0 : r < 0 ? (int)r : -EIO;
}

static int step_enter(struct job *job)
{
	int r = enter(job->procs_fd);

	for (size_t i = 0; r == 0 && i < job->plan->tasks_count; i++)
		r = enter(job->plan->tasks_fds[i]);
	return r;
}

static int step_join(struct job *job)
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;
	int r = 0;

	for (size_t i = 0; namespaces && r == 0 && i < namespaces->join_count; i++) {
		int flags =
			namespaces->joins[i].flags & ~job_parent_joins(job, &namespaces->joins[i]);

		job->item = i;
		if (flags)
			r = (int)raw(SYS_setns, namespaces->joins[i].fd, flags);
	}
	return r;
}

size_t child_write_number(char *text, int number)
{
	char digits[12];
	size_t count = 0, length = 0;
	unsigned rest = number < 0 ? 0u - (unsigned)number : (unsigned)number;

	do
		digits[count++] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		text[length++] = '-';
	while (count)
		text[length++] = digits[--count];
	text[length] = '\0';
	return length;
}

static int step_oom_score(struct job *job)
{
	const struct launch_conditions *conditions = job->plan->conditions;
	char text[12];
	size_t size;
	long fd, r;

	if (!conditions || !conditions->set_oom_score)
		return 0;
	size = child_write_number(text, conditions->oom_score);
	fd = raw(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return (int)fd;
	r = raw(SYS_write, fd, text, size);
	(void)raw(SYS_close, fd);
	return r < 0 ? (int)r : 0;
}

static int step_scheduling(struct job *job)
{
	const struct launch_conditions *conditions = job->plan->conditions;
	long r = 0;

	if (!conditions)
		return 0;
	if (conditions->affinity) {
		job->doing = "the processors (affinity)";
		r = raw(SYS_sched_setaffinity, 0, conditions->affinity_size, conditions->affinity);
	}
	if (r == 0 && conditions->set_io_priority) {
		job->doing = "the io priority";
		r = raw(SYS_ioprio_set, IOPRIO_OF_PROCESS, 0, conditions->io_priority);
	}
	if (r == 0 && conditions->set_nice) {
		job->doing = "the nice value";
		r = raw(SYS_setpriority, PRIO_PROCESS, 0, conditions->nice);
	}
	if (r == 0 && conditions->scheduling) {
		job->doing = "the scheduling policy";
		r = raw(SYS_sched_setattr, 0, conditions->scheduling, 0);
	}
	return (int)r;
}

/* The kernel's are 64 bits wide, on all processors. */
static long set_rlimit(int resource, uint64_t soft, uint64_t hard)
{
	const uint64_t limit[2] = { soft, hard };

	return raw(SYS_prlimit64, 0, resource, limit, NULL);
}

/*
 * Descriptors are raised here and lowered late: until the program is executed, the table is a copy
 * of the launcher's, which may hold more of them than the program is to have.
 */
static long raise_rlimit(const struct launch_rlimit *row)
{
	uint64_t now[2], soft = row->limit.rlim_cur, hard = row->limit.rlim_max;
	long r;

	if (row->resource == RLIMIT_NOFILE) {
		r = raw(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, now);
		if (r < 0)
			return r;
		soft = MAX(soft, now[0]);
		hard = MAX(hard, soft);
	}
	return set_rlimit(row->resource, soft, hard);
}

static int step_rlimits(struct job *job)
{
	const struct launch_conditions *conditions = job->plan->conditions;
	long r = 0;

	for (size_t i = 0; conditions && r == 0 && i < conditions->rlimit_count; i++) {
		job->item = i;
		r = raise_rlimit(&conditions->rlimits[i]);
	}
	return (int)r;
}

/* After the last that opens anything; of two limits the later one holds. */
int child_lower_rlimits(struct job *job)
{
	const struct launch_conditions *conditions = job->plan->conditions;
	const struct launch_rlimit *files = NULL;

	for (size_t i = 0; conditions && i < conditions->rlimit_count; i++) {
		if (conditions->rlimits[i].resource != RLIMIT_NOFILE)
			continue;
		files = &conditions->rlimits[i];
		job->item = i;
	}
	return files ? (int)set_rlimit(RLIMIT_NOFILE, files->limit.rlim_cur, files->limit.rlim_max)
		     : 0;
}

static int step_session(struct job *job)
{
	const struct launch_conditions *conditions = job->plan->conditions;
	long r = 0;

	if (conditions && conditions->new_session)
		r = raw(SYS_setsid);
	else if (conditions && conditions->new_group)
		r = raw(SYS_setpgid, 0, 0);
	return r < 0 ? (int)r : 0;
}

/* After the groups: what is in them at this moment is the namespace's root. */
static int step_unshare(struct job *job)
{
	const struct launch_namespaces *namespaces = job->plan->namespaces;
	uint64_t late = namespaces ? namespaces->unshare & LAUNCH_UNSHARE_LATE : 0;

	/* A namespace of mounts that was joined is used by others: the mounts go into a copy. */
	if (namespaces && (namespaces->unshare & CLONE_NEWNS) && job->joins_mounts)
		late |= CLONE_NEWNS;
	return late ? (int)raw(SYS_unshare, late) : 0;
}

/* ---- descriptors ---- */

/* Above all numbers that are wanted, so that none overwrites what a later one needs. */
static int move_up(struct job *job, int above)
{
	const struct launch_descriptors *descriptors = job->plan->descriptors;

	for (size_t i = 0; i < descriptors->pass_count; i++) {
		long fd = raw(SYS_fcntl, descriptors->pass[i].fd, F_DUPFD_CLOEXEC, above);

		job->item = i;
		if (fd < 0)
			return (int)fd;
		job->moved[i] = (int)fd;
	}
	return 0;
}

/*
 * Marked, not closed: what this process itself still needs is marked already, and the marks take
 * effect when the program is executed.
 */
static void close_between(unsigned first, unsigned last, unsigned limit)
{
	long r = raw(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC);

	/* Before 5.11 there is no such flag. */
	for (unsigned fd = first; r < 0 && fd <= MIN(last, limit); fd++)
		(void)raw(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

/* Where only the namespaces were wanted, this is the end. */
static int step_keep(struct job *job)
{
	int r;

	if (!job->keep)
		return 0;
	job->made = true;
	r = job_ask(job);
	return r < 0 ? r : 1;
}

static int step_descriptors(struct job *job)
{
	const struct launch_descriptors *descriptors = job->plan->descriptors;
	unsigned next = STDERR_FILENO + 1;
	int r;

	if (!descriptors)
		return 0;
	if (descriptors->pass_count > 0) {
		r = move_up(job, descriptors->pass[descriptors->pass_count - 1].as + 1);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < descriptors->pass_count; i++) {
		int as = descriptors->pass[i].as;
		long fd = raw(SYS_dup3, job->moved[i], as, 0);

		job->item = i;
		if (fd < 0)
			return (int)fd;
		if (descriptors->close_others && (unsigned)as > next)
			close_between(next, (unsigned)as - 1, job->descriptor_limit);
		next = MAX(next, (unsigned)as + 1);
	}
	if (descriptors->close_others)
		close_between(next, ~0U, job->descriptor_limit);
	return 0;
}

static int step_terminal(struct job *job)
{
	if (!job->plan->conditions || !job->plan->conditions->terminal)
		return 0;
	return (int)raw(SYS_ioctl, STDIN_FILENO, TIOCSCTTY, 0);
}

static int step_folder(struct job *job)
{
	if (job->folder_fd >= 0)
		return (int)raw(SYS_fchdir, job->folder_fd);
	return job->plan->folder ? (int)raw(SYS_chdir, job->plan->folder) : 0;
}

/* ---- privileges ---- */

static const struct launch_capabilities *capabilities_of(const struct job *job)
{
	const struct launch_confinement *confinement = job->plan->confinement;

	return confinement ? confinement->capabilities : NULL;
}

static int step_bounding(struct job *job)
{
	const struct launch_capabilities *capabilities = capabilities_of(job);
	const struct launch_identity *identity = job->plan->identity;

	if (!capabilities)
		return 0;
	for (unsigned i = 0; i < 64; i++) {
		long r;

		if (capabilities->bounding >> i & 1)
			continue;
		r = raw(SYS_prctl, PR_CAPBSET_DROP, i, 0, 0, 0);
		if (r == -EINVAL)
			break; /* the kernel's last one was the one before */
		if (r < 0)
			return (int)r;
	}
	/* Who leaves user 0 keeps the sets for a moment, for the permitted one to be made of it. */
	if (identity && identity->set_user)
		return (int)raw(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	return 0;
}

static int step_identity(struct job *job)
{
	const struct launch_identity *identity = job->plan->identity;
	long r = 0;

	if (!identity)
		return 0;
	if (identity->set_groups) {
		job->doing = "its supplementary groups";
		r = raw(SYS_setgroups, identity->group_count, identity->groups);
	}
	if (r == 0 && identity->set_group) {
		job->doing = "its group";
		r = raw(SYS_setresgid, identity->group, identity->group, identity->group);
	}
	if (r == 0 && identity->set_user) {
		job->doing = "its user";
		r = raw(SYS_setresuid, identity->user, identity->user, identity->user);
	}
	return (int)r;
}

static int raise_ambient(uint64_t ambient)
{
	long r = raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	for (unsigned i = 0; r == 0 && i < 64; i++)
		if (ambient >> i & 1)
			r = raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
	return (int)r;
}

static int step_capabilities(struct job *job)
{
	const struct launch_capabilities *capabilities = capabilities_of(job);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t permitted;
	long r;

	if (!capabilities)
		return 0;
	if (capabilities->secure_bits) {
		job->doing = "the secure bits";
		r = raw(SYS_prctl, PR_SET_SECUREBITS, capabilities->secure_bits, 0, 0, 0);
		if (r < 0)
			return (int)r;
	}
	permitted = capabilities->permitted;
	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(permitted >> 32 * i),
			.permitted = (uint32_t)(permitted >> 32 * i),
			.inheritable = (uint32_t)(capabilities->inheritable >> 32 * i),
		};
	job->doing = "the capabilities";
	r = raw(SYS_capset, &header, data);
	if (r < 0)
		return (int)r;
	job->doing = "the ambient capabilities";
	return raise_ambient(capabilities->ambient);
}

/* Who has ended before the kernel was told to look does not end again. */
static int step_parent(struct job *job)
{
	const struct launch_conditions *conditions = job->plan->conditions;
	struct pollfd parent = { .fd = job->parent_fd, .events = POLLIN };
	struct timespec now = { 0 };
	long r;

	if (!conditions || !conditions->die_with_parent)
		return 0;
	r = raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (r == 0 && job->parent_fd >= 0)
		r = raw(SYS_ppoll, &parent, 1, &now, NULL, 0);
	return r > 0 ? -ESRCH : (int)r;
}

static int step_privileges(struct job *job)
{
	const struct launch_confinement *confinement = job->plan->confinement;

	if (!confinement || !confinement->no_new_privileges)
		return 0;
	return (int)raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void set_signals(const struct job *job)
{
	const struct kernel_action defaults = { .handler = SIG_DFL };
	const struct kernel_action ignore = { .handler = SIG_IGN };

	for (int number = 1; number < NSIG; number++) {
		const struct kernel_action *action = NULL;

		if (job->default_bits >> (number - 1) & 1)
			action = &defaults;
		else if (job->ignored_bits >> (number - 1) & 1)
			action = &ignore;
		if (action)
			(void)raw(SYS_rt_sigaction, number, action, NULL, SIGNAL_SET_SIZE);
	}
	(void)raw(SYS_rt_sigprocmask, SIG_SETMASK, &job->mask_bits, NULL, SIGNAL_SET_SIZE);
}

static int step_seccomp(struct job *job)
{
	const struct launch_confinement *confinement = job->plan->confinement;
	const struct launch_conditions *conditions = job->plan->conditions;

	/* The last that is no call to be judged. */
	if (conditions && conditions->set_umask)
		(void)raw(SYS_umask, conditions->umask);
	if (conditions && conditions->pid_text)
		(void)child_write_number(conditions->pid_text, (int)raw(SYS_getpid));
	set_signals(job);
	if (!confinement || !confinement->seccomp)
		return 0;
	return (int)raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, confinement->seccomp_flags,
			confinement->seccomp);
}

/* The errors with which a search goes on, as execvp(3) does. */
static bool is_elsewhere(long code)
{
	return code == -ENOENT || code == -ENOTDIR || code == -EACCES || code == -ENODEV ||
	       code == -ESTALE || code == -ETIMEDOUT;
}

static int step_exec(struct job *job)
{
	long first = -ENOENT;

	for (char **program = job->programs; *program; program++) {
		long r = raw(SYS_execve, *program, job->argv, job->envp);

		if (r == -ENOEXEC) {
			job->shell_argv[1] = *program;
			r = raw(SYS_execve, "/bin/sh", job->shell_argv, job->envp);
		}
		if (r != -ENOENT && r != -ENOTDIR && first == -ENOENT) {
			first = r;
			job->program = *program;
		}
		if (!is_elsewhere(r))
			break;
	}
	return (int)first;
}

static const struct {
	enum launch_step step;
	int (*take)(struct job *job);
} steps[] = {
	{ LAUNCH_ENTER, step_enter },
	{ LAUNCH_MAPS, child_maps },
	{ LAUNCH_JOIN, step_join },
	{ LAUNCH_OOM_SCORE, step_oom_score },
	{ LAUNCH_SCHEDULING, step_scheduling },
	{ LAUNCH_RLIMITS, step_rlimits },
	{ LAUNCH_SESSION, step_session },
	{ LAUNCH_UNSHARE, step_unshare },
	{ LAUNCH_SETTINGS, child_settings },
	{ LAUNCH_ROOT, child_root },
	{ LAUNCH_MOUNTS, child_mounts },
	{ LAUNCH_PIVOT, child_pivot },
	{ LAUNCH_NETWORK, child_network },
	{ LAUNCH_HOSTNAME, child_hostname },
	{ LAUNCH_KEEP, step_keep },
	{ LAUNCH_DESCRIPTORS, step_descriptors },
	{ LAUNCH_TERMINAL, step_terminal },
	{ LAUNCH_BOUNDING, step_bounding },
	{ LAUNCH_IDENTITY, step_identity },
	{ LAUNCH_FOLDER, step_folder },
	{ LAUNCH_CAPABILITIES, step_capabilities },
	{ LAUNCH_PARENT, step_parent },
	{ LAUNCH_PRIVILEGES, step_privileges },
	{ LAUNCH_INIT, child_init },
	{ LAUNCH_LANDLOCK, child_landlock },
	{ LAUNCH_RLIMITS, child_lower_rlimits },
	{ LAUNCH_SECCOMP, step_seccomp },
	{ LAUNCH_EXEC, step_exec },
};

static int take_steps(struct job *job, size_t first)
{
	for (size_t i = first; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i].take(job);

		if (r > 0)
			return 0;
		if (r < 0) {
			job->failure = (struct launch_failure){ .step = steps[i].step, .code = r };
			return LAUNCH_EXIT_FAILED;
		}
	}
	return LAUNCH_EXIT_FAILED;
}

int child_steps_after(struct job *job, enum launch_step step)
{
	size_t i = 0;

	while (steps[i].step != step)
		i++;
	return take_steps(job, i + 1);
}

int child_main(void *argument)
{
	struct job *job = argument;

	__atomic_store_n(&job->begun, true, __ATOMIC_SEQ_CST);
	return take_steps(job, 0);
}

int job_ask(struct job *job)
{
	const struct timespec pause = { .tv_nsec = FUTEX_WAIT_NS };
	struct pollfd parent = { .fd = job->parent_fd, .events = POLLIN };
	struct timespec now = { 0 };

	__atomic_store_n(&job->word, JOB_ASKS, __ATOMIC_SEQ_CST);
	(void)raw(SYS_futex, &job->word, FUTEX_WAKE, 1);
	while (__atomic_load_n(&job->word, __ATOMIC_SEQ_CST) == JOB_ASKS) {
		(void)raw(SYS_futex, &job->word, FUTEX_WAIT, JOB_ASKS, &pause);
		/* Nobody is left to answer. */
		if (raw(SYS_ppoll, &parent, 1, &now, NULL, 0) > 0)
			return -ESRCH;
	}
	return job->answer;
}
