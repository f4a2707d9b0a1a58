// SPDX-License-Identifier: MIT
/*
 * The place in the line says what can stand there: a command or a call, a process, a constant of
 * the parameter's table. Quoting is not looked at: what needs it is nothing that can be completed.
 */
#include "cli/port-complete.h"

#include "cli/port-commands.h"

#include <strings.h>

enum { LINE_WORDS = 64, WORD_SIZE = 64 };

struct completion {
	struct port_shell *shell;
	const char **words;
	size_t count;
	const char *begun;
	size_t begun_size;
	char before[LINE_WORDS][WORD_SIZE]; /* the words in front of it */
	size_t before_count;
};

static void add(struct completion *completion, const char *word)
{
	if (completion->count < PORT_COMPLETE_MAX &&
	    strncasecmp(word, completion->begun, completion->begun_size) == 0)
		completion->words[completion->count++] = word;
}

static void add_calls(struct completion *completion, bool commands)
{
	const struct port_calls *calls = &completion->shell->calls;

	for (size_t i = 0; commands && i < port_commands_count(); i++)
		add(completion, port_command_at(i)->name);
	for (size_t i = 0; i < calls->count; i++)
		add(completion, calls->calls[i].name);
}

/* As strings that stay: in the shell's variables. */
static void add_places(struct completion *completion)
{
	const struct port_tree *tree = &completion->shell->tree;
	json_t *names = json_array();

	for (size_t i = 0; i < tree->count; i++) {
		_cleanup_(text_done) struct text name = { 0 };

		if (tree->processes[i]->state == PORT_ENDED)
			continue;
		port_tree_name(tree->processes[i], &name);
		(void)json_array_append_new(names, json_string(name.data));
	}
	/* no word of the language can be a variable of this name */
	(void)json_object_set_new(completion->shell->variables, "places", names);
	for (size_t i = 0; i < json_array_size(names); i++)
		add(completion, json_string_value(json_array_get(names, i)));
}

/* Of flags, what stands behind the last "|". */
static void add_constants(struct completion *completion, const char *table)
{
	const char *bar = memrchr(completion->begun, '|', completion->begun_size);
	struct error err = ERROR_INIT;
	const json_t *constants;

	if (bar) {
		completion->begun_size -= (size_t)(bar + 1 - completion->begun);
		completion->begun = bar + 1;
	}
	if (port_shell_table(completion->shell, table, &constants, &err) == 0)
		for (size_t i = 0; i < json_array_size(constants); i++)
			add(completion,
			    json_string_value(json_array_get(json_array_get(constants, i), 0)));
	error_done(&err);
}

/* The tables there are, as parameters name them. */
static void add_tables(struct completion *completion)
{
	const struct port_calls *calls = &completion->shell->calls;

	for (size_t i = 0; i < calls->count; i++)
		for (size_t j = 0; j < calls->calls[i].count; j++) {
			const char *table = calls->calls[i].parameters[j].table;
			size_t k = 0;

			while (table && k < completion->count &&
			       !streq(completion->words[k], table))
				k++;
			if (table && k == completion->count)
				add(completion, table);
		}
}

/* Behind a call, whose name is word `at`. */
static void add_arguments(struct completion *completion, size_t at)
{
	const char *name = completion->before[at];
	const struct port_call *call = port_calls_find(&completion->shell->calls, name);
	size_t index = completion->before_count - at - 1;

	if (streq(name, "constants"))
		add_tables(completion);
	else if (call && index < call->count && call->parameters[index].table)
		add_constants(completion, call->parameters[index].table);
}

static void add_at(struct completion *completion, size_t first)
{
	const char *word;
	bool place;

	if (completion->before_count == first) {
		add_calls(completion, true);
		return;
	}
	word = completion->before[first];
	place = streq(word, "in") || streq(word, "exec") || streq(word, "send") ||
		streq(word, "eof") || streq(word, "wait");
	if (streq(word, "try"))
		add_at(completion, first + 1);
	else if (place && (completion->before_count == first + 1 || streq(word, "wait")))
		add_places(completion);
	else if (streq(word, "in") && completion->before_count == first + 2)
		add_calls(completion, false);
	else if (streq(word, "in"))
		add_arguments(completion, first + 2);
	else if (streq(word, "help") && completion->before_count == first + 1)
		add_calls(completion, true);
	else if (!place)
		add_arguments(completion, first);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void split(struct completion *completion, const char *text, size_t size)
{
	const char *at = text, *end = text + size, *word;

	for (;;) {
		while (at < end && is_space(*at))
			at++;
		word = at;
		while (at < end && !is_space(*at))
			at++;
		if (at == end || completion->before_count == LINE_WORDS)
			break;
		snprintf(completion->before[completion->before_count++], WORD_SIZE, "%.*s",
			 (int)MIN(at - word, WORD_SIZE - 1), word);
	}
	completion->begun = word;
	completion->begun_size = (size_t)(end - word);
}

size_t port_complete(struct port_shell *shell, const char *text, size_t size,
		     const char *words[static PORT_COMPLETE_MAX], size_t *ret_begun)
{
	struct completion completion = { .shell = shell, .words = words };
	size_t first = 0;

	split(&completion, text, size);
	if (completion.before_count >= 2 && streq(completion.before[1], "="))
		first = 2;
	if (completion.before_count != LINE_WORDS)
		add_at(&completion, first);
	*ret_begun = completion.begun_size;
	return completion.count;
}
