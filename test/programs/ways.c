// SPDX-License-Identifier: MIT
/*
 * ways write|read|execute FILE FOLDER COUNT: tries COUNT times to open (or execute) FILE, in turn
 * in every way that the kernel has, and tells for each way how many tries there were, how many were
 * refused, and how many got through. FOLDER, on FILE's file system and empty, is for other names.
 * A way that this kernel has not got is told with its reason, and is no try.
 *
 * Got through is a byte written, a byte read, or a program that ran. As root.
 */
#include "util/macros.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Another name of the file, or what another way needs; made before the first try. */
static struct {
	const char *file;
	char link[4096], hard[4096], bound[4096];
	int folder_fd, path_fd, mount_fd;
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} handle;
	int ring_fd;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	struct io_uring_params ring;
} place;

/* ---- ways to open ---- */

static int by_open(int flags)
{
#ifdef SYS_open
	return (int)syscall(SYS_open, place.file, flags, 0);
#else
	return openat(AT_FDCWD, place.file, flags);
#endif
}

static int by_openat(int flags)
{
	return openat(AT_FDCWD, place.file, flags);
}

static int by_relative(int flags)
{
	return openat(place.folder_fd, strrchr(place.file, '/') + 1, flags);
}

static int by_openat2(int flags)
{
	struct open_how how = { .flags = (uint64_t)flags };

	return (int)syscall(SYS_openat2, AT_FDCWD, place.file, &how, sizeof(how));
}

/* creat(2) writes only; a reader gets what O_TRUNC leaves him: also a change, so both are refused.
 */
static int by_creat(int flags)
{
	return flags == O_RDONLY ? openat(AT_FDCWD, place.file, O_CREAT | O_RDONLY, 0600)
				 : creat(place.file, 0600);
}

static int by_append(int flags)
{
	return openat(AT_FDCWD, place.file,
		      flags == O_RDONLY ? O_RDONLY | O_NOATIME : O_WRONLY | O_APPEND);
}

static int by_read_write(int flags)
{
	(void)flags;
	return openat(AT_FDCWD, place.file, O_RDWR);
}

static int by_symlink(int flags)
{
	return openat(AT_FDCWD, place.link, flags);
}

static int by_hard_link(int flags)
{
	return openat(AT_FDCWD, place.hard, flags);
}

static int by_bind_mount(int flags)
{
	return openat(AT_FDCWD, place.bound, flags);
}

static int by_proc(int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", place.path_fd);
	return openat(AT_FDCWD, name, flags);
}

static int by_handle(int flags)
{
	return open_by_handle_at(place.mount_fd, &place.handle.handle, flags);
}

static int by_io_uring(int flags)
{
	const struct io_uring_params *ring = &place.ring;
	uint32_t *tail = (void *)(place.sq + ring->sq_off.tail);
	uint32_t *head = (void *)(place.cq + ring->cq_off.head);
	uint32_t mask = *(uint32_t *)(void *)(place.cq + ring->cq_off.ring_mask);
	const struct io_uring_cqe *done;

	memset(&place.sqes[0], 0, sizeof(place.sqes[0]));
	place.sqes[0].opcode = IORING_OP_OPENAT;
	place.sqes[0].fd = AT_FDCWD;
	place.sqes[0].addr = (uint64_t)(uintptr_t)place.file;
	place.sqes[0].open_flags = (uint32_t)flags;
	*(uint32_t *)(void *)(place.sq + ring->sq_off.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, place.ring_fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	done = (const void *)(place.cq + ring->cq_off.cqes +
			      (*head & mask) * sizeof(struct io_uring_cqe));
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	if (done->res >= 0)
		return done->res;
	errno = -done->res;
	return -1;
}

/* The 32-bit call of this processor, where the kernel runs it: fanotify sees another ABI. */
static int by_32_bit(int flags)
{
#if defined(__x86_64__)
	static char *low;
	long result;

	/* Its pointers have 32 bits. */
	if (!low)
		low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED || strlen(place.file) >= 4096) {
		errno = ENOSYS;
		return -1;
	}
	memcpy(low, place.file, strlen(place.file) + 1);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(5L), "b"(low), "c"((long)flags), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return (int)result;
	errno = (int)-result;
	return -1;
#else
	errno = ENOSYS;
	return -1;
#endif
}

