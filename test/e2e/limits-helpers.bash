# What limits.bats, groups.bats, layout.bats and systemd.bats share. Each test has an instance of its own: a name,
# a policy file and a runtime folder.
#
# In QEMU starting a program costs as much as all of a small test otherwise, so what can be done by the shell itself
# is.

TREE=${BATS_TEST_DIRNAME%/test/e2e}
PROGRAMS=${REEVE_BUILD:-$TREE/build}/test/programs
PATH=$TREE/bin:$PATH
export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$([ -n "${REEVE_TEST_VM:-}" ] && echo 240 || echo 60)}

# ---- an instance ----

instance() { # [SUFFIX]
	# bats traces every command, to name the one that failed: in the test itself that is enough.
	set +T
	declare -ft "$BATS_TEST_NAME"
	# A pipe that nobody writes to: reading it with a time-out sleeps without a program.
	[ -n "${NEVER:-}" ] || exec {NEVER}<> <(:)
	NAME=${BATS_TEST_FILENAME##*/}
	NAME=reeve-test-${REEVE_TEST_RUN:-$$}-${NAME%.bats}-$BATS_TEST_NUMBER${1:-}
	FOLDER=$BATS_TEST_TMPDIR/i${1:-}
	RUNTIME=$FOLDER/run
	POLICY=$FOLDER/reeve.yaml
	if [ ! -e "$POLICY" ]; then
		mkdir -p -m 755 "$FOLDER" "$RUNTIME"
		policy <<<""
	fi
	mapfile -t HIERARCHIES < <(while read -r _ point type _; do
		case $type in cgroup | cgroup2) printf '%s\n' "$point" ;; esac
	done </proc/mounts)
}

# The policy's groups are read from standard input, indented by two.
policy() {
	local groups line
	while IFS= read -r -d '' groups || [ -n "$groups" ]; do
		line=$groups && groups=
	done
	(
		umask 022
		printf 'name: %s\nrules: {}\n' "$NAME"
		[ -z "${line%$'\n'}" ] || printf 'groups:\n%s\n' "$line"
		# In QEMU a source that nobody watches by makes a daemon's start five seconds longer.
		[ -z "${REEVE_TEST_VM:-}" ] || echo 'source: off'
	) >"$POLICY"
}

# Takes back whatever a test made, in every instance of its own, whatever state that is in.
end_instances() {
	local folder line
	for folder in "$BATS_TEST_TMPDIR"/i*; do
		[ -d "$folder/run" ] || continue
		[ ! -e "$folder/daemon" ] || stop_daemon "$folder" || true
		read -r line <"$folder/reeve.yaml"
		remove_trees "${line#name: }"
	done
}

# Ends everything that is in the instance's groups, and removes them without reeve's help.
remove_trees() { # NAME
	local top tops round place pid
	shopt -s globstar nullglob
	for round in 1 2 3 4 5 6 7 8; do
		tops=()
		while read -r top; do
			tops+=("$top")
		done < <(trees "$1")
		[ ${#tops[@]} -gt 0 ] || break
		for top in "${tops[@]}"; do
			for place in "$top" "$top"/**/; do
				[ ! -e "$place/freezer.state" ] || echo THAWED >"$place/freezer.state" || true
				[ ! -e "$place/cgroup.freeze" ] || echo 0 >"$place/cgroup.freeze" || true
				while read -r pid; do
					kill -KILL "$pid" 2>/dev/null || true
				done <"$place/cgroup.procs"
			done
		done 2>/dev/null
		[ "$round" = 1 ] || nap 0.05
		for top in "${tops[@]}"; do
			find "$top" -depth -type d -exec rmdir {} + 2>/dev/null || true
		done
	done
	shopt -u globstar nullglob
}

# ---- calling reeve ----

r() { # COMMAND... as reeve, of this instance
	local -a words=("$1")
	[ "$1" != group ] || { words+=("$2") && shift; }
	shift
	case ${words[0]} in
	status | reload) ;; # the daemon's own affair
	*) words+=(--config "$POLICY") ;;
	esac
	reeve "${words[@]}" --runtime-dir "$RUNTIME" "$@" 3>&-
}

