#!/usr/bin/env bats
# Events to files and to the journal, through a spool on disk.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	cp /bin/true a
}

teardown() {
	e2e_teardown
}

# sink_policy FILE [KEY...]: a rule that decides about ./a, and a sink for that.
sink_policy() {
	local file=$1
	shift
	{
		echo "rules: {one: {on: execute, paths: [\"$WORK/a\"], nice: 3}}"
		echo "sinks:"
		echo "  here:"
		echo "    file: {path: \"$file\"}"
		[ $# = 0 ] || printf '    %s\n' "$@"
	} | policy
}

# A number of a sink in the status.
sink() { # NAME FIELD
	timeout 20 reeve status --json --runtime-dir "$RUN" | python3 -c '
import json, sys
sinks = {sink["name"]: sink for sink in json.load(sys.stdin)["sinks"]}
value = sinks[sys.argv[1]]
for name in sys.argv[2].split("."):
    value = value[name]
print(value)' "$1" "$2"
}

sink_is() { # NAME FIELD VALUE
	[ "$(sink "$1" "$2")" = "$3" ]
}

sink_above() { # NAME FIELD VALUE
	[ "$(sink "$1" "$2")" -gt "$3" ]
}

# How many lines of files are of that kind.
of_kind() { # KIND FILE...
	local kind=$1
	shift
	cat "$@" 2>/dev/null | grep -c "\"kind\":\"$kind\""
}

of_kind_is() { # COUNT KIND FILE...
	local count=$1
	shift
	[ "$(of_kind "$@")" = "$count" ]
}

# Every number from the first to the last is there, or within a gap; none twice.
numbers_agree() { # FILE...
	cat "$@" | python3 -c '
import json, sys
covered = []
for line in sys.stdin:
    event = json.loads(line)
    first, last = event["sequence"], event["sequence"]
    if event["kind"] == "gap" and "last" in event:
        last = event["last"]
    covered += range(first, last + 1)
assert len(covered) == len(set(covered)), "a number is there twice"
assert len(covered) == max(covered) - min(covered) + 1, "a number is missing"'
}

many() { # COUNT
	local i
	for ((i = 0; i < $1; i++)); do ./a; done
}

@test "sinks: decisions, events of a filter and ends of services" {
	mkdir services
	cat >services/short.yaml <<-END
		run: [/bin/sh, -c, "exit 3"]
		restart: "no"
	END
	sink_policy "$WORK/events" "events: {type: [exec, exit], exe: \"$WORK/\"}"
	start
	# Until what happens is seen.
	eventually grep -q '"type":"source"' events
	many 3
	eventually of_kind_is 3 decision events
	eventually of_kind_is 1 service events
	grep '"kind":"service"' events | grep -q '"type":"service","service":"short","reason":"exit".*"code":3'
	eventually grep -q "\"type\":\"exec\".*\"exe\":\"$WORK/a\"" events
	! grep '"type":"exec"' events | grep -qv "\"exe\":\"$WORK/"
	eventually sink_is here queued 0
	numbers_agree events
	reeve status --runtime-dir "$RUN" | grep -Eq '^ +here +file +idle +0 '
}

@test "sinks: what happens as soon as the daemon answers is told" {
	local try
	cp /bin/true first
	sink_policy "$WORK/events.json" "events: {type: exec, exe: $WORK/first}"
	for try in 1 2 3 4; do
		start
		./first
		eventually of_kind_is $((try * 2)) event events.json
		stop
	done
}

@test "sinks: a file whose disk is full gets all of it later, once" {
	mkdir disk
	mount -t tmpfs -o size=64k none disk
	sink_policy "$WORK/disk/events"
	printf '{"half a line' >disk/events
	start
	head -c 60000 /dev/zero >disk/fill
	many 40
	eventually sink_is here state failed
	eventually sink_above here queued 0
	sink here last_error | grep -q "No space left"
	rm disk/fill
	eventually sink_is here queued 0
	of_kind_is 40 decision disk/events
	expect '{"half a line' head -n 1 disk/events
	sed 1d disk/events >whole
	numbers_agree whole
	sink_is here lost 0
}

@test "sinks: an error that is cut within a letter is still told" {
	local before="cannot write events to $WORK/" pad=
	((${#before} % 2 == 0)) || pad=x
	((${#before} < 200))
	# 255 bytes are kept of it.
	sink_policy "$WORK/$pad$(printf 'é%.0s' {1..120})/events"
	start
	eventually sink_is here state failed
	sink here last_error | grep -q 'cannot write events to /.*xc3$'
}

@test "sinks: a spool whose disk is full loses what it cannot hold, and says how much" {
	mkdir disk
	mount -t tmpfs -o size=16k none disk
	sink_policy "$WORK/away/events" "spool: {folder: \"$WORK/disk/spool\"}"
	start
	many 80
	eventually sink_above here lost 0
	eventually log_has "cannot write to its spool"
	mkdir away
	eventually sink_is here queued 0
	many 1
	eventually sink_is here queued 0
	[ $(($(of_kind decision away/events) + $(sink here lost))) = 81 ]
	grep '"kind":"gap"' away/events | grep -q '"lost":'
	numbers_agree away/events
}

@test "sinks: a spool that cannot be opened is told, with what is lost, and mended by a reload" {
	mkdir disk
	mount -t tmpfs -o size=64k none disk
	mkdir disk/spool
	mount -o remount,ro disk
	sink_policy "$WORK/events" "spool: {folder: \"$WORK/disk/spool\"}"
	start
	log_has "cannot open $WORK/disk/spool/state: Read-only file system"
	many 2
	eventually sink_is here lost 2
	sink_is here state "no spool"
	mount -o remount,rw disk
	reload
	many 3
	eventually of_kind_is 3 decision events
	grep '"kind":"gap"' events | grep -q '"lost":2.*could not be opened'
}

@test "sinks: a reload changes them, and nothing is lost or told twice" {
	sink_policy "$WORK/one"
	start
	many 10
	sink_policy "$WORK/two"
	reload
	many 10
	sink_policy "$WORK/two" "events: {type: exec, exe: /nothing}"
	reload
	many 10
	eventually sink_is here queued 0
	eventually sink_is here state idle
	of_kind_is 30 decision one two
	numbers_agree one two
	policy <<<"rules: {}"
	reload
	! reeve status --runtime-dir "$RUN" | grep -q '^sinks'
}

@test "sinks: a daemon that is killed goes on where it was" {
	sink_policy "$WORK/away/events"
	start
	many 20
	eventually sink_is here queued 20
	kill -KILL "$DAEMON"
	wait_gone "$JOB" "$DAEMON"
	start
	many 5
	mkdir away
	eventually sink_is here queued 0
	of_kind_is 25 decision away/events
	numbers_agree away/events
}

executions() { # runs ./a until there is a file "enough", and writes how often
	local count=0
	until [ -e enough ]; do
		./a
		count=$((count + 1))
	done
	echo "$count" >executions
}

@test "sinks: the daemon that takes over goes on with spools and numbers" {
	local all
	sink_policy "$WORK/away/events"
	start
	many 5
	background executions
	eventually sink_above here queued 20
	timeout 60 reeve reload --exec --runtime-dir "$RUN" 3>&-
	mkdir away
	eventually sink_above here delivered 50
	timeout 60 reeve reload --exec --runtime-dir "$RUN" 3>&-
	touch enough
	eventually test -s executions
	all=$(($(<executions) + 5))
	eventually of_kind_is "$all" decision away/events
	eventually sink_is here queued 0
	eventually sink_is here delivered "$all"
	sink_is here spool.stored "$all"
	sink_is here lost 0
	numbers_agree away/events
	# Metrics go on, too.
	timeout 20 reeve metrics --runtime-dir "$RUN" >metrics
	grep -qx 'reeve_engine_handovers_total 2' metrics
	grep -qx "reeve_engine_decisions_total $all" metrics
	grep -qx "reeve_rule_matched_total{rule=\"one\"} $all" metrics
}

@test "sinks: a spool of which a part is damaged, or of a newer version" {
	sink_policy "$WORK/away/events"
	start
	many 20
	eventually sink_is here queued 20
	stop
	segment=$(echo "$RUN"/sinks/here/*.spool)
	printf 'overwritten' | dd of="$segment" bs=1 seek=700 conv=notrunc status=none
	start
	many 1
	mkdir away
	eventually sink_is here queued 0
	[ $(($(of_kind decision away/events) + $(sink here lost))) = 21 ]
	log_has "is damaged before byte"
	numbers_agree away/events
	stop
	rm -r away
	start
	many 3
	eventually sink_is here queued 3
	stop
	# As a newer daemon would have written it.
	python3 - "$RUN"/sinks/here/*.spool <<-'END'
		import sys, struct, zlib
		path = sys.argv[-1]
		data = bytearray(open(path, 'rb').read())
		data[8] = 9
		data[60:64] = struct.pack('<I', zlib.crc32(bytes(data[:60])))
		open(path, 'wb').write(data)
	END
	start
	log_has "was written by a newer version of reeve"
	many 1
	mkdir away
	eventually sink_is here queued 0
	grep '"kind":"gap"' away/events | grep -q '"lost":3'
	of_kind_is 1 decision away/events
}

@test "sinks: the journal" {
	cat >journal.py <<-'END'
		import os, socket, sys
		path = '/run/systemd/journal/socket'
		listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		listener.bind(path)
		if os.fork() > 0:
		    os._exit(0)
		os.dup2(os.open('/dev/null', os.O_WRONLY), 2)
		with open(sys.argv[1], 'ab', 0) as out:
		    while True:
		        data = listener.recv(1 << 20)
		        out.write(data.replace(b'\n', b' ') + b'\n')
		        if b'ends-now' in data:
		            break
	END
	cat >within <<-END
		#!/bin/sh
		mount -t tmpfs none /run
		mkdir -p /run/systemd/journal
		python3 "$WORK/journal.py" "$WORK/entries" 3>&-
		exec "\$@"
	END
	chmod 755 within
	{
		echo "rules: {one: {on: execute, paths: [\"$WORK/a\", \"$WORK/ends-now\"], nice: 3}}"
		echo "sinks: {log: {journal: true}}"
	} | policy
	cp a ends-now
	DAEMON_PREFIX=(unshare -m --propagation private "$WORK/within")
	start
	many 2
	./ends-now
	eventually lines 3 entries
	grep -q 'REEVE_KIND=decision.*REEVE_SEQUENCE=[0-9].*REEVE_BOOT=.*REEVE_EVENT={"type":"decision"' entries
	eventually sink_is log queued 0
	# It is gone: what comes now waits, and is not taken for sent.
	./a
	eventually sink_is log queued 1
	sink log last_error | grep -q journal
}

@test "sinks: mistakes are told where they are" {
	policy <<-END
		rules: {}
		sinks:
		  x: {kafka: {broker: a, topic: b}}
	END
	refused 1 'unknown key "broker" in "kafka"' reeve check "$POLICY"
	grep -q 'policy.yaml:4' said
}
