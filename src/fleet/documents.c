// SPDX-License-Identifier: MIT
/*
 * All documents of a host are read in one transaction: what is applied has stood there together.
 * They are watched by one range over the documents of all hosts: the gateway takes one request for
 * a stream with certainty, for its server may throw away what it has not read of a body once it
 * begins to answer (docs/decisions/0031-fleet.md).
 */
#include "fleet/documents.h"

#include "config/service.h"
#include "fleet/keys.h"
#include "util/base64.h"

void fleet_documents_done(struct fleet_documents *documents)
{
	for (size_t i = 0; i < documents->count; i++) {
		free(documents->items[i].name);
		free(documents->items[i].text);
		free(documents->items[i].service);
	}
	free(documents->items);
	*documents = (struct fleet_documents){ 0 };
}

/* ---- what is read ---- */

/* The n-th scope of a host, in the order of merging; false: there is none. */
static bool scope_at(const struct fleet_place *place, size_t n, char scope[static FLEET_KEY_MAX])
{
	size_t labels = 0;

	while (place->labels[labels])
		labels++;
	if (n == 0)
		snprintf(scope, FLEET_KEY_MAX, "all");
	else if (n <= labels)
		snprintf(scope, FLEET_KEY_MAX, "label/%s", place->labels[n - 1]);
	else if (n == labels + 1)
		snprintf(scope, FLEET_KEY_MAX, "host/%s", place->host);
	return n <= labels + 1;
}

static int add_range(json_t *ranges, const struct fleet_place *place, const char *kind,
		     const char *scope, bool below)
{
	char key[2 * FLEET_KEY_MAX];

	snprintf(key, sizeof(key), "%s/%s/%s%s", place->prefix, kind, scope, below ? "/" : "");
	return json_array_append_new(ranges, gateway_range(key, below));
}

json_t *fleet_documents_ranges(const struct fleet_place *place)
{
	json_t *ranges = json_array();
	char scope[FLEET_KEY_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && scope_at(place, i, scope); i++) {
		r = add_range(ranges, place, "policy", scope, false);
		if (r == 0 && strncmp(scope, "host/", 5) != 0)
			r = add_range(ranges, place, "rollout", scope, true);
		if (r == 0)
			r = add_range(ranges, place, "services", scope, true);
	}
	/* A range that was left out would read as documents that are gone. */
	if (r == 0)
		return ranges;
	json_decref(ranges);
	return NULL;
}

json_t *fleet_documents_watch(const struct fleet_place *place, int64_t revision)
{
	char first[2 * FLEET_KEY_MAX], end[2 * FLEET_KEY_MAX];

	/* Between them nothing of ours stands but "rollout/"; "0" is what follows "/". */
	snprintf(first, sizeof(first), "%s/policy/", place->prefix);
	snprintf(end, sizeof(end), "%s/services0", place->prefix);
	return json_pack("{s:{s:o, s:o, s:o}}", "create_request", "key",
			 gateway_bytes(first, strlen(first)), "range_end",
			 gateway_bytes(end, strlen(end)), "start_revision",
			 json_sprintf("%lld", (long long)revision));
}

static bool concerns(const struct fleet_place *place, const struct gateway_pair *pair)
{
	static const char *const kinds[] = { "policy", "rollout", "services" };
	char scope[FLEET_KEY_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *rest =
			fleet_key_rest(pair->key, pair->key_size, place->prefix, kinds[i]);

		for (size_t k = 0; rest && scope_at(place, k, scope); k++) {
			size_t size = strlen(scope);

			if (strncmp(rest, scope, size) == 0 &&
			    (rest[size] == '\0' || rest[size] == '/'))
				return true;
		}
	}
	return false;
}

bool fleet_documents_concern(const struct fleet_place *place, const json_t *events)
{
	const json_t *event;
	bool found = false;
	size_t i;

	json_array_foreach(events, i, event)
	{
		struct gateway_pair pair;
		/* What cannot be understood is looked at. */
		int r = gateway_key(json_object_get(event, "kv"), &pair);

		found |= r < 0 || concerns(place, &pair);
		if (r >= 0)
			free(pair.key);
	}
	return found;
}

/* ---- what has come ---- */

