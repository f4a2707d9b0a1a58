// SPDX-License-Identifier: MIT
/* A JSON value as the arguments of every call; what is put must be terms that can be read. */
#include "port/json-requests.h"
#include "port/json-term.h"
#include "port/seccomp-policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_call(const struct call *call, json_t *arguments)
{
	char wrong[JSON_WRONG];
	uint8_t buffer[64];
	struct etf_writer writer;
	struct etf_reader reader;

	etf_writer_init(&writer, buffer, sizeof(buffer), 1 << 20);
	if (json_put_arguments(&writer, call, arguments, wrong) == 0 && !writer.failed) {
		etf_reader_init(&reader, writer.data, writer.size);
		if (!etf_skip(&reader) || reader.at != reader.end)
			abort();
	}
	etf_writer_done(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seccomp_policy policy;
	json_t *value = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	char wrong[SECCOMP_POLICY_WRONG], *text;
	struct json_place place;

	(void)json_place_read(value, &place);
	for (size_t i = 0; value && i < calls_count(); i++)
		try_call(call_row(i), value);
	json_decref(value);
	text = strndup((const char *)data, size);
	if (text)
		(void)seccomp_policy_compile(text, &policy, wrong);
	free(text);
	return 0;
}
