#!/usr/bin/env bats
# bats file_tags=userland
# Services among things that go wrong: a full disk, manifests that change, another daemon in the folder.

load helpers

setup() {
	e2e_setup
	cp "$BUILD/test/programs/e2e-agent" "$WORK/agent"
	mkdir -m 755 services bin
	printf '#!/bin/sh\ncommand=$1\nshift\nexec timeout 30 reeve service "$command" --runtime-dir "%s" "$@" 3>&-\n' "$RUN" >bin/svc
	chmod 755 bin/svc
	PATH=$WORK/bin:$PATH
	policy <<<"rules: {}"
}

# Nothing may be left when its services have been stopped: no process, no group but those that are kept empty.
teardown() {
	local top pid
	[ -n "${WORK:-}" ] || return 0
	if [ -S "$RUN/reeve.sock" ]; then
		svc stop $(svc list --json | sed -n 's/.*"name": "\([^"]*\)".*/\1/p') >/dev/null 2>&1 || true
		for top in $(group_tops); do
			for pid in $(find "$top/services" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
				echo "left: process $pid, $(tr '\0' ' ' <"/proc/$pid/cmdline")"
				kill -KILL "$pid" 2>/dev/null && LEFT=1
			done
		done
	fi
	e2e_teardown
	[ -z "${LEFT:-}" ]
}

manifest() { # NAME WORD... <<< more keys; the words are the agent's
	local name=$1 words
	shift
	words=$(printf ', "%s"' "$@")
	{
		printf 'run: ["%s"%s]\n' "$WORK/agent" "$words"
		cat
	} >"services/$name.yaml"
}

field() { # NAME MEMBER
	svc status "$1" --json | awk -v key="\"$2\":" '$1 == key && !found { sub(/,$/, "", $2); gsub(/"/, "", $2); print $2; found = 1 }'
}

is() { # NAME MEMBER VALUE
	[ "$(field "$1" "$2")" = "$3" ]
}

isnt() {
	! is "$@"
}

at_least() { # NAME MEMBER NUMBER
	[ "$(field "$1" "$2")" -ge "$3" ]
}

@test "a full disk loses what is printed, counted, and nothing else; with room it goes on" {
	mkdir -p -m 755 "$RUN"
	mkdir -m 750 "$RUN/service-logs"
	mount -t tmpfs -o size=128k none "$RUN/service-logs"
	manifest flood flood 3000 wait <<<"log_size: 100M"
	start
	eventually at_least flood lost 1000000
	is flood state running
	rm "$RUN/service-logs/flood.log"
	svc restart flood
	eventually test -s "$RUN/service-logs/flood.log"
	is flood state running
	svc stop flood
	is flood state stopped
}

@test "old output is compressed, and can be read" {
	manifest flood flood 1000 wait <<-'END'
		log_size: 256K
		log_keep: 2
	END
	start
	eventually at_least flood rotations 3
	eventually gzip -t "$RUN/service-logs/flood.log.1.gz"
	[ ! -e "$RUN/service-logs/flood.log.1" ]
	[ "$(zcat "$RUN/service-logs/flood.log.1.gz" | wc -c)" -le $((256 * 1024)) ]
}

@test "the status has the last ten ends, each with its code" {
	manifest agent exit 3 <<-'END'
		restart: always
		restart_delay: 1ms
		restart_factor: 1
	END
	start
	eventually at_least agent restarts 12
	svc stop agent
	[ "$(svc status agent --json | grep -c '"reason": "exit"')" -ge 9 ]
	[ "$(svc status agent --json | grep -c '"reason":')" = 10 ]
	[ "$(svc status agent --json | grep -c '"code": 3')" -ge 9 ]
}

@test "those that wait for the same one are started side by side" {
	local name other
	manifest base ready wait <<<"ready: notify"
	for name in a b; do
		other=$(tr ab ba <<<"$name")
		cat >"services/$name.yaml" <<-END
			run: [/bin/sh, -c, ': >$WORK/$name; while [ ! -e $WORK/$other ]; do sleep 0.05; done; exec $WORK/agent ready wait']
			ready: notify
			after: [base]
		END
	done
	start
	eventually is a state running
	eventually is b state running
}

@test "a manifest that changes while it runs: limits at once, the rest at the next start, mistakes never" {
	local pid
	manifest agent print one wait <<<"pids: 7"
	start
	eventually is agent state running
	pid=$(field agent pid)
	manifest agent print two wait <<<"pids: 9"
	reload
	is agent pid "$pid"
	svc status agent | grep -q 'limits *pids 9'
	kill -KILL "$pid"
	eventually isnt agent pid "$pid"
	eventually grep -qx two "$RUN/service-logs/agent.log"
	pid=$(field agent pid)
	echo "nonsense: 1" >>services/agent.yaml
	reload
	is agent pid "$pid"
	svc status agent | grep -q 'agent.yaml:3:1.*nonsense'
	rm services/agent.yaml
	reload
	wait_gone "$pid"
	refused 1 'no service "agent"' svc status agent
}

@test "a second daemon in the runtime folder starts and touches nothing" {
	local pid
	manifest agent wait <<<""
	start
	eventually is agent state running
	pid=$(field agent pid)
	sed "s/^name: .*/&-other/" "$POLICY" >other.yaml
	refused 1 "$RUN" timeout 20 reeved --config other.yaml --runtime-dir "$RUN"
	is agent pid "$pid"
	is agent starts 1
	[ -z "$(group_tops | grep -e -other)" ]
}

runs_in_second() {
	timeout 10 reeve service status agent --runtime-dir "$WORK/second" | grep -q 'state *running'
}

@test "two daemons with one folder of services: the second runs without them, and takes them when it can" {
	local pid second=$WORK/second other
	manifest agent wait <<<""
	start
	eventually is agent state running
	pid=$(field agent pid)
	sed "s/^name: .*/&-other/" "$POLICY" >other.yaml
	background reeved --config "$WORK/other.yaml" --runtime-dir "$second" >log2 2>&1
	other=$!
	eventually timeout 10 reeve status --runtime-dir "$second" >status2
	grep -q "services in $WORK/services are another daemon's (process $DAEMON)" log2
	timeout 10 reeve service status agent --runtime-dir "$second" >status2
	grep -q 'state *stopped' status2
	grep -q "another daemon's" status2
	refused 1 "another daemon's" timeout 30 reeve service start agent --runtime-dir "$second"
	refused 1 "another daemon's" timeout 30 reeve service set agent pids=4 --runtime-dir "$second"
	refused 1 "another daemon's" timeout 30 reeve service remove agent --runtime-dir "$second"
	timeout 30 reeve reload --runtime-dir "$second"
	is agent pid "$pid"
	is agent starts 1
	svc stop agent
	stop
	# Now they are nobody's.
	timeout 30 reeve reload --runtime-dir "$second"
	eventually runs_in_second
	timeout 30 reeve service stop agent --runtime-dir "$second"
	kill -TERM "$other"
	wait_gone "$other"
}

@test "a sandbox: what it sees and may do, after a restart too, and its limits hold" {
	local pid
	mkdir -m 755 root root/srv
	cp agent root/agent
	manifest agent env HOME wait <<-END
		pids: 9
		sandbox:
		  unshare: [pid, net, ipc, uts]
		  init: true
		  root: $WORK/root
		  tmpfs: /tmp
		  make_targets: true
		  hostname: inside
		  nice: 7
		  rlimit: nofile=900
		  no_new_privs: true
	END
	sed -i 's,^run: .*,run: [/agent\, wait],' services/agent.yaml
	start
	eventually is agent state running || { svc status agent; return 1; }
	for _ in 1 2; do
		pid=$(field agent pid)
		is_in "$pid" services/agent
		[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]
		[ -d "/proc/$pid/root/tmp" ]
		[ ! -e "/proc/$pid/root/etc" ]
		grep -q '^NoNewPrivs:.*1' "/proc/$pid/status"
		grep -q '^CapEff:.*0000000000000000$' "/proc/$pid/status"
		grep -q '^Max open files  *900 ' "/proc/$pid/limits"
		[ "$(awk '{ print $19 }' "/proc/$pid/stat")" = 7 ]
		kill -KILL "$pid"
		eventually isnt agent pid "$pid"
		eventually is agent state running
	done
	svc stop agent
	is agent state stopped
	! grep -q "$WORK" /proc/self/mounts
}

@test "a sandbox: mistakes have their places" {
	manifest a wait <<<"sandbox: {unshaer: [net]}"
	manifest b wait <<-'END'
		sandbox:
		  nice: 50
	END
	manifest c wait <<<"sandbox: {env: {A: b}}"
	manifest d wait <<<"sandbox: {root: /no/such/root, unshare: [mount]}"
	start
	svc status a | grep -q 'a.yaml:2:11: unknown key "unshaer" in a sandbox'
	svc status b | grep -q 'b.yaml:3:9: .*nice'
	svc status c | grep -q 'c.yaml:2:.*its own key for that, "env"'
	svc status d | grep -q '/no/such/root'
}
