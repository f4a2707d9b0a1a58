// SPDX-License-Identifier: MIT
/* Anybody may have written anything below the prefix: a key that is not as it should be is not
 * ours. */
#include "fleet/keys.h"

#include "config/policy.h"

bool fleet_scope_is_good(const char *scope)
{
	if (streq(scope, "all"))
		return true;
	if (strncmp(scope, "label/", 6) == 0)
		return fleet_name_is_good(scope + 6);
	return strncmp(scope, "host/", 5) == 0 && fleet_name_is_good(scope + 5);
}

/* FNV-1a, whose low bits are mixed once more: names of hosts differ in their last digits only. */
unsigned fleet_percent_of(const char *host)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *host; host++) {
		hash ^= (unsigned char)*host;
		hash *= UINT64_C(0x100000001b3);
	}
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 29;
	return (unsigned)(hash % 100);
}

int fleet_percent_parse(const char *text, size_t size)
{
	int percent = 0;

	if (size == 0 || size > 2 || text[0] == '0')
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		percent = percent * 10 + (text[i] - '0');
	}
	return percent;
}

const char *fleet_key_rest(const char *key, size_t size, const char *prefix, const char *kind)
{
	size_t before = strlen(prefix), middle = strlen(kind);

	if (memchr(key, '\0', size) || size < before + middle + 2 ||
	    memcmp(key, prefix, before) != 0 || key[before] != '/' ||
	    memcmp(key + before + 1, kind, middle) != 0 || key[before + 1 + middle] != '/')
		return NULL;
	return key + before + middle + 2;
}