static int add_document(struct fleet_documents *documents, struct gateway_pair *pair,
			const char *service)
{
	struct fleet_document *larger, *document;

	if (documents->count >= FLEET_DOCUMENTS_MAX)
		return -E2BIG;
	larger = reallocarray(documents->items, documents->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	documents->items = larger;
	document = &larger[documents->count];
	*document = (struct fleet_document){
		.text = pair->value,
		.size = pair->value_size,
		.revision = pair->revision,
		.service = service ? strdup(service) : NULL,
	};
	if (asprintf(&document->name, "etcd:%s%s", pair->key, service ? ".yaml" : "") < 0)
		document->name = NULL;
	pair->value = NULL;
	documents->count++;
	return document->name && (!service || document->service) ? 0 : -ENOMEM;
}

/* The policy of a scope: its own, or a canary's that this host is to have. */
static struct gateway_pair *policy_of(const struct fleet_place *place, const char *scope,
				      struct gateway_pairs *pairs)
{
	struct gateway_pair *own = NULL, *canary = NULL;
	char kind[2 * FLEET_KEY_MAX], key[2 * FLEET_KEY_MAX];
	size_t size = (size_t)snprintf(key, sizeof(key), "%s/policy/%s", place->prefix, scope);

	snprintf(kind, sizeof(kind), "rollout/%s", scope);
	for (size_t i = 0; i < pairs->count; i++) {
		struct gateway_pair *pair = &pairs->items[i];
		const char *percent =
			fleet_key_rest(pair->key, pair->key_size, place->prefix, kind);

		if (pair->value && pair->key_size == size && memcmp(pair->key, key, size) == 0)
			own = pair;
		else if (percent && pair->value &&
			 (int)fleet_percent_of(place->host) <
				 fleet_percent_parse(percent, strlen(percent)) &&
			 (!canary || canary->revision < pair->revision))
			canary = pair;
	}
	return canary ? canary : own;
}

static int take_services(const struct fleet_place *place, const char *scope,
			 struct gateway_pairs *pairs, struct fleet_documents *documents)
{
	char kind[2 * FLEET_KEY_MAX];
	int r = 0;

	snprintf(kind, sizeof(kind), "services/%s", scope);
	for (size_t i = 0; r >= 0 && i < pairs->count; i++) {
		struct gateway_pair *pair = &pairs->items[i];
		const char *name = fleet_key_rest(pair->key, pair->key_size, place->prefix, kind);

		if (!name || !pair->value)
			continue;
		if (service_name_check(name, NULL) < 0)
			documents->foreign++;
		else
			r = add_document(documents, pair, name);
	}
	return r;
}

int fleet_documents_take(const struct fleet_place *place, struct gateway_pairs *pairs,
			 struct fleet_documents *ret_documents)
{
	struct fleet_documents documents = { 0 };
	char scope[FLEET_KEY_MAX];
	size_t bytes = 0;
	int r = 0;

	for (size_t i = 0; i < pairs->count; i++)
		bytes += pairs->items[i].value_size;
	if (bytes > FLEET_BYTES_MAX)
		return -EFBIG;
	for (size_t i = 0; r >= 0 && scope_at(place, i, scope); i++) {
		struct gateway_pair *policy = policy_of(place, scope, pairs);

		if (policy)
			r = add_document(&documents, policy, NULL);
	}
	for (size_t i = 0; r >= 0 && scope_at(place, i, scope); i++)
		r = take_services(place, scope, pairs, &documents);
	if (r < 0) {
		fleet_documents_done(&documents);
		return r;
	}
	*ret_documents = documents;
	return 0;
}

bool fleet_documents_same(const struct fleet_documents *a, const struct fleet_documents *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].size != b->items[i].size ||
		    !streq(a->items[i].name, b->items[i].name) ||
		    memcmp(a->items[i].text, b->items[i].text, a->items[i].size) != 0)
			return false;
	return true;
}

/* ---- on disk ---- */

json_t *fleet_documents_to_json(const struct fleet_documents *documents)
{
	json_t *list = json_array();

	for (size_t i = 0; i < documents->count; i++) {
		const struct fleet_document *item = &documents->items[i];
		json_t *one = json_pack("{s:s, s:o, s:I, s:s*}", "name", item->name, "text",
					gateway_bytes(item->text, item->size), "revision",
					(json_int_t)item->revision, "service", item->service);

		if (!one || json_array_append_new(list, one) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:I, s:o}", "revision", (json_int_t)documents->revision, "documents",
			 list);
}

static int read_document(const json_t *object, struct fleet_documents *documents)
{
	const char *name = NULL, *base64 = NULL, *service = NULL;
	json_int_t revision = 0;
	struct gateway_pair pair = { 0 };
	struct text text;
	int r;

	if (json_unpack((json_t *)(uintptr_t)object, "{s:s, s:s, s:I, s?s}", "name", &name, "text",
			&base64, "revision", &revision, "service", &service) < 0 ||
	    strncmp(name, "etcd:", 5) != 0 || (service && service_name_check(service, NULL) < 0))
		return -EBADMSG;
	text_init(&text);
	r = text_add_unbase64(&text, base64, strlen(base64));
	pair.value_size = text.size;
	pair.value = r < 0 ? NULL : text_take(&text);
	if (r < 0)
		text_done(&text);
	if (!pair.value)
		return r == -EINVAL ? -EBADMSG : -ENOMEM;
	pair.revision = revision;
	pair.key = strndup(name + 5, strlen(name) - 5 - (service ? MIN(strlen(name) - 5, 5U) : 0));
	r = pair.key ? add_document(documents, &pair, service) : -ENOMEM;
	free(pair.key);
	free(pair.value);
	return r;
}

int fleet_documents_from_json(const json_t *object, struct fleet_documents *ret_documents)
{
	const json_t *list = json_object_get(object, "documents"), *one;
	struct fleet_documents documents = { 0 };
	int r = json_is_array(list) ? 0 : -EBADMSG;
	size_t i;

	documents.revision = json_integer_value(json_object_get(object, "revision"));
	json_array_foreach(list, i, one) if (r >= 0) r = read_document(one, &documents);
	if (r < 0) {
		fleet_documents_done(&documents);
		return r;
	}
	*ret_documents = documents;
	return 0;
}
