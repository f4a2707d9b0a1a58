#!/usr/bin/env bats
# A host in a fleet, and the commands that steer one, with a real etcd on loopback.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	command -v etcd >/dev/null || skip "needs etcd"
	PREFIX=/reeve-test
	SCHEME=http
	ETCD_MORE=()
	CTL=()
	mkdir -m 755 services bin
	# push ...: reeve fleet push, to this test's etcd; fleet ...: any of its commands.
	cat >bin/push <<-'END'
		#!/bin/sh
		exec fleet push "$@"
	END
	cat >bin/fleet <<-'END'
		#!/bin/sh
		command=$1
		shift
		exec timeout 40 reeve fleet "$command" --etcd "$URL" --prefix "$PREFIX" "$@" 3>&-
	END
	chmod 755 bin/*
	PATH=$WORK/bin:$PATH
	export PREFIX
}

teardown() {
	[ -n "${WORK:-}" ] || return 0
	[ ! -S "$RUN/reeve.sock" ] || timeout 20 reeve service stop agent --runtime-dir "$RUN" || true
	e2e_teardown
} >/dev/null 2>&1

# ---- etcd ----

# On two ports that nobody has, which it keeps when it is started again.
etcd_start() {
	local try i
	for try in {1..10}; do
		[ -d "$WORK/etcd" ] || PORT=$((20000 + RANDOM % 12000))
		export URL=$SCHEME://127.0.0.1:$PORT
		etcd --name one --data-dir "$WORK/etcd" --listen-client-urls "$URL" --advertise-client-urls "$URL" \
			--listen-peer-urls "http://127.0.0.1:$((PORT + 1))" \
			--initial-advertise-peer-urls "http://127.0.0.1:$((PORT + 1))" \
			--initial-cluster "one=http://127.0.0.1:$((PORT + 1))" --heartbeat-interval 20 --election-timeout 200 \
			--unsafe-no-fsync --log-level error "${ETCD_MORE[@]}" >>"$WORK/etcd.log" 2>&1 3>&- </dev/null &
		ETCD=$!
		owned "$ETCD"
		for ((i = 0; i < 400; i++)); do
			alive "$ETCD" || break
			! ctl get x >/dev/null 2>&1 || return 0
			nap 0.05
		done
		etcd_stop
		rm -rf "$WORK/etcd"
	done
	cat "$WORK/etcd.log"
	return 1
}

etcd_stop() {
	kill -KILL "$ETCD" 2>/dev/null || true
	wait_gone "$ETCD"
}

ctl() {
	ETCDCTL_API=3 timeout 20 etcdctl --endpoints "$URL" "${CTL[@]}" "$@" 3>&-
}

# On a busy machine etcdctl gives up early.
put() { # KEY, the value on standard input
	cat >"$WORK/value"
	eventually put_value "$1"
}

put_value() {
	ctl put "$PREFIX/$1" <"$WORK/value"
}

# ---- the host ----

# The local policy: what is given on standard input, and the fleet.
local_policy() {
	{
		echo "fleet: {etcd: {endpoints: [\"$URL\"], prefix: $PREFIX, ttl: 3s${FLEET_MORE:-}}, host: h1, labels: [web, eu]}"
		cat
	} | policy
}

# A value of the fleet's status: `state`, `counters.applied`, `refused.mistakes.0.line`.
value() { # PATH
	timeout 20 reeve status --json --runtime-dir "$RUN" 3>&- | python3 -c '
import json, sys
value = json.load(sys.stdin)["fleet"]
for part in sys.argv[1].split("."):
    value = value and (value[int(part)] if isinstance(value, list) else value[part])
print(value)' "$1"
}

fleet_is() { # PATH VALUE
	[ "$(value "$1")" = "$2" ]
}

fleet_says() { # PATH PART
	value "$1" | grep -qF -- "$2"
}

fleet_above() { # PATH VALUE
	[ "$(value "$1")" -gt "$2" ]
}

connected() {
	eventually fleet_is state connected
}

groups() {
	timeout 20 reeve group list --json --runtime-dir "$RUN" 3>&- | sed -n 's/^ *"name": "\(.*\)",\{0,1\}$/\1/p' | sort | xargs
}

groups_are() {
	[ "$(groups)" = "$*" ]
}

rules_are() { # COUNT
	timeout 20 reeve status --json --runtime-dir "$RUN" 3>&- | grep -q "\"rules\": $1,"
}


# ---- cases ----

@test "documents are laid over the files in their order, and the host says what it has" {
	etcd_start
	local_policy <<-END
		groups: {own: {pids: 10}, both: {pids: 10}}
		rules:
		  first: {paths: ["$WORK/a"], action: execute, group: own}
		  second: {paths: ["$WORK/b"], action: execute, group: both}
	END
	start
	connected
	groups_are both own
	push - <<<"groups: {both: {pids: 11}, all: {}}
rules: {}"
	push --label eu - <<<"groups: {both: {pids: 13}}
rules: {first: {paths: [\"$WORK/c\"], action: execute, group: both}}"
	push --label web - <<<"groups: {both: {pids: 12}, web: {}}
rules: {}"
	push --host h2 - <<<"groups: {other: {}}
rules: {}"
	# The push has waited for us; of labels the later one counts.
	groups_are all both own web
	rules_are 2
	reeve group show both --runtime-dir "$RUN" | grep -q "pids *13"
	ctl get --print-value-only "$PREFIX/status/h1" | grep -q '"refused":null'
	ctl get --print-value-only "$PREFIX/live/h1" | grep -q '"labels":\["web","eu"\]'
	run timeout 20 reeve fleet status --config "$POLICY"
	[[ $output == *"h1    there"*"policy/label/web       1"* ]]
	push --remove --label web
	groups_are all both own
	timeout 20 reeve metrics --runtime-dir "$RUN" >metrics
	grep -qx 'reeve_fleet_connected 1' metrics
	grep -qx 'reeve_fleet_refused 0' metrics
	grep -qE '^reeve_fleet_applied_revision [1-9]' metrics
	grep -qE '^reeve_fleet_applied_total [1-9]' metrics
	# What is taken out of the local policy ends, too.
	policy <<<"rules: {}"
	reload
	eventually groups_are ""
	expect null python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)["fleet"]))' < <(reeve status --json --runtime-dir "$RUN")
	timeout 20 reeve metrics --runtime-dir "$RUN" >metrics
	! grep reeve_fleet metrics
}

@test "a service of the fleet runs, stands for a local one, and goes with its document" {
	etcd_start
	cp "$BUILD/test/programs/e2e-agent" agent
	local_policy <<<"rules: {}"
	start
	connected
	printf 'run: ["%s", wait]\ndescription: of the fleet\n' "$WORK/agent" >manifest
	push --service agent manifest
	eventually service_is running
	printf 'run: ["%s", wait]\ndescription: of the host\n' "$WORK/agent" >services/agent.yaml
	chmod 644 services/agent.yaml
	reload
	reeve service status agent --runtime-dir "$RUN" | grep -q "of the fleet"
	refused 1 "is the fleet's" reeve service set agent pids=3 --runtime-dir "$RUN"
	# A bad one changes nothing.
	put services/all/agent <<<"runn: 7"
	eventually fleet_is refused.mistakes.0.file "etcd:$PREFIX/services/all/agent.yaml"
	service_is running
	push --service agent --remove
	fleet_is refused None
	service_is running
	rm services/agent.yaml
	reload
	eventually no_service
}

no_service() {
	! timeout 20 reeve service status agent --runtime-dir "$RUN" 3>&-
}

service_is() {
	timeout 20 reeve service status agent --json --runtime-dir "$RUN" 3>&- | grep -q "\"state\": \"$1\""
}

@test "what is refused is told with its place, and the last good policy stays" {
	etcd_start
	local_policy <<<"groups: {own: {}}
rules: {}"
	start
	connected
	push - <<<"groups: {good: {}}
rules: {}"
	printf 'groups:\n  good: {pidz: 1}\nrules: {}\n' | put policy/label/web
	eventually fleet_is refused.mistakes.0.line 2
	fleet_is refused.mistakes.0.column 10
	fleet_is refused.mistakes.0.file "etcd:$PREFIX/policy/label/web"
	groups_are good own
	run timeout 20 reeve fleet status --config "$POLICY"
	[[ $output == *"etcd:$PREFIX/policy/label/web:2:10: unknown key"* ]]
	run timeout 20 reeve status --runtime-dir "$RUN"
	[[ $output == *"refused"*"web:2:10: unknown key"* ]]
	# Whoever pushes is told, too: the mistake is another host's.
	echo "rules: {}" >none.yaml
	refused 1 "h1 refuses it: etcd:$PREFIX/policy/label/web:2:10: unknown key" push none.yaml
	# A mistake whose sentence is cut within a letter is still told.
	printf 'rules: {a: {paths: [/bin/x], nice: 1, action: "x%s"}}\n' "$(printf 'é%.0s' {1..60})" | put policy/label/web
	eventually fleet_says refused.mistakes.0.message '\xc3"'
	ctl del "$PREFIX/policy/label/web" >/dev/null
	eventually fleet_is refused None
	groups_are own
}

@test "whatever is in etcd, the host goes on" {
	etcd_start
	local_policy <<<"groups: {own: {}}
rules: {}"
	start
	connected
	printf '\377\376\000rules' | put policy/all
	eventually fleet_is refused.mistakes.0.line 1
	# Foreign keys below the prefix, and a service that can have no such name.
	put "policy/all/more" <<<x
	put "services/all/.." <<<x
	put $'services/all/\377' <<<x
	put "rollout/all/100" <<<"rules: 3"
	put "what is this" <<<x
	# As large as etcd takes: a comment of 1.4 MB.
	{
		echo "groups: {large: {}}"
		head -c 1400000 /dev/zero | tr '\0' '#'
	} | put policy/all
	eventually groups_are large own
	fleet_is refused None
	# More than a host takes: refused as a mistake is, and what is there stays.
	{
		echo "rules: {}"
		head -c 1410000 /dev/zero | tr '\0' '#'
	} >large
	put policy/label/web <large
	put policy/label/eu <large
	eventually fleet_says refused.reason "larger than 4 MiB"
	eventually status_says "larger than 4 MiB"
	fleet_is state connected
	groups_are large own
	ctl del "$PREFIX/policy/label" --prefix >/dev/null
	eventually fleet_is refused None
	# A group that this host cannot make.
	put policy/all <<<"groups: {\"$(printf 'a/%.0s' {1..20})z\": {}}
rules: {}"
	eventually fleet_says refused.reason "not valid"
	eventually status_says "not valid"
	groups_are large own
	ctl del "$PREFIX/" --prefix >/dev/null
	eventually groups_are own
}

# What others see of the host.
status_says() { # PART
	ctl get --print-value-only "$PREFIX/status/h1" | grep -qF -- "$1"
}

@test "without etcd the last policy stays, over a restart too; with it again all goes on" {
	etcd_start
	local_policy <<<"groups: {own: {}}
rules: {}"
	start
	connected
	push - <<<"groups: {first: {}}
rules: {}"
	# Connections stand, and nothing comes: a partition.
	kill -STOP "$ETCD"
	eventually fleet_is state waiting
	kill -CONT "$ETCD"
	connected
	etcd_stop
	eventually fleet_is state waiting
	groups_are first own
	stop
	start
	groups_are first own
	eventually log_has "the fleet's etcd cannot be used"
	etcd_start
	connected
	# What is damaged is told, and not used.
	stop
	etcd_stop
	sed -i 's/first/fIrst/; s/"revision"/"rEvision"/' "$RUN/fleet/policy"
	start
	groups_are own
	log_has "is damaged"
	etcd_start
	eventually groups_are first own
}

@test "a disk that is full: what is not kept, or not applied, is told, and mended when there is room" {
	local one
	etcd_start
	cp "$BUILD/test/programs/e2e-agent" agent
	mkdir -m 755 run
	for one in fleet fleet-services; do
		mkdir "run/$one"
		mount -t tmpfs -o size=16k,mode=700 none "run/$one"
	done
	local_policy <<<"rules: {}"
	start
	connected
	push - <<<"groups: {first: {}}
rules: {}"
	head -c 64K /dev/zero >run/fleet/fill || true
	push - <<<"groups: {second: {}}
rules: {}"
	fleet_says unsaved "run/fleet/policy: No space left"
	log_has "in force, but not after the next start: .*No space left"
	reeve status --runtime-dir "$RUN" | grep -q "on disk  *cannot write"
	rm run/fleet/fill
	eventually fleet_is unsaved None
	log_has "is on disk again"
	stop
	etcd_stop
	start
	groups_are second
	etcd_start
	connected
	# A manifest is written before it is in force.
	head -c 64K /dev/zero >run/fleet-services/fill || true
	printf 'run: ["%s", wait]\n' "$WORK/agent" >manifest
	refused 1 "h1 refuses it: .*No space left" push --service agent manifest
	eventually fleet_above counters.refused 2
	[ "$(grep -c "is refused, the last one stays" log)" = 1 ]
	rm run/fleet-services/fill
	eventually fleet_is refused None
	eventually service_is running
	eventually status_says '"refused":null'
}

@test "what was compacted while the host was away is read anew" {
	etcd_start
	local_policy <<<"rules: {}"
	start
	connected
	push - <<<"groups: {first: {}}
rules: {}"
	local revision
	revision=$(value revision)
	etcd_stop
	eventually fleet_is state waiting
	kill -STOP "$DAEMON"
	etcd_start
	put policy/all <<<"groups: {second: {}}
rules: {}"
	put policy/all <<<"groups: {third: {}}
rules: {}"
	ctl compact $((revision + 2)) >/dev/null
	kill -CONT "$DAEMON"
	eventually groups_are third
	fleet_is counters.compactions 1
	connected
	# The lease had not run out, or there is another: either way the host is there.
	ctl get --keys-only "$PREFIX/live/h1" | grep -q h1
}

@test "what has changed while a host was away may be more than one message holds" {
	local i
	etcd_start
	local_policy <<<"rules: {}"
	start
	connected
	push - <<<"groups: {first: {}}
rules: {}"
	etcd_stop
	eventually fleet_is state waiting
	kill -STOP "$DAEMON"
	etcd_start
	head -c 1400000 /dev/zero | tr '\0' '#' >large
	for i in {1..5}; do
		put policy/label/none <large
	done
	put policy/all <<<"groups: {second: {}}
rules: {}"
	kill -CONT "$DAEMON"
	eventually groups_are second
	connected
}

@test "a lease that is taken away is granted anew" {
	etcd_start
	local_policy <<<"rules: {}"
	start
	connected
	ctl lease revoke "$(ctl lease list | tail -n 1)" >/dev/null
	eventually fleet_is counters.leases_lost 1
	eventually fleet_is counters.leases 2
	connected
	ctl get --keys-only "$PREFIX/live/h1" | grep -q h1
}

@test "who signs in with a wrong password is told so, and with the right one goes on" {
	etcd_start
	ctl user add root:secret >/dev/null
	ctl user grant-role root root >/dev/null
	ctl auth enable >/dev/null
	CTL=(--user root:secret)
	(umask 022 && echo wrong >password)
	FLEET_MORE=", user: {name: root, password_file: \"$WORK/password\"}" local_policy <<<"groups: {own: {}}
rules: {}"
	start
	eventually log_has "asking for a lease: the password in .*/password can be read or changed by other users"
	chmod 600 password
	eventually fleet_says trouble "authentication failed"
	echo secret >password
	connected
	put policy/all <<<"groups: {first: {}}
