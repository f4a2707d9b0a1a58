// SPDX-License-Identifier: MIT
/*
 * reeve port: lines from a terminal, a file, a pipe or -c, for a port of its own. Needs no daemon.
 */
#include "cli/commands.h"

#include "cli/line-editor.h"
#include "cli/port-complete.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

enum { CHUNK = 4096, LINE_SIZE_MAX = 1 << 20 };

/* Lines that are read while the port is listened to. */
struct source {
	int fd; /* -1: all is in the text */
	struct text text;
	size_t at;
};

static void source_done(struct source *source)
{
	text_done(&source->text);
	if (source->fd > STDIN_FILENO)
		close(source->fd);
}

/* Waits for more. 0; 1 at the end; -errno. */
static int fill(struct source *source, struct port_shell *shell)
{
	struct pollfd polls[] = { { .fd = source->fd, .events = POLLIN },
				  { .fd = reeve_port_fd(shell->port), .events = POLLIN } };
	ssize_t got;

	if (source->fd < 0)
		return 1;
	if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polls[1].revents && port_shell_listen(shell) < 0)
		return -EPIPE;
	if (!polls[0].revents)
		return 0;
	if (source->text.size > LINE_SIZE_MAX)
		return -E2BIG;
	if (!text_reserve(&source->text, CHUNK))
		return -ENOMEM;
	got = read(source->fd, source->text.data + source->text.size, CHUNK);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	source->text.size += (size_t)got;
	return got == 0;
}

/* Takes a line, or what stands behind the last one. 0; 1: there is none any more; -errno. */
static int take_line(struct source *source, struct port_shell *shell, const char **ret_line,
		     size_t *ret_size)
{
	const char *end;
	size_t left;
	int r = 0;

	if (source->at) {
		memmove(source->text.data, source->text.data + source->at,
			source->text.size - source->at);
		source->text.size -= source->at;
		source->at = 0;
	}
	while (r == 0) {
		left = source->text.size;
		end = left ? memchr(source->text.data, '\n', left) : NULL;
		if (end) {
			*ret_size = (size_t)(end - source->text.data);
			source->at = *ret_size + 1;
			break;
		}
		r = fill(source, shell);
	}
	if (r == 1 && source->text.size) {
		source->at = *ret_size = source->text.size;
		r = 0;
	}
	*ret_line = source->text.data;
	return r;
}

static int run_script(struct port_shell *shell, struct source *source)
{
	const char *line;
	size_t size;
	int r = 0;

	while (!shell->quit) {
		r = take_line(source, shell, &line, &size);
		if (r != 0)
			break;
		shell->line++;
		(void)port_shell_run(shell, line, size);
		/* what came along with a reply is told by no descriptor */
		(void)port_shell_listen(shell);
	}
	if (r < 0)
		return r;
	if (!shell->quit)
		(void)port_shell_wait_all(shell);
	return 0;
}

/* ---- a terminal ---- */

static int listen_to(void *userdata)
{
	struct port_shell *shell = userdata;
	int r = port_shell_listen(shell);

	port_show_rest(&shell->show);
	return r;
}

static size_t complete(void *userdata, const char *text, size_t size, const char **words,
		       size_t words_max, size_t *ret_begun)
{
	return words_max < PORT_COMPLETE_MAX
		       ? 0
		       : port_complete(userdata, text, size, words, ret_begun);
}

/* Only so that Ctrl-C ends a wait: it is let through nowhere else, and so is never missed. */
static void on_interrupt(_unused_ int number)
{
}

