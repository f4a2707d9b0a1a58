#!/usr/bin/env bats
# Triggers: what is run when a rule matches, as whom and with what; KILL; and the rules on opening
# files, which mostly have triggers.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	# nobody has to get to what it runs and into where it writes.
	chmod a+x "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
	OUT=$WORK/out
	mkdir -m 1777 "$OUT"
}

teardown() {
	e2e_teardown
}

# A trigger's program; its script is read from standard input.
program() { # NAME
	{
		echo '#!/bin/sh'
		echo "cd $OUT || exit 1"
		cat
	} >"$1"
	chmod 755 "$1"
}

# `tell`, which adds a line to out/told: the rule and the action.
program_tell() {
	program tell <<-'END'
		echo "$REEVE_RULE $REEVE_ACTION" >>told
	END
}

# Rules "NAME=ACTION=PATH" with the trigger `tell`.
telling() {
	local one rest
	program_tell
	{
		echo "rules:"
		for one; do
			rest=${one#*=}
			echo "  ${one%%=*}: {paths: [\"${rest#*=}\"], action: ${rest%%=*}, trigger: tell}"
		done
		echo "triggers: {tell: {run: $WORK/tell}}"
	} | policy
}

# What was told since the last call must be these lines, in any order.
told() { # LINE...
	local wanted
	wanted=$(printf '%s\n' "$@" | sort)
	[ $# = 0 ] || eventually test -s "$OUT/told"
	[ $# = 0 ] || eventually lines $# "$OUT/told"
	# One more would have been counted already, at the gate.
	TOLD=$((${TOLD:-0} + $#))
	if [ "$(counter keeper.triggered)" != "$TOLD" ]; then
		echo "triggered $(counter keeper.triggered) times, not $TOLD:"
		cat "$OUT/told" "$WORK/log"
		return 1
	fi
	[ $# != 0 ] || return 0
	[ "$(sort "$OUT/told")" = "$wanted" ] || {
		cat "$OUT/told"
		return 1
	}
	rm "$OUT/told"
}

# Must be killed.
killed() { # COMMAND...
	local code=0
	timeout 20 "$BUILD/test/programs/e2e-probe" spawn "$@" >"$WORK/said" 2>&1 3>&- || code=$?
	[ "$code" = 137 ] && [ ! -s "$WORK/said" ] && return 0
	echo "exit code $code of $*:"
	cat "$WORK/said" "$WORK/log"
	return 1
}

# ---- what is run ----

@test "runs as nobody, without the daemon's groups, privileges and standard input" {
	probe a
	program who <<-'END'
		{
			id -u
			id -g
			id -G
			grep -E '^(NoNewPrivs|CapEff|SigBlk):' /proc/self/status
			readlink /proc/self/fd/0
			pwd -P
			ulimit -c
		} >who.new
		mv who.new who
	END
	sed -i 's/^cd .*/here=$(pwd -P); &/; s/pwd -P$/echo "$here"/' who
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: who}
		triggers:
		  who: {run: $WORK/who}
	EOF
	DAEMON_PREFIX=(setpriv --groups 0,4,27)
	start
	expect - ./a
	eventually test -e out/who
	cat out/who
	[ "$(head -n 3 out/who)" = "$(id -u nobody; id -g nobody; id -g nobody)" ]
	[ "$(tail -n 3 out/who)" = $'/dev/null\n/\n0' ]
	grep -qx $'CapEff:\t0*' out/who
	grep -qx $'SigBlk:\t0*' out/who
	grep -qx $'NoNewPrivs:\t1' out/who
}

@test "runs as the user that it names, with arguments as they are" {
	probe a
	program who <<-'END'
		printf '%s\n' "$(id -un)" "$HOME" "$USER" "$#" "$@" >who.new
		mv who.new who
	END
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: who}
		triggers:
		  who: {run: $WORK/who, user: daemon, args: ["a b", '\$HOME', "*", ""]}
	EOF
	start
	expect - ./a
	eventually test -e out/who
	[ "$(cat out/who)" = "$(printf '%s\n' daemon "$(getent passwd daemon | cut -d : -f 6)" daemon \
		4 'a b' '$HOME' '*' '')" ]
}

@test "has no descriptor of the daemon's or of its parent's" {
	probe a
	program fds <<-'END'
		exec >fds.new
		for fd in /proc/$$/fd/*; do
			[ "${fd##*/}" -lt 3 ] || readlink "$fd"
		done
		mv fds.new fds
	END
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: fds}
		triggers:
		  fds: {run: $WORK/fds}
	EOF
	echo secret >secret
	start 7<secret 9<secret
	expect - ./a
	eventually test -e out/fds
	# The shell's own script is all.
	grep -v "^$WORK/fds$" out/fds && return 1
	true
}

@test "has fetter's variables, reeve's, and none of the daemon's" {
	probe dir/a
	policy <<-EOF
		rules:
		  the rule: {paths: [$WORK/dir/a], action: execute, group: ga, trigger: env}
		groups:
		  ga: {pids: 100}
		triggers:
		  env: {run: cp, args: [/proc/self/environ, $OUT/env]}
	EOF
	SECRET=1 start
	background "$WORK/dir/a" hold 3000 "$WORK/there"
	local pid=$!
	eventually test -e there
	eventually test -s out/env
	tr '\0' '\n' <out/env | sort >env
	cat env
	cat >wanted <<-EOF
		FETTER_ARCH=$(uname -m)
		FETTER_EXE=$WORK/dir/a
		FETTER_EXIT=0
		FETTER_PID=$pid
		FETTER_RESULT=success
		FETTER_SYSCALL=execve
		FETTER_UID=0
		FETTER_EUID=0
		FETTER_GID=0
		FETTER_FSGID=0
		REEVE_ACTION=execute
		REEVE_GROUP=ga
		REEVE_PATH=$WORK/dir/a
		REEVE_RULE=the rule
		PATH=/usr/local/bin:/usr/bin:/bin
		USER=nobody
		LOGNAME=nobody
		HOME=$(getent passwd nobody | cut -d : -f 6)
	EOF
	while read -r line; do
		grep -qxF "$line" env || {
			echo "missing: $line"
			return 1
		}
	done <wanted
	local name
	for name in A0 A1 A2 A3 AUID COMM PPID SES SUID SGID FSUID EGID TTY; do
		grep -q "^FETTER_$name=." env
	done
	[ -z "$(grep -vE '^(FETTER_[A-Z0-9]+|REEVE_[A-Z_]+|PATH|HOME|USER|LOGNAME|SHELL)=' env)" ]
}

@test "gets a name with a newline whole" {
	local odd=$'sp ace\nSECRET=1'
	probe "$odd"
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/sp*], action: execute, trigger: env}
		triggers:
		  env: {run: cp, args: [/proc/self/environ, $OUT/env]}
	EOF
	start
	expect - "./$odd"
	eventually test -s out/env
	tr '\0\n' '\n\001' <out/env | grep -xF "REEVE_PATH=$WORK/sp ace"$'\001SECRET=1'
	! tr '\0\n' '\n\001' <out/env | grep ^SECRET
}

