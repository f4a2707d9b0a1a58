#!/usr/bin/env bats
# Services: started inside their groups, held to their limits, started again by their policy, taken
# over by the next daemon.

load helpers

setup() {
	e2e_setup
	unwatched
	cp "$BUILD/test/programs/e2e-agent" "$WORK/agent"
	mkdir -m 755 services bin
	# svc COMMAND ...: reeve service, for this test's daemon.
	printf '#!/bin/sh\ncommand=$1\nshift\nexec timeout 30 reeve service "$command" --runtime-dir "%s" "$@" 3>&-\n' "$RUN" >bin/svc
	chmod 755 bin/svc
	PATH=$WORK/bin:$PATH
	policy <<<"rules: {}"
}

teardown() {
	[ -n "${WORK:-}" ] || return 0
	end_groups
	e2e_teardown
}

# What is left of services whose daemon was killed.
end_groups() {
	local top pid
	[ ! -S "$RUN/reeve.sock" ] || svc stop $(svc list --json | sed -n 's/.*"name": "\([^"]*\)".*/\1/p') || true
	for top in $(group_tops); do
		for pid in $(find "$top" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
			kill -KILL "$pid" || true
		done
	done
} >/dev/null 2>&1


# A manifest: `manifest NAME WORD... <<< more keys`; the words are the agent's.
manifest() {
	local name=$1 words
	shift
	words=$(printf ', "%s"' "$@")
	{
		printf 'run: ["%s"%s]\n' "$WORK/agent" "$words"
		cat
	} >"services/$name.yaml"
}

# A member of a service's status, by a short path such as service.pid.
field() { # NAME MEMBER
	svc status "$1" --json | awk -v key="\"$2\":" '$1 == key && !found { sub(/,$/, "", $2); gsub(/"/, "", $2); print $2; found = 1 }'
}

is() { # NAME MEMBER VALUE
	[ "$(field "$1" "$2")" = "$3" ]
}

isnt() { # NAME MEMBER VALUE
	! is "$@"
}

# How the runs of a service ended, the last one first.
ends() { # NAME
	svc status "$1" --json | awk '$1 == "\"reason\":" { gsub(/[",]/, "", $2); printf "%s ", $2 }'
}

at_least() { # NAME MEMBER NUMBER
	[ "$(field "$1" "$2")" -ge "$3" ]
}

@test "a service is born in its group, with its limits, and nothing of the daemon" {
	local pid
	manifest agent env USER env NOTIFY_SOCKET wait <<<"pids: 7"
	start
	is agent state running
	pid=$(field agent pid)
	is_in "$pid" services/agent
	svc status agent | grep -q "limits *pids 7"
	eventually grep -q 'NOTIFY_SOCKET=$' "$RUN/service-logs/agent.log"
	eventually grep -q USER=root "$RUN/service-logs/agent.log"
	expect "USER=root" head -n 1 "$RUN/service-logs/agent.log"
	[ "$(ls "/proc/$pid/fd" | tr '\n' ' ')" = "0 1 2 " ]
	[ "$(ps -o ni= -p "$pid" | tr -d ' ')" = 0 ]
	[ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ]
}

# bats test_tags=userland
@test "killed, it runs again, by its policy only" {
	local pid
	manifest again wait <<<"restart: on-kill"
	manifest once wait <<<"restart: no"
	start
	pid=$(field again pid)
	kill -KILL "$pid" "$(field once pid)"
	eventually isnt again pid "$pid"
	eventually is again state running
	is again restarts 1
	eventually is once state failed
	is once restarts 0
	[ "$(ends once)" = "signal " ]
	# SIGTERM is no kill.
	kill -TERM "$(field again pid)"
	eventually is again state failed
}

# bats test_tags=userland
@test "exit codes, a growing delay, a limit" {
	manifest code exit 75 <<-'END'
		restart: always
		restart_codes: {75: false}
	END
	manifest loop exit 1 <<-'END'
		restart: on-failure
		restart_delay: 1ms
		restart_jitter: 0
		restart_limit: 4/h
	END
	manifest slow exit 1 <<-'END'
		restart_delay: 10s
		restart_jitter: 0
	END
	start
	eventually is code state failed
	is code restarts 0
	eventually is loop state failed
	is loop gave_up true
	is loop restarts 4
	eventually is slow state backoff
	is slow restarts 2
	# By hand it begins anew, and stops waiting.
	svc stop slow
	is slow state stopped
}

has_children() { # PID COUNT
	[ "$(wc -w <"/proc/$1/task/$1/children")" = "$2" ]
}

@test "stop: asked, then killed, with all that it has started" {
	local pid
	manifest deaf deaf fork fork wait <<<"stop_timeout: 200ms"
	manifest polite fork wait <<<""
	start
	pid=$(field deaf pid)
	eventually has_children "$pid" 2
	eventually has_children "$(field polite pid)" 1
	svc stop deaf polite
	is deaf state stopped
	is polite state stopped
	[ "$(ends deaf)" = "stopped " ]
	! alive "$pid"
	svc start deaf
	is deaf state running
	svc restart deaf
	is deaf state running
	[ "$(ends deaf)" = "stopped stopped " ]
}

@test "who forks and exits leaves nobody behind" {
	manifest daemon daemon note "$WORK/noted" wait <<<"restart: no"
	start
	eventually is daemon state stopped
	[ "$(ends daemon)" = "exit " ]
	[ ! -s noted ] || eventually wait_gone "$(<noted)"
}

# bats test_tags=userland
@test "installed, set, disabled, removed" {
	start
	svc install agent --pids 9 --restart always -s 'description=it waits' -- "$WORK/agent" wait
	is agent state running
	grep -qx 'restart: always' services/agent.yaml
	refused 1 'already a service' svc install agent -- "$WORK/agent"
	svc set agent pids=11
	is agent changed true
	svc status agent | grep -q 'limits *pids 11'
	svc restart agent
	is agent changed false
	refused 1 'reeve-test.*:.*unknown key "pidz" in a service \(did you mean "pids"' svc set agent pidz=3
	svc disable agent
	is agent enabled false
	refused 1 'not written KEY=VALUE|KEY=VALUE' svc set agent pids || refused 2 'KEY=VALUE' svc set agent pids
	svc unit agent | grep -qx 'TasksMax=11'
	svc remove agent
	refused 1 'no service "agent"' svc status agent
	[ ! -e services/agent.yaml ] && [ ! -e "$RUN/services/agent.json" ] && [ ! -e "$RUN/services/agent.out" ]
	[ -z "$(find $(group_tops) -name agent)" ]
}

# bats test_tags=userland
@test "bad ones are told, with what to do" {
	start
	refused 1 'no-such-program' svc install x -- /no-such-program
	refused 1 'may not be executed' svc install x -- "$POLICY"
	refused 1 'no user "no-such-user"' svc install x -s user=no-such-user -- "$WORK/agent"
	refused 1 'no name of a service' svc install ../x -- "$WORK/agent"
	refused 1 'did you mean "on-kill"' svc install x --restart on-kil -- "$WORK/agent"
	refused 1 'no service "x"' svc start x
	refused 1 'no service "x"' svc stop x
	refused 2 'is not JSON, as lists and maps' svc install x -s 'env={A: b}' -- "$WORK/agent"
	refused 2 'from "/" on' svc install x -- ./agent
	[ -z "$(ls services)" ]
	# A file that is wrong does not keep others from running.
	echo 'run: [' >services/broken.yaml
	manifest fine wait <<<""
	reload
	is broken state invalid
	refused 1 'services/broken.yaml:[0-9]+:[0-9]+:' svc start broken
	is fine state running
	# Nor does one that becomes wrong end what runs.
	echo 'nonsense: 1' >>services/fine.yaml
	reload
	is fine state running
	# Its manifest gone, it is stopped.
	rm services/fine.yaml
	reload
	eventually refused 1 'no service' svc status fine
}

# bats test_tags=userland
@test "a program that goes missing is tried again" {
	cp agent other
	manifest other wait <<<"restart_delay: 20ms"
	sed -i 's|/agent"|/other"|' services/other.yaml
	start
	is other state running
	rm other
	kill -KILL "$(field other pid)"
	eventually is other state backoff
	svc status other | grep -q 'trouble.*other'
	cp agent other
	eventually is other state running
}

@test "its group deleted under it is made again" {
	local pid
	manifest agent wait <<<"pids: 7"
	start
	pid=$(field agent pid)
	svc stop agent
	find $(group_tops) -depth -type d -name agent -exec rmdir {} +
	svc start agent
	is_in "$(field agent pid)" services/agent
}

# bats test_tags=userland
@test "without end: output, files, forks" {
	manifest flood flood 3000 wait <<-'END'
		log_size: 256K
		log_keep: 2
		log_compress: false
	END
	manifest files open 20000 wait <<<""
	manifest forks forks <<<"pids: 20"
	start
	eventually at_least flood rotations 8
	[ "$(ls "$RUN/service-logs" | grep -c '^flood.log')" = 3 ]
	[ "$(stat -c %s "$RUN/service-logs/flood.log.1")" -le $((256 * 1024)) ]
	eventually grep -qx '1021 files' "$RUN/service-logs/files.log"
	is forks state running
	svc stop forks
	is forks state stopped
	is files state running
}

# bats test_tags=userland
@test "logs: the last lines, and those that come" {
	manifest talk print one print two print three sleep 10 print four wait <<<""
	start
	eventually grep -qx four "$RUN/service-logs/talk.log"
	expect $'three\nfour' svc logs talk -n 2
	background reeve service logs talk -f -n 1 --runtime-dir "$RUN" >followed
	eventually grep -qx four followed
	svc restart talk
	eventually lines 5 followed
}

@test "a daemon that is killed loses nothing, and the next one starts nothing twice" {
	local pid other
	manifest keep print one wait <<<"restart: on-kill"
	manifest gone wait <<<"restart: on-kill"
	manifest rest wait <<<""
	start
	svc stop rest
	pid=$(field keep pid) other=$(field gone pid)
	kill -KILL "$DAEMON"
	wait_gone "$JOB" "$DAEMON"
	alive "$pid"
	kill -KILL "$other"
	wait_gone "$other"
	start
	is keep pid "$pid"
	is keep adoptions 1
	log_has "service keep: process $pid ran on without the daemon"
	log_has "service gone: process $other ended while no daemon ran"
	is gone state running
	is gone restarts 1
	is rest state stopped
	# It is the daemon's again: with its end, its output and its limits.
	kill -KILL "$pid"
	eventually is keep restarts 1
	# Before Linux 6.15 its new parent may be the first to see how it ended.
	[[ $(ends keep) == "signal " ]] || { ! kernel_at_least 6.15 && [[ $(ends keep) == "unknown " ]]; }
	eventually lines 2 "$RUN/service-logs/keep.log"
	# Without any record the group tells.
	pid=$(field keep pid)
	kill -KILL "$DAEMON"
	wait_gone "$JOB" "$DAEMON"
	rm "$RUN"/services/*.json
	start
	is keep pid "$pid"
	log_has "found by its group"
}

@test "a daemon that ends leaves its services to the next one" {
	local pid
	manifest agent wait <<<""
	start
	pid=$(field agent pid)
	stop
	alive "$pid"
	start
	is agent pid "$pid"
}

# bats test_tags=userland
@test "ready: notify, fd, check; too late" {
	manifest notify ready wait <<<"ready: notify"
	manifest fd line 5 wait <<-'END'
		ready: fd
		ready_fd: 5
	END
	manifest check wait <<-END
		ready: check
		health: {exec: ["$WORK/agent", check, "$WORK/well"], every: 100ms}
	END
	manifest never wait <<-'END'
		ready: notify
		start_timeout: 100ms
		restart: no
	END
	start
	eventually is notify state running
	svc status notify | grep -q 'all is well'
	eventually is fd state running
	is check state starting
	touch well
	eventually is check state running
	eventually is never state failed
	[ "$(ends never)" = "start-timeout " ]
}

# bats test_tags=userland
@test "watchdog and health: who does not answer is started again" {
	local pid
	manifest dog ready watchdog wait <<-'END'
		ready: notify
		watchdog: 300ms
	END
	# What it waits for begins when it is ready.
	manifest late sleep 600 ready note "$WORK/late" wait <<-'END'
		ready: notify
		watchdog: 200ms
	END
	touch well
	manifest sick wait <<-END
		health: {exec: ["$WORK/agent", check, "$WORK/well"], every: 50ms, retries: 2}
	END
	start
	eventually at_least dog restarts 1
	[[ $(ends dog) == *watchdog* ]]
	eventually test -s late
	eventually at_least late restarts 1
	is sick state running
	is sick restarts 0
	rm well
	eventually at_least sick restarts 1
	[[ $(ends sick) == health* ]]
}

# bats test_tags=userland
@test "sockets: handed over, and kept over restarts" {
	local pid
	manifest serve serve hello <<<"listen: \"unix:$WORK/s\""
	sed -i 's/^listen.*/&\nhealth: {tcp: "unix:'"${WORK//\//\\/}"'\/s", every: 50ms}\nready: check/' services/serve.yaml
	start
	eventually is serve state running
	pid=$(field serve pid)
	kill -KILL "$pid"
	eventually isnt serve pid "$pid"
	eventually is serve state running
	kill -KILL "$DAEMON"
	wait_gone "$JOB" "$DAEMON"
	start
	kill -KILL "$(field serve pid)"
	eventually at_least serve restarts 2
	eventually is serve state running
}

# bats test_tags=userland
@test "one after the other, and not without what it requires" {
	manifest base sleep 300 ready wait <<<"ready: notify"
	manifest next note "$WORK/next" wait <<<"after: [base]"
	manifest needs note "$WORK/needs" wait <<-'END'
		requires: [base]
		enabled: false
	END
	manifest lost wait <<<"requires: [no-such]"
	start
	eventually is base state running
	eventually is next state running
	is needs state stopped
	svc stop base
	is next state running
	svc start needs
	is base state running
	is needs state running
	svc stop base
	eventually is needs state stopped
	svc status needs | grep -q 'requires base'
	refused 1 'requires "no-such"' svc start lost
}

# bats test_tags=userland
@test "before it and behind it" {
	manifest agent note "$WORK/order" wait <<-END
		pre_start: ["$WORK/agent", note, "$WORK/order"]
		post_stop: ["$WORK/agent", env, REEVE_END, note, "$WORK/behind"]
	END
	manifest refused wait <<-END
		pre_start: ["$WORK/agent", exit, "3"]
		restart: no
	END
	start
	eventually lines 2 order
	svc stop agent
	eventually lines 1 behind
	eventually grep -qx 'REEVE_END=stopped' "$RUN/service-logs/agent.log"
	eventually is refused state failed
	[ "$(ends refused)" = "pre-start " ]
	svc status refused | grep -q 'pre_start ended with code 3'
}

@test "out of memory is told from the kernel's own counter" {
	manifest hog eat 200 wait <<-'END'
		ram: 20M
		swap: 0
		restart: no
	END
	manifest killed wait <<<"restart: no"
	start
	[ "$(svc status hog | grep -c 'trouble')" = 0 ] || skip "needs the memory controller"
	eventually is hog state failed
	[ "$(ends hog)" = "oom " ]
	is hog oom_kills 1
	log_has "service hog: process [0-9]* was killed by the kernel .* ram 20M"
	kill -KILL "$(field killed pid)"
	eventually is killed state failed
	[ "$(ends killed)" = "signal " ]
}

# bats test_tags=userland
@test "a manifest can be written without a daemon" {
	timeout 30 reeve service install agent --config "$POLICY" --runtime-dir "$RUN" -- "$WORK/agent" wait >said 2>&1
	grep -q 'no daemon runs' said
	timeout 30 reeve service disable agent --config "$POLICY" --runtime-dir "$RUN"
	grep -qx 'enabled: false' services/agent.yaml
	refused 1 'no daemon runs' svc start agent
	start
	is agent state stopped
	svc start agent
	is agent state running
}

# bats test_tags=userland
@test "the init script starts, tells, reloads and stops the daemon, and leaves services alone" {
	local pid
	manifest agent wait <<<""
	export DEFAULTS=/dev/null REEVED=$TREE/bin/reeved REEVE=$TREE/bin/reeve PID_FILE=$WORK/pid RUNTIME_DIR=$RUN REEVED_OPTIONS="--config $POLICY"
	refused 3 'does not run' "$TREE/data/init.d/reeved" status
	timeout 30 "$TREE/data/init.d/reeved" start </dev/null >said 2>&1 3>&-
	owned "$(<pid)"
	eventually is agent state running
	pid=$(field agent pid)
	"$TREE/data/init.d/reeved" start | grep -q 'runs already'
	"$TREE/data/init.d/reeved" status | grep -q "$NAME"
	"$TREE/data/init.d/reeved" reload
	"$TREE/data/init.d/reeved" reexec | grep -q 'runs now'
	"$TREE/data/init.d/reeved" status | grep -q "$NAME"
	is agent pid "$pid"
	"$TREE/data/init.d/reeved" stop
	alive "$pid"
	refused 3 'does not run' "$TREE/data/init.d/reeved" status
	timeout 30 "$TREE/data/init.d/reeved" restart </dev/null >said 2>&1 3>&-
	owned "$(<pid)"
	is agent pid "$pid"
}
