/* SPDX-License-Identifier: MIT */
/* What clients of the daemon share. */
#pragma once

#include "varlink/client.h"

/* `runtime_folder` NULL: /run/reeve. -ENOENT, -ECONNREFUSED: no daemon is there; others of
 * connect(2); with a sentence. */
int connect_daemon(const char *runtime_folder, struct varlink_client **ret_client,
		   struct error *err);

/* A JSON object of a text; NULL for NULL. -EINVAL with a sentence. */
int parse_object(const char *text, json_t **ret_object, struct error *err);
