// SPDX-License-Identifier: MIT
/* A term as every kind of argument that a call may have, and as a reply for JSON. */
#include "port/arguments.h"
#include "port/json-term.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena arena;
	struct etf_reader reader;
	struct argument argument;
	struct etf_writer writer;
	uint8_t buffer[16];

	for (int kind = ARGUMENT_INT; kind <= ARGUMENT_MEMORY; kind++) {
		struct parameter parameter = { "x", (enum argument_kind)kind, CONSTANTS_FILE };

		etf_reader_init(&reader, data, size);
		if (argument_read(&reader, &parameter, &arena, &argument) == ARGUMENT_GOOD &&
		    argument.memory) {
			etf_writer_init(&writer, buffer, sizeof(buffer), 1 << 24);
			memory_put(&writer, argument.memory);
			etf_writer_done(&writer);
		}
		if (reader.at > reader.end)
			abort();
		arena_reset(&arena);
	}
	etf_reader_init(&reader, data, size);
	if (etf_skip(&reader) && (reader.at > reader.end || reader.at == data))
		abort();
	etf_reader_init(&reader, data, size);
	json_decref(json_of_reply(&reader));
	return 0;
}
