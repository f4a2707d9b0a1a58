// SPDX-License-Identifier: MIT
/* The daemon's client of etcd, in a loop that runs until the answer is there. */
#include "cli/fleet-client.h"

#include "config/load.h"
#include "core/engine.h"
#include "fleet/keys.h"

/* The status of all hosts, or all that is kept of a large document. */
enum { CLIENT_ANSWER_MAX = 128 << 20 };

/* ---- where it is ---- */

static int open_etcd(struct fleet_client *client, struct etcd_options *options, struct error *err)
{
	options->answer_max = CLIENT_ANSWER_MAX;
	while (options->endpoints[client->endpoints])
		client->endpoints++;
	return etcd_new(options, &client->etcd, err);
}

static int open_given(const struct cli *cli, struct fleet_client *client, struct error *err)
{
	_cleanup_(freep) char **endpoints = calloc(cli->etcd.count + 1, sizeof(*endpoints));
	struct etcd_options options = { .event = client->event, .endpoints = endpoints };
	int r = endpoints ? 0 : error_oom(err);

	for (size_t i = 0; r >= 0 && i < cli->etcd.count; i++) {
		if (!fleet_endpoint_is_good(cli->etcd.values[i]))
			return error_set(err, -EINVAL,
					 "--etcd: \"%s\" is not written like https://10.0.0.1:2379",
					 cli->etcd.values[i]);
		endpoints[i] = strdup(cli->etcd.values[i]);
		r = endpoints[i] ? 0 : error_oom(err);
	}
	if (r >= 0)
		r = open_etcd(client, &options, err);
	for (size_t i = 0; endpoints && i < cli->etcd.count; i++)
		free(endpoints[i]);
	return r;
}

static int read_policy(const struct cli *cli, struct fleet_client *client, struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	const char *path = cli->config ? cli->config : ENGINE_CONFIG_PATH;
	int r = policy_load(path, 0, &client->policy, &diagnostics);

	if (r < 0)
		return error_set(err, r,
				 "%s does not tell where the fleet's etcd is: it is not valid "
				 "(see: "
				 "reeve check; or name it: --etcd https://HOST:2379)",
				 path);
	client->config = path;
	return 0;
}

static int open_configured(struct fleet_client *client, struct error *err)
{
	const struct policy_fleet *fleet = client->policy->fleet;
	struct etcd_options options = { .event = client->event };

	if (!fleet)
		return error_set(err, -EINVAL,
				 "%s says nothing of a fleet (name its etcd: --etcd "
				 "https://HOST:2379)",
				 client->config);
	options.endpoints = fleet->endpoints;
	options.user = fleet->user;
	options.password_file = fleet->password_file;
	options.ca = fleet->ca;
	options.certificate = fleet->certificate;
	options.key = fleet->key;
	client->prefix = fleet->prefix;
	return open_etcd(client, &options, err);
}

int fleet_client_open(const struct cli *cli, struct fleet_client *client, struct error *err)
{
	int r;

	*client = (struct fleet_client){ .prefix = "/reeve" };
	if (cli->prefix && !fleet_prefix_is_good(cli->prefix))
		return error_set(err, -EINVAL,
				 "--prefix: \"%s\" is not written like /reeve, without \"/\" at "
				 "its "
				 "end",
				 cli->prefix);
	r = sd_event_new(&client->event);
	if (r < 0)
		return error_oom(err);
	/* With both, the file is what a document is checked over. */
	if (cli->etcd.count == 0 || cli->config)
		r = read_policy(cli, client, err);
	if (r >= 0)
		r = cli->etcd.count > 0 ? open_given(cli, client, err)
					: open_configured(client, err);
	if (cli->prefix)
		client->prefix = cli->prefix;
	return r;
}

void fleet_client_done(struct fleet_client *client)
{
	etcd_free(client->etcd);
	sd_event_unref(client->event);
	policy_free(client->policy);
	json_decref(client->answer);
	free(client->why);
	*client = (struct fleet_client){ 0 };
}

