// SPDX-License-Identifier: MIT
/* Which of what is in etcd concerns a host, and in which order. */
#include "fleet/documents.h"

#include "fleet/keys.h"
#include "test/unit.h"

static char *const labels[] = { (char[]){ "web" }, (char[]){ "eu" }, NULL };
static const struct fleet_place place = { "/r", "h1", labels };

struct kv {
	const char *key, *value;
	int64_t revision;
};

static struct gateway_pairs pairs_of(const struct kv *kvs)
{
	struct gateway_pairs pairs = { 0 };

	pairs.items = calloc(16, sizeof(*pairs.items));
	assert_non_null(pairs.items);
	for (; kvs->key; kvs++)
		pairs.items[pairs.count++] = (struct gateway_pair){
			.key = strdup(kvs->key),
			.value = strdup(kvs->value),
			.key_size = strlen(kvs->key),
			.value_size = strlen(kvs->value),
			.revision = kvs->revision,
		};
	return pairs;
}

static struct fleet_documents take(const struct kv *kvs)
{
	struct gateway_pairs pairs = pairs_of(kvs);
	struct fleet_documents documents = { 0 };

	assert_int_equal(fleet_documents_take(&place, &pairs, &documents), 0);
	gateway_pairs_done(&pairs);
	return documents;
}
#define TAKE(...) take((const struct kv[]){ __VA_ARGS__, { NULL, NULL, 0 } })

static void test_order(void **state)
{
	struct fleet_documents documents =
		TAKE({ "/r/services/label/eu/db", "s2", 9 }, { "/r/services/all/db", "s1", 9 },
		     { "/r/policy/host/h1", "host", 4 }, { "/r/policy/label/eu", "eu", 3 },
		     { "/r/policy/all", "all", 1 }, { "/r/policy/label/web", "web", 2 },
		     { "/r/policy/host/h2", "other", 4 }, { "/r/services/all/../x", "s", 1 });
	static const char *const names[] = {
		"etcd:/r/policy/all",		"etcd:/r/policy/label/web",
		"etcd:/r/policy/label/eu",	"etcd:/r/policy/host/h1",
		"etcd:/r/services/all/db.yaml", "etcd:/r/services/label/eu/db.yaml"
	};

	assert_int_equal(documents.count, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(documents.items[i].name, names[i]);
	assert_string_equal(documents.items[2].text, "eu");
	assert_string_equal(documents.items[5].service, "db");
	assert_int_equal(documents.foreign, 1);
	fleet_documents_done(&documents);
}

/* The part of the hosts that a canary names has it in place of the scope's own. */
static void test_canary(void **state)
{
	char in[64], out[64];
	unsigned mine = fleet_percent_of("h1");
	struct fleet_documents documents;

	assert_true(mine > 0 && mine < 98);
	snprintf(in, sizeof(in), "/r/rollout/all/%u", mine + 1);
	snprintf(out, sizeof(out), "/r/rollout/all/%u", mine);
	documents = TAKE({ "/r/policy/all", "own", 1 }, { in, "rollout", 2 });
	assert_int_equal(documents.count, 1);
	assert_string_equal(documents.items[0].text, "rollout");
	fleet_documents_done(&documents);
	documents = TAKE({ "/r/policy/all", "own", 1 }, { out, "rollout", 2 },
			 { "/r/rollout/all/x", "nonsense", 3 });
	assert_string_equal(documents.items[0].text, "own");
	fleet_documents_done(&documents);
}

static void test_disk(void **state)
{
	struct fleet_documents documents = TAKE({ "/r/policy/all", "rules: {}\n", 7 },
						{ "/r/services/all/db", "run: x\n", 8 });
	struct fleet_documents again = { 0 };
	json_t *object;

	documents.revision = 9;
	object = fleet_documents_to_json(&documents);
	assert_int_equal(fleet_documents_from_json(object, &again), 0);
	json_decref(object);
	assert_true(fleet_documents_same(&documents, &again));
	assert_string_equal(again.items[1].service, "db");
	assert_int_equal(again.items[1].revision, 8);
	assert_int_equal(again.revision, 9);
	again.items[0].text[0] = 'R';
	assert_false(fleet_documents_same(&documents, &again));
	fleet_documents_done(&again);
	fleet_documents_done(&documents);
}

static void test_bad_disk(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"documents\": [1]}",
		"{\"documents\": [{\"name\": \"x\", \"text\": \"\", \"revision\": 1}]}",
		"{\"documents\": [{\"name\": \"etcd:/r\", \"text\": \"?\", \"revision\": 1}]}",
		("{\"documents\": [{\"name\": \"etcd:/r\", \"text\": \"\", \"revision\": 1, "
		 "\"service\": \"../x\"}]}"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *object = json_loads(bad[i], 0, NULL);
		struct fleet_documents documents;

		assert_non_null(object);
		assert_int_equal(fleet_documents_from_json(object, &documents), -EBADMSG);
		json_decref(object);
	}
}

static void test_ranges(void **state)
{
	json_t *ranges = fleet_documents_ranges(&place), *watch = fleet_documents_watch(&place, 12);
	const json_t *request = json_object_get(watch, "create_request");

	/* Four scopes, three each, but no part of a single host. */
	assert_int_equal(json_array_size(ranges), 11);
	assert_string_equal(json_string_value(json_object_get(request, "start_revision")), "12");
	json_decref(ranges);
	json_decref(watch);
}

static bool concern(const char *key)
{
	json_t *events = json_pack("[{s:{s:o}}]", "kv", "key", gateway_bytes(key, strlen(key)));
	bool result = fleet_documents_concern(&place, events);

	json_decref(events);
	return result;
}

static size_t before_refusal;

/* Refuses once. */
static void *scarce_malloc(size_t size)
{
	return before_refusal-- == 0 ? NULL : malloc(size);
}

/* Never a part of them: what was not asked for would read as documents that are gone. */
static void test_no_memory_for_ranges(void **state)
{
	size_t number = 0;
	bool refused;

	do {
		json_t *body;

		before_refusal = number++;
		json_set_alloc_funcs(scarce_malloc, free);
		body = gateway_read(fleet_documents_ranges(&place));
		json_set_alloc_funcs(malloc, free);
		refused = before_refusal > number;
		if (body)
			assert_int_equal(json_array_size(json_object_get(body, "success")), 11);
		assert_true(body || refused);
		json_decref(body);
	} while (refused);
	assert_true(number > 11);
}

static void test_whom_a_change_concerns(void **state)
{
	json_t *nonsense = json_pack("[{s:{s:s}}]", "kv", "key", "*");

	assert_true(concern("/r/policy/all"));
	assert_true(concern("/r/policy/label/eu"));
	assert_true(concern("/r/services/host/h1/db"));
	assert_true(concern("/r/rollout/all/20"));
	assert_false(concern("/r/policy/host/h2"));
	assert_false(concern("/r/policy/host/h11"));
	assert_false(concern("/r/policy/label/e"));
	assert_false(concern("/r/rest"));
	assert_true(fleet_documents_concern(&place, nonsense));
	json_decref(nonsense);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_canary),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_bad_disk),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_no_memory_for_ranges),
		cmocka_unit_test(test_whom_a_change_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
