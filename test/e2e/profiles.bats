#!/usr/bin/env bats
# Profiles: options of a launch in a file, and the three that come with reeve.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	PROFILES=$BATS_TEST_DIRNAME/../../data/profiles
}

teardown() {
	e2e_teardown
}

@test "profiles: options from a file, and the command line decides" {
	cat >own.yaml <<-'EOF'
		description: of the test
		env: {COLOUR: red, SIZE: "1"}
		umask: "077"
		seccomp: |
		  errno EXDEV mkdir mkdirat
	EOF
	run reeve run --profile ./own.yaml --env COLOUR=blue --umask 027 -- sh -c 'echo $COLOUR $SIZE; umask; mkdir x'
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = "blue 1" ]
	[ "${lines[1]}" = 0027 ]
	[[ ${lines[2]} == *"Invalid cross-device link"* ]]
}

@test "profiles: mistakes are all told, with their places, and nothing is started" {
	printf 'nicee: 3\nseccomp: kill @debg\ncapabilities: [chown\n' >broken.yaml
	run reeve run --profile ./broken.yaml -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *"broken.yaml:3:"* ]]
	printf 'nicee: 3\nseccomp: kill @debg\nbind: /nowhere:relative\n' >wrong.yaml
	run reeve run --profile ./wrong.yaml -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'wrong.yaml:1:1: error: unknown key "nicee"'*'did you mean "nice"'* ]]
	[[ $output == *'wrong.yaml:2:10: error: seccomp: policy:1:6: unknown group "@debg" (did you mean "debug"?)'* ]]
	run reeve run --profile nothing-of-that-name -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'there is no profile "nothing-of-that-name"'* ]]
	run reeve profile check ./wrong.yaml
	[ "$status" -eq 1 ]
	[ ! -e started ]
}

@test "profiles: root reads none that others may write" {
	echo 'nice: 1' >open.yaml
	chmod 666 open.yaml
	run reeve run --profile ./open.yaml -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *"open.yaml"* ]]
	[ ! -e started ]
}

@test "profiles: found by name" {
	cat >inside <<-'EOF'
		set -e
		mount -t tmpfs none /etc
		mkdir -p /etc/reeve/profiles
		printf 'description: from the folder\nenv: {FOUND: "yes"}\n' >/etc/reeve/profiles/own.yaml
		reeve profile list
		reeve run --profile own -- sh -c 'echo found=$FOUND'
	EOF
	run unshare --mount sh ./inside
	[ "$status" -eq 0 ]
	[[ $output == *own*"from the folder"*"/etc/reeve/profiles/own.yaml"* ]]
	[[ $output == *found=yes* ]]
}

@test "profiles: untrusted" {
	policy <<<"rules: []"
	run reeve run -c "$POLICY" --runtime-dir "$RUN" --profile "$PROFILES/untrusted.yaml" -- sh -c '
		touch /etc/reeve-test-x 2>/dev/null && echo wrote
		touch /tmp/x && echo temporary
		[ -z "$(ls -A /home)" ] && echo no homes
		ls -d /proc/[0-9]* | wc -l
		grep -c : /proc/net/dev
		hostname'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = temporary ]
	[ "${lines[1]}" = "no homes" ]
	[ "${lines[2]}" -le 5 ]
	[ "${lines[3]}" -eq 1 ] # lo
	[ "${lines[4]}" = sandbox ]
	run reeve run -c "$POLICY" --runtime-dir "$RUN" --profile "$PROFILES/untrusted.yaml" -- \
		python3 -c 'import socket; socket.socket()'
	[[ $output == *"Address family not supported"* ]]
}

@test "profiles: offline" {
	run reeve run --profile "$PROFILES/offline.yaml" -- python3 -c 'import socket; socket.socket()'
	[[ $output == *"Address family not supported"* ]]
	run reeve run --profile "$PROFILES/offline.yaml" -- grep -E 'CapEff|NoNewPrivs' /proc/self/status
	[[ $output == *CapEff*0000000000000000*NoNewPrivs*1* ]]
}

@test "profiles: agent is valid, and its limits are a group's" {
	run reeve profile check "$PROFILES/agent.yaml"
	[ "$status" -eq 0 ]
	grep -v -E '^(cpu|ram|swap|allow-write):' "$PROFILES/agent.yaml" >agent.yaml
	policy <<<"rules: []"
	run reeve run -c "$POLICY" --runtime-dir "$RUN" --profile ./agent.yaml -- \
		sh -c 'nice; grep -E CapEff /proc/self/status; cat /proc/self/oom_score_adj'
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 10 ]
	[[ ${lines[1]} == *0000000000080004* ]]
	[ "${lines[2]}" = 500 ]
}
