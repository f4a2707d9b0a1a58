# The small program that `reeve` is, and reeve-commands, which it becomes for all that it leaves: who
# does what, and that nobody sees a difference.
# bats file_tags=userland

load helpers

WHOLE=$BUILD/src/front/reeve-commands

setup() {
	e2e_setup
	groups_section g | policy
	echo "rules: {}" >>"$POLICY"
}

teardown() {
	e2e_teardown
}

# Which program it is that starts what these words say.
starter() {
	timeout 60 reeve run "$@" -- sh -c 'basename "$(readlink /proc/$PPID/exe)"'
}

# Both ways: the same is printed, and the same is the end.
same() { # WORDS...
	local code=0 whole=0
	timeout 60 reeve "$@" >small.out 2>small.err || code=$?
	timeout 60 "$WHOLE" "$@" >whole.out 2>whole.err || whole=$?
	echo "$*: $code and $whole; $(<small.err) and $(<whole.err)"
	[ "$code" = "$whole" ] && cmp small.out whole.out && cmp small.err whole.err
}

@test "front: launches are done by the small program, all else by the other one" {
	[ "$(starter --runtime-dir "$RUN" -c "$POLICY" -g g)" = reeve-commands ]
	start
	[ "$(starter --runtime-dir "$RUN" -g g)" = reeve ]
	[ "$(starter --runtime-dir="$RUN" --config "$POLICY" --group g --nice 1 --umask 077)" = reeve ]
	[ "$(starter --runtime-dir "$RUN" --unshare ipc,uts --hostname box --capabilities sys_ptrace)" = reeve ]
	[ "$(starter --runtime-dir "$RUN" --limit pids=50)" = reeve-commands ]
	[ "$(starter --runtime-dir "$RUN" --seccomp 'errno EPERM @mount; kill ptrace')" = reeve ]
	[ "$(starter --runtime-dir "$RUN" --seccomp ordinary)" = reeve ]
	[ "$(starter --runtime-dir "$RUN" --seccomp '{"defaultAction": "SCMP_ACT_ALLOW"}')" = reeve-commands ]
	[ "$(starter --runtime-dir "$RUN" --user 0)" = reeve-commands ]
	[ "$(starter --runtime-dir "$RUN" --die-with-parent)" = reeve-commands ]
	timeout 60 reeve group freeze --runtime-dir "$RUN" g
	run timeout 60 reeve run --runtime-dir "$RUN" -g g -- true
	[ "$status" = 125 ]
	[[ $output == *'the group "g" is frozen'* ]]
}

is_known() {
	[ "$(starter --runtime-dir "$RUN" -g g)" = reeve ] && grep -q '^g	' "$RUN/group-index"
}

@test "front: where a group is need not be asked twice, as long as nothing changes and the daemon lives" {
	start
	eventually is_known
	kill -STOP "$DAEMON"
	[ "$(starter --runtime-dir "$RUN" -g g)" = reeve ]
	kill -CONT "$DAEMON"
	# Another group: what was known is not believed, and the new one is not there.
	timeout 60 reeve group create --runtime-dir "$RUN" new --pids 9
	[[ $(timeout 60 reeve run --runtime-dir "$RUN" -g new -- cat /proc/self/cgroup) == *"/new"* ]]
	timeout 60 reeve group delete --runtime-dir "$RUN" new
	run timeout 60 reeve run --runtime-dir "$RUN" -g new -- true
	[ "$status" = 125 ]
	# One that stands still would hold whoever starts a program in it.
	eventually is_known
	timeout 60 reeve group freeze --runtime-dir "$RUN" g
	run timeout 60 reeve run --runtime-dir "$RUN" -g g -- true
	[ "$status" = 125 ]
	[[ $output == *'the group "g" is frozen'* ]]
	timeout 60 reeve group thaw --runtime-dir "$RUN" g
	# A daemon that was killed looks after it no more.
	kill -KILL "$DAEMON"
	wait_gone "$DAEMON"
	[ "$(starter --runtime-dir "$RUN" -c "$POLICY" -g g)" = reeve-commands ]
}

# Whose group a program is in: its last part, by the hierarchy that has the limit.
place() {
	sed -n 's/.*\/\(run-[0-9]*\|'"$1"'\)$/\1/p' | sort -u
}

