/* SPDX-License-Identifier: MIT */
/* Programs that rules name by a link, where other links of its folder lead to the same file: a
 * program of many names, as busybox. A rule is about a file, and so about all of them. */
#pragma once

#include "config/policy.h"

/* Calls `told` for the first of them; looks into the folders of this host. */
void check_links(const struct policy *policy,
		 void (*told)(const struct position *at, const char *message, void *userdata),
		 void *userdata);
