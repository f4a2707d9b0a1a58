#!/usr/bin/env bats
# The list of processes: with a daemon and without, as a tree, as JSON.
# bats file_tags=userland

load helpers
load watch-helpers

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# A member of one process of a list, as Python writes it: member PID '["known"]["type"]'
member() { # PID EXPRESSION
	python3 -c '
import json, sys
p = [p for p in json.load(open(sys.argv[1])) if p["pid"] == int(sys.argv[2])][0]
print(eval("p" + sys.argv[3]))' "$WORK/list" "$1" "$2"
}

list() { # ARGUMENT...
	timeout 30 reeve ps --runtime-dir "$RUN" "$@"
}

@test "ps: without a daemon: every process, its user, program and age" {
	cp /bin/sleep "$WORK/mine"
	background "$WORK/mine" 60
	sleep 1
	list >"$WORK/out"
	grep -qE "^ *$! +root .* [0-9.a-z ]+ +running +$WORK/mine 60" "$WORK/out"
	[ "$(wc -l <"$WORK/out")" -gt 5 ]
	list --json >"$WORK/list"
	[ "$(member $! '["exe"]')" = "$WORK/mine" ]
	[ "$(member $! '["age"] >= 10**9')" = True ]
	[ "$(member $! '["placement"]')" = None ]
	[ "$(member $! '["known"]["type"]')" = running ]
	[ "$(member $! '["container"]')" = None ]
}

@test "ps: with a daemon: which group it is in" {
	cp /bin/sleep "$WORK/mine"
	rules "$WORK/mine=inner/most"
	start
	background "$WORK/mine" 60
	eventually is_in $! inner/most
	list >"$WORK/out"
	grep -qE "^ *$! +root +inner/most .*$WORK/mine 60" "$WORK/out"
	list --json >"$WORK/list"
	[ "$(member $! '["placement"]')" = inner/most ]
	stop
	# The record of the daemon that has ended says which groups there are.
	list --json >"$WORK/list"
	[ "$(member $! '["placement"]')" = inner/most ]
}

@test "ps: since which event it is known" {
	source_works bpf || skip "the source bpf does not work here: $(cat "$WORK/why")"
	cp /bin/sleep "$WORK/mine"
	cp /bin/sleep "$WORK/old"
	rules "$WORK/nothing=g"
	background "$WORK/old" 60
	old=$!
	start
	watching --json --type exec,exit --exe "$WORK/mine"
	background "$WORK/mine" 60
	new=$!
	eventually lines 2 "$WORK/out"
	list --json >"$WORK/list"
	[ "$(member "$old" '["known"]["type"]')" = running ]
	[ "$(member "$new" '["known"]["type"]')" = fork ]
	[ "$(member "$new" '["known"]["source"]')" = bpf ]
	unwatch
}

@test "ps: a tree: children stand below their parents, moved to the right" {
	cp /bin/sleep "$WORK/child"
	cat >"$WORK/parent" <<-END
		#!/bin/bash
		"$WORK/child" 60 &
		wait
	END
	chmod +x "$WORK/parent"
	background "$WORK/parent"
	eventually pgrep -P $!
	list --tree >"$WORK/out"
	grep -A1 -E "^ *$! .*running +[^ ].*$WORK/parent" "$WORK/out" | grep -qE "running +$WORK/child 60"
	parent=$(grep -E "^ *$! " "$WORK/out" | sed "s|/.*||" | wc -c)
	child=$(grep "$WORK/child" "$WORK/out" | grep "^ *$(pgrep -P $!) " | sed "s|/.*||" | wc -c)
	[ $((child - parent)) = 2 ]
}

@test "ps: names never act on a terminal" {
	cp /bin/sleep "$WORK/"$'odd\e[31m'
	background "$WORK/"$'odd\e[31m' 60
	sleep 0.3
	list >"$WORK/out"
	grep -qF 'odd\x1b[31m 60' "$WORK/out"
	! grep -q $'\e' "$WORK/out"
}

@test "ps: nobody may ask the daemon, and sees by itself what /proc shows" {
	local place
	rules "$WORK/nothing=g"
	start
	place=$(mktemp -d /tmp/reeve-test-XXXXXX)
	chmod 755 "$place"
	copy_reeve "$place"
	refused 1 'cannot reach the daemon' setpriv --reuid=65534 --regid=65534 --clear-groups "$place/reeve" ps --runtime-dir "$RUN"
	cd "$place"
	timeout 30 setpriv --reuid=65534 --regid=65534 --clear-groups "$place/reeve" ps --local --runtime-dir "$RUN" >"$WORK/out"
	cd "$WORK"
	[ "$(wc -l <"$WORK/out")" -gt 5 ]
	rm -r "$place"
}

@test "ps: mistakes on the command line" {
	refused 2 'one operand too many' reeve ps x
	refused 2 'did you mean --tree' reeve ps --tre
}
