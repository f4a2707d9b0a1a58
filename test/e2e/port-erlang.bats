#!/usr/bin/env bats
# reeve-port as an Erlang program drives it: by open_port, with the bytes that Erlang itself makes.
# bats file_tags=userland

load helpers

setup() {
	command -v escript >/dev/null || skip "needs escript (Debian's erlang-base)"
	[ -x "$TREE/bin/reeve-port" ] || skip "needs bin/reeve-port"
	e2e_setup
}

teardown() {
	e2e_teardown
}

@test "open_port: handshake, calls at depth, signals, a program, errors" {
	run timeout 120 escript "$TREE/test/port/smoke.escript" "$TREE/bin/reeve-port" "$WORK/ctl"
	printf '%s\n' "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = ok ]
}

@test "open_port: the port's processes end with Erlang" {
	mkfifo "$WORK/up"
	cat >"$WORK/run.escript" <<-'END'
		#!/usr/bin/env escript
		main([Program, Fifo, Up]) ->
		    Port = open_port({spawn_executable, Program},
		                     [{args, ["-c", Fifo]}, stream, binary]),
		    receive {Port, {data, _}} -> ok end,
		    {os_pid, Pid} = erlang:port_info(Port, os_pid),
		    port_command(Port, <<7:16, 4:16, 28:16, 131, 104, 0>>),
		    receive {Port, {data, <<_:32, Term/binary>>}} -> ok end,
		    {ok, Child} = binary_to_term(Term),
		    ok = file:write_file(Up, io_lib:format("~b ~b~n", [Pid, Child])),
		    receive never -> ok end.
	END
	background escript "$WORK/run.escript" "$TREE/bin/reeve-port" "$WORK/ctl" "$WORK/up"
	read -r -t 60 root child <"$WORK/up"
	alive "$root"
	alive "$child"
	kill -KILL "${STARTED[0]}"
	wait_gone "$root" "$child"
}
