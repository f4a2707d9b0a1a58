#!/usr/bin/env bats
# reeve-port as a program that somebody starts: its options, its JSON protocol, its privileges, its
# end. The binary protocol is played by test/port/run.
# bats file_tags=userland

bats_require_minimum_version 1.5.0
load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# Starts a port whose lines in go to descriptor 8 and whose lines out come into $WORK/out.
start_port() {
	mkfifo "$WORK/in"
	: >"$WORK/out"
	timeout 60 reeve-port --protocol json <"$WORK/in" >"$WORK/out" 3>&- &
	STARTED+=($!)
	exec 8>"$WORK/in"
}

# ask REQUEST PATTERN: the first line that the pattern matches, after the request.
ask() {
	local before round line
	before=$(wc -l <"$WORK/out")
	printf '%s\n' "$1" >&8
	for round in {1..100}; do
		line=$(tail -n +$((before + 1)) "$WORK/out" | grep -m 1 -e "$2") && break
		sleep 0.05
	done
	printf '%s' "$line"
	[ -n "$line" ]
}

@test "without a FIFO, and with one that is there, it ends with errno" {
	run -22 reeve-port
	[[ $output == *"-c FIFO is missing"* ]]
	touch "$WORK/there"
	run -17 reeve-port -c "$WORK/there"
	run -2 reeve-port -c "$WORK/none/fifo"
	run -95 reeve-port -h
	[[ $output == *"usage: reeve-port"* ]]
	run -11 reeve-port -d 256
	run -11 reeve-port -c "$WORK/fifo" -m 60000000
}

@test "a forked process executes a program, is spoken to, and its end is told" {
	start_port
	child=$(ask '{"id":1,"call":"fork"}' '"id":1' | jq .ok)
	ask '{"id":2,"at":['"$child"'],"call":"execvp","arguments":{"file":"cat","argv":["cat"]}}' '"id":2'
	said=$(ask '{"at":['"$child"'],"stdin":"hello"}' '"stdout"')
	[ "$(jq -c . <<<"$said")" = '{"at":['"$child"'],"stdout":"hello"}' ]
	ended=$(ask '{"call":"kill","arguments":['"$child"',"sigkill"]}' '"event"')
	[ "$(jq -c .event <<<"$ended")" = '["termsig","sigkill"]' ]
	exec 8>&-
}

@test "what is no request is answered by a sentence" {
	start_port
	ask 'nonsense' 'no JSON object'
	ask '{"id":7,"call":"getpdi"}' 'did you mean \\"getpid\\"?'
	ask '{"id":8,"call":"chmod","arguments":["/x"]}' 'chmod has 2 arguments: path mode'
	ask '{"id":9,"call":"getpid","colour":1}' 'has no \\"colour\\"'
	ask '{"id":10,"at":[999999999],"call":"getpid"}' '"id":10'
	ask '{"id":11,"call":"getpid"}' '"ok":[0-9]*,"id":11'
	exec 8>&-
}

@test "the end of input ends every program, and what it started" {
	start_port
	child=$(ask '{"id":1,"call":"fork"}' '"id":1' | jq .ok)
	ask '{"id":2,"at":['"$child"'],"call":"execvp","arguments":["sh",["sh","-c","trap \"\" TERM; sleep 1000 & echo $!; wait; sleep 1000"]]}' '"stdout"' >/dev/null
	below=$(jq -r 'select(.stdout) | .stdout' "$WORK/out")
	exec 8>&-
	wait_gone "$child" "$below"
}

@test "a sandbox: chroot, another user, no descriptors, and limits" {
	busybox=$(command -v busybox) || skip "needs busybox"
	mkdir -p "$WORK/root/bin"
	cp "$busybox" "$WORK/root/bin/sh"
	start_port
	child=$(ask '{"id":1,"call":"clone","arguments":[["clone_newns","clone_newpid","clone_newipc","clone_newuts"]]}' '"id":1' | jq .ok)
	at='"at":['"$child"']'
	ask '{"id":2,'"$at"',"call":"chroot","arguments":["'"$WORK/root"'"]}' '"ok":true,"id":2'
	ask '{"id":3,'"$at"',"call":"chdir","arguments":["/"]}' '"ok":true,"id":3'
	ask '{"id":4,'"$at"',"call":"setrlimit","arguments":["rlimit_nofile",[16,16]]}' '"ok":true,"id":4'
	ask '{"id":5,'"$at"',"call":"setresgid","arguments":[65534,65534,65534]}' '"ok":true,"id":5'
	ask '{"id":6,'"$at"',"call":"setresuid","arguments":[65534,65534,65534]}' '"ok":true,"id":6'
	said=$(ask '{"id":7,'"$at"',"call":"execve","arguments":["/bin/sh",["sh","-c","echo $$ /* `ulimit -n`"],[]]}' '"stdout"')
	[ "$(jq -r .stdout <<<"$said")" = "1 /bin 16" ]
	exec 8>&-
}

