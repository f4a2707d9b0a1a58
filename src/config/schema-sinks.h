/* SPDX-License-Identifier: MIT */
/* What schema-sinks.c and schema-kafka.c share. Private to config/. */
#pragma once

#include "config/schema.h"

#include "config/arena.h"

enum { SETTINGS_MOST = 64 };

/* A sink while its keys are read. */
struct sink_draft {
	struct policy_sink *sink;
	const struct node *kind; /* the key that said it */
	bool tls, sasl;
};

/* Adds to what the sink is told; false: told. */
bool add_setting(struct reader *reader, struct sink_draft *draft, const struct node *at,
		 const char *name, const char *value);
/* NULL: it is not set. */
const char *sink_setting_of(const struct policy_sink *sink, const char *name);
/* An absolute path becomes the setting `name`; false: told. */
bool read_sink_path(struct reader *reader, const struct node *value, const char *key,
		    const char *name, struct sink_draft *draft);

bool read_kafka(struct reader *reader, const struct node *value, struct sink_draft *draft);
