/* SPDX-License-Identifier: MIT */
/*
 * Changing a fleet's documents: a policy of a scope, or a service's manifest. Every push is checked
 * before, has a number, and is kept; so it can be taken back.
 */
#pragma once

#include "cli/fleet-client.h"
#include "fleet/keys.h"

enum { FLEET_TEXT_MAX = 720 << 10, FLEET_KEEP = 20 };

struct fleet_push {
	char document[FLEET_KEY_MAX]; /* "policy/label/web" */
	const char *scope;	      /* in there */
	const char *service;	      /* its name, or NULL: a policy */
	const char *text;	      /* NULL: it is to be removed */
	size_t size;
	unsigned percent; /* of the hosts; 100: all, and for good */
	const char *message;
};

/* What the options say: --label or --host, --service, --percent. -EINVAL with a sentence. */
int fleet_push_init(const struct cli *cli, struct fleet_push *push, struct error *err);

/* Tells all mistakes on cli->err. -EINVAL with a sentence when there are any. `name` is the text's.
 */
int fleet_push_check(const struct cli *cli, struct fleet_client *client,
		     const struct fleet_push *push, const char *name, struct error *err);

/* All that is known of a document: itself, its canaries, and what was pushed. */
struct fleet_past {
	struct gateway_pairs pairs;
	const struct gateway_pair *now; /* NULL: there is none */
	unsigned latest;		/* number of a push; 0: none */
};
/* With the `texts` of earlier pushes, which may be megabytes, or with their numbers alone. */
int fleet_past_read(struct fleet_client *client, const struct fleet_push *push, bool texts,
		    struct fleet_past *ret_past, struct error *err);
void fleet_past_done(struct fleet_past *past);
/* The text of a push by its number; NULL: it is not kept, or was a removal. */
const struct gateway_pair *fleet_past_at(const struct fleet_client *client,
					 const struct fleet_push *push,
					 const struct fleet_past *past, unsigned number);

/*
 * Writes it, unless somebody else has done so since `past` was read: -EAGAIN. *ret_number is the
 * push's, *ret_revision the store's.
 */
int fleet_push_write(struct fleet_client *client, const struct fleet_push *push,
		     const struct fleet_past *past, unsigned *ret_number, int64_t *ret_revision,
		     struct error *err);

/*
 * Hosts that are there and that a document of this scope concerns, each with `state`: "applied",
 * "refused" or "waiting" for this revision. An array, owned; NULL with a sentence.
 */
json_t *fleet_push_hosts(struct fleet_client *client, const struct fleet_push *push,
			 int64_t revision, struct error *err);
/* All hosts of the fleet: their status, and whether they are there. The same. */
json_t *fleet_hosts(struct fleet_client *client, struct error *err);
