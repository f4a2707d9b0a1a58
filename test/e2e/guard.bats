#!/usr/bin/env bats
# What the daemon's stop, death or hang does to the machine: nothing. Every test has a storm of
# executions in the background, which must go on all the while.

load helpers

setup() {
	e2e_setup
	unwatched
	cp "$BUILD/bench/bench-tiny" tiny
	cp "$BUILD/bench/bench-tiny" other
	[ -p never ] || mkfifo never
}

teardown() {
	e2e_teardown
}

# Ends the daemons whatever happens: a machine that executes nothing any more could not even be
# looked at.
emergency() {
	(
		exec 9<>never
		read -r -t 120 -u 9 nothing
		kill -KILL "$DAEMON" "$GUARD"
		echo "the machine hung" >"$WORK/hung"
	) 3>&- </dev/null &
	EMERGENCY=$!
	owned "$EMERGENCY"
}

# Two rules, one with a trigger; matched programs and unmatched ones.
storm_policy() {
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/tiny], action: execute, group: ga}
		  late: {paths: [$WORK/hold], action: execute, group: gh}
		groups:
		  ga: {pids: 3000}
		  gh: {pids: 3000}
	EOF
}

# Matched and unmatched executions in the background, until storm_went_well.
storm() {
	emergency
	E2E_PROGRESS=progress.1 "$BUILD/test/programs/e2e-storm" 600000 2 ./tiny "$@" >storm.1 </dev/null 3>&- &
	STORM1=$!
	E2E_PROGRESS=progress.2 "$BUILD/test/programs/e2e-storm" 600000 1 ./other >storm.2 </dev/null 3>&- &
	STORM2=$!
	owned "$STORM1" "$STORM2"
	eventually test -s progress.1
	eventually test -s progress.2
	goes_on 10
}

# How often each worker of the storms has executed something. By the shell alone: it must not wait
# for an execution itself.
progress() {
	local more
	mapfile -t PROGRESS <progress.1
	mapfile -t more <progress.2
	PROGRESS+=("${more[@]}")
}

