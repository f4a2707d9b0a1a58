#!/usr/bin/env bats
# Why a rule matches, and what the first condition is that does not hold. No daemon is needed.

load helpers

setup() {
	e2e_setup
	cp /bin/sleep a
	policy <<-END
		rules:
		  program: {on: execute, paths: ["$WORK/a"], nice: 3}
		  nobody: {on: execute, paths: ["$WORK/a"], user: nobody, group: g}
		  files: {on: write, paths: ["$WORK/file"], deny: true}
		groups: {g: {pids: 9}}
		tests:
		  - {name: good, on: execute, path: "$WORK/a", user: nobody, expect: {group: g}}
	END
}

teardown() {
	e2e_teardown
}

@test "explain: a process made up" {
	run reeve explain --policy "$POLICY" --exe "$WORK/a" --user root
	[ "$status" = 0 ]
	grep -q '^+ program: matches' <<<"$output"
	grep -q '^- nobody: "user" does not hold' <<<"$output"
	grep -q '^- files: is about other occasions' <<<"$output"
	grep -q '^would: nice' <<<"$output"
	run reeve explain --policy "$POLICY" --exe "$WORK/a"
	grep -q '^- nobody: "user" is not known' <<<"$output"
}

@test "explain: a process that runs" {
	./a 30 3>&- &
	pid=$!
	eventually test "/proc/$pid/exe" -ef "$WORK/a"
	run reeve explain --policy "$POLICY" --pid "$pid" --json
	kill "$pid"
	[ "$status" = 0 ]
	grep -q '"effect": "nice"' <<<"$output"
}

@test "explain: a file that is opened" {
	touch file
	reeve explain --policy "$POLICY" --exe /bin/vi --on write --file "$WORK/file" | grep -q '^would: deny, by rule files'
	refused 2 'needs the --file' reeve explain --policy "$POLICY" --exe /bin/vi --on write
	refused 2 'say --pid, or --exe' reeve explain --policy "$POLICY"
}

@test "explain: rules are listed, and a policy's own tests run" {
	reeve rules list "$POLICY" | grep -q '^nobody'
	reeve rules test "$POLICY" | grep -q '1 test, 0 failed'
	sed -i 's/expect: {group: g}/expect: {group: ""}/' "$POLICY"
	run reeve rules test "$POLICY"
	[ "$status" = 1 ]
	grep -q 'test "good"' <<<"$output"
}
