/* SPDX-License-Identifier: MIT */
/*
 * Programs in groups, namespaces and roots of their own, confined and held to limits, without
 * another program between: the caller is their parent. reeve(1) has the keys below LAUNCH.
 *
 * Functions return 0 or a negative errno. Those with `ret_sentence` then set it to what went
 * wrong, for people: the caller frees it; NULL is allowed, and without memory it is NULL. A plan
 * or a launch is used by one thread at a time; different ones by different threads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How programs are to run; one plan can start any number of them. */
struct reeve_plan;
int reeve_plan_new(struct reeve_plan **ret_plan);
void reeve_plan_free(struct reeve_plan *plan); /* NULL is allowed */

/*
 * One option of `reeve run` by its name, with its value ("yes" for one that has none): "bind",
 * "/data:/srv". -EINVAL: no such key, or no such value.
 */
int reeve_plan_set(struct reeve_plan *plan, const char *key, const char *value,
		   char **ret_sentence);

/* All that a profile says (reeve-profile(5)), by name or path. One with limits is -EINVAL: they
 * are a group's, which reeve_plan_cgroup() takes. */
int reeve_plan_profile(struct reeve_plan *plan, const char *name, char **ret_sentence);

/* The program is born in this cgroup, a folder of v2 or v1; once for each hierarchy. The folder is
 * opened now. */
int reeve_plan_cgroup(struct reeve_plan *plan, const char *folder, char **ret_sentence);

/* `fd` is the program's descriptor `as`: taken when it starts, not closed here. Those that are not
 * named stay if they are not O_CLOEXEC. -EEXIST: `as` is taken. */
int reeve_plan_descriptor(struct reeve_plan *plan, int fd, int as);

/*
 * Makes network namespaces ahead, until there are `networks` (at most 64): each start takes one
 * that nobody has been in, and makes its own only when none is left. Nothing is made by itself:
 * call it again after starts, when there is time. They last until reeve_plan_free(). -EINVAL: too
 * many, or the plan's programs share a network, or have a user namespace of their own, to which it
 * would not belong.
 */
int reeve_plan_prepare(struct reeve_plan *plan, unsigned networks, char **ret_sentence);

/*
 * Each program gets a group of its own, below all those of reeve_plan_cgroup(), whose limits hold
 * it; until there are `count` (at most 64; 0 is fine), they are made ahead, and a start that finds
 * none makes its own. It is removed when the program's end is seen, and again tried to be whenever
 * that is asked for. After this no cgroup can be added. -EINVAL: too many, or the plan has no
 * cgroup; or why none can be made there.
 */
int reeve_plan_groups(struct reeve_plan *plan, unsigned count, char **ret_sentence);

/* A program that was started. */
struct reeve_launch;

/*
 * Returns when its first instruction is next. `argv` ends with NULL; argv[0] is looked up in PATH.
 * The process must not ignore SIGCHLD, nor wait for children that it does not know (wait(-1)).
 */
int reeve_launch_start(struct reeve_plan *plan, char *const argv[],
		       struct reeve_launch **ret_launch, char **ret_sentence);

pid_t reeve_launch_pid(const struct reeve_launch *launch);
/* A pidfd: readable when the program has ended. Owned by the launch. */
int reeve_launch_fd(const struct reeve_launch *launch);
int reeve_launch_signal(const struct reeve_launch *launch, int number);

/* Why it ended. */
enum reeve_reason {
	REEVE_EXITED,	     /* by itself */
	REEVE_SIGNALLED,     /* by a signal */
	REEVE_OUT_OF_MEMORY, /* by SIGKILL, and the kernel has killed in its groups for memory */
};

/* Set `size` to sizeof(struct reeve_report): a later library fills only what is there. */
struct reeve_report {
	size_t size;
	int exit_code; /* the program's own, or 128 + signal */
	int signal;    /* that ended it, or 0 */
	uint64_t wall_ns;
	uint64_t user_ns, system_ns; /* with the children that it waited for */
	uint64_t memory_peak;	     /* bytes: the largest of these processes */

	/*
	 * Of all in the plan's groups (reeve_plan_cgroup()) since the start, whoever waited for
	 * them; REEVE_UNKNOWN where there is no group that tells. The peak is the group's own, of
	 * its whole life.
	 */
	uint64_t group_cpu_ns, group_memory_peak;
	uint64_t
		group_oom_kills; /* processes that the kernel killed, for memory was at its limit */
	uint64_t group_pids_refused; /* forks that the limit of tasks refused */
	enum reeve_reason reason;
	int group_stays; /* processes that it left behind are in the group of its own */
};
#define REEVE_UNKNOWN UINT64_MAX

/* -EAGAIN: it has not ended within timeout_ms (0: does not wait; -1: for ever). The report (NULL:
 * not wanted) of one that has ended can be asked for again. -EINVAL: its `size` is none. */
int reeve_launch_wait(struct reeve_launch *launch, int timeout_ms, struct reeve_report *report);

/* Forgets it. One that still runs is left to run; its end stays to be waited for by its number.
 * NULL is allowed. */
void reeve_launch_free(struct reeve_launch *launch);

#ifdef __cplusplus
}
#endif
