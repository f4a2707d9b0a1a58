/* SPDX-License-Identifier: MIT */
/* Templates of cgconfig.conf, for groups that rules of libcgroup make on demand. */
#pragma once

#include "cgroup/destination.h"
#include "config/cgconfig.h"

/* The template of that path, which still has its fields ("/students/%u"); NULL: there is none. */
const struct cgconfig_group *templates_find(const struct cgconfig *config, const char *path);

/*
 * Gives a directory that was just made the values and owners that the template says for the
 * controllers of its hierarchy. Returns 0, or the first error with a sentence; the rest is done.
 */
int templates_apply(const struct cgconfig_group *template, const struct layout *layout,
		    const struct placement_seat *seat, const char *path, struct error *err);
