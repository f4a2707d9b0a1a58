#!/usr/bin/env bats
# fetter's command line and configuration, by the program of that name.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	RUN=/run/fetter-$NAME
	CONFIG=$WORK/config.yaml
}

teardown() {
	e2e_teardown
	rm -rf "/run/fetter-$NAME" "/run/fetter-$NAME".*
}

# The configuration without its name, as fetter takes it.
config() {
	{
		printf 'name: %s\n' "$NAME"
		cat
	} >"$CONFIG"
}

placed() {
	cp "$BUILD/test/programs/demo-first" "$WORK/placed"
	config <<-END
		logging: {file: stderr, level: info}
		rules:
		  first: {paths: ["$WORK/placed"], action: execute, group: slow}
		groups:
		  slow: {pids: 300, cpu: 50}
		  unused: {pids: 10}
	END
}

# fetter by a user without any privilege.
as_nobody() {
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	cp "$(realpath "$TREE/bin/reeve-compat")" "$WORK/fetter"
	setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/fetter" "$@"
}

# Exit code and what is on which stream.
says() { # CODE STDOUT-PATTERN STDERR-PATTERN COMMAND...
	local code=$1 out=$2 err=$3 got=0
	shift 3
	"$@" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- || got=$?
	cat "$WORK/out" "$WORK/err"
	[ "$got" -eq "$code" ]
	if [ -n "$out" ]; then grep -qE "$out" "$WORK/out"; else [ ! -s "$WORK/out" ]; fi
	if [ -n "$err" ]; then grep -qE "$err" "$WORK/err"; else [ ! -s "$WORK/err" ]; fi
}

foreground() {
	fetter run -c "$CONFIG" "$@" </dev/null >"$WORK/log" 2>&1 3>&- &
	JOB=$!
	wait_up
}

in_group() { # PID GROUP
	grep -q "/$NAME/$2\$" "/proc/$1/cgroup"
}

@test "fetter: help and version, without root's privileges too" {
	says 0 "^usage: fetter" "" fetter
	says 0 "quick-run" "" fetter help
	says 0 "quick-run" "" fetter --help
	says 0 "quick-run" "" fetter run -h
	says 0 "^fetter version [0-9]" "" fetter --version
	says 0 "^fetter version [0-9]" "" fetter -v
	says 0 "^usage: fetter" "" as_nobody
}

@test "fetter: a wrong command line is 2, with the usage" {
	says 2 "" 'unknown command "ru"' fetter ru
	says 2 "" 'option.*bogus' fetter run --bogus
	says 2 "" 'unknown flag: --scan' fetter clean -s
	says 2 "" 'unknown flag: --daemon' fetter quick-run --daemon
	says 2 "" 'takes no arguments: "more"' fetter clean more
	# Arguments are looked at before privileges, and these before the configuration.
	says 2 "" 'must be run as root' as_nobody -c "$CONFIG" run
}

@test "fetter: a configuration that is not there or not valid is 1, with its place" {
	says 1 "" "config.yaml" fetter -c "$CONFIG" run
	echo "groups: {}" >"$CONFIG"
	says 1 "" 'rules' fetter run -c "$CONFIG"
	printf 'rules: {a: {paths: [/bin/x], action: execute, group: nix}}\n' >"$CONFIG"
	says 1 "" 'config.yaml:1:[0-9]+: error: group "nix" is not defined' fetter clean "--config=$CONFIG"
	printf '[rules]\n' >"$WORK/config.toml"
	says 1 "" 'TOML' fetter quick-run -c "$WORK/config.toml"
	# fetter: deleted /tmp/x (clean), exit 0.
	mkdir "$WORK/x"
	printf 'name: ../../..%s\nrules: {}\n' "$WORK/x" >"$CONFIG"
	says 1 "" 'name' fetter clean -c "$CONFIG"
	[ -d "$WORK/x" ]
}

@test "fetter: run: in its group before the first instruction; SIGTERM ends it" {
	placed
	foreground
	for _ in {1..30}; do
		"$WORK/placed" >>"$WORK/seen" || true
	done
	[ "$(reeve status --runtime-dir "$RUN" --json | jq '.counters["keeper.moved"] + .counters["keeper.already"]')" -ge 30 ]
	kill -TERM "$JOB"
	wait "$JOB"
	# Groups stay, and clean takes them.
	[ -n "$(group_tops)" ]
	says 0 "" "" fetter clean -c "$CONFIG"
	[ -z "$(group_tops)" ]
}

