// SPDX-License-Identifier: MIT
/* What all sinks need. */
#include "export/sink.h"

#include <stdarg.h>

const char *sink_setting(const struct sink_options *options, const char *name)
{
	for (size_t i = 0; i < options->count; i++)
		if (streq(options->settings[i].name, name))
			return options->settings[i].value;
	return NULL;
}

void sink_error(struct sink_counters *counters, const char *format, ...)
{
	va_list arguments;

	counters->errors++;
	va_start(arguments, format);
	vsnprintf(counters->last_error, sizeof(counters->last_error), format, arguments);
	va_end(arguments);
	counters->last_error[strcspn(counters->last_error, "\n")] = '\0';
}
