// SPDX-License-Identifier: MIT
/* A container's config.json: what is refused has a sentence, and what is taken ends. */
#include "config/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	size_t *total = userdata;

	*total += strlen(key) + strlen(value);
	return value[0] == '!' ? error_set(err, -EINVAL, "%s", key) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = strndup((const char *)data, size);
	struct bundle bundle = { 0 };
	struct error err = ERROR_INIT;
	size_t total = 0;
	int r;

	if (!text)
		return 0;
	r = bundle_parse("/b", text, take, &total, &bundle, &err);
	if ((r < 0 && !err.message) || (r < 0 && bundle.argv))
		abort();
	bundle_done(&bundle);
	error_done(&err);
	return 0;
}
