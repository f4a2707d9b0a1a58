#!/usr/bin/env bats
# libcgroup's commands by reeve-compat, on the machine's own hierarchies, whatever they are. What
# they print is compared with what Debian's cgroup-tools 2.0.2 printed on the same groups.

load helpers
load cgtools-helpers

setup() {
	e2e_setup
	cg_setup
}

teardown() {
	cg_teardown
	e2e_teardown
}

@test "cgcreate, cgset, cgget, cgdelete: a group's life, and silence on standard error" {
	says 0 "" "" cgcreate -g "$C:$NAME/a/b"
	[ -d "$TOP/$NAME/a/b" ]
	says 0 "" "" cgcreate -g "$C:$NAME/a/b"
	says 0 "" "" cgset -r "$LIMIT=17" "$NAME/a/b"
	says 0 "$NAME/a/b:
$LIMIT: 17
" "" cgget -r "$LIMIT" "$NAME/a/b"
	says 0 "$LIMIT: 17" "" cgget -n -r "$LIMIT" "/$NAME/a/b/"
	says 0 "17" "" cgget -nv -r "$LIMIT" "$NAME/a/b"
	says 0 "$NAME/a/b:
17
" "" cgget -v -r "$LIMIT" "$NAME/a/b"
	# With groups below it a group stays, unless all of them go.
	says 96 "" "cgdelete: cannot remove group '$NAME': Device or resource busy" cgdelete "$C:$NAME"
	says 0 "" "" cgdelete -r -g "$C:$NAME"
	[ ! -e "$TOP/$NAME" ]
	says 96 "" "cannot remove group '$NAME': No such file or directory" cgdelete "$C:$NAME"
}

@test "cgget: several groups and names, kept together by controller; whole controllers" {
	cgcreate -g "$C:$NAME/a" -g "$C:$NAME/b"
	cgset -r "$LIMIT=5" "$NAME/a" "$NAME/b"
	says 0 "$NAME/a:
$LIMIT: 5
$C.current: 0

$NAME/b:
$LIMIT: 5
$C.current: 0
" "" cgget -r "$LIMIT" -r "$C.current" "$NAME/a" "$NAME/b"
	cgget -g "$C:$NAME/a" -g "$C:$NAME/b" >"$WORK/specs"
	cgget -g "$C" "$NAME/a" "$NAME/b" >"$WORK/listed"
	cmp "$WORK/specs" "$WORK/listed"
	grep -qx "$LIMIT: 5" "$WORK/specs"
	# All that the group has anywhere, and it is all of the one controller.
	cgget -a "$NAME/a" >"$WORK/all"
	cgget "$NAME/a" >"$WORK/plain"
	cmp "$WORK/all" "$WORK/plain"
	grep -qx "$LIMIT: 5" "$WORK/all"
	# A value of several lines: the further ones behind a tab.
	printf 'a: 1\n\tb: 2\n' >"$WORK/wanted"
	cgget -r "cgroup.events" "$NAME/a" >"$WORK/events" 2>/dev/null || [ -z "${V2:-}" ]
	[ -z "${V2:-}" ] || grep -qx $'\tfrozen 0' "$WORK/events"
}

@test "cgget, cgset: what is not there is an error, by libcgroup's codes" {
	cgcreate -g "$C:$NAME"
	says 96 "" "variable file read failed No such file or directory" cgget -r "$C.nosuch" "$NAME"
	says 96 "" "cgget: cannot find controller 'nosuch' in group '$NAME'" cgget -r nosuch.x "$NAME"
	says 91 "" "cgget: error parsing parameter name" cgget -r limit "$NAME"
	says 96 "" "variable file read failed" cgget -r "$LIMIT" "$NAME/none"
	says 82 "" "Cgroup does not exist" cgget -g "$C:$NAME/none"
	says 82 "" "Cgroup does not exist" cgget "$NAME/none"
	says 84 "" "cannot find controller" cgget -g "nosuch:$NAME"
	says 95 "" "requested group parameter does not exist" cgset -r "$C.nosuch=1" "$NAME"
	says 95 "" "requested group parameter does not exist" cgset -r "$LIMIT=1" "$NAME/none"
	says 96 "" "cgset: cgroup modify error: Invalid argument" cgset -r "$LIMIT=abc" "$NAME"
	# libcgroup: 0.
	says 84 "" "subsystems is not mounted" cgset -r nosuch.x=1 "$NAME"
	says 82 "" "cgroup $NAME/none error: Cgroup does not exist" cgset --copy-from "$NAME/none" "$NAME"
	# libcgroup: SIGSEGV.
	says 129 "" "wrong parameter of option -r: $LIMIT" cgset -r "$LIMIT" "$NAME"
}

