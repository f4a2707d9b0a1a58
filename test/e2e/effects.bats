#!/usr/bin/env bats
# What rules do to real processes: before their first instruction, while they wait, and afterwards.

load helpers

setup() {
	e2e_setup
	cp /bin/cat a
	cp /bin/sh b
}

teardown() {
	e2e_teardown
}

@test "effects: a process is set before its first instruction" {
	policy <<-END
		rules:
		  set: {on: execute, paths: ["$WORK/a"], nice: 7, oom_score_adj: 300, rlimits: {nofile: 77}}
	END
	start
	[ "$(./a /proc/self/oom_score_adj)" = 300 ]
	./a /proc/self/stat | awk '{ exit $19 != 7 }'
	./a /proc/self/limits | grep -Eq 'Max open files +77 +77'
	eventually counter_is record.written 3
	reeve log --runtime-dir "$RUN" --json | grep -q '"done":\["nice","oom_score_adj","rlimits"\]'
}

@test "effects: an execution is refused, and its rule is told" {
	policy <<-END
		rules:
		  no: {on: execute, paths: ["$WORK/a"], args: "--bad*", deny: true}
	END
	start
	./a /dev/null
	run ./a --bad
	[ "$status" = 126 ]
	eventually counter_is keeper.denied 1
	reeve log --runtime-dir "$RUN" --denied | grep -q 'by rule no'
}

@test "effects: arguments are those of the execution, not of who executes" {
	policy <<-END
		rules:
		  bad: {on: execute, paths: ["$WORK/b"], args: "kill-me", kill: true}
	END
	start
	./b -c 'true' ok
	run ./b -c 'true' kill-me
	[ "$status" = 137 ]
}

# bats test_tags=userland
@test "effects: a group is made for each user, and goes when it is empty" {
	policy <<-END
		rules:
		  users: {on: execute, paths: ["$WORK/b"], group: "users/%u"}
		groups: {users: {pids: 50}}
	END
	start
	./b -c 'grep -q "users/root$" /proc/self/cgroup'
	eventually counter_is keeper.held 1
	eventually bash -c "! reeve group list --runtime-dir '$RUN' | grep -q users/root"
}

# bats test_tags=userland
@test "effects: a group made on demand goes on over a reload" {
	policy <<-END
		rules:
		  users: {on: execute, paths: ["$WORK/c"], group: "users/%u"}
		groups: {users: {pids: 50}}
	END
	cp /bin/sleep c
	start
	background ./c 60
	eventually bash -c "reeve group list --runtime-dir '$RUN' | grep -q users/root"
	reload >said 2>&1
	! grep -i "users/root" said
	grep -q "users/root$" "/proc/${STARTED[-1]}/cgroup"
	reeve group list --runtime-dir "$RUN" | grep -q users/root
}

@test "effects: an own group with limits for one program" {
	policy <<-END
		rules:
		  own: {on: execute, paths: ["$WORK/b"], limit: {pids: 3}}
	END
	start
	./b -c 'grep -q "limits/own-" /proc/self/cgroup'
	run ./b -c '(sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait) 2>&1'
	grep -qi 'fork' <<<"$output"
}

@test "effects: a delay is waited for at the gate" {
	policy <<-END
		rules:
		  slow: {on: execute, paths: ["$WORK/a"], delay: 300ms}
	END
	start
	before=$(now_ms)
	./a /dev/null
	took=$(($(now_ms) - before))
	[ "$took" -ge 290 ]
	[ "$took" -lt 2000 ]
}

# bats test_tags=userland
@test "effects: a dry run decides and does nothing" {
	policy <<-END
		rules:
		  no: {on: execute, paths: ["$WORK/a"], deny: true, dry_run: true}
	END
	start
	./a /dev/null
	eventually bash -c "reeve log --runtime-dir '$RUN' --json | grep -q '\"dry\":\\[\"deny\"\\]'"
}

# bats test_tags=userland
@test "effects: above its rate a rule does something else" {
	policy <<-END
		rules:
		  often: {on: execute, paths: ["$WORK/a"], nice: 5, rate: {per: user, max: 3/min, then: {deny: true}}}
	END
	start
	for i in 1 2 3; do ./a /dev/null; done
	run ./a /dev/null
	[ "$status" = 126 ]
	reeve status --runtime-dir "$RUN" --json | grep -q '"over": 1'
}