@test "the same by libreeve: data/examples/port-sandbox.c" {
	busybox=$(command -v busybox) || skip "needs busybox"
	mkdir -p "$WORK/root/bin"
	cp "$busybox" "$WORK/root/bin/sh"
	run -7 "$BUILD/test/port-sandbox" "$WORK/root" /bin/sh -c 'echo $$ /* `ulimit -n`; exit 7'
	[ "$output" = "1 /bin 16" ]
	run -125 "$BUILD/test/port-sandbox" "$WORK/root" /bin/none
	[[ $output == *"execve: enoent"* ]]
}

@test "a program is born in a group, and killed with it" {
	top=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)
	[ -n "$top" ] || skip "needs a cgroup2 hierarchy"
	group=$top/$NAME-group
	start_port
	ask '{"id":1,"call":"cgroup_create","arguments":["'"$group"'"]}' '"ok":true,"id":1'
	child=$(ask '{"id":2,"call":"fork_into","arguments":["'"$group"'"]}' '"id":2' | jq .ok)
	grep -q "$NAME-group" "/proc/$child/cgroup"
	ask '{"id":3,"at":['"$child"'],"call":"execvp","arguments":["sleep",["sleep","1000"]]}' '"id":3'
	ask '{"id":4,"call":"cgroup_kill","arguments":["'"$group"'"]}' '"termsig","sigkill"'
	ask '{"id":5,"call":"cgroup_remove","arguments":["'"$group"'"]}' '"ok":true,"id":5'
	exec 8>&-
}

@test "by setcap it has just those privileges" {
	command -v setcap >/dev/null || skip "needs setcap"
	install -m 755 "$(readlink -f "$(command -v reeve-port)")" "$WORK/port"
	setcap cap_sys_chroot+ep "$WORK/port" || skip "needs a file system with file capabilities"
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/port" --protocol json <<-'END'
		{"id":1,"call":"chroot","arguments":["/"]}
		{"id":2,"call":"setuid","arguments":[0]}
	END
	[[ $output == *'"ok":true,"id":1'* ]]
	[[ $output == *'"error":"eperm","id":2'* ]]
}

# A copy that is set-user-ID root, and with it an /etc of its own, in which $WORK/etc/reeve is.
set_user_id_copy() {
	! findmnt -no OPTIONS -T "$WORK" | grep -q nosuid || skip "needs a folder without nosuid"
	chmod 755 "$WORK"
	install -m 4755 "$(readlink -f "$(command -v reeve-port)")" "$WORK/port"
	mkdir -p "$WORK/etc/reeve"
}

# As a user without rights, in that /etc: the copy, with these options.
as_nobody() {
	unshare --mount sh -c 'mount --bind "$1/etc" /etc && shift && exec "$@"' sh "$WORK" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/port" "$@"
}

@test "it refuses to be set-user-ID, unless the installer names what its callers may do" {
	set_user_id_copy
	allowed=$WORK/etc/reeve/port-set-user-id
	run -1 as_nobody --protocol json </dev/null
	[[ $output == *"is set-user-ID"*"name in /etc/reeve/port-set-user-id"* ]]
	echo cap_everything >"$allowed"
	run -1 as_nobody --protocol json </dev/null
	[[ $output == *'"cap_everything" is no capability' ]]
	echo cap_sys_chroot >"$allowed"
	chmod 666 "$allowed"
	run -1 as_nobody --protocol json </dev/null
	[[ $output == *"nobody else can write" ]]
	chmod 644 "$allowed"
	chown 65534 "$allowed"
	run -1 as_nobody --protocol json </dev/null
	[[ $output == *"belongs to root"* ]]
	# nor by saying that it was executed by itself
	chown 0 "$allowed"
	run -1 as_nobody -d 0 </dev/null
	[[ $output == *"does not execute itself again" ]]
}

