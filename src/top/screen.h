/* SPDX-License-Identifier: MIT */
/* The terminal: what is on it, and the keys that come from it. All of ncurses is here. */
#pragma once

#include "top/cells.h"
#include "top/daemon.h"

enum key {
	KEY_OTHER_ = 0, /* nothing of interest */
	KEY_TEXT_,	/* a character: *ret_character */
	KEY_UP_,
	KEY_DOWN_,
	KEY_LEFT_,
	KEY_RIGHT_,
	KEY_PAGE_UP_,
	KEY_PAGE_DOWN_,
	KEY_FIRST_,
	KEY_LAST_,
	KEY_ENTER_,
	KEY_ESCAPE_,
	KEY_ERASE_,
	KEY_RESIZED_,
	KEY_NONE_, /* no more for now */
};

/* What is shown; borrowed. */
struct view {
	const struct tree *tree;
	const struct daemon *daemon;
	size_t top, selected; /* rows */
	bool decisions, help;
	const char *message; /* the last line; "" where there is none */
	bool bad;	     /* it is an error */
	bool prompt;	     /* the cursor stands behind it */
};

/* False: this terminal cannot place a cursor (or is unknown), so there is no screen. */
bool screen_begin(void);
void screen_end(void);
/* Rows of groups that fit; at least 1. */
size_t screen_rows(const struct view *view);
void screen_draw(const struct view *view);
enum key screen_key(char *ret_character);

/* All of it as lines on standard output, where there is no screen. */
void screen_plain(const struct tree *tree);

/* One line of what all groups together use. */
void header_text(const struct tree *tree, struct text *text);
