// SPDX-License-Identifier: MIT
/*
 * A push is one transaction: the document, its copy in the history, who pushed it, and the canaries
 * that end with it; it fails if anybody has pushed since we looked. What is older than the last
 * FLEET_KEEP pushes goes with it.
 */
#include "cli/fleet-push.h"

#include "cli/output.h"
#include "config/load.h"
#include "config/service.h"
#include "service/sandbox.h"
#include "util/host.h"
#include "util/units.h"

#include <pwd.h>
#include <sys/utsname.h>

/* ---- what is meant ---- */

static int read_percent(const struct cli *cli, struct fleet_push *push, struct error *err)
{
	uint64_t percent = 100;

	if (cli->percent && (parse_u64(cli->percent, &percent) < 0 || percent < 1 || percent > 100))
		return error_set(err, -EINVAL, "--percent: \"%s\" is not a number from 1 to 100",
				 cli->percent);
	push->percent = (unsigned)percent;
	if (percent < 100 && (cli->host || cli->service || cli->remove))
		return error_set(err, -EINVAL, "--percent is for a policy of all hosts or a label");
	return 0;
}

int fleet_push_init(const struct cli *cli, struct fleet_push *push, struct error *err)
{
	char scope[FLEET_KEY_MAX / 2] = "all";

	*push = (struct fleet_push){ .service = cli->service, .message = cli->message };
	if (cli->label && cli->host)
		return error_set(err, -EINVAL, "--label and --host exclude each other");
	if (cli->label)
		snprintf(scope, sizeof(scope), "label/%s", cli->label);
	else if (cli->host)
		snprintf(scope, sizeof(scope), "host/%s", cli->host);
	if (!fleet_scope_is_good(scope))
		return error_set(err, -EINVAL,
				 "\"%s\" cannot be the name of a %s: letters, digits, \".\", \"_\" "
				 "and \"-\"",
				 strchr(scope, '/') + 1, cli->label ? "label" : "host");
	if (cli->service && service_name_check(cli->service, err) < 0)
		return -EINVAL;
	snprintf(push->document, sizeof(push->document), "%s/%s%s%s",
		 cli->service ? "services" : "policy", scope, cli->service ? "/" : "",
		 cli->service ? cli->service : "");
	push->scope = strchr(push->document, '/') + 1;
	return read_percent(cli, push, err);
}

/* ---- checking ---- */

static void add_layer(struct policy_layer *layers, size_t *count, const char *name,
		      const struct gateway_pair *pair)
{
	if (pair)
		layers[(*count)++] = (struct policy_layer){ name, pair->value, pair->value_size };
}

/* As a host would take it that is of this label alone: over our own files, where they are known. */
static int check_policy(struct fleet_client *client, const struct fleet_push *push,
			const char *name, struct diagnostics *diagnostics, struct error *err)
{
	struct gateway_pairs pairs = { 0 };
	struct policy_layer layers[2];
	struct policy *policy = NULL;
	size_t count = 0;
	int r = 0;

	if (!streq(push->scope, "all"))
		r = fleet_client_read(client, "policy/all", false, &pairs, NULL, err);
	if (r < 0)
		return r;
	add_layer(layers, &count, "policy/all", fleet_client_find(client, &pairs, "policy/all"));
	layers[count++] = (struct policy_layer){ name, push->text, push->size };
	r = policy_load_layered(client->config, 0, layers, count, &policy, diagnostics);
	policy_free(policy);
	gateway_pairs_done(&pairs);
	return r;
}

static int check_service(const struct fleet_push *push, struct diagnostics *diagnostics)
{
	char name[SERVICE_NAME_MAX + sizeof(".yaml")];
	_cleanup_(service_sandbox_done) struct service_sandbox sandbox;
	struct service_manifest *manifest = NULL;
	int r = service_sandbox_init(&sandbox);

	/* It is named after its file. */
	snprintf(name, sizeof(name), "%s.yaml", push->service);
	if (r >= 0)
		r = service_parse(name, push->text, push->size, &sandbox.schema, &manifest,
				  diagnostics);
	service_manifest_free(manifest);
	return r;
}

