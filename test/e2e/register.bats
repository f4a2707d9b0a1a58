#!/usr/bin/env bats
# Processes that register themselves, as cgexec does, and are left where they are.
# bats file_tags=userland

load helpers
load raw-groups
load register

setup() {
	raw_setup
	cp /bin/cat a
	cp /bin/sleep b
	cp /bin/bash shell
	SOCKET=$WORK/register.socket
	raw_group cpu x
	policy <<-END
		rules:
		  r: {on: [execute, setuid], paths: ["$WORK/a", "$WORK/b"], place: "cpu:$RAW/x"}
	END
}

teardown() {
	raw_teardown
}

# A shell that executes b when it is told to, each time in a child.
shell_that_waits() {
	mkfifo go
	background ./shell -c 'while read -r word <go; do [ "$word" != exec ] || exec ./b 600; ./b 600 & echo "$!" >child.new; mv child.new child; done'
	SHELL_PID=$!
}

@test "register: who has registered stays where it is, over an execution, and its children do not" {
	start --register-socket "$SOCKET"
	shell_that_waits
	register "$SOCKET" "$SHELL_PID" 0 | grep -q SUCCESS_STORE_PID
	echo fork >go
	eventually test -e child
	owned "$(<child)"
	eventually is_at "$(<child)" cpu x
	echo exec >go
	eventually grep -q "$WORK/b" "/proc/$SHELL_PID/maps"
	is_at "$SHELL_PID" cpu -
	eventually counter_above keeper.exempt 0
	reeve log --runtime-dir "$RUN" | grep -q 'left alone: it has registered'
}

@test "register: with its children, also those that others have adopted" {
	start --register-socket "$SOCKET"
	mkfifo go then
	background ./shell -c 'read -r _ <go; ( ( read -r _ <then; exec ./b 600 ) & echo $! >grandchild.new; mv grandchild.new grandchild ) & wait $!; read -r _ <go'
	local parent=$!
	register "$SOCKET" "$parent" 1 | grep -q SUCCESS
	echo >go
	eventually test -e grandchild
	owned "$(<grandchild)"
	# Its parent is gone, and it is known all the same.
	eventually counter_is register.exempt 2
	echo >then
	eventually grep -q "$WORK/b" "/proc/$(<grandchild)/maps"
	is_at "$(<grandchild)" cpu -
}

@test "register: what was told holds over a restart, and can be cancelled" {
	start --register-socket "$SOCKET"
	shell_that_waits
	register "$SOCKET" "$SHELL_PID" 0 | grep -q SUCCESS
	eventually test -e "$RUN/exempt.json"
	stop
	[ ! -e "$SOCKET" ]
	start --register-socket "$SOCKET" --scan
	register "$SOCKET" "$SHELL_PID" 0 | grep -q SUCCESS
	echo exec >go
	eventually grep -q "$WORK/b" "/proc/$SHELL_PID/maps"
	is_at "$SHELL_PID" cpu -
	register "$SOCKET" "$SHELL_PID" 2 | grep -q SUCCESS
	reeve scan --runtime-dir "$RUN" >/dev/null
	is_at "$SHELL_PID" cpu x
}

@test "register: silent and broken clients keep nobody waiting" {
	start --register-socket "$SOCKET"
	be_silent "$SOCKET" 100
	./a /proc/self/cgroup | grep -q "/$RAW/x$"
	register "$SOCKET" $$ 0 3 >/dev/null
	register "$SOCKET" 0 0 >/dev/null
	register "$SOCKET" 1 0 >/dev/null
	register "$SOCKET" 999999999 0 >/dev/null
	register "$SOCKET" $$ 0 | grep -q SUCCESS
	counter_is register.refused 4
	eventually counter_above register.silent 99
}

@test "register: its socket has its owner, and a second daemon does not take it" {
	start --register-socket "$SOCKET" --register-owner 61:62
	[ "$(stat -c '%u:%g %a' "$SOCKET")" = "61:62 660" ]
	sed "s/^name: .*/&-two/" "$POLICY" >two.yaml
	refused 1 'another daemon answers' reeved --config two.yaml --runtime-dir "$WORK/two" --register-socket "$SOCKET"
	register "$SOCKET" $$ 0 | grep -q SUCCESS
}
