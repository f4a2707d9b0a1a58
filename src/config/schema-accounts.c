// SPDX-License-Identifier: MIT
/*
 * Conditions about users and groups of users. Names become numbers when the policy is read, members
 * of a group too: a match asks nobody. Who does not exist is told, and the condition holds for
 * nobody until the policy is read again.
 */
#include "config/rule.h"

#include "config/values.h"
#include "util/units.h"

#include <ctype.h>

/* "1000" or "1000-1999": 1; 0: it is neither; -1: told. */
static int read_ids(struct reader *reader, const struct word_source *from, struct policy_word *word)
{
	const char *text = from->text, *dash = strchr(text, '-');
	char first[16] = "";
	uint64_t least, most;

	if (!isdigit((unsigned char)*text) || strspn(text, "0123456789-") != strlen(text) ||
	    (dash && (size_t)(dash - text) >= sizeof(first)))
		return 0;
	if (dash)
		memcpy(first, text, (size_t)(dash - text));
	if (parse_u64(dash ? first : text, &least) < 0 ||
	    parse_u64(dash ? dash + 1 : text, &most) < 0 || most >= UINT32_MAX || least > most) {
		report_error(reader, from->node, NULL,
			     "\"%s\": \"%.40s\" is no number, and no range of numbers that goes up",
			     from->key->name, text);
		return -1;
	}
	word->least = least;
	word->most = most;
	return 1;
}

bool word_uid(struct reader *reader, const struct word_source *from, struct policy_word *word)
{
	int r = read_ids(reader, from, word);

	if (r == 0)
		return report_error(reader, from->node, "names stand in \"user\"",
				    "\"uid\": \"%.80s\" is no number", from->text);
	return r > 0 && keep_word(reader, word, WORD_NUMBER, from->text);
}

bool word_account(struct reader *reader, const struct word_source *from, struct policy_word *word)
{
	bool group = from->key->number == CONDITION_UNIX_GROUP;
	struct account *account;
	int r;

	if (from->key->number == CONDITION_LOGINUID && streq(from->text, "unset")) {
		word->least = word->most = UINT32_MAX;
		return keep_word(reader, word, WORD_NUMBER, from->text);
	}
	r = (group ? accounts_group : accounts_user)(&reader->accounts, from->text, &account);
	if (r < 0)
		return report_oom(reader);
	if (account->found) {
		word->least = word->most = group ? account->gid : account->uid;
		return keep_word(reader, word, WORD_NUMBER, from->text);
	}
	r = read_ids(reader, from, word);
	if (r == 0) {
		report_warning(reader, from->node, NULL,
			       "rule \"%.60s\": there is no %s \"%.60s\" on this host (yet)",
			       from->list->rule, group ? "group" : "user", from->text);
		word->unknown = true;
		word->least = 1; /* to 0: nobody */
	}
	return r >= 0 && keep_word(reader, word, WORD_NUMBER, from->text);
}

/* The group itself, and each user who is listed in it and exists. */
static bool read_member_of(struct reader *reader, const struct node *node,
			   struct condition_list *list, struct policy_condition *condition)
{
	static const struct schema_key key = { "member_of", .number = CONDITION_UNIX_GROUP };
	struct word_source from = { .list = list, .key = &key, .node = node };
	enum value result = value_text(reader, key.name, node, &from.text);
	struct policy_word *words, *word;
	struct account *group, *user;
	size_t count = 0;

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (accounts_group(&reader->accounts, from.text, &group) < 0)
		return report_oom(reader);
	while (group->members && group->members[count])
		count++;
	words = arena_alloc(reader->memory, (condition->word_count + count + 1) * sizeof(*words));
	if (!words)
		return report_oom(reader);
	if (condition->word_count > 0)
		memcpy(words, condition->words, condition->word_count * sizeof(*words));
	condition->words = words;
	word = &words[condition->word_count];
	word->at = position_of(node);
	if (!word_account(reader, &from, word))
		return false;
	condition->word_count++;
	for (size_t i = 0; i < count; i++) {
		if (accounts_user(&reader->accounts, group->members[i], &user) < 0)
			return report_oom(reader);
		if (!user->found)
			continue;
		word = &words[condition->word_count++];
		*word = (struct policy_word){ .member = true, .at = position_of(node) };
		word->least = word->most = user->uid;
		if (!keep_word(reader, word, WORD_NUMBER, user->name))
			return false;
	}
	return true;
}

/* Each group has as many words as members. */
bool read_members(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *target)
{
	size_t count = count_words(reader, key, value);
	struct policy_condition *condition =
		new_condition(reader, target, CONDITION_MEMBER_OF, value);
	const struct node *entry;
	bool good = true;

	if (count == 0 || !condition)
		return false;
	reader->word_count += count;
	if (value->kind == NODE_SCALAR)
		return read_member_of(reader, value, target, condition);
	for (node_id at = 0; next_entry(reader, value, &at, &entry);)
		good &= read_member_of(reader, entry, target, condition);
	return good && !reader->too_large;
}