# bats test_tags=userland
@test "the command lines: wrong ones are 129, help is 0" {
	local tool
	for tool in cgexec cgclassify cgcreate cgset cgget cgxset cgxget cgdelete cgsnapshot lscgroup lssubsys; do
		says 129 "" "Wrong input parameters, try $tool" "$tool" --bogus
		"$tool" -h >"$WORK/help"
		grep -q "^Usage: $tool " "$WORK/help"
	done
	for tool in cgexec cgclassify cgcreate cgget cgdelete; do
		says 129 "" "Wrong input parameters" "$tool"
	done
	says 129 "" "Usage is cgset" cgset
	says 129 "" "cgset: no cgroup specified" cgset -r "$LIMIT=1"
	says 129 "" "cgset: no name-value pair was set" cgset "$NAME"
	says 129 "" "wrong parameter of option -r" cgset -r "$LIMIT=" "$NAME"
	says 129 "" "Wrong input" cgset -r "$LIMIT=1" --copy-from a b
	says 129 "" "Wrong input" cgget -g "$C"
	says 129 "" "Wrong input" cgget -g "$C:$NAME" "$NAME"
	says 129 "" "Wrong input" cgget -r "$LIMIT" -g "$C" "$NAME"
	says 129 "" "path parsing failed" cgcreate -g "$C"
	says 129 "" "path parsing failed" cgexec -g "$C:" true
	says 129 "" "path parsing failed" cgdelete "$C"
	says 91 "" "leads out of it" cgcreate -g "$C:$NAME/../../x"
	says 84 "" "subsystems is not mounted" cgcreate -g "nosuch:$NAME"
	says 129 "" "-c makes one group" cgcreate -c -g "$C:$NAME"
	says 129 "" "are for scopes" cgcreate -S -g "$C:$NAME"
	says 129 "" "is no process" cgcreate -c -p 1 -g "$C:a.slice/b.scope"
	[ -d /run/systemd/system ] || says 99 "" "systemd is not process 1" cgcreate -c -g "$C:a.slice/b.scope"
	says 84 "" "subsystems is not mounted" cgdelete "nosuch:$NAME"
}

# bats test_tags=userland
@test "where nothing is mounted it is 81, and what one may not do 85" {
	local none=(unshare --mount --propagation private sh -c 'umount -R -l /sys/fs/cgroup && exec "$0" "$@"')
	says 81 "" "Cgroup is not mounted" "${none[@]}" cgcreate -g "$C:$NAME"
	says 81 "" "Cgroup is not mounted" "${none[@]}" cgexec -g "$C:$NAME" true
	says 81 "" "Cgroup is not mounted" "${none[@]}" cgget -r "$LIMIT" "$NAME"
	says 81 "" "Cgroup is not mounted" "${none[@]}" cgdelete "$C:$NAME"
	cgcreate -g "$C:$NAME"
	says 85 "" "request came in from non owner" setpriv --reuid 65534 --clear-groups "$TREE/bin/cgcreate" -g "$C:$NAME/below"
	says 85 "" "request came in from non owner" setpriv --reuid 65534 --clear-groups "$TREE/bin/cgexec" -g "$C:$NAME" true
	[ ! -e "$TOP/$NAME/below" ]
}

