/* SPDX-License-Identifier: MIT */
/*
 * port-client: a controller of a port program, which measures it.
 *
 *	port-client PROGRAM calls DEPTH COUNT [IN-FLIGHT]
 *	port-client PROGRAM fork DEPTH COUNT
 *	port-client PROGRAM exec DEPTH COUNT
 *	port-client PROGRAM output DEPTH MEGABYTES
 *	port-client PROGRAM memory COUNT
 *	port-client PROGRAM children COUNT
 *	port-client PROGRAM depth COUNT
 *
 * It starts PROGRAM as Erlang's open_port does and speaks alcove's wire. DEPTH is how many control
 * processes stand between the controller's own child and the one that works. The result is one
 * line of JSON: seconds, the processor time of all control processes, microseconds of each step in
 * order of size, or KiB. It is pinned by whoever starts it, and so is all that it starts.
 */
#include "util/fd.h"
#include "util/macros.h"

#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { LARGEST = 65535, DEPTHS = 256, SAMPLES = 100000 };
enum { STDIN = 0, STDOUT = 1, STDERR = 2, PROXY = 3, CALL = 4, EVENT = 5, CTL = 6 };
enum { EXECVP = 21, EXIT = 22, FORK = 28, GETPID = 36, SETOPT = 77, UNLINK = 93 };

/* A message that has come: where from, and its type and body. */
struct message {
	uint32_t where[DEPTHS];
	size_t depth;
	unsigned type;
	const unsigned char *body;
	size_t size;
};

/* Big buffers are read into, so that the controller's own share is small and alike for all. */
static struct {
	pid_t pid;  /* what was started */
	pid_t root; /* the first control process: it, or its child where it is a guard */
	int in, out;
	uint32_t at[DEPTHS];
	size_t depth;
	unsigned char buffer[1 << 20];
	size_t begin, end;
	double us[SAMPLES];
} port;

extern char **environ;

