// SPDX-License-Identifier: MIT
/* "name=value" of one cgroup version in the words of the other, and back; the rest of the text is
 * what every file of the group holds. */
#include "cgroup/raw-convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_rest(void *context, const char *file, char **ret_text)
{
	(void)file;
	*ret_text = strdup(context);
	return *ret_text ? 0 : -ENOMEM;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text, *name, *value;

	if (!text)
		return 0;
	name = strsep(&rest, "=");
	value = rest ? strsep(&rest, "\n") : NULL;
	for (int v2 = 0; v2 < 2 && value && rest; v2++) {
		struct raw_settings settings = { 0 };
		char *got = NULL;

		if (raw_convert_set(name, value, v2, read_rest, rest, &settings) == 0 &&
		    (settings.count == 0 || !settings.items[0].value))
			abort();
		raw_settings_done(&settings);
		if (raw_convert_get(name, v2, read_rest, rest, &got) == 0 && !got)
			abort();
		free(got);
		(void)raw_convert_names(name, v2, &settings);
		raw_settings_done(&settings);
	}
	free(text);
	return 0;
}
