/* SPDX-License-Identifier: MIT */
/* The host's time zone, as TZ or /etc/localtime has it. For one thread: it may change TZ. */
#pragma once

#include <stdint.h>
#include <time.h>

/* Reads the zone again, and gives its distance from UTC at that moment, in seconds to the east. */
int32_t zone_offset(time_t when);

/* When that changes next after `now`; 0: not within 400 days. Of the zone that was read last. */
time_t zone_next_change(time_t now);
