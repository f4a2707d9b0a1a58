// SPDX-License-Identifier: MIT
/* Templates with %-fields: what is checked can be filled in, and both ways alike. */
#include "util/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice value(char letter, void *userdata)
{
	static const char known[] = "a%p\n";

	return (struct slice){ known, (size_t)letter % sizeof(known) };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *template = strndup((const char *)data, size);
	_cleanup_(error_done) struct error err = ERROR_INIT;
	_cleanup_(text_done) struct text text = { 0 };
	char buffer[16384];
	ssize_t n;
	int r;

	if (!template)
		abort();
	r = fields_check(template, NULL, &err);
	if (fields_expand(template, value, NULL, &text) != r || (r < 0) != (err.message != NULL))
		abort();
	n = fields_expand_into(template, value, NULL, buffer, sizeof(buffer));
	if (r < 0 ? n != r && n != -ENOBUFS : n >= 0 && (size_t)n != text.size)
		abort();
	if (r == 0 && n > 0 && memcmp(buffer, text.data, (size_t)n) != 0)
		abort();
	return 0;
}
