#!/usr/bin/env bats
# reeve enter: a program beside another one, in its namespaces and groups.

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# A sandbox with a host name, a root and a process namespace of its own; $! is its first process.
sandbox() {
	background reeve run -c "$POLICY" --runtime-dir "$RUN" --pids 50 --unshare pid,ipc,uts,net --hostname inside \
		--ro-root --tmpfs /mnt --proc -- sh -c 'touch /mnt/here; while :; do sleep 1000; done'
	RUNNER=$!
	INSIDE=
	seen() {
		INSIDE=$(pgrep -P "$RUNNER" -x sh) && [ -n "$INSIDE" ] && [ -e "/proc/$INSIDE/root/mnt/here" ]
	}
	eventually seen
	# killed outright, `reeve run` leaves what it has started
	owned "$INSIDE"
}

@test "enter: the namespaces and groups of a process" {
	policy <<<"rules: []"
	sandbox
	run timeout 30 reeve enter "$INSIDE" -- sh -c 'hostname; ls /mnt; cat /proc/1/comm; grep -c : /proc/net/dev; cat /proc/self/cgroup'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = inside ]
	[ "${lines[1]}" = here ]
	[ "${lines[2]}" = sh ]
	[ "${lines[3]}" -eq 1 ]
	# the very groups
	[ "$(printf '%s\n' "${lines[@]:4}" | sort)" = "$(sort "/proc/$INSIDE/cgroup")" ]
	run timeout 30 reeve enter "$INSIDE" sh -c 'exit 7'
	[ "$status" -eq 7 ]
}

@test "enter: options of a launch hold inside" {
	policy <<<"rules: []"
	sandbox
	run timeout 30 reeve enter --seccomp 'errno EXDEV mkdir mkdirat' --capabilities none --chdir /mnt "$INSIDE" -- \
		sh -c 'pwd; grep CapEff /proc/self/status; mkdir x'
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = /mnt ]
	[[ ${lines[1]} == *0000000000000000* ]]
	[[ ${lines[2]} == *"Invalid cross-device link"* ]]
}

@test "enter: a group, with the namespaces of who is in it" {
	policy <<<"rules: []"
	run timeout 30 reeve group create own --pids 50 -c "$POLICY" --runtime-dir "$RUN"
	[ "$status" -eq 0 ]
	run timeout 30 reeve enter -c "$POLICY" --runtime-dir "$RUN" own -- sh -c 'cat /proc/self/cgroup'
	[ "$status" -eq 0 ]
	[[ $output == *"$NAME/own"* ]]
	background reeve run -c "$POLICY" --runtime-dir "$RUN" -g own --unshare uts --hostname member -- sleep 1000
	RUNNER=$!
	named() {
		[ "$(timeout 30 reeve enter -c "$POLICY" --runtime-dir "$RUN" own -- hostname)" = member ]
	}
	eventually named
	owned "$(pgrep -P "$RUNNER")"
}

# bats test_tags=userland
@test "enter: what cannot be is said" {
	run timeout 30 reeve enter 999999999 -- touch started
	[ "$status" -eq 125 ]
	[[ $output == *"there is no process 999999999"* ]]
	policy <<<"rules: []"
	run timeout 30 reeve enter -c "$POLICY" --runtime-dir "$RUN" nothing -- touch started
	[ "$status" -eq 125 ]
	[[ $output == *nothing* ]]
	sandbox
	run -127 timeout 30 reeve enter "$INSIDE" -- /mnt/none
	run timeout 30 reeve enter "$INSIDE" --
	[ "$status" -eq 2 ]
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 30 reeve enter "$INSIDE" -- touch started
	[ "$status" -eq 125 ]
	[ ! -e started ]
}
