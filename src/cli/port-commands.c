// SPDX-License-Identifier: MIT
/* in, exec, send, eof, wait, tree, try, help and quit: what is no call of the port. */
#include "cli/port-commands.h"

#include "lib/port-message.h"
#include "util/units.h"

DEFINE_CLEANUP(struct reeve_message *, reeve_message_free);

/* Of a child in cpid's list: ["alcove_pid", pid, flowcontrol, signal, control, stdin, ...] */
enum { CHILD_PID = 1, CHILD_STDIN = 5 };

static void skip_words(struct port_words *words, size_t count)
{
	words->words += count;
	words->count -= count;
	words->wrong = 0;
}

static int missing(const struct port_command *command, struct error *err)
{
	return error_set(err, -EINVAL, "%s %s", command->name, command->usage);
}

/* The process that a word names. */
static int read_place(struct port_shell *shell, struct port_words *words, size_t index,
		      struct port_process **ret_process, struct error *err)
{
	words->wrong = MIN(index, words->count - 1);
	if (index >= words->count)
		return missing(port_command_find(words->words[0].text), err);
	*ret_process = port_tree_find(&shell->tree, words->words[index].text);
	if (!*ret_process)
		return error_set(err, -EINVAL,
				 "no process \"%s\" is known (\"tree\" lists them; / is the first)",
				 words->words[index].text);
	return 0;
}

static int run_in(struct port_shell *shell, struct port_words *words, struct error *err)
{
	struct port_process *process;
	int r = read_place(shell, words, 1, &process, err);

	if (r < 0)
		return r;
	if (words->count < 3)
		return missing(port_command_find("in"), err);
	skip_words(words, 2);
	return port_shell_call_words(shell, words, process, err);
}

static int run_exec(struct port_shell *shell, struct port_words *words, struct error *err)
{
	_cleanup_(reeve_message_freep) struct reeve_message *reply = NULL;
	struct port_process *process;
	json_t *argv = json_array();
	int r = read_place(shell, words, 1, &process, err);

	if (r == 0 && words->count < 3)
		r = missing(port_command_find("exec"), err);
	for (size_t i = 2; r == 0 && i < words->count; i++)
		if (json_array_append_new(argv, port_bytes_write(words->words[i].text,
								 words->words[i].size)) < 0)
			r = error_oom(err);
	if (r < 0) {
		json_decref(argv);
		return r;
	}
	words->wrong = 2;
	r = port_shell_call(shell, process, "execvp",
			    json_pack("[o, o]",
				      port_bytes_write(words->words[2].text, words->words[2].size),
				      argv),
			    &reply, err);
	if (r < 0)
		return r;
	port_show_reply(&shell->show, reply);
	return port_shell_made(shell, process, "execvp", words->name, reply, err);
}

static int run_send(struct port_shell *shell, struct port_words *words, struct error *err)
{
	_cleanup_(text_done) struct text text = { 0 };
	struct port_process *process;
	int r = read_place(shell, words, 1, &process, err);

	if (r < 0)
		return r;
	if (process->state != PORT_PROGRAM)
		return error_set(err, -EINVAL, "%s has not executed a program, or has ended",
				 words->words[1].text);
	for (size_t i = 2; i < words->count; i++) {
		text_add(&text, i > 2 ? " " : "");
		text_add_bytes(&text, words->words[i].text, words->words[i].size);
	}
	text_add(&text, "\n");
	if (text.failed)
		return error_oom(err);
	r = reeve_port_write(shell->port, port_process_place(process), text.data, text.size);
	return r < 0 ? error_set_errno(err, r, "cannot speak to the port") : 0;
}

/* The descriptor that leads to a child's stdin, in its parent; -1: it is closed. */
static int stdin_of(const json_t *children, pid_t pid)
{
	const json_t *child;
	size_t i;

	json_array_foreach(children, i, child)
	{
		if (json_integer_value(json_array_get(child, CHILD_PID)) == pid)
			return (int)json_integer_value(json_array_get(child, CHILD_STDIN));
	}
	return -1;
}

static int run_eof(struct port_shell *shell, struct port_words *words, struct error *err)
{
	_cleanup_(reeve_message_freep) struct reeve_message *reply = NULL, *closed = NULL;
	struct port_process *process, *parent;
	json_t *children;
	int fd, r = read_place(shell, words, 1, &process, err);

	if (r < 0)
		return r;
	if (!process->depth)
		return error_set(err, -EINVAL, "the first process's stdin is the port's own: quit");
	parent = port_tree_at(&shell->tree,
			      (struct reeve_place){ process->depth - 1, process->pids });
	if (!parent)
		return error_oom(err);
	r = port_shell_call(shell, parent, "cpid", json_array(), &reply, err);
	if (r < 0)
		return r;
	children = json_loads(reply->json, JSON_DECODE_ANY, NULL);
	fd = stdin_of(children, process->pids[process->depth - 1]);
	json_decref(children);
	if (fd < 0)
		return error_set(err, -EINVAL, "%s has ended, or its stdin has",
				 words->words[1].text);
	r = port_shell_call(shell, parent, "close", json_pack("[i]", fd), &closed, err);
	if (r == 0)
		port_show_reply(&shell->show, closed);
	return r;
}

