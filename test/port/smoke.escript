#!/usr/bin/env escript
%% SPDX-License-Identifier: MIT
%% Drives reeve-port as alcove's Erlang side does: open_port, the FIFO, a call at several depths,
%% a program with its input, output and end. Prints a line a step, and "ok" at the end.
%%
%% usage: smoke.escript PROGRAM FIFO
-mode(compile).

-define(STDIN, 0).
-define(STDOUT, 1).
-define(STDERR, 2).
-define(PROXY, 3).
-define(CALL, 4).
-define(EVENT, 5).
-define(CTL, 6).

-define(EXECVP, 21).
-define(FORK, 28).
-define(GETPID, 36).
-define(KILL, 49).
-define(UNLINK, 93).
-define(VERSION, 97).

main([Program, Fifo]) ->
    Port = open_port({spawn_executable, Program},
                     [{args, ["-c", Fifo]}, stream, binary, exit_status]),
    boot(Port, Fifo),
    <<"1.0.1">> = call(Port, [], ?VERSION, []),
    say("version"),
    Root = call(Port, [], ?GETPID, []),
    true = is_integer(Root),
    say("getpid of the root"),
    Below = chain(Port, [], 5),
    true = lists:last(Below) =:= call(Port, Below, ?GETPID, []),
    say("getpid five levels down"),
    ok = call(Port, Below, ?KILL, [lists:last(Below), sigusr1]),
    {signal, sigusr1, <<_:128/bytes>>} = take(Port, Below, ?EVENT),
    say("a signal"),
    cat(Port, Below),
    [One | _] = Below,
    ok = call(Port, [], ?KILL, [One, sigkill]),
    {termsig, sigkill} = take(Port, [One], ?EVENT),
    say("a child that was killed"),
    badarg = call(Port, [], ?GETPID, [too, many]),
    {error, enoent} = call(Port, [], ?EXECVP, ["reeve-no-such-program", ["x"]]),
    say("errors"),
    port_close(Port),
    io:format("ok~n");
main(_) ->
    io:format(standard_error, "usage: smoke.escript PROGRAM FIFO~n", []),
    halt(2).

say(Step) ->
    io:format("~s~n", [Step]).

%% The first message is one message of the port's; then the FIFO is opened, and removed by the port.
boot(Port, Fifo) ->
    receive
        {Port, {data, <<7:16, ?CALL:16, 131, 119, 2, "ok">>}} -> ok
    after 5000 -> exit(no_boot)
    end,
    put(buffer, <<>>),
    put(inbox, []),
    Self = self(),
    spawn(fun() ->
        {ok, File} = file:open(Fifo, [read, raw, binary]),
        Self ! opened,
        eof = file:read(File, 1)
    end),
    receive opened -> ok after 5000 -> exit(no_fifo) end,
    ok = call(Port, [], ?UNLINK, [Fifo]),
    {error, enoent} = file:read_link_info(Fifo),
    say("handshake").

chain(_Port, At, 0) ->
    At;
chain(Port, At, Depth) ->
    {ok, Pid} = call(Port, At, ?FORK, []),
    chain(Port, At ++ [Pid], Depth - 1).

%% A program below: what is written to it comes back, and its end is told after that.
cat(Port, Above) ->
    {ok, Pid} = call(Port, Above, ?FORK, []),
    At = Above ++ [Pid],
    send(Port, At, frame(?EXECVP, ["sh", ["sh", "-c", "read x; echo got $x; exit 3"]])),
    fdctl_closed = take(Port, At, ?CTL),
    send(Port, At, <<"some words\n">>),
    <<"got some words\n">> = take(Port, At, ?STDOUT),
    {exit_status, 3} = take(Port, At, ?EVENT),
    say("a program").

frame(Number, Arguments) ->
    Term = term_to_binary(list_to_tuple(Arguments)),
    message(?CALL, <<Number:16, Term/binary>>).

message(Type, Body) ->
    <<(byte_size(Body) + 2):16, Type:16, Body/binary>>.

send(Port, At, Message) ->
    Wrap = fun(Pid, Inner) -> message(?STDIN, <<Pid:32, Inner/binary>>) end,
    true = port_command(Port, lists:foldr(Wrap, Message, At)).

call(Port, At, Number, Arguments) ->
    send(Port, At, frame(Number, Arguments)),
    take(Port, At, ?CALL).

%% The first message of a type from or about a process; the others wait.
take(Port, At, Type) ->
    case lists:partition(fun({A, T, _}) -> A =:= At andalso T =:= Type end, get(inbox)) of
        {[{_, _, Data} | More], Others} ->
            put(inbox, More ++ Others),
            Data;
        {[], _} ->
            receive
                {Port, {data, Data}} ->
                    split(<<(get(buffer))/binary, Data/binary>>),
                    take(Port, At, Type);
                {Port, {exit_status, Status}} -> exit({port_ended, Status})
            after 5000 -> exit({nothing_came, At, Type, get(inbox)})
            end
    end.

split(<<Size:16, Message:Size/bytes, Rest/binary>>) ->
    put(inbox, get(inbox) ++ [decode(Message, [])]),
    split(Rest);
split(Rest) ->
    put(buffer, Rest).

decode(<<?PROXY:16, Pid:32, Size:16, Message/binary>>, At) when byte_size(Message) =:= Size ->
    decode(Message, At ++ [Pid]);
decode(<<Type:16, Pid:32, Data/binary>>, At) when Type =:= ?STDOUT; Type =:= ?STDERR ->
    {At ++ [Pid], Type, Data};
decode(<<Type:16, Term/binary>>, At) ->
    {At, Type, binary_to_term(Term)}.
