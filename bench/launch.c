// SPDX-License-Identifier: MIT
/*
 * How long a launch takes through the library, from the call to the program's first instruction
 * (CLONE_VFORK returns then) and to its end being known. The ways take turns, with a pause before
 * each round, for the kernel is slower after one than in a loop. Prints a line of JSON for each
 * way:
 * {"way": ..., "exec_us": [...], "exit_us": [...]}.
 *
 * usage: bench-launch PROGRAM ROUNDS PAUSE_MS [GROUP-FOLDER]
 *
 * PROGRAM is static, as the roots hold nothing else. GROUP-FOLDER: an empty v2 group, in which the
 * sandboxes have groups of their own.
 */
#include "launch/launch.h"
#include "launch/network-pool.h"
#include "util/host.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { LARGE_MIB = 512, ROUNDS_MAX = 2000, DENIED = 12, POOL = 4 };

enum way {
	WAY_FORK,
	WAY_PLAIN,
	WAY_COLD,
	WAY_COPY,
	WAY_PREPARED,
	WAY_FORK_LARGE,
	WAY_PLAIN_LARGE,
	WAY_PLAIN_SMALL,
	WAYS
};
static const char *const names[] = { "fork",	 "plain",	 "cold",	  "copy",
				     "prepared", "fork-512-mib", "plain-512-mib", "plain-small" };

static struct {
	char *program, *group;
	double exec_us[WAYS][ROUNDS_MAX], exit_us[WAYS][ROUNDS_MAX];
	struct launch_join joins[2];
	int base_fd;
	struct network_pool networks;
	int pool_fd; /* an empty group, made ahead */
} bench;

static const struct launch_mount root_mounts[] = {
	{ LAUNCH_MOUNT_FILESYSTEM, "/dev", "tmpfs", "tmpfs", "mode=0755", MOUNT_ATTR_NOEXEC },
	{ LAUNCH_MOUNT_DEVICE, "/dev/null", "/dev/null" },
	{ LAUNCH_MOUNT_DEVICE, "/dev/urandom", "/dev/urandom" },
	{ LAUNCH_MOUNT_DEVICE, "/dev/zero", "/dev/zero" },
	{ LAUNCH_MOUNT_FILESYSTEM, "/proc", "proc", "proc", NULL, MOUNT_ATTR_NOSUID },
	{ LAUNCH_MOUNT_BIND, "/program", NULL, .attributes = MOUNT_ATTR_RDONLY },
	{ LAUNCH_MOUNT_FILESYSTEM, "/tmp", "tmpfs", "tmpfs", "size=16m", MOUNT_ATTR_NODEV },
};
enum { MOUNT_PROC = 4, MOUNT_PROGRAM = 5 };

static _noreturn_ void stop(const char *what, const struct error *err)
{
	fprintf(stderr, "bench-launch: %s: %s\n", what, err ? error_text(err) : strerror(errno));
	exit(EXIT_FAILURE);
}

/* A range of calls is refused, as a compiled policy would have it. */
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_setup, 0, 2),
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SYS_io_setup + DENIED, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void launch(enum way way, const struct launch_plan *plan, int round)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	uint64_t begin = clock_monotonic();
	struct launch_status status;
	struct launch_child child;

	if (launch_start(plan, &child, NULL, &err) < 0)
		stop(names[way], &err);
	bench.exec_us[way][round] = (double)(clock_monotonic() - begin) / 1000;
	if (launch_wait(&child, &status) < 0 || status.exit_code != 0)
		stop("the program failed", NULL);
	bench.exit_us[way][round] = (double)(clock_monotonic() - begin) / 1000;
	launch_child_done(&child);
}