@test "the triggers of all rules that match, in groups or none" {
	probe a
	telling all=execute="$WORK/*" exact=execute="$WORK/a" folder=execute="$WORK/"
	start
	expect - ./a
	eventually test -s out/told
	eventually lines 3 out/told
	[ "$(sort out/told)" = $'all execute\nexact execute\nfolder execute' ]
}

@test "one that fails, one that is killed and one that cannot be started are logged" {
	probe a b c
	program fail <<-'END'
		echo "no such thing as luck" >&2
		exit 3
	END
	program die <<-'END'
		kill -TERM $$
	END
	printf '#!/nowhere/to/be/found\n' >broken
	chmod +x broken
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: fail}
		  b: {paths: [$WORK/b], action: execute, trigger: die}
		  c: {paths: [$WORK/c], action: execute, trigger: broken}
		triggers:
		  fail: {run: $WORK/fail}
		  die: {run: $WORK/die}
		  broken: {run: $WORK/broken}
	EOF
	start
	expect - ./a
	expect - ./b
	expect - ./c
	eventually log_has 'trigger "fail" (process [0-9]*) failed with exit code 3 after .*: no such thing'
	eventually log_has 'trigger "die" (process [0-9]*) was killed by signal 15'
	eventually log_has 'trigger "broken" .*cannot execute .*broken: No such file'
}

