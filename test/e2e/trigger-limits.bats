#!/usr/bin/env bats
# Triggers: what they are told, where and for how long they run, and how many of them.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
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

# A rule on executing ./a with the trigger `t`, whose keys besides `run` are these.
triggering() { # KEYS
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: t}
		groups:
		  held: {pids: 100}
		triggers:
		  t: {run: $WORK/t$1}
	EOF
}

@test "arguments have fields, which are bytes and no shell's" {
	probe 'a $(id) b'
	program t <<-'END'
		printf '%s\n' "$#" "$@" >got.new
		mv got.new got
	END
	policy <<-EOF
		rules:
		  a: {paths: ["$WORK/a*"], action: execute, trigger: t}
		triggers:
		  t: {run: $WORK/t, args: ["pid=%p", "%f", "%n", "%r/%a", "%u", "%U", "100%%", "%w"]}
	EOF
	start
	expect - './a $(id) b'
	eventually test -e out/got
	cat out/got
	[ "$(sed -n '1p;3,$p' out/got)" = "$(printf '%s\n' 8 "$WORK/a \$(id) b" 'a $(id) b' \
		a/execute root 0 100% "$WORK")" ]
	grep -qx 'pid=[0-9]*' out/got
}

@test "a letter that is no field is refused when the policy is read" {
	probe a
	program t <<<true
	triggering ', args: ["%q"]'
	refused 1 '%q.* is no field' reeve check "$POLICY"
}

@test "is told the arguments of the program, and the script" {
	probe a
	printf '#!/bin/sh\nexit 0\n' >script
	chmod +x script
	program t <<-'END'
		echo "$REEVE_ARGV|$REEVE_SCRIPT|$FETTER_EXE|$1" >>got
	END
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a, $WORK/script], action: execute, trigger: t}
		triggers:
		  t: {run: $WORK/t, args: ["%s"]}
	EOF
	start
	background ./a hold 400 "$WORK/here"
	eventually test -s out/got
	grep -qxF "[\"./a\",\"hold\",\"400\",\"$WORK/here\"]||$WORK/a|" out/got
	sed -i 's/exit 0/sleep 1/' script
	background ./script 'x y' '"q"'
	eventually lines 2 out/got
	cat out/got
	grep -qxF "[\"/bin/sh\",\"./script\",\"x y\",\"\\\"q\\\"\"]|$WORK/script|$(readlink -f /bin/sh)|$WORK/script" out/got
}

@test "is told the arguments of what is over before anybody could look, too" {
	printf '#!%s/a  one argument \n' "$WORK" >script
	chmod +x script
	cp /bin/true a
	program t <<-'END'
		echo "$REEVE_ARGV|$REEVE_SCRIPT|$REEVE_EXEC_ID" >>got
	END
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a, $WORK/script], action: execute, trigger: t}
		triggers:
		  t: {run: $WORK/t, rate: 1000/s, queue: 200}
	EOF
	start
	for i in 1 2 3 4 5; do
		./a "$i" 'x y'
	done
	eventually lines 5 out/got
	for i in 1 2 3 4 5; do
		./script "$i" 'x y'
	done
	# The script's and its interpreter's: two files.
	eventually lines 15 out/got
	cat out/got
	for i in 1 2 3 4 5; do
		grep -qE "^\[\"\./a\",\"$i\",\"x y\"\]\|\|[0-9a-f]+-[0-9a-f]+-[0-9]+\.[0-9]+$" out/got
		grep -q "^\[\"$WORK/a\",\"one argument\",\"\./script\",\"$i\",\"x y\"\]|$WORK/script|" out/got
	done
}

@test "stdin: event is one line of JSON" {
	probe a
	program t <<-'END'
		cat >got.new
		mv got.new got
	END
	triggering ', stdin: event'
	start
	background ./a hold 300 "$WORK/here"
	local pid=$!
	eventually test -s out/got
	lines 1 out/got
	cat out/got
	local part
	for part in "\"pid\":$pid," '"rule":"a"' '"action":"execute"' '"decision":"allow"' \
		"\"path\":\"$WORK/a\"" '"user":"root"' "\"cwd\":\"$WORK\"" '"argv":["./a","hold",'; do
		grep -qF "$part" out/got
	done
}

@test "user by number, with its groups; env, cwd" {
	probe a
	program t <<-'END'
		{
			id -u
			id -g
			id -G
			echo "$A|$HOME|$USER|$here"
		} >got.new
		mv got.new got
	END
	sed -i 's/^cd .*/here=$(pwd); &/' t
	triggering ', user: 1, cwd: /usr, env: {A: "b c"}'
	start
	expect - ./a
	eventually test -s out/got
	cat out/got
	[ "$(cat out/got)" = "$(printf '%s\n' "$(id -u daemon)" "$(id -g daemon)" "$(id -G daemon)" \
		"b c|$(getent passwd daemon | cut -d : -f 6)|daemon|/usr")" ]
}

