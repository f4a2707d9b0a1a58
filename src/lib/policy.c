// SPDX-License-Identifier: MIT
/* The loader's diagnostics behind functions, so that they may grow. */
#include "reeve/policy.h"

#include "config/load.h"

struct reeve_check {
	struct diagnostics found;
};

_Static_assert((int)REEVE_NOTE == (int)SEVERITY_NOTE &&
		       (int)REEVE_WARNING == (int)SEVERITY_WARNING &&
		       (int)REEVE_ERROR == (int)SEVERITY_ERROR,
	       "one numbering");

static int finish(int r, struct policy *policy, struct reeve_check *check,
		  struct reeve_check **ret_check)
{
	policy_free(policy);
	if (r == -ENOMEM) {
		reeve_check_free(check);
		return r;
	}
	*ret_check = check;
	return r;
}

int reeve_check_policy(const char *path, struct reeve_check **ret_check)
{
	struct reeve_check *check = calloc(1, sizeof(*check));
	struct policy *policy = NULL;
	int r;

	if (!check)
		return -ENOMEM;
	r = policy_load(path, 0, &policy, &check->found);
	return finish(r, policy, check, ret_check);
}

int reeve_check_policy_text(const char *name, const char *text, size_t size,
			    struct reeve_check **ret_check)
{
	struct reeve_check *check = calloc(1, sizeof(*check));
	struct policy *policy = NULL;
	int r;

	if (!check)
		return -ENOMEM;
	r = policy_parse(name, text, size, 0, &policy, &check->found);
	return finish(r, policy, check, ret_check);
}

void reeve_check_free(struct reeve_check *check)
{
	if (!check)
		return;
	diagnostics_done(&check->found);
	free(check);
}

size_t reeve_check_count(const struct reeve_check *check)
{
	return check->found.count;
}

/* Beyond the last one there is an empty one. */
static const struct diagnostic *at(const struct reeve_check *check, size_t index)
{
	static const struct diagnostic none;

	return index < check->found.count ? &check->found.items[index] : &none;
}

enum reeve_severity reeve_check_severity(const struct reeve_check *check, size_t index)
{
	return (enum reeve_severity)at(check, index)->severity;
}

const char *reeve_check_file(const struct reeve_check *check, size_t index)
{
	const char *file = at(check, index)->file;

	return file ? file : "";
}

unsigned reeve_check_line(const struct reeve_check *check, size_t index)
{
	return at(check, index)->line;
}

unsigned reeve_check_column(const struct reeve_check *check, size_t index)
{
	return at(check, index)->column;
}

const char *reeve_check_message(const struct reeve_check *check, size_t index)
{
	const char *message = at(check, index)->message;

	return message ? message : "";
}

const char *reeve_check_hint(const struct reeve_check *check, size_t index)
{
	const char *hint = at(check, index)->hint;

	return hint ? hint : "";
}

char *reeve_check_json(const struct reeve_check *check)
{
	json_t *list = diagnostics_to_json(&check->found);
	char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;

	json_decref(list);
	return text;
}
