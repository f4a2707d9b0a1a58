// SPDX-License-Identifier: MIT
/* Numbers with units, and the text that is shown for them. */
#include "util/text.h"
#include "util/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read and is printed must be readable again, and not as more than it was. */
static void check_bytes(uint64_t bytes)
{
	char buffer[32];
	uint64_t again;

	format_bytes(bytes, buffer, sizeof(buffer));
	if (parse_bytes(buffer, 1, &again) < 0 || again > bytes)
		abort();
	format_duration(bytes, buffer, sizeof(buffer));
}

static void check_text(const char *string, size_t size)
{
	_cleanup_(text_done) struct text text = { 0 };

	text_add_escaped(&text, string, size);
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
			abort();
	(void)text_columns(string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *string = strndup((const char *)data, size);
	uint64_t value, interval;

	if (parse_bytes(string, UINT64_C(1) << 20, &value) == 0)
		check_bytes(value);
	if (parse_duration(string, 1000, &value) == 0)
		check_bytes(value);
	if (parse_rate(string, &value, &interval) == 0 && (value == 0 || interval == 0))
		abort();
	(void)parse_u64(string, &value);
	(void)parse_decimal(string, 1000000, &value);
	check_text(string, strlen(string));
	return 0;
}
