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

@test "order holds whatever the names are, and who waits for itself is told" {
	manifest early wait <<<"after: [late]"
	manifest late wait <<<$'ready: notify'
	manifest ring-a wait <<<"after: [ring-b]"
	manifest ring-b wait <<<"after: [ring-c]"
	manifest ring-c wait <<<"after: [ring-a]"
	manifest need-a wait <<<"requires: [need-b]"
	manifest need-b wait <<<"requires: [need-a]"
	start
	eventually is late state starting
	is early state waiting
	svc stop late
	eventually is early state running
	# One of a circle is stopped and says so; the others have nobody to wait for any more.
	eventually is ring-b state running
	eventually is ring-c state running
	is ring-a state stopped
	svc status ring-a | grep -q 'trouble .*waits for ring-c, which waits for it'
	is need-a state stopped
	svc status need-a | grep -q 'trouble .*service need-b requires "need-a": which is a circle'
	is need-b state stopped
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

@test "a sandbox from a profile: what it says holds, and the manifest's own words before it" {
	local pid
	cat >own.yaml <<-'END'
		description: of the test
		unshare: [net, uts]
		hostname: profiled
		nice: 5
		rlimit: {nofile: 800, core: 0}
		env: {COLOUR: red, SIZE: "1", HOME: /nowhere}
		chdir: /usr
		clear_env: true
		die_with_parent: true
		pids: 20
		cpu_weight: 50
	END
	chmod 644 own.yaml
	manifest agent env COLOUR env SIZE env HOME wait <<-END
		pids: 9
		env: {COLOUR: blue}
		sandbox:
		  nice: 7
		  profile: $WORK/own.yaml
	END
	manifest wrong wait <<<"sandbox: {profile: $WORK/wrong.yaml}"
	manifest none wait <<<"sandbox: {profile: reeve-test-none}"
	printf 'nice: 3\nuser: nobody\n' >wrong.yaml
	start
	eventually is agent state running || { svc status agent; return 1; }
	pid=$(field agent pid)
	[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	[ "$(awk '{ print $19 }' "/proc/$pid/stat")" = 7 ]
	grep -q '^Max open files  *800 ' "/proc/$pid/limits"
	[ "$(readlink "/proc/$pid/cwd")" = /usr ]
	[ "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -E '^(COLOUR|SIZE|HOME|PATH)=' | sort | tr '\n' ' ')" = \
		"COLOUR=blue HOME=/nowhere PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SIZE=1 " ]
	svc status agent | grep -q 'limits .*cpu-weight 50.*pids 9\|limits .*cpu_weight 50.*pids 9'
	svc status wrong | grep -q "wrong.yaml:2:20: profile: $WORK/wrong.yaml:2:7: user: a service has its own key"
	svc status none | grep -q 'none.yaml:2:20: profile: there is no profile "reeve-test-none"'

	# A changed profile is a changed manifest: limits at once, the rest at the next start.
	sed -i 's/^cpu_weight: .*/cpu_weight: 60/; s/800/700/' own.yaml
	timeout 30 reeve reload --runtime-dir "$RUN"
	[ "$(field agent pid)" = "$pid" ]
	svc status agent | grep -q 'cpu.weight 60'
	kill -KILL "$pid"
	eventually isnt agent pid "$pid"
	eventually is agent state running
	grep -q '^Max open files  *700 ' "/proc/$(field agent pid)/limits"
	# Who may write it would decide what root runs as.
	chmod 666 own.yaml
	timeout 30 reeve reload --runtime-dir "$RUN" || true
	svc status agent | grep -q "agent.yaml:.*profile: $WORK/own.yaml: "
	is agent state running
}

# Starts the daemon where the hierarchy of a controller is not mounted.
start_without() { # CONTROLLER
	local mount
	mount=$(awk -v name="$1" '$3 == "cgroup" && $4 ~ "(^|,)" name "(,|$)" { print $2 }' /proc/mounts)
	[ -n "$mount" ] || skip "needs cgroup v1"
	DAEMON_PREFIX=(unshare --mount --propagation private sh -c 'umount -l "$0"; exec "$@"' "$mount")
	start
}

@test "without the memory controller a service runs, held to what can be, and that is told" {
	manifest held wait <<<$'ram: 50M\npids: 20'
	start_without memory
	eventually is held state running
	grep -q 'service held: group services/held: ram cannot be set: .* memory controller; it runs without' log
	svc status held | grep -q 'trouble .*runs without a limit: group services/held: ram cannot be set'
	is held restarts 0
	kill -KILL "$(field held pid)"
	eventually is held restarts 1
	eventually is held state running
	svc status held | grep -q 'trouble .*runs without a limit'
	svc set held ram=
	svc restart held
	! svc status held | grep -q 'trouble'
}

@test "a limit that the kernel refuses keeps it from starting, each time" {
	manifest held wait <<<$'cpus: "4095"\nrestart: always\nrestart_delay: 50ms\nrestart_delay_max: 50ms'
	start
	eventually at_least held restarts 2
	[ "$(grep -c 'service held: runs as' log)" = 0 ]
	svc status held | grep -q 'trouble .*cpus'
	svc stop held
}

@test "output to the journal: under the service's name, and an error where there is none" {
	manifest agent print "to the journal" wait <<<"output: journal"
	background python3 -c '
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind("stdout")
server.listen()
while True:
    client, came = server.accept()[0], b""
    while b"to the journal" not in came and (more := client.recv(4096)):
        came += more
    with open("came.new", "wb") as out:
        out.write(came)
    os.rename("came.new", "came")'
	eventually test -S stdout
	# Its own /run, in which nobody else sees the socket.
	DAEMON_PREFIX=(unshare --mount sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal &&
		touch /run/systemd/journal/stdout && mount --bind "$0/stdout" /run/systemd/journal/stdout && exec "$@"' "$WORK")
	start
	eventually test -e came
	# The protocol begins with the name.
	[ "$(head -n 1 came)" = agent ]
	grep -q 'to the journal' came
	[ ! -e "$RUN/service-logs/agent.log" ]
	svc stop agent
	stop
	DAEMON_PREFIX=(unshare --mount sh -c 'mount -t tmpfs none /run && exec "$@"' "$WORK")
	start
	refused 1 'cannot print to the journal.*output: file' svc start agent
}

@test "its group deleted under it while limits are changed: they hold from the next start" {
	manifest agent wait <<<"pids: 7"
	start
	eventually is agent state running
	svc stop agent
	find $(group_tops) -depth -type d -name agent -exec rmdir {} +
	svc set agent pids=9
	svc start agent
	eventually is agent state running
	is_in "$(field agent pid)" services/agent
	# The limit of the group that is there now, by what the kernel says.
	[ "$(cat $(find $(group_tops) -path '*services/agent/pids.max'))" = 9 ]
}
