#!/usr/bin/env bats
# reeve top on a terminal: what is on the screen, and what keys do.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	/usr/bin/python3 -c 'import pyte' 2>/dev/null || skip "needs python3-pyte"
	cp /bin/bash burn
	cp /bin/sleep tool
	policy <<-EOF2
		rules:
		  burn: {paths: ["$WORK/burn"], action: execute, group: apps/burn}
		  tool: {paths: ["$WORK/tool"], action: execute, group: apps/tools}
		groups:
		  apps: {pids: 500}
		  apps/burn: {pids: 100}
		  apps/tools: {pids: 90}
		  idle: {pids: 10}
	EOF2
	start
	export TERM=linux LC_ALL=C.UTF-8
	unset NO_COLOR
}

teardown() {
	e2e_teardown
}

# Steps of screen.py come from standard input.
person() { # SIZE [OPTION...]
	local size=$1
	shift
	timeout 200 /usr/bin/python3 "$TREE/test/e2e/screen.py" "$size" reeve top --runtime-dir "$RUN" --interval 0.2 "$@" 3>&-
}

@test "groups, processes and decisions are on the screen; keys choose what is shown" {
	background ./burn -c 'while :; do :; done'
	eventually is_in $! apps/burn
	person 80x24 <<-EOF2
		< ^reeve: 4 groups, 1 processes  cpu [0-9.]+% of [0-9]+00%
		= 1 ^GROUP +CPU% PAST +MEMORY +TASKS +IO/s WAIT% HELD% OOM
		< ^- apps .* 1/500
		< ^    burn +[1-9][0-9.]+ .* 1/100
		< ^    tools +0.0 .* 0/90
		< ^  idle
		< ^DECISIONS
		< [0-9:]+ $! burn -> apps/burn, moved:
		> s
		< by cpu
		< ^  idle
		> S
		> \x20
		! burn +[0-9]
		< ^\+ apps
		> \x1b[C
		< ^    burn
		> \x1b[B\n
		< ^ +$! burn +[1-9][0-9.]+
		> \n
		! ^ +$! burn
		> /too
		< ^    tools
		! ^  idle
		! ^    burn
		> \n
		< only too
		> /\x1b
		< ^  idle
		> /nothing
		< no group has this in its name
		> \x7f\x7f\x7f\x7f\x7f\x7f\x7f\n
		< ^  idle
		> d
		! ^DECISIONS
		> ?
		< freeze, thaw the group
		> x
		< ^  idle
		- ./tool 0
		> d
		< tool -> apps/tools, moved:
		colour
		> q
		end
	EOF2
}

@test "keys freeze, thaw, change a limit, and kill after a question" {
	background ./tool 1000
	eventually is_in $! apps/tools
	person 100x30 <<-EOF2
		< ^    tools +0.0
		> /tools\n
		< only tools
		> \x1b[F
		> f
		< tools: frozen
		< ^    tools +frozen
		> t
		< tools: thawed
		! ^    tools +frozen
		> lpids=77\n
		< apps/tools: limit set
		< ^    tools .* 1/77
		> lpids\n
		< a limit is KEY=VALUE
		> lpids=many\n
		< pids
		> k
		< kill all processes of apps/tools and below\? y/n
		> n
		! y/n
		- kill -0 $!
		> ky
		< apps/tools: killed
		< ^    tools .* 0/77
		> q
		end
	EOF2
	wait_gone $!
	[ "$(timeout 10 reeve group show apps/tools --json --runtime-dir "$RUN" | jq_pids)" = 77 ]
}

jq_pids() {
	python3 -c 'import json, sys; print(json.load(sys.stdin)["group"]["limits"]["pids"])'
}

@test "a process is killed by itself" {
	background ./tool 1000
	local first=$!
	background ./tool 1000
	eventually is_in $! apps/tools
	person 80x24 <<-EOF2
		< ^    tools .* 2/90
		> /tools\n
		< only tools
		> \x1b[F\n
		< ^ +$first tool
		< ^ +$! tool
		> \x1b[B
		> k
		< kill process [0-9]+ \(tool\)\? y/n
		> y
		< process [0-9]+: killed
		< ^    tools .* 1/90
		> q
		end
	EOF2
}

@test "any size of terminal, and changes of it" {
	person 1x1 <<-EOF2
		# 80x24
		< ^- apps
		< ^DECISIONS
		# 40x10
		< ^- apps
		! ^DECISIONS
		! OOM
		# 3x2
		< ree
		# 200x60
		< ^GROUP .* OOM
		< ^  idle
		# 1x1
		# 80x5
		< ^- apps
		> \x1b[F
		< ^  idle
		> q
		end
	EOF2
}

@test "without colour, on old terminals, and on none" {
	NO_COLOR=1 person 80x24 <<-EOF2
		< ^- apps
		plain
		> q
		end
	EOF2
	TERM=vt100 person 80x24 <<-EOF2
		< ^- apps
		plain
		> q
		end
	EOF2
	LC_ALL=C person 80x24 <<-EOF2
		< ^- apps
		> q
		end
	EOF2
	# No screen at all: lines, again and again.
	TERM=dumb person 80x40 <<-EOF2
		< ^reeve: 4 groups
		< ^- apps
		< ^  idle
	EOF2
	TERM=no-such-terminal person 80x40 <<-EOF2
		< ^- apps
	EOF2
	refused 1 "this is no terminal" reeve top --runtime-dir "$RUN"
	refused 2 "0.1 seconds" reeve top --interval 0 --runtime-dir "$RUN"
}

@test "the daemon goes and comes again; without one it says so" {
	person 80x24 <<-EOF2
		< ^- apps
		- kill -TERM $DAEMON
		< no daemon runs|closed the connection
		- cd $WORK; setsid reeved --config $POLICY --runtime-dir $RUN </dev/null >>log 2>&1 &
		! no daemon runs|closed the connection
		< ^- apps
		> q
		end
	EOF2
	kill -TERM "$(timeout 10 reeve status --json --runtime-dir "$RUN" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')"
	eventually test ! -S "$RUN/reeve.sock"
	! person 80x24 <<<end
}

@test "a member of the group reeve looks, and changes nothing" {
	stop
	printf 'reeve:x:64999:\n' >group
	DAEMON_PREFIX=(unshare --mount bash -c "mount --bind $WORK/group /etc/group && exec \"\$@\"" -)
	start
	cd "$RUN" # the folders above may be closed to others
	timeout 100 /usr/bin/python3 "$TREE/test/e2e/screen.py" 80x24 setpriv --reuid 65534 --regid 64999 --clear-groups \
		reeve top --runtime-dir . --interval 0.2 3>&- <<-EOF2
		< ^- apps
		> f
		< no permission
		> q
		end
	EOF2
}

@test "groups that go while they are selected, folded or searched for, and odd names" {
	local name
	start_group() {
		timeout 20 reeve group create --runtime-dir "$RUN" "$@" >/dev/null
	}
	start_group gone --pids 9
	start_group gone/a --pids 8
	start_group gone/b --pids 7
	start_group 'zwölf €' --pids 6
	start_group 'x"y' --pids 5
	person 80x24 <<-EOF2
		< ^- gone
		< ^  zwölf €
		< ^  x"y
		> /gone/a\n
		< only gone/a
		> \x1b[F
		- timeout 20 reeve group delete --runtime-dir $RUN gone/a
		< no group has this in its name
		> k
		> /\x1b
		< ^    b
		! ^    a
		> \x1b[H
		> \x1b[B\x1b[B\x1b[B\x20
		< ^\+ gone
		- timeout 20 reeve group delete --runtime-dir $RUN gone/b
		- timeout 20 reeve group delete --runtime-dir $RUN gone
		! gone
		> f
		< : frozen
		> t
		< : thawed
		> q
		end
	EOF2
	# Prometheus takes such names as well.
	timeout 20 reeve metrics --runtime-dir "$RUN" >metrics
	grep -qF 'group="x\"y"' metrics
	grep -qF 'group="zwölf €"' metrics
	if command -v promtool; then
		promtool check metrics <metrics
	fi
}