/* The way of those who do not care: fork(2) and exec. Its exec is not seen; its end is. */
static void run_fork(enum way way, int round)
{
	uint64_t begin = clock_monotonic();
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		(void)execl(bench.program, bench.program, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
		stop("fork", NULL);
	bench.exit_us[way][round] = (double)(clock_monotonic() - begin) / 1000;
	bench.exec_us[way][round] = bench.exit_us[way][round];
}

static int open_group(bool make)
{
	if (!bench.group)
		return -1;
	if (make && mkdir(bench.group, 0755) < 0)
		stop(bench.group, NULL);
	return open(bench.group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void end_group(int fd)
{
	if (fd < 0)
		return;
	close(fd);
	if (rmdir(bench.group) < 0)
		stop(bench.group, NULL);
}

/* All namespaces, a root, no rights, a filter, a group: prepared, or in a base, or in a copy of our
 * mounts, as the first launch of a plan is. */
static void run_sandbox(enum way way, int round)
{
	struct launch_mount mounts[ARRAY_SIZE(root_mounts)];
	char *argv[] = { (char[]){ "/program" }, NULL }, *envp[] = { NULL };
	struct sock_fprog program = { ARRAY_SIZE(filter), (struct sock_filter *)(uintptr_t)filter };
	const struct launch_capabilities none = { 0 };
	const struct launch_identity nobody = { true, true, true, 65534, 65534 };
	const struct launch_confinement confinement = { .no_new_privileges = true,
							.capabilities = &none,
							.seccomp = &program };
	struct launch_namespaces namespaces = {
		.unshare =
			CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
		.hostname = "box",
	};
	struct launch_file_system system = { .mounts = mounts };
	struct launch_plan plan = { .argv = argv,
				    .envp = envp,
				    .namespaces = &namespaces,
				    .file_system = &system,
				    .identity = &nobody,
				    .confinement = &confinement };
	uint64_t begin, made;

	memcpy(mounts, root_mounts, sizeof(mounts));
	mounts[MOUNT_PROGRAM].source = bench.program;
	system.mount_count = ARRAY_SIZE(root_mounts);
	if (way == WAY_PREPARED) {
		mounts[0] = root_mounts[MOUNT_PROC];
		system.mount_count = 1;
		namespaces.joins = bench.joins;
		namespaces.join_count = 2;
		plan.clone_fd = bench.pool_fd;
		bench.joins[1].fd = network_pool_take(&bench.networks);
		launch(way, &plan, round);
		close(bench.joins[1].fd);
		return;
	}
	namespaces.unshare |= CLONE_NEWNET;
	namespaces.loopback = true;
	system.root = LAUNCH_ROOT_EMPTY;
	system.base_fd = way == WAY_COLD ? &bench.base_fd : NULL;
	begin = clock_monotonic();
	plan.clone_fd = open_group(true);
	made = clock_monotonic() - begin;
	launch(way, &plan, round);
	bench.exec_us[way][round] += (double)made / 1000;
	bench.exit_us[way][round] += (double)made / 1000;
	end_group(plan.clone_fd);
}

static void prepare(void)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct launch_mount mounts[ARRAY_SIZE(root_mounts)];
	struct launch_namespaces namespaces = { .unshare = CLONE_NEWNS };
	struct launch_file_system system = { .root = LAUNCH_ROOT_EMPTY,
					     .mounts = mounts,
					     .mount_count = ARRAY_SIZE(root_mounts) };
	struct launch_plan plan = { .clone_fd = -1,
				    .namespaces = &namespaces,
				    .file_system = &system };

	memcpy(mounts, root_mounts, sizeof(mounts));
	mounts[MOUNT_PROGRAM].source = bench.program;
	if (launch_base_open(&bench.base_fd, &err) < 0)
		stop("a base", &err);
	bench.joins[0].flags = CLONE_NEWNS;
	bench.joins[1].flags = CLONE_NEWNET;
	if (launch_keep(&plan, CLONE_NEWNS, &bench.joins[0].fd, NULL, &err) < 0)
		stop("prepare", &err);
}

/* When there is time, as a resident process would. */
static void fill_pool(void)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;

	if (network_pool_fill(&bench.networks, POOL, &err) < 0)
		stop("networks", &err);
}

static void run_plain(enum way way, int round)
{
	char *argv[] = { bench.program, NULL };
	const struct launch_plan plan = { .argv = argv, .clone_fd = -1 };

	launch(way, &plan, round);
}

/* ---- does it matter how large the launching process is? ---- */

/* A process of `size` bytes more that launches when it is told to, and says how long it took. */
static int start_worker(size_t size)
{
	int ends[2];
	uint8_t way;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		stop("socketpair", NULL);
	if (fork() > 0) {
		close(ends[1]);
		return ends[0];
	}
	close(ends[0]);
	if (size > 0) {
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory == MAP_FAILED)
			stop("512 MiB", NULL);
		(void)madvise(memory, size, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < size; i += 4096)
			memory[i] = 1;
	}
	while (read(ends[1], &way, 1) == 1) {
		double taken[2];

		if (way == WAY_FORK_LARGE)
			run_fork(way, 0);
		else
			run_plain(way, 0);
		taken[0] = bench.exec_us[way][0];
		taken[1] = bench.exit_us[way][0];
		if (write(ends[1], taken, sizeof(taken)) != sizeof(taken))
			break;
	}
	_exit(EXIT_SUCCESS);
}

