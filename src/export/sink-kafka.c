// SPDX-License-Identifier: MIT
/*
 * A Kafka broker, by librdkafka: an idempotent producer that waits for all replicas. It never gives
 * a message up by itself (message.timeout.ms 0), and holds few of them: what has no room stays in
 * the spool. Its threads block every signal and tell the loop by an eventfd; reports, errors, logs
 * and throttling all come through that one queue, and are taken in the loop's thread.
 *
 * A producer's end joins its threads, which may be looking up a name: it is left to a thread of its
 * own.
 */
#include "export/sink.h"

#include "export/rdkafka.h"
#include "util/secret.h"

#include <pthread.h>
#include <sys/eventfd.h>

enum { REASON = 512 };

struct sink {
	struct sink_options options;
	struct rdkafka library;
	rd_kafka_t *producer;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t *topic;
	int fd;
	bool fatal;
};

/* ---- settings ---- */

/* What is ours to say, unless a setting says otherwise. */
static const struct sink_setting usual[] = {
	{ "client.id", "reeve" },
	{ "compression.type", "lz4" },
	{ "partitioner", "murmur2_random" }, /* as the Java clients choose a key's partition */
	{ "linger.ms", "5" },
	{ "batch.size", "262144" },
	{ "socket.keepalive.enable", "true" },
	{ "topic.metadata.refresh.interval.ms", "60000" },
	{ "queue.buffering.max.messages", "10000" },
	{ "queue.buffering.max.kbytes", "8192" },
	{ "reconnect.backoff.max.ms", "10000" },
};

/* What the spool relies on. */
static const struct sink_setting fixed[] = {
	{ "enable.idempotence", "true" },
	{ "acks", "all" },
	{ "message.timeout.ms", "0" },
	{ "log.queue", "true" },
};

static int set(const struct rdkafka *library, rd_kafka_conf_t *conf, const char *name,
	       const char *value, struct error *err)
{
	char reason[REASON];

	if (library->conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
		return 0;
	return error_set(err, -EINVAL, "librdkafka does not take \"%s\": %s", name, reason);
}

static int set_password(const struct rdkafka *library, rd_kafka_conf_t *conf, const char *path,
			struct error *err)
{
	_cleanup_(secret_freep) char *password = NULL;
	int r = secret_read("the password", path, &password, err);

	return r < 0 ? r : set(library, conf, "sasl.password", password, err);
}

static int set_all(const struct sink *sink, rd_kafka_conf_t *conf, struct error *err)
{
	const struct sink_options *options = &sink->options;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(usual); i++)
		r = set(&sink->library, conf, usual[i].name, usual[i].value, err);
	for (size_t i = 0; r >= 0 && i < options->count; i++) {
		const struct sink_setting *one = &options->settings[i];

		if (streq(one->name, "topic"))
			continue;
		r = streq(one->name, "password_file")
			    ? set_password(&sink->library, conf, one->value, err)
			    : set(&sink->library, conf, one->name, one->value, err);
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(fixed); i++)
		r = set(&sink->library, conf, fixed[i].name, fixed[i].value, err);
	if (r >= 0 && options->alone)
		r = set(&sink->library, conf, "batch.num.messages", "1", err);
	return r;
}

/* ---- life ---- */

static void on_throttle(rd_kafka_t *producer, const char *broker, int32_t id, int milliseconds,
			void *userdata)
{
	const struct sink *sink = userdata;

	/* 0: it is over. */
	sink->options.counters->throttled += milliseconds > 0;
}

struct ending {
	struct rdkafka library;
	rd_kafka_t *producer;
};

static void *end_producer(void *userdata)
{
	struct ending *ending = userdata;

	ending->library.destroy(ending->producer);
	free(ending);
	return NULL;
}

static void end_later(const struct sink *sink)
{
	struct ending *ending = malloc(sizeof(*ending));
	pthread_attr_t attributes;
	pthread_t thread;

	(void)sink->library.purge(sink->producer, RD_KAFKA_PURGE_F_QUEUE |
							  RD_KAFKA_PURGE_F_INFLIGHT |
							  RD_KAFKA_PURGE_F_NON_BLOCKING);
	/* No memory: its threads go on without anything to do. */
	if (!ending)
		return;
	*ending = (struct ending){ sink->library, sink->producer };
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, end_producer, ending) != 0)
		free(ending);
	(void)pthread_attr_destroy(&attributes);
}

static void close_kafka(struct sink *sink)
{
	if (sink->queue)
		sink->library.queue_io_event_enable(sink->queue, -1, NULL, 0);
	if (sink->queue)
		sink->library.queue_destroy(sink->queue);
	if (sink->topic)
		sink->library.topic_destroy(sink->topic);
	if (sink->producer)
		end_later(sink);
	closep(&sink->fd);
	free(sink);
}