rules: {}"
	eventually groups_are first own
	# etcd forgets its tokens when it is started again.
	etcd_stop
	etcd_start
	put policy/all <<<"groups: {second: {}}
rules: {}"
	eventually groups_are own second
	refused 1 "user name is empty|authentication|not provided" fleet status
	timeout 20 reeve fleet status --config "$POLICY" | grep -q "h1    there"
	# A user who may do what a host does, as docs/fleet.md makes one, and no more.
	ctl user add host:word >/dev/null
	ctl role add host >/dev/null
	ctl user grant-role host host >/dev/null
	ctl role grant-permission host read "$PREFIX/policy/" "$PREFIX/services0" >/dev/null
	ctl role grant-permission host readwrite --prefix=true "$PREFIX/live/" >/dev/null
	ctl role grant-permission host readwrite --prefix=true "$PREFIX/status/" >/dev/null
	echo word >password
	FLEET_MORE=", user: {name: host, password_file: \"$WORK/password\"}" local_policy <<<"groups: {own: {}}
rules: {}"
	reload
	connected
	put policy/all <<<"groups: {third: {}}
rules: {}"
	eventually groups_are own third
	echo "rules: {}" >none.yaml
	refused 1 "permission denied" timeout 20 reeve fleet push --config "$POLICY" none.yaml
}