int fleet_push_check(const struct cli *cli, struct fleet_client *client,
		     const struct fleet_push *push, const char *name, struct error *err)
{
	_cleanup_(diagnostics_done) struct diagnostics diagnostics = { 0 };
	int r;

	if (push->size > FLEET_TEXT_MAX)
		return error_set(err, -EFBIG,
				 "%s is larger than %d KiB, and so will not go into etcd with its "
				 "copy in the history",
				 name, FLEET_TEXT_MAX >> 10);
	r = push->service ? check_service(push, &diagnostics)
			  : check_policy(client, push, name, &diagnostics, err);
	diagnostics_print(&diagnostics, cli->colour_err, cli->err);
	return r < 0 ? error_set(err, r, "%s is not valid: nothing was pushed", name) : 0;
}

/* ---- the past ---- */

void fleet_past_done(struct fleet_past *past)
{
	gateway_pairs_done(&past->pairs);
}

static unsigned number_of(const struct fleet_client *client, const struct fleet_push *push,
			  const struct gateway_pair *pair, const char *kind)
{
	char whole[FLEET_KEY_MAX + 16];
	const char *rest;
	uint64_t number;

	snprintf(whole, sizeof(whole), "%s/%s", kind, push->document);
	rest = fleet_key_rest(pair->key, pair->key_size, client->prefix, whole);
	return rest && parse_u64(rest, &number) >= 0 && number < 100000000 ? (unsigned)number : 0;
}

int fleet_past_read(struct fleet_client *client, const struct fleet_push *push, bool texts,
		    struct fleet_past *ret_past, struct error *err)
{
	static const char *const kinds[] = { "history", "about", "rollout" };
	struct fleet_past past = { 0 };
	int r = fleet_client_read(client, push->document, false, &past.pairs, NULL, err);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(kinds); i++) {
		char below[FLEET_KEY_MAX + 16];

		snprintf(below, sizeof(below), "%s/%s/", kinds[i],
			 i < 2 ? push->document : push->scope);
		if (i == 0 && !texts)
			r = fleet_client_read_keys(client, below, &past.pairs, err);
		else if (i < 2 || !push->service)
			r = fleet_client_read(client, below, true, &past.pairs, NULL, err);
	}
	if (r < 0) {
		fleet_past_done(&past);
		return r;
	}
	past.now = fleet_client_find(client, &past.pairs, push->document);
	for (size_t i = 0; i < past.pairs.count; i++)
		past.latest =
			MAX(past.latest, number_of(client, push, &past.pairs.items[i], "about"));
	*ret_past = past;
	return 0;
}

const struct gateway_pair *fleet_past_at(const struct fleet_client *client,
					 const struct fleet_push *push,
					 const struct fleet_past *past, unsigned number)
{
	for (size_t i = 0; number > 0 && i < past->pairs.count; i++)
		if (number_of(client, push, &past->pairs.items[i], "history") == number)
			return &past->pairs.items[i];
	return NULL;
}

/* ---- writing ---- */

static char *numbered(const struct fleet_client *client, const struct fleet_push *push,
		      const char *kind, unsigned number)
{
	char *key = NULL;

	return asprintf(&key, "%s/%s/%s/%08u", client->prefix, kind, push->document, number) < 0
		       ? NULL
		       : key;
}

static void add_put(json_t *list, const char *key, const void *value, size_t size)
{
	json_array_append_new(list, json_pack("{s:{s:o, s:o}}", "request_put", "key",
					      gateway_bytes(key, strlen(key)), "value",
					      gateway_bytes(value, size)));
}

static void add_delete(json_t *list, const struct gateway_pair *pair)
{
	json_array_append_new(list, json_pack("{s:{s:o}}", "request_delete_range", "key",
					      gateway_bytes(pair->key, pair->key_size)));
}

