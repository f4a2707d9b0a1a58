// SPDX-License-Identifier: MIT
/* Audit records: the kernel writes them, but users choose the names and arguments in them. */
#include "source/audit-event.h"
#include "source/audit-rule.h"
#include "source/audit-serials.h"
#include "source/test-audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t touched;

/* Reads all of it, so that a slice that is not what it says is seen. */
static void touch(struct slice slice)
{
	for (size_t i = 0; i < slice.size; i++)
		touched += (unsigned char)slice.data[i];
}

static void on_group(const struct audit_group *group, void *userdata)
{
	static struct audit_event made;

	if (group->argv.size > AUDIT_ARGV_MAX || group->item_count > AUDIT_ITEMS ||
	    (group->argv.size && group->argv.data[group->argv.size - 1] != '\0'))
		abort();
	if (!audit_event_make(group, 0, &made))
		return;
	if (made.program >= (int)group->item_count)
		abort();
	for (int field = 0; field < FIELDS; field++) {
		struct slice slice;

		if (!event_knows(&made.event, field) || (event_fields[field].kind != KIND_BYTES &&
							 event_fields[field].kind != KIND_LIST))
			continue;
		memcpy(&slice, (char *)&made.event + event_fields[field].offset, sizeof(slice));
		touch(slice);
		if (event_fields[field].kind == KIND_BYTES && slice.size &&
		    memchr(slice.data, '\0', slice.size))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct audit_serials serials;
	struct slice text = { (const char *)data, size }, record;
	struct audit_assembly *assembly;
	struct audit_stamp stamp;
	struct audit_key key;
	unsigned type;
	uint64_t now = 0;

	if (audit_assembly_new(on_group, NULL, &assembly) < 0)
		return 0;
	audit_assembly_want(assembly, (1U << AUDIT_CALLS) - 1);
	audit_serials_begin(&serials);
	while (test_audit_next(&text, &type, &stamp, &record)) {
		audit_serials_see(&serials, stamp.serial);
		audit_assembly_add(assembly, type, &stamp, record, now++);
	}
	(void)audit_serials_settle(&serials, serials.highest);
	audit_assembly_expire(assembly, UINT64_MAX);
	if (audit_assembly_due(assembly) != UINT64_MAX)
		abort();
	audit_assembly_free(assembly);
	(void)audit_rule_judge((struct slice){ (const char *)data, size }, &key);
	return 0;
}
