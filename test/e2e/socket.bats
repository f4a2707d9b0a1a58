#!/usr/bin/env bats
# The control socket: what it answers to good requests, to bad ones, and to very many.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	probe a
	rules "$WORK/a=ga"
}

teardown() {
	e2e_teardown
}

# Python with call(), which sends a request and returns the first answer; s is connected.
client() {
	{
		cat <<-'EOF2'
			import json, socket, sys, time
			path = sys.argv[1] + "/reeve.sock"
			def connect():
			    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
			    s.settimeout(20)
			    s.connect(path)
			    return s
			rest = {}
			def answer(s):
			    data = rest.pop(s, b"")
			    while b"\0" not in data:
			        more = s.recv(65536)
			        if not more:
			            return None
			        data += more
			    first, rest[s] = data.split(b"\0", 1)
			    return json.loads(first)
			def call(s, method, parameters=None, **more):
			    request = {"method": method, **more}
			    if parameters is not None:
			        request["parameters"] = parameters
			    s.sendall(json.dumps(request).encode() + b"\0")
			    return answer(s)
			s = connect()
		EOF2
		cat
	} >client.py
	timeout 60 python3 client.py "$RUN" "$@" 3>&-
}

still_works() {
	alive "$DAEMON" && expect ga ./a && timeout 20 reeve status --runtime-dir "$RUN" >/dev/null
}

@test "introspection: GetInfo and GetInterfaceDescription" {
	start
	client "$TREE/src/core/io.reeve.varlink" <<-'EOF2'
		p = call(s, "org.varlink.service.GetInfo")["parameters"]
		assert p["product"] == "reeve" and p["version"], p
		assert sorted(p["interfaces"]) == ["io.reeve", "org.varlink.service"], p
		get = "org.varlink.service.GetInterfaceDescription"
		p = call(s, get, {"interface": "io.reeve"})["parameters"]
		assert p["description"] == open(sys.argv[2]).read()
		p = call(s, get, {"interface": "org.varlink.service"})["parameters"]
		assert "method GetInfo()" in p["description"], p
		r = call(s, get, {"interface": "org.example"})
		assert r["error"] == "org.varlink.service.InterfaceNotFound", r
		assert r["parameters"] == {"interface": "org.example"}, r
		r = call(s, get, {})
		assert r["error"] == "org.varlink.service.InvalidParameter", r
	EOF2
}

@test "every method of the description is there" {
	start
	client <<-'EOF2'
		import re
		text = call(s, "org.varlink.service.GetInterfaceDescription",
		            {"interface": "io.reeve"})["parameters"]["description"]
		methods = re.findall(r"^method (\w+)", text, re.M)
		assert len(methods) > 10, methods
		for method in methods:
		    r = call(s, "io.reeve." + method, {})
		    assert "MethodNot" not in r.get("error", ""), r
		    if method == "Reexecute":  # another process answers now
		        assert r["parameters"]["pid"] > 1, r
		        s = connect()
	EOF2
	# It is another process by now.
	DAEMON=$(timeout 20 reeve status --runtime-dir "$RUN" | sed -n 's/.* runs: pid \([0-9]*\).*/\1/p')
	still_works
}

@test "the status has every field that is described" {
	start
	expect ga ./a
	client <<-'EOF2'
		p = call(s, "io.reeve.GetStatus")["parameters"]
		for key, kind in {"version": str, "name": str, "pid": int, "mode": str, "layout": str,
		                  "uptime": int, "dry_run": bool, "config": list, "rules": int,
		                  "sources": list, "groups": list, "counters": dict,
		                  "problems": list, "decisions": list}.items():
		    assert isinstance(p[key], kind), (key, p[key])
		assert p["rules"] == 1 and p["groups"][0]["name"] == "ga", p
		assert p["decisions"][-1]["group"] == "ga", p["decisions"]
	EOF2
}