static _noreturn_ void fail(const char *what)
{
	fprintf(stderr, "port-client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t get16(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static void put16(unsigned char *at, size_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

static void put32(unsigned char *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

static void send_bytes(const unsigned char *data, size_t size)
{
	for (ssize_t n; size > 0; size -= (size_t)n, data += n) {
		n = write(port.in, data, size);
		if (n < 0)
			fail("cannot write to the port");
	}
}

/* Wraps `size` bytes at the end of a buffer's room for the first `depth` processes of the path. */
static unsigned char *wrap(unsigned char *message, size_t size, size_t depth)
{
	while (depth-- > 0) {
		message -= 8;
		put16(message, 6 + size);
		put16(message + 2, STDIN);
		put32(message + 4, port.at[depth]);
		size += 8;
	}
	return message;
}

/* Puts a call's message together; it ends where the buffer ends. */
static size_t call_message(unsigned char buffer[LARGEST], size_t depth, unsigned call,
			   const char *term, size_t size, unsigned char **ret_begin)
{
	unsigned char *end = buffer + LARGEST, *at = end - size;

	memcpy(at, term, size);
	at -= 6;
	put16(at, 4 + size);
	put16(at + 2, CALL);
	put16(at + 4, call);
	at = wrap(at, size + 6, depth);
	*ret_begin = at;
	return (size_t)(end - at);
}

static void send_call(size_t depth, unsigned call, const char *term, size_t size)
{
	static unsigned char buffer[LARGEST];
	unsigned char *begin;
	size_t length = call_message(buffer, depth, call, term, size, &begin);

	send_bytes(begin, length);
}

static void send_plain(size_t depth, unsigned call)
{
	send_call(depth, call, "\x83\x68", 3); /* a tuple of nothing */
}

/* The next whole message, in the buffer until the next one is asked for. */
static const unsigned char *next(size_t *ret_size)
{
	for (;;) {
		size_t have = port.end - port.begin;
		ssize_t n;

		if (have >= 2 && have >= 2 + get16(port.buffer + port.begin)) {
			const unsigned char *found = port.buffer + port.begin;

			*ret_size = 2 + get16(found);
			port.begin += *ret_size;
			return found;
		}
		if (sizeof(port.buffer) - port.end < 2 * LARGEST || have == 0) {
			memmove(port.buffer, port.buffer + port.begin, have);
			port.begin = 0;
			port.end = have;
		}
		n = read(port.out, port.buffer + port.end, sizeof(port.buffer) - port.end);
		if (n == 0)
			errno = EPIPE;
		if (n <= 0)
			fail("cannot read from the port");
		port.end += (size_t)n;
	}
}

static void receive(struct message *m)
{
	size_t size;
	const unsigned char *at = next(&size);

	m->depth = 0;
	while (get16(at + 2) == PROXY) {
		m->where[m->depth++] = get32(at + 4);
		at += 8;
		size -= 8;
	}
	m->type = (unsigned)get16(at + 2);
	m->body = at + 4;
	m->size = size - 4;
	if (m->type == STDOUT || m->type == STDERR) {
		m->where[m->depth++] = get32(m->body);
		m->body += 4;
		m->size -= 4;
	}
}

/* Waits for a message of a type; what else comes is counted as seen and forgotten. */
static void await(struct message *m, unsigned type)
{
	do {
		receive(m);
		if (m->type == STDERR)
			fprintf(stderr, "%.*s", (int)m->size, (const char *)m->body);
	} while (m->type != type);
}

/* Forks at the end of the path, or at a depth; the child's number there. */
static uint32_t do_fork(size_t depth)
{
	struct message m;

	send_plain(depth, FORK);
	await(&m, CALL);
	/* {ok, Pid}: 131 104 2, the atom in one of two forms, an integer of four bytes. */
	if (m.size < 9 || m.body[1] != 104 || m.body[m.size - 5] != 98) {
		errno = EAGAIN;
		fail("fork was refused");
	}
	return get32(m.body + m.size - 4);
}

static void go_down(size_t depth)
{
	while (port.depth < depth) {
		uint32_t pid = do_fork(port.depth);

		port.at[port.depth++] = pid;
	}
}

/* setopt(Name, Value) of the root. */
static void set_option(const char *name, unsigned value)
{
	char term[64];
	struct message m;
	int n = snprintf(term, sizeof(term), "\x83\x68\x02w%c%sb", (int)strlen(name), name);

	put32((unsigned char *)term + n, value);
	send_call(0, SETOPT, term, (size_t)n + 4);
	await(&m, CALL);
}

static void execvp_at(size_t depth, const char *const words[])
{
	char term[1024] = "\x83\x68\x02";
	size_t n = 3, count = 0;

	while (words[count])
		count++;
	for (size_t i = 0; i <= count; i++) {
		const char *word = words[i > 0 ? i - 1 : 0];

		if (i == 1) {
			term[n++] = 'l';
			put32((unsigned char *)term + n, (uint32_t)count);
			n += 4;
		}
		term[n++] = 'm';
		put32((unsigned char *)term + n, (uint32_t)strlen(word));
		memcpy(term + n + 4, word, strlen(word));
		n += 4 + strlen(word);
	}
	term[n++] = 'j';
	send_call(depth, EXECVP, term, n);
}

/* The FIFO is opened and removed as alcove_drv does. */
static void handshake(const char *fifo)
{
	char term[256];
	struct message m;
	size_t size = strlen(fifo);

	await(&m, CALL);
	memcpy(term, "\x83\x68\x01m", 4);
	put32((unsigned char *)term + 4, (uint32_t)size);
	memcpy(term + 8, fifo, size);
	send_call(0, UNLINK, term, 8 + size);
	await(&m, CALL);
}

static pid_t first_process(pid_t started)
{
	char path[64], name[32] = "";
	int child = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)started);
	file = fopen(path, "re");
	if (!file || !fgets(name, sizeof(name), file))
		fail(path);
	fclose(file);
	if (!streq(name, "port-guard\n"))
		return started;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)started, (int)started);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%d", &child) != 1)
		fail(path);
	fclose(file);
	return (pid_t)child;
}

