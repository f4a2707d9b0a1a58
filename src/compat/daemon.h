/* SPDX-License-Identifier: MIT */
/* A foreign daemon's command line becomes reeved's. */
#pragma once

#include "util/macros.h"

enum { DAEMON_WORDS = 32 };

struct daemon_words {
	char *words[DAEMON_WORDS + 1]; /* borrowed, NULL-terminated */
	size_t count;
};

/* Adds a word, which has to live until the daemon is executed. */
void daemon_word(struct daemon_words *words, const char *word);

/* Executes the daemon that is beside this program, where it was built or installed; returns only
 * where it cannot be, with errno. */
void daemon_execute(struct daemon_words *words);
