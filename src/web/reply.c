// SPDX-License-Identifier: MIT
/*
 * What every response carries: nothing but our own scripts and styles is run, nobody may frame the
 * page or read an answer from another site, and no data stays in a cache.
 */
#include "web/internal.h"

static const char content_policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy", content_policy },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=()" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
};

enum MHD_Result reply_send(struct MHD_Connection *connection, unsigned status,
			   struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		(void)MHD_add_response_header(response, headers[i].name, headers[i].value);
	if (!MHD_get_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL))
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (type)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_value(struct MHD_Connection *connection, unsigned status, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
	struct MHD_Response *response = NULL;

	json_decref(value);
	if (!text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      "Bearer realm=\"reeve\"");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	return reply_send(connection, status, response, "application/json");
}

enum MHD_Result reply_fail(struct MHD_Connection *connection, unsigned status, const char *name,
			   const char *sentence)
{
	return send_value(connection, status,
			  json_pack("{s:s, s:s}", "error", name, "message", sentence));
}

enum MHD_Result reply_json(struct MHD_Connection *connection, json_t *value)
{
	return send_value(connection, MHD_HTTP_OK, value);
}