static int make_producer(struct sink *sink, struct error *err)
{
	const struct rdkafka *library = &sink->library;
	static const uint64_t one = 1;
	rd_kafka_conf_t *conf = library->conf_new();
	char reason[REASON];
	int r = set_all(sink, conf, err);

	if (r < 0) {
		library->conf_destroy(conf);
		return r;
	}
	library->conf_set_events(conf,
				 RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	library->conf_set_throttle_cb(conf, on_throttle);
	library->conf_set_opaque(conf, sink);
	sink->producer = library->new (RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (!sink->producer) {
		library->conf_destroy(conf);
		return error_set(err, -EINVAL, "cannot make a Kafka producer: %s", reason);
	}
	sink->queue = library->queue_get_main(sink->producer);
	(void)library->set_log_queue(sink->producer, NULL);
	library->queue_io_event_enable(sink->queue, sink->fd, &one, sizeof(one));
	/* It tells only when the queue was empty, and what came before this has filled it. */
	if (write(sink->fd, &one, sizeof(one)) < 0)
		return error_set_errno(err, -errno, "cannot wake the loop");
	sink->topic =
		library->topic_new(sink->producer, sink_setting(&sink->options, "topic"), NULL);
	return sink->topic ? 0 : error_set(err, -EINVAL, "librdkafka takes no such topic");
}

static int open_kafka(const struct sink_options *options, struct sink **ret_sink, struct error *err)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink)
		return error_oom(err);
	sink->options = *options;
	sink->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = sink->fd < 0 ? error_set_errno(err, -errno, "no eventfd for a Kafka sink")
			 : rdkafka_load(&sink->library, err);
	if (r >= 0)
		r = make_producer(sink, err);
	if (r < 0) {
		close_kafka(sink);
		return r;
	}
	*ret_sink = sink;
	return 0;
}

/* ---- sending ---- */

static int result_of_produce(const struct sink *sink, rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return 0;
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return -EAGAIN;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		sink_error(sink->options.counters, "%s", sink->library.err2str(code));
		return -EMSGSIZE;
	default:
		sink_error(sink->options.counters, "%s", sink->library.err2str(code));
		return -EIO;
	}
}

static rd_kafka_vu_t header_of(const char *name, const char *value, size_t size)
{
	return (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_HEADER,
				.u.header = { .name = name, .val = value, .size = (ssize_t)size } };
}

static void *without_const(const void *pointer)
{
	return (void *)(uintptr_t)pointer;
}

static int send_kafka(struct sink *sink, const struct sink_record *sent)
{
	const struct spool_record *record = sent->record;
	const char *kind = spool_kinds[record->kind];
	char sequence[24];
	size_t digits = (size_t)snprintf(sequence, sizeof(sequence), "%llu",
					 (unsigned long long)record->sequence);
	const rd_kafka_vu_t parts[] = {
		{ .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = sink->topic },
		{ .vtype = RD_KAFKA_VTYPE_VALUE,
		  .u.mem = { without_const(record->payload.data), record->payload.size } },
		{ .vtype = RD_KAFKA_VTYPE_KEY,
		  .u.mem = { without_const(sent->host), strlen(sent->host) } },
		{ .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
		{ .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = (int64_t)(record->time / 1000000) },
		{ .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)sent->ticket },
		header_of("boot", sent->boot, strlen(sent->boot)),
		header_of("sequence", sequence, digits),
		header_of("kind", kind, strlen(kind)),
	};
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_error_t *error;

	if (sink->fatal)
		return -EIO;
	error = sink->library.produceva(sink->producer, parts, ARRAY_SIZE(parts));
	if (error) {
		code = sink->library.error_code(error);
		sink->library.error_destroy(error);
	}
	return result_of_produce(sink, code);
}

static int flush_kafka(struct sink *sink)
{
	return sink->fatal ? -EIO : 0;
}

/* ---- what comes back ---- */

/* Those of a batch are refused for one of them, or for being more bytes than the topic takes. */
static enum sink_result result_of_report(const struct sink *sink, rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return SINK_DELIVERED;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
		return sink->options.alone ? SINK_REFUSED : SINK_TOGETHER;
	default:
		return SINK_FAILED;
	}
}

static void take_reports(struct sink *sink, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *messages[256];
	size_t count;

	while ((count = sink->library.event_message_array(event, messages, ARRAY_SIZE(messages))) >
	       0)
		for (size_t i = 0; i < count; i++) {
			enum sink_result result = result_of_report(sink, messages[i]->err);

			if (result != SINK_DELIVERED)
				sink_error(sink->options.counters, "an event was not taken: %s",
					   sink->library.err2str(messages[i]->err));
			sink->options.report(sink->options.userdata,
					     (uint64_t)(uintptr_t)messages[i]->_private, result);
		}
}

static void take_log(struct sink *sink, rd_kafka_event_t *event)
{
	const char *facility, *text;
	int level;

	if (sink->library.event_log(event, &facility, &text, &level) == 0 && level <= 4)
		sink_error(sink->options.counters, "%s", text);
}

static void take_error(struct sink *sink, rd_kafka_event_t *event)
{
	char reason[REASON];

	if (sink->library.event_error(event) == RD_KAFKA_RESP_ERR__FATAL) {
		(void)sink->library.fatal_error(sink->producer, reason, sizeof(reason));
		sink_error(sink->options.counters, "%s", reason);
		sink->fatal = true;
		return;
	}
	sink_error(sink->options.counters, "%s", sink->library.event_error_string(event));
}

static void poll_kafka(struct sink *sink, int wait_ms)
{
	rd_kafka_event_t *event;
	uint64_t ignored;

	(void)!read(sink->fd, &ignored, sizeof(ignored));
	while ((event = sink->library.queue_poll(sink->queue, wait_ms))) {
		switch (sink->library.event_type(event)) {
		case RD_KAFKA_EVENT_DR:
			take_reports(sink, event);
			break;
		case RD_KAFKA_EVENT_ERROR:
			take_error(sink, event);
			break;
		case RD_KAFKA_EVENT_LOG:
			take_log(sink, event);
			break;
		default:
			break;
		}
		sink->library.event_destroy(event);
		wait_ms = 0;
	}
}

static int fd_of_kafka(const struct sink *sink)
{
	return sink->fd;
}

const struct sink_class sink_kafka = {
	"kafka", open_kafka, send_kafka, flush_kafka, poll_kafka, fd_of_kafka, close_kafka,
};
