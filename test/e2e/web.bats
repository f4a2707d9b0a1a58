#!/usr/bin/env bats
# reeve web: who is answered, what is refused, and the page in a browser.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	mkdir -p bin services
	cp "$BUILD/test/programs/e2e-agent" bin/compile
	cp "$BUILD/test/programs/e2e-agent" bin/agent
	printf 'run: ["%s/bin/agent", "exit", "3"]\nrestart: no\n' "$WORK" >services/flaky.yaml
	policy <<-END
		rules:
		  compilers: {paths: ["$WORK/bin/compile"], action: execute, group: builds/jobs}
		groups:
		  builds: {pids: 40}
		  builds/jobs: {pids: 20}
	END
}

teardown() {
	e2e_teardown
}

# Starts it; ADDRESS and TOKEN are what it says.
web() { # OPTION...
	background reeve web --runtime-dir "$RUN" --json "$@" >web.out 2>web.err
	WEB=$!
	eventually test -s web.out
	ADDRESS=$(sed -n 's/.*"address": "\([^"]*\)".*/\1/p' web.out)
	TOKEN=$(sed -n 's/.*"token": "\([^"]*\)".*/\1/p' web.out)
}

api() { # PATH [CURL-OPTION...]
	local path=$1
	shift
	curl -sS --max-time 30 -H "Authorization: Bearer $TOKEN" "$@" "${ADDRESS%/}$path"
}

@test "it answers to its token, on loopback alone, and to nothing that is odd" {
	local port path
	refused 2 "not on loopback" reeve web --listen 0.0.0.0:0
	refused 2 "no place to listen" reeve web --listen nowhere
	refused 2 "no host name" reeve web --host http://a
	refused 2 "goes with --listen unix" reeve web --socket-group root
	refused 1 "cannot read the token in none" reeve web --token-file none
	start
	web --listen 127.0.0.1:0
	port=${ADDRESS%/}
	port=${port##*:}
	refused 1 "in use" reeve web --listen "127.0.0.1:$port"
	[[ $(api /api/groups) == *'"builds/jobs"'* ]]
	[[ $(api "/api/decisions?limit=1") == '{"decisions":['* ]]
	[[ $(api "/api/group?name=none") == *'"error":"daemon"'* ]]
	timeout 120 python3 "$TREE/test/web/check_server.py" "$port" "$TOKEN"
	api /metrics >metrics
	grep -q '^reeve_web_total{what="requests"} [1-9]' metrics
	grep -q '^# TYPE reeve_[a-z_]*decision[a-z_]* ' metrics
	# What docs/web.md lists is what there is.
	for path in $(api /api | grep -o '"path":"[^"]*"' | cut -d'"' -f4 | sort -u); do
		grep -qF "| \`$path\` |" "$TREE/docs/web.md" || { echo "docs/web.md lacks $path"; false; }
	done
	# Without its daemon it says so, and goes on when there is one again.
	stop
	[[ $(api /api/status) == *"is reeved running"* ]]
	start
	nap 1.1
	[[ $(api /api/status) == *'"mode":'* ]]
	kill -TERM "$WEB"
	wait "$WEB"
	expect "" cat web.err
}

@test "a token from a file, a Unix socket, another name" {
	start
	echo "a-token-of-forty-characters-or-a-few-more" >token
	chmod 644 token
	refused 1 "changed by other users" reeve web --token-file token
	chmod 600 token
	web --listen "unix:$WORK/web.sock" --token-file token --host reeve.example.net
	expect "600 srwx------" stat -c '%a %A' web.sock || expect "600 srw-------" stat -c '%a %A' web.sock
	TOKEN=$(<token)
	ADDRESS=http://reeve.example.net
	[[ $(api /api --unix-socket web.sock) == *'/api/decisions'* ]]
	ADDRESS=http://other.example.net
	[[ $(api /api --unix-socket web.sock) == *bad_host* ]]
	kill -TERM "$WEB"
	wait "$WEB"
	[ ! -e web.sock ]
}

@test "the page: groups, decisions, why a process is where it is, services, on a desk and on a phone" {
	command -v chromium || skip "needs chromium"
	! grep -qE "QEMU (TCG|Virtual)" /proc/cpuinfo || skip "needs a machine that is not emulated"
	start
	web --listen 127.0.0.1:0
	timeout 300 python3 "$TREE/test/web/check_page.py" "$ADDRESS#token=$TOKEN" "$WORK/bin/compile"
}

@test "the page with 10,000 groups and 1,000 events a second: nobody waits long for it" {
	command -v chromium || skip "needs chromium"
	! grep -qE "QEMU (TCG|Virtual)" /proc/cpuinfo || skip "needs a machine that is not emulated"
	timeout 200 python3 "$TREE/test/web/measure.py" "$TREE/bin/reeve-web" 2 >measured
	# In time of a processor, which a busy machine does not change.
	python3 - measured <<-END
		import json, sys
		found = json.load(open(sys.argv[1]))
		assert not found["errors"], found
		assert found["bytes"] <= 150000, found
		for view in ("groups", "live"):
		    assert found[view]["frames"] and found[view]["longest_task_ms"] <= 200, found
	END
}
