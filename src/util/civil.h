/* SPDX-License-Identifier: MIT */
/* Dates by arithmetic alone: gmtime_r(3) takes a lock, which a gate thread may not. */
#pragma once

#include "util/macros.h"

#include <time.h>

/* Seconds since 1970 (UTC, or with the offset of a zone added) as date, weekday and time of day;
 * tm_yday and the zone's members are left 0. */
void civil_time(int64_t seconds, struct tm *ret_time);
