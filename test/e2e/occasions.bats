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

# The source must tell programs that are over before anybody can look at them.
need_bpf() {
	eventually observes
	status_has '"name":"bpf","state":"running"' || skip "needs the bpf source"
}

@test "occasions: without a gate an execution is acted on as soon as it is told" {
	cp /bin/true a
	printf '#!%s\n' "$WORK/a" >script
	chmod +x script
	policy <<-END
		mode: scanner
		rules:
		  short: {on: execute, paths: ["$WORK/a"], args: "*one*", log: "seen %f"}
		  long:  {on: execute, paths: ["$WORK/shell"], group: held}
		  text:  {on: execute, paths: ["$WORK/script"], log: "script %s"}
		  late:  {on: execute, paths: ["$WORK/none"], deny: true}
		groups: {held: {pids: 50}}
	END
	start
	log_has "1 rules refuse or delay nothing"
	need_bpf
	./a one
	./a two
	./script two
	background ./shell -c 'while :; do sleep 1; done'
	eventually is_in "$!" held
	eventually log_has "script $WORK/script"
	log_has "seen $WORK/a"
	[ "$(grep -c "seen " log)" = 1 ]
	# The scan, which comes every second, does not tell them once more.
	local scans
	scans=$(counter engine.scans)
	eventually counter_above engine.scans $((scans + 1))
	[ "$(reeve log --runtime-dir "$RUN" --json | grep -c '"before":false')" = 3 ]
}

@test "occasions: a program that is in memory alone is told, with a gate too" {
	cat >memory.py <<-'END'
		import os, sys
		fd = os.memfd_create("program")
		os.write(fd, open("/bin/sleep", "rb").read())
		os.execve(fd, ["sleep", "40." + sys.argv[1]], os.environ)
	END
	policy <<-END
		rules:
		  hidden: {on: execute, memfd: true, args: "40.$$", kill: true}
	END
	start
	need_bpf
	run timeout 30 python3 memory.py "$$"
	[ "$status" = 137 ]
	eventually bash -c "reeve log --runtime-dir '$RUN' --rule hidden | grep -q killed"
}