@test "ones that hang hold up neither programs nor the daemon, and end with it" {
	probe a
	program hang <<-'END'
		echo $$ >>pids
		exec sleep 1000
	END
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, group: ga, trigger: hang}
		groups:
		  ga: {pids: 100}
		triggers:
		  hang: {run: $WORK/hang}
	EOF
	start
	for i in {1..5}; do
		expect ga ./a
	done
	eventually test -s out/pids
	eventually lines 5 out/pids
	owned $(cat out/pids)
	for i in $(cat out/pids); do
		alive "$i"
	done
	timeout 5 reeve status --runtime-dir "$RUN"
	reload
	expect ga ./a
	eventually lines 6 out/pids
	owned $(cat out/pids)
	stop
	wait_gone $(cat out/pids)
}

@test "more than may run at once wait, and all are run" {
	probe a
	telling a=execute="$WORK/a"
	start
	for i in {1..45}; do
		./a >/dev/null
	done
	eventually lines 45 out/told
	[ "$(counter keeper.triggered)" = 45 ]
}

@test "one whose own program its rule names does not run itself" {
	probe a
	program_tell
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a, $WORK/tell], action: execute, trigger: tell}
		triggers:
		  tell: {run: $WORK/tell}
	EOF
	start
	expect - ./a
	eventually test -s out/told
	sleep 0.5
	lines 1 out/told
}

@test "one that runs what its rule names does not run itself, even when it ends before" {
	cp "$BUILD/test/programs/e2e-probe" a
	program tell <<-END
		echo told >>told
		$WORK/a
		$WORK/a
		$WORK/a hold 300 &
		(sleep 0.1; $WORK/a) &
		$WORK/a &
		exec $WORK/a
	END
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: tell}
		triggers:
		  tell: {run: $WORK/tell}
	EOF
	start
	for i in {1..5}; do
		expect - ./a
	done
	sleep 1
	cat out/told
	lines 5 out/told
}

@test "one that its rule names and that cannot be started is tried once" {
	probe a
	printf '#!/nowhere/to/be/found\n' >broken
	chmod +x broken
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a, $WORK/broken], action: execute, trigger: broken}
		triggers:
		  broken: {run: $WORK/broken}
	EOF
	start
	expect - ./a
	eventually log_has 'trigger "broken"'
	sleep 0.5
	[ "$(counter trigger.could_not_start)" = 1 ]
}

@test "one that reads and writes what its rule names does not run itself" {
	echo text >file
	chmod 666 file
	program tell <<-END
		echo "\$REEVE_ACTION" >>told
		cat $WORK/file
		echo more >>$WORK/file
	END
	policy <<-EOF
		rules:
		  r: {paths: [$WORK/file], action: read, trigger: tell}
		  w: {paths: [$WORK/file], action: write, trigger: tell}
		triggers:
		  tell: {run: $WORK/tell}
	EOF
	start
	cat file
	eventually test -s out/told
	sleep 0.5
	[ "$(cat out/told)" = read ]
}

# ---- KILL ----

@test "KILL on execute, before the first instruction" {
	probe a start
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: KILL}
	EOF
	start
	for i in {1..20}; do
		killed "$WORK/a" marker "$WORK/marker$i"
	done
	killed "$WORK/start" exec "$WORK/a" marker "$WORK/marker"
	killed "$WORK/start" by-fd "$WORK/a" marker "$WORK/marker"
	killed "$WORK/start" by-thread "$WORK/a" marker "$WORK/marker"
	[ -z "$(find . -name 'marker*')" ]
	eventually log_has "killed: $WORK/a, by rule \"a\""
	[ "$(counter keeper.killed)" = 23 ]
	expect - ./start
}

