#!/usr/bin/env bats
# The daemon's life: start, reload, scan, stop, what it tells its manager, and what it leaves.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# A program that does nothing for a minute.
sleeper() { # PATH...
	local path
	for path; do
		cp "$(readlink -f "$(command -v sleep)")" "$path"
	done
}

in_group() { # GROUP PID
	[ "$(group_of "$2")" = "$1" ]
}

# The kernel's limit on a group's number of tasks.
pids_max() { # GROUP
	local mount
	awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts | while read -r mount; do
		cat "$mount/$NAME/$1/pids.max" 2>/dev/null || true
	done | head -n 1
}

# How many folders this instance has in all hierarchies.
group_folders() {
	local mount
	awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts | while read -r mount; do
		find "$mount" -maxdepth 2 -path "*/$NAME*" -type d 2>/dev/null
	done | wc -l
}

detached() { # OPTION...
	timeout 20 "${DAEMON_PREFIX[@]}" reeved --daemon --config "$POLICY" --runtime-dir "$RUN" "$@" \
		</dev/null >"$WORK/log" 2>&1 3>&-
}

status_of_daemon() {
	timeout 10 reeve status --runtime-dir "$RUN"
}

status_tells() { # WORD
	status_of_daemon | grep -q "$1"
}

# ---- reload ----

@test "reload takes effect at once, also for programs that were executed before" {
	probe a b
	rules "$WORK/a=ga"
	start
	settle
	expect ga ./a
	expect - ./b
	expect - ./b
	rules "$WORK/b=gb"
	reload
	expect gb ./b
	expect - ./a
	rules "$WORK/b=gc" "$WORK/a=gb"
	reload
	expect gc ./b
	expect gb ./a
}

@test "a reload with a mistake changes nothing and says where it is" {
	probe a
	rules "$WORK/a=ga"
	start
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, group: gb}
		groups:
		  gb: {pids: 100}
		  gc: {pids: many}
	EOF
	refused 1 "policy.yaml:6:[0-9]+" reeve reload --runtime-dir "$RUN"
	expect ga ./a
	[ "$(pids_max ga)" = 3000 ]
	[ -z "$(pids_max gb)" ]
	rm "$POLICY"
	refused 1 "No such file" reeve reload --runtime-dir "$RUN"
	expect ga ./a
}

@test "SIGHUP reloads, and with a mistake logs it" {
	probe a
	rules "$WORK/a=ga"
	start
	echo "rules: [" | policy
	kill -HUP "$JOB"
	eventually log_has "policy.yaml:3:.*"
	log_has "the old policy stays"
	expect ga ./a
	rules "$WORK/a=gb"
	kill -HUP "$DAEMON"
	eventually expect gb ./a
	alive "$DAEMON"
}

@test "groups come, change and go with a reload" {
	probe a
	sleeper s
	policy <<-EOF
		rules:
		  s: {paths: [$WORK/s], action: execute, group: ga}
		groups:
		  ga: {pids: 100}
		  gb: {pids: 200}
	EOF
	start
	background ./s 60
	eventually in_group ga "$!"
	[ "$(pids_max ga) $(pids_max gb)" = "100 200" ]
	policy <<-EOF
		rules:
		  s: {paths: [$WORK/s], action: execute, group: ga}
		groups:
		  ga: {pids: 150}
		  gc: {pids: 300}
	EOF
	reload
	[ "$(pids_max ga) $(pids_max gc)" = "150 300" ]
	[ -z "$(pids_max gb)" ]
	policy <<-EOF
		rules:
		  s: {paths: [$WORK/s], action: execute, group: ga}
		groups:
		  ga: {cpu: 50}
	EOF
	reload
	[ "$(pids_max ga)" = max ] || [ -z "$(pids_max ga)" ]
	in_group ga "${STARTED[0]}"
	alive "${STARTED[0]}"
}

@test "a hand-made change of a limit is undone by a reload" {
	rules "$WORK/a=ga"
	start
	timeout 10 reeve group set ga --runtime-dir "$RUN" --pids 77
	[ "$(pids_max ga)" = 77 ]
	reload
	[ "$(pids_max ga)" = 3000 ]
}

