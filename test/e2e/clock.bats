#!/usr/bin/env bats
# The wall clock is set, back and forth: what waits, waits for a time that passes and not for a date. In one case, for
# the cases of a file share a machine.

load helpers

setup() {
	[ "${REEVE_TEST_VM:-}" = 1 ] || skip "sets the clock: run in the virtual machine"
	e2e_setup
	mkdir -m 755 services
	cp "$BUILD/test/programs/e2e-agent" "$WORK/agent"
	cp /bin/cat probe
	policy <<-END
		rules: {day: {paths: ["$WORK/probe"], action: execute, time: "* * 9 9 *", group: g}}
		groups: {g: {pids: 100}}
	END
}

teardown() {
	local top pid
	[ -n "${WORK:-}" ] || return 0
	shift_clock 0
	for top in $(group_tops); do
		for pid in $(find "$top" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
			kill -KILL "$pid" || true
		done
	done
	e2e_teardown
}

# The clock, by seconds from what it would be.
SHIFTED=0
shift_clock() { # SECONDS
	date -s "@$(($(date +%s) - SHIFTED + $1))" >/dev/null
	SHIFTED=$1
}

svc() { # COMMAND [ARGUMENT...]
	local command=$1
	shift
	timeout 30 reeve service "$command" --runtime-dir "$RUN" "$@"
}

field() { # NAME MEMBER
	svc status "$1" --json | awk -v key="\"$2\":" '$1 == key && !found { sub(/,$/, "", $2); gsub(/"/, "", $2); print $2; found = 1 }'
}

is() { # NAME MEMBER VALUE
	[ "$(field "$1" "$2")" = "$3" ]
}

at_least() { # NAME MEMBER VALUE
	[ "$(field "$1" "$2")" -ge "$3" ]
}

outside_g() {
	! in_g
}

in_g() {
	./probe /proc/self/cgroup | grep -q '/g$'
}

ten_years=315360000

@test "services, limits of time and windows of rules over a clock that is set" {
	local agent watched jump restarts code=0 limited
	printf 'run: ["%s/agent", wait]\n' "$WORK" >services/agent.yaml
	printf 'run: [/bin/sleep, "1000"]\nhealth: {exec: /bin/true, every: 1s, timeout: 30s, retries: 1}\n' >services/watched.yaml
	printf 'run: [/bin/false]\nrestart: always\nrestart_delay: 500ms\nrestart_delay_max: 500ms\n' >services/failing.yaml
	start
	eventually is agent state running
	eventually is watched state running
	eventually at_least failing restarts 1
	agent=$(field agent pid) watched=$(field watched pid)
	timeout 100 reeve run --timeout 5s --report report -- sleep 1000 &
	limited=$!
	# Forth, and back to long before the start: an hour is more than all this takes, and less than any jump.
	for jump in $ten_years -$ten_years; do
		restarts=$(field failing restarts)
		shift_clock "$jump"
		eventually at_least failing restarts $((restarts + 1))
		is agent pid "$agent"
		is watched pid "$watched"
		[ "$(field agent uptime_ns)" -lt 3600000000000 ]
	done
	is agent restarts 0
	is watched restarts 0
	# Not at once, and not ten years late.
	wait "$limited" || code=$?
	[ "$code" = 124 ]
	grep -q '"reason":"timeout"' report
	grep -qE '"wall_ns":[0-9]{10,11},' report
	svc remove failing

	# A rule asks for the date that is now.
	outside_g
	shift_clock $((1000000000 - $(date +%s) + SHIFTED))
	in_g
	shift_clock 0
	outside_g

	# The next daemon takes over what runs by what no clock changes.
	kill -KILL "$DAEMON"
	wait_gone "$DAEMON"
	shift_clock -$ten_years
	start
	eventually is agent state running
	is agent pid "$agent"
	is watched pid "$watched"
	[ "$(field agent uptime_ns)" -lt 3600000000000 ]
	svc stop agent watched
	stop
}
