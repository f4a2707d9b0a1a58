# What limits.bats, groups.bats, layout.bats and systemd.bats share. Each test has an instance of its own: a name,
# a policy file and a runtime folder.

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
PROGRAMS=${REEVE_BUILD:-$TREE/build}/test/programs
PATH=$TREE/bin:$PATH

# ---- an instance ----

instance() { # [SUFFIX]
	# bats traces every command, to name the one that failed: in the test itself that is enough, and in QEMU
	# the rest would take minutes.
	set +T
	declare -ft "$BATS_TEST_NAME"
	NAME=reeve-test-${REEVE_TEST_RUN:-$$}-${BATS_TEST_FILENAME##*/}-$BATS_TEST_NUMBER${1:-}
	NAME=${NAME/.bats/}
	FOLDER=$BATS_TEST_TMPDIR/i${1:-}
	RUNTIME=$FOLDER/run
	POLICY=$FOLDER/reeve.yaml
	mkdir -p "$RUNTIME"
	chmod 755 "$FOLDER" "$RUNTIME"
	[ -e "$POLICY" ] || policy <<<""
}

# The policy's groups are read from standard input, indented by two.
policy() {
	local groups
	groups=$(cat)
	{
		echo "name: $NAME"
		echo "rules: {}"
		[ -z "$groups" ] || printf 'groups:\n%s\n' "$groups"
	} >"$POLICY"
	chmod 644 "$POLICY"
}

# Takes back whatever a test made, in every instance of its own, whatever state that is in.
end_instances() {
	local folder pid
	for pid in "${STARTED[@]:-}"; do
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
	done
	for folder in "$BATS_TEST_TMPDIR"/i*; do
		[ -d "$folder/run" ] || continue
		stop_daemon "$folder" || true
		remove_trees "$(sed -n 's/^name: //p' "$folder/reeve.yaml")"
	done
}

# Ends everything that is in the instance's groups, and removes them without reeve's help.
remove_trees() { # NAME
	local top group round pid
	for round in 1 2 3 4 5; do
		for top in $(trees "$1"); do
			find "$top" -name freezer.state -exec sh -c 'echo THAWED >"$1"' - {} \; 2>/dev/null || true
			find "$top" -name cgroup.freeze -exec sh -c 'echo 0 >"$1"' - {} \; 2>/dev/null || true
			for pid in $(find "$top" -name cgroup.procs -exec cat {} + 2>/dev/null); do
				kill -KILL "$pid" 2>/dev/null || true
			done
		done
		for top in $(trees "$1"); do
			find "$top" -depth -type d -exec rmdir {} \; 2>/dev/null || true
		done
		[ -n "$(trees "$1")" ] || return 0
		sleep 0.1
	done
}

# ---- calling reeve ----

r() { # COMMAND... as reeve, of this instance
	local -a words=("$1")
	[ "$1" != group ] || { words+=("$2") && shift; }
	shift
	timeout 30 reeve "${words[@]}" --config "$POLICY" --runtime-dir "$RUNTIME" "$@"
}

# In a daemon's presence there is no policy to name.
start_daemon() { # [OPTION...]
	local i
	timeout 120 reeved --config "$POLICY" --runtime-dir "$RUNTIME" "$@" \
		>"$FOLDER/out" 2>&1 </dev/null 3>&- &
	echo $! >"$FOLDER/daemon"
	for i in $(seq 300); do
		if [ -S "$RUNTIME/reeve.sock" ] && timeout 10 reeve status --runtime-dir "$RUNTIME" >/dev/null 2>&1; then
			pgrep -P "$(pgrep -P "$(cat "$FOLDER/daemon")")" >"$FOLDER/inner" || true
			return 0
		fi
		kill -0 "$(cat "$FOLDER/daemon")" 2>/dev/null || break
		sleep 0.05
	done
	cat "$FOLDER/out"
	return 1
}

stop_daemon() { # [FOLDER]
	local folder=${1:-$FOLDER} pid i
	[ -e "$folder/daemon" ] || return 0
	pid=$(cat "$folder/daemon")
	rm -f "$folder/daemon"
	kill -TERM "$pid" 2>/dev/null || return 0
	for i in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.05
	done
	kill -KILL "$pid" $(cat "$folder/inner") 2>/dev/null
}

# kill -9 of guard and daemon, as when the machine is short of memory.
kill_daemon() {
	local outer
	outer=$(cat "$FOLDER/daemon")
	kill -KILL $(pgrep -P "$outer") $(cat "$FOLDER/inner") "$outer" 2>/dev/null || true
	rm -f "$FOLDER/daemon"
	wait_until "! pgrep -F '$FOLDER/inner' >/dev/null"
}

# Starts a program in a group; its process is in $PID, what it prints in $OUT.
in_group() { # GROUP PROGRAM...
	local group=$1 i
	shift
	OUT=$(mktemp "$BATS_TEST_TMPDIR/out.XXXXXX")
	timeout 100 reeve run --config "$POLICY" --runtime-dir "$RUNTIME" -g "$group" -- \
		sh -c 'echo $$ >"$1.pid"; shift; exec "$@"' - "$OUT" "$@" >"$OUT" 2>"$OUT.err" </dev/null 3>&- &
	STARTED+=("$!")
	RUNNER=$!
	wait_until "[ -s '$OUT.pid' ] || ! kill -0 $RUNNER"
	PID=$(cat "$OUT.pid")
}

# ---- waiting ----

wait_until() { # CONDITION: a shell command, for at most ten seconds
	local i
	for i in $(seq 200); do
		! eval "$1" 2>/dev/null || return 0
		sleep 0.05
	done
	echo "never came true: $1" >&2
	return 1
}

# ---- where things are ----

cgroup_mounts() {
	awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts
}

# The folders of an instance in all hierarchies, also below a unit of systemd.
trees() { # NAME
	local point
	for point in $(cgroup_mounts); do
		find "$point" -maxdepth 4 -type d -name "$1" 2>/dev/null || true
	done
}

# A group's folders.
places() { # GROUP
	local tree
	for tree in $(trees "$NAME"); do
		[ ! -d "$tree/$1" ] || echo "$tree/$1"
	done
}

# The first of several files that the group has: v1 and v2 call the same thing differently.
file_of() { # GROUP FILE...
	local group=$1 file place
	shift
	for file in "$@"; do
		for place in $(places "$group"); do
			[ ! -e "$place/$file" ] || { echo "$place/$file" && return; }
		done
	done
	echo "group $group has none of the files $*" >&2
	return 1
}

value_of() { # GROUP FILE...
	local file
	file=$(file_of "$@") && cat "$file"
}

key_of() { # GROUP KEY FILE...: a line "key value"
	local key=$2
	value_of "$1" "${@:3}" | awk -v key="$key" '$1 == key { print $2 }'
}

# 1, 2 or nothing: the version of cgroups that a controller is in.
version_of() { # CONTROLLER, v2's name
	local name=$1 point
	[ "$name" != io ] || name=blkio
	awk -v name="$name" '$3 == "cgroup" && "," $4 "," ~ "," name "," { found = 1 } END { exit !found }' /proc/mounts &&
		echo 1 && return
	for point in $(awk '$3 == "cgroup2" { print $2 }' /proc/mounts); do
		! grep -qw "$1" "$point/cgroup.controllers" || { echo 2 && return; }
	done
}

need_controller() { # CONTROLLER
	[ -n "$(version_of "$1")" ] || skip "needs the $1 controller"
}

need_v2() { # CONTROLLER
	[ "$(version_of "$1")" = 2 ] || skip "needs the $1 controller in cgroup v2"
}

v2_mount() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts
}

