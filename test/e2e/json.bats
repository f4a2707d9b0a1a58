#!/usr/bin/env bats
# docs/json.md has the keys that the commands print, and they print no other.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	mkdir -p conf/services
	chmod 755 conf conf/services
	cp /bin/sleep tool
	POLICY=$WORK/conf/reeve.yaml
	policy <<-EOF2
		rules:
		  tool: {paths: ["$WORK/tool"], action: execute, group: apps}
		groups:
		  apps: {pids: 500}
		sinks:
		  here: {file: {path: "$WORK/sunk.json"}}
	EOF2
	printf 'run: [/bin/sleep, "1000"]\n' >conf/services/nap.yaml
	POLICY=$WORK/conf
	start
}

teardown() {
	e2e_teardown
}

# shows COMMAND [WORD...]: what it prints is what docs/json.md says.
shows() {
	local section=${SECTION:-}
	[ -n "$section" ] || case $1 in
	group | service | rules | profile | seccomp) section="$1 $2" ;;
	*) section=$1 ;;
	esac
	local options=(--json --runtime-dir "$RUN") words=("$@") i
	# Before the words of a program.
	for ((i = 0; i < ${#words[@]}; i++)); do
		[ "${words[i]}" != -- ] || break
	done
	echo "reeve $*"
	timeout 60 reeve "${words[@]:0:i}" "${options[@]}" "${words[@]:i}" </dev/null 3>&- >out 2>err || true
	[ -z "${ERRORS:-}" ] || mv err out
	python3 "$TREE/test/e2e/json_check.py" "$TREE/docs/json.md" "$section" <out || {
		head -n 20 err
		return 1
	}
}

@test "what is documented is printed, and nothing else" {
	background ./tool 1000
	eventually is_in $! apps
	local last
	while read -r last; do
		shows $last
	done <<-EOF2
		status
		group list
		group show apps
		group create extra --pids 10
		group set extra --pids 20
		group freeze extra
		group thaw extra
		group kill extra
		group delete extra
		service list
		service status nap
		service restart nap
		service stop nap
		service start nap
		service set nap pids=100
		service disable nap
		service enable nap
		service install more --no-start true
		service remove more
		scan
		reload
		metrics
	EOF2
	reeve group create other --pids 10 --runtime-dir "$RUN"
	shows group move other $!
}

@test "what needs no daemon, too" {
	local last
	stop
	printf 'tests: [{name: wrong, path: /bin/true, expect: {group: apps}}]\n' >>conf/reeve.yaml
	mkdir -p etc profiles
	printf '*:tool cpu apps/\n' >etc/cgrules.conf
	printf 'description: a test\nunshare: [pid]\n' >profiles/one.yaml
	while read -r last; do
		shows $last
	done <<-EOF2
		explain --config $WORK/conf --exe $WORK/tool
		rules list conf
		rules test conf
		check conf
		check --cost conf
		doctor
		version
		import etc
		migrate --check
		profile check profiles/one.yaml
		profile list
		seccomp list
		seccomp explain ordinary
		mount
		clean
	EOF2
	SECTION="doctor --self-test" shows doctor --self-test --source procfs
	# These tell on standard error.
	ERRORS=1 shows run --pids 10 --config "$WORK/conf" -- true
	ERRORS=1 shows record --source procfs --count 1 record
}

@test "a new daemon, and none" {
	SECTION="reload --exec" shows reload --exec
	! reeve status --json --runtime-dir "$WORK/none" >told 2>/dev/null
	[ "$(<told)" = $'{\n  "running": false\n}' ]
}

@test "no command is forgotten, and none ignores --json" {
	local command
	reeve help | python3 "$TREE/test/e2e/json_check.py" "$TREE/docs/json.md" --commands
	for command in help top "service logs nap" "service unit nap" "enter 1 true"; do
		refused 2 "prints no JSON" reeve --json $command
	done
}
