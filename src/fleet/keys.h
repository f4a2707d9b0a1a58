/* SPDX-License-Identifier: MIT */
/*
 * What is where in a fleet's etcd, below its prefix. A scope is whom a document is for: "all",
 * "label/NAME" or "host/NAME".
 *
 *	policy/SCOPE		the policy's text
 *	rollout/SCOPE/PERCENT	one in its place, for that part of the hosts
 *	services/SCOPE/NAME	a service's manifest
 *	history/DOCUMENT/NUMBER	what was pushed as "policy/SCOPE" or "services/SCOPE/NAME", and
 *	about/DOCUMENT/NUMBER	by whom, when and how
 *	live/HOST		what a host says of itself while it is there (with a lease)
 *	status/HOST		what a host has applied or refused
 */
#pragma once

#include "util/macros.h"

enum { FLEET_KEY_MAX = 512 };

/* Whether it is a scope. */
bool fleet_scope_is_good(const char *scope);

/*
 * The number of a host, 0 to 99, by which a part of all hosts is chosen: those whose number is less
 * than the percentage. The same on all machines and in all versions, so that 20 percent are the 10
 * percent of before and as many again.
 */
unsigned fleet_percent_of(const char *host);

/* Whether a percentage as it stands in a key: 1 to 99, or -EINVAL. */
int fleet_percent_parse(const char *text, size_t size);

/*
 * What follows "PREFIX/KIND/" in a key of any bytes, which must be a text without NUL; else NULL.
 * `kind` may have several parts: "services/all".
 */
const char *fleet_key_rest(const char *key, size_t size, const char *prefix, const char *kind);
