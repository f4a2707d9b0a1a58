#!/usr/bin/env bats
# What groups use, now and before: io.reeve.GetTree and GetHistory.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	cp /bin/bash burn
	policy <<-EOF2
		rules:
		  burn: {paths: ["$WORK/burn"], action: execute, group: apps/burn}
		groups:
		  apps: {pids: 500, cpu: 50%}
		  apps/burn: {pids: 100}
		  idle: {pids: 10}
	EOF2
	start
}

teardown() {
	e2e_teardown
}

# Python with call(METHOD, PARAMETERS...); what is asserted there must hold.
client() {
	{
		cat <<-'EOF2'
			import json, os, socket, sys, time
			s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
			s.settimeout(20)
			s.connect(sys.argv[1] + "/reeve.sock")
			def ask(method, **parameters):
			    request = {"method": "io.reeve." + method, "parameters": parameters}
			    s.sendall(json.dumps(request).encode() + b"\0")
			    data = b""
			    while not data.endswith(b"\0"):
			        more = s.recv(1 << 20)
			        assert more, data
			        data += more
			    return json.loads(data[:-1])
			def call(method, **parameters):
			    answer = ask(method, **parameters)
			    assert "error" not in answer, answer
			    return answer["parameters"]
			def by_name(answer):
			    return {group["name"]: group for group in answer["groups"]}
			def until(condition):
			    end = time.monotonic() + 60
			    while not condition():
			        assert time.monotonic() < end
			        time.sleep(0.3)
		EOF2
		cat
	} >client.py
	timeout 90 python3 client.py "$RUN" "$@" 3>&-
}

@test "a tree of groups with their limits, parents first; then what has changed" {
	client <<-'EOF2'
		whole = call("GetTree")
		assert whole["whole"] and whole["processors"] > 0, whole
		names = [group["name"] for group in whole["groups"]]
		assert sorted(names) == ["apps", "apps/burn", "idle"], names
		assert names.index("apps") < names.index("apps/burn"), names
		apps = by_name(whole)["apps"]
		assert apps["pids_limit"] == 500 and apps["origin"] == "policy", apps
		assert apps["cpu_limit"] == whole["processors"] * 500000, apps
		assert "cpu_limit" not in by_name(whole)["idle"], whole
		# Nothing happens: after two looks there is nothing to tell.
		last = whole
		def quiet():
		    global last
		    last = call("GetTree", since=last["revision"], fresh=names)
		    assert not last["whole"]
		    return last["groups"] == []
		until(quiet)
		# One is frozen, and told.
		call("FreezeGroup", name="idle")
		changed = []
		def told():
		    global last, changed
		    last = call("GetTree", since=last["revision"], fresh=["idle"])
		    changed = [g for g in last["groups"] if g["name"] == "idle"]
		    return changed
		until(told)
		assert changed[0]["frozen"], changed
		# A number that this daemon has not given is answered with all.
		assert call("GetTree", since=last["revision"] + 5)["whole"]
		assert call("GetTree", since=1)["whole"]
		# And so is one before a group came.
		call("CreateGroup", name="more", limits={"pids": 7})
		more = call("GetTree", since=last["revision"])
		assert more["whole"] and by_name(more)["more"]["origin"] == "command", more
	EOF2
}

@test "a busy group is told at once, and is in the history" {
	background ./burn -c 'while :; do :; done'
	eventually is_in $! apps/burn
	client <<-'EOF2'
		def busy():
		    return by_name(call("GetTree", fresh=["apps/burn"]))["apps/burn"].get("cpu", 0) > 1000
		until(busy)
		group = by_name(call("GetTree"))["apps/burn"]
		assert group["members"] == 1, group
		def recorded():
		    answer = call("GetHistory", groups=["apps/burn", "idle", "none"], figures=["cpu"])
		    groups = by_name(answer)
		    assert set(groups) == {"apps/burn", "idle"}, groups
		    assert all(len(g["cpu"]) == len(answer["times"]) for g in groups.values()), answer
		    assert answer["times"] == sorted(answer["times"])
		    assert not any(groups["idle"]["cpu"]), groups
		    return any(groups["apps/burn"]["cpu"])
		until(recorded)
		long = call("GetHistory", groups=["apps/burn"], span=21600)
		assert len(long["times"]) == 1 and long["groups"][0]["cpu"][0] > 0, long
	EOF2
	counter_above history.bytes 0
}

@test "strange questions are refused, and forgotten groups take no memory" {
	client <<-'EOF2'
		for parameters in ({"groups": "x"}, {"groups": ["x"] * 257}, {},
		                   {"groups": [], "figures": ["cup"]}, {"groups": [], "figures": [1]},
		                   {"groups": [], "figures": []}, {"groups": [], "figures": 7}):
		    assert ask("GetHistory", **parameters).get("error"), parameters
		assert ask("GetTree", since="1").get("error")
		assert call("GetHistory", groups=[None, 3, "x"])["groups"] == []
		assert call("GetTree", fresh=[None, 3, "x"] * 1000)["groups"]
		for i in range(50):
		    call("CreateGroup", name=f"g{i}", limits={})
		assert len(call("GetTree")["groups"]) == 53
		for i in range(50):
		    call("DeleteGroup", name=f"g{i}")
		assert len(call("GetTree")["groups"]) == 3
	EOF2
}

@test "what groups have used is known to the daemon that takes over" {
	background ./burn -c 'for ((;;)); do for ((i = 0; i < 20000; i++)); do :; done; done'
	eventually is_in $! apps/burn
	cat >past.py <<-'EOF2'
		def past():
		    answer = call("GetHistory", groups=["apps/burn"], figures=["cpu"])
		    return list(zip(answer["times"], answer["groups"][0]["cpu"]))
	EOF2
	client < <(cat past.py - <<-'EOF2'
		until(lambda: any(cpu for _, cpu in past()))
		json.dump(past(), open("before", "w"))
	EOF2
	)
	timeout 60 reeve reload --exec --runtime-dir "$RUN"
	client < <(cat past.py - <<-'EOF2'
		before = [tuple(one) for one in json.load(open("before"))]
		now = past()
		# Times are worked out anew from the clock.
		assert len(now) >= len(before), (before, now)
		for (then, cpu), (later, value) in zip(before, now):
		    assert abs(then - later) < 1000 and cpu == value, (before, now)
		until(lambda: len(past()) > len(before))
	EOF2
	)
	! grep "is not known" "$WORK/log"
}
