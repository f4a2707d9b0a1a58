// SPDX-License-Identifier: MIT
/*
 * Lines to calls. A script ends at the first line that fails; "try" before a line says that it may.
 *
 * While a reply is waited for, everything else is shown as it comes, so that a call that takes its
 * time does not hide what happens meanwhile.
 */
#include "cli/port-shell.h"

#include "cli/cli.h"
#include "cli/port-commands.h"
#include "lib/port-message.h"
#include "util/suggest.h"

#include <poll.h>
#include <signal.h>

DEFINE_CLEANUP(struct reeve_message *, reeve_message_free);

/* ---- errors ---- */

void port_shell_fail(struct port_shell *shell, size_t column, const struct error *error)
{
	_cleanup_(text_done) struct text safe = { 0 };
	const char *sentence = error_text(error);

	text_add_escaped(&safe, sentence, strlen(sentence));
	fflush(shell->show.out);
	if (shell->interactive)
		fprintf(shell->err, "%zu: %s\n", column, safe.data ? safe.data : "");
	else
		fprintf(shell->err, "reeve: %s:%zu:%zu: %s\n", shell->source, shell->line, column,
			safe.data ? safe.data : "");
}

/* "enoent" as the system would say it; what is a sentence already says all. */
static const char *errno_sentence(const char *name)
{
	for (int number = 1; number < 256; number++) {
		const char *known = strerrorname_np(number);

		if (known && strcasecmp(known, name) == 0)
			return strerror(number);
	}
	return NULL;
}

static int refused(const struct reeve_message *reply, const char *call, struct error *err)
{
	const char *sentence = errno_sentence(reply->error);
	bool wrong = strchr(reply->error, ' ');

	if (wrong)
		return error_set(err, -EINVAL, "%s", reply->error);
	return error_set(err, -EREMOTEIO, "%s: %s%s%s%s", call, reply->error, sentence ? " (" : "",
			 sentence ? sentence : "", sentence ? ")" : "");
}

/* ---- waiting ---- */

/* The next message, in any case. -EINTR: Ctrl-C. */
static int next_message(struct port_shell *shell, struct reeve_message **ret_message)
{
	struct pollfd polled = { .fd = reeve_port_fd(shell->port), .events = POLLIN };
	sigset_t none;
	int r;

	(void)sigemptyset(&none);

	for (;;) {
		r = reeve_port_next(shell->port, 0, ret_message);
		if (r != -EAGAIN)
			return r;
		fflush(shell->show.out);
		if (ppoll(&polled, 1, NULL, &none) < 0 && errno == EINTR && shell->interactive)
			return -EINTR;
	}
}

static int is_late(const struct port_shell *shell, const struct reeve_message *message)
{
	if (message->kind == REEVE_MESSAGE_REFUSED)
		fprintf(shell->err, "a call that was not waited for: %s\n", message->error);
	else
		port_show_reply(&shell->show, message);
	return 0;
}

static int show(struct port_shell *shell, const struct reeve_message *message,
		const struct port_process *awaited)
{
	if (message->kind == REEVE_MESSAGE_REPLY || message->kind == REEVE_MESSAGE_REFUSED)
		return is_late(shell, message);
	return port_show_message(&shell->show, message, awaited);
}

int port_shell_listen(struct port_shell *shell)
{
	struct reeve_message *message;
	int r;

	while ((r = reeve_port_next(shell->port, 0, &message)) == 0) {
		(void)show(shell, message, NULL);
		reeve_message_free(message);
	}
	fflush(shell->show.out);
	return r == -EAGAIN ? 0 : r;
}

/* What a failure of the library means to who typed the line. */
static int broken(int r, struct error *err)
{
	if (r == -EPIPE)
		return error_set(err, r, "the port has ended");
	if (r == -EINTR)
		return error_set(err, r, "not waited for any longer");
	return error_set_errno(err, r, "cannot speak to the port");
}

int port_shell_call(struct port_shell *shell, struct port_process *at, const char *call,
		    json_t *arguments, struct reeve_message **ret_reply, struct error *err)
{
	_cleanup_(freep) char *text = json_dumps(arguments, JSON_COMPACT);
	uint64_t id;
	int r = text ? reeve_port_send(shell->port, port_process_place(at), call, text, &id)
		     : -ENOMEM;

	json_decref(arguments);
	while (r == 0) {
		_cleanup_(reeve_message_freep) struct reeve_message *message = NULL;

		r = next_message(shell, &message);
		if (r < 0)
			break;
		if (message->id != id) {
			r = show(shell, message, at);
			continue;
		}
		if (message->kind == REEVE_MESSAGE_REFUSED)
			return refused(message, call, err);
		*ret_reply = TAKE_PTR(message);
		return 0;
	}
	return broken(r, err);
}