@test "cgcreate: owners and modes; an unknown user makes nothing" {
	says 255 "" "can't find uid of user nosuch" cgcreate -a nosuch -g "$C:$NAME"
	says 255 "" "can't find gid of group nosuch" cgcreate -t root:nosuch -g "$C:$NAME"
	says 255 "" "wrong mode format 77" cgcreate -d 77 -g "$C:$NAME"
	says 255 "" "wrong mode format 75x" cgcreate -f 75x -g "$C:$NAME"
	[ ! -e "$TOP/$NAME" ]
	says 0 "" "" cgcreate -a nobody:nogroup -t daemon:daemon -d 750 -f 660 -s 664 -g "$C:$NAME"
	[ "$(stat -c %U:%G:%a "$TOP/$NAME")" = nobody:nogroup:750 ]
	[ "$(stat -c %U:%G:%a "$TOP/$NAME/$LIMIT")" = nobody:nogroup:660 ]
	# What cannot be written by anybody stays so.
	[ "$(stat -c %a "$TOP/$NAME/$C.current")" = 440 ]
	[ "$(stat -c %U:%G:%a "$TOP/$NAME/$TASKS")" = daemon:daemon:664 ]
	cgdelete "$C:$NAME"
	says 0 "" "" cgcreate -a nobody -g "$C:$NAME"
	[ "$(stat -c %U:%G:%a "$TOP/$NAME")" = nobody:root:755 ]
	# v1's tasks file is the caller's where nobody else is named; v2's goes with the group.
	[ "$(stat -c %U "$TOP/$NAME/$TASKS")" = "${V2:+nobody}${V1:+root}" ]
}

@test "cgexec: in the group at its first instruction; the command's exit code" {
	cgcreate -g "$C:$NAME/a"
	says 0 "/$NAME/a" "" cgexec -g "$C:$NAME/a" sh -c "sed -n 's/^[0-9]*:$KEY://p' /proc/self/cgroup"
	local code=0
	cgexec -g "$C:$NAME/a" sh -c 'exit 7' || code=$?
	[ "$code" = 7 ]
	# Options end at the command.
	says 0 "-g x --sticky" "" cgexec --sticky -g "$C:$NAME/a" echo -g x --sticky
	says 82 "" "cgroup change of group failed: Cgroup does not exist" cgexec -g "$C:$NAME/none" true
	says 84 "" "cgroup change of group failed" cgexec -g "nosuch:$NAME" true
	says 255 "" "cannot execute $WORK/none: No such file" cgexec -g "$C:$NAME/a" "$WORK/none"
}

@test "cgclassify: processes with all their threads; goes on after a failure" {
	cgcreate -g "$C:$NAME/a" -g "$C:$NAME/b"
	background sleep 60
	local one=$! two
	background sleep 60
	two=$!
	says 0 "" "" cgclassify -g "$C:$NAME/a" "$one" "$two"
	in_path "$one" "/$NAME/a"
	in_path "$two" "/$NAME/a"
	says 1 "" "Error changing group of pid 4194303: No such process" cgclassify -g "$C:$NAME/b" 4194303 "$one"
	in_path "$one" "/$NAME/b"
	says 2 "" "Error: abc is not valid pid." cgclassify -g "$C:$NAME/a" abc 4194303 "$one"
	in_path "$one" "/$NAME/a"
	# 0 would be cgclassify itself.
	says 1 "" "Error changing group of pid 0: No such process" cgclassify -g "$C:$NAME/a" 0
	says 1 "" "Error changing group of pid $one: Cgroup does not exist" cgclassify -g "$C:$NAME/none" "$one"
	says 0 "" "" cgclassify -g "$C:$NAME/a"
}

@test "cgdelete: processes go to the group above" {
	cgcreate -g "$C:$NAME/a/b"
	background sleep 60
	cgclassify -g "$C:$NAME/a/b" "$!"
	if [ -n "${V2:-}" ]; then
		# v2: what hands controllers to groups below holds no processes.
		says 96 "" "Device or resource busy" cgdelete "$C:$NAME/a/b"
		in_path "$!" "/$NAME/a/b"
		# Above all that goes is the top, which may.
		says 0 "" "" cgdelete -r "$C:$NAME"
		in_path "$!" "/"
		return 0
	fi
	says 0 "" "" cgdelete "$C:$NAME/a/b"
	in_path "$!" "/$NAME/a"
	says 0 "" "" cgdelete -r "$C:$NAME"
	in_path "$!" "/"
}

