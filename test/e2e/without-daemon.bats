#!/usr/bin/env bats
# reeve where no daemon runs: it makes groups, moves processes and starts programs by itself.
# bats file_tags=userland

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH=$tree/bin:$PATH
	folder=$BATS_TEST_TMPDIR
	name=reeve-test-${REEVE_TEST_RUN:-$$}-local
	cat >"$folder/policy.yaml" <<-END
		name: $name
		rules:
		  sleepers:
		    paths: [$folder/sleeper]
		    action: execute
		    group: night/sleep
		groups:
		  night/sleep:
		    pids: 50
	END
	chmod 644 "$folder/policy.yaml"
	cp "$(readlink -f "$(command -v sleep)")" "$folder/sleeper"
}

teardown() {
	[ "$(id -u)" -eq 0 ] || return 0
	r clean || true
	rm -rf "$folder/run"
	[ -z "$(group_folders)" ]
}

# reeve with this test's own instance. Options come last, where `run` would hand them on.
r() {
	local command=$1
	shift
	reeve "$command" "${sub[@]}" --config "$folder/policy.yaml" --runtime-dir "$folder/run" "$@"
}

rg() {
	local sub=("$1")
	shift
	r group "$@"
}

# Its process is in pid; it is executed when this returns, not only forked.
start_sleeper() {
	"$folder/sleeper" 60 3>&- &
	pid=$!
	for _ in {1..1000}; do
		[ "$(<"/proc/$pid/comm")" != sleeper ] || return 0
		sleep 0.01
	done
	return 1
}

group_folders() {
	awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts | while read -r mount; do
		find "$mount" -maxdepth 1 -name "$name"
	done
}

# The value of a member of a group's JSON: group_get NAME '["group"]["members"]'
group_get() {
	rg show --json "$1" | python3 -c "import json, sys; print(json.load(sys.stdin)$2)"
}

@test "run: inside its group from the first instruction, and the group is gone afterwards" {
	run r run --pids 9 -- cat /proc/self/cgroup
	[ "$status" -eq 0 ]
	[[ $output == *"/$name/run-"* ]]
	run rg list --json
	[[ $output != *run-* ]]
}

@test "run: the program's exit code, signals, 126, 127" {
	run r run --pids 9 -- sh -c 'exit 3'
	[ "$status" -eq 3 ]
	run r run --pids 9 -- sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	run -127 r run --pids 9 -- /nonexistent
	run r run --pids 9 -- /etc/passwd
	[ "$status" -eq 126 ]
	run r run -g nonexistent true
	[ "$status" -eq 125 ]
	[[ $output == *'there is no group "nonexistent"'* ]]
}

@test "run: options behind the program are the program's" {
	run r run --pids 9 echo --help -n --json
	[ "$status" -eq 0 ]
	[ "$output" = "--help -n --json" ]
}

@test "run: a limit holds and is told when it hits" {
	run r run --pids 2 -- sh -c 'sleep 2 & sleep 2 & sleep 2 & wait'
	[ "$status" -ne 0 ]
	[[ $output == *"the group was at its limit of tasks"* ]]
}

@test "run: a limit that cannot be set stops the start, and leaves nothing" {
	run r run --raw nothing.like.this=1 -- touch "$folder/ran"
	[ "$status" -eq 125 ]
	[ ! -e "$folder/ran" ]
	run rg list --json
	[[ $output != *run-* ]]
}

@test "run: in a group of the policy, which is made for it" {
	run r run -g night/sleep cat /proc/self/cgroup
	[ "$status" -eq 0 ]
	[[ $output == *"/$name/night/sleep"* ]]
}

@test "run: what the program leaves behind stays in the group, and is told" {
	run r run --name left --pids 9 -- sh -c 'sleep 60 >/dev/null 2>&1 & exit 4'
	[ "$status" -eq 4 ]
	[[ $output == *'the group "left" stays'* ]]
	rg kill left
	rg delete left
}

