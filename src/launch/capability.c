// SPDX-License-Identifier: MIT
/*
 * A program executed by another user than 0 has no capabilities but the ambient ones, and one
 * executed by user 0 gets all of the bounding set: both sets are the same here, so that what is
 * kept does not depend on the user.
 */
#include "launch/capability.h"

#include "util/suggest.h"
#include "util/text.h"

#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>

enum { CAPABILITIES_MOST = 64, NAME_MOST = 40 };

uint64_t capability_all(void)
{
	int count = cap_max_bits();

	return count >= CAPABILITIES_MOST ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

bool capability_may_bound(void)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t mine = cap_get_proc();

	if (mine)
		(void)cap_get_flag(mine, CAP_SETPCAP, CAP_EFFECTIVE, &value);
	(void)cap_free(mine);
	return value == CAP_SET;
}

static int unknown(const char *name, struct error *err)
{
	char *owned[CAPABILITIES_MOST];
	const char *names[CAPABILITIES_MOST], *near;
	size_t count = 0;

	for (int i = 0; i < cap_max_bits() && i < CAPABILITIES_MOST; i++) {
		owned[count] = cap_to_name((cap_value_t)i);
		if (owned[count]) {
			names[count] = owned[count] + strlen("cap_");
			count++;
		}
	}
	near = suggest(strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name, names, count);
	if (near)
		(void)error_set(err, -EINVAL, "unknown capability \"%s\" (did you mean \"%s\"?)",
				name, near);
	else
		(void)error_set(err, -EINVAL,
				"unknown capability \"%s\": capabilities(7) has them, such as "
				"\"net_bind_service\"; \"none\" and \"all\" are words, too",
				name);
	for (size_t i = 0; i < count; i++)
		(void)cap_free(owned[i]);
	return -EINVAL;
}

static int parse_name(const char *word, size_t size, uint64_t *capabilities, struct error *err)
{
	char name[NAME_MOST], full[NAME_MOST + 4];
	cap_value_t value;

	snprintf(name, sizeof(name), "%.*s", (int)MIN(size, sizeof(name) - 1), word);
	if (!*name)
		return error_set(err, -EINVAL, "an empty name of a capability");
	snprintf(full, sizeof(full), "%s%s", strncasecmp(name, "cap_", 4) == 0 ? "" : "cap_", name);
	/* libcap takes numbers, too, which nobody can read. */
	if ((name[0] >= '0' && name[0] <= '9') || cap_from_name(full, &value) < 0 ||
	    value >= CAPABILITIES_MOST)
		return unknown(name, err);
	*capabilities |= UINT64_C(1) << value;
	return 0;
}

int capability_parse(const char *text, uint64_t *ret_capabilities, struct error *err)
{
	uint64_t capabilities = 0;

	if (strcasecmp(text, "none") == 0 || strcasecmp(text, "all") == 0) {
		*ret_capabilities = strcasecmp(text, "all") == 0 ? capability_all() : 0;
		return 0;
	}
	for (;;) {
		size_t size = strcspn(text, ",");
		int r = parse_name(text, size, &capabilities, err);

		if (r < 0)
			return r;
		text += size;
		if (!*text)
			break;
		text++;
	}
	*ret_capabilities = capabilities;
	return 0;
}

char *capability_text(uint64_t capabilities)
{
	_cleanup_(text_done) struct text text = { 0 };

	if (capabilities == 0 || capabilities == capability_all())
		text_add(&text, capabilities ? "all" : "none");
	else
		for (unsigned i = 0; i < CAPABILITIES_MOST; i++) {
			char *name = capabilities >> i & 1 ? cap_to_name((cap_value_t)i) : NULL;

			if (name)
				text_addf(&text, "%s%s", text.size ? "," : "",
					  strncmp(name, "cap_", 4) == 0 ? name + 4 : name);
			(void)cap_free(name);
		}
	return text_take(&text);
}

struct launch_capabilities capability_keep(uint64_t capabilities, bool may_bound)
{
	return (struct launch_capabilities){
		.bounding = may_bound ? capabilities : UINT64_MAX,
		.permitted = capabilities,
		.inheritable = capabilities,
		.ambient = capabilities,
	};
}
