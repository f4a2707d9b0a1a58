// SPDX-License-Identifier: MIT
/*
 * Completion for every shell (data/completions/), which has to know nothing of commands: the words
 * that stand there are followed through the table, and the value's name in an option's row ("FILE",
 * "fetter|libcgroup") or the operand's in a command's usage says what the next one can be.
 *
 * Names of groups and services are asked of the daemon, if there is one that lets us. Nothing is
 * ever told but what is offered: somebody is typing.
 */
#include "cli/complete.h"

#include "cli/commands.h"
#include "cli/control.h"
#include "config/profile.h"

#include <dirent.h>

struct place {
	const struct command *command; /* NULL: none yet */
	const char *family;	       /* "group", of which no command stands there yet */
	const char *value;	       /* of the option before: what its value is called */
	size_t operand;		       /* how many stand behind the command */
	int program;		       /* which word begins a command line of its own; 0: none */
	bool ended;		       /* "--" was there */
	const char *word;	       /* what is being written */
	const struct cli *cli;
	FILE *out;
};

static void offer(const struct place *place, const char *word, size_t size, const char *about)
{
	size_t begun = strlen(place->word);

	if (begun > size || strncmp(word, place->word, begun) != 0)
		return;
	fprintf(place->out, "%.*s\t%s\n", (int)size, word, about);
}

/* ---- names ---- */

static void offer_names(const struct place *place, const char *method, const char *member,
			const char *about)
{
	_cleanup_(control_freep) struct control *control = NULL;
	struct error err = ERROR_INIT;
	json_t *reply = NULL, *row;
	size_t i;
	int r = control_open(place->cli, false, &control, &err);

	if (r == 0)
		r = control_call(control, method, NULL, &reply, &err);
	error_done(&err);
	if (r < 0)
		return;
	json_array_foreach(json_object_get(reply, member), i, row)
	{
		const char *name = json_string_value(json_object_get(row, "name"));

		/* A line is one word: such a name has to be typed. */
		if (name && !strpbrk(name, "\t\n"))
			offer(place, name, strlen(name), about);
	}
	json_decref(reply);
}

static void offer_profiles(const struct place *place)
{
	for (size_t i = 0; profile_folders[i]; i++) {
		DIR *folder = opendir(profile_folders[i]);
		const struct dirent *entry;

		while (folder && (entry = readdir(folder))) {
			const char *dot = strrchr(entry->d_name, '.');

			if (dot && streq(dot, ".yaml"))
				offer(place, entry->d_name, (size_t)(dot - entry->d_name),
				      "profile");
		}
		if (folder)
			closedir(folder);
	}
}

/* ---- commands and options ---- */

/* Commands' first words, or of one family the second ones; a family's first word once. */
static void offer_commands(const struct place *place)
{
	size_t n = place->family ? strlen(place->family) : 0, last_size = 0;
	const struct command *command;
	const char *last = "";

	for (size_t i = 0; (command = command_at(i)); i++) {
		const char *word = command->name;
		size_t size;

		if (place->family && (strncmp(word, place->family, n) != 0 || word[n] != ' '))
			continue;
		word += place->family ? n + 1 : 0;
		size = strcspn(word, " ");
		if (size == last_size && strncmp(word, last, size) == 0)
			continue;
		offer(place, word, size, word[size] ? "several commands" : command->summary);
		last = word;
		last_size = size;
	}
}

static void offer_options(const struct place *place)
{
	struct option options[COMMAND_OPTIONS_MAX];
	struct cli unused = { 0 };
	size_t count = command_options(place->command, &unused, options);
	char name[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "--%s", options[i].name);
		offer(place, name, strlen(name), options[i].help);
	}
	offer(place, "--help", strlen("--help"), "print what it does");
}

/* ---- what a word of a row means ---- */

static bool in_family(const struct place *place, const char *family)
{
	size_t n = strlen(family);

	return place->command && strncmp(place->command->name, family, n) == 0 &&
	       place->command->name[n] == ' ';
}

static void offer_named(const struct place *place)
{
	if (in_family(place, "group"))
		offer_names(place, "ListGroups", "groups", "group");
	else if (in_family(place, "service") && !streq(place->command->name, "service install"))
		offer_names(place, "ListServices", "services", "service");
	else if (in_family(place, "profile"))
		offer_profiles(place);
}

static void say_files(const struct place *place)
{
	fputs(":files\n", place->out);
}

static void say_folders(const struct place *place)
{
	fputs(":folders\n", place->out);
}

static void say_programs(const struct place *place)
{
	fputs(":programs\n", place->out);
}

static void say_users(const struct place *place)
{
	fputs(":users\n", place->out);
}

static void offer_groups(const struct place *place)
{
	offer_names(place, "ListGroups", "groups", "group");
}

