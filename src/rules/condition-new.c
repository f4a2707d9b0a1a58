// SPDX-License-Identifier: MIT
/* Conditions made ready to be asked: their expressions compiled, whatever is in a `not` too. */
#include "rules/condition.h"

static int compile_words(const struct policy_condition *from, struct condition *condition)
{
	for (size_t i = 0; i < from->word_count; i++) {
		int r;

		if (from->words[i].form != WORD_REGEX)
			continue;
		if (!condition->regexes)
			condition->regexes = calloc(from->word_count, sizeof(struct regex *));
		if (!condition->regexes)
			return -ENOMEM;
		r = regex_new(from->words[i].text, &condition->regexes[i], NULL, NULL);
		if (r < 0)
			return r == -ENOMEM ? r : -EINVAL;
	}
	return 0;
}

int conditions_new(const struct policy_condition *from, size_t count,
		   struct condition **ret_conditions)
{
	struct condition *conditions = calloc(count + 1, sizeof(*conditions));
	int r = conditions ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && r >= 0; i++) {
		conditions[i].from = &from[i];
		r = compile_words(&from[i], &conditions[i]);
		if (r >= 0 && from[i].inner_count > 0)
			r = conditions_new(from[i].inner, from[i].inner_count,
					   &conditions[i].inner);
	}
	if (r < 0) {
		conditions_free(conditions, count);
		return r;
	}
	*ret_conditions = conditions;
	return 0;
}

void conditions_free(struct condition *conditions, size_t count)
{
	for (size_t i = 0; conditions && i < count; i++) {
		for (size_t j = 0; conditions[i].regexes && j < conditions[i].from->word_count; j++)
			regex_free(conditions[i].regexes[j]);
		free(conditions[i].regexes);
		if (conditions[i].inner)
			conditions_free(conditions[i].inner, conditions[i].from->inner_count);
	}
	free(conditions);
}