int port_shell_wait(struct port_shell *shell, const struct port_process *process, struct error *err)
{
	int r = 0;

	while (r == 0 &&
	       (process ? process->state != PORT_ENDED : port_tree_has_programs(&shell->tree))) {
		_cleanup_(reeve_message_freep) struct reeve_message *message = NULL;

		r = next_message(shell, &message);
		if (r == 0)
			r = show(shell, message, NULL);
	}
	return r < 0 ? broken(r, err) : 0;
}

int port_shell_wait_all(struct port_shell *shell)
{
	struct error err = ERROR_INIT;
	int r = port_shell_wait(shell, NULL, &err);

	if (r < 0)
		port_shell_fail(shell, 1, &err);
	error_done(&err);
	for (size_t i = 0; r == 0 && i < shell->tree.count; i++)
		if (shell->tree.processes[i]->failed)
			shell->status = EXIT_FAILED;
	return r;
}

/* ---- beginning and end ---- */

static int learn(struct port_shell *shell, const char *call, const char *arguments,
		 json_t **ret_value, struct error *err)
{
	_cleanup_(reeve_message_freep) struct reeve_message *reply = NULL;
	int r = port_shell_call(shell, shell->tree.processes[0], call,
				json_loads(arguments, 0, NULL), &reply, err);

	if (r < 0)
		return r;
	*ret_value = json_loads(reply->json, JSON_DECODE_ANY, NULL);
	return *ret_value ? 0 : error_oom(err);
}

int port_shell_table(struct port_shell *shell, const char *name, const json_t **ret_table,
		     struct error *err)
{
	_cleanup_(freep) char *arguments = NULL;
	json_t *table = NULL;
	int r = 0;

	*ret_table = port_calls_table(&shell->calls, name);
	if (*ret_table)
		return 0;
	if (asprintf(&arguments, "[\"%s\"]", name) < 0) {
		arguments = NULL;
		return error_oom(err);
	}
	r = learn(shell, "constants", arguments, &table, err);
	if (r == 0 && port_calls_set_table(&shell->calls, name, table) < 0)
		r = error_oom(err);
	if (r == 0)
		*ret_table = port_calls_table(&shell->calls, name);
	return r;
}

int port_shell_init(struct port_shell *shell, FILE *out, FILE *err, bool json, struct error *error)
{
	json_t *described = NULL;
	int r;

	*shell = (struct port_shell){ .err = err, .variables = json_object() };
	shell->show = (struct port_show){ .out = out, .json = json, .tree = &shell->tree };
	if (!shell->variables || port_tree_init(&shell->tree) < 0)
		return error_oom(error);
	r = reeve_port_open(NULL, &shell->port);
	if (r < 0)
		return error_set_errno(error, r,
				       "cannot start reeve-port, which is looked for in "
				       "PATH");
	r = learn(shell, "describe", "[]", &described, error);
	if (r == 0) {
		r = port_calls_init(&shell->calls, described);
		if (r < 0)
			error_set_errno(error, r, "reeve-port says what no call is");
	}
	return r;
}

void port_shell_done(struct port_shell *shell)
{
	port_show_rest(&shell->show);
	reeve_port_close(shell->port);
	port_calls_done(&shell->calls);
	port_tree_done(&shell->tree);
	json_decref(shell->variables);
}

/* ---- a line ---- */

static const char *variable(void *userdata, const char *name)
{
	const struct port_shell *shell = userdata;

	return json_string_value(json_object_get(shell->variables, name));
}

/* Under its name and as $_: a number or a string as it is, all else as JSON. */
static void remember(struct port_shell *shell, const char *name, const struct reeve_message *reply)
{
	json_t *value = json_loads(reply->json, JSON_DECODE_ANY, NULL);
	json_t *string = json_is_string(value) ? json_incref(value) : json_string(reply->json);

	(void)json_object_set(shell->variables, "_", string);
	if (name)
		(void)json_object_set(shell->variables, name, string);
	json_decref(string);
	json_decref(value);
}

static bool makes_child(const char *call)
{
	return streq(call, "fork") || streq(call, "clone") || streq(call, "fork_into");
}

