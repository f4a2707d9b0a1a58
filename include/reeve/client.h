/* SPDX-License-Identifier: MIT */
/*
 * Calls of the daemon's control interface, io.reeve: groups, limits, status. docs/ and
 * `varlinkctl introspect` have its methods.
 *
 * Functions return 0 or a negative errno, with a sentence as in reeve/launch.h. A client is used
 * by one thread at a time.
 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct reeve_client;

/* `runtime_folder` NULL: /run/reeve. -ENOENT, -ECONNREFUSED: no daemon is there; -EACCES. */
int reeve_client_open(const char *runtime_folder, struct reeve_client **ret_client,
		      char **ret_sentence);
void reeve_client_close(struct reeve_client *client); /* NULL is allowed */

/*
 * One call: `method` is "GetGroup", `parameters` a JSON object (NULL: none), *ret_reply one, which
 * the caller frees; NULL is allowed. -EINVAL: the parameters are no object, or one of them is
 * wrong; -EOPNOTSUPP: the daemon has no such method; -EACCES; others as the daemon says. After
 * -ETIMEDOUT (30 s) and errors of the connection the client has to be closed.
 */
int reeve_client_call(struct reeve_client *client, const char *method, const char *parameters,
		      char **ret_reply, char **ret_sentence);

#ifdef __cplusplus
}
#endif
