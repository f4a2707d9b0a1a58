/* SPDX-License-Identifier: MIT */
/*
 * For tests: recorded audit records as text, one a line, "TYPE audit(TIME:SERIAL): ...". Those in
 * fuzz/corpus/audit are from kernel 6.18; the fuzzer reads the same form.
 */
#pragma once

#include "source/audit-group.h"
#include "util/fd.h"

#include <fcntl.h>

/* Takes the next line's record; false at the end. Lines that are none are passed over. */
static inline bool test_audit_next(struct slice *text, unsigned *ret_type,
				   struct audit_stamp *ret_stamp, struct slice *ret_record)
{
	while (text->size > 0) {
		const char *end = memchr(text->data, '\n', text->size);
		struct slice line = { text->data, end ? (size_t)(end - text->data) : text->size };
		uint64_t type;

		text->size -= line.size + (end ? 1 : 0);
		text->data += line.size + (end ? 1 : 0);
		if (!audit_digits_take(&line, 10, &type) || line.size == 0 || type > UINT16_MAX)
			continue;
		line.data++;
		line.size--;
		if (!audit_stamp_take(&line, ret_stamp))
			continue;
		*ret_type = (unsigned)type;
		*ret_record = line;
		return true;
	}
	return false;
}

static inline void test_audit_add(struct audit_assembly *assembly, struct slice text)
{
	struct audit_stamp stamp;
	struct slice record;
	unsigned type;

	while (test_audit_next(&text, &type, &stamp, &record))
		audit_assembly_add(assembly, type, &stamp, record, 1000);
}

/* All records of a file of the corpus. */
static inline bool test_audit_add_file(struct audit_assembly *assembly, const char *name)
{
	_cleanup_(freep) char *path = NULL, *text = NULL;
	size_t size;

	if (asprintf(&path, "fuzz/corpus/audit/%s", name) < 0 ||
	    file_read_at(AT_FDCWD, path, 16 << 20, &text, &size) < 0)
		return false;
	test_audit_add(assembly, (struct slice){ text, size });
	return true;
}