int port_shell_made(struct port_shell *shell, struct port_process *at, const char *call,
		    const char *name, const struct reeve_message *reply, struct error *err)
{
	remember(shell, name, reply);
	if (!makes_child(call) || reply->number <= 0)
		return 0;
	if (port_tree_add(&shell->tree, port_process_place(at), (pid_t)reply->number) < 0)
		return error_oom(err);
	return 0;
}

/* What could have been meant: a call or a command. */
static int unknown_word(struct port_shell *shell, const char *word, struct error *err)
{
	size_t count = 0, room = shell->calls.count + port_commands_count();
	_cleanup_(freep) const char **words = calloc(room, sizeof(*words));
	const char *near;

	for (size_t i = 0; words && i < shell->calls.count; i++)
		words[count++] = shell->calls.calls[i].name;
	for (size_t i = 0; words && i < port_commands_count(); i++)
		words[count++] = port_command_at(i)->name;
	near = suggest(word, words, count);
	if (near)
		return error_set(err, -EINVAL,
				 "\"%s\" is no call and no command; did you mean \"%s\"?", word,
				 near);
	return error_set(err, -EINVAL, "\"%s\" is no call and no command (\"help\" lists all)",
			 word);
}

int port_shell_call_words(struct port_shell *shell, struct port_words *words,
			  struct port_process *at, struct error *err)
{
	_cleanup_(reeve_message_freep) struct reeve_message *reply = NULL;
	const struct port_call *call;
	json_t *arguments;
	size_t bad = 0;
	int r = 0;

	if (!words->count)
		return error_set(err, -EINVAL, "a call is missing");
	call = port_calls_find(&shell->calls, words->words[0].text);
	words->wrong = 0;
	if (!call)
		return unknown_word(shell, words->words[0].text, err);
	for (size_t i = 0; r == 0 && i < call->count; i++) {
		const json_t *table;

		if (call->parameters[i].table)
			r = port_shell_table(shell, call->parameters[i].table, &table, err);
	}
	if (r == 0)
		r = port_calls_arguments(&shell->calls, call, words->words + 1, words->count - 1,
					 &arguments, &bad, err);
	if (r < 0) {
		words->wrong = MIN(bad + 1, words->count - 1);
		return r;
	}
	r = port_shell_call(shell, at, call->name, arguments, &reply, err);
	if (r == 0)
		r = port_shell_made(shell, at, call->name, words->name, reply, err);
	if (r == 0)
		port_show_reply(&shell->show, reply);
	return r;
}

int port_shell_words(struct port_shell *shell, struct port_words *words, struct error *err)
{
	const struct port_command *command;

	words->wrong = 0;
	if (!words->count)
		return error_set(err, -EINVAL, "a call or a command is missing");
	command = port_command_find(words->words[0].text);
	return command ? command->run(shell, words, err)
		       : port_shell_call_words(shell, words, shell->tree.processes[0], err);
}

/* NAME = ... */
static int run_line(struct port_shell *shell, const struct port_line *line, size_t *ret_word,
		    struct error *err)
{
	struct port_words words = { .words = line->words, .count = line->count };
	size_t skipped = 0;
	int r;

	if (line->count >= 2 && line->words[1].bare && streq(line->words[1].text, "=")) {
		if (!port_line_is_name(line->words[0].text)) {
			*ret_word = 0;
			return error_set(err, -EINVAL,
					 "\"%s\" is no name: letters, digits and _ make one",
					 line->words[0].text);
		}
		words.name = line->words[0].text;
		skipped = 2;
	}
	words.words += skipped;
	words.count -= skipped;
	r = port_shell_words(shell, &words, err);
	*ret_word = (size_t)(words.words - line->words) + words.wrong;
	return r;
}

int port_shell_run(struct port_shell *shell, const char *text, size_t size)
{
	_cleanup_(port_line_done) struct port_line line = { 0 };
	struct error err = ERROR_INIT;
	size_t column = 1, word = 0;
	int r = port_line_parse(text, size, variable, shell, &line, &column, &err);

	if (r == 0 && line.count) {
		r = run_line(shell, &line, &word, &err);
		column = line.count ? line.words[MIN(word, line.count - 1)].column : 1;
	}
	if (r < 0) {
		port_shell_fail(shell, column, &err);
		if (!shell->interactive || r == -EPIPE) {
			shell->quit = true;
			shell->status = r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
		}
	}
	error_done(&err);
	fflush(shell->show.out);
	return r;
}
