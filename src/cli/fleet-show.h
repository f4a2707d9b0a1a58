/* SPDX-License-Identifier: MIT */
/* A fleet as text for people. Pure: JSON in, text out. */
#pragma once

#include "cli/show.h"

/* `fleet` of GetStatus: this host in its fleet. */
void fleet_show_member(const struct show *show, const json_t *fleet);
/* All hosts, and what was pushed last: {"hosts": [], "pushes": []}. */
void fleet_show(const struct show *show, const json_t *fleet);
