/* SPDX-License-Identifier: MIT */
/* The port's calls as `describe` tells them: help, and words as the arguments of a call. */
#pragma once

#include "cli/port-line.h"
#include "util/text.h"

enum port_kind {
	PORT_WORD,
	PORT_INTEGER,
	PORT_NAME,
	PORT_FLAGS,
	PORT_MEMORY,
	PORT_STRINGS,
	PORT_NUMBERS,
	PORT_RLIMIT,
	PORT_TIME,
	PORT_HANDLER,
	PORT_STRUCT
};

struct port_parameter {
	const char *name;
	const char *kind_name; /* as the port calls it */
	const char *table;     /* of constants; NULL: none */
	enum port_kind kind;
};

struct port_call {
	const char *name, *help;
	struct port_parameter *parameters;
	size_t count;
};

struct port_calls {
	json_t *described, *tables; /* owned: what the strings below lie in */
	struct port_call *calls;
	size_t count;
};

/* Takes what `describe` answered. -EPROTO: it is something else; -ENOMEM. */
int port_calls_init(struct port_calls *calls, json_t *described);
void port_calls_done(struct port_calls *calls);
const struct port_call *port_calls_find(const struct port_calls *calls, const char *name);

/* A table's constants, [[NAME, NUMBER]...], as `constants` answered; stolen. */
int port_calls_set_table(struct port_calls *calls, const char *table, json_t *constants);
/* The table, or NULL where it was not set yet. */
const json_t *port_calls_table(const struct port_calls *calls, const char *table);

/*
 * The words behind a call's name as its arguments; the caller has set the tables of its parameters.
 * -EINVAL with a sentence and *ret_word, whose word is wrong (`count` where one is missing).
 */
int port_calls_arguments(const struct port_calls *calls, const struct port_call *call,
			 const struct port_word *words, size_t count, json_t **ret_arguments,
			 size_t *ret_word, struct error *err);

/* "chmod PATH MODE". */
void port_calls_usage(const struct port_call *call, struct text *text);
