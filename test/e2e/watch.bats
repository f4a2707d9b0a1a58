#!/usr/bin/env bats
# Watching what processes do, with a daemon and without: every filter, every way to end, and what a
# reader that is too slow is told. That every source tells the same is the contract suite's.
# bats file_tags=userland

load helpers
load watch-helpers

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# ---- sources ----

# A program that has ended before anybody could look at it.
sees_short_lived() { # SOURCE
	source_works "$1" || skip "the source $1 does not work here: $(cat "$WORK/why")"
	program "$WORK/short"
	watching --json --source "$1" --exe "$WORK/short"
	"$WORK/short" one "two words"
	eventually lines 2 "$WORK/out"
	unwatch
	[ "$(events 'e["type"] == "exec" and e["argv"][1:] == ["one", "two words"]')" = 1 ]
	[ "$(events "e['type'] == 'exec' and e['source'] == '$1'")" = 1 ]
}

@test "bpf: a program that has ended at once" {
	sees_short_lived bpf
}

@test "audit: a program that has ended at once" {
	sees_short_lived audit
}

@test "connector: every execution; names of those that live a moment" {
	source_works connector || skip "the source connector does not work here: $(cat "$WORK/why")"
	cp /bin/sleep "$WORK/moment"
	watching --json --source connector --exe "$WORK/moment"
	"$WORK/moment" 1
	eventually lines 2 "$WORK/out"
	unwatch
	[ "$(events 'e["type"] == "exec" and e["argv"][1:] == ["1"]')" = 1 ]
}

@test "procfs: what runs for a while, without any privilege of the kernel" {
	cp /bin/sleep "$WORK/while"
	watching --json --source procfs --type exec,running --exe "$WORK/while"
	background "$WORK/while" 30
	pid=$!
	eventually lines 2 "$WORK/out"
	unwatch
	[ "$(events "e['type'] in ('exec', 'running') and e['pid'] == $pid")" = 1 ]
}

@test "auto: the best that works, and it says which" {
	watching
	unwatch
	grep -qE '(bpf|connector|audit|procfs) is used' "$WORK/out"
}

