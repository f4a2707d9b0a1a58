// SPDX-License-Identifier: MIT
/*
 * A plan is a recipe with descriptors and groups; a launch is a child with its end. All work is
 * done by launch/: this keeps what it borrows.
 */
#include "reeve/launch.h"

#include "config/profile.h"
#include "launch/account.h"
#include "launch/group-pool.h"
#include "launch/network-pool.h"
#include "launch/recipe.h"
#include "lib/sentence.h"

#include <poll.h>

enum { DESCRIPTORS_MOST = 256 };

struct reeve_plan {
	struct recipe *recipe;
	struct entrance entrance;
	struct account account;				 /* of the same folders */
	struct launch_descriptor pass[DESCRIPTORS_MOST]; /* `as` ascending */
	size_t pass_count;

	/* What makes the second launch and those after it faster. */
	unsigned roots; /* launches with a root */
	int base_fd;	/* struct launch_file_system; -1 */
	struct network_pool networks;

	bool own_groups; /* each program gets one, below those above */
	struct group_pool groups;
};

struct reeve_launch {
	struct launch_child child;
	struct account account;
	struct launch_status status;
	struct group_usage usage; /* of its groups, from the start to the end */
	struct group_place own;	  /* its own group */
	bool ended;
};

int reeve_plan_new(struct reeve_plan **ret_plan)
{
	struct reeve_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return -ENOMEM;
	plan->base_fd = -1;
	entrance_init(&plan->entrance);
	if (recipe_new(&plan->recipe) < 0) {
		reeve_plan_free(plan);
		return -ENOMEM;
	}
	*ret_plan = plan;
	return 0;
}

void reeve_plan_free(struct reeve_plan *plan)
{
	if (!plan)
		return;
	recipe_free(plan->recipe);
	entrance_done(&plan->entrance);
	account_done(&plan->account);
	network_pool_done(&plan->networks);
	group_pool_done(&plan->groups);
	closep(&plan->base_fd);
	free(plan);
}

int reeve_plan_set(struct reeve_plan *plan, const char *key, const char *value, char **ret_sentence)
{
	struct error err = ERROR_INIT;
	int r = recipe_set(plan->recipe, key, value, &err);

	return r < 0 ? sentence_give(&err, r, ret_sentence) : 0;
}

/* ---- profiles ---- */

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	return recipe_set(userdata, key, value, err);
}

/* The first mistake, as one sentence. */
static void tell_first(const struct diagnostics *diagnostics, struct error *err)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *d = &diagnostics->items[i];

		if (d->severity != SEVERITY_ERROR)
			continue;
		(void)error_set(err, -EINVAL, "%s:%u:%u: %s%s%s%s", d->file ? d->file : "", d->line,
				d->column, d->message, d->hint ? " (" : "", d->hint ? d->hint : "",
				d->hint ? ")" : "");
		return;
	}
}

int reeve_plan_profile(struct reeve_plan *plan, const char *name, char **ret_sentence)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(freep) char *path = NULL, *description = NULL;
	const struct profile_schema schema = { recipe_key_name, take, plan->recipe };
	struct error err = ERROR_INIT;
	int r = profile_find(name, &path, &err);

	if (r == 0) {
		r = profile_load(path, geteuid() == 0 ? LOAD_REQUIRE_OWNERSHIP : 0, &schema,
				 &description, &diagnostics);
		tell_first(&diagnostics, &err);
	}
	return r < 0 ? sentence_give(&err, r, ret_sentence) : 0;
}

/* ---- groups and descriptors ---- */

int reeve_plan_cgroup(struct reeve_plan *plan, const char *folder, char **ret_sentence)
{
	struct error err = ERROR_INIT;
	int r = 0;

	if (plan->own_groups)
		r = error_set(&err, -EBUSY,
			      "cannot add the group %s: programs have groups below the others "
			      "already",
			      folder);
	if (r == 0)
		r = entrance_add(&plan->entrance, folder, &err);

	if (r == 0)
		r = account_add(&plan->account, folder);
	if (r == 0)
		r = group_pool_add(&plan->groups, folder);
	return r < 0 ? sentence_give(&err, r, ret_sentence) : 0;
}

int reeve_plan_descriptor(struct reeve_plan *plan, int fd, int as)
{
	size_t at = 0;

	if (fd < 0 || as < 0)
		return -EBADF;
	if (plan->pass_count == DESCRIPTORS_MOST)
		return -EMFILE;
	while (at < plan->pass_count && plan->pass[at].as < as)
		at++;
	if (at < plan->pass_count && plan->pass[at].as == as)
		return -EEXIST;
	memmove(plan->pass + at + 1, plan->pass + at,
		(plan->pass_count - at) * sizeof(plan->pass[0]));
	plan->pass[at] = (struct launch_descriptor){ .fd = fd, .as = as };
	plan->pass_count++;
	return 0;
}