@test "a reload while programs are executed without pause loses none" {
	cp "$BUILD/test/programs/demo-first" a
	rules "$WORK/a=ga"
	start
	(for _ in {1..20}; do timeout 10 reeve reload --runtime-dir "$RUN"; done) >/dev/null 2>&1 3>&- &
	read -r right _ < <(timeout 60 "$BUILD/test/programs/demo-burst" 300 4 ./a "/$NAME/ga" 1)
	wait "$!"
	[ "$right" = 300 ]
}

@test "a reload cannot change the name" {
	rules "$WORK/a=ga"
	start
	sed -i "s/^name: .*/name: $NAME-other/" "$POLICY"
	refused 1 "name" reeve reload --runtime-dir "$RUN"
	alive "$DAEMON"
	[ "$(pids_max ga)" = 3000 ]
}

# ---- what is placed, and how ----

@test "--dry-run changes nothing and tells what it would do" {
	probe a
	rules "$WORK/a=ga"
	start --dry-run
	expect - ./a
	expect - ./a
	[ "$(group_folders)" = 0 ]
	[ ! -e "$RUN/state.json" ]
	eventually status_tells ga
	timeout 10 reeve scan --runtime-dir "$RUN"
	stop
	[ "$(group_folders)" = 0 ]
}

@test "what runs already stays until a scan" {
	sleeper a
	background ./a 60
	rules "$WORK/a=ga"
	start
	in_group - "${STARTED[0]}"
	timeout 10 reeve scan --runtime-dir "$RUN"
	in_group ga "${STARTED[0]}"
	timeout 10 reeve scan --runtime-dir "$RUN" --json >scanned
	python3 -c 'import json; s = json.load(open("scanned")); assert s["moved"] == 0 < s["already"], s'
}

@test "--scan places what runs at the start" {
	sleeper a
	background ./a 60
	background ./a 60
	rules "$WORK/a=ga"
	start --scan
	in_group ga "${STARTED[0]}"
	in_group ga "${STARTED[1]}"
}

@test "mode: scanner places within seconds" {
	sleeper a b
	{
		echo "mode: scanner"
		echo "rules:"
		echo "  a: {paths: [$WORK/a], action: execute, group: ga}"
		groups_section ga
	} | policy
	start
	background ./a 60
	background ./b 60
	eventually in_group ga "${STARTED[0]}"
	in_group - "${STARTED[1]}"
	status_of_daemon >said
	grep -q "scanner" said
}

scanned() { # AT-LEAST
	[ "$(counter engine.scans)" -ge "$1" ]
}

# A policy with triggers, and a rule on reading, for a daemon that scans.
scanned_policy() {
	printf '#!/bin/sh\necho "$REEVE_RULE $REEVE_GROUP" >>%s/told\n' "$WORK" >tell
	chmod 755 tell
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, group: ga, trigger: tell}
		  b: {paths: ["$WORK/[ab]"], action: execute, trigger: tell}
		  k: {paths: [$WORK/k], action: execute, trigger: KILL}
		  r: {paths: [$WORK/policy.yaml], action: read, trigger: tell}
		triggers: {tell: {run: $WORK/tell, user: root}}
		$(groups_section ga)
		mode: scanner
	EOF
}

@test "a scanner tells of each process once, runs its triggers, and kills" {
	sleeper a b k
	scanned_policy
	background ./a 61
	background ./k 62
	start
	log_has "1 rules on reading or writing do nothing"
	status_of_daemon >said
	grep -q "runs triggers once a process is seen" said
	grep -q "1 rules on reading or writing do nothing" said
	# What ran before is placed, and nothing more.
	eventually in_group ga "${STARTED[0]}"
	eventually scanned 2
	[ ! -e told ]
	alive "${STARTED[1]}"
	background ./a 60
	background ./b 60
	background ./k 60
	wait_gone "${STARTED[4]}"
	eventually lines 3 told
	[ "$(LC_ALL=C sort told | tr '\n' ,)" = "a ga,b ,b ga," ]
	local decisions scans
	scans=$(counter engine.scans)
	decisions=$(counter engine.decisions)
	eventually scanned $((scans + 3))
	[ "$(counter engine.decisions)" = "$decisions" ]
	lines 3 told
	# One that executes another program is another one.
	background sh -c "echo >there; sleep 2; exec $WORK/b 60"
	eventually test -e there
	eventually lines 4 told
}

