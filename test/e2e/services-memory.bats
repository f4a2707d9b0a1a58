#!/usr/bin/env bats
# Services above memory.high: slowed without end, not killed, and noticed by their pressure. Needs
# cgroup v2's memory controller, which virtual machines have.

load helpers

setup() {
	e2e_setup
	grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || skip "needs the memory controller of cgroup v2"
	cp "$BUILD/test/programs/e2e-agent" "$WORK/agent"
	mkdir -m 755 services
	policy <<<"rules: {}"
}

teardown() {
	[ -n "${WORK:-}" ] || return 0
	[ ! -S "$RUN/reeve.sock" ] || timeout 60 reeve service remove stuck --runtime-dir "$RUN" || true
	e2e_teardown
}

stuck_is() { # REGULAR-EXPRESSION
	timeout 30 reeve service status stuck --runtime-dir "$RUN" | grep -q "$1"
}

is_frozen() {
	timeout 30 reeve group show services/stuck --runtime-dir "$RUN" | grep -q 'frozen *yes'
}

@test "a service that stands still for memory is restarted" {
	cat >services/stuck.yaml <<-END
		run: ["$WORK/agent", eat, "400", wait]
		ram_high: 20M
		swap: 0
		stop_timeout: 100ms
		on_pressure: restart
		pressure_time: 1s
		pressure_percent: 20
	END
	start
	eventually stuck_is 'pressed *[1-9]'
	eventually stuck_is '  pressure'
	log_has 'all of it waited for memory for [0-9]* % of the time (on_pressure: it is restarted)'
}

@test "... or only told, or frozen" {
	cat >services/stuck.yaml <<-END
		run: ["$WORK/agent", eat, "400", wait]
		ram_high: 20M
		swap: 0
		stop_timeout: 100ms
		on_pressure: freeze
		pressure_time: 1s
		pressure_percent: 20
	END
	start
	eventually stuck_is 'pressed *[1-9]'
	log_has 'it is frozen'
	eventually is_frozen
}
