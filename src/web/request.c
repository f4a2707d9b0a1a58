// SPDX-License-Identifier: MIT
/*
 * A server on loopback is reached by every page that the user's browser shows. Three things keep
 * such pages out: the name by which we are called must be ours (a foreign name that DNS turns to
 * 127.0.0.1 is not), the origin that a browser tells must be the same, and the token must be there,
 * in a header that no foreign page can make a browser send.
 */
#include "web/request.h"

#include <ctype.h>
#include <strings.h>

static const char *const own_names[] = { "localhost", "127.0.0.1", "[::1]" };

/* Where the name ends in "name:port", or 0 where it is none. */
static size_t name_size(const char *host)
{
	size_t size = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":"), digits;

	if (host[0] == '[') {
		if (host[size] != ']')
			return 0;
		size++;
	}
	if (host[size] == '\0')
		return size;
	if (host[size] != ':')
		return 0;
	digits = strspn(host + size + 1, "0123456789");
	return digits >= 1 && digits <= 5 && host[size + 1 + digits] == '\0' ? size : 0;
}

static bool is_name(const char *host, size_t size, const char *name)
{
	return strlen(name) == size && strncasecmp(host, name, size) == 0;
}

static bool host_is_ours(const struct request_policy *policy, const char *host)
{
	size_t size = host ? name_size(host) : 0;

	if (size == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(own_names); i++)
		if (is_name(host, size, own_names[i]))
			return true;
	for (size_t i = 0; i < policy->name_count; i++)
		if (is_name(host, size, policy->names[i]))
			return true;
	return false;
}

/* Behind a proxy that speaks TLS, the scheme is another one. */
static bool origin_is_host(const char *origin, const char *host)
{
	if (strncasecmp(origin, "http://", 7) == 0)
		return strcasecmp(origin + 7, host) == 0;
	return strncasecmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, host) == 0;
}

static bool has_token(const struct token *token, const char *authorization)
{
	static const char scheme[] = "Bearer ";

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return false;
	authorization += strlen(scheme);
	return token_equal(token, authorization, strlen(authorization));
}

enum request_fault request_check_page(const struct request_policy *policy,
				      const struct request_headers *headers)
{
	const char *length = headers->content_length;

	if (headers->transfer_encoding || (length && !streq(length, "0")))
		return REQUEST_BODY;
	return host_is_ours(policy, headers->host) ? REQUEST_FINE : REQUEST_HOST;
}

enum request_fault request_check(const struct request_policy *policy,
				 const struct request_headers *headers)
{
	enum request_fault fault = request_check_page(policy, headers);
	const char *site = headers->fetch_site;

	if (fault != REQUEST_FINE)
		return fault;
	if (headers->origin && !origin_is_host(headers->origin, headers->host))
		return REQUEST_ORIGIN;
	if (site && !streq(site, "same-origin") && !streq(site, "none"))
		return REQUEST_ORIGIN;
	return has_token(policy->token, headers->authorization) ? REQUEST_FINE : REQUEST_TOKEN;
}

static const struct {
	const char *name, *sentence;
	unsigned status;
} faults[REQUEST_FAULTS] = {
	[REQUEST_FINE] = { "fine", "", 200 },
	[REQUEST_BODY] = { "body", "requests bring no body here", 413 },
	[REQUEST_HOST] = { "bad_host",
			   "the request's Host is no name of this server; call it by localhost, "
			   "127.0.0.1 or [::1], or start it with --host NAME",
			   421 },
	[REQUEST_ORIGIN] = { "bad_origin", "pages of other sites are not answered", 403 },
	[REQUEST_TOKEN] = { "bad_token",
			    "the token is missing or wrong; send Authorization: Bearer TOKEN, with "
			    "the token that reeve web has printed",
			    401 },
};

const char *request_fault_name(enum request_fault fault)
{
	return faults[fault].name;
}

unsigned request_fault_status(enum request_fault fault)
{
	return faults[fault].status;
}

const char *request_fault_sentence(enum request_fault fault)
{
	return faults[fault].sentence;
}

bool request_is_host_name(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > 253)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-._", name[i]))
			return false;
	return true;
}
