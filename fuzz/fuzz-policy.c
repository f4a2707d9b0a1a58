// SPDX-License-Identifier: MIT
/*
 * Policy files. The first byte chooses syntax and flags, so that one corpus covers all:
 * 'j' JSON, 'f' fetter's YAML, 'k' fetter's JSON; anything else is part of a YAML file.
 */
#include "config/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	_cleanup_(policy_freep) struct policy *policy = NULL;
	char kind = size > 1 && data[1] == '\n' ? (char)data[0] : 'y';
	size_t skip = strchr("jfk", kind) ? 2 : 0;
	FILE *out;
	int r;

	r = policy_parse(kind == 'j' || kind == 'k' ? "fuzz.json" : "fuzz.yaml",
			 (const char *)data + skip, size - skip,
			 kind == 'f' || kind == 'k' ? LOAD_COMPAT_FETTER : 0, &policy,
			 &diagnostics);
	if ((r == 0) != (policy != NULL) || (r < 0) != (diagnostics.errors > 0))
		abort();
	out = fopen("/dev/null", "we");
	if (out) {
		diagnostics_print(&diagnostics, true, out);
		fclose(out);
	}
	json_decref(diagnostics_to_json(&diagnostics));
	return 0;
}
