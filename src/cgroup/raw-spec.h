/* SPDX-License-Identifier: MIT */
/* What libcgroup's commands take for a group: "cpu,memory:students/anna". */
#pragma once

#include "util/macros.h"

struct raw_spec {
	char **controllers; /* as they stand there; none for ":path", which is v2 without any */
	size_t count;
	bool all;   /* "*" */
	char *path; /* as it stands there, not empty */
};

/* -EINVAL: no colon, an empty path, or an empty name between commas. */
int raw_spec_parse(const char *text, struct raw_spec *ret_spec);
void raw_spec_done(struct raw_spec *spec);
