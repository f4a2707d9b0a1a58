// SPDX-License-Identifier: MIT
/*
 * probe [COMMAND [ARGUMENT...]]: a witness for the end-to-end tests. The first thing that it does
 * is to read /proc/self/cgroup; without a command it prints in which group of the instance
 * $E2E_NAME that was, and ends. A copy of it under any name is as good: it takes only words of its
 * tables as commands, so that it can be an interpreter, too.
 *
 * With $E2E_COUNT, a group counts only when it is the same in exactly so many hierarchies.
 */
#include "probe.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

static char at_first[8192];

static void read_where(char *text, size_t room)
{
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, room - 1);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* Takes `text` apart, which is that of /proc/self/cgroup. */
static const char *parse_where(char *text)
{
	static char answer[320];
	const char *name = getenv("E2E_NAME"), *wanted = getenv("E2E_COUNT");
	char below[300], *save = NULL;
	long found = 0;

	snprintf(below, sizeof(below), "/%s/", name ? name : "?");
	memcpy(answer, "-", sizeof("-"));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = strstr(line, below);

		if (!at)
			continue;
		at += strlen(below);
		if (found > 0 && !streq(at, answer))
			return "mixed";
		snprintf(answer, sizeof(answer), "%s", at);
		found++;
	}
	if (found > 0 && wanted && strtol(wanted, NULL, 10) != found)
		snprintf(answer + strlen(answer), sizeof(answer) - strlen(answer), "(%ld of %s)",
			 found, wanted);
	return answer;
}

const char *probe_where(void)
{
	char text[8192];

	read_where(text, sizeof(text));
	return parse_where(text);
}

const char *probe_first(void)
{
	static char first[320];
	char copy[sizeof(at_first)];

	memcpy(copy, at_first, sizeof(copy));
	snprintf(first, sizeof(first), "%s", parse_where(copy));
	return first;
}

void probe_say(const char *format, ...)
{
	const char *file = getenv("E2E_OUT");
	char line[1024];
	int fd = file ? open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : 1;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	n = MIN(n, (int)sizeof(line) - 2);
	line[n++] = '\n';
	if (write(fd, line, (size_t)n) != n)
		_exit(99);
	if (file)
		close(fd);
}

static void sleep_ms(long ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

int probe_wait_back(const char *word, const char *wanted)
{
	const char *now = probe_where();

	for (int i = 0; i < 400 && !streq(now, wanted); i++) {
		sleep_ms(5);
		now = probe_where();
	}
	probe_say("%s %s", word, now);
	return streq(now, wanted) ? 0 : 1;
}

/* ---- commands ---- */

/* hold MS [MARKER]: is there for so long; says where it is at both ends. */
static int hold(int argc, char **argv)
{
	probe_say("%s", probe_first());
	if (argc > 1)
		close(open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
	sleep_ms(strtol(argv[0], NULL, 10));
	probe_say("%s", probe_where());
	return 0;
}

/* marker FILE: makes it, and that is all: the first thing that others see of this program. */
static int marker(int argc, char **argv)
{
	return open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0666) < 0;
}

static int grow(long depth, long width)
{
	int status, bad = 0;

	probe_say("%s", probe_where());
	for (long i = 0; depth > 0 && i < width; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(grow(depth - 1, width));
		bad += pid < 0;
	}
	while (wait(&status) > 0)
		bad += status != 0;
	return bad > 0;
}

/* tree DEPTH WIDTH: forks a tree; every process says where it is. */
static int tree(int argc, char **argv)
{
	return grow(strtol(argv[0], NULL, 10), strtol(argv[1], NULL, 10));
}

/* bomb COUNT: forks so many at once that stay until all are there; says how many there were. */
static int bomb(int argc, char **argv)
{
	long count = strtol(argv[0], NULL, 10), got = 0;
	int ends[2];
	char c;

	if (pipe(ends) < 0)
		return 1;
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			close(ends[1]);
			_exit(read(ends[0], &c, 1) != 0);
		}
		got += pid > 0;
	}
	close(ends[1]);
	while (wait(NULL) > 0)
		;
	probe_say("%ld", got);
	return 0;
}

static const struct probe_command own[] = {
	{ "bomb", 1, bomb }, { "hold", 1, hold }, { "marker", 1, marker },
	{ "tree", 2, tree }, { NULL, 0, NULL },
};

static const struct probe_command *find(const char *name)
{
	const struct probe_command *tables[] = { own, probe_execs, probe_opens };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct probe_command *c = tables[i]; c->name; c++)
			if (streq(c->name, name))
				return c;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct probe_command *command;

	read_where(at_first, sizeof(at_first));
	command = argc > 1 ? find(argv[1]) : NULL;
	if (command && argc - 2 < command->arguments)
		return 98;
	if (command)
		return command->run(argc - 2, argv + 2);
	probe_say("%s", probe_first());
	return 0;
}