@test "without fanotify it scans, and says so" {
	sleeper a
	rules "$WORK/a=ga"
	DAEMON_PREFIX=("$BUILD/test/programs/e2e-without" fanotify_init ENOSYS)
	start
	log_has "no gate.*scan"
	status_of_daemon >said
	grep -qi "scan" said
	grep -qi "fanotify" said
	background ./a 60
	eventually in_group ga "$!"
}

# ---- start and stop ----

@test "SIGTERM and SIGINT end it with exit code 0; its groups and their processes stay" {
	sleeper a
	rules "$WORK/a=ga"
	for signal in TERM INT; do
		start
		background ./a 60
		eventually in_group ga "$!"
		[ -e "/run/reeve-$NAME.lock" ]
		code=0
		kill -"$signal" "$DAEMON"
		wait_gone "$JOB" "$DAEMON"
		wait "$JOB" || code=$?
		[ "$code" = 0 ]
		[ ! -e "$RUN/reeve.sock" ]
		[ ! -e "/run/reeve-$NAME.lock" ]
		alive "${STARTED[-1]}"
		in_group ga "${STARTED[-1]}"
	done
	log_has stopping
	in_group ga "${STARTED[0]}"
	[ "$(pids_max ga)" = 3000 ]
	timeout 20 reeve clean --runtime-dir "$RUN"
	[ "$(group_folders)" = 0 ]
	alive "${STARTED[0]}"
}

@test "after kill -9 the next start takes everything over" {
	sleeper a
	rules "$WORK/a=ga"
	start
	background ./a 60
	eventually in_group ga "$!"
	kill -KILL "$JOB"
	wait_gone "$JOB" "$DAEMON"
	wait "$JOB" || true
	[ -S "$RUN/reeve.sock" ]
	start
	in_group ga "${STARTED[0]}"
	background ./a 60
	eventually in_group ga "$!"
	stop
}

@test "whoever started it may ignore SIGCHLD: the guard sees the daemon's end, and triggers end" {
	probe a
	policy <<-EOF
		rules: {a: {paths: [$WORK/a], action: execute, group: ga, trigger: t}}
		groups: {ga: {pids: 3000}}
		triggers: {t: {run: /bin/true}}
	EOF
	DAEMON_PREFIX=(env --ignore-signal=CHLD)
	start
	expect ga ./a
	eventually log_has 'trigger "t" .*done'
	stop
}

@test "--daemon returns 0 once it is up" {
	probe a
	rules "$WORK/a=ga"
	detached
	[ "$(cat log)" = "" ]
	expect ga ./a
	JOB=$(status_of_daemon | sed -n '1s/.*guard \([0-9]*\).*/\1/p')
	[ -s "$RUN/reeved.log" ]
	kill -TERM "$JOB"
	wait_gone "$JOB"
	[ ! -e "$RUN/reeve.sock" ]
}

@test "--daemon returns 1 with the error when it cannot be up" {
	policy <<<"rules: {a: {paths: [/a], action: dance, group: ga}}"
	code=0
	detached || code=$?
	[ "$code" = 1 ]
	log_has "policy.yaml:2:"
	log_has "dance"
	[ ! -e "$RUN/reeve.sock" ]
	[ -z "$(own_processes)" ]
}

@test "wrong options are refused with exit code 2" {
	refused 2 "exclude" reeved --daemon --foreground
	refused 2 "nonsense" reeved --nonsense
	refused 2 "unexpected argument" reeved something
	refused 2 "fetter" reeved --compat other
	timeout 5 reeved --version | grep -q '^reeved '
}

@test "only root may start it" {
	command -v setpriv >/dev/null || skip "needs setpriv"
	cp "$TREE/bin/reeved" "$WORK/reeved-copy" 2>/dev/null || skip "needs a copy"
	refused 1 "root" setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/reeved-copy"
}

@test "a second instance of the same name is refused, in any folder" {
	probe a
	rules "$WORK/a=ga"
	start
	refused 1 "running|in use|answers" reeved --config "$POLICY" --runtime-dir "$RUN"
	refused 1 "another instance named .*$NAME.* is running" \
		reeved --config "$POLICY" --runtime-dir "$WORK/other"
	alive "$DAEMON"
	expect ga ./a
	[ "$(pids_max ga)" = 3000 ]
}

