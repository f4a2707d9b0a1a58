// SPDX-License-Identifier: MIT
/*
 * The kernel shows the memory that the arguments stood in when the program was executed, and goes
 * on into the environment behind it where the arguments' last byte was overwritten. The
 * environment is copied away before the first title is written over it.
 */
#include "port/process-title.h"

extern char **environ;

static struct {
	char *memory;
	size_t size;
	char *arguments; /* as they were */
} area;

void process_title_init(int argc, char **argv)
{
	char *end;

	if (argc < 1)
		return;
	area.memory = argv[0];
	end = argv[0];
	for (int i = 0; i < argc; i++)
		if (argv[i] == end)
			end = argv[i] + strlen(argv[i]) + 1;
	for (char **entry = environ; entry && *entry; entry++)
		if (*entry == end)
			end = *entry + strlen(*entry) + 1;
	area.size = (size_t)(end - area.memory);
}

/* Every string of the environment that lies where the title is to be gets memory of its own. */
static bool save(void)
{
	char *arguments = malloc(area.size);

	if (!arguments)
		return false;
	for (char **entry = environ; entry && *entry; entry++) {
		char *copy;

		if (*entry < area.memory || *entry >= area.memory + area.size)
			continue;
		copy = strdup(*entry);
		if (!copy) {
			free(arguments);
			return false;
		}
		*entry = copy;
	}
	memcpy(arguments, area.memory, area.size);
	area.arguments = arguments;
	return true;
}

int process_title_set(const char *title)
{
	size_t size = strlen(title);

	if (!area.size || (!area.arguments && !save())) {
		errno = ENOMEM;
		return -1;
	}
	if (!size) {
		memcpy(area.memory, area.arguments, area.size);
		return 0;
	}
	size = MIN(size, area.size - 1);
	memset(area.memory, 0, area.size);
	memcpy(area.memory, title, size);
	return 0;
}
