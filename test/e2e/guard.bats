#!/usr/bin/env bats
# What the daemon's stop, death or hang does to the machine: nothing. Every test has a storm of
# executions in the background, and the slowest of them tells.

load helpers

setup() {
	e2e_setup
	cp "$BUILD/bench/bench-tiny" tiny
	cp "$BUILD/bench/bench-tiny" other
	[ -p never ] || mkfifo never
}

teardown() {
	e2e_teardown
}

# Waits without executing anything.
rest() { # SECONDS
	local nothing
	read -r -t "$1" nothing <>never || true
}

# Ends the daemons after so many seconds whatever happens: a machine that executes nothing any more
# could not even be looked at.
emergency() { # SECONDS
	(
		exec 9<>never
		read -r -t "$1" -u 9 nothing
		kill -KILL "$DAEMON" "$GUARD"
		echo "the machine hung" >"$WORK/hung"
	) 3>&- </dev/null &
	EMERGENCY=$!
	STARTED+=("$EMERGENCY")
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

# storm MILLISECONDS: matched and unmatched executions in the background.
storm() {
	"$BUILD/test/programs/e2e-storm" "$1" 2 ./tiny >storm.1 </dev/null 3>&- &
	STORM1=$!
	"$BUILD/test/programs/e2e-storm" "$1" 1 ./other >storm.2 </dev/null 3>&- &
	STORM2=$!
	STARTED+=("$STORM1" "$STORM2")
}

# The storm has ended, all went well, and no execution took longer than so many milliseconds.
storm_went_well() { # MILLISECONDS
	local count right slowest file

	kill "$EMERGENCY" 2>/dev/null || true
	wait "$STORM1" "$STORM2"
	[ ! -e hung ]
	for file in storm.1 storm.2; do
		read -r count right slowest <"$file"
		echo "$file: $count executions, $right right, the slowest $slowest ms"
		[ "$count" -gt 100 ]
		[ "$count" = "$right" ]
		[ "$slowest" -le "$1" ]
	done
}

@test "a storm of matched and unmatched executions: all are seen, none is lost" {
	cp "$BUILD/bench/bench-tiny-check" tiny
	storm_policy
	start
	local hierarchies
	hierarchies=$(awk -F : '/:pids:/ { print "pids"; found = 1 } END { if (!found) print 0 }' /proc/self/cgroup)
	emergency 20
	"$BUILD/test/programs/e2e-storm" 2000 3 ./tiny "/$NAME/ga" "$hierarchies" >storm.1 </dev/null 3>&- &
	STORM1=$!
	"$BUILD/test/programs/e2e-storm" 2000 1 ./other >storm.2 </dev/null 3>&- &
	STORM2=$!
	storm_went_well 1000
	read -r count _ <storm.1
	[ "$(counter keeper.moved)" = "$count" ]
	[ "$(counter gate.overflows)" = 0 ]
	[ "$(counter gate.read_errors)" = 0 ]
}

@test "SIGSTOP of the daemon in a storm: executions go on, and what ran meanwhile is placed after" {
	probe hold
	storm_policy
	start
	emergency 20
	storm 2500
	rest 0.5
	kill -STOP "$DAEMON"
	rest 0.3
	background ./hold hold 20000 "$WORK/there"
	local pid=$!
	rest 0.7
	[ -e there ]
	[ "$(<"/proc/$DAEMON/comm")" = reeved ]
	grep -q '^State:.T' "/proc/$DAEMON/status"
	kill -CONT "$DAEMON"
	storm_went_well 500
	eventually in_group "$pid" gh
	[ "$(counter engine.passed_while_stopped)" -gt 10 ]
	log_has "passed ungoverned"
	# And the gate is as before.
	rm there
	background ./hold hold 20000 "$WORK/there"
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
	emergency 40
	storm 4000
	for i in {1..20}; do
		kill -STOP "$DAEMON"
		rest 0.05
		kill -CONT "$DAEMON"
		rest 0.05
	done
	storm_went_well 500
}

# A trigger whose program takes its time to be executed, as on a slow disk.
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
	background "$BUILD/test/programs/e2e-holder" "$WORK/trigger" 3000 "$WORK/held"
	eventually test -e held
	emergency 30
}