@test "a set-user-ID copy is its caller, with what the installer allows and nothing else" {
	set_user_id_copy
	printf '# sandboxes\ncap_sys_chroot\n' >"$WORK/etc/reeve/port-set-user-id"
	run -0 as_nobody --protocol json <<-'END'
		{"id":1,"call":"getresuid"}
		{"id":2,"call":"getresgid"}
		{"id":3,"call":"capget","arguments":[0]}
		{"id":4,"call":"setuid","arguments":[0]}
		{"id":5,"call":"chroot","arguments":["/"]}
		{"id":6,"call":"mkdir","arguments":["/reeve-test-none",493]}
	END
	[[ $output == *'"ok":[65534,65534,65534],"id":1'* ]]
	[[ $output == *'"ok":[65534,65534,65534],"id":2'* ]]
	[[ $output == *'"ok":[262144,262144,0],"id":3'* ]]
	[[ $output == *'"error":"eperm","id":4'* ]]
	[[ $output == *'"ok":true,"id":5'* ]]
	[[ $output == *'"error":"eacces","id":6'* ]]
	# and what it executes has nothing at all, and can get nothing
	sent='{"id":1,"call":"execvp","arguments":["grep",["grep","^Cap","/proc/self/status"]]}'
	: >"$WORK/out"
	as_nobody --protocol json < <(echo "$sent"; eventually grep -q CapBnd "$WORK/out") >"$WORK/out"
	grep -q 'CapPrm:\\t0000000000000000.*CapBnd:\\t0000000000040000' "$WORK/out"
}

@test "by sudo it has the identity that sudo gives it, and that alone is allowed" {
	command -v sudo >/dev/null || skip "needs sudo"
	chmod 755 "$WORK"
	install -m 755 "$(readlink -f "$(command -v reeve-port)")" "$WORK/port"
	cp -a /etc "$WORK/etc"
	printf 'nobody ALL=(root) NOPASSWD: %s\n' "$WORK/port --protocol json" >"$WORK/etc/sudoers"
	chmod 440 "$WORK/etc/sudoers"
	as_nobody() {
		unshare --mount sh -c 'mount --bind "$1/etc" /etc && shift && exec "$@"' sh "$WORK" \
			setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	}
	run -0 as_nobody sudo -n "$WORK/port" --protocol json <<<'{"id":1,"call":"getuid"}'
	[[ $output == *'"ok":0,"id":1'* ]]
	run -1 as_nobody sudo -n "$WORK/port" -c "$WORK/fifo" </dev/null
	[[ $output == *password* ]]
	run -0 as_nobody "$WORK/port" --protocol json <<<'{"id":1,"call":"getuid"}'
	[[ $output == *'"ok":65534,"id":1'* ]]
}

@test "docs/port-protocol.md names the calls that there are" {
	told=$(sed -n 's/^| \(1[0-9][0-9]\) | `\([a-z_]*\)` .*/\2 \1/p' "$TREE/docs/port-protocol.md")
	known=$(echo '{"id":1,"call":"capabilities"}' | reeve-port --protocol json |
		jq -r 'select(.id == 1) | .ok[] | select(.[2] >= 100) | "\(.[0]) \(.[2])"')
	[ -n "$known" ]
	[ "$told" = "$known" ]
}

@test "every defect in docs/port-protocol.md has its cases" {
	"$TREE/test/port/run" --list >"$WORK/cases"
	sed -n '/^### Its defects/,/^## /s/^|.*| \(`.*`.*\) |$/\1/p' "$TREE/docs/port-protocol.md" >"$WORK/told"
	[ "$(wc -l <"$WORK/told")" -gt 25 ]
	grep -o '`[^`]*`' "$WORK/told" | tr -d '`' | while read -r name; do
		grep -qF -- "$name" "$WORK/cases" || { echo "no case: $name"; false; }
	done
	# and every case of a defect stands there
	sed -n 's/^defect: .*\(\[.*\]\)$/\1/p' "$WORK/cases" | while read -r name; do
		grep -qF -- "$name" "$WORK/told" || { echo "not told: $name"; false; }
	done
}