@test "runs in a cgroup of its own, in the group that it names" {
	probe a
	program t <<-'END'
		cat /proc/self/cgroup >got.new
		mv got.new got
	END
	triggering ''
	start
	expect - ./a
	eventually test -s out/got
	grep -q "/$NAME/reeve-triggers/reeve-cell" out/got
	rm out/got
	triggering ', group: held'
	reload
	expect - ./a
	eventually test -s out/got
	cat out/got
	grep -q "/$NAME/held/reeve-cell" out/got
	# In each hierarchy that holds the group's limits.
	grep -E ':pids:|^0::' out/got | grep -q "/$NAME/held"
	stop
	[ -z "$(find /sys/fs/cgroup -maxdepth 5 -path "*/$NAME/*" -name 'reeve-cell*' 2>/dev/null)" ]
}

@test "is ended when its time is up, with all that it has started" {
	probe a
	program t <<-END
		setsid sh -c 'echo \$\$ >>pids; trap "" TERM; sleep 1000; sleep 1000' &
		(setsid setsid sh -c 'echo \$\$ >>pids; sleep 1000' &)
		echo \$\$ >>pids
		sleep 1000
	END
	triggering ', timeout: 4s'
	start
	expect - ./a
	eventually lines 3 out/pids
	eventually log_has 'trigger "t" (process [0-9]*) took too long and was ended'
	wait_gone $(cat out/pids)
	[ "$(counter trigger.timed_out)" = 1 ]
}

@test "what it has left behind is ended when its time is up" {
	probe a
	program t <<-END
		setsid sh -c 'echo \$\$ >>pids; exec sleep 1000' >/dev/null 2>&1 &
		exit 0
	END
	triggering ', timeout: 4s'
	start
	expect - ./a
	eventually lines 1 out/pids
	wait_gone $(cat out/pids)
	eventually counter_is trigger.left_ended 1
	[ "$(counter trigger.timed_out)" = 0 ]
}

@test "prints without end, and holds nothing up" {
	probe a
	program t <<<'exec yes'
	triggering ', timeout: 1s'
	start
	expect - ./a
	for _ in {1..5}; do
		expect - ./a
		timeout 5 reeve status --runtime-dir "$RUN" >/dev/null
	done
	eventually log_has 'bytes in all'
}

@test "a rate: so many are run, the others are dropped and counted" {
	probe a
	program t <<<'echo x >>told'
	triggering ', rate: 5/s, queue: 0'
	start
	local begun ended
	begun=$(now_ms)
	for _ in {1..100}; do
		./a >/dev/null
	done
	ended=$(now_ms)
	local most=$((5 + (ended - begun) * 5 / 1000 + 1))
	eventually counter_is trigger.running 0
	local ran
	ran=$(wc -l <out/told)
	echo "$ran of at most $most in $((ended - begun)) ms"
	[ "$ran" -ge 5 ]
	[ "$ran" -le "$most" ]
	[ "$(counter trigger.dropped_rate)" = $((100 - ran)) ]
	[ "$(counter trigger.dropped)" = $((100 - ran)) ]
	reeve status --runtime-dir "$RUN" --json | tr -d ' \n' >status
	grep -qE "\"triggers\":\{\"t\":\{[^}]*\"dropped_rate\":$((100 - ran))[,}]" status
	log_has 'trigger "t" dropped: too many'
	# And at a limited rate.
	[ "$(grep -c 'dropped: too many' log)" -le 20 ]
}

@test "concurrency and queue" {
	probe a
	program t <<-'END'
		echo x >>told
		sleep 1
	END
	triggering ', concurrency: 2, queue: 1'
	start
	for _ in {1..6}; do
		./a >/dev/null
	done
	eventually counter_is trigger.dropped_concurrency 3
	eventually lines 3 out/told
	[ "$(counter trigger.started)" = 3 ]
}

@test "what a trigger has started sets nothing off, however it gets away" {
	probe a
	program t <<-END
		echo told >>told
		setsid sh -c '(sleep 0.3; setsid $WORK/a; $WORK/a) &' &
		(setsid setsid sh -c 'sleep 0.5; $WORK/a') &
		exit 0
	END
	triggering ''
	start
	for _ in {1..3}; do
		expect - ./a
	done
	eventually counter_is engine.self_triggers 9
	lines 3 out/told
}

@test "a program that every user may change is refused, when the policy is read and when it is run" {
	probe a
	program t <<<'echo x >>told'
	triggering ''
	start
	chmod o+w t
	expect - ./a
	eventually log_has 'trigger "t" .*cannot execute .*every user may change it'
	[ ! -e out/told ]
	refused 1 'every user may change' reeve check "$POLICY"
	chmod o-w t
	chmod a-x t
	refused 1 'there is no program' reeve check "$POLICY"
	chmod a+x t
	expect - ./a
	eventually test -s out/told
}

@test "a program on a file system that is mounted noexec is refused" {
	probe a
	mkdir mount
	mount -t tmpfs -o noexec none mount || skip "needs to mount"
	printf '#!/bin/sh\n' >mount/t
	chmod 755 mount/t
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, trigger: t}
		triggers:
		  t: {run: $WORK/mount/t}
	EOF
	refused 1 'noexec' reeve check "$POLICY"
	umount mount
}

@test "what runs when the daemon is killed goes with the groups" {
	probe a
	program t <<-END
		echo \$\$ >>pids
		exec sleep 1000
	END
	triggering ''
	start
	expect - ./a
	eventually lines 1 out/pids
	owned $(cat out/pids)
	kill -KILL "$DAEMON"
	wait_gone "$DAEMON"
	alive "$(cat out/pids)"
	start
	expect - ./a
	eventually lines 2 out/pids
	owned $(cat out/pids)
	stop
	kill $(cat out/pids) || true
	wait_gone $(cat out/pids)
	reeve clean --config "$POLICY" --runtime-dir "$RUN"
	[ -z "$(find /sys/fs/cgroup -maxdepth 4 -name "$NAME" 2>/dev/null)" ]
}
