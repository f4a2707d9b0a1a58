/* SPDX-License-Identifier: MIT */
/* The schema of a service's manifest. Private to config/. */
#pragma once

#include "config/schema.h"
#include "config/service.h"

extern const struct schema service_schema, service_health_schema;

/* Reads a manifest's tree; false when an error was told. */
bool schema_service_read(struct reader *reader, const struct node *root,
			 struct service_manifest *manifest);

/* schema-service-parts.c: the keys with a syntax of their own. */
bool read_service_health(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target);
bool read_service_listen(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target);
bool read_service_codes(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target);
bool read_service_limit(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target);
bool read_service_pressure(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *target);
bool read_service_env(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target);
bool read_service_user(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target);

/* A text, or a list of texts, as a NULL-terminated list in *ret_list; false: told. */
bool read_service_words(struct reader *reader, const char *key, const struct node *value,
			char ***ret_list);