@test "lscgroup: the group that was asked for with a slash, those below without" {
	cgcreate -g "$C:$NAME/a/b"
	lscgroup "$C:$NAME" >"$WORK/list"
	says 0 "$(sed 's/^[^:]*//' "$WORK/list")" "" printf '%s\n' ":/$NAME/" ":/$NAME/a" ":/$NAME/a/b"
	# On v2 others may turn on controllers for all groups meanwhile.
	[ -n "$V2" ] || [ "$(head -1 "$WORK/list")" = "$NAMES:/$NAME/" ]
	head -1 "$WORK/list" | grep -qE "^([^:]*,)?$C(,[^:]*)?:/$NAME/$"
	lscgroup -g "$C:/$NAME/" | sed 's/^[^:]*//' | cmp - <(sed 's/^[^:]*//' "$WORK/list")
	says 0 "" "" lscgroup "$C:$NAME/none"
	says 93 "" "cannot find group nosuch..:$NAME: Cgroup operation failed" lscgroup "nosuch:$NAME"
	lscgroup | grep -q ":/$NAME/a/b$"
}

@test "lssubsys: what is mounted, and with -a the rest; one that is not mounted is in nobody's way" {
	says 0 "" "" lssubsys nosuch
	lssubsys -a >"$WORK/all"
	tail -n +2 /proc/cgroups | while read -r name hierarchy _; do
		tr , '\n' <"$WORK/all" | grep -qx "$name"
		[ "$hierarchy" = 0 ] || lssubsys -i "$name" | grep -qE "(^|,)$name(,.*)? $hierarchy$"
	done
	if [ -n "${V1:-}" ]; then
		says 0 "$NAMES $TOP" "" lssubsys -m "$C"
		lssubsys -M "$C" | grep -qx "$NAMES $TOP"
	fi
}

@test "cgset --copy-from, -R" {
	cgcreate -g "$C:$NAME/a/b" -g "$C:$NAME/c"
	cgset -r "$LIMIT=33" "$NAME/a"
	says 0 "" "" cgset --copy-from "$NAME/a" "$NAME/c"
	[ "$(<"$TOP/$NAME/c/$LIMIT")" = 33 ]
	says 0 "" "" cgset -R -r "$LIMIT=34" "$NAME/a"
	[ "$(<"$TOP/$NAME/a/b/$LIMIT")" = 34 ]
	[ "$(<"$TOP/$NAME/c/$LIMIT")" = 33 ]
}

@test "cgxset, cgxget: one version in the words of the other" {
	local cpu
	cgcreate -g "cpu:$NAME" || skip "needs the cpu controller"
	cpu=$(lssubsys -m cpu 2>/dev/null | head -1)
	while read -r version name value other_version other wanted; do
		says 0 "" "" cgxset "-$version" -r "$name=${value//_/ }" "$NAME"
		says 0 "${wanted//_/ }" "" cgxget -nv "-$other_version" -r "$other" "$NAME"
	done <<-END
		1 cpu.shares 512 1 cpu.shares 512
		1 cpu.shares 512 2 cpu.weight 50
		2 cpu.weight 200 1 cpu.shares 2048
		2 cpu.weight 200 2 cpu.weight 200
		1 cpu.cfs_quota_us 10000 1 cpu.cfs_quota_us 10000
		1 cpu.cfs_period_us 50000 2 cpu.max 10000_50000
		1 cpu.cfs_quota_us -1 1 cpu.cfs_quota_us -1
		1 cpu.cfs_period_us 100000 2 cpu.max max_100000
		2 cpu.max 5000_25000 2 cpu.max 5000_25000
		2 cpu.max 6000_26000 1 cpu.cfs_quota_us 6000
		2 cpu.max 7000_27000 1 cpu.cfs_period_us 27000
		2 cpu.max max_41000 1 cpu.cfs_quota_us -1
	END
	if [ -n "$cpu" ]; then
		says 111 "" "cgroup v2 has nothing like cpu.stat" cgxget -2 -r cpu.stat "$NAME"
		says 0 "" "" cgxget -n -i -2 -r cpu.stat "$NAME"
		cgxget -2 -i -g "cpu:$NAME" | grep -qx "cpu.max: max 41000"
		[ "$(cgxget -2 -i -g "cpu:$NAME" | grep -c "cpu.max:")" = 1 ]
	else
		says 111 "" "cgroup v1 has nothing like cpu.stat" cgxget -1 -r cpu.stat "$NAME"
		says 0 "" "" cgxget -n -i -1 -r cpu.stat "$NAME"
		cgxget -1 -i -g "cpu:$NAME" | grep -qx "cpu.cfs_period_us: 41000"
	fi
	says 111 "" "nothing like cpuset.memory_migrate" cgxset "-$((V2 ? 1 : 2))" -r "cpuset.memory_migrate=1" "$NAME" ||
		lssubsys -a | grep -q cpuset
	cgdelete "cpu:$NAME"
}

