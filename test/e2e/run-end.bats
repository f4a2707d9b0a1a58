# How what `reeve run` started ends: limits of time, signals, memory, tasks, and the report of it.

load helpers

setup() {
	e2e_setup
	policy <<<"rules: []"
	REPORT=$WORK/report.json
}

teardown() {
	e2e_teardown
}

reeve_run() {
	timeout 60 reeve run -c "$POLICY" --runtime-dir "$RUN" "$@"
}

# A value of the record, by its keys as Python writes them.
told() { # KEYS
	python3 -c "import json, sys; print(json.load(open(sys.argv[1]))$1)" "$REPORT"
}

no_groups() {
	[ -z "$(group_tops | xargs -r -I{} find {} -mindepth 1 -type d)" ]
}

@test "run's end: by itself, with what it used" {
	run reeve_run --report "$REPORT" -- sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3'
	[ "$status" -eq 3 ]
	[[ "$output" == "reeve: sh: ended by itself with 3, after "*"processor time "*"memory at most "* ]]
	[ "$(told '["reason"]')" = exit ]
	[ "$(told '["code"]')" = 3 ]
	[ "$(told '["cpu_ns"] > 0')" = True ]
	[ "$(told '["limits_hit"]')" = "[]" ]
	no_groups
	run reeve_run --report - -- echo hello
	[ "${lines[0]}" = hello ]
	[[ "$output" == *'"reason":"exit"'* ]]
	reeve_run --report "$REPORT" -- reeve-none || [ $? -eq 127 ]
	[ "$(told '["reason"]')" = not-started ]
	[[ "$(told '["error"]')" == *'no program "reeve-none"'* ]]
	reeve_run --report "$REPORT" --mkdir /x -- true || [ $? -eq 125 ]
	[ "$(told '["reason"]')" = not-started ]
	[ "$(told '["code"]')" = 125 ]
	run reeve_run --report "$WORK/none/report" -- touch "$WORK/started"
	[ "$status" -eq 125 ]
	[ ! -e "$WORK/started" ]
}

@test "run's end: a time limit holds for the whole tree" {
	run reeve_run --timeout 2 --report "$REPORT" -- sh -c \
		"trap '' TERM; setsid sh -c 'echo \$\$ >$WORK/one; exec sleep 100' & (sleep 100 & echo \$! >$WORK/two); sleep 100"
	[ "$status" -eq 124 ]
	[ "$(told '["reason"]')" = timeout ]
	[[ "$output" == *"killed, for its 2.0s were over"* ]]
	# Where the machine was too slow to start them in that time, there is nobody to look for.
	for file in "$WORK/one" "$WORK/two"; do
		if [ -s "$file" ] && alive "$(<"$file")"; then
			echo "$file: $(<"$file") is alive"
			return 1
		fi
	done
	no_groups
	# Without a group of its own, and without privileges.
	run setpriv --reuid 65534 --regid 65534 --clear-groups timeout 60 reeve run --timeout 0.3 -- sh -c 'setsid sleep 100 & sleep 100'
	[ "$status" -eq 124 ]
}

@test "run's end: a budget of processor time is the tree's" {
	run reeve_run --cpu-time 0.3 --report "$REPORT" -- sh -c 'while :; do :; done & while :; do :; done'
	[ "$status" -eq 124 ]
	[ "$(told '["reason"]')" = cpu-time ]
	[ "$(told '["cpu_ns"] >= 300000000')" = True ]
	no_groups
	run reeve_run --cpu-time 3 --report "$REPORT" -- sleep 0.1
	[ "$status" -eq 0 ]
}

@test "run's end: a signal, and who sent it" {
	reeve run -c "$POLICY" --runtime-dir "$RUN" --report "$REPORT" -- \
		sh -c "echo \$\$ >$WORK/pid; exec sleep 100" 3>&- &
	local run=$!
	owned "$run"
	eventually test -s "$WORK/pid"
	kill -TERM "$run"
	wait "$run" || [ $? -eq 143 ]
	[ "$(told '["reason"]')" = signal ]
	[ "$(told '["signal"]')" = 15 ]
	[ "$(told '["sender"]["pid"]')" = "$$" ] || [ "$(told '["sender"]["pid"]')" = "$BASHPID" ]
	run reeve_run --report "$REPORT" -- sh -c 'kill -SEGV $$'
	[ "$status" -eq 139 ]
	[[ "$output" == *"ended by SIGSEGV, after"* ]]
	# The first process of a namespace does not get what it does not handle: it is killed instead.
	reeve run -c "$POLICY" --runtime-dir "$RUN" --report "$REPORT" --unshare pid -- \
		sh -c "echo begun >$WORK/begun; exec sleep 100" 3>&- &
	run=$!
	owned "$run"
	eventually test -s "$WORK/begun"
	kill -HUP "$run"
	wait "$run" || [ $? -eq 129 ]
	[ "$(told '["signal"]')" = 1 ]
}