static void ask_worker(int worker, enum way way, int round)
{
	const uint8_t wish = (uint8_t)way;
	double taken[2];

	if (write(worker, &wish, 1) != 1 || read(worker, taken, sizeof(taken)) != sizeof(taken))
		stop("a worker has ended", NULL);
	bench.exec_us[way][round] = taken[0];
	bench.exit_us[way][round] = taken[1];
}

static void measure_sizes(int rounds, useconds_t pause)
{
	int small = start_worker(0), large = start_worker((size_t)LARGE_MIB << 20);

	/* The first answer comes when all memory is there. */
	ask_worker(large, WAY_PLAIN_LARGE, 0);
	for (int i = 0; i < rounds; i++) {
		usleep(pause);
		ask_worker(i % 2 ? small : large, i % 2 ? WAY_PLAIN_SMALL : WAY_PLAIN_LARGE, i);
		usleep(pause);
		ask_worker(i % 2 ? large : small, i % 2 ? WAY_PLAIN_LARGE : WAY_PLAIN_SMALL, i);
	}
	/* Apart, for a fork of so much leaves the processor's caches full of page tables. */
	for (int i = 0; i < rounds; i++)
		ask_worker(large, WAY_FORK_LARGE, i);
	close(small);
	close(large);
	while (wait(NULL) > 0)
		;
}

static void print_way(enum way way, int rounds)
{
	printf("{\"way\": \"%s\", \"exec_us\": [", names[way]);
	for (int i = 0; i < rounds; i++)
		printf("%s%.1f", i ? ", " : "", bench.exec_us[way][i]);
	printf("], \"exit_us\": [");
	for (int i = 0; i < rounds; i++)
		printf("%s%.1f", i ? ", " : "", bench.exit_us[way][i]);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
	useconds_t pause = argc > 3 ? (useconds_t)strtoul(argv[3], NULL, 10) * 1000 : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return EXIT_FAILURE;
	bench.program = argv[1];
	bench.group = argc > 4 ? argv[4] : NULL;
	prepare();
	for (int i = 0; i < rounds; i++) {
		usleep(pause);
		run_fork(WAY_FORK, i);
		run_plain(WAY_PLAIN, i);
		run_sandbox(i % 2 ? WAY_COLD : WAY_COPY, i);
		usleep(pause);
		run_sandbox(i % 2 ? WAY_COPY : WAY_COLD, i);
		fill_pool();
		bench.pool_fd = open_group(true);
		usleep(pause);
		run_sandbox(WAY_PREPARED, i);
		end_group(bench.pool_fd);
	}
	measure_sizes(rounds, pause);
	for (enum way way = 0; way < WAYS; way++)
		print_way(way, rounds);
	return EXIT_SUCCESS;
}
