/* SPDX-License-Identifier: MIT */
/*
 * port-client-json: a controller that speaks --protocol json, and measures it.
 *
 *	port-client-json PROGRAM DEPTH COUNT
 *
 * It has a process of that depth say its number again and again, one call after the other. The
 * result is as that of bench-port-client, with the processor time of the port's own process and of
 * the control processes.
 */
#include "util/fd.h"
#include "util/macros.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

enum { DEPTHS = 255 };

static struct {
	pid_t pid;
	int in;
	FILE *out;
	long at[DEPTHS];
	size_t depth;
	char line[65536];
} port;

extern char **environ;

static _noreturn_ void fail(const char *what)
{
	fprintf(stderr, "port-client-json: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* A call without arguments to the last process of the path: a line, and its size. */
static size_t request(char *line, size_t room, const char *call)
{
	size_t size = (size_t)snprintf(line, room, "{\"id\":1,\"call\":\"%s\",\"at\":[", call);

	for (size_t i = 0; i < port.depth; i++)
		size += (size_t)snprintf(line + size, room - size, "%s%ld", i > 0 ? "," : "",
					 port.at[i]);
	return size + (size_t)snprintf(line + size, room - size, "]}\n");
}

/* The number behind "ok" in the next reply. */
static long reply(void)
{
	const char *ok;

	do {
		if (!fgets(port.line, sizeof(port.line), port.out)) {
			errno = EPIPE;
			fail("the port has ended");
		}
	} while (!strstr(port.line, "\"id\":"));
	ok = strstr(port.line, "\"ok\":");
	if (!ok) {
		fprintf(stderr, "port-client-json: the port answered %s", port.line);
		exit(1);
	}
	return strtol(ok + strlen("\"ok\":"), NULL, 10);
}

static void put(const char *line, size_t size)
{
	if (write(port.in, line, size) != (ssize_t)size)
		fail("cannot write to the port");
}

static void start(const char *program)
{
	const char *argv[] = { program, "--protocol", "json", NULL };
	_cleanup_(closep) int in = -1, out = -1;
	posix_spawn_file_actions_t actions;
	int down[2], up[2], r;

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		fail("cannot make a pipe");
	in = down[0];
	out = up[1];
	port.in = down[1];
	port.out = fdopen(up[0], "r");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	r = posix_spawn(&port.pid, program, &actions, NULL, (char **)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	errno = r;
	if (r != 0 || !port.out)
		fail(program);
}

static void go_down(size_t depth)
{
	char line[4096];

	while (port.depth < depth) {
		put(line, request(line, sizeof(line), "fork"));
		port.at[port.depth] = reply();
		port.depth++;
	}
}

static unsigned long long ran(pid_t pid)
{
	unsigned long long nanoseconds = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &nanoseconds) != 1)
		fail(path);
	fclose(file);
	return nanoseconds;
}

/* The port's own process, the first control process, which tells its number, and those below. */
static unsigned long long processor_time(pid_t root)
{
	unsigned long long sum = ran(port.pid);

	if (root != port.pid)
		sum += ran(root);
	for (size_t i = 0; i < port.depth; i++)
		sum += ran((pid_t)port.at[i]);
	return sum;
}

int main(int argc, char **argv)
{
	size_t depth, count, size;
	unsigned long long cpu;
	char line[4096];
	pid_t root;
	double us;

	if (argc != 4) {
		fprintf(stderr, "usage: port-client-json PROGRAM DEPTH COUNT\n");
		return 2;
	}
	depth = MIN(strtoul(argv[2], NULL, 10), (size_t)DEPTHS);
	count = strtoul(argv[3], NULL, 10);
	start(argv[1]);
	put(line, request(line, sizeof(line), "getpid"));
	root = (pid_t)reply();
	go_down(depth);
	size = request(line, sizeof(line), "getpid");
	cpu = processor_time(root);
	us = now_us();
	for (size_t i = 0; i < count; i++) {
		put(line, size);
		if (depth > 0 && reply() != port.at[depth - 1])
			fail("an answer of another process");
		else if (depth == 0)
			(void)reply();
	}
	us = now_us() - us;
	cpu = processor_time(root) - cpu;
	printf("{\"seconds\": %.6f, \"count\": %zu, \"cpu_us\": %.3f}\n", us / 1e6, count,
	       (double)cpu / 1e3 / (double)count);
	close(port.in);
	waitpid(port.pid, NULL, 0);
	return 0;
}