# Each worker of the storms executes so many more programs, before anything else happens here.
goes_on() { # COUNT
	local before i end=$((SECONDS + 40))
	progress
	before=("${PROGRESS[@]}")
	for ((i = 0; i < ${#before[@]}; i++)); do
		until [ $((PROGRESS[i] - before[i])) -ge "$1" ]; do
			if [ $SECONDS -ge $end ]; then
				echo "executions hang: ${PROGRESS[*]}, from ${before[*]}"
				return 1
			fi
			nap 0.01
			progress
		done
	done
}

# SIGSTOP, and all threads have heard it.
stop_threads() { # PID...
	local pid
	kill -STOP "$@"
	for pid; do
		eventually all_stopped "$pid"
	done
}

all_stopped() { # PID
	local file stat
	for file in /proc/"$1"/task/*/stat; do
		read -r stat <"$file"
		[[ ${stat##*) } = T* ]] || return 1
	done
}

# The storm goes on after whatever there was, and all its executions were right.
storm_went_well() {
	local count right slowest file

	goes_on 20
	kill -TERM "$STORM1" "$STORM2"
	wait "$STORM1" "$STORM2"
	kill "$EMERGENCY" 2>/dev/null || true
	[ ! -e hung ]
	for file in storm.1 storm.2; do
		read -r count right slowest <"$file"
		echo "$file: $count executions, $right right, the slowest $slowest ms"
		[ "$count" = "$right" ]
	done
}

@test "a storm of matched and unmatched executions: all are seen, none is lost" {
	cp "$BUILD/bench/bench-tiny-check" tiny
	storm_policy
	start
	storm "/$NAME/ga" "$(awk -F : '/:pids:/ { print "pids"; found = 1 } END { if (!found) print 0 }' /proc/self/cgroup)"
	goes_on "$(few 200 40)"
	storm_went_well
	read -r count _ <storm.1
	[ "$(counter keeper.moved)" = "$count" ]
	[ "$(counter gate.overflows)" = 0 ]
	[ "$(counter gate.read_errors)" = 0 ]
}

@test "SIGSTOP of the daemon in a storm: executions go on, and what ran meanwhile is placed after" {
	probe hold
	storm_policy
	start
	storm
	stop_threads "$DAEMON"
	goes_on 10
	background ./hold hold 60000 "$WORK/there"
	local pid=$!
	eventually test -e there
	all_stopped "$DAEMON"
	kill -CONT "$DAEMON"
	storm_went_well
	eventually in_group "$pid" gh
	[ "$(counter engine.passed_while_stopped)" -gt 10 ]
	log_has "passed ungoverned"
	# And the gate is as before.
	rm there
	background ./hold hold 60000 "$WORK/there"
	pid=$!
	eventually test -e there
	[ "$(group_of "$pid")" = gh ]
}

in_group() { # PID GROUP
	[ "$(group_of "$1")" = "$2" ]
}

@test "twenty stops of the daemon in a storm" {
	storm_policy
	start
	storm
	for i in {1..20}; do
		kill -STOP "$DAEMON"
		goes_on 2
		kill -CONT "$DAEMON"
		goes_on 2
	done
	storm_went_well
}

# A trigger whose program takes its time to be executed, as on a slow disk: until HOLDER is killed.
slow_trigger() {
	cp tiny trigger
	cp tiny first
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/tiny], action: execute, group: ga}
		  f: {paths: [$WORK/first], action: execute, trigger: t}
		triggers:
		  t: {run: $WORK/trigger, user: root}
		groups:
		  ga: {pids: 3000}
	EOF
	start
	background "$BUILD/test/programs/e2e-holder" "$WORK/trigger" 600000 "$WORK/held"
	HOLDER=$!
	eventually test -e held
	./first
	eventually counter_is trigger.started 1
}

# bats test_tags=userland
@test "SIGSTOP of the daemon while a trigger's program is slow to start" {
	slow_trigger
	storm
	stop_threads "$DAEMON"
	goes_on 20
	kill -CONT "$DAEMON"
	storm_went_well
	[ "$(counter trigger.succeeded)" = 0 ]
	kill -KILL "$HOLDER"
	eventually counter_is trigger.succeeded 1
}

# bats test_tags=userland
@test "a trigger's program that is slow to start holds up nothing else" {
	slow_trigger
	timeout 20 reeve status --runtime-dir "$RUN"
	expect "" ./tiny
	[ "$(counter trigger.succeeded)" = 0 ]
}

@test "SIGSTOP of the daemon while it reads a policy that a rule watches" {
	policy <<-EOF
		rules:
		  p: {paths: ["$POLICY"], action: read, group: ga}
		  a: {paths: [$WORK/tiny], action: execute, group: ga}
		groups:
		  ga: {pids: 3000}
	EOF
	start
	storm
	(while kill -HUP "$DAEMON"; do nap 0.005; done) 2>/dev/null 3>&- &
	local hups=$!
	owned "$hups"
	for i in {1..10}; do
		nap 0.03
		kill -STOP "$DAEMON"
		goes_on 10
		kill -CONT "$DAEMON"
	done
	kill "$hups"
	storm_went_well
}

# bats test_tags=userland
@test "SIGSTOP of everything that is called reeved" {
	storm_policy
	start
	storm
	for pid in $(pidof reeved); do
		[ "$pid" != "$DAEMON" ] && [ "$pid" != "$GUARD" ] || stop_threads "$pid"
	done
	goes_on 20
	kill -CONT "$DAEMON" "$GUARD"
	storm_went_well
}

# bats test_tags=userland
@test "SIGSTOP of the guard, and of the group of processes that was started" {
	storm_policy
	start
	storm
	stop_threads "$GUARD"
	goes_on 20
	kill -CONT "$GUARD"
	# As a shell does to its job: the daemon must not be in it.
	[ "$(awk '{ print $5 }' "/proc/$DAEMON/stat")" = "$DAEMON" ]
	storm_went_well
}

@test "SIGKILL of the daemon in a storm, and a new one at once" {
	storm_policy
	start
	storm
	kill -KILL "$DAEMON"
	wait_gone "$GUARD"
	local code=0
	wait "$JOB" || code=$?
	[ "$code" = 137 ]
	start
	storm_went_well
	[ "$(counter keeper.moved)" -gt 0 ]
}

@test "SIGKILL of the guard in a storm ends the daemon with it" {
	storm_policy
	start
	storm
	kill -KILL "$GUARD"
	wait_gone "$GUARD" "$DAEMON"
	start
	storm_went_well
}

@test "SIGKILL of both, the daemon stopped before" {
	storm_policy
	start
	storm
	stop_threads "$DAEMON"
	kill -KILL "$GUARD" "$DAEMON"
	wait_gone "$GUARD" "$DAEMON"
	start
	storm_went_well
}

@test "SIGTERM in a storm ends cleanly, with exit 0" {
	storm_policy
	start
	storm
	stop
	[ ! -e "$RUN/reeve.sock" ]
	[ ! -e "/run/reeve-$NAME.lock" ]
	storm_went_well
}

@test "SIGTERM to the guard ends a stopped daemon, too" {
	storm_policy
	start
	storm
	stop_threads "$DAEMON"
	goes_on 5
	stop
	storm_went_well
}