static int run_terminal(struct port_shell *shell, struct line_editor *editor)
{
	const struct sigaction action = { .sa_handler = on_interrupt };
	const char *line;
	sigset_t interrupt;
	size_t size;

	shell->interactive = true;
	(void)sigemptyset(&interrupt);
	(void)sigaddset(&interrupt, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &interrupt, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	while (!shell->quit && (line = line_editor_read(editor, &size))) {
		(void)port_shell_run(shell, line, size - (line[size - 1] == '\n'));
		(void)listen_to(shell);
	}
	return 0;
}

/* ---- the command ---- */

static int open_source(const struct cli *cli, const char *name, struct source *source,
		       struct error *err)
{
	*source = (struct source){ .fd = STDIN_FILENO };
	if (cli->lines) {
		source->fd = -1;
		text_add(&source->text, cli->lines);
		return source->text.failed ? error_oom(err) : 0;
	}
	if (!name || streq(name, "-"))
		return 0;
	source->fd = open(name, O_RDONLY | O_CLOEXEC);
	return source->fd < 0 ? error_set_errno(err, -errno, "cannot open %s", name) : 0;
}

static int run_lines(const struct cli *cli, const char *name, struct port_shell *shell,
		     struct source *source, struct error *err)
{
	const struct line_editor_use use = {
		.program = "reeve",
		.prompt = "port> ",
		.fd = reeve_port_fd(shell->port),
		.listen = listen_to,
		.complete = complete,
		.userdata = shell,
	};
	struct line_editor *editor = NULL;
	int r = cli->lines || name ? -ENOTTY : line_editor_new(&use, &editor);

	shell->source = cli->lines ? "-c" : name ? name : "-";
	if (r == -ENOENT)
		cli_say(cli, "lines cannot be edited: libedit is not installed (Debian: libedit2)");
	r = editor ? run_terminal(shell, editor) : run_script(shell, source);
	line_editor_free(editor);
	return r < 0 ? error_set_errno(err, r, "cannot read %s", shell->source) : 0;
}

static int run_port(struct cli *cli, int count, char **operands)
{
	const char *name = count ? operands[0] : NULL;
	struct error err = ERROR_INIT;
	struct port_shell shell;
	struct source source;
	int r;

	if (count > 1 || (count && cli->lines)) {
		error_set(&err, -EINVAL, "port: one FILE, or -c LINES");
		return cli_usage(cli, &err);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	r = open_source(cli, name, &source, &err);
	if (r == 0) {
		r = port_shell_init(&shell, cli->out, cli->err, cli->json, &err);
		if (r == 0)
			r = run_lines(cli, name, &shell, &source, &err);
		port_shell_done(&shell);
	}
	source_done(&source);
	return r < 0 ? cli_fail(cli, &err) : shell.status;
}

static const struct command_option port_options[] = {
	{ "command", 'c', OPTION_STRING, "LINES", "run these lines", offsetof(struct cli, lines) },
};

const struct command port_command = {
	.name = "port",
	.usage = "[OPTION...] [FILE]",
	.summary = "Fork, set up and execute processes by hand, or by a script",
	.description =
		"Starts a *reeve-port*(1) and runs lines: from _FILE_, from standard input (\"-\", "
		"or "
		"no _FILE_), or from *-c*. On a terminal lines are edited, *Tab* completes, and "
		"*help* tells all commands and calls. Needs no daemon; calls can do what the "
		"caller "
		"may.\n\n"
		"A line is a call in the first process (*fork*, *mkdir /tmp/x 0755*), or a "
		"command: "
		"*in* _PLACE_ _CALL_... makes a call in another process, *exec* _PLACE_ "
		"_PROGRAM_... "
		"executes a program there, *send* _PLACE_ _TEXT_... and *eof* _PLACE_ are for its "
		"standard input, *wait* [_PLACE_...] waits for ends. A place is a process number, "
		"or "
		"several from the top with / between; / alone is the first process. _NAME_ *=* "
		"_LINE_ "
		"keeps a reply as *$NAME*. Words are quoted as in a shell, flags are joined with "
		"|, "
		"lists and structures are JSON, and *#* begins a comment.\n\n"
		"A script ends at the first line that fails, with exit code 1 if a call was "
		"refused or "
		"a program that was waited for failed, 2 if the line is wrong; *try* before a line "
		"lets it fail. At its end, programs that still run are waited for; *quit* ends "
		"them.",
	.flags = COMMAND_POLICY | COMMAND_UNLIMITED,
	COMMAND_OPTIONS(port_options),
	.run = run_port,
};