@test "methods that are not there" {
	start
	client <<-'EOF2'
		for method in ("io.reeve.Nothing", "org.varlink.service.Nothing"):
		    r = call(s, method)
		    assert r["error"] == "org.varlink.service.MethodNotFound", r
		    assert r["parameters"]["method"].endswith("Nothing"), r
		for method in ("org.example.GetStatus", "io.reeve2.GetStatus"):
		    r = call(s, method)
		    assert r["error"] == "org.varlink.service.InterfaceNotFound", r
		for method in ("", ".", "GetStatus", "io.reeve.", "io.reeve", "\u00e9.x"):
		    connection = connect()
		    r = call(connection, method)
		    assert r is None or "error" in r, (method, r)
	EOF2
	still_works
}

@test "parameters of a wrong type are refused and change nothing" {
	start
	client <<-'EOF2'
		bad = [None, True, 1, -1, 1e99, "", [], {}, [1], "../ga", "x" * 300, "a\u0000b"]
		for method, key, others in (
		        ("GetGroup", "name", {}), ("CreateGroup", "name", {}),
		        ("CreateGroup", "limits", {"name": "gz"}),
		        ("SetGroup", "name", {"limits": {}}),
		        ("DeleteGroup", "name", {}), ("FreezeGroup", "name", {}),
		        ("ThawGroup", "name", {}), ("KillGroup", "name", {}),
		        ("MoveProcesses", "group", {"pids": []}),
		        ("MoveProcesses", "pids", {"group": "ga"})):
		    for value in bad:
		        if key == "limits" and value in ({}, None):
		            continue
		        if method == "MoveProcesses" and value == []:
		            continue
		        if method == "MoveProcesses" and value == [1]:
		            continue
		        connection = connect()
		        r = call(connection, "io.reeve." + method, {**others, key: value})
		        ok = r is None or "error" in r
		        if method == "MoveProcesses" and key == "pids" and not ok:
		            ok = r["parameters"]["moved"] == 0
		        assert ok, (method, key, value, r)
		for parameters in ({"group": "ga", "pids": [-1]}, {"group": "ga", "pids": [0]},
		                   {"group": "ga", "pids": ["1"]}, {"group": "ga", "pids": [1.5]},
		                   {"group": "ga", "pids": [2 ** 32 + 1]},
		                   {"group": "ga", "pids": [2 ** 70]}):
		    connection = connect()
		    r = call(connection, "io.reeve.MoveProcesses", parameters)
		    assert r is None or "error" in r or r["parameters"]["moved"] == 0, (parameters, r)
		for limits in ({"pids": "many"}, {"ram": -1}, {"cpu": 0}, {"nonsense": 1},
		               {"pids": 1e99}, {"pids": {}}, {"raw": 1}, {"raw": {"../x": 1}}):
		    r = call(connect(), "io.reeve.SetGroup", {"name": "ga", "limits": limits})
		    assert "error" in r, (limits, r)
		for parameters in ([], 1, "x"):
		    r = call(connect(), "io.reeve.GetStatus", parameters)
		    assert r is None or "error" in r, (parameters, r)
		g = call(s, "io.reeve.ListGroups")["parameters"]["groups"]
		assert [x["name"] for x in g] == ["ga"] and g[0]["limits"] == {"pids": 3000}, g
	EOF2
	still_works
}

@test "groups by the socket: create, set, freeze, thaw, kill, delete" {
	start
	client <<-'EOF2'
		def good(method, **parameters):
		    r = call(s, "io.reeve." + method, parameters)
		    assert "error" not in r, (method, r)
		    return r["parameters"]
		good("CreateGroup", name="gz", limits={"pids": 9})
		assert good("GetGroup", name="gz")["group"]["limits"] == {"pids": 9}
		good("SetGroup", name="gz", limits={"pids": 8})
		assert good("GetGroup", name="gz")["group"]["limits"] == {"pids": 8}
		good("SetGroup", name="gz", limits={"pids": None})
		assert good("GetGroup", name="gz")["group"]["limits"] == {}
		good("FreezeGroup", name="gz")
		assert good("GetGroup", name="gz")["group"]["frozen"] is True
		good("ThawGroup", name="gz")
		assert good("GetGroup", name="gz")["group"]["frozen"] is False
		good("KillGroup", name="gz")
		good("DeleteGroup", name="gz")
		r = call(s, "io.reeve.GetGroup", {"name": "gz"})
		assert r["error"] == "io.reeve.NoSuchGroup" and r["parameters"]["name"] == "gz", r
		r = call(s, "io.reeve.DeleteGroup", {"name": "ga"})
		assert r["error"] == "io.reeve.Failed" and "policy" in r["parameters"]["message"], r
		r = call(s, "io.reeve.Clean")
		assert r["error"] == "io.reeve.Failed" and "running" in r["parameters"]["message"], r
	EOF2
	still_works
}