@test "run: --json tells the end on standard error" {
	r run --json --name told --pids 9 -- sh -c 'echo out; exit 5' >"$folder/out" \
		2>"$folder/err" || true
	[ "$(cat "$folder/out")" = out ]
	python3 - "$folder/err" <<-END
		import json, sys
		end = json.load(open(sys.argv[1]))
		assert end["group"] == "told" and end["code"] == 5 and end["signal"] == 0, end
		assert end["wall_ns"] > 0
	END
}

@test "run: a signal for reeve goes to the program" {
	r run --pids 9 -- sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done' \
		>"$folder/out" 3>&- &
	pid=$!
	for _ in $(seq 100); do grep -q ready "$folder/out" && break; sleep 0.05; done
	kill -TERM "$(pgrep -P "$pid" -x reeve || echo "$pid")"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 7 ]
}

@test "groups: create, show, set, move, freeze, thaw, kill, delete" {
	rg create a/b --pids 20
	[ "$(group_get a/b '["group"]["origin"]')" = command ]
	sleep 60 3>&- &
	pid=$!
	run rg move a/b "$pid"
	[ "$output" = "1 of 1 moved" ]
	grep -q "/$name/a/b" "/proc/$pid/cgroup"
	[ "$(group_get a/b '["pids"]')" = "[$pid]" ]
	rg set a/b --pids 30
	[ "$(group_get a/b '["group"]["frozen"]')" = False ]
	rg freeze a/b
	[ "$(group_get a/b '["group"]["frozen"]')" = True ]
	rg thaw a/b
	run rg delete a/b
	[ "$status" -eq 1 ]
	rg kill a/b
	wait "$pid" || true
	rg delete a
	run rg show a/b
	[ "$status" -eq 1 ]
}

@test "groups: delete --evacuate lets processes live" {
	rg create a
	sleep 60 3>&- &
	pid=$!
	rg move a "$pid"
	rg delete a --evacuate
	run ! grep -q "/$name/a" "/proc/$pid/cgroup"
	kill "$pid"
}

@test "groups: names that would leave the tree are refused" {
	for bad in ../x a/../b /a a//b a/ . "$(printf 'x%.0s' {1..300})" $'a\nb' cgroup.procs; do
		run rg create -- "$bad"
		[ "$status" -eq 1 ] || { echo "$bad"; false; }
		[[ $output == "reeve: "* ]]
	done
}

@test "groups: moving a process that is not there" {
	rg create a
	run rg move a 4194304
	[ "$status" -eq 1 ]
	[[ $output == *"4194304"* ]]
}

@test "scan: places what runs already, once" {
	start_sleeper
	run r scan
	[ "$status" -eq 0 ]
	[[ $output == *" 1 matched: 1 moved, 0 already there"* ]]
	grep -q "/$name/night/sleep" "/proc/$pid/cgroup"
	run r scan
	[[ $output == *" 1 matched: 0 moved, 1 already there"* ]]
	kill "$pid"
}

@test "clean: moves processes out, thaws, and removes everything" {
	start_sleeper
	r scan
	rg freeze night
	run r clean
	[ "$status" -eq 0 ]
	[ "$output" = "2 groups removed" ]
	run ! grep -q "/$name" "/proc/$pid/cgroup"
	kill "$pid"
	run r clean
	[ "$output" = "nothing to remove" ]
}

@test "a bad policy: every mistake, exit 1, and nothing is made" {
	printf 'colour: blue\n' >>"$folder/policy.yaml"
	run r scan
	[ "$status" -eq 1 ]
	[[ $output == *"policy.yaml:"*"error: "*colour* ]]
	[ -z "$(group_folders)" ]
	sed -i /colour/d "$folder/policy.yaml"
}

@test "a policy that others may write is refused" {
	chmod 666 "$folder/policy.yaml"
	run r scan
	[ "$status" -eq 1 ]
	[ -z "$(group_folders)" ]
	chmod 644 "$folder/policy.yaml"
}

@test "many at once: each has its own group, and none is left" {
	for i in $(seq 8); do
		r run --pids 9 -- sh -c 'cat /proc/self/cgroup; sleep 0.1' >"$folder/out.$i" 3>&- &
	done
	wait
	for i in $(seq 8); do grep -q "/$name/run-" "$folder/out.$i"; done
	run rg list --json
	[[ $output != *run-* ]]
}