@test "run's end: memory and tasks at their limit" {
	run reeve_run --ram 20M --report "$REPORT" -- sh -c 'tail /dev/zero; exit 4'
	if [ "$status" -eq 125 ]; then
		skip "needs the memory controller: $output"
	fi
	[ "$status" -eq 4 ]
	[ "$(told '["reason"]')" = oom-kill ]
	[ "$(told '["usage"]["oom_kills"] >= 1')" = True ]
	[ "$(told '["limits_hit"][0]')" = oom ]
	[[ "$output" == *"its memory was at its limit, and the kernel killed "* ]]
	[ ! -r /dev/kmsg ] || [ "$(told '["oom_killed"][0]["name"]')" = tail ]
	run reeve_run --pids 2 --report "$REPORT" -- sh -c 'sleep 0 & sleep 0 & sleep 0 & wait'
	[ "$status" -ne 0 ]
	[ "$(told '["reason"]')" = pids-limit ]
	eventually no_groups
}

@test "run's end: a system call that is denied" {
	run reeve_run --report "$REPORT" --seccomp 'use ordinary; kill mkdir mkdirat' -- mkdir "$WORK/never"
	[ "$status" -eq 159 ]
	[ ! -e "$WORK/never" ]
	[ "$(told '["reason"]')" = denied-syscall ]
	# Which one, the kernel's log says, where that can be read and has not forgotten it.
	[[ "$output" == *"killed for "*"system call"*" denied, after"* ]]
}

@test "run's end: nothing outlives who started it" {
	# Its parent ends.
	sh -c "reeve run -c $POLICY --runtime-dir $RUN --die-with-parent -- \
		sh -c 'setsid sleep 100 & echo \$! >$WORK/child; sleep 100' 3>&- & echo \$! >$WORK/reeve; exec sleep 100" 3>&- &
	local parent=$!
	owned "$parent"
	eventually test -s "$WORK/child"
	owned "$(<"$WORK/child")"
	owned "$(<"$WORK/reeve")"
	kill -KILL "$parent"
	wait "$parent" || true
	wait_gone "$(<"$WORK/child")" "$(<"$WORK/reeve")"
	eventually no_groups
	# It is killed itself, and can do nothing any more: its guardian does.
	rm "$WORK/child"
	reeve run -c "$POLICY" --runtime-dir "$RUN" --die-with-parent -- \
		sh -c "setsid sleep 100 & echo \$! >$WORK/child; sleep 100" 3>&- &
	local run=$!
	owned "$run"
	eventually test -s "$WORK/child"
	owned "$(<"$WORK/child")"
	kill -KILL "$run"
	wait "$run" || true
	wait_gone "$(<"$WORK/child")"
	eventually no_groups
}

# bats test_tags=userland
@test "run's end: a terminal of its own" {
	run timeout 60 reeve run --pty -- sh -c '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && tty; exit 5' </dev/null
	[ "$status" -eq 5 ]
	[[ "$output" == *"/dev/pts/"* ]]
}

# bats test_tags=userland
@test "run's end: job control in a terminal of its own" {
	cat >job.py <<-'END'
		import os, signal
		# print() refuses to be entered by one handler within another.
		def say(text):
		    os.write(1, text.encode() + b"\n")
		signal.signal(signal.SIGCONT, lambda *_: say("goes on"))
		say("began")
		while True:
		    signal.pause()
	END
	timeout 120 python3 "$BATS_TEST_DIRNAME/terminal.py" reeve run --pty -- bash --norc --noediting -i <<-'END'
		> python3 job.py\n
		< began
		> \x1a
		< Stopped
		> echo at the pro""mpt\n
		< at the prompt
		> fg\n
		< goes on
		> \x03
		> echo still ""here\n
		< still here
		> exit 0\n
	END
}

# bats test_tags=userland
@test "run's end: ^Z of a program that is no shell, in a terminal of its own; its size" {
	cat >own.py <<-'END'
		import os, signal
		def say(text):
		    os.write(1, b"%s, %d by %d\n" % (text, *os.get_terminal_size(0)))
		signal.signal(signal.SIGCONT, lambda *_: say(b"goes on"))
		signal.signal(signal.SIGWINCH, lambda *_: say(b"is now"))
		say(b"began")
		while True:
		    signal.pause()
	END
	timeout 120 python3 "$BATS_TEST_DIRNAME/terminal.py" bash --norc --noediting -i <<-'END'
		> stty rows 20 cols 70; reeve run --pty -- python3 own.py\n
		< began, 70 by 20
		> \x1a
		< Stopped
		> stty -a | grep -q ' icanon' && echo co""oked; stty rows 25 cols 75\n
		< cooked
		> jobs -s\n
		< reeve run --pty
		> fg\n
		< goes on, 75 by 25
		> \x1a
		< Stopped
		> fg\n
		< goes on, 75 by 25
		> \x03
		< KeyboardInterrupt
		< bash-
		> reeve run --pty --init -- python3 own.py\n
		< began, 75 by 25
		> \x1a
		< Stopped
		> fg\n
		< goes on, 75 by 25
		> \x03
		< KeyboardInterrupt
		< bash-
		> echo still ""here\n
		< still here
		> exit 0\n
	END
}

# bats test_tags=userland
@test "run's end: bad limits are refused" {
	for words in "--timeout 0" "--timeout x" "--timeout -1" "--cpu-time 0s" "--cpu-time 5parsecs"; do
		# shellcheck disable=SC2086
		run reeve_run $words -- touch "$WORK/started"
		[ "$status" -eq 2 ]
		[[ "$output" == *"${words%% *}"*"no time above zero"* ]]
		[ ! -e "$WORK/started" ]
	done
}