@test "two instances with different names live side by side" {
	probe a b
	rules "$WORK/a=ga"
	start
	first=$JOB
	first_daemon=$DAEMON
	printf 'name: %s-2\nrules:\n  b: {paths: [%s], action: execute, group: gb}\ngroups:\n  gb: {pids: 9}\n' \
		"$NAME" "$WORK/b" >second.yaml
	reeved --config second.yaml --runtime-dir "$WORK/run2" </dev/null >"$WORK/log2" 2>&1 3>&- &
	second=$!
	eventually timeout 5 reeve status --runtime-dir "$WORK/run2"
	expect ga ./a
	E2E_NAME=$NAME-2 expect gb ./b
	kill -TERM "$first"
	wait_gone "$first" "$first_daemon"
	E2E_NAME=$NAME-2 expect gb ./b || {
		cat log2
		timeout 5 reeve status --all --runtime-dir "$WORK/run2"
		return 1
	}
	expect - ./a
	kill -TERM "$second"
	wait_gone "$second"
	wait "$second"
	timeout 20 reeve clean --runtime-dir "$WORK/run2" --config second.yaml
}

# bats test_tags=alone
@test "favordynmods is set while it runs and put back" {
	probe a
	for file in /proc/[0-9]*/comm; do
		case $(cat "$file" 2>/dev/null) in
		reeved) skip "needs a machine without another daemon" ;;
		esac
	done
	before=$(grep -c favordynmods /proc/mounts || true)
	rules "$WORK/a=ga"
	start
	mapfile -t mounts < <(python3 -c 'import json, sys
print(*json.load(open(sys.argv[1]))["favordynmods"], sep="\n")' "$RUN/state.json")
	[ "$before" != 0 ] || [ -n "${mounts[0]}" ] || skip "needs a kernel with favordynmods"
	for mount in "${mounts[@]}"; do
		[ -z "$mount" ] || grep -q "^[^ ]* $mount .*favordynmods" /proc/mounts
	done
	stop
	[ "$(grep -c favordynmods /proc/mounts || true)" = "$before" ]
}

# ---- what it tells ----

@test "it tells its manager when it is ready, reloads and stops" {
	rules "$WORK/a=ga"
	cat >manager.py <<-'EOF2'
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		s.settimeout(20)
		out = open("told", "a", buffering=1)
		while True:
		    text = s.recv(65536).decode()
		    out.write(text + "\n--\n")
		    if "STOPPING=1" in text:
		        break
	EOF2
	background python3 manager.py
	eventually test -S notify
	NOTIFY_SOCKET=$WORK/notify start
	eventually grep -q '^READY=1' told
	grep -q '^STATUS=1 rules, 1 groups' told
	! grep -q RELOADING told
	kill -HUP "$JOB"
	eventually grep -q '^RELOADING=1' told
	grep -q '^MONOTONIC_USEC=[0-9]' told
	twice() { [ "$(grep -c '^READY=1' told)" = 2 ]; }
	eventually twice
	! grep -q STOPPING told
	stop
	eventually grep -q '^STOPPING=1' told
}

@test "the manager learns of a reload that a command asks for, too" {
	rules "$WORK/a=ga"
	cat >manager.py <<-'EOF2'
		import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		s.settimeout(20)
		out = open("told", "a", buffering=1)
		while True:
		    text = s.recv(65536).decode()
		    out.write(text + "\n--\n")
		    if "STOPPING=1" in text:
		        break
	EOF2
	background python3 manager.py
	eventually test -S notify
	NOTIFY_SOCKET=$WORK/notify start
	rules "$WORK/a=ga" "$WORK/b=gb"
	reload
	eventually grep -q '^STATUS=2 rules, 2 groups' told
	stop
}

@test "a log file in a folder that all may write is refused" {
	mkdir -m 1777 open
	{
		echo "logging: {file: $WORK/open/log}"
		echo "rules: {}"
	} | policy
	refused 1 "policy.yaml:2:17: .*every user may write" reeved --config "$POLICY" --runtime-dir "$RUN"
	[ ! -e open/log ]
}