@test "TLS: who shows no certificate of ours is not believed" {
	command -v openssl >/dev/null || skip "needs openssl"
	local one
	for one in ours other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$one" \
			-addext subjectAltName=IP:127.0.0.1 -keyout "$one.key" -out "$one.pem" 2>/dev/null
	done
	SCHEME=https
	ETCD_MORE=(--cert-file ours.pem --key-file ours.key)
	CTL=(--cacert ours.pem)
	etcd_start
	FLEET_MORE=", tls: {ca: \"$WORK/other.pem\"}" local_policy <<<"rules: {}"
	start
	eventually log_has "SSL certificate problem"
	FLEET_MORE=", tls: {ca: \"$WORK/ours.pem\"}" local_policy <<<"rules: {}"
	reload
	connected
	put policy/all <<<"groups: {first: {}}
rules: {}"
	eventually groups_are first
	# An etcd that asks who comes.
	etcd_stop
	ETCD_MORE+=(--trusted-ca-file ours.pem --client-cert-auth)
	CTL+=(--cert ours.pem --key ours.key)
	etcd_start
	eventually fleet_says trouble "certificate"
	FLEET_MORE=", tls: {ca: \"$WORK/ours.pem\", certificate: \"$WORK/ours.pem\", key: \"$WORK/ours.key\"}" local_policy <<<"rules: {}"
	reload
	connected
	timeout 20 reeve fleet status --config "$POLICY" | grep -q "h1    there"
}

