/* SPDX-License-Identifier: MIT */
/* The page: what a browser is given without a token, for there is no data in it. */
#pragma once

#include "util/text.h"

struct asset {
	const char *path, *type;
	const void *data;
	size_t size;
};

/* NULL: there is none at this path. */
const struct asset *asset_find(const char *path);
/* All, in order; NULL behind the last. */
const struct asset *asset_at(size_t index);
/* A quoted word that is another one whenever the contents are. */
void asset_tag(const struct asset *asset, char tag[static 20]);
