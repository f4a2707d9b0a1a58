// SPDX-License-Identifier: MIT
/* What etcd 3.4 says, word for word, and what nobody should. */
#include "fleet/gateway.h"

#include "test/unit.h"

struct seen {
	struct gateway_message last;
	char reason[80];
	unsigned count, stop_at;
};

static int take(const struct gateway_message *message, void *userdata)
{
	struct seen *seen = userdata;

	seen->last = *message;
	snprintf(seen->reason, sizeof(seen->reason), "%s", message->reason);
	return ++seen->count == seen->stop_at ? 1 : 0;
}

/* The whole in parts of `step` bytes. */
static int feed(const char *text, size_t step, struct seen *seen)
{
	struct gateway_stream stream;
	size_t size = strlen(text);
	int r = 0;

	*seen = (struct seen){ 0 };
	gateway_stream_init(&stream);
	for (size_t at = 0; r == 0 && at < size; at += step)
		r = gateway_stream_feed(&stream, text + at, MIN(step, size - at), take, seen);
	gateway_stream_done(&stream);
	return r;
}

static void test_watch(void **state)
{
	static const char text[] =
		"{\"result\":{\"header\":{\"revision\":\"2\"},\"watch_id\":\"5\",\"created\":true}}"
		"\n"
		"\n"
		"{\"result\":{\"header\":{\"revision\":\"9\"},\"events\":[{\"kv\":{\"key\":\"YQ=="
		"\","
		"\"mod_revision\":\"7\"}},{\"type\":\"DELETE\",\"kv\":{\"key\":\"YQ==\","
		"\"mod_revision\":\"8\"}}]}}\n";
	struct seen seen;

	for (size_t step = 1; step < sizeof(text); step++) {
		assert_int_equal(feed(text, step, &seen), 0);
		assert_int_equal(seen.count, 2);
		assert_true(seen.last.changed && !seen.last.created);
		assert_int_equal(seen.last.revision, 8);
	}
}

static void test_end_of_a_watch(void **state)
{
	struct seen seen;

	assert_int_equal(feed("{\"result\":{\"canceled\":true,\"compact_revision\":\"5\"}}\n", 7,
			      &seen),
			 0);
	assert_true(seen.last.canceled);
	assert_int_equal(seen.last.compact_revision, 5);
	assert_int_equal(feed("{\"error\":{\"grpc_code\":14,\"http_code\":503,"
			      "\"message\":\"etcdserver: no leader\"}}\n",
			      9, &seen),
			 0);
	assert_true(seen.last.failed);
	assert_int_equal(seen.last.code, 14);
	assert_string_equal(seen.reason, "etcdserver: no leader");
}

static void test_keepalive(void **state)
{
	struct seen seen;

	assert_int_equal(feed("{\"result\":{\"ID\":\"7\",\"TTL\":\"3\"}}\n", 5, &seen), 0);
	assert_int_equal(seen.last.lease, 7);
	assert_int_equal(seen.last.ttl, 3);
	/* An expired one is answered without. */
	assert_int_equal(feed("{\"result\":{\"ID\":\"7\"}}\n", 5, &seen), 0);
	assert_int_equal(seen.last.ttl, 0);
}

static void test_nonsense(void **state)
{
	static const char *const bad[] = {
		"hello\n",
		"[]\n",
		"{}\n",
		"{\"result\":1}\n",
		"{\"result\":{\"events\":1}}\n",
		"{\"result\":{\"events\":[1]}}\n",
		"{\"result\":{\"events\":[{\"kv\":{\"mod_revision\":\"x\"}}]}}\n",
		"{\"result\":{\"TTL\":\"99999999999999999999\"}}\n",
		"{\"result\":{\"TTL\":\" 1\"}}\n",
		"{\"result\":{}, \"result\":{}}\n",
		"<html>\n",
	};
	struct seen seen;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(feed(bad[i], 100, &seen), -EBADMSG);
}

static void test_a_line_without_end(void **state)
{
	_cleanup_(freep) char *block = malloc(1 << 20);
	struct gateway_stream stream;
	struct seen seen = { 0 };
	int r = 0, blocks = 0;

	assert_non_null(block);
	memset(block, 'x', 1 << 20);
	gateway_stream_init(&stream);
	for (; r == 0 && blocks < 64; blocks++)
		r = gateway_stream_feed(&stream, block, 1 << 20, take, &seen);
	gateway_stream_done(&stream);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(blocks, (GATEWAY_LINE_MAX >> 20) + 1);
}

/* Who has enough may say so, and what stands behind it stays unread. */
static void test_stop(void **state)
{
	static const char text[] = "{\"result\":{}}\n{\"result\":{}}\n";
	struct gateway_stream stream;
	struct seen seen = { .stop_at = 1 };

	gateway_stream_init(&stream);
	assert_int_equal(gateway_stream_feed(&stream, text, sizeof(text) - 1, take, &seen), 1);
	assert_int_equal(seen.count, 1);
	gateway_stream_done(&stream);
}

static void test_pairs(void **state)
{
	json_t *answer =
		json_loads("{\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":\"L2E=\","
			   "\"mod_revision\":\"4\",\"value\":\"/wAK\"}]}},"
			   "{\"response_range\":{}}]}",
			   0, NULL);
	json_t *bad =
		json_loads("{\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":\"*\"}]}}]}", 0,
			   NULL);
	struct gateway_pairs pairs = { 0 };

	assert_int_equal(gateway_pairs_add_all(&pairs, answer), 0);
	assert_int_equal(pairs.count, 1);
	assert_string_equal(pairs.items[0].key, "/a");
	assert_int_equal(pairs.items[0].value_size, 3);
	assert_memory_equal(pairs.items[0].value, "\xff\0\n", 4);
	assert_int_equal(pairs.items[0].revision, 4);
	gateway_pairs_done(&pairs);
	assert_int_equal(gateway_pairs_add_all(&pairs, bad), -EBADMSG);
	gateway_pairs_done(&pairs);
	json_decref(answer);
	json_decref(bad);
}

static void test_range(void **state)
{
	json_t *one = gateway_range("/a", false), *all = gateway_range("/a/", true);

	assert_string_equal(json_string_value(json_object_get(one, "key")), "L2E=");
	assert_null(json_object_get(one, "range_end"));
	assert_string_equal(json_string_value(json_object_get(all, "range_end")), "L2Ew");
	json_decref(one);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),	  cmocka_unit_test(test_end_of_a_watch),
		cmocka_unit_test(test_keepalive), cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_stop),	  cmocka_unit_test(test_a_line_without_end),
		cmocka_unit_test(test_pairs),	  cmocka_unit_test(test_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