@test "of several endpoints one that works is found" {
	etcd_start
	policy <<-END
		fleet: {etcd: {endpoints: ["http://127.0.0.1:1", "$URL", "http://127.0.0.1:2"], prefix: $PREFIX}, host: h1}
		rules: {}
	END
	start
	connected
	fleet_is endpoint "$URL"
	reeve fleet push --etcd http://127.0.0.1:1 --etcd "$URL" --prefix "$PREFIX" - <<<"rules: {}"
	refused 1 "etcd at http://127.0.0.1:1: " reeve fleet status --etcd http://127.0.0.1:1
}

# Something else than etcd, with a fault of test/e2e/made_up_etcd.py. $OTHER is its port.
made_up() { # FAULT
	python3 "$TREE/test/e2e/made_up_etcd.py" "$1" >"$WORK/port-$1" 2>"$WORK/made-up-$1" </dev/null 3>&- &
	owned "$!"
	eventually test -s "$WORK/port-$1"
	OTHER=$(<"$WORK/port-$1")
}

one_endpoint() { # PORT
	policy <<-END
		fleet: {etcd: {endpoints: ["http://127.0.0.1:$1"], prefix: $PREFIX, ttl: 2s}, host: h1}
		rules: {}
	END
}

@test "what is not etcd, or does not answer as etcd would, is told and left" {
	made_up silent
	one_endpoint "$OTHER"
	start
	eventually fleet_says trouble "http://127.0.0.1:$OTHER: watching the policy: no answer"
	log_has "cannot be used, the last policy stays: .*no answer"
	made_up large
	one_endpoint "$OTHER"
	reload
	eventually fleet_says trouble "reading the policy: the answer is larger than 16 MiB"
	made_up nonsense
	one_endpoint "$OTHER"
	reload
	eventually fleet_says trouble "asking for a lease: what answers is not etcd's gateway"
	# One that has nothing to say, and one that does: whichever is tried first.
	etcd_start
	policy <<-END
		fleet: {etcd: {endpoints: ["http://127.0.0.1:$(<port-silent)", "$URL"], prefix: $PREFIX, ttl: 2s}, host: h1}
		rules: {}
	END
	reload
	connected
	fleet_is endpoint "$URL"
}

