// SPDX-License-Identifier: MIT
/* A file in which the daemon says where groups are, or what somebody made of it. */
#include "launch/group-index.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct group_index_key key = { 7, 120, 1700000000, 5 };
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	size_t length = strlen(text);
	const char *answer = group_index_look(text, &key, "a/b");

	if (answer && (answer < text || answer + strlen(answer) >= text + length))
		abort();
	return 0;
}