in_vm() {
	[ "${REEVE_TEST_VM:-}" = 1 ] && [ -n "${REEVE_TEST_DISK:-}" ]
}

# ---- measuring ----

# Other work on the machine must not decide what a hog gets.
favour_instance() {
	local tree
	for tree in $(trees "$NAME"); do
		[ ! -e "$tree/cpu.weight" ] || echo 10000 >"$tree/cpu.weight"
		[ ! -e "$tree/cpu.shares" ] || echo 262144 >"$tree/cpu.shares"
	done
}

# Percent of one processor, in tenths, that processes have together for a while.
share_of() { # MILLISECONDS PID...
	local length=$1 start before after
	shift
	before=$(used_ns "$@") start=$(date +%s%N)
	sleep "$(printf '%d.%03d' $((length / 1000)) $((length % 1000)))"
	after=$(used_ns "$@")
	echo $(((after - before) * 1000 / ($(date +%s%N) - start)))
}

used_ns() { # PID...: of their first threads
	local pid
	for pid; do
		cat "/proc/$pid/schedstat"
	done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Starts hogs in a group; their processes are in HOGS.
start_hogs() { # GROUP COUNT
	local i
	favour_instance
	HOGS=()
	for i in $(seq "$2"); do
		in_group "$1" "$PROGRAMS/demo-cpu-hog" 60000
		HOGS+=("$PID")
	done
}

tell() { # WORD...: shown in the log of the test, and when it fails
	echo "# $BATS_TEST_DESCRIPTION: $*" >>"${REEVE_TEST_FIGURES:-/dev/null}"
	echo "$*"
}

# Less than the limit may be the machine's fault, so that is measured again; more never is.
share_is() { # GROUP COUNT TENTHS-OF-PERCENT
	local got i slack=$(($3 / 10))
	# In QEMU the clock itself is coarse: 10 % of the machine.
	! in_vm || slack=$((slack < 100 ? 100 : slack))
	start_hogs "$1" "$2"
	for i in 1 2 3 4; do
		got=$(share_of 1500 "${HOGS[@]}")
		tell "group $1: $got tenths of a percent of a processor, $3 expected"
		[ "$got" -ge $(($3 - slack)) ] && break
	done
	kill "${HOGS[@]}"
	[ "$got" -ge $(($3 - slack)) ] && [ "$got" -le $(($3 + slack)) ]
}

# Waits for the program that in_group started last; its exit code is in STATUS.
ended() {
	STATUS=0
	wait "$RUNNER" || STATUS=$?
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# Processor time of a process so far, in ticks of 10 ms.
ticks_of() { # PID
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}
