// SPDX-License-Identifier: MIT
/* The one place where the parts of the loader report to. */
#include "config/reader.h"

#include "util/suggest.h"

#include <syslog.h>

int reader_init(struct reader *reader, enum load_flags flags, struct diagnostics *diagnostics)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	*reader = (struct reader){ .flags = flags, .diagnostics = diagnostics, .policy = policy };
	if (!policy)
		return -ENOMEM;
	policy->memory = reader->memory = arena_new();
	policy->log_level = LOG_INFO;
	policy->decisions_size = 4 << 20;
	policy->source = "auto";
	return policy->memory ? 0 : -ENOMEM;
}

void reader_done(struct reader *reader)
{
	for (size_t i = 0; i < reader->source_count; i++) {
		free(reader->sources[i].name);
		free(reader->sources[i].text);
	}
	free(reader->sources);
	tree_done(&reader->tree);
	for (enum layered kind = 0; kind < LAYERED_KINDS; kind++)
		hash_done(&reader->over[kind]);
	hash_done(&reader->rules);
	hash_done(&reader->groups);
	hash_done(&reader->triggers);
	hash_done(&reader->templates);
	hash_done(&reader->places);
	hash_done(&reader->folders);
	free(reader->links);
	accounts_done(&reader->accounts);
	policy_free(reader->policy);
}

void report_at_v(struct reader *reader, enum severity severity, struct place place,
		 const char *hint, const char *format, va_list arguments)
{
	const struct source *source = &reader->sources[place.file];

	diagnostics_add_v(reader->diagnostics, severity, source->name, source->text, place.line,
			  place.column, place.length, hint, format, arguments);
}

bool report_at(struct reader *reader, enum severity severity, struct place place, const char *hint,
	       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_at_v(reader, severity, place, hint, format, arguments);
	va_end(arguments);
	return false;
}

bool report_quirk(struct reader *reader, struct place place, const char *hint, const char *format,
		  ...)
{
	enum severity severity = compat(reader) ? SEVERITY_WARNING : SEVERITY_ERROR;
	va_list arguments;

	va_start(arguments, format);
	report_at_v(reader, severity, place, hint, format, arguments);
	va_end(arguments);
	return compat(reader);
}

bool add_link(struct reader *reader, struct link link)
{
	if (reader->link_count == reader->link_room) {
		size_t room = reader->link_room ? reader->link_room * 2 : 64;
		struct link *links = reallocarray(reader->links, room, sizeof(*links));

		if (!links)
			return report_oom(reader);
		reader->links = links;
		reader->link_room = room;
	}
	reader->links[reader->link_count++] = link;
	return true;
}

bool reader_visit(struct reader *reader, const struct node *node)
{
	if (++reader->visited <= LOAD_VISITS_MAX)
		return true;
	if (!reader->too_large)
		report_error(reader, node, NULL,
			     "the policy is too large: aliases (*name) make more than %d entries "
			     "of it",
			     LOAD_VISITS_MAX);
	reader->too_large = true;
	return false;
}

bool report_oom(struct reader *reader)
{
	if (!reader->out_of_memory)
		diagnostics_add(reader->diagnostics, SEVERITY_ERROR, NULL, NULL, 0, 0, 0, NULL,
				"out of memory");
	reader->out_of_memory = true;
	return false;
}

const char *guess_hint(struct reader *reader, const char *word, const char *const *candidates,
		       size_t count, char *buffer, size_t size)
{
	const char *found;

	/* Not for errors that nobody will see: it is the only slow part of them. */
	if (reader->diagnostics->count == DIAGNOSTICS_MAX)
		return NULL;
	if (count > 1000 && ++reader->guesses > LOAD_GUESSES_MAX)
		return NULL;
	found = suggest(word, candidates, count);
	if (!found)
		return NULL;
	snprintf(buffer, size, "did you mean \"%s\"?", found);
	return buffer;
}

struct position position_of(const struct node *node)
{
	return (struct position){ .file = node->file, .line = node->line, .column = node->column };
}

struct place place_from(struct position at, uint32_t length)
{
	return (struct place){
		.file = (uint16_t)at.file, .line = at.line, .column = at.column, .length = length
	};
}