/* ---- what is made ahead ---- */

static bool may_join_network(const struct launch_plan *whole)
{
	const struct launch_namespaces *namespaces = whole->namespaces;

	return namespaces && (namespaces->unshare & CLONE_NEWNET) &&
	       !(namespaces->unshare & CLONE_NEWUSER) && !namespaces->join_count;
}

int reeve_plan_prepare(struct reeve_plan *plan, unsigned networks, char **ret_sentence)
{
	struct launch_plan whole = { .clone_fd = -1 };
	struct error err = ERROR_INIT;
	int r = recipe_plan(plan->recipe, &whole, &err);

	if (r == 0 && !may_join_network(&whole))
		r = error_set(&err, -EINVAL,
			      "network namespaces made ahead are for programs that each have their "
			      "own (unshare: net) and no user namespace");
	if (r == 0)
		r = network_pool_fill(&plan->networks, networks, &err);
	return r < 0 ? sentence_give(&err, r, ret_sentence) : 0;
}

int reeve_plan_groups(struct reeve_plan *plan, unsigned count, char **ret_sentence)
{
	struct error err = ERROR_INIT;
	int r = group_pool_fill(&plan->groups, count, &err);

	if (r < 0)
		return sentence_give(&err, r, ret_sentence);
	plan->own_groups = true;
	return 0;
}

/* The blocks of a plan that name what was made ahead, while it starts. */
struct ahead {
	struct launch_namespaces namespaces;
	struct launch_join join;
	struct launch_file_system system;
};

static void use_ahead(struct reeve_plan *plan, struct launch_plan *whole, struct ahead *ahead)
{
	/* Who launches once has nothing of it; without it a root is made as well. */
	if (whole->file_system && plan->roots < 2 && ++plan->roots == 2)
		(void)launch_base_open(&plan->base_fd, NULL);
	if (whole->file_system && plan->base_fd >= 0) {
		ahead->system = *whole->file_system;
		ahead->system.base_fd = &plan->base_fd;
		whole->file_system = &ahead->system;
	}
	ahead->join = (struct launch_join){ .fd = -1, .flags = CLONE_NEWNET };
	if (may_join_network(whole))
		ahead->join.fd = network_pool_take(&plan->networks);
	if (ahead->join.fd < 0)
		return;
	ahead->namespaces = *whole->namespaces;
	ahead->namespaces.unshare &= ~(uint64_t)CLONE_NEWNET;
	ahead->namespaces.loopback = false;
	ahead->namespaces.joins = &ahead->join;
	ahead->namespaces.join_count = 1;
	whole->namespaces = &ahead->namespaces;
}

/* ---- a launch ---- */

/* A group of its own, whose counters begin with the program. */
static int take_group(struct reeve_plan *plan, struct reeve_launch *launch,
		      struct entrance *entrance, struct error *err)
{
	_cleanup_(account_done) struct account account = { .count = 0 };
	int r = group_pool_take(&plan->groups, &launch->own, err);

	for (size_t i = 0; r == 0 && i < launch->own.count; i++) {
		r = entrance_add(entrance, launch->own.folders[i], err);
		if (r == 0)
			r = account_add(&account, launch->own.folders[i]);
	}
	return r < 0 ? r : account_begin(&account, &launch->account);
}

static int start_inside(struct reeve_plan *plan, struct launch_plan *whole,
			struct reeve_launch *launch, struct error *err)
{
	struct ahead ahead;
	int r;

	use_ahead(plan, whole, &ahead);
	r = launch_start(whole, &launch->child, NULL, err);
	closep(&ahead.join.fd);
	return r;
}

static int start_whole(struct reeve_plan *plan, struct launch_plan *whole,
		       struct reeve_launch *launch, struct error *err)
{
	struct entrance own;
	int r;

	entrance_init(&own);
	if (plan->own_groups) {
		r = take_group(plan, launch, &own, err);
		entrance_plan(&own, whole);
	} else {
		r = account_begin(&plan->account, &launch->account);
		entrance_plan(&plan->entrance, whole);
	}
	if (r == 0)
		r = start_inside(plan, whole, launch, err);
	entrance_done(&own);
	return r;
}