@test "whole lives: fork, exec and exit of one process" {
	source_works bpf || skip "the source bpf does not work here: $(cat "$WORK/why")"
	program "$WORK/short"
	watching --json --source bpf --type fork,exec,exit
	(
		"$WORK/short" mine
		exit 0
	)
	eventually grep -q "short.*mine" "$WORK/out"
	sleep 0.2
	unwatch
	pid=$(python3 -c '
import json, sys
print([e["pid"] for e in map(json.loads, open(sys.argv[1]))
       if e["type"] == "exec" and e.get("argv", [])[1:] == ["mine"]][0])' "$WORK/out")
	[ "$(events "e.get('pid') == $pid and e['type'] == 'fork'")" = 1 ]
	[ "$(events "e.get('pid') == $pid and e['type'] == 'exit' and e['exit_code'] == 0 and e['exe'] == '$WORK/short'")" = 1 ]
}

# ---- filters ----

@test "filters: by program, by its last part, by folder" {
	program "$WORK/a/one" "$WORK/a/two" "$WORK/b/one"
	watching --json --exe "$WORK/a/" --exe "$WORK/b/*"
	for i in a/one a/two b/one; do "$WORK/$i"; done
	eventually lines 4 "$WORK/out"
	unwatch
	watching --json --exe "$WORK/*/one"
	for i in a/one a/two b/one; do "$WORK/$i"; done
	eventually lines 3 "$WORK/out"
	unwatch
	[ "$(events 'e.get("exe", "").endswith("/two")')" = 0 ]
}

@test "filters: by user, by name and by number" {
	program "$WORK/mine"
	watching --json --exe "$WORK/mine" --user daemon
	"$WORK/mine"
	setpriv --reuid=1 --regid=1 --clear-groups "$WORK/mine"
	eventually lines 2 "$WORK/out"
	unwatch
	[ "$(events 'e["type"] == "exec" and e["uid"] == 1 and e["user"] == "daemon"')" = 1 ]
	watching --json --exe "$WORK/mine" --user 1
	"$WORK/mine"
	setpriv --reuid=1 --regid=1 --clear-groups "$WORK/mine"
	eventually lines 2 "$WORK/out"
	unwatch
}

@test "filters: by process" {
	program "$WORK/mine"
	watching --json --pid $BASHPID --type exec,exit
	(exec "$WORK/mine")
	"$WORK/mine"
	sleep 0.3
	unwatch
	[ "$(events 'e["type"] != "source"')" = 0 ]
}

@test "filters: a tree, also when those between have ended" {
	program "$WORK/leaf" "$WORK/other"
	cat >"$WORK/root.sh" <<-END
		#!/bin/bash
		read -r go <"$WORK/fifo"
		(
			# Its parent is gone by then: it is init's child.
			( sleep 0.3; "$WORK/leaf" orphan ) &
		)
		"$WORK/leaf" child
		sleep 1
	END
	chmod +x "$WORK/root.sh"
	mkfifo "$WORK/fifo"
	background "$WORK/root.sh"
	watching --json --tree $! --exe "$WORK/**"
	"$WORK/other"
	echo go >"$WORK/fifo"
	eventually lines 3 "$WORK/out"
	unwatch
	[ "$(events 'e.get("exe", "").endswith("/leaf")')" = 2 ]
	[ "$(events 'e.get("exe", "").endswith("/other")')" = 0 ]
}

@test "filters: executions that fail, where the source tells them" {
	local source=audit
	timeout 20 reeve watch --failed --timeout 100ms --runtime-dir "$RUN" >"$WORK/auto"
	grep -q "does not tell failed" "$WORK/auto" || source=auto
	source_works $source || skip "the source $source does not work here: $(cat "$WORK/why")"
	echo "no program" >"$WORK/text"
	chmod +x "$WORK/text"
	watching --json --source $source --failed --exe "$WORK/missing" --exe "$WORK/text"
	timeout 1 "$WORK/missing" || true
	perl -e 'exec @ARGV' "$WORK/missing" || true
	python3 -c 'import os, sys
try: os.execv(sys.argv[1], sys.argv[1:])
except OSError: pass' "$WORK/text" || true
	eventually lines 4 "$WORK/out"
	unwatch
	[ "$(events 'e["type"] == "failed" and e["error"] == 2')" = 2 ]
	[ "$(events 'e["type"] == "failed" and e["error"] == 8')" = 1 ]
}

@test "filters: containers and control groups" {
	local group=/sys/fs/cgroup
	program "$WORK/mine"
	watching --json --exe "$WORK/mine" --container host
	"$WORK/mine"
	eventually lines 2 "$WORK/out"
	unwatch
	watching --json --exe "$WORK/mine" --container any
	"$WORK/mine"
	sleep 0.3
	unwatch
	lines 1 "$WORK/out"
	[ "$(stat -fc %T $group)" = cgroup2fs ] || group=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$group" ] || skip "needs cgroup v2"
	local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	mkdir -p "$group/$NAME/docker-$id.scope"
	watching --json --exe "$WORK/mine" --container 0123456789ab --cgroup "/$NAME"
	(
		echo $BASHPID >"$group/$NAME/docker-$id.scope/cgroup.procs"
		exec "$WORK/mine"
	)
	"$WORK/mine"
	eventually lines 2 "$WORK/out"
	unwatch
	rmdir "$group/$NAME/docker-$id.scope" "$group/$NAME"
	[ "$(events 'e["type"] == "exec" and e["container"]["runtime"] == "docker"')" = 1 ]
}

# ---- what is shown ----

@test "output: since the start: what runs already comes first" {
	cp /bin/sleep "$WORK/old"
	background "$WORK/old" 60
	old=$!
	watching --json --since-start --exe "$WORK/old"
	eventually lines 2 "$WORK/out"
	unwatch
	[ "$(events "e['type'] == 'running' and e['pid'] == $old")" = 1 ]
}

@test "output: every line is JSON, whatever names hold" {
	local odd
	odd=$WORK/$'odd \e[31m\n\xff"'
	program "$odd"
	watching --json --exe "$WORK/*"
	"$odd" $'\x80\x01' ''
	eventually lines 2 "$WORK/out"
	unwatch
	[ "$(events 'e["type"] == "exec" and e["argv"][1:] == ["\\x80\x01", ""]')" = 1 ]
	[ "$(events 'e.get("exe", "").endswith("odd \x1b[31m\n\\xff\"")')" = 1 ]
}

@test "output: lines for people never act on a terminal" {
	local odd
	odd=$WORK/$'odd \e[31m\n\xff'
	program "$odd"
	watching --exe "$WORK/*"
	"$odd"
	eventually lines 3 "$WORK/out"
	unwatch
	grep -qF 'odd \x1b[31m\x0a\xff' "$WORK/out"
	! grep -q $'\e' "$WORK/out"
}

@test "output: chosen fields" {
	program "$WORK/mine"
	watching --json --fields type,exe --exe "$WORK/mine"
	"$WORK/mine"
	eventually lines 2 "$WORK/out"
	unwatch
	tail -1 "$WORK/out" | grep -qx "{\"type\":\"exec\",\"exe\":\"$WORK/mine\"}"
	watching --fields exe,uid --exe "$WORK/mine"
	"$WORK/mine"
	eventually grep -q "$WORK/mine" "$WORK/out"
	unwatch
	refused 2 'did you mean "exe"' reeve watch --fields exee
}

@test "output: a summary: which programs ran most" {
	program "$WORK/often" "$WORK/seldom"
	timeout -k 1 60 reeve watch --summary --exe "$WORK/*" --runtime-dir "$RUN" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- &
	WATCHER=$!
	owned "$WATCHER"
	# It prints nothing by which it could be seen that it has begun.
	sleep 8
	for i in 1 2 3 4 5; do "$WORK/often"; done
	"$WORK/seldom"
	sleep 1
	WATCH=$(pgrep -P "$WATCHER") || { cat "$WORK/out" "$WORK/err" && false; }
	kill -INT "$WATCH"
	watched
	grep -q "5.*$WORK/often" "$WORK/out"
	grep -q "1.*$WORK/seldom" "$WORK/out"
}

# ---- the end ----

@test "end: after so many events" {
	program "$WORK/mine"
	watching --json --exe "$WORK/mine" --count 3
	for i in 1 2 3 4 5; do "$WORK/mine" "$i"; done
	watched
	[ "$(events 'e["type"] == "exec"')" = 3 ]
	[ ! -s "$WORK/err" ]
}

@test "end: after a time" {
	local before
	before=$(now_ms)
	timeout 30 reeve watch --timeout 500ms --runtime-dir "$RUN" >/dev/null
	[ $(($(now_ms) - before)) -ge 500 ]
}

@test "end: on signals, with what was gathered" {
	local number
	for number in INT TERM HUP; do
		program "$WORK/mine"
		watching --json --exe "$WORK/mine"
		"$WORK/mine"
		eventually lines 2 "$WORK/out"
		kill "-$number" "$WATCH"
		watched
	done
}

@test "end: when nobody reads any more" {
	program "$WORK/mine"
	(
		set +e
		timeout 30 reeve watch --runtime-dir "$RUN" --exe "$WORK/mine" 2>"$WORK/err" | head -1 >/dev/null
		echo "${PIPESTATUS[0]}" >"$WORK/code"
	) 3>&- &
	for i in $(seq 100); do
		"$WORK/mine"
		[ ! -e "$WORK/code" ] || break
		sleep 0.1
	done
	[ "$(cat "$WORK/code")" = 0 ]
	[ ! -s "$WORK/err" ]
}

@test "end: by an interrupt, though the pipe is full and nobody reads" {
	program "$WORK/mine"
	mkfifo "$WORK/pipe"
	exec 8<>"$WORK/pipe"
	timeout -k 1 60 reeve watch --json --runtime-dir "$RUN" --exe "$WORK/mine" >"$WORK/pipe" 2>"$WORK/err" </dev/null 3>&- 8>&- &
	WATCHER=$!
	owned "$WATCHER"
	sleep 2
	# More than a pipe holds.
	"$BUILD/test/programs/demo-burst" 300 2 "$WORK/mine" "$(printf '%01000d' 0)" >/dev/null
	sleep 0.5
	kill -INT "$(pgrep -P "$WATCHER")"
	watched
	exec 8<&-
}

@test "a full disk is no success" {
	refused 1 'cannot write the output: No space left' bash -c "reeve watch --json --timeout 10 --runtime-dir '$RUN' >/dev/full"
}

@test "mistakes on the command line: exit 2 and a hint" {
	refused 2 'did you mean "exec"' reeve watch --type exce
	refused 2 'did you mean "bpf"' reeve watch --source bfp
	refused 2 'no user "nobody-at-all"' reeve watch --user nobody-at-all
	refused 2 '--count is "0"' reeve watch --count 0
	refused 2 '--timeout is "never"' reeve watch --timeout never
	refused 2 'did you mean --exe' reeve watch --exec x
}

# ---- through a daemon ----

@test "daemon: watches for others, and asks for nothing when nobody watches" {
	rules "$WORK/placed=g"
	program "$WORK/mine"
	start
	counter_is watch.watchers 0
	watching --json --exe "$WORK/mine"
	counter_is watch.watchers 1
	"$WORK/mine"
	eventually lines 2 "$WORK/out"
	[ "$(events 'e["type"] == "exec" and "container" in e and "user" in e')" = 1 ]
	timeout 20 reeve status --runtime-dir "$RUN" | grep -qE '^ +(bpf|connector|audit|procfs) +running '
	unwatch
	eventually counter_is watch.watchers 0
	timeout 20 reeve status --runtime-dir "$RUN" | grep -qE '^ +(bpf|connector|audit|procfs) +idle '
	before=$(counter observer.events)
	for i in 1 2 3 4 5; do "$WORK/mine"; done
	sleep 0.3
	[ "$(counter observer.events)" = "$before" ]
}

@test "daemon: filters, trees and what runs already are the daemon's work" {
	rules "$WORK/placed=g"
	program "$WORK/one" "$WORK/two"
	cp /bin/sleep "$WORK/old"
	background "$WORK/old" 60
	start
	watching --json --since-start --tree $$ --exe "$WORK/one" --exe "$WORK/old"
	eventually lines 2 "$WORK/out"
	"$WORK/two"
	"$WORK/one"
	eventually lines 3 "$WORK/out"
	unwatch
	[ "$(events 'e["type"] == "running" and e["exe"].endswith("/old")')" = 1 ]
	[ "$(events 'e["type"] == "exec" and e["exe"].endswith("/one")')" = 1 ]
}

@test "daemon: two watchers, each its own events" {
	rules "$WORK/placed=g"
	program "$WORK/one" "$WORK/two"
	start
	watching --json --exe "$WORK/one"
	first=$WATCHER
	mv "$WORK/out" "$WORK/first"
	watching --json --exe "$WORK/two" --type exec,exit
	"$WORK/one"
	"$WORK/two"
	eventually lines 3 "$WORK/out"
	eventually lines 2 "$WORK/first"
	kill "$(pgrep -P "$first")"
	unwatch
}

@test "daemon: whoever speaks to it gets JSON" {
	rules "$WORK/placed=g"
	program "$WORK/mine"
	start
	cat >"$WORK/client.py" <<-'END'
		import json, socket, subprocess, sys
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(20)
		s.connect(sys.argv[1])
		s.sendall(json.dumps({"method": "io.reeve.Watch", "more": True, "parameters":
		    {"filter": {"exe": [sys.argv[2]]}}}).encode() + b"\0")
		def messages():
		    data = b""
		    while True:
		        got = s.recv(65536)
		        assert got
		        data += got
		        while b"\0" in data:
		            one, data = data.split(b"\0", 1)
		            yield json.loads(one)
		events = []
		for m in messages():
		    assert m["continues"] is True
		    first = not events
		    events += m["parameters"].get("events", [])
		    if first:
		        subprocess.run([sys.argv[2], "hello"])
		    if len(events) > 1:
		        break
		print(events[0]["type"], events[1]["type"], events[1]["argv"][1])
	END
	expect "source exec hello" python3 "$WORK/client.py" "$RUN/reeve.sock" "$WORK/mine"
}

@test "daemon: a bad filter is refused with a sentence" {
	rules "$WORK/placed=g"
	start
	for parameters in '{"filter": {"type": ["exce"]}}' '{"filter": {"user": ["root"]}}' \
		'{"filter": {"pid": 7}}' '{"filter": 1}' '{"form": "xml"}'; do
		python3 - "$RUN/reeve.sock" "$parameters" <<-'END'
			import json, socket, sys
			s = socket.socket(socket.AF_UNIX)
			s.settimeout(20)
			s.connect(sys.argv[1])
			s.sendall(b'{"method": "io.reeve.Watch", "more": true, "parameters": '
			          + sys.argv[2].encode() + b'}\0')
			answer = json.loads(s.recv(65536).rstrip(b"\0"))
			assert answer["error"] == "io.reeve.Failed" and answer["parameters"]["errno"] == 22, answer
		END
	done
	counter_is watch.watchers 0
}

has_lost() {
	[ "$(counter watch.lost)" -gt 0 ]
}

@test "daemon: a reader that is too slow loses, is told, and holds up nobody" {
	local before asked
	source_works bpf || skip "the source bpf does not work here: $(cat "$WORK/why")"
	rules "$WORK/placed=g"
	program "$WORK/mine"
	start
	watching --json --exe "$WORK/mine"
	kill -STOP "$WATCH"
	# More than the socket and the daemon's bound for one reader hold: by long arguments, as an emulated machine starts few.
	seq -f %020000.0f 1000 | timeout 120 xargs -n 1 -P 4 "$WORK/mine"
	eventually has_lost
	before=$(now_ms)
	timeout 20 reeve status --runtime-dir "$RUN" >/dev/null
	asked=$(($(now_ms) - before))
	[ "$asked" -lt 2000 ]
	kill -CONT "$WATCH"
	eventually grep -q "too slow" "$WORK/out"
	sleep 0.5
	unwatch
	[ "$(events 'e["type"] == "exec"')" -gt 100 ]
	python3 - "$WORK/out" <<-'END'
		import json, sys
		events = [json.loads(line) for line in open(sys.argv[1])]
		seen = sum(e["type"] == "exec" for e in events)
		lost = sum(e.get("lost", 0) for e in events if e["type"] == "gap")
		assert seen + lost == 1000, (seen, lost)
	END
	grep -qE '[0-9]+ events were lost in [0-9]+ gap' "$WORK/err"
}

@test "daemon: ends, and its watchers are told" {
	rules "$WORK/placed=g"
	start
	watching --json
	stop
	! watched
	grep -q "the daemon has ended" "$WORK/err"
}

@test "daemon: source: off; then reeve sees by itself" {
	rules "$WORK/placed=g"
	echo "source: off" >>"$POLICY"
	program "$WORK/mine"
	start
	refused 1 'the policy says source: off .*--local' reeve watch --runtime-dir "$RUN"
	watching --local --json --exe "$WORK/mine"
	"$WORK/mine"
	eventually lines 2 "$WORK/out"
	unwatch
}

@test "daemon: the source that the policy names" {
	rules "$WORK/placed=g"
	echo "source: procfs" >>"$POLICY"
	start
	timeout 20 reeve status --runtime-dir "$RUN" | grep -qE '^ +procfs +idle '
	sed -i 's/procfs/bfp/' "$POLICY"
	refused 1 'did you mean "bpf"' reeve check "$POLICY"
}

@test "daemon: only who may look may watch" {
	local place
	rules "$WORK/placed=g"
	start
	place=$(mktemp -d /tmp/reeve-test-XXXXXX)
	chmod 755 "$place"
	copy_reeve "$place"
	refused 1 'cannot reach the daemon' setpriv --reuid=65534 --regid=65534 --clear-groups "$place/reeve" watch --runtime-dir "$RUN"
	rm -r "$place"
}
