#!/usr/bin/env bats
# Recording and replaying: what was seen is shown again, whatever became of the file; and a policy is
# put to it, by anybody.
# bats file_tags=userland

load helpers
load watch-helpers

setup() { e2e_setup; }
teardown() { e2e_teardown; }

# Records what the commands behind "--" do, once it sees.
recording() { # ARGUMENT... -- COMMAND...
	local arguments=()
	while [ "$1" != -- ]; do
		arguments+=("$1")
		shift
	done
	shift
	timeout -k 1 60 reeve record "${arguments[@]}" --runtime-dir "$RUN" "$WORK/record" </dev/null >"$WORK/said" 2>&1 3>&- &
	WATCHER=$!
	owned "$WATCHER"
	for ((i = 0; i < 600; i++)); do
		! timeout 10 reeve replay "$WORK/record" 2>/dev/null | grep -q "is used" || break
		sleep 0.1
	done
	"$@"
}

# Without privileges, as anybody would.
as_nobody() { # COMMAND...
	timeout 30 setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# A folder where nobody can use reeve and the files named.
public() { # FILE...
	PUBLIC=$(mktemp -d /tmp/reeve-test-XXXXXX)
	chmod 755 "$PUBLIC"
	copy_reeve "$PUBLIC"
	[ $# = 0 ] || cp -L "$@" "$PUBLIC"
	chmod a+r "$PUBLIC"/*
}

@test "record, then replay: the same events as a watcher saw" {
	program "$WORK/mine"
	# Of one source, so that even the times are the same.
	rules "$WORK/nothing=g"
	start
	watching --json --exe "$WORK/mine" --type exec,exit
	recording --exe "$WORK/mine" --type exec,exit --count 6 -- true
	for i in 1 2 3; do "$WORK/mine" "$i"; done
	watched_file=$WORK/out
	wait "$WATCHER"
	eventually lines 7 "$watched_file"
	kill -INT "$WATCH"
	grep -qE '^[0-9]+ events, [0-9]+ bytes in ' "$WORK/said"
	timeout 20 reeve replay --json "$WORK/record" >"$WORK/replayed"
	diff <(grep -v '"type":"source"' "$watched_file") <(grep -v '"type":"source"' "$WORK/replayed")
	[ "$(events 'e["type"] == "exec"' "$WORK/replayed")" = 3 ]
}

@test "record: ends on an interrupt, and the file is whole" {
	program "$WORK/mine"
	recording --exe "$WORK/mine" -- "$WORK/mine" hello
	sleep 0.3
	kill -INT "$(pgrep -P "$WATCHER")"
	watched
	timeout 20 reeve replay --json "$WORK/record" >"$WORK/replayed"
	[ "$(events 'e["type"] == "exec" and e["argv"][1:] == ["hello"]' "$WORK/replayed")" = 1 ]
	[ "$(events 'e["type"] == "gap"' "$WORK/replayed")" = 0 ]
	[ "$(stat -c %a "$WORK/record")" = 600 ]
}

@test "record: killed, and all but the last second is there" {
	program "$WORK/mine"
	recording --exe "$WORK/mine" -- "$WORK/mine" hello
	sleep 1.7
	kill -KILL "$(pgrep -P "$WATCHER")"
	timeout 20 reeve replay --json "$WORK/record" >"$WORK/replayed"
	[ "$(events 'e["type"] == "exec" and e["argv"][1:] == ["hello"]' "$WORK/replayed")" = 1 ]
	[ "$(events 'e["type"] == "gap" and "cut off" in e["reason"]' "$WORK/replayed")" = 1 ]
}

@test "record: what runs already comes first, but where only others are wanted" {
	cp /bin/sleep "$WORK/old"
	background "$WORK/old" 60
	timeout 30 reeve record --exe "$WORK/old" --count 1 --runtime-dir "$RUN" "$WORK/record"
	timeout 20 reeve replay "$WORK/record" | grep -q "running.*$WORK/old"
	timeout 30 reeve record --type exec --exe "$WORK/old" --timeout 500ms --runtime-dir "$RUN" "$WORK/record"
	! timeout 20 reeve replay "$WORK/record" | grep "$WORK/old" || false
}

@test "record: through a pipe" {
	program "$WORK/mine"
	timeout 60 reeve record --since-start --timeout 2 --runtime-dir "$RUN" - 2>"$WORK/err" |
		timeout 60 reeve replay --type source - >"$WORK/out"
	grep -q "is used" "$WORK/out"
}

@test "record: a file that cannot be written" {
	refused 1 'cannot write "/nonexistent/x"' reeve record --timeout 1 --runtime-dir "$RUN" /nonexistent/x
	refused 1 'No space left' reeve record --since-start --type all --timeout 5 --runtime-dir "$RUN" /dev/full
}

# ---- files that are not whole ----

@test "replay: cut off anywhere: all that is whole, and that something is missing" {
	local size
	program "$WORK/mine"
	watching_many
	size=$(stat -c %s "$WORK/record")
	for cut in 1 15 16 40 $((size / 4)) $((size / 2)) $((size - 33)) $((size - 1)); do
		head -c "$cut" "$WORK/record" >"$WORK/cut"
		code=0
		timeout 20 reeve replay --json "$WORK/cut" >"$WORK/replayed" 2>"$WORK/err" || code=$?
		[ "$code" -le 1 ]
		[ "$cut" -lt 16 ] || [ "$(events 'e["type"] == "gap"' "$WORK/replayed")" -ge 1 ]
	done
}

watching_many() {
	recording --exe "$WORK/mine" --count 40 --type exec -- true
	for i in $(seq 40); do "$WORK/mine" "$i"; done
	wait "$WATCHER"
}

@test "replay: a damaged block is a gap with its number of events" {
	program "$WORK/mine"
	watching_many
	python3 - "$WORK/record" <<-'END'
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		data[len(data) * 2 // 3] ^= 0x55
		open(sys.argv[1], "wb").write(data)
	END
	timeout 20 reeve replay --json "$WORK/record" >"$WORK/replayed"
	python3 - "$WORK/replayed" <<-'END'
		import json, sys
		events = [json.loads(line) for line in open(sys.argv[1])]
		seen = sum(e["type"] in ("exec", "source") for e in events)
		lost = sum(e.get("lost", 0) for e in events if e["type"] == "gap")
		assert seen + lost == 41 and lost > 0, (seen, lost)
	END
}

@test "replay: what is no record" {
	echo "hello" >"$WORK/text"
	refused 1 "$WORK/text" reeve replay "$WORK/text"
	refused 1 "/nonexistent" reeve replay /nonexistent
	refused 2 "operand is missing" reeve replay
}

# ---- a policy ----

@test "replay: with a policy, as anybody: what would have been done, and why" {
	program "$WORK/cc" "$WORK/ld" "$WORK/other" "$WORK/bad"
	printf '#!%s\n' "$WORK/other" >"$WORK/script"
	chmod +x "$WORK/script"
	recording --exe "$WORK/" --type exec -- true
	for i in cc ld other bad script; do "$WORK/$i" || true; done
	sleep 0.5
	kill -INT "$(pgrep -P "$WATCHER")"
	watched
	policy <<-END
		rules:
		  compilers: {paths: [$WORK/cc, $WORK/ld], action: execute, group: build, trigger: tell}
		  bad: {paths: [$WORK/bad], action: execute, trigger: KILL}
		  scripts: {paths: ["$WORK/scr*"], action: execute, group: scripts}
		  shadow: {paths: [/etc/shadow], action: read, trigger: tell}
		groups: {build: {pids: 100}, scripts: {pids: 100}}
		triggers: {tell: {run: /bin/true}}
	END
	public "$WORK/record" "$POLICY"
	as_nobody "$PUBLIC/reeve" replay --policy "$PUBLIC/policy.yaml" "$PUBLIC/record" >"$WORK/out"
	grep -qE "build +compilers +trigger tell +$WORK/cc" "$WORK/out"
	grep -qE -- "- +bad +kill +$WORK/bad" "$WORK/out"
	grep -qE "scripts +scripts +- +$WORK/script by $WORK/other" "$WORK/out"
	grep -qE -- "- +- +- +$WORK/other" "$WORK/out"
	grep -qx "5 executions: 4 named by a rule, 3 placed, 1 killed" "$WORK/out"
	grep -qE "^ +2  compilers" "$WORK/out"
	grep -qE "^ +0  shadow  \(on opening files: not judged\)" "$WORK/out"
	as_nobody "$PUBLIC/reeve" replay --json --policy "$PUBLIC/policy.yaml" "$PUBLIC/record" >"$WORK/out"
	[ "$(events 'e.get("would") and e["would"]["group"] == "build" and e["would"]["rule"] == "compilers"')" = 2 ]
	[ "$(events 'e.get("would") and e["would"]["kill"]')" = 1 ]
	[ "$(events 'e.get("summary", {}).get("placed") == 3')" = 1 ]
	rm -r "$PUBLIC"
}

@test "replay: a policy with mistakes" {
	program "$WORK/mine"
	recording --exe "$WORK/mine" --type exec --count 1 -- "$WORK/mine"
	wait "$WATCHER"
	echo "rules: {r: {paths: [/x], action: exceute, group: g}}" >"$WORK/bad.yaml"
	refused 1 'did you mean "execute"' reeve replay --policy "$WORK/bad.yaml" "$WORK/record"
	refused 1 'is not valid, see above' reeve replay --policy "$WORK/bad.yaml" "$WORK/record"
}

@test "replay: filters, fields, count, summary" {
	program "$WORK/one" "$WORK/two"
	recording --exe "$WORK/" --type exec --count 4 -- true
	for i in one two one two; do "$WORK/$i"; done
	wait "$WATCHER"
	expect "{\"exe\":\"$WORK/one\"}
{\"exe\":\"$WORK/one\"}" bash -c "reeve replay --json --fields exe --exe one '$WORK/record' | grep -v source"
	expect 1 bash -c "reeve replay --json -n 1 '$WORK/record' | grep -c '\"type\":\"exec\"'"
	timeout 20 reeve replay --summary "$WORK/record" | grep -qE "2.*$WORK/one"
	expect 0 bash -c "set -o pipefail; reeve replay '$WORK/record' | head -1 >/dev/null; echo \$?"
}