@test "effects: what has ended, and who changes user, is told" {
	command -v setpriv || skip "needs setpriv"
	policy <<-END
		rules:
		  ends: {on: exit, exe: "$WORK/a", log: "ended %e"}
		  becomes: {on: setuid, uid: 65534, log: "became %U"}
	END
	start
	nap 1.5
	for i in 1 2 3; do ./a /dev/null; done
	setpriv --reuid 65534 true
	eventually log_has "ended $WORK/a"
	eventually log_has "became 65534"
}

@test "effects: a group that meets its limit is killed" {
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/b"], group: small}
		  full: {on: limit-hit, group_in: small, kill: group}
		groups: {small: {pids: 4}}
	END
	start
	run timeout 20 ./b -c 'for i in 1 2 3 4 5 6; do sleep 15 & done; sleep 15; sleep 15'
	[ "$status" != 0 ]
	[ "$status" != 124 ]
	eventually bash -c "reeve log --runtime-dir '$RUN' --rule full | grep -q killed"
}

@test "effects: descendants that are there when their ancestor is found are placed, too" {
	cp /bin/sh forker
	./forker -c 'for i in $(seq 40); do sleep 30 & done; wait' 3>&- &
	root=$!
	nap 0.5
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/forker"], group: all}
		groups: {all: {pids: 500}}
	END
	start --scan
	eventually is_in "$root" all
	children=$(cat "/proc/$root/task/$root/children")
	for pid in $children; do
		eventually is_in "$pid" all
	done
	kill "$root" $children
}

# A group of the instance with that name (a pattern) in any hierarchy.
made_group() { # NAME
	local top folder
	for top in $(group_tops); do
		for folder in "$top"/$1; do
			[ ! -d "$folder" ] || return 0
		done
	done
	return 1
}

@test "effects: groups made on demand outlive a daemon that is killed, and go when they are empty" {
	policy <<-END
		rules:
		  users: {on: execute, paths: ["$WORK/b"], group: "users/%u"}
		  own:   {on: execute, paths: ["$WORK/a"], limit: {pids: 5}}
		groups: {users: {pids: 50}}
	END
	start
	mkfifo hold
	background ./a hold
	local own=$! user
	background ./b -c 'read x <hold'
	user=$!
	eventually is_in "$user" users/root
	eventually grep -q "/$NAME/limits/own-$own-" "/proc/$own/cgroup"
	kill -KILL "$DAEMON"
	wait_gone "$DAEMON" "$GUARD" "$JOB"
	start
	is_in "$user" users/root
	grep -q "/$NAME/limits/own-$own-" "/proc/$own/cgroup"
	grep -qx 5 $(for top in $(group_tops); do find "$top/limits" -name pids.max; done)
	made_group limits
	# Those that commands have made are others.
	timeout 20 reeve group create --runtime-dir "$RUN" by-hand --pids 7
	kill "$own" "$user"
	wait_gone "$own" "$user"
	eventually eval '! made_group limits && ! made_group users/root'
	made_group by-hand
	made_group users
}

@test "effects: a process that is killed at any point of what is done to it" {
	printf '#!/bin/sh\nexit 0\n' >told
	chmod 755 told
	policy <<-END
		rules:
		  all: {on: execute, paths: ["$WORK/b"], group: "each/%p", nice: 3, delay: 100ms, trigger: told, log: "seen %p"}
		  own: {on: execute, paths: ["$WORK/a"], limit: {pids: 20}, freeze: true}
		  end: {on: exit, exe: ["$WORK/a", "$WORK/b"], log: "over %p"}
		triggers: {told: {run: $WORK/told, user: root, rate: 100/s}}
	END
	start
	local i pids=()
	for i in {0..24}; do
		./b -c 'exec sleep 20' </dev/null 3>&- &
		pids+=("$!")
		./a hold </dev/null 3>&- &
		pids+=("$!")
		nap "0.0$((i % 10))$((i % 7))"
		kill -KILL "${pids[@]: -2}"
	done
	wait_gone "${pids[@]}" 2>/dev/null
	# It goes on, holds nobody, and what was made for them goes.
	[ "$(timeout 30 ./b -c 'echo here')" = here ]
	alive "$DAEMON"
	eventually eval '! made_group "each/*" && ! made_group limits'
}
