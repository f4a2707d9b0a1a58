// SPDX-License-Identifier: MIT
/*
 * Values stand one after the other as the event holds them, strings as their size and their bytes.
 * As long as all values before are equal, each stands at the same place in both.
 */
#include "export/event-memo.h"

/* Bytes of a value; 0: a slice. */
static const uint8_t sizes[] = {
	[KIND_U32] = sizeof(event_U32),
	[KIND_U64] = sizeof(event_U64),
	[KIND_I32] = sizeof(event_I32),
	[KIND_TIME] = sizeof(event_TIME),
	[KIND_BYTES] = 0,
	[KIND_LIST] = 0,
	[KIND_ID] = sizeof(event_ID),
	[KIND_FLAGS] = sizeof(event_FLAGS),
	[KIND_OCTAL] = sizeof(event_OCTAL),
	[KIND_DEVICE] = sizeof(event_DEVICE),
	[KIND_CAPABILITIES] = sizeof(event_CAPABILITIES),
};

static bool same_number(const char *a, const char *b, size_t size)
{
	uint32_t a4, b4;
	uint64_t a8, b8;

	if (size == sizeof(a4)) {
		memcpy(&a4, a, sizeof(a4));
		memcpy(&b4, b, sizeof(b4));
		return a4 == b4;
	}
	if (size == sizeof(a8)) {
		memcpy(&a8, a, sizeof(a8));
		memcpy(&b8, b, sizeof(b8));
		return a8 == b8;
	}
	return memcmp(a, b, size) == 0;
}

bool event_memo_holds(const struct event_memo *memo, const struct event *event, uint64_t fields)
{
	const char *kept = memo->values;

	if (memo->fields != fields || fields == 0)
		return false;
	for (; fields; fields &= fields - 1) {
		const struct event_field_info *info = &event_fields[__builtin_ctzll(fields)];
		const char *value = (const char *)event + info->offset;
		size_t size = sizes[info->kind];
		struct slice string;

		if (size > 0) {
			if (!same_number(kept, value, size))
				return false;
			kept += size;
			continue;
		}
		memcpy(&string, value, sizeof(string));
		if (!same_number(kept, (const char *)&string.size, sizeof(string.size)))
			return false;
		kept += sizeof(string.size);
		if (string.size > 0 && memcmp(kept, string.data, string.size) != 0)
			return false;
		kept += string.size;
	}
	return true;
}

/* Adds bytes behind the `used` ones; false: there is no room. */
static bool add(struct event_memo *memo, size_t *used, const void *data, size_t size)
{
	if (size > sizeof(memo->values) - *used)
		return false;
	if (size > 0)
		memcpy(memo->values + *used, data, size);
	*used += size;
	return true;
}

void event_memo_keep(struct event_memo *memo, const struct event *event, uint64_t fields,
		     const char *text, size_t size)
{
	size_t used = 0;
	bool whole = size <= sizeof(memo->text);

	memo->fields = 0;
	for (uint64_t left = fields; left && whole; left &= left - 1) {
		const struct event_field_info *info = &event_fields[__builtin_ctzll(left)];
		const char *value = (const char *)event + info->offset;
		struct slice string;

		if (sizes[info->kind] > 0) {
			whole = add(memo, &used, value, sizes[info->kind]);
			continue;
		}
		memcpy(&string, value, sizeof(string));
		whole = add(memo, &used, &string.size, sizeof(string.size)) &&
			add(memo, &used, string.data, string.size);
	}
	if (!whole)
		return;
	memcpy(memo->text, text, size);
	memo->text_size = (uint32_t)size;
	memo->fields = fields;
}