@test "a log file is opened again on SIGUSR1" {
	mkdir -m 755 logs
	{
		echo "logging: {file: $WORK/logs/log}"
		echo "rules: {}"
	} | policy
	start
	[ -s logs/log ]
	mv logs/log logs/old
	kill -USR1 "$JOB"
	eventually test -e logs/log
	stop
	grep -q stopping logs/log
}

# bats test_tags=alone
@test "an idle daemon sleeps: no thread runs in five seconds" {
	probe a
	rules "$WORK/a=ga"
	start
	expect ga ./a
	settle
	# Where others start processes meanwhile the machine is not idle: a few wake-ups for each.
	timeout 60 python3 - "$DAEMON" "$GUARD" 3>&- <<-'EOF2'
		import glob, sys, time
		def forks():
		    with open("/proc/stat") as file:
		        return [int(line.split()[1]) for line in file if line.startswith("processes")][0]
		def switches():
		    total = 0
		    for pid in sys.argv[1:]:
		        for path in glob.glob(f"/proc/{pid}/task/*/status"):
		            with open(path) as file:
		                total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
		    return total
		for attempt in range(3):
		    before, started = switches(), forks()
		    time.sleep(5)
		    woken, started = switches() - before, forks() - started
		    assert before > 0
		    if woken <= 10 * started:
		        break
		else:
		    sys.exit(f"{woken} switches while {started} processes were started")
	EOF2
}

@test "fifty reloads in a storm lose nothing and leak nothing" {
	cp "$BUILD/bench/bench-tiny" tiny
	rules "$WORK/tiny=ga"
	start
	"$BUILD/test/programs/e2e-storm" 4000 2 ./tiny >storm </dev/null 3>&- &
	local storm=$! before
	owned "$storm"
	reload
	sleep 0.1
	before=$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)
	for ((i = 0; i < 50; i++)); do
		reload
	done
	wait "$storm"
	read -r count right _ <storm
	[ "$count" = "$right" ]
	sleep 0.1
	# A snapshot or two may not have been dropped yet.
	[ "$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)" -le "$((before + 4))" ]
	[ "$(counter keeper.matched)" = "$count" ]
	[ "$(counter keeper.move_failed)" = 0 ]
}

@test "a scan finds scripts by their own name" {
	mkfifo never
	printf '#!/bin/bash\nread line <%s\n' "$WORK/never" >script
	chmod +x script
	background ./script
	local pid=$!
	rules "$WORK/script=gs"
	start
	sleep 0.2
	[ "$(group_of "$pid")" = - ]
	timeout 20 reeve scan --runtime-dir "$RUN"
	[ "$(group_of "$pid")" = gs ]
}

@test "a group that the policy has no longer stays while processes are in it" {
	probe a
	rules "$WORK/a=ga"
	start
	background ./a hold 60000 "$WORK/there"
	local pid=$!
	eventually test -e there
	rules "$WORK/a=gb"
	reload
	expect gb ./a
	[ "$(group_of "$pid")" = ga ]
	timeout 20 reeve status --runtime-dir "$RUN" | grep -q "ga.*1 process\|ga.*busy"
	kill -KILL "$pid"
	wait_gone "$pid"
	reload
	! timeout 20 reeve group show ga --runtime-dir "$RUN"
}

# bats test_tags=userland
@test "READY=1 once, and WATCHDOG=1 as often as the service manager wants it" {
	policy <<<"rules: {}"
	background python3 -c '
import os, socket
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("notify.new")
os.rename("notify.new", "notify")
while True:
    words = server.recv(4096).decode().splitlines()
    with open("said", "a") as out:
        print(*(word for word in words if word in ("READY=1", "WATCHDOG=1")), sep="\n", file=out)'
	eventually test -S notify
	DAEMON_PREFIX=(env NOTIFY_SOCKET="$WORK/notify" WATCHDOG_USEC=300000)
	start
	eventually watched 3
	[ "$(grep -c READY=1 said)" = 1 ]
	# So does the program that takes its place.
	local old=$DAEMON count
	timeout 60 reeve reload --exec --runtime-dir "$RUN" 3>&-
	wait_gone "$old"
	count=$(grep -c WATCHDOG=1 said)
	eventually watched $((count + 3))
}

watched() { # COUNT
	[ "$(grep -c WATCHDOG=1 said)" -ge "$1" ]
}
