/* SPDX-License-Identifier: MIT */
/* A line of the port as a message. */
#pragma once

#include "reeve/port.h"

#include <jansson.h>

/* -EINVAL: the line is none that a port says; -ENOMEM. */
int port_message_read(const char *line, size_t size, struct reeve_message **ret_message);
/* [pid, ...], or NULL. */
json_t *port_place_write(struct reeve_place place);
/* A string where the bytes are one, {"base64": ...} otherwise; NULL: no memory. */
json_t *port_bytes_write(const void *data, size_t size);
