/* SPDX-License-Identifier: MIT */
/* Services as text for people. Pure: JSON in, text out. */
#pragma once

#include "cli/output.h"

/* One line: "agent: started (process 123)", or where it is instead. */
void service_show_state(FILE *out, const char *name, const char *done, const json_t *service);
/* ServiceList */
void service_show_list(FILE *out, bool colour, const json_t *services);
/* ServiceStatus */
void service_show(FILE *out, bool colour, const json_t *service, const json_t *group);
