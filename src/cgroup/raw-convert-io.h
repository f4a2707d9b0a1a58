/* SPDX-License-Identifier: MIT */
/*
 * What raw-convert.c leaves to others: settings of disks, a line each. v1 has a file for each of
 * the four rates, with "MAJOR:MINOR NUMBER" and 0 for none; v2 has all in io.max, with "MAJOR:MINOR
 * rbps=NUMBER wbps=max ...". What disks have done is in two files of v1 and in v2's io.stat.
 */
#pragma once

#include "cgroup/raw-convert.h"

/*
 * As raw_convert_set() for these, and raw_convert_get(): `name` is the one spoken, of the version
 * that the disk has not. -EINVAL: no such lines. What has been done cannot be set: -EOPNOTSUPP.
 */
int raw_convert_io_set(const char *name, const char *value, bool disk_v2,
		       struct raw_settings *ret_settings);
int raw_convert_io_get(const char *name, bool disk_v2, raw_convert_read read, void *context,
		       char **ret_value);
