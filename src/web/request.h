/* SPDX-License-Identifier: MIT */
/* Whether a request may be answered, by what its headers say. No state, no system calls. */
#pragma once

#include "web/token.h"

enum request_fault {
	REQUEST_FINE,
	REQUEST_BODY,	/* it brings one: nothing here takes any */
	REQUEST_HOST,	/* none, or a name that is not ours: DNS may have been turned against us */
	REQUEST_ORIGIN, /* another site's page asks */
	REQUEST_TOKEN,	/* none, or a wrong one */
	REQUEST_FAULTS
};

/* Each is the header's value, or NULL. */
struct request_headers {
	const char *host, *origin, *fetch_site, *authorization, *content_length, *transfer_encoding;
};

/* `names` are accepted besides localhost, 127.0.0.1 and [::1]; with any port. */
struct request_policy {
	const char *const *names;
	size_t name_count;
	const struct token *token;
};

/* Of the page itself, which holds no data: REQUEST_TOKEN and REQUEST_ORIGIN do not come. */
enum request_fault request_check_page(const struct request_policy *policy,
				      const struct request_headers *headers);
/* Of everything else. */
enum request_fault request_check(const struct request_policy *policy,
				 const struct request_headers *headers);
/* A fault's name for counters ("bad_token"), its status, and the sentence for who asks. */
const char *request_fault_name(enum request_fault fault);
unsigned request_fault_status(enum request_fault fault);
const char *request_fault_sentence(enum request_fault fault);

/* A host's name without a port, as a Host header has it: letters, digits, '-', '.' and '_'. */
bool request_is_host_name(const char *name);
