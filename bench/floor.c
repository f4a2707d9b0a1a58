/* SPDX-License-Identifier: MIT */
/*
 * floor: the least that a gate can do, to know the kernel's own share of reeve's figures.
 *
 *	floor [--cpu N] [--realtime N] [--favordynmods MOUNT] [--into FOLDER]... FILE...
 *
 * Marks each FILE with FAN_OPEN_EXEC_PERM, and for every event writes the process' number into
 * FOLDER/cgroup.procs of each --into and answers FAN_ALLOW. It knows no rules, no names and no
 * policy, and keeps no account: nothing that does the job by fanotify can be cheaper.
 *
 * Prints "ready" when the marks stand. Ends at SIGTERM, and then
 * prints {"events": N, "moved": N}. With --favordynmods, the v2 hierarchy at MOUNT has that flag
 * while it runs (its effect is on every hierarchy, v1 too); from Linux 6.18 on, part of it stays in
 * force until the next boot.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

enum { MAX_GROUPS = 8 };

struct gate {
	int fan, cpu, priority;
	const char *folders[MAX_GROUPS];
	int procs[MAX_GROUPS];
	const char *flagged; /* a v2 mount that has favordynmods while this runs */
	size_t n_groups;
	unsigned long events, moved;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
	stop_asked = number;
}

static int fail(const char *what, const char *name)
{
	int r = -errno;

	fprintf(stderr, "floor: cannot %s %s: %s\n", what, name, strerror(-r));
	return r;
}

/* A remount takes the mount's own flags along, else it would clear them. */
static int set_flag(const char *point, const char *option)
{
	struct statvfs s;
	unsigned long flags = MS_REMOUNT;

	if (statvfs(point, &s) < 0)
		return fail("look at", point);
	flags |= s.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_RELATIME);
	if (mount(NULL, point, NULL, flags, option) < 0)
		return fail("remount", point);
	return 0;
}

static void put_back(const struct gate *g)
{
	if (g->flagged)
		set_flag(g->flagged, "");
}

static int open_groups(struct gate *g)
{
	for (size_t i = 0; i < g->n_groups; i++) {
		_cleanup_(closep) int folder = open(g->folders[i], O_PATH | O_CLOEXEC);

		g->procs[i] = openat(folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		if (g->procs[i] < 0)
			return fail("open cgroup.procs of", g->folders[i]);
	}
	return 0;
}

static int mark_files(struct gate *g, char **files)
{
	g->fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	if (g->fan < 0)
		return fail("start", "fanotify");
	for (; *files; files++) {
		if (fanotify_mark(g->fan, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, *files) < 0)
			return fail("mark", *files);
	}
	return 0;
}

static int settle(const struct gate *g)
{
	struct sched_param priority = { .sched_priority = g->priority };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(g->cpu < 0 ? 0 : g->cpu, &set);
	if (g->cpu >= 0 && sched_setaffinity(0, sizeof(set), &set) < 0)
		return fail("run on", "that processor");
	if (g->priority > 0 && sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		return fail("take", "real-time priority");
	if (mlockall(MCL_CURRENT) < 0)
		return fail("lock", "memory");
	return 0;
}

static void place(struct gate *g, int pid)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%d", pid);

	for (size_t i = 0; i < g->n_groups; i++)
		g->moved += write(g->procs[i], text, (size_t)size) == size;
}

static void answer_all(struct gate *g)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t size = read(g->fan, buffer, sizeof(buffer));
	struct fanotify_event_metadata *e = (void *)buffer;

	for (; size > 0 && FAN_EVENT_OK(e, size); e = FAN_EVENT_NEXT(e, size)) {
		struct fanotify_response answer = { .fd = e->fd, .response = FAN_ALLOW };

		if (e->fd < 0)
			continue;
		g->events++;
		place(g, e->pid);
		if (write(g->fan, &answer, sizeof(answer)) < 0)
			fail("answer", "an event");
		close(e->fd);
	}
}

/* Blocks in read(2), the shortest way; SIGTERM interrupts it. */
static void serve(struct gate *g)
{
	puts("ready");
	fflush(stdout);
	while (!stop_asked)
		answer_all(g);
	printf("{\"events\": %lu, \"moved\": %lu}\n", g->events, g->moved);
}

static bool parse(struct gate *g, int argc, char **argv)
{
	static const struct option options[] = { { "cpu", required_argument, NULL, 'c' },
						 { "realtime", required_argument, NULL, 'r' },
						 { "into", required_argument, NULL, 'i' },
						 { "favordynmods", required_argument, NULL, 'f' },
						 { 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == '?' || (c == 'i' && g->n_groups == MAX_GROUPS))
			return false;
		if (c == 'c')
			g->cpu = (int)strtol(optarg, NULL, 10);
		else if (c == 'r')
			g->priority = (int)strtol(optarg, NULL, 10);
		else if (c == 'f')
			g->flagged = optarg;
		else
			g->folders[g->n_groups++] = optarg;
	}
	return optind < argc;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct gate g = { .fan = -1, .cpu = -1 };

	if (!parse(&g, argc, argv)) {
		fprintf(stderr, "usage: floor [--cpu N] [--realtime N] [--favordynmods MOUNT] "
				"[--into FOLDER]... FILE...\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (open_groups(&g) < 0 || mark_files(&g, argv + optind) < 0 || settle(&g) < 0)
		return 1;
	if (g.flagged && set_flag(g.flagged, "favordynmods") < 0)
		return 1;
	serve(&g);
	put_back(&g);
	return 0;
}
