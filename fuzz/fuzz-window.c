// SPDX-License-Identifier: MIT
/* Times of rules: whatever is read can be asked at any time, and errors are inside of the text. */
#include "config/window.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(freep) char *text = calloc(size + 1, 1);
	struct policy_window window;
	size_t offset = SIZE_MAX;
	unsigned held = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	if (window_parse(text, &window, &offset, &err) < 0) {
		assert(offset <= strlen(text) && err.message);
		return 0;
	}
	/* A leap year has all days that there are. */
	for (time_t at = 1704067200; at < 1735689600; at += 47 * 60) {
		struct tm local;

		gmtime_r(&at, &local);
		held += window_holds(&window, &local);
	}
	assert(held < 20000);
	return 0;
}
