// SPDX-License-Identifier: MIT
/*
 * What a stranger's request says: lines of Host, Origin, Sec-Fetch-Site and Authorization, then the
 * pairs of a query; the first line is a place to listen, too.
 */
#include "web/address.h"
#include "web/api.h"
#include "web/request.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_request(char *const lines[static 4])
{
	static const struct token token = { .text = "0123456789012345678901234567890123456789",
					    .size = 40 };
	static const struct request_policy policy = { .token = &token };
	const struct request_headers headers = { .host = lines[0],
						 .origin = lines[1],
						 .fetch_site = lines[2],
						 .authorization = lines[3] };
	enum request_fault fault = request_check(&policy, &headers);

	/* Who is let in has the token, and calls us by one of three names. */
	if (fault == REQUEST_FINE) {
		assert(lines[3] && strstr(lines[3], token.text));
		assert(strcasestr(lines[0], "localhost") || strstr(lines[0], "127.0.0.1") ||
		       strstr(lines[0], "[::1]"));
	}
	assert(request_fault_status(fault) >= 200);
}

static void try_address(const char *text)
{
	_cleanup_(error_done) struct error err = ERROR_INIT;
	struct address address;

	if (address_parse(text, &address, &err) < 0)
		assert(err.message);
	else
		assert(address.path || address.ip_size > 0);
}

static void try_query(char *rest)
{
	struct api_query query = { 0 };
	const struct api_endpoint *endpoint;
	struct stream_wish wish;
	json_t *parameters;
	char *pair, *save = NULL;

	for (pair = strtok_r(rest, "\n", &save); pair && query.count < API_PAIRS_MOST;
	     pair = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(pair, '=');

		if (value)
			*value++ = '\0';
		query.pairs[query.count++] = (struct api_pair){ pair, value };
	}
	for (size_t i = 0; (endpoint = api_at(i)); i++)
		if (api_parameters(endpoint, &query, &parameters, NULL) == 0)
			json_decref(parameters);
	if (api_stream_wish(&query, &wish, NULL) == 0) {
		assert(wish.decisions || wish.events);
		json_decref(wish.decisions);
		json_decref(wish.events);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(freep) char *text = calloc(size + 1, 1);
	char *lines[4] = { 0 }, *rest = text;

	if (!text)
		return 0;
	memcpy(text, data, size);
	for (size_t i = 0; i < ARRAY_SIZE(lines) && rest; i++)
		lines[i] = strsep(&rest, "\n");
	try_request(lines);
	try_address(lines[0]);
	if (rest)
		try_query(rest);
	return 0;
}
