#!/usr/bin/env bats
# reeve explain and reeve rules: a policy looked at, without root and without a daemon.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	policy <<-END
		rules:
		  - {name: other, on: write, paths: ["$WORK/file"], deny: true}
		  - {name: not-root, on: execute, paths: ["$WORK/program"], not: {user: root}, group: people}
		  - {name: any, on: execute, paths: ["$WORK/program"], args: "--fast", nice: 5, stop: true}
		  - {name: last, on: execute, exe: "$WORK/program", kill: true}
		groups: {people: {pids: 100}}
		tests:
		  - {name: fast, on: execute, exe: "$WORK/program", user: nobody, args: [program, --fast], expect: {group: people, rules: [not-root, any]}}
	END
	cp /bin/sleep program
	echo x >file
}

teardown() {
	e2e_teardown
}

# explains RULE WORDS: the line of a rule.
explains() {
	grep -E "^$1 +$2" "$WORK/said"
}

explain() {
	timeout 20 reeve explain --config "$POLICY" "$@" >"$WORK/said"
	cat "$WORK/said"
}

@test "explain: a program that is only described" {
	explain --exe "$WORK/program" --user nobody --args --fast
	explains other "no +it is about other occasions"
	explains not-root "matches +group people"
	explains any "matches +nice 5, stop"
	explains last "no +a rule before it said stop"
	explain --exe "$WORK/program" --user root --args --slow
	explains not-root "no +does not hold: not: .user: root"
	explains any "no +does not hold: args: --fast"
	explains last "matches +kill"
}

@test "explain: what is not known is told" {
	explain --exe "$WORK/program"
	explains not-root "no +not known: not: .user: root"
	explain --exe /bin/true --user root
	explains last "no +none of its paths names the file"
	grep -q "no rule matches" "$WORK/said"
}

@test "explain: opens; other names of a file" {
	explain --on write --file "$WORK/file" --exe /bin/true
	explains other "matches +deny EPERM"
	ln file other-name
	explain --on write --file "$WORK/other-name" --exe /bin/true
	explains other "matches"
	explain --on read --file "$WORK/file" --exe /bin/true
	explains other "no +it is about other occasions"
}

@test "explain: a process that runs" {
	./program 60 3>&- &
	local pid=$!
	owned "$pid"
	nap 0.2
	explain --pid "$pid"
	explains not-root "no +does not hold"
	explains last "matches +kill"
	# As if it were somebody else's.
	explain --pid "$pid" --user nobody
	explains not-root "matches"
	alive "$pid"
}

@test "explain: as JSON" {
	timeout 20 reeve explain --config "$POLICY" --exe "$WORK/program" --user root --json >said
	[ "$(jq -r '[.[] | select(.matches) | .rule] | join(",")' said)" = last ]
	[ "$(jq -r '.[0].because' said)" = "it is about other occasions" ]
}

@test "explain: what cannot be explained" {
	run timeout 20 reeve explain --config "$POLICY"
	[ "$status" -eq 2 ]
	[[ $output == *"say what is executed by --exe"* ]]
	run timeout 20 reeve explain --config "$POLICY" --on wirte --exe /bin/true
	[ "$status" -eq 2 ]
	run timeout 20 reeve explain --config "$POLICY" --on read --exe /bin/true
	[ "$status" -eq 2 ]
	run timeout 20 reeve explain --config "$POLICY" --pid 999999999
	[ "$status" -ne 0 ]
	[[ $output == *"999999999"* ]]
	run timeout 20 reeve explain --config "$WORK/none.yaml" --exe /bin/true
	[ "$status" -eq 1 ]
	run timeout 20 reeve explain --config "$POLICY" --exe /bin/true --user no-such-user-here
	[ "$status" -ne 0 ]
	[[ $output == *"no-such-user-here"* ]]
}

@test "rules: listed in their order, and tested" {
	timeout 20 reeve rules list "$POLICY" | tee said
	[ "$(awk 'NR > 1 { print $1 }' said | paste -sd,)" = other,not-root,any,last ]
	grep -Eq '^any +execute .*args: --fast +nice 5, stop' said
	[ "$(timeout 20 reeve rules list "$POLICY" --json | jq -r '.[3].does')" = kill ]
	timeout 20 reeve rules test "$POLICY" | grep -q "1 test, 0 failed"
	sed -i 's/group: people, rules: .not-root, any/group: people, rules: [not-root, last/' "$POLICY"
	run timeout 20 reeve rules test "$POLICY"
	[ "$status" -eq 1 ]
	[[ $output == *"failed: fast"* ]]
	[[ $output == *'rule "last" should match'* ]]
	run timeout 20 reeve check "$POLICY"
	[ "$status" -eq 1 ]
	[[ $output == *'test "fast"'* ]]
}

@test "rules: every example's own tests hold" {
	for file in "$TREE"/data/examples/*.yaml; do
		timeout 20 reeve rules test "$file" || return 1
	done
}
