/* SPDX-License-Identifier: MIT */
/* The options of a control process by name: setopt/2 and getopt/1. */
#pragma once

#include "port/port.h"

/* The option's place in port->options, or NULL. `stock`: only those that stock clients know. */
int64_t *option_find(struct port *port, const char *name, bool stock);

enum option_set { OPTION_SET, OPTION_REFUSED, OPTION_INVALID };
enum option_set option_set(struct port *port, const char *name, int64_t value, bool stock);

/* The names in their order, for lists of them; NULL behind the last. */
const char *option_name(size_t index);
