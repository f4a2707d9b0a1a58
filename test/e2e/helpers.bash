# shellcheck shell=bash
# What the end-to-end tests share: a daemon of one's own with one's own policy, groups and folder,
# programs to be placed, and the taking away of all that. A .bats file says `load helpers`, and has
# setup() and teardown() call e2e_setup and e2e_teardown.
#
# A command that could hang is run under `timeout`; what runs in the background has fd 3 closed, or
# bats would wait for it.

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
BUILD=${REEVE_BUILD:-$TREE/build}
export PATH="$TREE/bin:$PATH"

e2e_setup() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	# bats traces every command, to name the one that failed: in the test itself that is enough.
	set +T
	declare -ft "$BATS_TEST_NAME"
	# A pipe that nobody writes to: reading it with a time-out sleeps without a program.
	[ -n "${NEVER:-}" ] || exec {NEVER}<> <(:)
	NAME=reeve-test-${REEVE_TEST_RUN:-$$}-$(basename "$BATS_TEST_FILENAME" .bats)-$BATS_TEST_NUMBER
	WORK=$BATS_TEST_TMPDIR/reeve-test
	RUN=$WORK/run
	POLICY=$WORK/policy.yaml
	DAEMON=
	GUARD=
	STARTED=()
	declare -gA BORN=()
	DAEMON_PREFIX=() # what the daemon is run by, for example e2e-without
	export E2E_NAME=$NAME
	unset E2E_COUNT E2E_OUT NOTIFY_SOCKET
	mkdir -p "$WORK"
	chmod 755 "$BATS_TEST_TMPDIR" "$WORK"
	cd "$WORK" || return 1
}

# Takes back what a test started, mounted and made, in this order: each keeps the next one busy.
e2e_teardown() {
	[ -n "${WORK:-}" ] || return 0
	cd / || return 1
	if [ -z "${BATS_TEST_COMPLETED:-}" ] && [ -s "$WORK/log" ]; then
		echo "the daemon's log ends with:"
		tail -n 20 "$WORK/log"
	fi
	end_processes
	wait 2>/dev/null || true
	unmount_all
	remove_groups
}

