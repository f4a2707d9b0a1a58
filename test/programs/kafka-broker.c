// SPDX-License-Identifier: MIT
/*
 * A Kafka broker on loopback, librdkafka's mock: for tests and figures.
 *
 * usage: kafka-broker TOPIC ADDRESS-FILE [distinct]
 *
 * Writes its address into the file, then does what the lines of its standard input say and answers
 * each with one line: "down", "up", "rtt MS", "error CODE COUNT" (the next produce requests fail),
 * "read" (see below), "quit".
 *
 * It keeps only the last megabytes of the topic; with "distinct" it reads the topic all the while,
 * and "read" answers how many messages it has read, how many different numbers they had, the
 * lowest and the highest of them, and how many numbers gap records stand for.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 1 << 27, PRODUCE = 0 };

static struct {
	rd_kafka_t *consumer;
	_Atomic bool ends;
	pthread_mutex_t lock;
	uint8_t *seen; /* a bit a number from the first on */
	uint64_t messages, distinct, first, lowest, highest, lost;
} reader = { .lock = PTHREAD_MUTEX_INITIALIZER, .lowest = UINT64_MAX };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "kafka-broker: %s\n", what);
	exit(1);
}

static uint64_t header_number(const rd_kafka_message_t *message, const char *name)
{
	rd_kafka_headers_t *headers;
	const void *value;
	char text[24] = "";
	size_t size;

	if (rd_kafka_message_headers(message, &headers) != 0 ||
	    rd_kafka_header_get_last(headers, name, &value, &size) != 0 || size >= sizeof(text))
		return 0;
	memcpy(text, value, size);
	return strtoull(text, NULL, 10);
}

static uint64_t lost_of(const rd_kafka_message_t *message)
{
	const char *lost = memmem(message->payload, message->len, "\"lost\":", 7);

	return memmem(message->payload, message->len, "{\"type\":\"gap\"", 13) && lost
		       ? strtoull(lost + 7, NULL, 10)
		       : 0;
}

static void note(const rd_kafka_message_t *message)
{
	uint64_t number = header_number(message, "sequence"), at;

	if (number == 0)
		return;
	pthread_mutex_lock(&reader.lock);
	if (reader.messages++ == 0)
		reader.first = number > NUMBERS / 2 ? number - NUMBERS / 2 : 0;
	at = number - reader.first;
	if (number >= reader.first && at < NUMBERS && !(reader.seen[at / 8] >> at % 8 & 1)) {
		reader.seen[at / 8] = (uint8_t)(reader.seen[at / 8] | 1 << at % 8);
		reader.distinct++;
		reader.lost += lost_of(message);
	}
	reader.lowest = number < reader.lowest ? number : reader.lowest;
	reader.highest = number > reader.highest ? number : reader.highest;
	pthread_mutex_unlock(&reader.lock);
}

static void *read_topic(void *queue)
{
	rd_kafka_message_t *messages[1000];

	while (!reader.ends) {
		ssize_t count = rd_kafka_consume_batch_queue(queue, 100, messages, 1000);

		for (ssize_t i = 0; i < count; i++) {
			if (messages[i]->err == 0)
				note(messages[i]);
			rd_kafka_message_destroy(messages[i]);
		}
	}
	return NULL;
}

static void begin_reading(const char *brokers, const char *topic)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_queue_t *queue;
	pthread_t thread;
	char why[256];

	reader.seen = calloc(1, NUMBERS / 8);
	if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)) != 0 ||
	    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", why, sizeof(why)) != 0 ||
	    rd_kafka_conf_set(conf, "fetch.error.backoff.ms", "10", why, sizeof(why)) != 0 ||
	    rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "100", why, sizeof(why)) != 0)
		die(why);
	reader.consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	if (!reader.seen || !reader.consumer)
		die("cannot read");
	queue = rd_kafka_queue_new(reader.consumer);
	if (rd_kafka_consume_start_queue(rd_kafka_topic_new(reader.consumer, topic, NULL), 0,
					 RD_KAFKA_OFFSET_BEGINNING, queue) != 0 ||
	    pthread_create(&thread, NULL, read_topic, queue) != 0)
		die("cannot read the topic");
}

static void tell_read(void)
{
	pthread_mutex_lock(&reader.lock);
	printf("%llu messages %llu distinct %llu lowest %llu highest %llu lost\n",
	       (unsigned long long)reader.messages, (unsigned long long)reader.distinct,
	       (unsigned long long)(reader.messages ? reader.lowest : 0),
	       (unsigned long long)reader.highest, (unsigned long long)reader.lost);
	pthread_mutex_unlock(&reader.lock);
}

static void inject(rd_kafka_mock_cluster_t *cluster, int code, int count)
{
	for (int i = 0; i < count; i++)
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, (rd_kafka_resp_err_t)code);
}

/* False: it is to end. */
static bool obey(rd_kafka_mock_cluster_t *cluster, const char *line)
{
	int first = 0, second = 0;

	if (strcmp(line, "down\n") == 0)
		rd_kafka_mock_broker_set_down(cluster, 1);
	else if (strcmp(line, "up\n") == 0)
		rd_kafka_mock_broker_set_up(cluster, 1);
	else if (sscanf(line, "rtt %d", &first) == 1)
		rd_kafka_mock_broker_set_rtt(cluster, 1, first);
	else if (sscanf(line, "error %d %d", &first, &second) == 2)
		inject(cluster, first, second);
	else if (strcmp(line, "read\n") == 0)
		return tell_read(), true;
	else if (strcmp(line, "quit\n") == 0)
		return false;
	else
		die("what is that?");
	puts("ok");
	return true;
}

int main(int argc, char **argv)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_mock_cluster_t *cluster;
	char why[256], line[256];
	rd_kafka_t *handle;
	FILE *file;

	if (argc < 3)
		die("usage: kafka-broker TOPIC ADDRESS-FILE [distinct]");
	handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cluster = handle ? rd_kafka_mock_cluster_new(handle, 1) : NULL;
	if (!cluster || rd_kafka_mock_topic_create(cluster, argv[1], 1, 1) != 0)
		die("no mock cluster");
	if (argc > 3)
		begin_reading(rd_kafka_mock_cluster_bootstraps(cluster), argv[1]);
	setlinebuf(stdout);
	file = fopen(argv[2], "w");
	if (!file || fprintf(file, "%s\n", rd_kafka_mock_cluster_bootstraps(cluster)) < 0 ||
	    fclose(file) != 0)
		die("cannot write the address");
	while (fgets(line, sizeof(line), stdin) && obey(cluster, line))
		;
	/* Its threads end with it. */
	_Exit(0);
}