@test "cgxset, cgxget: rates of disks in the words of the other version" {
	local disk
	lssubsys -a | grep -qwE 'io|blkio' || skip "needs the controller of disks"
	disk=$(lsblk -dnro MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }')
	[ -n "$disk" ] || skip "needs a disk"
	if [ -n "$V1" ]; then
		cgcreate -g "blkio:$NAME"
		says 0 "" "" cgxset -2 -r "io.max=$disk rbps=1048576 wiops=100" "$NAME"
		says 0 "$disk 1048576" "" cgget -nv -r blkio.throttle.read_bps_device "$NAME"
		says 0 "$disk rbps=1048576 wbps=max riops=max wiops=100" "" cgxget -nv -2 -r io.max "$NAME"
		says 0 "" "" cgxset -2 -r "io.max=$disk rbps=max" "$NAME"
		says 0 "$disk rbps=max wbps=max riops=max wiops=100" "" cgxget -nv -2 -r io.max "$NAME"
		cgdelete "blkio:$NAME"
	else
		cgcreate -g "io:$NAME"
		says 0 "" "" cgxset -1 -r "blkio.throttle.read_bps_device=$disk 1048576" "$NAME"
		says 0 "$disk rbps=1048576 wbps=max riops=max wiops=max" "" cgget -nv -r io.max "$NAME"
		says 0 "$disk 1048576" "" cgxget -nv -1 -r blkio.throttle.read_bps_device "$NAME"
		says 0 "" "" cgxset -1 -r "blkio.throttle.read_bps_device=$disk 0" "$NAME"
		says 0 "" "" cgxget -nv -1 -r blkio.throttle.read_bps_device "$NAME"
		cgdelete "io:$NAME"
	fi
}

@test "cgsnapshot: what can be written, with owners, and no more" {
	cgcreate -a nobody:nogroup -g "$C:$NAME/a"
	cgset -r "$LIMIT=9" "$NAME/a"
	cgsnapshot -s -b /dev/null "$C" >"$WORK/snapshot"
	sed -n "/^group .*$NAME\\/a {/,/^}/p" "$WORK/snapshot" >"$WORK/group"
	grep -qx "$(printf '\t%s {' "$C")" "$WORK/group"
	grep -qx "$(printf '\t\t%s="9";' "$LIMIT")" "$WORK/group"
	grep -qx "$(printf '\t\t\tuid = nobody;')" "$WORK/group"
	# libcgroup printed what can only be read.
	! grep -q "$C.current" "$WORK/group"
	cgsnapshot -b /dev/null -w /dev/null "$C" 2>&1 >/dev/null | grep -q "WARNING: variable $LIMIT is neither"
	says 129 "" "Failed to open file $WORK/none" cgsnapshot -b "$WORK/none"
	echo "  $LIMIT # a limit" >"$WORK/list"
	! cgsnapshot -s -b "$WORK/list" "$C" | grep -q "$LIMIT"
	cgsnapshot -s -t -w "$WORK/list" -b /dev/null -f "$WORK/file" "$C"
	grep -q "$LIMIT" "$WORK/file"
	cgsnapshot -s nosuch | tail -n +2 | head -2 >"$WORK/none"
	[ "$(<"$WORK/none")" = $'mount {\n}' ]
}
