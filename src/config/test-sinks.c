// SPDX-License-Identifier: MIT
/* Where events go. covers: schema-kafka.c schema-sinks.c */
#include "config/test-policy.h"

static const char *setting(const struct policy_sink *sink, const char *name)
{
	for (size_t i = 0; i < sink->setting_count; i++)
		if (streq(sink->settings[i].name, name))
			return sink->settings[i].value;
	return "none";
}

/* A policy has rules; below them, so that places are as they are written here. */
static char *with_rules(const char *text)
{
	char *whole;

	assert_true(asprintf(&whole, "%s\nrules: {}\n", text) > 0);
	return whole;
}

static void mistake(const char *text, const char *expected)
{
	_cleanup_(freep) char *whole = with_rules(text);

	expect(whole, expected);
}

static struct parsed good(const char *text)
{
	_cleanup_(freep) char *whole = with_rules(text);
	struct parsed parsed = parse(whole);
	_cleanup_(freep) char *said = told(&parsed.diagnostics);

	if (parsed.result != 0)
		fail_msg("%s", said);
	return parsed;
}

static void test_kafka(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		good("sinks:\n"
		     "  central:\n"
		     "    kafka:\n"
		     "      brokers: [one:9093, 'two:9093']\n"
		     "      topic: reeve.events\n"
		     "      compression: zstd\n"
		     "      tls: {ca: /etc/ca.pem}\n"
		     "      sasl: {mechanism: SCRAM-SHA-512, user: h, password_file: /etc/p}\n"
		     "      options: {linger.ms: 50}\n"
		     "    services: false\n"
		     "    events: {type: 'exec,exit', user: [root, 7], exe: /usr/bin/}\n"
		     "    spool: {folder: /var/spool/x, size: 1G}\n");
	const struct policy_sink *sink = &parsed.policy->sinks[0];

	assert_int_equal(parsed.policy->sink_count, 1);
	assert_string_equal(sink->name, "central");
	assert_int_equal(sink->kind, POLICY_SINK_KAFKA);
	assert_string_equal(setting(sink, "bootstrap.servers"), "one:9093,two:9093");
	assert_string_equal(setting(sink, "topic"), "reeve.events");
	assert_string_equal(setting(sink, "compression.type"), "zstd");
	assert_string_equal(setting(sink, "security.protocol"), "SASL_SSL");
	assert_string_equal(setting(sink, "ssl.ca.location"), "/etc/ca.pem");
	assert_string_equal(setting(sink, "sasl.mechanisms"), "SCRAM-SHA-512");
	assert_string_equal(setting(sink, "sasl.username"), "h");
	assert_string_equal(setting(sink, "password_file"), "/etc/p");
	assert_string_equal(setting(sink, "linger.ms"), "50");
	assert_true(sink->decisions && !sink->services && sink->events);
	assert_int_equal(sink->word_count, 4);
	assert_string_equal(sink->words[1].name, "user");
	assert_string_equal(sink->words[1].value, "0");
	assert_string_equal(sink->words[2].value, "7");
	assert_string_equal(sink->spool_folder, "/var/spool/x");
	assert_int_equal(sink->spool_bytes, 1 << 30);
}

static void test_others(void **state)
{
	_cleanup_(parsed_done) struct parsed parsed =
		good("sinks:\n"
		     "  here: {file: {path: /var/log/e, size: 1M, keep: 0}, decisions: false}\n"
		     "  log: {journal: true}\n");
	const struct policy_sink *sink = &parsed.policy->sinks[0];

	assert_int_equal(sink->kind, POLICY_SINK_FILE);
	assert_string_equal(setting(sink, "path"), "/var/log/e");
	assert_string_equal(setting(sink, "size"), "1048576");
	assert_string_equal(setting(sink, "keep"), "0");
	assert_false(sink->decisions);
	assert_int_equal(parsed.policy->sinks[1].kind, POLICY_SINK_JOURNAL);
	assert_null(parsed.policy->sinks[1].spool_folder);
	assert_int_equal(parsed.policy->sinks[1].spool_bytes, 256 << 20);
}

static void test_mistakes(void **state)
{
	mistake("sinks: {x: {}}", "1:9 error: sink \"x\" does not say where events go (add kafka, "
				  "file or journal: true)\n");
	mistake("sinks: {.x: {journal: true}}", "1:9 error: a sink cannot be called \".x\" (use "
						"letters, digits, \"_\" and \"-\")\n");
	mistake("sinks: {x: {journal: true, file: {path: /x}}}",
		"1:34 error: a sink is one of \"kafka\", \"file\" and \"journal\" (write two "
		"sinks)\n");
	mistake("sinks: {x: {file: {path: x}}}",
		"1:26 error: \"path\": \"x\" does not begin with \"/\" (write the path from \"/\" "
		"on)\n");
	mistake("sinks: {x: {file: {}}}", "1:19 error: \"file\" says no \"path\" (add path: "
					  "/var/log/reeve/events)\n");
	mistake("sinks: {x: {kafka: {}}}",
		"1:20 error: \"kafka\" says no \"brokers\" (add brokers: [host:9092])\n"
		"1:20 error: \"kafka\" says no \"topic\" (add topic: reeve)\n");
	mistake("sinks: {x: {kafka: {brokers: 'a:1,b:2', topic: 'x y'}}}",
		"1:30 error: \"a:1,b:2\" is not one broker (write brokers: [one:9092, "
		"other:9092])\n"
		"1:48 error: Kafka has no topic \"x y\" (a topic is letters, digits, \".\", \"_\" "
		"and \"-\")\n");
	mistake("sinks: {x: {kafka: {brokers: a, topic: b, topik: c}}}",
		"1:43 error: unknown key \"topik\" in \"kafka\" (did you mean \"topic\"?)\n");
	mistake("sinks: {x: {kafka: {brokers: a, topic: b, options: {acks: 0}}}}",
		"1:53 error: option \"acks\": without it events could be lost: it cannot be set\n");
	mistake("sinks: {x: {kafka: {brokers: a, topic: b, sasl: {mechanism: PLAIN}}}}",
		"1:20 warning: without \"tls\" the password goes over the network as it is (add "
		"tls: {})\n");
	mistake("sinks: {x: {journal: true, events: {type: exce}}}",
		"1:43 error: there is no kind of event \"exce\" (did you mean \"exec\"?)\n");
	mistake("sinks: {x: {journal: true, events: {user: nobody-is-called-so, tree: 0}}}",
		"1:43 error: there is no user \"nobody-is-called-so\" on this host\n"
		"1:70 error: \"0\" is no process id\n");
	mistake("sinks: {x: {journal: true, spool: {size: 1k}}}",
		"1:42 error: \"size\" must be 1M or more, not 1k\n");
}

static void test_twice(void **state)
{
	mistake("sinks: {x: {journal: true}, x: {journal: true}}",
		"1:29 error: duplicate key \"x\"\n1:9 note: the first is here\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kafka),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
