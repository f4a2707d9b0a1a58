// SPDX-License-Identifier: MIT
/* Lines of the kernel's log, in which programs choose their own names. */
#include "launch/kernel-log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *line = strndup((const char *)data, size);
	struct kernel_note note;

	if (!kernel_note_parse(line, &note))
		return 0;
	if (note.pid < 0 || note.call < 0 || strlen(note.name) >= sizeof(note.name) ||
	    strlen(note.group) >= sizeof(note.group))
		abort();
	return 0;
}