/* ---- calls ---- */

static void on_answer(void *userdata, int result, const json_t *answer, const char *why)
{
	struct fleet_client *client = userdata;

	client->done = true;
	client->result = result;
	client->answer = answer ? json_deep_copy(answer) : NULL;
	client->why = strdup(why ? why : "");
}

static bool is_of_the_way(int result)
{
	static const int codes[] = { -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT, -EREMOTEIO };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (result == codes[i])
			return true;
	return false;
}

static int call_once(struct fleet_client *client, const char *path, json_t *body, struct error *err)
{
	int r;

	json_decref(client->answer);
	free(client->why);
	client->answer = NULL;
	client->why = NULL;
	client->done = false;
	r = etcd_call(client->etcd, path, json_incref(body), on_answer, client, err);
	while (r >= 0 && !client->done)
		r = sd_event_run(client->event, UINT64_MAX);
	return r < 0 ? r : client->result;
}

int fleet_client_call(struct fleet_client *client, const char *path, json_t *body,
		      json_t **ret_answer, struct error *err)
{
	int r = -ENOMEM;

	for (size_t i = 0; body && i < client->endpoints; i++) {
		r = call_once(client, path, body, err);
		if (!is_of_the_way(r))
			break;
		if (i + 1 < client->endpoints)
			etcd_next_endpoint(client->etcd);
	}
	json_decref(body);
	if (r < 0 && client->why && *client->why)
		return error_set(err, r, "etcd at %s: %s", etcd_endpoint(client->etcd),
				 client->why);
	if (r < 0)
		return error_set_errno(err, r, "etcd at %s cannot be asked",
				       etcd_endpoint(client->etcd));
	*ret_answer = TAKE_PTR(client->answer);
	return 0;
}

char *fleet_client_key(const struct fleet_client *client, const char *kind)
{
	char *key = NULL;

	return asprintf(&key, "%s/%s", client->prefix, kind) < 0 ? NULL : key;
}

/* What a range (taken) has. */
static int read_range(struct fleet_client *client, json_t *range, struct gateway_pairs *pairs,
		      int64_t *ret_revision, struct error *err)
{
	json_t *answer = NULL;
	int r = range ? fleet_client_call(client, "/v3/kv/range", range, &answer, err)
		      : error_oom(err);

	if (r < 0)
		return r;
	r = gateway_pairs_add(pairs, answer);
	if (r >= 0 && ret_revision)
		r = gateway_number(json_object_get(answer, "header"), "revision", ret_revision);
	json_decref(answer);
	return r < 0 ? error_set_errno(err, r, "etcd's answer makes no sense") : 0;
}

int fleet_client_read(struct fleet_client *client, const char *kind, bool below,
		      struct gateway_pairs *pairs, int64_t *ret_revision, struct error *err)
{
	_cleanup_(freep) char *key = fleet_client_key(client, kind);

	return read_range(client, key ? gateway_range(key, below) : NULL, pairs, ret_revision, err);
}

int fleet_client_read_keys(struct fleet_client *client, const char *kind,
			   struct gateway_pairs *pairs, struct error *err)
{
	_cleanup_(freep) char *key = fleet_client_key(client, kind);
	json_t *range = key ? gateway_range(key, true) : NULL;

	if (range && json_object_set_new(range, "keys_only", json_true()) < 0) {
		json_decref(range);
		range = NULL;
	}
	return read_range(client, range, pairs, NULL, err);
}

const struct gateway_pair *fleet_client_find(const struct fleet_client *client,
					     const struct gateway_pairs *pairs, const char *kind)
{
	_cleanup_(freep) char *key = fleet_client_key(client, kind);

	for (size_t i = 0; key && i < pairs->count; i++)
		if (pairs->items[i].key_size == strlen(key) &&
		    memcmp(pairs->items[i].key, key, strlen(key)) == 0)
			return &pairs->items[i];
	return NULL;
}
