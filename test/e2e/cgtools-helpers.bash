# shellcheck shell=bash
# For the tests of libcgroup's commands: a controller that every host has, its hierarchy and a limit
# of it that can be set to any number.

cg_setup() {
	C=pids
	LIMIT=pids.max
	TOP=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/mounts)
	V1=1
	V2=
	NAMES=$C
	TASKS=tasks
	if [ -n "$TOP" ]; then
		KEY=$(sed -n 's/^[0-9]*:\([^:]*pids[^:]*\):.*/\1/p' /proc/self/cgroup)
		NAMES=$(lssubsys "$C")
		return 0
	fi
	TOP=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$TOP" ] && grep -qw pids "$TOP/cgroup.controllers" || skip "needs the pids controller"
	V1=
	V2=1
	KEY=
	TASKS=cgroup.procs
}

# A hierarchy that is unmounted right after its last group was removed lives on in the kernel, until
# it has been mounted and unmounted once more.
release_hierarchy() {
	local place i
	for ((i = 0; i < 50; i++)); do
		grep -q ":name=$NAME:" /proc/self/cgroup || return 0
		place=$(mktemp -d)
		mount -t cgroup -o "none,name=$NAME" reeve-test "$place" && umount "$place"
		rmdir "$place"
		nap 0.1
	done
	echo "left: the hierarchy $NAME"
}

# The test's groups, in whatever hierarchy.
cg_teardown() {
	local group pid
	end_processes
	while read -r group; do
		rmdir "$group" || echo "left: $group"
	done < <(find /sys/fs/cgroup -depth -type d -name "$NAME*" -exec find {} -depth -type d \; 2>/dev/null)
	release_hierarchy
}

# Exit code, what must be printed (a whole text), and what standard error must have ("": nothing).
says() { # CODE OUTPUT ERROR-PART COMMAND...
	local code=$1 out=$2 err=$3 got=0
	shift 3
	timeout 30 "$@" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || got=$?
	if [ "$got" = "$code" ] && [ "$(<"$WORK/out")" = "${out%$'\n'}" ]; then
		if [ -z "$err" ]; then
			[ -s "$WORK/err" ] || return 0
		else
			! grep -qF -- "$err" "$WORK/err" || return 0
		fi
	fi
	printf 'of: %s\nwanted: exit %s, %q\ngot: exit %s, %q\nstandard error: %s\n' "$*" "$code" "$out" \
		"$got" "$(<"$WORK/out")" "$(<"$WORK/err")"
	return 1
}

# Where a process is in the hierarchy of $C.
in_path() { # PID PATH
	local path
	path=$(sed -n "s/^[0-9]*:$KEY://p" "/proc/$1/cgroup" | head -1)
	[ "$path" = "$2" ] || {
		echo "process $1 is in $path, not in $2"
		return 1
	}
}