start_daemon() { # [OPTION...]
	local i
	NOTIFY_SOCKET='' reeved --config "$POLICY" --runtime-dir "$RUNTIME" "$@" >"$FOLDER/out" 2>&1 </dev/null 3>&- &
	DAEMON=$!
	echo "$DAEMON" >"$FOLDER/daemon"
	for i in {1..400}; do
		if [ -S "$RUNTIME/reeve.sock" ] && reeve status --runtime-dir "$RUNTIME" >/dev/null 2>&1; then
			return 0
		fi
		alive "$DAEMON" || break
		nap 0.05
	done
	cat "$FOLDER/out"
	return 1
}

children_of() { # PID
	local children=
	read -r children <"/proc/$1/task/$1/children" || true
	echo "$children"
}

stop_daemon() { # [FOLDER]
	local folder=${1:-$FOLDER} pid
	read -r pid <"$folder/daemon"
	rm -f "$folder/daemon"
	kill -TERM "$pid" 2>/dev/null || return 0
	wait_until "! alive $pid" || kill -KILL $(children_of "$pid") "$pid"
	wait "$pid"
}

# kill -9 of guard and daemon, as when the machine is short of memory.
kill_daemon() {
	local inner
	inner=$(children_of "$DAEMON")
	kill -KILL $inner "$DAEMON"
	rm -f "$FOLDER/daemon"
	wait_until "! alive $DAEMON && ! alive ${inner% }"
}

# Starts a program in a group, from its first instruction on, as `reeve run` would but without its price. Its process
# is in PID, what it prints in the file OUT.
in_group() { # GROUP PROGRAM...
	local group=$1
	shift
	PROGRAM_COUNT=$((${PROGRAM_COUNT:-0} + 1))
	OUT=$BATS_TEST_TMPDIR/out.$PROGRAM_COUNT
	(
		enter "$group"
		exec "$@"
	) >"$OUT" 2>"$OUT.err" </dev/null 3>&- &
	PID=$!
	wait_until "[[ \$(readlink /proc/$PID/exe) != */bash ]] || ! alive $PID"
}

enter() { # GROUP
	local place
	while read -r place; do
		[ ! -d "$place/_" ] || place=$place/_
		echo "$BASHPID" >"$place/cgroup.procs"
	done < <(places "$1")
}

# Waits for the program that in_group started last; its exit code is in STATUS.
ended() {
	STATUS=0
	wait "$PID" 2>/dev/null || STATUS=$?
}

