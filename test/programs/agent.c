// SPDX-License-Identifier: MIT
/*
 * agent WORD...: a service that does what the words say, one after the other, and then ends with 0.
 * Static and small, so that a restart is measured and not it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void notify(const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || fd < 0 || strlen(path) >= sizeof(address.sun_path))
		exit(70);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address)) < 0)
		exit(71);
	close(fd);
}

static void nap(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static void do_ready(const char *value)
{
	notify("READY=1\nSTATUS=all is well");
}

static void do_watchdog(const char *value)
{
	notify("WATCHDOG=1");
}

static void do_line(const char *value)
{
	if (write(atoi(value), "\n", 1) != 1)
		exit(72);
}

static void do_print(const char *value)
{
	puts(value);
	fflush(stdout);
}

static void do_flood(const char *value)
{
	static char line[1024];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (long i = atol(value); i > 0; i--)
		if (write(STDOUT_FILENO, line, sizeof(line)) != (ssize_t)sizeof(line))
			exit(73);
}

static void do_environment(const char *value)
{
	const char *text = getenv(value);

	printf("%s=%s\n", value, text ? text : "");
	fflush(stdout);
}

static void do_deaf(const char *value)
{
	signal(SIGTERM, SIG_IGN);
}

static void do_wait(const char *value)
{
	for (;;)
		pause();
}

static void do_sleep(const char *value)
{
	nap(atol(value));
}

static void do_exit(const char *value)
{
	exit(atoi(value));
}

static void do_raise(const char *value)
{
	raise(atoi(value));
}

/* A child that stays. */
static void do_fork(const char *value)
{
	if (fork() == 0)
		do_wait(value);
}

/* As daemons do: out of the session, the parent gone. */
static void do_daemon(const char *value)
{
	if (fork() > 0)
		exit(0);
	setsid();
	if (fork() > 0)
		exit(0);
}

/* Without end, until forks are refused. */
static void do_forks(const char *value)
{
	for (;;) {
		if (fork() < 0)
			nap(20);
	}
}

static void do_eat(const char *value)
{
	for (long i = atol(value); i > 0; i--) {
		char *piece = malloc(1 << 20);

		if (!piece)
			exit(74);
		memset(piece, (int)i | 1, 1 << 20);
	}
}

/* Opens so many files, or as many as there may be; prints how many. */
static void do_open(const char *value)
{
	long count = 0;

	while (count < atol(value) && open("/dev/null", O_RDONLY) >= 0)
		count++;
	printf("%ld files\n", count);
	fflush(stdout);
}

/* Answers on the socket that it was handed. */
static void do_serve(const char *value)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

	if (!pid || !count || atoi(pid) != getpid() || atoi(count) != 1)
		exit(75);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(3, NULL, NULL);

		if (fd >= 0)
			(void)dprintf(fd, "%s\n", value);
		close(fd);
	}
}

/* Ends with 0 if the file is there, else with 1. */
static void do_check(const char *value)
{
	exit(access(value, F_OK) == 0 ? 0 : 1);
}

/* A line in a file: which process this is. */
static void do_note(const char *value)
{
	int fd = open(value, O_WRONLY | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || dprintf(fd, "%d\n", getpid()) < 0)
		exit(77);
	close(fd);
}

static void do_burn(const char *value)
{
	for (volatile uint64_t i = 0;; i++)
		;
}

static const struct {
	const char *word;
	int values;
	void (*function)(const char *value);
} words[] = {
	{ "burn", 0, do_burn },	  { "check", 1, do_check },	  { "daemon", 0, do_daemon },
	{ "deaf", 0, do_deaf },	  { "eat", 1, do_eat },		  { "env", 1, do_environment },
	{ "exit", 1, do_exit },	  { "flood", 1, do_flood },	  { "fork", 0, do_fork },
	{ "forks", 0, do_forks }, { "line", 1, do_line },	  { "note", 1, do_note },
	{ "open", 1, do_open },	  { "print", 1, do_print },	  { "raise", 1, do_raise },
	{ "ready", 0, do_ready }, { "serve", 1, do_serve },	  { "sleep", 1, do_sleep },
	{ "wait", 0, do_wait },	  { "watchdog", 0, do_watchdog },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t k = 0;

		while (k < sizeof(words) / sizeof(*words) && strcmp(words[k].word, argv[i]) != 0)
			k++;
		if (k == sizeof(words) / sizeof(*words) || i + words[k].values >= argc) {
			fprintf(stderr, "agent: %s?\n", argv[i]);
			return 78;
		}
		words[k].function(words[k].values > 0 ? argv[++i] : "");
	}
	return 0;
}
