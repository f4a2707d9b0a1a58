#!/usr/bin/env bats
# The service cgred by its init script, in a mount namespace of its own.
# bats file_tags=userland

load helpers
load raw-groups
load register
load cgred

setup() {
	cgred_setup
	sed "s|@libexecdir@/reeve/libcgroup|$TREE/bin|" "$TREE/data/init.d/cgred.in" |
		sed "s|@bindir@|$TREE/bin|" >cgred
	chmod +x cgred
	cp /bin/cat a
	raw_group cpu x
	cgrules <<-END
		*:$WORK/a	cpu	$RAW/x
	END
}

teardown() {
	[ ! -s "$PID_FILE" ] || owned "$(<"$PID_FILE")"
	raw_teardown
}

service() { # ACTION
	timeout 60 "$WORK/inside" ./cgred "$1" 3>&-
}

@test "cgred: start, status, flash, restart, stop" {
	local first
	run service status
	[ "$status" = 3 ]
	mkdir -p "$ETC/sysconfig"
	printf 'LOG="-v -v"\nLOG_FILE=/run/log\nSOCKET_GROUP=reeve-class\n' >"$ETC/sysconfig/cgred.conf"
	service start
	service status | grep -q "process $(<"$PID_FILE")"
	expect_at cpu x ./a
	[ "$(stat -c %g "$SOCKET")" = 61203 ]
	service start | grep -q 'runs already'
	raw_group cpu y
	cgrules <<-END
		*:$WORK/a	cpu	$RAW/y
	END
	service flash
	eventually counter_is engine.reloads 1
	expect_at cpu y ./a
	grep -q 'policy reloaded' "$WORK/host-run/log"
	first=$(<"$PID_FILE")
	service restart
	[ "$(<"$PID_FILE")" != "$first" ]
	service condrestart
	expect_at cpu y ./a
	service stop
	[ ! -e "$PID_FILE" ]
	service condrestart
	run service status
	[ "$status" = 3 ]
	run service flash
	[ "$status" = 7 ]
}

@test "cgred: a restart looks at the rules before it ends the daemon" {
	local first
	service start
	first=$(<"$PID_FILE")
	echo "*:$WORK/a cpu" >>"$ETC/cgrules.conf"
	run service restart
	[ "$status" = 1 ]
	[[ $output == *'cgrules.conf:2:'*'no destination'* ]]
	[[ $output == *"process $first goes on"* ]]
	run service condrestart
	[ "$status" = 1 ]
	mkdir -p "$ETC/sysconfig"
	echo 'SOCKET_GROUP=nosuchgroup' >"$ETC/sysconfig/cgred.conf"
	run service restart
	[ "$status" = 6 ]
	[[ $output == *'no group "nosuchgroup"'* ]]
	rm "$ETC/sysconfig/cgred.conf"
	cgrules <<-END
		*:$WORK/a	cpu	$RAW/x
	END
	chmod 666 "$ETC/cgrules.conf"
	run service restart
	[ "$status" = 1 ]
	[[ $output == *'can be written by other users'* ]]
	[ "$(<"$PID_FILE")" = "$first" ]
	expect_at cpu x ./a
	cgrules <<-END
		*:$WORK/a	cpu	$RAW/x
	END
	service restart
	[ "$(<"$PID_FILE")" != "$first" ]
	expect_at cpu x ./a
}

@test "cgred: what is wrong is an exit code" {
	run service nonsense
	[ "$status" = 2 ]
	echo "*:a cpu x nonsense" | cgrules
	run service start
	[ "$status" = 1 ]
	[[ $output == *'cgrules.conf:1:'* ]]
	# Nothing of it is left.
	run service status
	[ "$status" = 3 ]
	mkdir -p "$ETC/sysconfig"
	printf 'LOG=-v\r\n' >"$ETC/sysconfig/cgred.conf"
	run service start
	[ "$status" = 6 ]
	[[ $output == *'carriage returns'* ]]
	rm "$ETC/sysconfig/cgred.conf"
	: >"$ETC/cgrules.conf"
	run service start
	[ "$status" = 6 ]
	# Settings that are a folder are none.
	mkdir -p "$ETC/sysconfig/cgred.conf"
	run service start
	[ "$status" = 6 ]
	# Left behind by a daemon that was killed.
	echo 1 >"$PID_FILE"
	run service status
	[ "$status" = 1 ]
}

# The unit's command is a shell's: what the settings make of it, without systemd.
@test "cgred: the unit starts the daemon with its settings" {
	local command
	command=$(sed -n "s|^ExecStart=/bin/sh -c '\(.*\)'$|\1|p" "$TREE/data/cgred.service.in" |
		sed "s|@libexecdir@/reeve/libcgroup/cgrulesengd|$WORK/told|; s|[$][$]|\$|g")
	printf '#!/bin/sh\nprintf "<%%s>" "$@"\n' >told
	chmod +x told
	expect '<-n>' sh -c "$command"
	expect '<-n><-v><-v><--logfile=/run/log><-u><reeve-one><-g><reeve-class>' \
		env LOG='-v -v' LOG_FILE=/run/log SOCKET_USER=reeve-one SOCKET_GROUP=reeve-class NODAEMON=--nodaemon sh -c "$command"
	grep -q '^ExecReload=/bin/kill -USR2 ' "$TREE/data/cgred.service.in"
	! command -v systemd-analyze >/dev/null || {
		sed "s|@libexecdir@/reeve/libcgroup|$WORK|" "$TREE/data/cgred.service.in" >cgred.service
		cp told cgrulesengd
		! systemd-analyze verify "$WORK/cgred.service" 2>&1 | grep "$WORK/cgred.service"
	}
}

@test "cgred: a log that every user could put elsewhere becomes standard output" {
	mkdir -m 1777 "$WORK/host-run/public"
	"$WORK/inside" "$TREE/bin/cgrulesengd" -v -v -f /run/public/log >said 2>&1 3>&-
	grep -q 'cannot open the log file /run/public/log: every user may write its folder' said
	[ ! -e "$WORK/host-run/public/log" ]
	expect_at cpu x ./a
	service stop
}