# Whether a process runs: a zombie does not, but the last of its threads may still be ending and hold
# all that it had open.
alive() { # PID
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
	stat=(${stat##*) })
	case ${stat[0]} in
	Z* | X*) [ "${stat[17]}" -gt 1 ] ;;
	esac
}

# ---- waiting ----

nap() { # SECONDS
	read -r -t "$1" -u "$NEVER" || true
}

wait_until() { # CONDITION: a shell command, for at most fifteen seconds
	local end=$((SECONDS + 15))
	until eval "$1" 2>/dev/null; do
		if [ $SECONDS -ge $end ]; then
			echo "never came true: $1" >&2
			return 1
		fi
		nap 0.02
	done
}

# ---- where things are ----

# The folders of an instance in all hierarchies, also below a unit of systemd.
trees() { # NAME
	local point
	for point in "${HIERARCHIES[@]}"; do
		for point in "$point/$1" "$point"/system.slice/*/"$1" "$point"/reeve-*.scope/"$1"; do
			[ ! -d "$point" ] || printf '%s\n' "$point"
		done
	done
}

# A group's folders.
places() { # GROUP
	local tree
	while read -r tree; do
		[ ! -d "$tree/$1" ] || printf '%s\n' "$tree/$1"
	done < <(trees "$NAME")
}

# The first of several files that the group has: v1 and v2 call the same thing differently.
file_of() { # GROUP FILE...
	local group=$1 file place
	shift
	for file; do
		while read -r place; do
			[ ! -e "$place/$file" ] || { printf '%s\n' "$place/$file" && return; }
		done < <(places "$group")
	done
	echo "group $group has none of the files $*" >&2
	return 1
}

value_of() { # GROUP FILE...
	local file
	file=$(file_of "$@") && printf '%s\n' "$(<"$file")"
}

key_of() { # GROUP KEY FILE...: of a line "key value"
	local file word value
	file=$(file_of "$1" "${@:3}") || return 1
	while read -r word value; do
		[ "$word" != "$2" ] || printf '%s\n' "$value"
	done <"$file"
}

# 1, 2 or nothing: the version of cgroups that a controller is in.
version_of() { # CONTROLLER, v2's name
	local name=$1 point type options names
	[ "$name" != io ] || name=blkio
	while read -r _ point type options _; do
		case $type,$options, in
		cgroup,*,"$name",*) echo 1 && return ;;
		cgroup2,*)
			read -r names <"$point/cgroup.controllers" || true
			case " $names " in *" $1 "*) echo 2 && return ;; esac
			;;
		esac
	done </proc/mounts
}

need_controller() { # CONTROLLER
	[ -n "$(version_of "$1")" ] || skip "needs the $1 controller"
}

need_v2() { # CONTROLLER
	[ "$(version_of "$1")" = 2 ] || skip "needs the $1 controller in cgroup v2"
}

v2_mount() {
	local point type
	while read -r _ point type _; do
		[ "$type" != cgroup2 ] || { printf '%s\n' "$point" && return; }
	done </proc/mounts
}

in_vm() {
	[ "${REEVE_TEST_VM:-}" = 1 ] && [ -n "${REEVE_TEST_DISK:-}" ]
}

# ---- measuring ----

tell() { # WORD...: shown when the test fails, and collected where somebody asks for figures
	[ -z "${REEVE_TEST_FIGURES:-}" ] || echo "# $BATS_TEST_DESCRIPTION: $*" >>"$REEVE_TEST_FIGURES"
	echo "$*"
}

microseconds() {
	echo "${EPOCHREALTIME/[.,]/}"
}

# Other work on the machine must not decide what a hog gets.
favour_instance() {
	local tree
	while read -r tree; do
		[ ! -e "$tree/cpu.weight" ] || echo 10000 >"$tree/cpu.weight"
		[ ! -e "$tree/cpu.shares" ] || echo 262144 >"$tree/cpu.shares"
	done < <(trees "$NAME")
}

used_ns() { # PID...: processor time of their first threads
	local pid used sum=0
	for pid; do
		read -r used _ <"/proc/$pid/schedstat"
		sum=$((sum + used))
	done
	echo $sum
}

# Percent of one processor, in tenths, that processes have together for a while.
share_of() { # SECONDS PID...
	local length=$1 start before
	shift
	before=$(used_ns "$@") start=$(microseconds)
	nap "$length"
	echo $((($(used_ns "$@") - before) / ($(microseconds) - start)))
}

# Starts hogs in a group; their processes are in HOGS.
start_hogs() { # GROUP COUNT
	local i
	favour_instance
	HOGS=()
	for ((i = 0; i < $2; i++)); do
		in_group "$1" "$PROGRAMS/demo-cpu-hog" 60000
		HOGS+=("$PID")
	done
}

# Less than the limit may be the machine's fault, so that is measured again; more never is.
share_is() { # GROUP COUNT TENTHS-OF-PERCENT
	local got i slack=$(($3 / 10))
	# In QEMU the clock itself is coarse: 10 % of the machine.
	! in_vm || slack=$((slack < 100 ? 100 : slack))
	start_hogs "$1" "$2"
	for i in 1 2 3 4; do
		got=$(share_of 1.5 "${HOGS[@]}")
		tell "group $1: $got tenths of a percent of a processor, $3 expected"
		[ "$got" -lt $(($3 - slack)) ] || break
	done
	kill "${HOGS[@]}"
	[ "$got" -ge $(($3 - slack)) ] && [ "$got" -le $(($3 + slack)) ]
}
