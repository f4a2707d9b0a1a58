/* SPDX-License-Identifier: MIT */
/* What the parts of cgconfig share. */
#pragma once

#include "config/cgconfig-lexer.h"
#include "config/cgconfig.h"

void cgconfig_group_done(struct cgconfig_group *group);
void cgconfig_settings_done(struct cgconfig_settings *settings);
/* Notes a file that is read; -ENOMEM. */
int cgconfig_add_file(struct cgconfig *config, const char *name);

enum { WORD_SHOWN = 60 }; /* of a word in a message */

struct cgparser {
	struct cgconfig *config;
	struct diagnostics *diagnostics;
	const char *name;
	uint16_t file;
	struct cglexer lexer;
	struct cgtoken token; /* the next one */
	unsigned depth;	      /* of braces that are open before it */
	size_t items;	      /* see CGCONFIG_ITEMS_MAX */
	int result;
};

/* The parts return false when they told an error: then the section is left out. */

bool cgparser_tell(struct cgparser *parser, enum severity severity, const struct cgtoken *token,
		   const char *hint, const char *format, ...) _printf_(5, 6);
void cgparser_step(struct cgparser *parser);
bool cgtoken_is(const struct cgtoken *token, const char *word);
/* Tells that something else was expected than what comes. */
bool cgparser_unexpected(struct cgparser *parser, const char *expected);
bool cgparser_take_mark(struct cgparser *parser, char mark);
struct position cgparser_position(const struct cgparser *parser, const struct cgtoken *token);
/* A name without control characters, which a path or a message can have. */
bool cgparser_check_name(struct cgparser *parser, const struct cgtoken *token, const char *name);
/* The path that a group's name means; NULL: told. */
const char *cgparser_read_path(struct cgparser *parser, const struct cgtoken *at, const char *name);

struct read_setting {
	struct cgconfig_setting setting;
	struct cgtoken name, value;
};

typedef bool (*setting_fn)(struct cgparser *parser, const struct read_setting *read, void *target);
/* "{ name = value; ... }"; `least` is the number that has to be there. */
bool cgparser_read_settings(struct cgparser *parser, size_t least, setting_fn take, void *target);
bool cgparser_add_setting(struct cgparser *parser, struct cgconfig_settings *list,
			  const struct cgconfig_setting *setting);

/* cgconfig-sections.c; the token is the section's word. */
bool cgparser_read_perm(struct cgparser *parser, struct cgconfig_perm *ret_perm);
bool cgparser_read_places(struct cgparser *parser, const struct cgtoken *at, bool mount);
bool cgparser_read_defaults(struct cgparser *parser);
bool cgparser_read_systemd(struct cgparser *parser, const struct cgtoken *at);