@test "a reload with a mistake answers with its places" {
	start
	echo "rules: 7" | policy
	client <<-'EOF2'
		r = call(s, "io.reeve.Reload")
		assert r["error"] == "io.reeve.InvalidPolicy", r
		d = r["parameters"]["diagnostics"][0]
		assert d["line"] == 2 and d["file"].endswith("policy.yaml"), d
	EOF2
	still_works
}

@test "many requests at once are answered in order; oneway ones are not" {
	start
	client <<-'EOF2'
		one = b'{"method":"io.reeve.GetGroup","parameters":{"name":"g%d"}}\0'
		s.sendall(b"".join(one % i for i in range(200)))
		for i in range(200):
		    assert answer(s)["parameters"]["name"] == "g%d" % i
		s.sendall(b'{"method":"io.reeve.GetStatus","oneway":true}\0' + one % 7)
		assert answer(s)["parameters"]["name"] == "g7"
		for piece in one % 8:
		    s.sendall(bytes([piece]))
		assert answer(s)["parameters"]["name"] == "g8"
	EOF2
}

@test "malformed requests are refused and harm nobody" {
	start
	client <<-'EOF2'
		import os
		for text in (b"", b"{", b"}", b"[]", b"null", b"1", b'"x"', b"{}", b'{"method":1}',
		             b'{"method":null}', b'{"method":"io.reeve.GetStatus","parameters":1}',
		             b'{"method":"io.reeve.GetStatus","more":"yes"}', b"\xff\xfe",
		             b'{"method":"io.reeve.GetStatus"', b"[" * 100000, b'{"a":' * 50000,
		             b"GET / HTTP/1.1\r\n\r\n", os.urandom(5000).replace(b"\0", b"x"),
		             b'{"method":"io.reeve.GetStatus","method":"io.reeve.Reload"}'):
		    connection = connect()
		    try:
		        connection.sendall(text + b"\0")
		        r = answer(connection)
		    except OSError:
		        r = None
		    assert r is None or "error" in r, (text[:80], r)
		assert "error" not in call(s, "io.reeve.GetStatus")
	EOF2
	still_works
}

@test "an endless request is cut off" {
	start
	before=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$DAEMON/status")
	client <<-'EOF2'
		sent = 0
		try:
		    s.sendall(b'{"method":"')
		    while sent < 200 << 20:
		        sent += s.send(b"x" * 65536)
		except (BrokenPipeError, ConnectionResetError):
		    pass
		assert sent < 64 << 20, sent
	EOF2
	still_works
	after=$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$DAEMON/status")
	[ $((after - before)) -lt 8000 ]
}

@test "half a request keeps nobody else waiting, and is given up in time" {
	start
	client <<-'EOF2'
		s.sendall(b'{"method":"io.reeve.Ge')
		begin = time.monotonic()
		assert "error" not in call(connect(), "io.reeve.GetStatus")
		assert time.monotonic() - begin < 2
		gone = connect()
		gone.sendall(b'{"method":')
		gone.close()
		s.settimeout(25)
		r = answer(s)
		assert r is None or r["error"] == "io.reeve.BadRequest", r
	EOF2
	still_works
}

@test "clients that go away before the answer" {
	start
	client <<-'EOF2'
		for i in range(300):
		    c = connect()
		    c.sendall(b'{"method":"io.reeve.GetStatus"}\0' * 3)
		    c.close()
	EOF2
	still_works
}

@test "a client that never reads is not waited for" {
	start
	client <<-'EOF2'
		s.settimeout(3)
		try:
		    for i in range(20000):
		        s.sendall(b'{"method":"io.reeve.GetStatus"}\0')
		except OSError:
		    pass
		begin = time.monotonic()
		assert "error" not in call(connect(), "io.reeve.GetStatus")
		assert time.monotonic() - begin < 2
	EOF2
	still_works
}

