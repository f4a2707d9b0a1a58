// SPDX-License-Identifier: MIT
/* The daemon's methods, JSON in and out, so that no JSON library is part of the interface. */
#include "reeve/client.h"

#include "lib/connect.h"
#include "lib/sentence.h"

enum { CALL_TIMEOUT_MS = 30 * 1000, METHOD_MOST = 64 };

struct reeve_client {
	struct varlink_client *varlink;
};

int reeve_client_open(const char *runtime_folder, struct reeve_client **ret_client,
		      char **ret_sentence)
{
	struct reeve_client *client = calloc(1, sizeof(*client));
	struct error err = ERROR_INIT;
	int r = client ? connect_daemon(runtime_folder, &client->varlink, &err) : -ENOMEM;

	if (r < 0) {
		free(client);
		return sentence_give(&err, r, ret_sentence);
	}
	*ret_client = client;
	return 0;
}

void reeve_client_close(struct reeve_client *client)
{
	if (!client)
		return;
	varlink_client_free(client->varlink);
	free(client);
}

static int call(struct varlink_client *varlink, const char *method, json_t *parameters,
		json_t **ret_reply, struct error *err)
{
	_cleanup_(freep) char *failed = NULL;
	char full[METHOD_MOST + 10];
	json_t *reply = NULL;
	int r;

	if (strlen(method) > METHOD_MOST) {
		json_decref(parameters);
		return error_set(err, -EOPNOTSUPP, "no method has so long a name");
	}
	snprintf(full, sizeof(full), "io.reeve.%s", method);
	r = varlink_call(varlink, full, parameters, CALL_TIMEOUT_MS, &reply, &failed, err);
	if (r == 1) {
		r = varlink_explain(failed, reply, err);
		json_decref(reply);
		return r;
	}
	if (r == 0)
		*ret_reply = reply;
	return r;
}

int reeve_client_call(struct reeve_client *client, const char *method, const char *parameters,
		      char **ret_reply, char **ret_sentence)
{
	struct error err = ERROR_INIT;
	json_t *object = NULL, *reply = NULL;
	int r = parse_object(parameters, &object, &err);

	if (r == 0)
		r = call(client->varlink, method, object, &reply, &err);
	if (r == 0 && ret_reply) {
		*ret_reply = json_dumps(reply, JSON_COMPACT);
		r = *ret_reply ? 0 : -ENOMEM;
	}
	json_decref(reply);
	return r < 0 ? sentence_give(&err, r, ret_sentence) : 0;
}