struct way {
	const char *name;
	int (*open)(int flags);
};

static const struct way ways[] = {
	{ "open", by_open },
	{ "openat", by_openat },
	{ "openat, relative", by_relative },
	{ "openat2", by_openat2 },
	{ "creat", by_creat },
	{ "append", by_append },
	{ "read-write", by_read_write },
	{ "symbolic link", by_symlink },
	{ "hard link", by_hard_link },
	{ "bind mount of another namespace", by_bind_mount },
	{ "/proc/self/fd", by_proc },
	{ "open_by_handle_at", by_handle },
	{ "io_uring", by_io_uring },
	{ "32-bit call", by_32_bit },
};

/* ---- ways to execute: in the child, which is all that they return to ---- */

static char own_name[] = "ways";
static char *const words[] = { own_name, NULL };
static char *const no_words[] = { NULL };

static void execute_path(const char *path)
{
	execve(path, words, no_words);
}

static void run_path(void)
{
	execute_path(place.file);
}

static void run_relative(void)
{
	if (fchdir(place.folder_fd) == 0)
		execute_path(strrchr(place.file, '/') + 1);
}

static void run_symlink(void)
{
	execute_path(place.link);
}

static void run_hard_link(void)
{
	execute_path(place.hard);
}

static void run_bind_mount(void)
{
	execute_path(place.bound);
}

static void run_proc(void)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", place.path_fd);
	execute_path(name);
}

static void run_execveat(void)
{
	syscall(SYS_execveat, place.folder_fd, strrchr(place.file, '/') + 1, words, no_words, 0);
}

static void run_empty_path(void)
{
	syscall(SYS_execveat, place.path_fd, "", words, no_words, AT_EMPTY_PATH);
}

struct execution {
	const char *name;
	void (*run)(void);
};

static const struct execution executions[] = {
	{ "execve", run_path },
	{ "execve, relative", run_relative },
	{ "symbolic link", run_symlink },
	{ "hard link", run_hard_link },
	{ "bind mount of another namespace", run_bind_mount },
	{ "/proc/self/fd", run_proc },
	{ "execveat", run_execveat },
	{ "execveat, AT_EMPTY_PATH", run_empty_path },
};

/* ---- trying ---- */

enum outcome { REFUSED, THROUGH, CANNOT };

/* Refusals of ours are EPERM and EACCES; whatever else stands in the way is told. */
static enum outcome outcome_of(int error)
{
	return error == EPERM || error == EACCES ? REFUSED : CANNOT;
}

static enum outcome try_open(const struct way *way, bool writes)
{
	int fd = way->open(writes ? O_WRONLY : O_RDONLY);
	char byte = 'x';
	ssize_t n;

	if (fd < 0)
		return outcome_of(errno);
	n = writes ? write(fd, &byte, 1) : read(fd, &byte, 1);
	close(fd);
	/* Opened is too far already. */
	return n < 0 ? outcome_of(errno) : THROUGH;
}

static enum outcome try_execution(const struct execution *execution)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execution->run();
		_exit(errno == EPERM || errno == EACCES ? 201 : 202);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return CANNOT;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == 9 ? REFUSED : THROUGH;
	return WEXITSTATUS(status) == 201 ? REFUSED : WEXITSTATUS(status) == 202 ? CANNOT : THROUGH;
}

struct tally {
	unsigned tries, refused, through, cannot;
	int error;
};

static int tell(const char *const *names, const struct tally *tallies, size_t count)
{
	unsigned tries = 0, refused = 0, through = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tally *tally = &tallies[i];

		if (tally->cannot)
			printf("%-32s not here: %s\n", names[i], strerror(tally->error));
		else
			printf("%-32s %u tries, %u refused, %u through\n", names[i], tally->tries,
			       tally->refused, tally->through);
		tries += tally->tries;
		refused += tally->refused;
		through += tally->through;
		used += tally->tries > 0;
	}
	printf("all %u tries, %u ways, %u refused, %u through\n", tries, used, refused, through);
	return through > 0;
}

