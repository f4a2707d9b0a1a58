/* SPDX-License-Identifier: MIT */
/* The documents of a fleet that concern one host, in the order in which they are laid over its
 * files. */
#pragma once

#include "fleet/gateway.h"

struct fleet_document {
	char *name; /* as shown: "etcd:/reeve/policy/all" */
	char *text; /* with a NUL behind it; any byte may be in it */
	size_t size;
	int64_t revision;
	char *service; /* its name, for a manifest; NULL: a policy */
};

struct fleet_documents {
	struct fleet_document *items; /* policies first, then services; the last of a name counts */
	size_t count;
	int64_t revision; /* of the store when they were read; 0: never */
	uint64_t foreign; /* keys that are none of ours */
};

/* What one host reads. */
struct fleet_place {
	const char *prefix, *host;
	char *const *labels; /* NULL-terminated */
};

enum { FLEET_DOCUMENTS_MAX = 2000, FLEET_BYTES_MAX = 4 << 20 };

void fleet_documents_done(struct fleet_documents *documents);

/* The ranges to be read: an owned array; all of them, or NULL: no memory. */
json_t *fleet_documents_ranges(const struct fleet_place *place);
/* A request to watch the documents of all hosts from `revision` on, and whether any of these events
 * is about this one. */
json_t *fleet_documents_watch(const struct fleet_place *place, int64_t revision);
bool fleet_documents_concern(const struct fleet_place *place, const json_t *events);

/*
 * Of the pairs that were read, what concerns this host. Texts are taken out of `pairs`. -E2BIG:
 * they are too many, -EFBIG: too large, -ENOMEM.
 */
int fleet_documents_take(const struct fleet_place *place, struct gateway_pairs *pairs,
			 struct fleet_documents *ret_documents);

/* Whether they are the same, wherever their revisions stand. */
bool fleet_documents_same(const struct fleet_documents *a, const struct fleet_documents *b);

/* All as JSON, and back: what is kept on disk. NULL: no memory; -EBADMSG, -ENOMEM. */
json_t *fleet_documents_to_json(const struct fleet_documents *documents);
int fleet_documents_from_json(const json_t *object, struct fleet_documents *ret_documents);
