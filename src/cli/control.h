/* SPDX-License-Identifier: MIT */
/* The way to the engine: the daemon's socket, or, where none answers, an engine of one's own. */
#pragma once

#include "cli/cli.h"

struct control;
struct varlink_client;

/*
 * Reaches the daemon of cli->runtime_dir. When nothing answers there and `local_too`, a local
 * engine is made from cli->config instead; mistakes of the policy are printed on cli->err.
 * -ENOENT: no daemon runs; always with a sentence.
 */
int control_open(const struct cli *cli, bool local_too, struct control **ret_control,
		 struct error *err);
void control_free(struct control *control);
DEFINE_CLEANUP(struct control *, control_free);

/* Calls "GetStatus" and so on; steals `parameters` (NULL: none). */
int control_call(struct control *control, const char *method, json_t *parameters,
		 json_t **ret_reply, struct error *err);

/* The way itself, for what goes over it in a loop; NULL: local. */
struct varlink_client *control_client(const struct control *control);

/* Follows Events until `function` returns non-zero (the result then) or the daemon ends it (0). */
int control_observe(struct control *control, int (*function)(json_t *reply, void *userdata),
		    void *userdata, struct error *err);
