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
	[ "$(starter --unshare ipc,uts --hostname box --capabilities sys_ptrace)" = reeve ]
	[ "$(starter --runtime-dir "$RUN" --pids 50)" = reeve-commands ]
	[ "$(starter --seccomp 'errno EPERM @mount; kill ptrace')" = reeve ]
	[ "$(starter --seccomp ordinary)" = reeve ]
	[ "$(starter --seccomp '{"defaultAction": "SCMP_ACT_ALLOW"}')" = reeve-commands ]
	[ "$(starter --user 0)" = reeve-commands ]
	[ "$(starter --die-with-parent)" = reeve-commands ]
	timeout 60 reeve group freeze --runtime-dir "$RUN" g
	run timeout 60 reeve run --runtime-dir "$RUN" -g g -- true
	[ "$status" = 125 ]
	[[ $output == *'the group "g" is frozen'* ]]
}

@test "front: what is said and how it ends is the same" {
	start
	same run --runtime-dir "$RUN" -g g -- cat /proc/self/cgroup
	same run --runtime-dir "$RUN" -g g -- sh -c 'exit 42'
	same run --runtime-dir "$RUN" -g g -- sh -c 'kill -USR1 $$'
	same run --runtime-dir "$RUN" -g none -- true
	same run --runtime-dir "$RUN" -g 'a"b' -- true
	same run --runtime-dir "$RUN" -g g -- reeve-test-none
	same run --runtime-dir "$RUN" -g g -- /etc/passwd
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
