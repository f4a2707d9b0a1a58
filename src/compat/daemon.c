// SPDX-License-Identifier: MIT
/* The words are this program's own, and few: more of them than there is room for is a mistake here.
 */
#include "compat/daemon.h"

#include <assert.h>
#include <limits.h>

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
	static const char *const folders[] = { "", "/../daemon", "/../sbin" };
	char self[PATH_MAX], beside[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	words->words[words->count] = NULL;
	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(beside, sizeof(beside), "%s%s/reeved", self, folders[i]);
		execv(beside, words->words);
	}
	execv(REEVE_SBIN_DIR "/reeved", words->words);
}
