// SPDX-License-Identifier: MIT
/* Manifests of services; 'j' and a newline before it: as JSON. */
#include "config/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *key_at(size_t index, enum key_form *ret_form, void *userdata)
{
	static const char *const names[] = { "proc", "nice", "bind" };
	static const enum key_form forms[] = { KEY_FLAG, KEY_VALUE, KEY_LIST };

	if (index >= ARRAY_SIZE(names))
		return NULL;
	*ret_form = forms[index];
	return names[index];
}

static int take(const char *key, const char *value, void *userdata, struct error *err)
{
	return *value == '!' ? error_set(err, -EINVAL, "%s: it is bad", key) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(service_manifest_freep) struct service_manifest *manifest = NULL;
	const struct profile_schema sandbox = { key_at, take, NULL };
	bool json = size > 1 && data[0] == 'j' && data[1] == '\n';
	size_t skip = json ? 2 : 0;
	int r = service_parse(json ? "fuzz.json" : "fuzz.yaml", (const char *)data + skip,
			      size - skip, &sandbox, &manifest, &diagnostics);

	if ((r == 0) != (manifest != NULL) || (r < 0) != (diagnostics.errors > 0))
		abort();
	if (r == 0 && (!manifest->run || !manifest->run[0] || !manifest->name))
		abort();
	return 0;
}