static char *about_text(const struct fleet_push *push, unsigned number)
{
	const struct passwd *user = getpwuid(getuid());
	struct utsname names = { 0 };
	json_t *about;
	char *text;

	(void)uname(&names);
	about = json_pack("{s:s, s:i, s:o, s:I, s:i, s:b, s:s}", "document", push->document,
			  "number", (int)number, "by",
			  json_sprintf("%s@%s", user ? user->pw_name : "?", names.nodename), "at",
			  (json_int_t)(clock_realtime() / UINT64_C(1000000000)), "percent",
			  (int)push->percent, "removed", push->text == NULL, "message",
			  push->message ? push->message : "");
	text = about ? json_dumps(about, JSON_COMPACT) : NULL;
	json_decref(about);
	return text;
}

/* The document itself, or its canary, and the end of what it replaces. */
static int add_document(struct fleet_client *client, const struct fleet_push *push,
			const struct fleet_past *past, json_t *list)
{
	char kind[FLEET_KEY_MAX + 16];
	_cleanup_(freep) char *key = NULL;

	if (push->percent < 100)
		snprintf(kind, sizeof(kind), "rollout/%s/%u", push->scope, push->percent);
	else
		snprintf(kind, sizeof(kind), "%s", push->document);
	key = fleet_client_key(client, kind);
	if (!key)
		return -ENOMEM;
	if (push->text)
		add_put(list, key, push->text, push->size);
	else if (past->now)
		add_delete(list, past->now);
	snprintf(kind, sizeof(kind), "rollout/%s", push->scope);
	for (size_t i = 0; !push->service && i < past->pairs.count; i++) {
		const struct gateway_pair *pair = &past->pairs.items[i];

		if (fleet_key_rest(pair->key, pair->key_size, client->prefix, kind) &&
		    !streq(pair->key, key))
			add_delete(list, pair);
	}
	return 0;
}

static int add_history(struct fleet_client *client, const struct fleet_push *push,
		       const struct fleet_past *past, unsigned number, json_t *list)
{
	_cleanup_(freep) char *text = numbered(client, push, "history", number);
	_cleanup_(freep) char *about = numbered(client, push, "about", number);
	_cleanup_(freep) char *said = about_text(push, number);

	if (!text || !about || !said)
		return -ENOMEM;
	if (push->text)
		add_put(list, text, push->text, push->size);
	add_put(list, about, said, strlen(said));
	for (size_t i = 0; i < past->pairs.count; i++) {
		const struct gateway_pair *pair = &past->pairs.items[i];
		unsigned old = MAX(number_of(client, push, pair, "history"),
				   number_of(client, push, pair, "about"));

		if (old > 0 && old + FLEET_KEEP <= number)
			add_delete(list, pair);
	}
	return 0;
}

static json_t *compare(const char *key, const char *target, const char *field, int64_t value)
{
	return json_pack("{s:o, s:s, s:s, s:o}", "key", gateway_bytes(key, strlen(key)), "target",
			 target, "result", "EQUAL", field, json_sprintf("%lld", (long long)value));
}

int fleet_push_write(struct fleet_client *client, const struct fleet_push *push,
		     const struct fleet_past *past, unsigned *ret_number, int64_t *ret_revision,
		     struct error *err)
{
	unsigned number = past->latest + 1;
	_cleanup_(freep) char *about = numbered(client, push, "about", number);
	_cleanup_(freep) char *key = fleet_client_key(client, push->document);
	json_t *success = json_array(), *answer = NULL;
	int r = about && key ? add_document(client, push, past, success) : -ENOMEM;