static int try_all(bool execute, bool writes, unsigned count)
{
	size_t way_count = execute ? ARRAY_SIZE(executions) : ARRAY_SIZE(ways);
	struct tally tallies[ARRAY_SIZE(ways)] = { 0 };
	const char *names[ARRAY_SIZE(ways)];

	for (size_t i = 0; i < way_count; i++)
		names[i] = execute ? executions[i].name : ways[i].name;
	for (unsigned done = 0, skipped = 0, i = 0; done < count && skipped < way_count;
	     i = (i + 1) % way_count) {
		struct tally *tally = &tallies[i];
		enum outcome outcome;

		if (tally->cannot) {
			skipped++;
			continue;
		}
		skipped = 0;
		outcome = execute ? try_execution(&executions[i]) : try_open(&ways[i], writes);
		tally->error = errno;
		tally->cannot = outcome == CANNOT;
		if (outcome == CANNOT)
			continue;
		done++;
		tally->tries++;
		tally->refused += outcome == REFUSED;
		tally->through += outcome == THROUGH;
	}
	return tell(names, tallies, way_count);
}

/* ---- preparing ---- */

static void prepare_ring(void)
{
	struct io_uring_params *ring = &place.ring;

	place.ring_fd = (int)syscall(SYS_io_uring_setup, 4, ring);
	if (place.ring_fd < 0)
		return;
	place.sq = mmap(NULL, ring->sq_off.array + ring->sq_entries * sizeof(uint32_t),
			PROT_READ | PROT_WRITE, MAP_SHARED, place.ring_fd, IORING_OFF_SQ_RING);
	place.cq = mmap(NULL, ring->cq_off.cqes + ring->cq_entries * sizeof(struct io_uring_cqe),
			PROT_READ | PROT_WRITE, MAP_SHARED, place.ring_fd, IORING_OFF_CQ_RING);
	place.sqes = mmap(NULL, ring->sq_entries * sizeof(struct io_uring_sqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED, place.ring_fd, IORING_OFF_SQES);
}

static int fail(const char *what)
{
	fprintf(stderr, "ways: %s: %s\n", what, strerror(errno));
	return 98;
}

static int prepare(const char *file, const char *folder)
{
	char above[4096];
	int mount_id;

	place.file = file;
	snprintf(above, sizeof(above), "%.*s", (int)(strrchr(file, '/') - file), file);
	snprintf(place.link, sizeof(place.link), "%s/link", folder);
	snprintf(place.hard, sizeof(place.hard), "%s/hard", folder);
	snprintf(place.bound, sizeof(place.bound), "%s/bound", folder);
	place.folder_fd = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	place.path_fd = open(file, O_PATH);
	place.mount_fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place.folder_fd < 0 || place.path_fd < 0 || place.mount_fd < 0)
		return fail(file);
	if (symlink(file, place.link) < 0 || link(file, place.hard) < 0)
		return fail(folder);
	/* A namespace of our own: nobody else sees that name. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail("a mount namespace");
	close(open(place.bound, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (mount(file, place.bound, NULL, MS_BIND, NULL) < 0)
		return fail(place.bound);
	place.handle.handle.handle_bytes = MAX_HANDLE_SZ;
	(void)name_to_handle_at(AT_FDCWD, file, &place.handle.handle, &mount_id, 0);
	prepare_ring();
	return 0;
}

int main(int argc, char **argv)
{
	bool execute = argc == 5 && streq(argv[1], "execute");
	bool writes = argc == 5 && streq(argv[1], "write");
	int r;

	if (argc != 5 || argv[2][0] != '/' || !(execute || writes || streq(argv[1], "read"))) {
		fprintf(stderr, "usage: ways write|read|execute /FILE FOLDER COUNT\n");
		return 97;
	}
	r = prepare(argv[2], argv[3]);
	return r ? r : try_all(execute, writes, (unsigned)strtoul(argv[4], NULL, 10));
}
