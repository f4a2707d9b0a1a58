/* SPDX-License-Identifier: MIT */
/*
 * One host in its fleet: it shows that it is there, reads the documents that concern it, has them
 * applied, and says what came of that. It never waits, and is never done: whatever fails is tried
 * again, at another endpoint and after a pause that grows.
 */
#pragma once

#include "config/diagnostic.h"
#include "fleet/documents.h"
#include "util/error.h"

#include <systemd/sd-event.h>

struct fleet_member;

struct fleet_member_use {
	/*
	 * Applies all documents or none: 0; 1: they are what is in force already; or -errno with a
	 * sentence, and mistakes with their places. May not free the member.
	 */
	int (*apply)(void *userdata, struct fleet_documents *documents,
		     struct diagnostics *diagnostics, struct error *err);
	json_t *(*counters)(void *userdata); /* for the live key; owned */
	/* One sentence for a log; level as syslog(3)'s. */
	void (*tell)(void *userdata, int level, const char *sentence);
	void *userdata;
};

/* All is copied. */
struct fleet_member_options {
	sd_event *event;
	char *const *endpoints, *const *labels;
	const char *prefix, *host;
	const char *user, *password_file, *ca, *certificate, *key;
	unsigned ttl; /* seconds */
	const char *version, *boot_id;
	struct fleet_member_use use;
};

/* Begins at once. */
int fleet_member_new(const struct fleet_member_options *options, struct fleet_member **ret_member,
		     struct error *err);
void fleet_member_free(struct fleet_member *member);
DEFINE_CLEANUP(struct fleet_member *, fleet_member_free);

/* Gives up what is under way, and asks nothing until fleet_member_resume(). */
void fleet_member_pause(struct fleet_member *member);
void fleet_member_resume(struct fleet_member *member);

/* Everything of it, for the daemon's status. Owned; NULL: no memory. */
json_t *fleet_member_status(const struct fleet_member *member);