@test "KILL on a script and on an interpreter; other rules' groups and triggers apply" {
	probe interpreter
	printf '#!%s/interpreter\n' "$WORK" >bad
	printf '#!%s/interpreter\n' "$WORK" >good
	chmod +x bad good
	program_tell
	policy <<-EOF
		rules:
		  bad: {paths: [$WORK/bad], action: execute, trigger: KILL}
		  every: {paths: [$WORK/ba*], action: execute, group: ga, trigger: tell}
		groups:
		  ga: {pids: 100}
		triggers:
		  tell: {run: $WORK/tell}
	EOF
	start
	killed "$WORK/bad"
	expect - ./good
	told "every execute"
	policy <<-EOF
		rules:
		  good: {paths: [$WORK/good], action: execute, group: ga}
		  i: {paths: [$WORK/interpreter], action: execute, trigger: KILL}
		groups:
		  ga: {pids: 100}
	EOF
	reload
	killed "$WORK/good"
	killed "$WORK/bad"
	killed "$WORK/interpreter"
}

@test "KILL on read, before the first byte" {
	echo secret >file
	policy <<-EOF
		rules:
		  r: {paths: [$WORK/file], action: read, trigger: KILL}
	EOF
	start
	for way in r rw at-r 2-r 2-rw rtrunc; do
		killed "$BUILD/test/programs/e2e-probe" open "$way" "$WORK/file" "$WORK/marker"
	done
	killed /bin/cat "$WORK/file"
	[ ! -e marker ]
	[ "$(stat -c %s file)" = 7 ]
	for way in w at-w 2-w path; do
		expect ok "$BUILD/test/programs/e2e-probe" open "$way" file
	done
	expect ok "$BUILD/test/programs/e2e-probe" open trunc file
	[ ! -s file ]
}

@test "KILL on write, before the first byte" {
	echo text >file
	policy <<-EOF
		rules:
		  w: {paths: [$WORK/file], action: write, trigger: KILL}
	EOF
	start
	for way in w rw trunc rtrunc at-w 2-w 2-rw; do
		killed "$BUILD/test/programs/e2e-probe" open "$way" "$WORK/file" "$WORK/marker"
	done
	killed /bin/sh -c "echo more >$WORK/file"
	killed /bin/sh -c "echo more >>$WORK/file"
	[ ! -e marker ]
	expect ok "$BUILD/test/programs/e2e-probe" open r file
	expect text cat file
}

@test "KILL kills neither the daemon nor its guard" {
	echo text >file
	policy <<-EOF
		rules:
		  p: {paths: [$POLICY], action: read, trigger: KILL}
		  d: {paths: [$(readlink -f "$TREE/bin/reeve-guard")], action: read, trigger: KILL}
	EOF
	start
	reload
	alive "$DAEMON"
	alive "$GUARD"
	killed /bin/cat "$POLICY"
	reload
}

# ---- opening files ----

@test "each way to open is a read, a write or both" {
	echo text >file
	telling r=read="$WORK/file" w=write="$WORK/file"
	probe a
	start
	for way in r at-r 2-r; do
		expect ok ./a open "$way" file
		told "r read"
	done
	for way in w trunc at-w 2-w; do
		expect ok ./a open "$way" file
		told "w write"
	done
	for way in rw 2-rw rtrunc; do
		expect ok ./a open "$way" file
		told "r read" "w write"
	done
	expect ok ./a open path file
	told
	cat file
	told "r read"
	echo more >>file
	told "w write"
}

@test "opens by io_uring count as both" {
	echo text >file
	probe a
	telling r=read="$WORK/file" w=write="$WORK/file"
	start
	got=$(timeout 20 ./a open uring-r file) || true
	[ "$got" = ok ] || skip "needs io_uring"
	told "r read" "w write"
}

@test "an open puts the process into a group" {
	echo text >file
	cp "$BUILD/test/programs/e2e-probe" a
	policy <<-EOF
		rules:
		  r: {paths: [$WORK/file], action: read, group: ga}
		groups:
		  ga: {pids: 100}
	EOF
	start
	expect - ./a
	expect ga sh -c 'read -r line <file; exec ./a'
}

