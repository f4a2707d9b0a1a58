#!/usr/bin/env bats
# reeve port: lines for a port, from files, pipes, -c and a terminal.
# bats file_tags=userland

bats_require_minimum_version 1.5.0
load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# What it says of errors goes to a file.
port() {
	timeout 60 reeve port "$@" 2>"$WORK/stderr"
}

@test "a script forks, makes calls below, executes a program and speaks to it" {
	cat >"$WORK/script" <<-'END'
		child = fork
		in $child getppid          # the first process
		below = in $child fork
		in $child/$below chdir /usr
		in $below getcwd
		exec $below sh -c 'read line; echo "$line from $(pwd)"; echo wrong >&2'
		send $below "a\x20line"
		wait $below
		tree
	END
	run -0 port "$WORK/script"
	stderr=$(cat "$WORK/stderr")
	[ -z "$stderr" ]
	child=${lines[0]} below=${lines[2]}
	[ "${lines[4]}" = '"/usr"' ]
	grep -qxF "$child/$below: a line from /usr" <<<"$output"
	grep -qxF "$child/$below stderr: wrong" <<<"$output"
	grep -qxF "$child/$below exit_status 0" <<<"$output"
	grep -qxF "$child/$below ended" <<<"$output"
}

@test "the lines may come by a pipe, one after the other" {
	printf 'getppid\n' | timeout 60 reeve port - | grep -qx '[0-9]*'
	mkfifo "$WORK/in"
	timeout 60 reeve port <"$WORK/in" >"$WORK/out" 3>&- &
	STARTED+=($!)
	exec 8>"$WORK/in"
	echo 'a = fork' >&8
	eventually test -s "$WORK/out"
	child=$(cat "$WORK/out")
	# what happens is shown while no line is there
	echo "exec $child sh -c 'kill -9 \$\$'" >&8
	eventually grep -qx "$child termsig sigkill" "$WORK/out"
	exec 8>&-
}

@test "a mistake is told with its line and column, and nothing after it is done" {
	run -2 port -c $'fork\ngetpdi\nmkdir '"$WORK/no 0755"
	stderr=$(cat "$WORK/stderr")
	[ "$stderr" = 'reeve: -c:2:1: "getpdi" is no call and no command; did you mean "getpid"?' ]
	[ ! -e "$WORK/no" ]
	run -2 port -c 'kill 1 sigtrem'
	stderr=$(cat "$WORK/stderr")
	[ "$stderr" = 'reeve: -c:1:8: kill: "sigtrem" is none of "signal"; did you mean "sigterm"?' ]
	run -2 port -c 'in 1 getpid'
	stderr=$(cat "$WORK/stderr")
	[[ $stderr == 'reeve: -c:1:4: no process "1" is known'* ]]
	run -2 port -c "getpid 'x"
	stderr=$(cat "$WORK/stderr")
	[[ $stderr == 'reeve: -c:1:8: '*'not closed' ]]
	run -2 port -c 'chmod /x'
	stderr=$(cat "$WORK/stderr")
	[[ $stderr == *'chmod has 2 arguments, and 1 is given: chmod PATH MODE' ]]
	run -2 timeout 60 reeve port "$WORK/x" y
	run -1 timeout 60 reeve port "$WORK/none"
	[[ $output == *"cannot open $WORK/none: No such file or directory" ]]
}

@test "a call that is refused, and a program that fails, end a script with 1; try goes on" {
	run -1 port -c $'chdir /nonexistent\ngetpid'
	stderr=$(cat "$WORK/stderr")
	[ "$stderr" = 'reeve: -c:1:1: chdir: enoent (No such file or directory)' ]
	[ -z "$output" ]
	run -0 port -c $'try chdir /nonexistent\ngetcwd'
	stderr=$(cat "$WORK/stderr")
	[[ $stderr == *enoent* && $output == '"'*'"' ]]
	run -1 timeout 60 reeve port -c $'a = fork\nexec $a false\nwait $a'
	[[ $output == *"has failed" ]]
	run -1 timeout 60 reeve port -c $'a = fork\nexec $a false'
	run -7 timeout 60 reeve port -c $'a = fork\nexec $a sleep 1000\nquit 7'
}

@test "stdin of a program ends by eof, and values have names" {
	run -0 timeout 60 reeve port -c $'a = fork\nexec $a cat\nsend $a one\neof $a\nwait $a'
	[[ $output == *": one"* ]]
	run -0 timeout 60 reeve port -c $'fd = open /dev/null o_wronly|o_cloexec 0\nwrite $fd abc\nclose $fd'
	[ "${lines[1]}" = 3 ]
	run -0 timeout 60 reeve port -c $'getcwd\nchdir $_\nsetrlimit rlimit_core 0:0\ngetrlimit rlimit_core'
	[ "${lines[3]}" = '["alcove_rlimit",0,0]' ]
}

@test "as JSON a line is what the port says" {
	run -0 timeout 60 reeve port --json -c $'a = fork\nexec $a echo hello\nwait $a'
	child=$(jq .ok <<<"${lines[0]}")
	jq -se 'any(.stdout == "hello\n" and .at == ['"$child"'])' <<<"$output"
	jq -se 'any(.event == ["exit_status", 0])' <<<"$output"
}

@test "help knows every call, and its arguments" {
	run -0 timeout 60 reeve port -c help
	for call in chmod fork cgroup_kill describe; do
		grep -q "^  $call " <<<"$output"
	done
	run -0 timeout 60 reeve port -c 'help kill'
	[[ $output == "kill PID SIGNAL"*"sends a signal"*"(constants signal)"* ]]
}

@test "on a terminal lines are edited and completed, and output comes above what is typed" {
	python3 "${BATS_TEST_DIRNAME}/terminal.py" reeve port <<-'END'
		< port>
		> a = fork\n
		< fork
		< port>
		> exec $a sh -c 'read x; echo la''te'\n
		< ok
		< port>
		> send $a x\n
		< : late
		< exit_status 0
		< port>
		> getpgr\t\n
		< \n
		< port>
		> kill 1 sigwinc
		< sigwinc
		> \t
		< h
		> \x03
		> getpdi\n
		< did you mean "getpid"?
		< port>
		> quit\n
	END
}
