// SPDX-License-Identifier: MIT
/* A line of `reeve port`: its words end, stand in the line, and a mistake has its column. */
#include "cli/port-line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *variable(_unused_ void *userdata, const char *name)
{
	return *name == 'a' ? "value" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct port_line line;
	size_t column = 0;

	if (port_line_parse((const char *)data, size, variable, NULL, &line, &column, &err) < 0) {
		if (!err.message || column < 1 || column > size + 1)
			abort();
		error_done(&err);
		return 0;
	}
	for (size_t i = 0; i < line.count; i++)
		if (line.words[i].column > size || line.words[i].text[line.words[i].size])
			abort();
	port_line_done(&line);
	return 0;
}