# Everything that still runs out of the test's folder, too. KILL ends stopped ones as well. A process
# is gone when it holds nothing any more, which is some time after it was killed; and one that was
# being started when we looked is found in the next round.
end_processes() {
	local round pids pid
	for round in {1..20}; do
		pids=($(own_processes))
		for pid in "${STARTED[@]}"; do
			# Numbers come again, and then are somebody else's.
			[ "$(born "$pid")" != "${BORN[$pid]-$(born "$pid")}" ] || pids+=("$pid")
		done
		STARTED=()
		[ ${#pids[@]} -gt 0 ] || return 0
		kill -KILL "${pids[@]}" 2>/dev/null || true
		wait_gone "${pids[@]}"
	done
}

unmount_all() {
	local point points=() i
	while read -r _ point _; do
		[[ $point != "$WORK"* ]] || points+=("$point")
	done </proc/self/mounts
	for ((i = ${#points[@]} - 1; i >= 0; i--)); do
		umount -l "${points[i]}"
	done
}

# A test's groups are gone when it ends, or it has failed; the next one must not find them either way.
remove_groups() {
	local left top round
	# A daemon that the test itself has killed may still be ending.
	for round in {1..20}; do
		clean >"$BATS_TEST_TMPDIR/cleaned" 2>&1 || true
		left=($(group_tops))
		[ ${#left[@]} -gt 0 ] || return 0
		nap 0.1
	done
	echo "reeve clean said: $(<"$BATS_TEST_TMPDIR/cleaned")"
	for top in "${left[@]}"; do
		echo "left: $top, with the processes $(find "$top" -name cgroup.procs -exec cat {} +)"
		find "$top" -depth -type d -exec rmdir {} + || true
	done
	return 1
}

# The folders of the test's instances, one in each hierarchy.
group_tops() {
	local point type top
	while read -r _ point type _; do
		case $type in cgroup | cgroup2) ;; *) continue ;; esac
		for top in "$point/$NAME" "$point/$NAME"-*; do
			[ ! -d "$top" ] || printf '%s\n' "$top"
		done
	done </proc/mounts
}

# ---- policy and daemon ----

# For tests that have nothing to do with watching: in QEMU the kernel takes five seconds at each start of a
# daemon to check what a source would run there, should somebody watch.
unwatched() {
	UNWATCHED=${REEVE_TEST_VM:-}
}

# Reads a policy without its name from standard input.
policy() {
	{
		printf 'name: %s\n' "$NAME"
		cat
		[ -z "${UNWATCHED:-}" ] || echo 'source: off'
	} >"$POLICY.new"
	mv "$POLICY.new" "$POLICY"
}

# A policy of exact rules, one PATH=GROUP a word, whose groups limit the number of tasks.
rules() {
	{
		echo "rules:"
		local i=0 pair
		for pair; do
			i=$((i + 1))
			printf '  r%d: {paths: ["%s"], action: execute, group: %s}\n' "$i" "${pair%=*}" "${pair##*=}"
		done
		groups_section "${@##*=}"
	} | policy
}

# groups_section NAME...
groups_section() {
	echo "groups:"
	printf '%s\n' "$@" | sort -u | sed 's/.*/  &: {pids: 3000}/'
}

# Starts the daemon in the background and waits until it answers. $DAEMON, $GUARD and $JOB, which is
# what was started, are its processes.
start() {
	"${DAEMON_PREFIX[@]}" reeved --config "$POLICY" --runtime-dir "$RUN" "$@" </dev/null >"$WORK/log" 2>&1 3>&- &
	JOB=$!
	wait_up
}

wait_up() {
	local i line

	for ((i = 0; i < 1000; i++)); do
		if [ -S "$RUN/reeve.sock" ] && timeout 10 reeve status --runtime-dir "$RUN" >"$WORK/status" 2>&1; then
			read -r line <"$WORK/status"
			[[ ! $line =~ pid\ ([0-9]+) ]] || DAEMON=${BASH_REMATCH[1]}
			[[ ! $line =~ guard\ ([0-9]+) ]] || GUARD=${BASH_REMATCH[1]}
			return 0
		fi
		alive "$JOB" || break
		nap 0.02
	done
	echo "the daemon does not answer:"
	cat "$WORK/log"
	return 1
}

# Ends the daemon as an administrator would; its exit code.
stop() {
	local code=0

	kill -TERM "$JOB"
	wait_gone "$JOB" "$DAEMON" || return 1
	wait "$JOB" || code=$?
	return "$code"
}

reload() {
	timeout 20 reeve reload --runtime-dir "$RUN"
}

clean() {
	[ -e "$RUN/state.json" ] || return 0
	timeout 20 reeve clean --runtime-dir "$RUN" 3>&-
}

# When a process began, which with its number says which one it is; nothing where there is none.
born() { # PID
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	stat=(${stat##*) })
	echo "${stat[19]}"
}

# These processes are ended with the test.
owned() { # PID...
	local pid
	for pid; do
		STARTED+=("$pid")
		BORN[$pid]=$(born "$pid")
		[ -n "${BORN[$pid]}" ] || BORN[$pid]=gone
	done
}

# The command and what it executes, for who may not look into the tree.
copy_reeve() { # FOLDER
	local program
	program=$(readlink -f "$TREE/bin/reeve")
	cp "${program%/*}/reeve" "${program%/*}/reeve-commands" "$1"
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

# The test's processes: programs and scripts of its folder, and daemons whose command line has the folder. All
# of it by the shell: in QEMU starting a program takes as long as all this.
own_processes() {
	local place words comm map

	for place in /proc/[0-9]*; do
		# The kernel's own have no words. What ends meanwhile cannot be read.
		mapfile -d '' words <"$place/cmdline" && [ ${#words[@]} -gt 0 ] || continue
		read -r comm <"$place/comm" || continue
		case $comm in
		reeved | reeve-guard | gate)
			[[ ${words[*]} == *"$WORK"* ]] && echo "${place#/proc/}" && continue
			# The guard has no such words, but was started with our environment.
			grep -qzxF "BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR" "$place/environ" && echo "${place#/proc/}" && continue
			;;
		esac
		# A script of the folder: a trigger's, of a daemon that was killed.
		[[ ${words[1]:-} == "$WORK"/* ]] && echo "${place#/proc/}" && continue
		# Addresses, mode, offset, device, inode, path; the program itself is the first.
		read -r _ _ _ _ _ map <"$place/maps" && [[ $map == "$WORK"/* ]] && echo "${place#/proc/}"
	done 2>/dev/null
	return 0
}

nap() { # SECONDS
	local nothing
	read -r -t "$1" -u "$NEVER" nothing || true
}

wait_gone() { # PID...
	local pid end=$((SECONDS + 20))

	for pid; do
		while alive "$pid"; do
			if [ $SECONDS -ge $end ]; then
				echo "process $pid is still there after 20 s"
				return 1
			fi
			nap 0.01
		done
	done
}

# Tries a command until it succeeds, for at most 10 seconds.
eventually() { # COMMAND...
	local i

	for ((i = 0; i < 200; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		nap 0.05
	done
	echo "never came true: $*"
	"$@"
}

# Whether a file has so many lines.
lines() { # COUNT FILE
	[ "$(wc -l <"$2")" = "$1" ]
}

# A counter of the daemon, by its name in `reeve status`.
counter() { # NAME
	local value
	value=$(timeout 20 reeve status --all --runtime-dir "$RUN" | awk -v name="$1" '$2 == name { print $1 }')
	echo "${value:-0}"
}

counter_is() { # NAME VALUE
	[ "$(counter "$1")" = "$2" ]
}

counter_above() { # NAME VALUE
	[ "$(counter "$1")" -gt "$2" ]
}

kernel_at_least() { # VERSION
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -1)" = "$1" ]
}

log_has() { # REGULAR-EXPRESSION
	grep -q -- "$1" "$WORK/log" && return 0
	echo "not in the log: $1"
	cat "$WORK/log"
	return 1
}

# ---- programs ----

# A copy of the probe at each path.
probe() { # PATH...
	local path
	for path; do
		mkdir -p "$(dirname "$path")"
		cp "$BUILD/test/programs/e2e-probe" "$path"
	done
}

# How often a test does something: in QEMU an execution takes fifty times as long.
few() { # HERE IN-QEMU
	if [ -n "${REEVE_TEST_VM:-}" ]; then echo "$2"; else echo "$1"; fi
}

# Lets the gate take files for old ones, which it then need not ask about again.
settle() {
	nap 2.1
}

# What a command prints, standard error included, must be this.
expect() { # WANTED COMMAND...
	local wanted=$1 got code=0
	shift
	got=$(timeout 30 "$@" 2>&1 3>&-) || code=$?
	[ "$got" = "$wanted" ] && return 0
	printf 'of:     %q ' "$@"
	printf '\nwanted: %s\ngot:    %s\nexit:   %s\n' "$wanted" "$got" "$code"
	[ ! -S "$RUN/reeve.sock" ] || timeout 20 reeve status --runtime-dir "$RUN"
	cat "$WORK/log"
	return 1
}

# A command must fail with this exit code and say this on standard error.
refused() { # CODE REGULAR-EXPRESSION COMMAND...
	local wanted=$1 pattern=$2 code=0
	shift 2
	timeout 30 "$@" >"$WORK/said" 2>&1 3>&- </dev/null || code=$?
	if [ "$code" = "$wanted" ] && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$WORK/said"; }; then
		return 0
	fi
	printf 'of: %s\nwanted: exit %s, /%s/\ngot: exit %s\n' "$*" "$wanted" "$pattern" "$code"
	cat "$WORK/said"
	return 1
}

# Runs a program in the background; it is ended with the test. $! is its process.
background() { # COMMAND...
	"$@" </dev/null 3>&- &
	owned "$!"
}

# In which group of the test's instance a process is, or "-".
group_of() { # PID
	local group
	group=$(sed -n "s|.*/$NAME/||p" "/proc/$1/cgroup" | sort -u)
	echo "${group:--}"
}

is_in() { # PID GROUP
	[ "$(group_of "$1")" = "$2" ]
}

# Milliseconds of a clock that only goes forward.
now_ms() {
	local up
	read -r up _ </proc/uptime
	up=${up/./}0
	echo "$((10#$up))"
}
