# Hosts whose cgroup file systems are read-only, missing, partly gone, or only a part of the whole; the favordynmods
# flag. Mounts are made in a mount namespace of the test's own.
bats_require_minimum_version 1.5.0
load limits-helpers

setup() {
	instance
}

teardown() {
	end_instances
	[ ! -d "${PART:-/none}" ] || find "$PART" -depth -type d -exec rmdir {} + 2>/dev/null || true
}

# reeve and other commands where SETUP has changed the mounts.
elsewhere() { # SETUP COMMAND
	NAME=$NAME POLICY=$POLICY RUNTIME=$RUNTIME PROGRAMS=$PROGRAMS \
		timeout 50 unshare --mount --propagation private bash -c "set -e
		r() { local c=(\"\$1\"); [ \"\$1\" != group ] || { c+=(\"\$2\") && shift; }; shift
			[ \"\${c[0]}\" = status ] || c+=(--config \"\$POLICY\")
			reeve \"\${c[@]}\" --runtime-dir \"\$RUNTIME\" \"\$@\"; }
		$1
		set +e
		$2" 3>&-
}

no_systemd() {
	[ ! -d /run/systemd/system ] || skip "needs a host without systemd"
}

READ_ONLY='while read -r _ point type _; do
	case $type in cgroup | cgroup2) mount -o remount,bind,ro "$point" ;; esac
done </proc/mounts'
NOTHING='mount -t tmpfs -o mode=755 none /sys/fs/cgroup'

@test "read-only: a clear error, nothing made; doctor and check say so" {
	no_systemd
	run elsewhere "$READ_ONLY" 'r group create g --pids 5'
	[ "$status" -eq 1 ]
	[[ $output == *read-only* ]]
	[ -z "$(trees "$NAME")" ]
	run elsewhere "$READ_ONLY" 'r run --pids 5 -- true'
	[ "$status" -eq 125 ]
	[[ $output == *read-only* ]]
	run elsewhere "$READ_ONLY" 'timeout 20 reeved --config "$POLICY" --runtime-dir "$RUNTIME"' <<<""
	# With no group there is nothing to be made; with one there is.
	policy <<<"  g: {pids: 5}"
	run elsewhere "$READ_ONLY" 'timeout 20 reeved --config "$POLICY" --runtime-dir "$RUNTIME"'
	[ "$status" -eq 1 ]
	[[ $output == *read-only* ]]
	run elsewhere "$READ_ONLY" 'reeve check "$POLICY"'
	[[ $output == *read-only* ]]
	run elsewhere "$READ_ONLY" 'reeve doctor'
	[[ $output == *read-only* ]]
}

@test "read-only: groups that are there can be looked at, and are not lost" {
	no_systemd
	r group create g --pids 5
	run elsewhere "$READ_ONLY" 'r group set g --pids 6'
	[ "$status" -ne 0 ]
	[ "$(value_of g pids.max 2>/dev/null || echo 5)" = 5 ]
	r group list | grep -q '^g\b'
	r group delete g
	[ -z "$(places g)" ]
}

@test "read-only: one hierarchy of several, the others are used" {
	no_systemd
	[ "$(version_of pids)" = 1 ] && [ "$(version_of memory)" = 1 ] || skip "needs pids and memory in cgroup v1"
	run elsewhere 'mount -o remount,bind,ro /sys/fs/cgroup/pids' 'r group create g --pids 5 --ram 64M'
	[ "$status" -eq 1 ]
	[[ $output == *pids*read-only* ]]
	[ "$(value_of g memory.limit_in_bytes)" = $((64 << 20)) ]
	r group delete g
}

@test "no cgroup file system: a clear error that says what to do" {
	run elsewhere "$NOTHING" 'r group create g --pids 5'
	[ "$status" -eq 1 ]
	[[ $output == *"reeve mount"* ]]
	run elsewhere "$NOTHING" 'r run --pids 5 -- true'
	[ "$status" -eq 125 ]
	policy <<<"  g: {pids: 5}"
	run elsewhere "$NOTHING" 'timeout 20 reeved --config "$POLICY" --runtime-dir "$RUNTIME"'
	[ "$status" -eq 1 ]
	[[ $output == *"reeve mount"* ]]
	run elsewhere "$NOTHING" 'reeve check "$POLICY"'
	[[ $output == *"mount"* ]]
	run elsewhere "$NOTHING" 'reeve doctor'
	[[ $output == *"mount"* ]]
}

@test "no cgroup file system: reeve mount mounts one, and groups can be made" {
	no_systemd
	run elsewhere "$NOTHING" 'reeve mount && r group create g && r run -g g -- cat /proc/self/cgroup && r clean'
	[ "$status" -eq 0 ]
	[[ $output == *mounted*"$NAME/g"*removed* ]]
	[ -z "$(trees "$NAME")" ]
	run elsewhere : 'reeve mount'
	[ "$status" -eq 0 ]
}

@test "a v1 controller is gone: its limit is told, the others hold" {
	no_systemd
	[ "$(version_of memory)" = 1 ] && [ -n "$(version_of pids)" ] || skip "needs the memory controller in cgroup v1"
	run elsewhere 'umount /sys/fs/cgroup/memory' 'r group create g --ram 64M --pids 5'
	[ "$status" -eq 1 ]
	[[ $output == *"ram cannot be set"*"memory"* ]]
	[ "$(value_of g pids.max)" = 5 ]
	[ "$(version_of pids)" != 1 ] || ! file_of g memory.limit_in_bytes
	policy <<<"  g: {ram: 64M}"
	run elsewhere 'umount /sys/fs/cgroup/memory' 'reeve check "$POLICY"'
	[[ $output == *ram*memory* ]]
}

@test "a v1 controller goes while groups are in it: the rest is still cleaned up" {
	no_systemd
	[ "$(version_of memory)" = 1 ] && [ "$(version_of pids)" = 1 ] || skip "needs memory and pids in cgroup v1"
	r group create g --ram 64M --pids 5
	run elsewhere 'umount /sys/fs/cgroup/memory' 'r group list; r group set g --pids 6'
	[[ $output == *g* ]]
	[ "$(value_of g pids.max)" = 6 ]
	r group delete g
	r clean
	[ -z "$(trees "$NAME")" ]
}

# A container: what is mounted is a part of the hierarchy, with some of its controllers.
# bats test_tags=alone
@test "a part of the v2 hierarchy is mounted: groups are made in it, missing controllers are told" {
	no_systemd
	need_v2 memory
	PART=$(v2_mount)/reeve-test-${REEVE_TEST_RUN:-$$}-part
	mkdir "$PART"
	echo "+pids -memory" >"$(v2_mount)/cgroup.subtree_control"
	run elsewhere "mount --bind '$PART' /sys/fs/cgroup" '
		r group create g --pids 5 --ram 64M
		r run -g g -- "$PROGRAMS/demo-first" /g 1; echo "code $?"
		cat "/sys/fs/cgroup/$NAME/g/pids.max"
		r clean'
	echo "$output"
	[[ $output == *"ram cannot be set"*"code 0"*$'\n'5$'\n'* ]]
	[ -z "$(trees "$NAME")" ]
	[ ! -d "$PART/$NAME" ]
}

@test "a part of a v1 hierarchy is mounted: groups are made in it and can be entered" {
	no_systemd
	[ "$(version_of pids)" = 1 ] || skip "needs the pids controller in cgroup v1"
	PART=/sys/fs/cgroup/pids/reeve-test-${REEVE_TEST_RUN:-$$}-part
	mkdir "$PART"
	run elsewhere "mount --bind '$PART' /sys/fs/cgroup/pids" '
		r group create g --pids 5
		r run -g g -- "$PROGRAMS/demo-first" /g 1; echo "code $?"
		cat "/sys/fs/cgroup/pids/$NAME/g/pids.max"
		r group show g --json
		r clean'
	echo "$output"
	[[ $output == *"code 0"*$'\n'5$'\n'*"\"/sys/fs/cgroup/pids/$NAME/g\""* ]]
	[ -z "$(trees "$NAME")" ]
	[ ! -d "$PART/$NAME" ]
}

# ---- favordynmods ----

dynmods() {
	grep -c "cgroup2.*favordynmods" /proc/self/mounts || true
}

# bats test_tags=alone
@test "favordynmods: set while the daemon runs with groups, and put back" {
	no_systemd
	[ -n "$(v2_mount)" ] || skip "needs cgroup v2: v1 hierarchies take the flag only when they are first mounted"
	[ "$(dynmods)" = 0 ] || skip "needs favordynmods not to be set by somebody else"
	local options
	options=$(grep cgroup2 /proc/self/mounts)
	policy <<<"  g: {pids: 50}"
	start_daemon
	uname -r | grep -q '^5\.' || [ "$(dynmods)" -ge 1 ]
	stop_daemon
	[ "$(grep cgroup2 /proc/self/mounts)" = "$options" ]
	# Killed, it is put back by the next one's end.
	start_daemon
	kill_daemon
	start_daemon
	stop_daemon
	[ "$(grep cgroup2 /proc/self/mounts)" = "$options" ]
	# Killed, it is put back by clean.
	start_daemon
	kill_daemon
	r clean
	[ "$(grep cgroup2 /proc/self/mounts)" = "$options" ]
}

# bats test_tags=alone
@test "favordynmods: off leaves it alone" {
	no_systemd
	[ -n "$(v2_mount)" ] || skip "needs cgroup v2"
	[ "$(dynmods)" = 0 ] || skip "needs favordynmods not to be set by somebody else"
	policy <<<"  g: {pids: 50}"
	echo "tuning: {favordynmods: off}" >>"$POLICY"
	start_daemon
	[ "$(dynmods)" = 0 ]
	stop_daemon
}
