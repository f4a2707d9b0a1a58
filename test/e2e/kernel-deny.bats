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
