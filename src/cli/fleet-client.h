/* SPDX-License-Identifier: MIT */
/* A fleet's etcd for a command, which waits for each answer. */
#pragma once

#include "cli/cli.h"
#include "fleet/etcd.h"

struct fleet_client {
	sd_event *event;
	struct etcd *etcd;
	size_t endpoints;
	const char *prefix;    /* of the options, or the policy's */
	struct policy *policy; /* that said where etcd is; NULL: the options did */
	const char *config;    /* its path; NULL: there is none */
	/* of the call under way */
	bool done;
	int result;
	json_t *answer;
	char *why;
};

/* Where etcd is: what --etcd and --prefix say, else `fleet` of the policy. With a sentence. */
int fleet_client_open(const struct cli *cli, struct fleet_client *client, struct error *err);
void fleet_client_done(struct fleet_client *client);

/* One call, tried at each endpoint; takes `body`. *ret_answer is owned. As etcd_answer_fn. */
int fleet_client_call(struct fleet_client *client, const char *path, json_t *body,
		      json_t **ret_answer, struct error *err);
/* All keys that begin with "PREFIX/KIND/", or one: adds to `pairs`, and tells the store's revision
 * (may be NULL). */
int fleet_client_read(struct fleet_client *client, const char *kind, bool below,
		      struct gateway_pairs *pairs, int64_t *ret_revision, struct error *err);
/* The keys alone of all that begins so. */
int fleet_client_read_keys(struct fleet_client *client, const char *kind,
			   struct gateway_pairs *pairs, struct error *err);
/* "PREFIX/KIND": owned; NULL: no memory. */
char *fleet_client_key(const struct fleet_client *client, const char *kind);
/* The pair of "PREFIX/KIND", or NULL. */
const struct gateway_pair *fleet_client_find(const struct fleet_client *client,
					     const struct gateway_pairs *pairs, const char *kind);
