// SPDX-License-Identifier: MIT
/* The words are this program's own, and few: more of them than there is room for is a mistake here.
 */
#include "compat/daemon.h"

#include "util/places.h"

#include <assert.h>

void daemon_word(struct daemon_words *words, const char *word)
{
	/* execv(3) takes them without const and leaves them alone. */
	union {
		const char *constant;
		char *plain;
	} both = { .constant = word };

	assert(words->count < DAEMON_WORDS);
	words->words[words->count++] = both.plain;
}

void daemon_execute(struct daemon_words *words)
{
	static const char *const names[] = { "reeved", "../daemon/reeved", "../sbin/reeved" };
	char beside[PLACE_SIZE];

	words->words[words->count] = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		place_beside(names[i], beside);
		execv(beside, words->words);
	}
	execv(REEVE_SBIN_DIR "/reeved", words->words);
}
