#!/usr/bin/env bats
# Events to Kafka: librdkafka's mock broker over TCP, which errors are injected into, and which is down
# and slow; read back by kcat.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	command -v kcat >/dev/null || skip "needs kcat"
	cp /bin/true a
	mkfifo commands
	exec {COMMANDS}<>commands
	"$BUILD/test/programs/e2e-kafka-broker" events "$WORK/address" <commands >answers 2>broker-said 3>&- &
	owned $!
	eventually test -s address
	BROKER=$(<address)
	kafka_policy
}

teardown() {
	e2e_teardown
}

# kafka_policy [KEY...]
kafka_policy() {
	{
		echo "rules: {one: {on: execute, paths: [\"$WORK/a\"], nice: 3}}"
		echo "sinks:"
		echo "  central:"
		echo "    kafka:"
		echo "      brokers: ['$BROKER']"
		echo "      topic: events"
		echo "      options: {reconnect.backoff.max.ms: 200}"
		[ $# = 0 ] || printf '    %s\n' "$@"
	} | policy
}

# Tells the broker something, and waits until it has done it.
broker() { # COMMAND...
	local before
	before=$(wc -l <answers)
	echo "$*" >&"$COMMANDS"
	eventually lines $((before + 1)) answers
}

sink() { # FIELD
	timeout 20 reeve status --json --runtime-dir "$RUN" | python3 -c '
import json, sys
print(json.load(sys.stdin)["sinks"][0][sys.argv[1]])' "$1"
}

sink_is() { # FIELD VALUE
	[ "$(sink "$1")" = "$2" ]
}

# All of the topic, a message a line, in the file `topic`.
read_topic() {
	timeout 30 kcat -C -b "$BROKER" -t events -o beginning -e -q -J >topic
}

# What `topic` has: "MESSAGES DISTINCT DECISIONS LOST"; fails where a number is in nothing.
sums() {
	python3 - topic <<-'END'
		import json, sys
		seen, lost, messages, decisions = {}, 0, 0, 0
		for line in open(sys.argv[1]):
		    message = json.loads(line)
		    headers = dict(zip(message['headers'][::2], message['headers'][1::2]))
		    number, event = int(headers['sequence']), json.loads(message['payload'])
		    messages += 1
		    if (headers['boot'], number) in seen:
		        assert seen[headers['boot'], number] == event, 'two events with one number'
		        continue
		    seen[headers['boot'], number] = event
		    decisions += headers['kind'] == 'decision'
		    lost += event['lost'] if headers['kind'] == 'gap' else 0
		numbers = sorted(number for _, number in seen)
		# A gap of what was refused has a number of its own; others have the first of those that are missing.
		assert numbers[-1] - numbers[0] + 1 == sum(
		    event['last'] - event['first'] + 1 + (event['first'] != number) if 'last' in event else 1
		    for (_, number), event in seen.items()), 'a number is missing'
		print(messages, len(seen), decisions, lost)
	END
}

many() { # COUNT
	local i
	for ((i = 0; i < $1; i++)); do ./a; done
}

@test "kafka: messages have the host as key, and boot and number in their headers" {
	start
	many 5
	eventually sink_is delivered 5
	read_topic
	[ "$(sums)" = "5 5 5 0" ]
	grep -q "\"key\":\"$(uname -n)\"" topic
	grep -q "\"headers\":\\[\"boot\",\"$(</proc/sys/kernel/random/boot_id)\",\"sequence\",\"[0-9]*\",\"kind\",\"decision\"\\]" topic
	reeve status --runtime-dir "$RUN" | grep -Eq '^ +central +kafka +idle +0 '
}

@test "kafka: a broker that fails, is slow, goes and comes back: all arrives, once" {
	start
	many 10
	broker error 19 3
	many 10
	broker rtt 200
	many 10
	broker rtt 0
	eventually sink_is queued 0
	broker down
	many 30
	eventually sink_is queued 30
	broker up
	many 10
	eventually sink_is queued 0
	read_topic
	[ "$(sums)" = "70 70 70 0" ]
	[ "$(sink lost)" = 0 ]
}

@test "kafka: a daemon that is killed while the broker is away loses nothing" {
	start
	many 20
	eventually sink_is queued 0
	broker down
	many 30
	eventually sink_is queued 30
	kill -KILL "$DAEMON"
	wait_gone "$JOB" "$DAEMON"
	start
	many 5
	sink last_error | grep -qi 'connect\|refused\|down'
	broker up
	eventually sink_is queued 0
	read_topic
	# What was under way when it was killed may be there twice, by the same numbers.
	[[ $(sums) == *" 55 55 0" ]]
}

@test "kafka: what the spool cannot hold is told" {
	kafka_policy "spool: {size: 1M}" "events: {type: [exec, exit]}"
	broker down
	start
	# Each execution is an event of more than a kilobyte.
	for round in {1..40}; do
		many 30
		[ "$(sink lost)" = 0 ] || break
	done
	[ "$(sink lost)" -gt 0 ]
	policy <"$POLICY"
	kafka_policy "spool: {size: 1M}"
	broker up
	many 1
	eventually sink_is queued 0
	read_topic
	total=($(sums))
	[ "${total[3]}" = "$(sink lost)" ]
}

@test "kafka: what is too large for the broker together is sent by itself, and what is then is told" {
	start
	many 1
	eventually sink_is queued 0
	broker down
	many 20
	eventually sink_is queued 20
	broker error 10 1
	broker up
	eventually sink_is queued 0
	[ "$(sink lost)" = 0 ]
	sink last_error | grep -q "Message size too large"
	read_topic
	[ "$(sums)" = "21 21 21 0" ]
	# A batch, and then one of it.
	broker down
	many 10
	eventually sink_is queued 10
	broker error 10 2
	broker up
	eventually sink_is queued 0
	[ "$(sink lost)" = 1 ]
	read_topic
	[[ "$(sums)" = *" 31 30 1" ]]
}

@test "kafka: what the client does not take is told, and mended by a reload" {
	sed -i 's/options:.*/options: {compresion.codec: x}/' "$POLICY"
	start
	eventually log_has 'sink central: librdkafka does not take "compresion.codec"'
	[ "$(sink state)" = failed ]
	many 3
	kafka_policy
	reload
	eventually sink_is queued 0
	read_topic
	[ "$(sums)" = "3 3 3 0" ]
}