@test "1,000 connections with malformed, half and whole requests while reeve status works" {
	start
	cat >crowd.py <<-'EOF2'
		import resource, socket, sys, time
		resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
		crowd = []
		kinds = [b"", b'{"method":"io.re', b"rubbish\0", b'{"method":"io.reeve.GetStatus"}\0',
		         b"[" * 1000, b'{"method":"io.reeve.Events","more":true}\0']
		for i in range(1000):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		    s.settimeout(10)
		    try:
		        s.connect(sys.argv[1] + "/reeve.sock")
		        s.sendall(kinds[i % len(kinds)])
		    except OSError:
		        pass
		    crowd.append(s)
		open("there", "w").close()
		time.sleep(60)
	EOF2
	background python3 crowd.py "$RUN"
	eventually test -e there
	for _ in 1 2 3; do
		begin=$(now_ms)
		still_works
		[ $(($(now_ms) - begin)) -lt 3000 ]
	done
	reload
	kill "${STARTED[0]}"
	still_works
}

@test "a user without rights is refused" {
	command -v setpriv >/dev/null || skip "needs setpriv"
	[ -x /usr/bin/python3 ] || skip "needs /usr/bin/python3"
	start
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	cd "$RUN" # the folders above may be closed to others
	refused 1 "ermission" "${nobody[@]}" /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.connect(sys.argv[1])' reeve.sock
	# Also where the file lets everybody in: who the peer is decides.
	chmod 666 "$RUN/reeve.sock"
	timeout 20 "${nobody[@]}" /usr/bin/python3 - reeve.sock 3>&- <<-'EOF2'
		import json, socket, sys
		for method in ("GetStatus", "Reload", "Scan", "ListGroups", "Events", "Clean"):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		    s.settimeout(10)
		    s.connect(sys.argv[1])
		    try:
		        s.sendall(json.dumps({"method": "io.reeve." + method, "more": True,
		                              "parameters": {}}).encode() + b"\0")
		        data = s.recv(65536)
		    except (BrokenPipeError, ConnectionResetError):
		        continue
		    if data:
		        r = json.loads(data.split(b"\0")[0])
		        assert r.get("error") == "io.reeve.PermissionDenied", r
	EOF2
	cd "$WORK"
	still_works
}

@test "the socket and its folder belong to root" {
	start
	[ "$(stat -c %u "$RUN/reeve.sock")" = 0 ]
	[ $((0$(stat -c %a "$RUN/reeve.sock") & 0007)) = 0 ]
	[ $((0$(stat -c %a "$RUN") & 0022)) = 0 ]
}

@test "events come one by one with more, and only with it" {
	start
	client <<-'EOF2'
		import subprocess
		r = call(s, "io.reeve.Events")
		assert r["error"] == "org.varlink.service.ExpectedMore", r
		s.sendall(b'{"method":"io.reeve.Events","more":true}\0')
		time.sleep(0.2)
		for i in range(5):
		    subprocess.run(["./a"], stdout=subprocess.DEVNULL, timeout=10)
		found = 0
		while found < 5:
		    r = answer(s)
		    assert r["continues"] is True, r
		    d = r["parameters"].get("decision")
		    if d:
		        assert d["group"] == "ga" and d["path"].endswith("/a"), d
		        assert d["pid"] > 0 and d["rule"] == "r1", d
		        found += 1
	EOF2
	still_works
}