@test "front: a group is made for the program, holds it, and is gone when it has ended" {
	start
	[ "$(starter --runtime-dir "$RUN" --pids 50)" = reeve ]
	[ "$(starter --runtime-dir "$RUN" --pids 50 --pids 40)" = reeve-commands ]
	[ "$(starter --runtime-dir "$RUN" -n mine --ram 512M --cpu '1.5 cores' --cpus 0)" = reeve ]
	[ "$(timeout 60 reeve run --runtime-dir "$RUN" -n mine --pids 50 -- cat /proc/self/cgroup | place mine)" = mine ]
	timeout 60 reeve run --runtime-dir "$RUN" -n above/mine --pids 50 -- true
	[ -z "$(timeout 60 reeve group list --runtime-dir "$RUN" | grep above)" ]
	[[ $(timeout 60 reeve run --runtime-dir "$RUN" --pids 50 -- cat /proc/self/cgroup | place mine) =~ ^run-[0-9]+$ ]]
	run timeout 60 reeve run --runtime-dir "$RUN" --pids 1 -- sh -c '(true); exit 7'
	[ "$status" != 0 ]
	[[ $output == *'the kernel refused new processes or threads'* ]]
	# A limit that cannot hold, and a program that cannot start, leave none behind.
	run timeout 60 reeve run --runtime-dir "$RUN" --ram nonsense -- true
	[ "$status" != 0 ]
	timeout 60 reeve run --runtime-dir "$RUN" --pids 50 -- reeve-test-none && false || code=$?
	[ "$code" = 127 ]
	run timeout 60 reeve group list --runtime-dir "$RUN" --json
	[[ $output != *run-* && $output != *mine* ]]
	[ -z "$(find /sys/fs/cgroup -path "*$NAME*" -name 'run-*' -o -path "*$NAME*" -name mine)" ]
}

@test "front: a group that a child stays in stays, and is told" {
	start
	run timeout 60 reeve run --runtime-dir "$RUN" -n mine --pids 50 -- sh -c 'sleep 1000 >/dev/null 2>&1 3>&- & echo $!'
	[ "$status" = 0 ]
	owned "${lines[0]}"
	[[ $output == *'the group "mine" stays'* ]]
	timeout 60 reeve group kill --runtime-dir "$RUN" mine
	timeout 60 reeve group delete --runtime-dir "$RUN" mine
}

@test "front: what is said and how it ends is the same" {
	start
	same run --runtime-dir "$RUN" -g g -- cat /proc/self/cgroup
	same run --runtime-dir "$RUN" -g g -- sh -c 'exit 42'
	same run --runtime-dir "$RUN" -g g -- sh -c 'kill -USR1 $$'
	same run --runtime-dir "$RUN" -n mine --pids 50 -- sh -c 'exit 42'
	same run --runtime-dir "$RUN" -n mine --pids 1 -- sh -c '(true); exit 7'
	same run --runtime-dir "$RUN" -n mine --pids nonsense -- true
	same run --runtime-dir "$RUN" -n mine --cpu-idle perhaps -- true
	same run --runtime-dir "$RUN" -n g --pids 50 -- true
	same run --runtime-dir "$RUN" -n mine -- true
	same run --runtime-dir "$RUN" -n mine --pids 50 -- reeve-test-none
	same run --runtime-dir "$RUN" -g none -- true
	same run --runtime-dir "$RUN" -g 'a"b' -- true
	same run --runtime-dir "$RUN" -g g -- reeve-test-none
	same run --runtime-dir "$RUN" -g g -- /etc/passwd
	same run --runtime-dir "$RUN" -g g --timeout 0.2 -- sleep 1000
	same run --runtime-dir "$RUN" --timeout 0.2 -- sh -c 'sleep 1000 & sleep 1000'
	same run --runtime-dir "$RUN" -n mine --pids 50 --cpu-time 0.1 -- sh -c 'while :; do :; done'
	same run --runtime-dir "$RUN" --timeout 60 -- sh -c 'exit 3'
	same run --runtime-dir "$RUN" --timeout 0 -- true
	same run --runtime-dir "$RUN" --timeout soon -- true
	same run --runtime-dir "$RUN" -g g
	same run --runtime-dir "$RUN" -g g --nice 99 -- true
	same run --runtime-dir "$RUN" --group
	same run --runtime-dir "$RUN" -g g --hostnam x -- true
	same run -- true
	same run --nice 5 --env A=b --umask 022 -- sh -c 'nice; echo $A; umask'
	same run --chdir /none -- true
	same run --unshare mount --tmpfs /none/there -- true
	same run --capabilities chwon -- true
	same run --rlimit nofile=64 -- sh -c 'ulimit -n; ulimit -Hn'
	same run --seccomp 'errno EXDEV uname' -- uname
	same run --seccomp 'kill uname' -- uname
	same run --seccomp 'errno EPERM s390_guarded_storage' -- true
	same run --seccomp 'errno EPRM @mount' -- true
	same run --help
	same ru
	same
	same --version
}

@test "front: signals that were ignored or blocked stay so" {
	start
	(trap '' USR1 USR2 && timeout 60 reeve run --runtime-dir "$RUN" -g g -- grep -E '^Sig(Blk|Ign)' /proc/self/status) >small
	(trap '' USR1 USR2 && timeout 60 "$WHOLE" run --runtime-dir "$RUN" -g g -- grep -E '^Sig(Blk|Ign)' /proc/self/status) >whole
	cmp small whole
	ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' small)
	[ $((0x$ignored & 0xa00)) = $((0xa00)) ] # USR1, USR2
}