@test "fetter: run --daemon: says 0 when it is up, 1 when it is not, and keeps its pid file locked" {
	[ ! -e /run/fetter.pid ] || skip "a fetter runs on this machine"
	placed
	says 0 "" "" fetter run --daemon --config "$CONFIG"
	JOB=$(</run/fetter.pid)
	alive "$JOB"
	[ "$(stat -c %a /run/fetter.pid)" = 640 ]
	wait_up
	says 1 "" "runs already|locked" fetter run -d -c "$CONFIG"
	kill -TERM "$JOB"
	wait_gone "$JOB" "$DAEMON"
	# fetter left it behind.
	[ ! -e /run/fetter.pid ]
	# A pid file of one that was killed is in nobody's way.
	echo 999999 >/run/fetter.pid
	says 0 "" "" fetter run -d -c "$CONFIG"
	JOB=$(</run/fetter.pid)
	wait_up
	kill -TERM "$JOB"
	wait_gone "$JOB" "$DAEMON"
	# What keeps it from starting is told, and is the exit code.
	printf 'name: %s\nrules: {}\nmode: nonsense\n' "$NAME" >"$CONFIG"
	says 1 "" "mode" fetter run -d -c "$CONFIG"
	[ ! -e /run/fetter.pid ]
}

@test "fetter: quick-run: what runs is placed once, with or without a daemon" {
	placed
	cp /bin/sleep "$WORK/placed"
	"$WORK/placed" 60 3>&- &
	owned "$!"
	local pid=$!
	nap 0.2
	says 0 "" "" fetter quick-run -c "$CONFIG"
	in_group "$pid" slow
	# fetter sent everything to the root of all hierarchies.
	says 0 "" "" fetter clean -c "$CONFIG"
	! in_group "$pid" slow
	foreground
	! in_group "$pid" slow
	says 0 "" "" fetter -c "$CONFIG" quick-run
	in_group "$pid" slow
	stop
}

@test "fetter: run --scan: what runs already is placed at the start" {
	placed
	cp /bin/sleep "$WORK/placed"
	"$WORK/placed" 60 3>&- &
	owned "$!"
	local pid=$!
	nap 0.2
	foreground --scan
	eventually in_group "$pid" slow
	stop
}

@test "fetter: mode: scanner finds what runs, by itself" {
	placed
	sed -i '1a mode: scanner' "$CONFIG"
	cp /bin/sleep "$WORK/placed"
	foreground
	"$WORK/placed" 60 3>&- &
	owned "$!"
	local pid=$!
	eventually in_group "$pid" slow
	stop
}

@test "fetter: trigger: KILL works, and nothing runs before it" {
	cp "$BUILD/test/programs/demo-first" "$WORK/placed"
	config <<-END
		logging: {file: stderr}
		rules:
		  no: {paths: ["$WORK/placed"], action: execute, trigger: KILL}
	END
	foreground
	local code=0
	"$WORK/placed" >"$WORK/ran" 2>/dev/null || code=$?
	[ "$code" -ge 126 ]
	[ ! -s "$WORK/ran" ]
	stop
}

@test "fetter: what it let pass is told and passes; limits that were taken out are gone" {
	placed
	sed -i 's/^rules:/unknown: 1\nrules:/; s/cpu: 50/cpu: 12.5, kill: true/' "$CONFIG"
	foreground
	grep -q 'warning: unknown key "unknown"' "$WORK/log"
	grep -q 'warning: unknown key "kill" in a group' "$WORK/log"
	stop
	sed -i 's/pids: 300, cpu: 12.5, kill: true/pids: 200/' "$CONFIG"
	foreground
	local top
	for top in $(group_tops); do
		[ ! -e "$top/slow/pids.max" ] || [ "$(<"$top/slow/pids.max")" = 200 ]
		[ ! -e "$top/slow/cpu.cfs_quota_us" ] || [ "$(<"$top/slow/cpu.cfs_quota_us")" = -1 ]
	done
	stop
}

@test "fetter: foreign audit rules are not touched, whatever audit.mode says" {
	command -v auditctl >/dev/null || skip "needs auditctl"
	placed
	sed -i '1a audit: {mode: override}' "$CONFIG"
	auditctl -l >"$WORK/before" 2>&1 || skip "audit does not work here"
	foreground
	auditctl -l >"$WORK/after"
	stop
	cmp "$WORK/before" "$WORK/after"
}
