#!/usr/bin/env bats
# reeve reload --exec: the daemon's program is executed anew and takes over all that the running one has.

load helpers

setup() {
	e2e_setup
	mkdir -m 755 services
	cp "$BUILD/test/programs/e2e-agent" "$WORK/agent"
}

teardown() {
	local top pid
	[ -n "${WORK:-}" ] || return 0
	[ ! -S "$RUN/reeve.sock" ] || timeout 20 reeve service stop --runtime-dir "$RUN" agent >/dev/null 2>&1 3>&- || true
	for top in $(group_tops); do
		for pid in $(find "$top" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
			kill -KILL "$pid" 2>/dev/null || true
		done
	done
	e2e_teardown
}

exec_anew() {
	timeout 60 reeve reload --exec --runtime-dir "$RUN" 3>&-
}

# Takes over the variables of the daemon that runs now.
look_again() {
	local line
	timeout 20 reeve status --runtime-dir "$RUN" >"$WORK/status"
	read -r line <"$WORK/status"
	[[ $line =~ pid\ ([0-9]+) ]] && DAEMON=${BASH_REMATCH[1]}
	[[ $line =~ guard\ ([0-9]+) ]] && GUARD=${BASH_REMATCH[1]}
}

# Executes the probe again and again, until the file "enough" is there: each run's group in a line, and those
# that could not be executed.
storm() { # OUT
	while [ ! -e enough ]; do
		./dir/probe || echo failed
	done >"$1" 2>&1
}

@test "under load every execution is right before, during and after; counters go on" {
	local old guard before i
	probe dir/probe
	rules "$WORK/dir/probe=g"
	start
	old=$DAEMON guard=$GUARD
	expect "$(./dir/probe)" ./dir/probe
	./dir/probe >one
	background storm a
	background storm b
	eventually test -s a
	eventually test -s b
	for i in 1 2 3; do
		exec_anew >said || { cat said log; return 1; }
		grep -q "^version .* runs now, as process" said
	done
	before=$(counter keeper.matched)
	look_again
	[ "$DAEMON" != "$old" ]
	[ "$GUARD" = "$guard" ]
	eventually counter_above keeper.matched $((before + 20))
	touch enough
	wait_gone "${STARTED[@]}"
	# Nothing but the same line.
	[ "$(cat a b | sort -u)" = "$(cat one)" ]
	# Each was counted: the two loops and ours.
	eventually counter_is keeper.matched $(($(cat a b | wc -l) + 3))
	counter_is engine.handovers 3
	counter_is queue.decisions_lost 0
	wait_gone "$old"
	# The guard is the daemon's parent, and ends it.
	stop
}

field() { # NAME MEMBER
	timeout 20 reeve service status --runtime-dir "$RUN" "$1" --json |
		awk -v key="\"$2\":" '$1 == key && !found { sub(/,$/, "", $2); gsub(/"/, "", $2); print $2; found = 1 }'
}

is() { # NAME MEMBER VALUE
	[ "$(field "$1" "$2")" = "$3" ]
}

isnt() {
	! is "$@"
}

agent() { # WORD... <<< more keys
	local words
	words=$(printf ', "%s"' "$@")
	{
		printf 'run: ["%s"%s]\n' "$WORK/agent" "$words"
		cat
	} >services/agent.yaml
}

@test "services run on, are supervised, and how they end is known" {
	local pid
	agent wait <<<"enabled: true
restart: always
restart_delay: 1ms"
	policy <<<"rules: {}"
	start
	eventually is agent state running
	pid=$(field agent pid)
	exec_anew
	exec_anew
	is agent state running
	is agent pid "$pid"
	is agent starts 1
	# Whoever started it is gone; the number is told all the same.
	kill -SEGV "$pid"
	eventually isnt agent pid "$pid"
	eventually is agent state running
	is agent signal SIGSEGV
	kill -KILL "$(field agent pid)"
	eventually is agent restarts 2
	stop
}

# bats test_tags=userland
@test "a policy that is refused, a program that cannot be executed, one that ends: the old daemon goes on" {
	local old
	mkdir sbin
	cp "$BUILD/src/daemon/reeved" "$BUILD/src/daemon/reeve-guard" sbin/
	PATH=$WORK/sbin:$PATH
	probe dir/probe
	rules "$WORK/dir/probe=g"
	start
	old=$DAEMON
	cp "$POLICY" good
	echo "nonsense: 1" >>"$POLICY"
	refused 1 'policy.yaml:[0-9]*:1: .*nonsense' reeve reload --exec --runtime-dir "$RUN"
	cp good "$POLICY"
	sed -i "s/^name: .*/&-other/" "$POLICY"
	refused 1 'restart the daemon for that' reeve reload --exec --runtime-dir "$RUN"
	cp good "$POLICY"

	# An upgrade that went wrong.
	rm sbin/reeved
	refused 1 'cannot execute .*/sbin/reeved: No such file' reeve reload --exec --runtime-dir "$RUN"
	echo rubbish >sbin/reeved
	chmod 755 sbin/reeved
	refused 1 'cannot execute .*Exec format error' reeve reload --exec --runtime-dir "$RUN"
	printf '#!/bin/sh\nexit 3\n' >sbin/reeved
	refused 1 'ended before it was ready' reeve reload --exec --runtime-dir "$RUN"

	look_again
	[ "$DAEMON" = "$old" ]
	counter_is engine.handovers_failed 5
	expect g ./dir/probe
	expect g ./dir/probe
	# And one that is right again, at the name where the next version is.
	rm sbin/reeved
	cp "$BUILD/src/daemon/reeved" sbin/
	exec_anew
	look_again
	[ "$DAEMON" != "$old" ]
	counter_is keeper.matched 2
	expect g ./dir/probe
	stop
}

@test "a new policy comes with it; triggers that run end well; who watches is told" {
	local line
	probe dir/probe dir/other
	printf '#!/bin/sh\nread line <"%s"\necho "$line" >"%s"\n' "$WORK/fifo" "$WORK/triggered" >slow
	chmod 755 slow
	mkfifo fifo
	policy <<<"rules:
  first: {paths: ['$WORK/dir/probe'], action: execute, group: g, trigger: slow}
triggers: {slow: {run: '$WORK/slow', user: root}}
groups: {g: {pids: 100}}"
	start
	background timeout 60 reeve watch --runtime-dir "$RUN" --exe "$WORK/dir/other" >watched 2>&1
	./dir/probe
	eventually counter_is trigger.running 1
	policy <<<"rules:
  first: {paths: ['$WORK/dir/probe'], action: execute, group: g}
  second: {paths: ['$WORK/dir/other'], action: execute, group: h}
groups: {g: {pids: 100}, h: {pids: 100}}"
	line=$DAEMON
	exec_anew
	expect h ./dir/other
	expect g ./dir/probe
	eventually grep -q 'has taken over: connect again' watched
	# The one before waits for it.
	alive "$line"
	echo on >fifo
	wait_gone "$line"
	[ "$(<triggered)" = on ]
	eventually counter_is trigger.succeeded 1
	stop
}

in_group() { # GROUP PID
	grep -q "/$1\$" "/proc/$2/cgroup"
}

@test "who changes users while nobody looks is placed afterwards, and the gap is told and counted" {
	local pid
	# Of this source there are not two at once.
	policy <<<"source: connector
rules: {them: {on: [execute, setuid], uid: 61241, group: g}}
groups: {g: {pids: 1000}}"
	cat >changing.py <<-'END'
		import os, time
		pids = []
		while not os.path.exists("enough") and len(pids) < 400:
		    pid = os.fork()
		    if pid == 0:
		        os.setuid(61241)
		        time.sleep(600)
		    pids.append(pid)
		    time.sleep(0.005)
		open("pids.new", "w").write("".join(f"{pid}\n" for pid in pids))
		os.rename("pids.new", "pids")
		time.sleep(600)
	END
	start
	eventually observes
	background python3 changing.py
	eventually counter_above observer.events 10
	exec_anew
	eventually counter_above observer.gaps 0
	touch enough
	eventually test -e pids
	owned $(<pids)
	while read -r pid; do
		eventually in_group g "$pid"
	done <pids
	grep -q 'nobody was told of forks' log
	stop
}

@test "rules on forks and ends hold before, during and after: whoever is born is told of once, and so is his end" {
	local i
	policy <<<"rules:
  born: {on: fork, uid: 61243, log: \"born %p\"}
  over: {on: exit, uid: 61243, log: \"over %p\"}"
	# Forks until told otherwise, and says whom: a line a child, which ends at once.
	cat >forking.py <<-'END'
		import os, time
		os.setuid(61243)
		with open("children", "w") as out:
		    while not os.path.exists("enough"):
		        pid = os.fork()
		        if pid == 0:
		            os._exit(0)
		        os.waitpid(pid, 0)
		        print(pid, file=out, flush=True)
		        time.sleep(0.01)
		time.sleep(600)
	END
	touch children
	chmod 666 children
	start
	eventually observes
	reeve status --runtime-dir "$RUN" --json | tr -d ' \n' | grep -qF '"name":"bpf","state":"running"' || skip "needs BPF"
	background python3 forking.py
	eventually told_of_last
	for i in 1 2; do
		exec_anew
		eventually told_of_last
	done
	touch enough
	eventually told_of_last
	[ -z "$(grep -oE '(born|over) [0-9]+' log | sort | uniq -d)" ]
	for i in born over; do
		sed "s/^/$i /" children | sort >wanted
		grep -oE "$i [0-9]+" log | sort >got
		[ -z "$(comm -23 wanted got)" ] || { echo "not told:"; comm -23 wanted got; return 1; }
	done
	! grep -q 'nobody was told of forks' log
	stop
}

# Whether both was told of a child of now.
told_of_last() {
	local pid
	pid=$(tail -n 1 children)
	[ -n "$pid" ] && eventually grep -q "born $pid" log && eventually grep -q "over $pid" log
}

observes() {
	! reeve status --runtime-dir "$RUN" --json | tr -d ' \n' | grep -qF '"state":"starting"'
}

@test "the sockets of a service that rests, and the register socket, are handed over" {
	load register
	agent serve hello <<<"enabled: true
restart: always
restart_delay: 1h
restart_delay_max: 1h
listen: \"unix:$WORK/s\""
	policy <<<"rules: {}"
	start --register-socket "$WORK/register.socket"
	eventually is agent state running
	# The second end in a row: now it rests, and its socket is the daemon's alone.
	kill -KILL "$(field agent pid)"
	eventually is agent restarts 1
	eventually is agent state running
	kill -KILL "$(field agent pid)"
	eventually is agent state backoff
	# It is in the socket's queue before, and is answered after.
	background python3 -c '
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
open("waits", "w").close()
open("heard", "w").write(client.recv(64).decode())' "$WORK/s"
	eventually test -e waits
	exec_anew
	is agent state backoff
	register "$WORK/register.socket" $$ 0 | grep -q SUCCESS
	timeout 30 reeve service start --runtime-dir "$RUN" agent
	eventually grep -q hello heard
	stop
}

@test "what is asked of it meanwhile waits for the new one, and leaves nothing behind" {
	local i
	policy <<<"rules: {}"
	start
	launches() {
		while [ ! -e enough ]; do
			timeout 60 reeve run --pids 9 --runtime-dir "$RUN" -- /bin/sh -c 'echo ran' || echo "failed: $?"
		done >"$1" 2>&1
	}
	background launches a
	background launches b
	eventually test -s a
	for i in 1 2 3; do
		exec_anew
	done
	touch enough
	wait_gone "${STARTED[@]}"
	[ "$(cat a b | sort -u)" = ran ]
	[ -z "$(find $(group_tops) -name 'run-*')" ]
}
