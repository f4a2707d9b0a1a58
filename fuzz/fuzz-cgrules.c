// SPDX-License-Identifier: MIT
/*
 * cgrules.conf: an error is told or all is read, and what is read keeps its promises, as lines and
 * as a policy.
 */
#include "config/cgrules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No part is "..", whatever it is escaped with. */
static bool leaves(const char *path)
{
	char part[3];
	size_t size = 0;

	for (;; path++) {
		if (*path == '/' || *path == '\0') {
			if (size == 2 && part[0] == '.' && part[1] == '.')
				return true;
			if (*path == '\0')
				return false;
			size = 0;
			continue;
		}
		path += *path == '\\' && path[1] != '\0' && path[1] != '/';
		if (size < 2)
			part[size] = *path;
		size++;
	}
}

/* No destination leads out, and every rule that places stops. */
static void check_policy(const uint8_t *data, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	int r = policy_parse("cgrules.conf", (const char *)data, size, 0, &policy, &diagnostics);

	if ((r == 0) != (policy != NULL) || (r < 0) != (diagnostics.errors > 0))
		abort();
	for (size_t i = 0; policy && i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (!rule->stop || rule->effect_count > 1)
			abort();
		for (size_t k = 0; rule->effect_count && k < rule->effects[0].place.count; k++)
			if (strstr(rule->effects[0].place.items[k].path, "/../"))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(cgrules_freep) struct cgrules *rules = cgrules_new();
	int r;

	if (!rules)
		abort();
	r = cgrules_parse(rules, "fuzz", (const char *)data, size, CGRULES_COMMENTS, &diagnostics);
	if ((r < 0) != (diagnostics.errors > 0))
		abort();
	for (size_t i = 0; i < rules->count; i++) {
		const struct cgrule *rule = &rules->rules[i];

		if (!rule->controllers[0] || leaves(rule->destination) || rule->user_at == 0 ||
		    (i == 0 && rule->kind == CGRULE_CONTINUES))
			abort();
	}
	check_policy(data, size);
	return 0;
}
