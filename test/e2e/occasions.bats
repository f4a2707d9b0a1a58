#!/usr/bin/env bats
# Rules on what has happened: a group has met a limit, the kernel has freed memory.

load helpers

setup() {
	e2e_setup
	cp /bin/sh shell
	cp "$BUILD/test/programs/demo-memory-hog" hog
}

teardown() {
	e2e_teardown
}

# Tries to have six more processes than one.
fork_six() {
	timeout 20 ./shell -c 'for i in 1 2 3 4 5 6; do sleep 15 & done; wait' 3>&- >said 2>&1 || true
}

status_has() { # TEXT
	reeve status --runtime-dir "$RUN" --json | tr -d ' \n' | grep -qF "$1"
}

observes() {
	! status_has '"state":"starting"'
}

@test "occasions: a limit that is met is told by the kernel, and nobody looks for it" {
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/shell"], group: small}
		  full: {on: limit-hit, group_in: small, log: "full %c", kill: group}
		groups: {small: {pids: 4}}
	END
	start
	fork_six
	eventually bash -c "reeve log --runtime-dir '$RUN' --rule full | grep -q killed"
	# v1 does not tell of it on all kernels.
	! grep -q ' cgroup ' /proc/mounts || return 0
	[ "$(counter engine.limits_told)" -gt 0 ]
	[ "$(counter engine.limits_polled)" = 0 ]
}

@test "occasions: a group that a rule makes on demand is watched as well, from its first hit on" {
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/shell"], limit: {pids: 4}}
		  full: {on: limit-hit, kill: group}
	END
	start
	fork_six
	eventually bash -c "reeve log --runtime-dir '$RUN' --rule full | grep -q killed"
}

@test "occasions: a rule that comes later is not told of what has been" {
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/shell"], group: small}
		groups: {small: {pids: 4}}
	END
	start
	./shell -c 'for i in 1 2 3 4 5 6; do sleep 0.2 & done; wait' >said 2>&1 || true
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/shell"], group: small}
		  full: {on: limit-hit, group_in: small, log: "it is full", kill: group}
		groups: {small: {pids: 4}}
	END
	reload
	expect ok ./shell -c 'echo ok'
	run log_has 'it is full'
	[ "$status" = 1 ]
	fork_six
	eventually log_has 'it is full'
}

@test "occasions: memory that a group may not have is told" {
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/hog"], group: little}
		  full: {on: limit-hit, group_in: little, log: "too much"}
		groups: {little: {ram: 24M}}
	END
	start
	run timeout 30 ./hog 100
	eventually log_has 'too much'
}

@test "occasions: out of memory, told with the victim where the source knows it" {
	policy <<-END
		rules:
		  in: {on: execute, paths: ["$WORK/hog"], group: little}
		  gone: {on: oom, group_in: little, log: "lost %p of %e"}
		groups: {little: {ram: 24M, swap: 0}}
	END
	start
	# The source is opened when the daemon has nothing else to do.
	eventually observes
	run timeout 30 ./hog 100
	eventually log_has 'lost '
	if status_has '"name":"bpf","state":"running"'; then
		log_has "lost [1-9][0-9]* of $WORK/hog"
	fi
}

@test "occasions: out of memory, told of the group where nothing observes" {
	policy <<-END
		source: "off"
		rules:
		  in: {on: execute, paths: ["$WORK/hog"], group: little}
		  gone: {on: oom, group_in: little, log: "the group lost one"}
		groups: {little: {ram: 24M, swap: 0}}
	END
	start
	run timeout 30 ./hog 100
	eventually log_has 'the group lost one'
	[ "$(counter engine.limits_told)" -gt 0 ]
}
