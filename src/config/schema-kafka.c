// SPDX-License-Identifier: MIT
/*
 * `kafka` of a sink. What the client is told are its own settings' names from here on, so that
 * `options` and the keys with words of ours end up in one list.
 */
#include "config/schema-sinks.h"

#include "config/values.h"

enum { TOPIC_MOST = 249 };

static const char topic_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789._-";

struct setting_key {
	const char *key, *setting;
};

static const char *setting_of(const struct schema_key *key)
{
	static const struct setting_key names[] = {
		{ "ca", "ssl.ca.location" },   { "certificate", "ssl.certificate.location" },
		{ "key", "ssl.key.location" }, { "mechanism", "sasl.mechanisms" },
		{ "user", "sasl.username" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i].key, key->name))
			return names[i].setting;
	return key->name;
}

static bool read_text(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return add_setting(reader, target, value, setting_of(key), text);
}

static bool read_path(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	return read_sink_path(reader, value, key->name, setting_of(key), target);
}

static bool read_word(struct reader *reader, const struct schema_key *key, const struct node *value,
		      void *target)
{
	static const char *const compressions[] = { "none", "gzip", "snappy", "lz4", "zstd" };
	static const char *const mechanisms[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512",
						  "GSSAPI", "OAUTHBEARER" };
	bool compression = streq(key->name, "compression");
	const char *const *words = compression ? compressions : mechanisms;
	size_t count = compression ? ARRAY_SIZE(compressions) : ARRAY_SIZE(mechanisms), index;
	enum value result = value_word(reader, key->name, value, words, count, &index);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	return add_setting(reader, target, value,
			   compression ? "compression.type" : "sasl.mechanisms", words[index]);
}

static bool add_broker(struct reader *reader, const struct node *node, struct text *brokers)
{
	const char *text;
	enum value result = value_text(reader, "brokers", node, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[strcspn(text, ", \t")] != '\0')
		return report_error(reader, node, "write brokers: [one:9092, other:9092]",
				    "\"%.80s\" is not one broker", text);
	text_addf(brokers, "%s%s", brokers->size > 0 ? "," : "", text);
	return true;
}

static bool read_brokers(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	_cleanup_(text_done) struct text brokers = { 0 };
	const struct node *entry;
	bool good = true;

	if (value->kind != NODE_LIST) {
		good = add_broker(reader, value, &brokers);
	} else {
		for (node_id at = 0; next_entry(reader, value, &at, &entry);)
			good &= add_broker(reader, entry, &brokers);
	}
	if (brokers.failed)
		return report_oom(reader);
	if (!good)
		return false;
	if (brokers.size == 0)
		return report_error(reader, value, "write brokers: [host:9092]",
				    "\"brokers\" names none");
	return add_setting(reader, target, value, "bootstrap.servers", brokers.data);
}

static bool read_topic(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *target)
{
	const char *text;
	enum value result = value_text(reader, key->name, value, &text);

	if (result != VALUE_GOOD)
		return result != VALUE_BAD;
	if (text[strspn(text, topic_characters)] != '\0' || strlen(text) > TOPIC_MOST)
		return report_error(reader, value,
				    "a topic is letters, digits, \".\", \"_\" and \"-\"",
				    "Kafka has no topic \"%.80s\"", text);
	return add_setting(reader, target, value, "topic", text);
}

static bool read_map_of(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target);

