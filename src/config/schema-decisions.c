// SPDX-License-Identifier: MIT
/* `decisions`: where the record of what was decided is kept, and how much of it. */
#include "config/arena.h"
#include "config/schema.h"
#include "config/values.h"

static bool read_file(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	struct policy *policy = target;
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[0] != '/' && !streq(text, "off"))
		return report_error(reader, value, "write a path from \"/\" on, or off",
				    "the record \"%.80s\" depends on the folder that reeve is "
				    "started in",
				    text);
	policy->decisions_file = arena_string(reader->memory, text);
	return policy->decisions_file ? set_single(reader, key, value) : report_oom(reader);
}

static bool read_size(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const struct number_range range = { .least = 64 << 10,
					    .most = UINT64_C(1) << 40,
					    .unit = 1 };
	struct policy *policy = target;
	enum value result = value_bytes(reader, key->name, value, &range, &policy->decisions_size);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return set_single(reader, key, value);
}

static bool read_journal(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	struct policy *policy = target;
	enum value result = value_bool(reader, key->name, value, &policy->decisions_journal);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return set_single(reader, key, value);
}

static const struct schema_key decisions_keys[] = {
	{ "file", "path or off", "the record; default: decisions in the runtime folder", read_file,
	  .number = SINGLE_DECISIONS_FILE },
	{ "journal", "true or false", "in the journal, too", read_journal,
	  .number = SINGLE_DECISIONS_JOURNAL },
	{ "size", "bytes", "of the record, with the part before; default 4M", read_size,
	  .number = SINGLE_DECISIONS_SIZE },
};
const struct schema decisions_schema = {
	"\"decisions\"", decisions_keys, ARRAY_SIZE(decisions_keys), { { NULL, 0 } }
};
