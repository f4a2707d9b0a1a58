// SPDX-License-Identifier: MIT
/* What etcd says, or who answers in its place: a stream in parts, and an answer with pairs. */
#include "fleet/documents.h"
#include "fleet/large-json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(const struct gateway_message *message, void *userdata)
{
	if (!message->reason)
		abort();
	return message->ttl == 99;
}

static void read_answer(const char *text, size_t size)
{
	static char *const labels[] = { NULL };
	const struct fleet_place place = { "/reeve", "h1", labels };
	struct fleet_documents documents;
	struct gateway_pairs pairs = { 0 };
	json_t *answer = large_json_load(text, size, 8);

	if (gateway_pairs_add_all(&pairs, answer) >= 0 &&
	    fleet_documents_take(&place, &pairs, &documents) >= 0)
		fleet_documents_done(&documents);
	gateway_pairs_done(&pairs);
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gateway_stream stream;
	size_t half = size / 2;

	gateway_stream_init(&stream);
	if (gateway_stream_feed(&stream, (const char *)data, half, take, NULL) == 0)
		(void)gateway_stream_feed(&stream, (const char *)data + half, size - half, take,
					  NULL);
	gateway_stream_done(&stream);
	read_answer((const char *)data, size);
	return 0;
}