static void start(const char *program, const char *maxchild)
{
	char fifo[64];
	const char *argv[] = { program, "-c", fifo, "-m", maxchild, NULL };
	_cleanup_(closep) int in = -1, out = -1;
	posix_spawn_file_actions_t actions;
	int down[2], up[2], r;

	snprintf(fifo, sizeof(fifo), "/tmp/reeve-test-bench-%d", (int)getpid());
	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		fail("cannot make a pipe");
	in = down[0];
	out = up[1];
	port.in = down[1];
	port.out = up[0];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	r = posix_spawn(&port.pid, program, &actions, NULL, (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0) {
		errno = r;
		fail(program);
	}
	handshake(fifo);
	port.root = first_process(port.pid);
}

/* Nanoseconds of processor time of the root and of the path down to `depth`. */
static uint64_t processor_time(size_t depth)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= depth; i++) {
		char path[64];
		unsigned long long ran = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%u/schedstat",
			 i == 0 ? (unsigned)port.root : (unsigned)port.at[i - 1]);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%llu", &ran) != 1)
			fail(path);
		fclose(file);
		sum += ran;
	}
	return sum;
}

static void measure_calls(const size_t numbers[3])
{
	size_t depth = numbers[0], count = numbers[1], in_flight = MAX(numbers[2], 1);
	static unsigned char buffer[LARGEST];
	unsigned char *begin;
	size_t length, sent = 0;
	struct message m;
	uint64_t ran;
	double us;

	go_down(depth);
	length = call_message(buffer, depth, GETPID, "\x83\x68", 3, &begin);
	for (size_t i = 0; i < 200; i++) { /* warm */
		send_bytes(begin, length);
		await(&m, CALL);
	}
	ran = processor_time(depth);
	us = now_us();
	for (size_t got = 0; got < count; got++) {
		for (; sent < count && sent < got + in_flight; sent++)
			send_bytes(begin, length);
		await(&m, CALL);
		if (m.depth != depth || (depth > 0 && m.where[depth - 1] != port.at[depth - 1])) {
			errno = EPROTO;
			fail("an answer of another process");
		}
	}
	us = now_us() - us;
	ran = processor_time(depth) - ran;
	printf("{\"seconds\": %.6f, \"count\": %zu, \"cpu_us\": %.3f}\n", us / 1e6, count,
	       (double)ran / 1e3 / (double)count);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_samples(size_t count)
{
	qsort(port.us, count, sizeof(port.us[0]), by_size);
	printf("{\"us\": [");
	for (size_t i = 0; i < count; i++)
		printf("%s%.1f", i > 0 ? ", " : "", port.us[i]);
	printf("]}\n");
}

/* Each child's end, by exit, is waited for before the next one, and is not timed. */
static void measure_fork(const size_t numbers[3])
{
	size_t depth = numbers[0], count = numbers[1];
	struct message m;

	go_down(depth);
	for (size_t i = 0; i < count; i++) {
		double begin = now_us();

		port.at[depth] = do_fork(depth);
		port.us[i] = now_us() - begin;
		send_call(depth + 1, EXIT, "\x83\x68\x01\x61\0", 5);
		await(&m, EVENT);
	}
	print_samples(count);
}

static void measure_exec(const size_t numbers[3])
{
	size_t depth = numbers[0], count = numbers[1];
	static const char *const words[] = { "/bin/true", NULL };
	struct message m;

	go_down(depth);
	for (size_t i = 0; i < count; i++) {
		double begin = now_us();

		port.at[depth] = do_fork(depth);
		execvp_at(depth + 1, words);
		await(&m, EVENT);
		port.us[i] = now_us() - begin;
	}
	print_samples(count);
}

/* `depth` processes in all: the last of them is the program that writes. */
static void measure_output(const size_t numbers[3])
{
	size_t depth = numbers[0], megabytes = numbers[1];
	char count[32];
	const char *const words[] = {
		"dd", "if=/dev/zero", "bs=65536", count, "status=none", NULL
	};
	struct message m;
	uint64_t bytes = 0;
	double us;

	snprintf(count, sizeof(count), "count=%zu", megabytes * 16);
	go_down(depth);
	us = now_us();
	execvp_at(depth, words);
	do {
		receive(&m);
		if (m.type == STDOUT)
			bytes += m.size;
	} while (m.type != EVENT);
	us = now_us() - us;
	if (bytes != (uint64_t)megabytes << 20) {
		fprintf(stderr, "port-client: %zu MiB were written, %llu bytes came\n", megabytes,
			(unsigned long long)bytes);
		exit(1);
	}
	printf("{\"seconds\": %.6f, \"bytes\": %llu}\n", us / 1e6, (unsigned long long)bytes);
}

/* KiB of a line of smaps_rollup. */
static unsigned long rollup(pid_t pid, const char *key)
{
	char path[64], line[128];
	unsigned long value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		fail(path);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoul(line + strlen(key), NULL, 10);
	fclose(file);
	return value;
}

static void print_memory(const char *name, pid_t pid, const char *after)
{
	printf("\"%s\": {\"rss\": %lu, \"pss\": %lu, \"private_dirty\": %lu}%s", name,
	       rollup(pid, "Rss:"), rollup(pid, "Pss:"), rollup(pid, "Private_Dirty:"), after);
}

/* Brothers that have each answered a call, and wait; and the last of a chain. */
static void measure_memory(const size_t numbers[3])
{
	size_t count = numbers[0];
	pid_t last = 0;

	for (size_t i = 0; i < count; i++) {
		struct message m;

		port.at[0] = do_fork(0);
		send_plain(1, GETPID);
		await(&m, CALL);
		last = (pid_t)port.at[0];
	}
	printf("{");
	print_memory("root", port.root, ", ");
	print_memory("child", last, ", ");
	port.depth = 1;
	go_down(15);
	print_memory("depth15", (pid_t)port.at[14], "}\n");
}

static void measure_children(const size_t numbers[3])
{
	size_t count = numbers[0];
	double us = now_us();

	for (size_t i = 0; i < count; i++) {
		struct message m;

		port.at[0] = do_fork(0);
		send_plain(1, GETPID);
		await(&m, CALL);
	}
	printf("{\"seconds\": %.6f, \"count\": %zu}\n", (now_us() - us) / 1e6, count);
}

static void measure_depth(const size_t numbers[3])
{
	size_t count = numbers[0];
	double us = now_us();
	struct message m;

	set_option("maxforkdepth", 255);
	go_down(count);
	send_plain(count, GETPID);
	await(&m, CALL);
	printf("{\"seconds\": %.6f, \"depth\": %zu}\n", (now_us() - us) / 1e6, m.depth);
}

static const struct measurement {
	const char *name;
	void (*run)(const size_t numbers[3]);
	int arguments; /* at least */
	size_t most[2];
} measurements[] = {
	{ "calls", measure_calls, 2, { DEPTHS - 2, 100000000 } },
	{ "fork", measure_fork, 2, { DEPTHS - 2, SAMPLES } },
	{ "exec", measure_exec, 2, { DEPTHS - 2, SAMPLES } },
	{ "output", measure_output, 2, { DEPTHS - 2, 1000000 } },
	{ "memory", measure_memory, 1, { 1000, 0 } },
	{ "children", measure_children, 1, { 100000, 0 } },
	{ "depth", measure_depth, 1, { DEPTHS - 1, 0 } },
};

static _noreturn_ void usage(void)
{
	fprintf(stderr, "usage: port-client PROGRAM MEASUREMENT NUMBER [NUMBER...]\n");
	for (size_t i = 0; i < ARRAY_SIZE(measurements); i++)
		fprintf(stderr, "  %s\n", measurements[i].name);
	exit(2);
}

/* A program with many children has a descriptor for each of their streams, and so do we not. */
static const char *room_for(const char *what, size_t count, char text[32])
{
	struct rlimit files = { 8192, 8192 };
	size_t children = strcmp(what, "children") == 0 || strcmp(what, "memory") == 0 ? count : 16;

	if (children > 160)
		setrlimit(RLIMIT_NOFILE, &files);
	snprintf(text, 32, "%zu", children);
	return text;
}

int main(int argc, char **argv)
{
	size_t which = 0, numbers[3] = { 0 };
	char maxchild[32];

	if (argc < 4 || argc > 6)
		usage();
	while (which < ARRAY_SIZE(measurements) && strcmp(measurements[which].name, argv[2]) != 0)
		which++;
	if (which == ARRAY_SIZE(measurements) || argc - 3 < measurements[which].arguments)
		usage();
	for (int i = 3; i < argc; i++) {
		numbers[i - 3] = strtoul(argv[i], NULL, 10);
		if (i < 5 && numbers[i - 3] > measurements[which].most[i - 3])
			usage();
	}
	signal(SIGPIPE, SIG_IGN);
	start(argv[1], room_for(argv[2], numbers[0], maxchild));
	measurements[which].run(numbers);
	close(port.in);
	waitpid(port.pid, NULL, 0);
	return 0;
}