@test "clocks that are hours wrong decide nothing" {
	local clock=$BUILD/test/programs/e2e-clock.so
	etcd_start
	local_policy <<<"rules: {}"
	DAEMON_PREFIX=(env "LD_PRELOAD=$clock" E2E_CLOCK=18000)
	start
	connected
	# One who pushes from a machine whose clock is behind, then ahead, then one whose clock is right.
	LD_PRELOAD=$clock E2E_CLOCK=-36000 push -m one - <<<"groups: {one: {}}
rules: {}"
	groups_are one
	LD_PRELOAD=$clock E2E_CLOCK=36000 push -m two - <<<"groups: {two: {}}
rules: {}"
	groups_are two
	push --label web -m three - <<<"groups: {three: {}}
rules: {}"
	groups_are three two
	fleet status >out
	grep -A9 ^document out | sed 1d | sed -E 's/^(\S+) .* (\S+)$/\1 \2/' >order
	expect "policy/label/web three
policy/all two
policy/all one" cat order
	[ "$(grep -c "by a clock ahead of ours" out)" = 1 ]
	# The daemon's clock, and then a watch that is resumed and a lease that is looked for.
	[ "$(ctl get --print-value-only "$PREFIX/status/h1" | sed 's/.*"at":\([0-9]*\).*/\1/')" -gt $(($(date +%s) + 17000)) ]
	etcd_stop
	eventually fleet_is state waiting
	etcd_start
	connected
	LD_PRELOAD=$clock E2E_CLOCK=-36000 fleet rollback
	groups_are one three
	[ "$(fleet status | grep -c "h1    there")" = 1 ]
	# What nobody can have meant.
	put about/policy/all/00000009 <<<'{"document": "policy/all", "number": 9, "by": "x", "at": 9223372036854775807}'
	fleet status | grep "no time"
}

