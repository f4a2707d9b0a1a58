#!/usr/bin/env bats
# Refusals by BPF's security module, which this machine may not have: the virtual machine has.

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

@test "kernel-deny: files are refused by the kernel itself" {
	grep -qw bpf /sys/kernel/security/lsm 2>/dev/null || skip "the BPF security module is not on"
	run timeout 120 "$REEVE_BUILD/test/test-source-kernel-deny"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output != *SKIPPED* ]]
}

@test "kernel-deny: a daemon's rules on one file are the kernel's, and its refusals are recorded" {
	grep -qw bpf /sys/kernel/security/lsm 2>/dev/null || skip "the BPF security module is not on"
	echo content >file
	policy <<-END
		rules:
		  mine: {on: write, paths: ["$WORK/file"], deny: EACCES}
		  other: {on: read, paths: ["$WORK/file"], exe: /bin/nobody, deny: true}
	END
	start
	# By truncate(2), of which the gate is told afterwards only, and with the errno that was asked for.
	! perl -e 'truncate($ARGV[0], 0) or die "$!\n"' "$WORK/file" 2>said
	grep -q "Permission denied" said
	! (echo x >>file) 2>/dev/null
	[ "$(cat file)" = content ]
	# Nobody is asked while the daemon is stopped, and it is refused all the same.
	kill -STOP "$DAEMON"
	! (echo x >>file) 2>/dev/null
	kill -CONT "$DAEMON"
	eventually grep -q '"mine"' <(timeout 10 reeve status --runtime-dir "$RUN" --json)
	timeout 10 reeve status --runtime-dir "$RUN" --json >status.json
	[ "$(jq '.counters["engine.kernel_denials"]' status.json)" -eq 1 ]
	[ "$(jq '[.decisions[]? // .last[]? | select(.kernel)] | length' status.json)" -ge 2 ]
	stop
	# Without a daemon it is over.
	echo y >>file
}