/* What the spool relies on, or has a key of its own. */
static const char *option_problem(const char *name)
{
	static const char *const ours[] = { "acks",
					    "request.required.acks",
					    "enable.idempotence",
					    "message.timeout.ms",
					    "delivery.timeout.ms",
					    "log.queue" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (streq(name, ours[i]))
			return "without it events could be lost: it cannot be set";
	if (streq(name, "bootstrap.servers") || streq(name, "metadata.broker.list"))
		return "write \"brokers\" beside \"options\"";
	if (streq(name, "sasl.password"))
		return "write \"password_file\" in \"sasl\": a policy can be read by many";
	if (streq(name, "topic") || streq(name, "password_file"))
		return "write it beside \"options\", or in \"sasl\"";
	return NULL;
}

static bool read_options(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *target)
{
	const struct node *name, *node;
	bool good = true;

	if (!expect_map(reader, key->name, value))
		return false;
	for (node_id at = 0; next_pair(reader, value, &at, &name, &node);) {
		const char *option = tree_text(&reader->tree, name), *text;
		const char *problem = option_problem(option);
		enum value result;

		if (problem) {
			good = report_error(reader, name, NULL, "option \"%.80s\": %s", option,
					    problem);
			continue;
		}
		result = value_text(reader, option, node, &text);
		if (result == VALUE_GOOD)
			good &= add_setting(reader, target, node, option, text);
		else
			good &= result != VALUE_BAD;
	}
	return good && !reader->too_large;
}

static const struct schema_key tls_keys[] = {
	{ "ca", "path", "certificates that the brokers' are signed by; default: the system's",
	  read_path },
	{ "certificate", "path", "ours, where the brokers ask for one", read_path },
	{ "key", "path", "of our certificate", read_path },
};
const struct schema tls_schema = { "\"tls\"", tls_keys, ARRAY_SIZE(tls_keys), { { NULL, 0 } } };

static const struct schema_key sasl_keys[] = {
	{ "mechanism", "word", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER",
	  read_word },
	{ "password_file", "path", "a file of root's alone with the password", read_path },
	{ "user", "name", "who we are to the brokers", read_text },
};
const struct schema sasl_schema = { "\"sasl\"", sasl_keys, ARRAY_SIZE(sasl_keys), { { NULL, 0 } } };

static const struct schema_key kafka_keys[] = {
	{ "brokers", "list of host:port", "those to begin with", read_brokers },
	{ "compression", "word", "none, gzip, snappy, lz4 (default) or zstd", read_word },
	{ "options", "map of texts", "other settings of librdkafka", read_options },
	{ "sasl", "map", "who we are to the brokers", read_map_of },
	{ "tls", "map", "encrypted, with certificates that are checked", read_map_of },
	{ "topic", "name", "where events go", read_topic },
};
const struct schema kafka_schema = {
	"\"kafka\"", kafka_keys, ARRAY_SIZE(kafka_keys), { { NULL, 0 } }
};

static bool read_map_of(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *target)
{
	struct sink_draft *draft = target;
	bool tls = streq(key->name, "tls");

	draft->tls |= tls;
	draft->sasl |= !tls;
	return expect_map(reader, key->name, value) &&
	       schema_read(reader, tls ? &tls_schema : &sasl_schema, value, draft);
}

static bool check_kafka(struct reader *reader, const struct node *at, struct sink_draft *draft)
{
	static const char *const protocols[] = { "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL" };
	const struct policy_sink *sink = draft->sink;
	const char *mechanism = sink_setting_of(sink, "sasl.mechanisms");
	bool good = true;

	if (!sink_setting_of(sink, "bootstrap.servers"))
		good = report_error(reader, at, "add brokers: [host:9092]",
				    "\"kafka\" says no \"brokers\"");
	if (!sink_setting_of(sink, "topic"))
		good = report_error(reader, at, "add topic: reeve", "\"kafka\" says no \"topic\"");
	if (draft->sasl && !mechanism)
		good = report_error(reader, at, "add mechanism: SCRAM-SHA-512",
				    "\"sasl\" says no \"mechanism\"");
	if (mechanism && !draft->tls && streq(mechanism, "PLAIN"))
		report_warning(reader, at, "add tls: {}",
			       "without \"tls\" the password goes over the network as it is");
	return good && add_setting(reader, draft, at, "security.protocol",
				   protocols[draft->tls + 2 * draft->sasl]);
}

bool read_kafka(struct reader *reader, const struct node *value, struct sink_draft *draft)
{
	return schema_read(reader, &kafka_schema, value, draft) &&
	       check_kafka(reader, value, draft);
}
