// SPDX-License-Identifier: MIT
/*
 * A rule is a list of fields. The value of a field is a number, or, for some, the length of a
 * string; the strings stand one behind another at the rule's end (audit_data_to_entry() in
 * kernel/auditfilter.c).
 */
#include "source/audit-rule.h"

#include <inttypes.h>

enum { WORD_BITS = 32 };

static const char prefix[] = "reeve-";

size_t audit_key_format(const struct audit_key *key, char text[static AUDIT_KEY_TEXT])
{
	return (size_t)snprintf(text, AUDIT_KEY_TEXT, "%s%" PRIu32 "-%" PRIu64 "-%" PRIu32 "-%s",
				prefix, key->pid, key->start, key->port,
				key->was_off ? "off" : "on");
}

bool audit_key_parse(struct slice text, struct audit_key *ret_key)
{
	char copy[AUDIT_KEY_TEXT], again[AUDIT_KEY_TEXT];
	struct audit_key key;
	size_t size;
	char word[4];

	if (text.size >= sizeof(copy) || text.size <= strlen(prefix))
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (sscanf(copy, "reeve-%10" SCNu32 "-%20" SCNu64 "-%10" SCNu32 "-%3[a-z]", &key.pid,
		   &key.start, &key.port, word) != 4)
		return false;
	key.was_off = streq(word, "off");
	/* Nothing but what we write: somebody else may like the word, too. */
	size = audit_key_format(&key, again);
	if (!slice_eq(text, (struct slice){ again, size }))
		return false;
	*ret_key = key;
	return true;
}

static void add_field(struct audit_rule_data *rule, uint32_t field, uint32_t operator,
		      uint32_t value)
{
	rule->fields[rule->field_count] = field;
	rule->values[rule->field_count] = value;
	rule->fieldflags[rule->field_count] = operator;
	rule->field_count++;
}

void audit_rule_make(struct audit_rule *rule, enum audit_abi abi, enum audit_call call,
		     bool success_only, const struct audit_key *key)
{
	struct audit_rule_data *data = audit_rule_data(rule);
	const uint16_t *numbers;
	size_t count = audit_call_numbers(abi, call, &numbers);

	memset(rule, 0, sizeof(*rule));
	data->flags = AUDIT_FILTER_EXIT;
	data->action = AUDIT_ALWAYS;
	for (size_t i = 0; i < count; i++)
		data->mask[AUDIT_WORD(numbers[i])] |= AUDIT_BIT(numbers[i]);
	add_field(data, AUDIT_ARCH, AUDIT_EQUAL, audit_abi_arch(abi));
	if (success_only)
		add_field(data, AUDIT_SUCCESS, AUDIT_EQUAL, 1);
	if (call == AUDIT_CALL_EXEC_USER)
		add_field(data, AUDIT_FIELD_COMPARE, AUDIT_NOT_EQUAL, AUDIT_COMPARE_UID_TO_EUID);
	if (call == AUDIT_CALL_EXEC_GROUP)
		add_field(data, AUDIT_FIELD_COMPARE, AUDIT_NOT_EQUAL, AUDIT_COMPARE_GID_TO_EGID);
	data->buflen =
		(uint32_t)audit_key_format(key,
					   rule->bytes + offsetof(struct audit_rule_data, buf));
	add_field(data, AUDIT_FILTERKEY, AUDIT_EQUAL, data->buflen);
	rule->size = sizeof(*data) + data->buflen;
}

/* Its value is the length of a string. */
static bool is_string_field(uint32_t field)
{
	return (field >= AUDIT_SUBJ_USER && field <= AUDIT_SUBJ_CLR) ||
	       (field >= AUDIT_OBJ_USER && field <= AUDIT_OBJ_LEV_HIGH) || field == AUDIT_WATCH ||
	       field == AUDIT_DIR || field == AUDIT_EXE || field == AUDIT_FILTERKEY;
}

/* The key, or size 0. False: the strings do not fit the rule. */
static bool find_key(const struct audit_rule_data *data, struct slice strings,
		     struct slice *ret_key)
{
	*ret_key = (struct slice){ "", 0 };
	for (uint32_t i = 0; i < data->field_count; i++) {
		uint32_t size = data->values[i];

		if (!is_string_field(data->fields[i]))
			continue;
		if (size > strings.size)
			return false;
		if (data->fields[i] == AUDIT_FILTERKEY)
			*ret_key = (struct slice){ strings.data, size };
		strings.data += size;
		strings.size -= size;
	}
	return true;
}

static bool names_execution(const struct audit_rule_data *data)
{
	for (int abi = 0; abi < AUDIT_ABIS; abi++) {
		const uint16_t *numbers;
		size_t count = audit_call_numbers(abi, AUDIT_CALL_EXEC, &numbers);

		for (size_t i = 0; i < count; i++)
			if (data->mask[AUDIT_WORD(numbers[i])] & AUDIT_BIT(numbers[i]))
				return true;
	}
	return false;
}

/* A rule that speaks of types of record, and may mean one of those that are read here. */
static bool excludes_ours(const struct audit_rule_data *data)
{
	static const uint32_t types[] = { AUDIT_SYSCALL, AUDIT_PATH, AUDIT_CWD,
					  AUDIT_EXECVE,	 AUDIT_EOE,  AUDIT_BPRM_FCAPS };

	for (uint32_t i = 0; i < data->field_count; i++) {
		if (data->fields[i] != AUDIT_MSGTYPE)
			continue;
		if (data->fieldflags[i] != AUDIT_EQUAL)
			return true;
		for (size_t j = 0; j < ARRAY_SIZE(types); j++)
			if (data->values[i] == types[j])
				return true;
		return false;
	}
	return true;
}

enum audit_rule_kind audit_rule_judge(struct slice rule, struct audit_key *ret_key)
{
	struct audit_rule_data data;
	struct slice strings, key;
	uint32_t list;

	if (rule.size < sizeof(data))
		return AUDIT_RULE_INVALID;
	memcpy(&data, rule.data, sizeof(data));
	strings = (struct slice){ rule.data + sizeof(data), rule.size - sizeof(data) };
	if (data.field_count > AUDIT_MAX_FIELDS || data.buflen > strings.size)
		return AUDIT_RULE_INVALID;
	strings.size = data.buflen;
	if (!find_key(&data, strings, &key))
		return AUDIT_RULE_INVALID;
	list = data.flags & ~(uint32_t)AUDIT_FILTER_PREPEND;
	if (list == AUDIT_FILTER_EXIT && data.action == AUDIT_ALWAYS &&
	    audit_key_parse(key, ret_key))
		return AUDIT_RULE_REEVE;
	if (list == AUDIT_FILTER_EXCLUDE)
		return excludes_ours(&data) ? AUDIT_RULE_EXCLUDE : AUDIT_RULE_OTHER;
	if (data.action != AUDIT_NEVER)
		return AUDIT_RULE_OTHER;
	if (list == AUDIT_FILTER_TASK)
		return data.field_count == 0 || (data.field_count == 1 && key.size > 0)
			       ? AUDIT_RULE_NEVER_TASK
			       : AUDIT_RULE_NEVER_SOME_TASK;
	return list == AUDIT_FILTER_EXIT && names_execution(&data) ? AUDIT_RULE_NEVER_EXEC
								   : AUDIT_RULE_OTHER;
}