static const struct {
	const char *name;
	void (*offer)(const struct place *place);
} kinds[] = {
	{ "COMMAND", offer_commands }, { "DIR", say_folders },	  { "FILE", say_files },
	{ "FOLDER", say_folders },     { "GROUP", offer_groups }, { "NAME", offer_named },
	{ "PATH", say_files },	       { "POLICY", say_files },	  { "PROGRAM", say_programs },
	{ "UID", say_users },	       { "USER", say_users },
};

/* "FILE|-", "fetter|libcgroup", "USER[:GROUP]": what is in capitals has a meaning, what is not is
 * the word itself. */
static void offer_value(const struct place *place, const char *value, size_t size)
{
	while (size > 0) {
		size_t n = strcspn(value, "|"), word = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		n = n < size ? n : size;
		if (word == 0 && strcspn(value, " ,.:[(") >= n && n > 1)
			offer(place, value, n, "");
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strlen(kinds[i].name) == word &&
			    strncmp(kinds[i].name, value, word) == 0)
				kinds[i].offer(place);
		n += n < size;
		value += n;
		size -= n;
	}
}

/* Whether what stands in brackets are options, which the table has itself. */
static bool means_options(const char *text)
{
	static const char *const names[] = { "-", "OPTION", "LIMIT", "LAUNCH" };
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		found = found || strncmp(text, names[i], strlen(names[i])) == 0;
	return found;
}

/* The operand at `index` in a command's usage; "NAME PID...": the last goes on for ever. False:
 * none. */
static bool operand_name(const struct command *command, size_t index, const char **ret_name,
			 size_t *ret_size)
{
	const char *at = command->usage, *name;
	size_t size;

	for (;;) {
		at += strspn(at, " ]");
		if (*at == '[' && means_options(at + 1)) {
			at += strcspn(at, "]");
			continue;
		}
		if (strncmp(at, "-- ", 3) == 0) {
			at += 3;
			continue;
		}
		/* An option that must be there is the last of a usage. */
		if (!*at || *at == '-')
			return false;
		name = at + (*at == '[');
		size = strcspn(name, " ].");
		at = name + size;
		if (index == 0 || strncmp(at, "...", 3) == 0)
			break;
		index--;
		at += strcspn(at, " ");
	}
	*ret_name = name;
	*ret_size = size;
	return true;
}

static bool is_program(const struct command *command, size_t operand)
{
	const char *name;
	size_t size;

	return command->flags & COMMAND_PROGRAM && operand_name(command, operand, &name, &size) &&
	       size == strlen("PROGRAM") && strncmp(name, "PROGRAM", size) == 0;
}

/* ---- following the words ---- */

/* "--name", "--name=value", "-n", "-nvalue" of what stands there so far. */
static void follow_option(struct place *place, const char *word)
{
	struct option options[COMMAND_OPTIONS_MAX];
	struct cli unused = { 0 };
	size_t count = command_options(place->command, &unused, options);

	for (size_t i = 0; i < count; i++) {
		const struct option *option = &options[i];
		bool named = word[1] == '-' ? streq(word + 2, option->name)
					    : word[1] == option->letter && !word[2];

		if (named)
			place->value = option->value;
	}
}

static void follow_command(struct place *place, char *word)
{
	_cleanup_(freep) char *first = strdup(place->family ? place->family : word);
	char *both[] = { first, word };
	struct error err = ERROR_INIT;
	int r;

	if (!first)
		return;
	if (!place->family && command_is_family(word)) {
		place->family = word;
		return;
	}
	r = command_find(place->family ? 2 : 1, place->family ? both : &word, &place->command,
			 &err);
	if (r > 0)
		place->family = NULL;
	error_done(&err);
}

static void follow(struct place *place, char *word, int index)
{
	if (place->value) {
		place->value = NULL;
	} else if (!place->ended && streq(word, "--")) {
		place->ended = true;
	} else if (!place->ended && word[0] == '-' && word[1]) {
		follow_option(place, word);
	} else if (!place->command) {
		follow_command(place, word);
	} else {
		if (is_program(place->command, place->operand) && !place->program)
			place->program = index;
		place->operand++;
	}
}

void complete(const struct cli *cli, int count, char **words, FILE *out)
{
	struct place place = { .cli = cli, .out = out, .word = count > 0 ? words[count - 1] : "" };
	const char *name;
	size_t size;

	for (int i = 0; i + 1 < count && !place.program; i++)
		follow(&place, words[i], i);
	if (place.program)
		fprintf(out, ":command %d\n", place.program);
	else if (place.value)
		offer_value(&place, place.value, strlen(place.value));
	else if (*place.word == '-' && !place.ended)
		offer_options(&place);
	else if (!place.command)
		offer_commands(&place);
	else if (operand_name(place.command, place.operand, &name, &size))
		offer_value(&place, name, size);
}
