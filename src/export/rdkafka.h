/* SPDX-License-Identifier: MIT */
/* librdkafka, loaded when a sink asks for it: a daemon without one is no larger for it. */
#pragma once

#include "util/error.h"

#include <librdkafka/rdkafka.h>

/* X(name without rd_kafka_) */
#define RDKAFKA_FUNCTIONS(X)     \
	X(conf_destroy)          \
	X(conf_new)              \
	X(conf_set)              \
	X(conf_set_events)       \
	X(conf_set_throttle_cb)  \
	X(conf_set_opaque)       \
	X(destroy)               \
	X(err2str)               \
	X(error_code)            \
	X(error_destroy)         \
	X(event_destroy)         \
	X(event_error)           \
	X(event_error_string)    \
	X(event_log)             \
	X(event_message_array)   \
	X(event_type)            \
	X(fatal_error)           \
	X(new)                   \
	X(produceva)             \
	X(purge)                 \
	X(queue_destroy)         \
	X(queue_get_main)        \
	X(queue_io_event_enable) \
	X(queue_poll)            \
	X(set_log_queue)         \
	X(topic_destroy)         \
	X(topic_new)

struct rdkafka {
#define X(name) __typeof__(&rd_kafka_##name) name;
	RDKAFKA_FUNCTIONS(X)
#undef X
};

/* Loads it, once; never unloaded, for its threads may outlast a sink. -ENOPKG with a sentence. */
int rdkafka_load(struct rdkafka *ret_library, struct error *err);
