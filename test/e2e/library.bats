#!/usr/bin/env bats
# libreeve as its users see it: the example programs of data/examples, built from its headers and
# against its exports, with real programs and a real daemon.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

@test "library: run-sandboxed" {
	run timeout 60 "$BUILD/test/run-sandboxed" 30 sh -c 'touch /etc/reeve-test-x 2>/dev/null || exit 7'
	[ "$status" -eq 7 ]
	[[ $output == *" ms of them computing"* ]]
	run timeout 60 "$BUILD/test/run-sandboxed" 1 sh -c 'while :; do sleep 1; done'
	[ "$status" -eq 137 ]
	[[ $output == *"time is over"* ]]
	run timeout 60 "$BUILD/test/run-sandboxed" 30 /nowhere/program
	[ "$status" -eq 125 ]
	[[ $output == *"cannot start: "*"/nowhere/program"* ]]
}

@test "library: watch-events" {
	run timeout 60 "$BUILD/test/watch-events" "$WORK/run" 1
	[ "$status" -eq 1 ]
	[[ $output == *"no daemon listens at $WORK/run/reeve.sock"* ]]
	policy <<<"rules: {}"
	start
	run timeout 60 "$BUILD/test/watch-events" "$RUN" 1 '{"type": ["exce"]}'
	[ "$status" -eq 1 ]
	cp /bin/true "$WORK/reeve-test-watched"
	background timeout 60 "$BUILD/test/watch-events" "$RUN" 2 "{\"exe\": [\"$WORK/reeve-test-watched\"]}" >events 2>errors
	watched() {
		"$WORK/reeve-test-watched"
		lines 2 events
	}
	eventually watched
	grep -q "^exec [0-9]* $WORK/reeve-test-watched$" events
	grep -q "the daemon is there" errors
}

@test "library: check-policy" {
	printf 'rules:\n  a:\n    paths: [/bin/x]\n    action: execute\n    grup: b\n' >policy.yaml
	run "$BUILD/test/check-policy" policy.yaml
	[ "$status" -eq 1 ]
	[[ $output == *'policy.yaml:5:5: error: unknown key "grup" in a rule'* ]]
	run "$BUILD/test/check-policy" "$TREE/data/examples/build.yaml"
	[ "$status" -eq 0 ]
	run "$BUILD/test/check-policy" nowhere.yaml
	[ "$status" -eq 1 ]
}

@test "library: an installed one is found by pkg-config" {
	command -v pkg-config >/dev/null || skip "needs pkg-config"
	run pkg-config --print-requires-private "$BUILD/meson-private/libreeve.pc"
	[ "$status" -eq 0 ]
	grep -q -- '-lreeve' "$BUILD/meson-private/libreeve.pc"
}