static int run_wait(struct port_shell *shell, struct port_words *words, struct error *err)
{
	struct port_process *process;
	int r = 0;

	if (words->count == 1)
		return port_shell_wait(shell, NULL, err);
	for (size_t i = 1; r == 0 && i < words->count; i++) {
		r = read_place(shell, words, i, &process, err);
		if (r == 0)
			r = port_shell_wait(shell, process, err);
		if (r == 0 && process->failed)
			r = error_set(err, -ECHILD, "%s has failed", words->words[i].text);
	}
	return r;
}

static int run_tree(struct port_shell *shell, _unused_ struct port_words *words,
		    _unused_ struct error *err)
{
	static const char *const states[] = {
		[PORT_CONTROL] = "", [PORT_PROGRAM] = " program", [PORT_ENDED] = " ended"
	};

	for (size_t i = 0; i < shell->tree.count; i++) {
		const struct port_process *process = shell->tree.processes[i];
		_cleanup_(text_done) struct text name = { 0 };

		port_tree_name(process, &name);
		fprintf(shell->show.out, "%s%s\n", name.data ? name.data : "?",
			states[process->state]);
	}
	return 0;
}

static int run_try(struct port_shell *shell, struct port_words *words, struct error *err)
{
	struct error failed = ERROR_INIT;
	int r;

	skip_words(words, 1);
	if (!words->count)
		return missing(port_command_find("try"), err);
	r = port_shell_words(shell, words, &failed);
	if (r == -EINVAL || r == -EPIPE || r == -ENOMEM) {
		error_move(err, &failed);
		return r;
	}
	if (r < 0)
		port_shell_fail(shell, words->words[words->wrong].column, &failed);
	error_done(&failed);
	return 0;
}

static int run_quit(struct port_shell *shell, struct port_words *words, struct error *err)
{
	uint64_t status = 0;

	words->wrong = words->count - 1;
	if (words->count > 2 ||
	    (words->count == 2 &&
	     (parse_u64(words->words[1].text, &status) < 0 || status > UINT8_MAX)))
		return error_set(err, -EINVAL, "quit [EXIT-CODE], which is 0 to 255");
	shell->quit = true;
	shell->status = (int)status;
	return 0;
}

static void help_call(FILE *out, const struct port_call *call)
{
	_cleanup_(text_done) struct text usage = { 0 };

	port_calls_usage(call, &usage);
	fprintf(out, "%s\n    %s\n", usage.data ? usage.data : call->name, call->help);
	for (size_t i = 0; i < call->count; i++) {
		const struct port_parameter *parameter = &call->parameters[i];

		fprintf(out, "    %-12s %s%s%s%s\n", parameter->name, parameter->kind_name,
			parameter->table ? " (constants " : "",
			parameter->table ? parameter->table : "", parameter->table ? ")" : "");
	}
}

static void help_all(const struct port_shell *shell, FILE *out)
{
	fputs("NAME = LINE gives the reply a name; $NAME is its value, $_ the last reply.\n\n",
	      out);
	for (size_t i = 0; i < port_commands_count(); i++) {
		const struct port_command *command = port_command_at(i);
		int width = 24 - (int)strlen(command->name);

		fprintf(out, "%s %-*s %s\n", command->name, width, command->usage, command->help);
	}
	fputs("\ncalls, here in the first process (\"help CALL\" tells the arguments):\n", out);
	for (size_t i = 0; i < shell->calls.count; i++)
		fprintf(out, "  %-20s %s\n", shell->calls.calls[i].name,
			shell->calls.calls[i].help);
}

static int run_help(struct port_shell *shell, struct port_words *words, struct error *err)
{
	const struct port_command *command;
	const struct port_call *call;

	if (words->count == 1) {
		help_all(shell, shell->show.out);
		return 0;
	}
	words->wrong = 1;
	command = port_command_find(words->words[1].text);
	call = port_calls_find(&shell->calls, words->words[1].text);
	if (command)
		fprintf(shell->show.out, "%s %s\n    %s\n", command->name, command->usage,
			command->help);
	else if (call)
		help_call(shell->show.out, call);
	else
		return error_set(err, -EINVAL, "\"%s\" is no call and no command",
				 words->words[1].text);
	return 0;
}

static const struct port_command commands[] = {
	{ "eof", "PLACE", "closes a program's stdin", run_eof },
	{ "exec", "PLACE PROGRAM [ARGUMENT...]", "executes a program there", run_exec },
	{ "help", "[CALL|COMMAND]", "this, or what one of them takes", run_help },
	{ "in", "PLACE CALL [ARGUMENT...]", "a call in another process", run_in },
	{ "quit", "[EXIT-CODE]", "ends the port and all that it started", run_quit },
	{ "send", "PLACE [TEXT...]", "a line for a program's stdin", run_send },
	{ "tree", "", "the processes that are known", run_tree },
	{ "try", "LINE", "a line that may fail", run_try },
	{ "wait", "[PLACE...]", "until these programs, or all, have ended", run_wait },
};

size_t port_commands_count(void)
{
	return ARRAY_SIZE(commands);
}

const struct port_command *port_command_at(size_t index)
{
	return &commands[index];
}

const struct port_command *port_command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (streq(commands[i].name, name))
			return &commands[i];
	return NULL;
}