	if (r >= 0)
		r = add_history(client, push, past, number, success);
	if (r < 0) {
		json_decref(success);
		return error_oom(err);
	}
	r = fleet_client_call(client, "/v3/kv/txn",
			      json_pack("{s:[o, o], s:o}", "compare",
					compare(about, "CREATE", "create_revision", 0),
					compare(key, "MOD", "mod_revision",
						past->now ? past->now->revision : 0),
					"success", success),
			      &answer, err);
	if (r < 0)
		return r;
	if (!json_is_true(json_object_get(answer, "succeeded")))
		r = error_set(err, -EAGAIN,
			      "somebody else has pushed %s at the same time: look at it (reeve "
			      "fleet diff), and push again",
			      push->document);
	else
		r = gateway_number(json_object_get(answer, "header"), "revision", ret_revision);
	json_decref(answer);
	*ret_number = number;
	return r;
}

/* ---- hosts ---- */

static json_t *value_of(const struct gateway_pair *pair)
{
	json_t *value = json_loadb(pair->value, pair->value_size, 0, NULL);

	if (json_is_object(value) && json_is_string(json_object_get(value, "host")))
		return value;
	json_decref(value);
	return NULL;
}

json_t *fleet_hosts(struct fleet_client *client, struct error *err)
{
	struct gateway_pairs status = { 0 }, live = { 0 };
	json_t *hosts = json_array();
	int r = fleet_client_read(client, "status/", true, &status, NULL, err);

	if (r >= 0)
		r = fleet_client_read(client, "live/", true, &live, NULL, err);
	for (size_t i = 0; r >= 0 && i < status.count; i++) {
		json_t *value = value_of(&status.items[i]);
		char kind[FLEET_KEY_MAX];
		const struct gateway_pair *lives;

		if (!value)
			continue;
		snprintf(kind, sizeof(kind), "live/%s", member_string(value, "host"));
		lives = fleet_client_find(client, &live, kind);
		json_object_set_new(value, "there", json_boolean(lives != NULL));
		if (lives)
			json_object_set_new(value, "live", value_of(lives));
		json_array_append_new(hosts, value);
	}
	gateway_pairs_done(&status);
	gateway_pairs_done(&live);
	if (r >= 0)
		return hosts;
	json_decref(hosts);
	return NULL;
}

static bool concerns(const struct fleet_push *push, const json_t *host)
{
	const json_t *labels = json_object_get(host, "labels");
	const char *name = member_string(host, "host");

	if (strncmp(push->scope, "host/", 5) == 0) {
		size_t size = strlen(name);

		return strncmp(push->scope + 5, name, size) == 0 &&
		       (push->scope[5 + size] == '\0' || push->scope[5 + size] == '/');
	}
	if (push->percent < 100 && fleet_percent_of(name) >= push->percent)
		return false;
	if (strncmp(push->scope, "label/", 6) != 0)
		return true;
	for (size_t i = 0; i < json_array_size(labels); i++) {
		const char *label = json_string_value(json_array_get(labels, i));
		size_t size = label ? strlen(label) : 0;

		if (label && strncmp(push->scope + 6, label, size) == 0 &&
		    (push->scope[6 + size] == '\0' || push->scope[6 + size] == '/'))
			return true;
	}
	return false;
}

json_t *fleet_push_hosts(struct fleet_client *client, const struct fleet_push *push,
			 int64_t revision, struct error *err)
{
	json_t *all = fleet_hosts(client, err), *hosts = all ? json_array() : NULL;

	for (size_t i = 0; i < json_array_size(all); i++) {
		json_t *host = json_array_get(all, i);
		const json_t *refused = json_object_get(host, "refused");
		const char *state = "waiting";

		if (!member_true(host, "there") || !concerns(push, host))
			continue;
		if ((int64_t)member_integer(host, "revision") >= revision)
			state = json_is_object(refused) ? "refused" : "applied";
		json_array_append_new(hosts, json_pack("{s:O, s:s, s:O?}", "host",
						       json_object_get(host, "host"), "state",
						       state, "refused", refused));
	}
	json_decref(all);
	return hosts;
}
