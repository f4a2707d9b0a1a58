// SPDX-License-Identifier: MIT
/* The targets of the rules that were picked, in the order of the rules. */
#include "rules/shared-paths.h"

#include "rules/glob.h"
#include "rules/keys.h"

struct shared_paths {
	struct rule_target *targets;
	size_t count;
	uint64_t *picked; /* a bit a rule */
	size_t rule_count;
};

static uint64_t text_key(const struct rule_target *target)
{
	return key_of(target->kind, target->text, strlen(target->text));
}

static int by_rule(const void *a, const void *b)
{
	const struct rule_target *left = a, *right = b;

	return left->rule < right->rule ? -1 : left->rule > right->rule;
}

static void pick(struct shared_paths *shared, const struct rule_target *targets, size_t count,
		 const struct keys *texts, bool (*may)(uint32_t rule, void *userdata),
		 void *userdata)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t rule = targets[i].rule;

		if (!shared_paths_has(shared, rule) &&
		    keys_count(texts, text_key(&targets[i])) > SHARED_PATHS_FROM &&
		    may(rule, userdata))
			shared->picked[rule / 64] |= UINT64_C(1) << (rule % 64);
	}
	for (size_t i = 0; i < count; i++)
		shared->count += shared_paths_has(shared, targets[i].rule);
}

static int count_texts(const struct rule_target *targets, size_t count, struct keys **ret_texts)
{
	_cleanup_(freep) struct key_entry *entries = calloc(count + 1, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		entries[i] =
			(struct key_entry){ .key = text_key(&targets[i]), .rule = targets[i].rule };
	return keys_new(entries, count, ret_texts);
}

int shared_paths_new(const struct rule_target *targets, size_t count, size_t rule_count,
		     bool (*may)(uint32_t rule, void *userdata), void *userdata,
		     struct shared_paths **ret_shared)
{
	_cleanup_(shared_paths_freep) struct shared_paths *shared = calloc(1, sizeof(*shared));
	_cleanup_(keys_freep) struct keys *texts = NULL;
	size_t kept = 0;

	if (!shared)
		return -ENOMEM;
	shared->rule_count = rule_count;
	shared->picked = calloc(rule_count / 64 + 1, sizeof(*shared->picked));
	if (!shared->picked || count_texts(targets, count, &texts) < 0)
		return -ENOMEM;
	pick(shared, targets, count, texts, may, userdata);
	if (shared->count == 0) {
		*ret_shared = NULL;
		return 0;
	}
	shared->targets = calloc(shared->count, sizeof(*shared->targets));
	if (!shared->targets)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (shared_paths_has(shared, targets[i].rule))
			shared->targets[kept++] = targets[i];
	qsort(shared->targets, kept, sizeof(*shared->targets), by_rule);
	*ret_shared = TAKE_PTR(shared);
	return 0;
}

void shared_paths_free(struct shared_paths *shared)
{
	if (!shared)
		return;
	free(shared->targets);
	free(shared->picked);
	free(shared);
}

bool shared_paths_has(const struct shared_paths *shared, uint32_t rule)
{
	return shared->picked[rule / 64] >> (rule % 64) & 1;
}

static bool target_names(const struct rule_target *target, const struct file_key *file,
			 bool by_identity)
{
	size_t length = strlen(target->text);

	switch (target->kind) {
	case TARGET_GLOB:
		return glob_matches(GLOB_PATH, target->text,
				    (struct slice){ file->path, file->length });
	case TARGET_FOLDER:
		if (length == 1) /* "/" */
			return file->length > 0 && file->path[0] == '/';
		return file->length > length && file->path[length] == '/' &&
		       memcmp(file->path, target->text, length) == 0;
	case TARGET_FILE:
		break;
	}
	if (file->length == length && memcmp(file->path, target->text, length) == 0)
		return true;
	return by_identity && target->has_identity && file->dev == target->dev &&
	       file->ino == target->ino;
}

bool shared_paths_name(const struct shared_paths *shared, uint32_t rule,
		       const struct file_key *file, bool by_identity)
{
	size_t low = 0, high = shared->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (shared->targets[middle].rule < rule)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < shared->count && shared->targets[low].rule == rule; low++)
		if (target_names(&shared->targets[low], file, by_identity))
			return true;
	return false;
}
