// SPDX-License-Identifier: MIT
/*
 * Messages as lines. Output comes in whatever pieces the program wrote: a line is shown when its
 * end is there, or when the program has ended. Nothing in it can act on the terminal.
 */
#include "cli/port-show.h"

#include "cli/output.h"
#include "lib/port-message.h"

static void print_place(const struct port_show *show, const struct port_process *process)
{
	_cleanup_(text_done) struct text name = { 0 };

	port_tree_name(process, &name);
	fputs(name.data ? name.data : "?", show->out);
}

static void print_line(const struct port_show *show, const struct port_process *process,
		       const char *what, const char *data, size_t size)
{
	_cleanup_(text_done) struct text line = { 0 };

	text_add_escaped(&line, data, size);
	print_place(show, process);
	fprintf(show->out, "%s: %s\n", what, line.data ? line.data : "");
}

static void print_rest(const struct port_show *show, struct port_process *process)
{
	if (process->output.size)
		print_line(show, process, "", process->output.data, process->output.size);
	if (process->errors.size)
		print_line(show, process, " stderr", process->errors.data, process->errors.size);
	text_done(&process->output);
	text_done(&process->errors);
}

void port_show_rest(const struct port_show *show)
{
	for (size_t i = 0; i < show->tree->count; i++)
		print_rest(show, show->tree->processes[i]);
	fflush(show->out);
}

static void add_output(const struct port_show *show, struct port_process *process,
		       const struct reeve_message *message)
{
	bool errors = message->kind == REEVE_MESSAGE_STDERR;
	struct text *text = errors ? &process->errors : &process->output;
	const char *at, *end;

	text_add_bytes(text, message->data, message->size);
	at = text->data;
	while (at && (end = memchr(at, '\n', text->size - (size_t)(at - text->data)))) {
		print_line(show, process, errors ? " stderr" : "", at, (size_t)(end - at));
		at = end + 1;
	}
	if (!at || at == text->data)
		return;
	text->size -= (size_t)(at - text->data);
	memmove(text->data, at, text->size + 1);
}

/* ["exit_status", 0] and ["termsig", "sigkill"] are ends. */
static void note_event(const struct port_show *show, struct port_process *process,
		       const json_t *event)
{
	const char *name = json_string_value(json_array_get(event, 0));
	const json_t *value = json_array_get(event, 1);

	if (name && (streq(name, "exit_status") || streq(name, "termsig")))
		port_tree_end(show->tree, process,
			      !json_is_integer(value) || json_integer_value(value) != 0);
}

/* "123 exit_status 0"; a signal's 128 bytes of siginfo are for programs. */
static void print_event(const struct port_show *show, struct port_process *process,
			const json_t *event)
{
	const char *name = json_string_value(json_array_get(event, 0));
	size_t count = json_array_size(event);

	print_rest(show, process);
	print_place(show, process);
	if (name && streq(name, "signal"))
		count = 2;
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_array_get(event, i);

		fputc(' ', show->out);
		if (json_is_string(value))
			output_escaped(show->out, json_string_value(value));
		else
			(void)json_dumpf(value, show->out, JSON_COMPACT | JSON_ENCODE_ANY);
	}
	fputc('\n', show->out);
}

static void on_control(const struct port_show *show, struct port_process *process, const char *word,
		       bool awaited)
{
	bool closed = word && streq(word, "fdctl_closed");

	if (closed && process->state == PORT_CONTROL)
		process->state = PORT_PROGRAM;
	if (show->json || (closed && awaited))
		return;
	print_place(show, process);
	fprintf(show->out, " %s\n", word ? word : "?");
}

/* As the port wrote it. */
static void print_json(const struct port_show *show, const struct reeve_message *message)
{
	static const char *const members[] = {
		[REEVE_MESSAGE_REPLY] = "ok",	   [REEVE_MESSAGE_REFUSED] = "error",
		[REEVE_MESSAGE_STDOUT] = "stdout", [REEVE_MESSAGE_STDERR] = "stderr",
		[REEVE_MESSAGE_EVENT] = "event",   [REEVE_MESSAGE_CTL] = "ctl",
		[REEVE_MESSAGE_PIPE] = "pipe",
	};
	json_t *value = message->json	 ? json_loads(message->json, JSON_DECODE_ANY, NULL)
			: message->error ? json_string(message->error)
					 : port_bytes_write(message->data, message->size);
	json_t *object = json_pack("{s:o, s:o}", "at", port_place_write(message->from),
				   members[message->kind], value);

	(void)json_dumpf(object, show->out, JSON_COMPACT);
	fputc('\n', show->out);
	json_decref(object);
}

int port_show_message(const struct port_show *show, const struct reeve_message *message,
		      const struct port_process *awaited)
{
	struct port_process *process = port_tree_at(show->tree, message->from);
	json_t *value = message->json ? json_loads(message->json, JSON_DECODE_ANY, NULL) : NULL;

	if (process && show->json)
		print_json(show, message);
	if (process && !show->json) {
		if (message->kind == REEVE_MESSAGE_STDOUT || message->kind == REEVE_MESSAGE_STDERR)
			add_output(show, process, message);
		else if (message->kind == REEVE_MESSAGE_EVENT)
			print_event(show, process, value);
		else if (message->kind == REEVE_MESSAGE_PIPE)
			fprintf(show->out, "%d took %lld bytes of what was sent last\n",
				(int)process->pids[process->depth - 1], (long long)message->number);
	}
	if (process && message->kind == REEVE_MESSAGE_EVENT)
		note_event(show, process, value);
	else if (process && message->kind == REEVE_MESSAGE_CTL)
		on_control(show, process, json_string_value(value), process == awaited);
	json_decref(value);
	return process ? 0 : -ENOMEM;
}

void port_show_reply(const struct port_show *show, const struct reeve_message *reply)
{
	if (show->json)
		print_json(show, reply);
	else
		fprintf(show->out, "%s\n", streq(reply->json, "true") ? "ok" : reply->json);
}