@test "opens that fail do nothing" {
	echo text >file
	mkdir folder
	chmod 600 file
	probe a
	telling r=read="$WORK/file" w=write="$WORK/file" n=read="$WORK/missing" f=read="$WORK/folder/"
	start
	expect ENOENT ./a open r missing
	expect ENOENT ./a open w folder/missing
	expect ENOTDIR ./a open r file/below
	expect EACCES setpriv --reuid nobody --regid nogroup --clear-groups ./a open r file
	expect EACCES setpriv --reuid nobody --regid nogroup --clear-groups ./a open w file
	stat file >/dev/null
	test -r file
	told
	[ "$(counter keeper.matched)" = 0 ]
}

@test "an execution is no read" {
	probe a
	telling r=read="$WORK/a" x=execute="$WORK/a"
	start
	expect - ./a
	told "x execute"
	cat a >/dev/null
	told "r read"
}

@test "a file that is replaced by rename, made anew, or appears later" {
	echo text >file
	telling r=read="$WORK/file" l=read="$WORK/later"
	start
	cat file
	told "r read"
	for i in {1..5}; do
		echo "$i" >new
		mv new file
		cat file
		told "r read"
	done
	rm file
	echo again >file
	cat file
	told "r read"
	echo text >later
	cat later
	told "l read"
}

@test "folders with what is below them, patterns" {
	mkdir -p folder/deep/deeper
	touch folder/one folder/deep/deeper/two x.key x.txt
	telling f=read="$WORK/folder" g=read="$WORK/*.key"
	start
	cat folder/one
	told "f read"
	cat folder/deep/deeper/two
	told "f read"
	cat x.key x.txt
	told "g read"
	cp x.txt folder/deep/three
	cp x.txt y.key
	told
	cat folder/deep/three
	told "f read"
	cat y.key
	told "g read"
	mkdir -p folder/new
	sleep 0.2
	touch folder/new/four
	cat folder/new/four
	told "f read"
}

@test "through symlinks, hard links and odd names" {
	local odd=$'sp ace\nnew line'
	touch file "$odd"
	ln -s file symlink
	ln file hardlink
	telling r=read="$WORK/file" o=read="$WORK/sp ace\\nnew line"
	start
	cat symlink
	told "r read"
	cat hardlink
	told "r read"
	cat "$odd"
	told "o read"
}

@test "an open's trigger is told the call and the program" {
	echo text >file
	policy <<-EOF
		rules:
		  r: {paths: [$WORK/file], action: read, trigger: env}
		triggers:
		  env: {run: cp, args: [/proc/self/environ, $OUT/env]}
	EOF
	start
	/bin/cat file
	eventually test -s out/env
	tr '\0' '\n' <out/env >env
	cat env
	grep -qx "FETTER_EXE=$(readlink -f /bin/cat)" env
	grep -qx "FETTER_COMM=cat" env
	grep -qx "FETTER_SYSCALL=openat" env
	grep -qx "REEVE_ACTION=read" env
	grep -qx "REEVE_PATH=$WORK/file" env
	grep -qx "REEVE_GROUP=" env
}

@test "a storm of executions does not become a storm of triggers" {
	probe a
	mkfifo never
	chmod 666 never
	program note <<-EOF
		read -r nothing <$WORK/never
	EOF
	policy <<-EOF
		rules:
		  r: {paths: ["$WORK/a"], action: execute, trigger: t}
		triggers:
		  t: {run: "$WORK/note", user: nobody}
	EOF
	start
	# More than may run and wait, even if those that run take so long that they are killed.
	timeout 400 "$BUILD/test/programs/demo-burst" 600 4 ./a
	eventually counter_is keeper.matched 600
	local started
	started=$(counter trigger.started)
	echo "started $started"
	[ "$started" -ge 20 ]
	[ "$started" -le 300 ]
	[ "$(($(counter trigger.dropped) + $(counter queue.triggers_lost)))" -gt 0 ]
}