/* Whoever a program left in its group keeps it there. */
static bool leave_group(struct reeve_launch *launch)
{
	return group_place_remove(&launch->own) == 0;
}

int reeve_launch_start(struct reeve_plan *plan, char *const argv[],
		       struct reeve_launch **ret_launch, char **ret_sentence)
{
	const struct launch_descriptors descriptors = { .pass = plan->pass,
							.pass_count = plan->pass_count };
	struct launch_plan whole = { .argv = argv, .clone_fd = -1 };
	struct reeve_launch *launch = calloc(1, sizeof(*launch));
	struct error err = ERROR_INIT;
	int r = launch ? recipe_plan(plan->recipe, &whole, &err) : -ENOMEM;

	if (r == 0) {
		if (plan->pass_count)
			whole.descriptors = &descriptors;
		r = start_whole(plan, &whole, launch, &err);
	}
	if (r < 0) {
		if (launch) {
			(void)leave_group(launch);
			group_place_done(&launch->own);
			account_done(&launch->account);
		}
		free(launch);
		return sentence_give(&err, r, ret_sentence);
	}
	*ret_launch = launch;
	return 0;
}

pid_t reeve_launch_pid(const struct reeve_launch *launch)
{
	return launch->child.pid;
}

int reeve_launch_fd(const struct reeve_launch *launch)
{
	return launch->child.pidfd;
}

int reeve_launch_signal(const struct reeve_launch *launch, int number)
{
	return launch->ended ? -ESRCH : launch_signal(&launch->child, number);
}

static uint64_t nanoseconds(struct timeval time)
{
	return ((uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec) * 1000;
}

static uint64_t figure(const struct group_usage *usage, enum usage_bit bit, uint64_t value)
{
	return usage->known & bit ? value : REEVE_UNKNOWN;
}

static enum reeve_reason reason_of(const struct launch_status *status,
				   const struct group_usage *usage)
{
	if (!status->signal)
		return REEVE_EXITED;
	return status->signal == SIGKILL && usage->oom_kills > 0 ? REEVE_OUT_OF_MEMORY
								 : REEVE_SIGNALLED;
}

/* As much of it as the caller knows. */
static void fill_report(const struct launch_status *status, const struct group_usage *usage,
			bool group_stays, struct reeve_report *report)
{
	struct reeve_report whole = {
		.size = report->size,
		.exit_code = status->exit_code,
		.signal = status->signal,
		.wall_ns = status->wall,
		.user_ns = nanoseconds(status->usage.ru_utime),
		.system_ns = nanoseconds(status->usage.ru_stime),
		.memory_peak = (uint64_t)status->usage.ru_maxrss * 1024,
		.group_cpu_ns = figure(usage, USAGE_CPU, usage->cpu_ns),
		.group_memory_peak = figure(usage, USAGE_MEMORY_PEAK, usage->memory_peak),
		.group_oom_kills = figure(usage, USAGE_OOM_KILLS, usage->oom_kills),
		.group_pids_refused = figure(usage, USAGE_PIDS_MAX_HITS, usage->pids_max_hits),
		.reason = reason_of(status, usage),
		.group_stays = group_stays,
	};

	memcpy(report, &whole, MIN(report->size, sizeof(whole)));
}

/* 0: it has ended. */
static int wait_for_end(struct reeve_launch *launch, int timeout_ms)
{
	struct pollfd polled = { .fd = launch->child.pidfd, .events = POLLIN };
	int r = launch_poll(&launch->child, &launch->status);

	if (r != 0)
		return r < 0 ? r : 0;
	if (timeout_ms < 0)
		return launch_wait(&launch->child, &launch->status);
	if (poll(&polled, 1, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	r = launch_poll(&launch->child, &launch->status);
	return r < 0 ? r : r > 0 ? 0 : -EAGAIN;
}

int reeve_launch_wait(struct reeve_launch *launch, int timeout_ms, struct reeve_report *report)
{
	int r;

	if (report && report->size < offsetof(struct reeve_report, wall_ns))
		return -EINVAL;
	if (!launch->ended) {
		r = wait_for_end(launch, timeout_ms);
		if (r < 0)
			return r;
		launch->ended = true;
		account_read(&launch->account, &launch->usage);
		(void)leave_group(launch);
	}
	if (report)
		fill_report(&launch->status, &launch->usage, !leave_group(launch), report);
	return 0;
}

void reeve_launch_free(struct reeve_launch *launch)
{
	if (!launch)
		return;
	launch_child_done(&launch->child);
	account_done(&launch->account);
	(void)leave_group(launch);
	group_place_done(&launch->own);
	free(launch);
}