@test "SIGSTOP of the daemon while a trigger's program is slow to start" {
	slow_trigger
	./first
	rest 0.2
	storm 1500
	rest 0.3
	kill -STOP "$DAEMON"
	rest 0.7
	kill -CONT "$DAEMON"
	storm_went_well 500
	eventually counter_is trigger.succeeded 1
}

@test "a trigger's program that is slow to start holds up nothing else" {
	slow_trigger
	./first
	local begun
	begun=$(now_ms)
	timeout 10 reeve status --runtime-dir "$RUN"
	[ $(($(now_ms) - begun)) -lt 1000 ]
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
	emergency 40
	storm 4000
	(while kill -HUP "$DAEMON"; do read -r -t 0.005 nothing || true; done <>never) 2>/dev/null 3>&- &
	local hups=$!
	STARTED+=("$hups")
	for i in {1..5}; do
		kill -STOP "$DAEMON"
		rest 0.6
		kill -CONT "$DAEMON"
		rest 0.03
	done
	kill "$hups"
	storm_went_well 500
}

@test "SIGSTOP of everything that is called reeved" {
	storm_policy
	start
	emergency 20
	storm 1500
	rest 0.3
	for pid in $(pidof reeved); do
		[ "$pid" != "$DAEMON" ] && [ "$pid" != "$GUARD" ] || kill -STOP "$pid"
	done
	rest 0.8
	kill -CONT "$DAEMON" "$GUARD"
	storm_went_well 500
}

@test "SIGSTOP of the guard, and of the group of processes that was started" {
	storm_policy
	start
	emergency 20
	storm 1500
	rest 0.2
	kill -STOP "$GUARD"
	rest 0.7
	kill -CONT "$GUARD"
	rest 0.2
	# As a shell does to its job: the daemon must not be in it.
	[ "$(awk '{ print $5 }' "/proc/$DAEMON/stat")" = "$DAEMON" ]
	storm_went_well 500
}

@test "SIGKILL of the daemon in a storm, and a new one at once" {
	storm_policy
	start
	emergency 20
	storm 2000
	rest 0.5
	kill -KILL "$DAEMON"
	wait_gone "$GUARD"
	local code=0
	wait "$JOB" || code=$?
	[ "$code" = 137 ]
	start
	rest 0.2
	storm_went_well 500
	[ "$(counter keeper.moved)" -gt 0 ]
}

@test "SIGKILL of the guard in a storm ends the daemon with it" {
	storm_policy
	start
	emergency 20
	storm 1500
	rest 0.5
	kill -KILL "$GUARD"
	wait_gone "$GUARD" "$DAEMON"
	start
	storm_went_well 500
}

@test "SIGKILL of both, the daemon stopped before" {
	storm_policy
	start
	emergency 20
	storm 1500
	rest 0.3
	kill -STOP "$DAEMON"
	rest 0.1
	kill -KILL "$GUARD" "$DAEMON"
	wait_gone "$GUARD" "$DAEMON"
	start
	storm_went_well 500
}

@test "SIGTERM in a storm ends cleanly, promptly, and with exit 0" {
	storm_policy
	start
	emergency 20
	storm 1500
	rest 0.5
	local begun
	begun=$(now_ms)
	stop
	[ $(($(now_ms) - begun)) -lt 2000 ]
	[ ! -e "$RUN/reeve.sock" ]
	[ ! -e "/run/reeve-$NAME.lock" ]
	storm_went_well 500
}

@test "SIGTERM to the guard ends a stopped daemon, too" {
	storm_policy
	start
	emergency 20
	storm 1000
	kill -STOP "$DAEMON"
	rest 0.2
	stop
	storm_went_well 500
}