@test "a reader of events that is too slow loses some, is told, and holds nobody up" {
	local rule group
	cp "$BUILD/test/programs/demo-first" a
	# Events that are long (a quote takes two bytes), so that not so many of them are too many.
	rule=$(printf '"%.0s' {1..250})
	group=$(printf 'g%.0s' {1..250})
	policy <<-EOF
		rules: {'$rule': {paths: [$WORK/a], action: execute, group: $group}}
		groups: {$group: {pids: 3000}}
	EOF
	start
	cat >slow.py <<-'EOF2'
		import json, socket, sys, time, os
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
		s.settimeout(60)
		s.connect(sys.argv[1] + "/reeve.sock")
		s.sendall(b'{"method":"io.reeve.Events","more":true}\0')
		data, seen, lost = s.recv(65536), 0, 0
		open("there", "w").close()
		while not os.path.exists("go"):
		    time.sleep(0.05)
		while seen + lost < 1500:
		    *whole, data = data.split(b"\0")
		    for text in whole:
		        p = json.loads(text)["parameters"]
		        seen += p.get("decision") is not None
		        lost += p.get("lost") or 0
		    data += s.recv(65536)
		print(seen, lost)
	EOF2
	background python3 slow.py "$RUN" >slow.out 2>&1
	eventually test -e there
	timeout 400 "$BUILD/test/programs/demo-burst" 1500 4 ./a "/$NAME/$group" 1 >burst.out
	read -r right _ <burst.out
	[ "$right" = 1500 ]
	touch go
	eventually one_more "/$NAME/$group"
	cat slow.out
	grep -Eq '^[0-9]+ [1-9][0-9]*$' slow.out
}

# What was lost is told with the next event.
one_more() { # GROUP
	./a "$1" 1
	[ -s slow.out ]
}

# ---- requests that take long ----

# Somebody in group g who can neither be killed nor frozen as long as opens.hang is there.
stuck() {
	[ -c /dev/fuse ] || modprobe fuse 2>/dev/null || true
	[ -c /dev/fuse ] || skip "needs /dev/fuse"
	probe a
	mkdir mnt
	policy <<-EOF
		rules:
		  none: {paths: [$WORK/none], action: execute, group: g}
		$(groups_section g)
	EOF
	start
	background "$BUILD/test/programs/e2e-fuse" "$WORK/mnt" 0 "" "$WORK/opens" "$WORK/a"
	eventually grep -q " $WORK/mnt fuse" /proc/self/mounts
	touch opens.hang
	background "$WORK/a" open r mnt/a >out
	STUCK=${STARTED[-1]}
	eventually test -e opens.hung
	reeve group move g "$STUCK" --runtime-dir "$RUN"
}

# The daemon answers others within a second, again and again, until a file appears.
answers_until() { # FILE
	local begun
	while [ ! -e "$1" ]; do
		begun=$(now_ms)
		timeout 20 reeve group list --runtime-dir "$RUN" >/dev/null
		[ $(($(now_ms) - begun)) -lt 1000 ]
		sleep 0.05
	done
}

in_background() { # COMMAND...: its exit code and words go to ./done
	background sh -c '"$@" >said 2>&1; echo $? >done.new; mv done.new done' - "$@"
}

@test "while a group is being killed the daemon answers others; the answer comes when all are gone" {
	stuck
	in_background reeve group kill g --runtime-dir "$RUN"
	sleep 0.5
	[ ! -e done ]
	rm opens.hang
	answers_until done
	[ "$(cat done)" = 0 ]
	! alive "$STUCK"
}

@test "a kill that takes too long is given up with a sentence, and holds up nobody" {
	stuck
	local begun
	begun=$(now_ms)
	in_background reeve group kill g --runtime-dir "$RUN"
	answers_until done
	[ "$(cat done)" = 1 ]
	grep -q "processes of group g are still there after 5000 ms" said
	[ $(($(now_ms) - begun)) -ge 4900 ]
	rm opens.hang
	wait_gone "$STUCK"
}

@test "a freeze that takes too long" {
	stuck
	in_background reeve group freeze g --runtime-dir "$RUN"
	answers_until done
	[ "$(cat done)" = 1 ]
	grep -q "not all processes of group g froze within 2000 ms" said
	reeve group thaw g --runtime-dir "$RUN"
	rm opens.hang
	wait_gone "$STUCK"
}

@test "a client that goes away, and a stop of the daemon, while a group is being killed" {
	stuck
	timeout -s KILL 0.5 reeve group kill g --runtime-dir "$RUN" || true
	timeout 20 reeve group list --runtime-dir "$RUN"
	in_background reeve group kill g --runtime-dir "$RUN"
	sleep 0.3
	stop
	eventually test -e done
	[ "$(cat done)" = 1 ]
	rm opens.hang
	wait_gone "$STUCK"
	start
	reeve group list --runtime-dir "$RUN"
}