# Its JSON is what docs/json.md says.
shows() {
	fleet "$@" --json >out
	python3 "$TREE/test/e2e/json_check.py" "$TREE/docs/json.md" "fleet $1" <out
}

@test "push, diff and rollback: checked, numbered, to a part of the hosts, and back" {
	etcd_start
	local_policy <<<"rules: {}"
	start
	connected
	printf "groups: {one: {}}\nrules: {}\n" >one.yaml
	printf "groups: {two: {}}\nrules: {}\n" >two.yaml
	printf "groups: {one: {}}\nrulez: {}\n" >bad.yaml
	refused 1 "bad.yaml:2:1: error: unknown key" push bad.yaml
	expect "pushed policy/all: number 1, revision $(next 1)
1 of 1 hosts have it" push -m first one.yaml
	groups_are one
	refused 1 "^-groups: \{one" fleet diff two.yaml
	fleet diff one.yaml
	# h1's number is 72 of 100.
	push --percent 70 two.yaml
	groups_are one
	push --percent 80 two.yaml
	groups_are two
	fleet rollback
	groups_are one
	# One that nothing stood before: it goes, and is not given to all.
	push --label web --percent 80 two.yaml
	groups_are one two
	fleet rollback --label web
	groups_are one
	refused 1 "no such|no earlier|there is no document" push --label web --remove
	push two.yaml
	groups_are two
	fleet rollback
	groups_are one
	shows rollback 5
	grep -q '"number": 7' out
	groups_are two
	shows status
	shows diff two.yaml
	shows push --no-wait two.yaml
	run fleet status --all
	[[ $output == *"back to number 4"*first* ]]
	refused 2 "from 1 to 100" push --percent 0 one.yaml
	refused 2 "exclude each other" push --label a --host b one.yaml
	refused 1 "no such push" fleet rollback 99
	refused 1 "not written like" reeve fleet status --etcd localhost
}

# The revision that the next write will have, with so many more before it.
next() { # COUNT
	echo $(($(ctl get x -w json | sed -n 's/.*"revision":\([0-9]*\).*/\1/p') + $1))
}
