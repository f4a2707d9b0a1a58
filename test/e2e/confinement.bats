#!/usr/bin/env bats
# What a program may do: seccomp policies, Landlock and capabilities as options of reeve run.

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

need_landlock() { # VERSION
	python3 -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < int(sys.argv[1]))' "$1" ||
		skip "needs Landlock, version $1"
}

@test "confinement: a seccomp policy in words, in a file, as a preset, as a container profile" {
	echo 'errno EXDEV mkdir mkdirat' >policy
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"],
		"action": "SCMP_ACT_ERRNO", "errnoRet": 18}]}' >profile.json
	for policy in 'errno EXDEV mkdir mkdirat' ./policy ./profile.json; do
		run reeve run --seccomp "$policy" -- mkdir x
		[ "$status" -eq 1 ]
		[[ $output == *"Invalid cross-device link"* ]]
	done
	run reeve run --seccomp offline -- python3 -c 'import socket; socket.socket()'
	[ "$status" -eq 1 ]
	[[ $output == *"Address family not supported"* ]]
	reeve run --seccomp offline -- python3 -c 'import socket; socket.socket(socket.AF_UNIX)'
	reeve run --seccomp ordinary -- sh -c 'ls -l / | grep -q tmp'
	[ ! -e x ]
}

@test "confinement: a call that is killed ends the program" {
	run reeve run --seccomp 'kill mkdir mkdirat' -- mkdir x
	[ "$status" -eq 159 ] # 128 + SIGSYS
	[ ! -e x ]
}

# bats test_tags=userland
@test "confinement: a policy that cannot be is refused before anything is started" {
	run reeve run --seccomp 'allow @basic; kill execve' -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *"policy:1:20: this forbids execve (kill), so that no program could be started"* ]]
	printf '# first line\nallow @basic @oi\n' >policy
	run reeve run --seccomp ./policy -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'./policy:2:14: unknown group "@oi" (did you mean "io"?)'* ]]
	run reeve run --seccomp ordinray -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'unknown preset "ordinray" (did you mean "ordinary"?)'* ]]
	run reeve run --seccomp ./missing -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'./missing'*'No such file'* ]]
	[ ! -e started ]
}

@test "confinement: what gets around a filter is said" {
	run reeve run --seccomp 'kill clone(flags & CLONE_NEWUSER == CLONE_NEWUSER)' -- true
	[ "$status" -eq 0 ]
	[[ $output == *'write "errno ENOSYS clone3"'* ]]
}

@test "confinement: writing, reading and executing only what is allowed" {
	need_landlock 3
	mkdir in
	echo text >out
	reeve run --allow-write "$PWD/in" -- sh -c 'echo x >in/new && cat out'
	run reeve run --allow-write "$PWD/in" -- sh -c 'echo x >>out'
	[ "$status" -ne 0 ]
	run reeve run --allow-write none -- touch in/other
	[ "$status" -ne 0 ]
	[[ $output == *"Permission denied"* ]]
	[ "$(cat out)" = text ]
	[ ! -e in/other ]
	run reeve run --allow-execute /nowhere -- true
	[ "$status" -eq 125 ]
	[[ $output == *"Landlock: /nowhere: No such file"* ]]
	run reeve run --allow-execute "$PWD/in" -- true
	[ "$status" -eq 126 ]
}

@test "confinement: rules are about what the program sees, in its own root" {
	need_landlock 3
	mkdir shown
	run reeve run --tmpfs /mnt --bind "$PWD/shown:/mnt/data" --allow-write /mnt -- \
		sh -c "echo x >/mnt/data/new && echo y >/mnt/temporary && echo z >$PWD/outside"
	[ "$status" -ne 0 ]
	[ -e shown/new ]
	[ ! -e outside ]
}

@test "confinement: TCP ports" {
	need_landlock 4
	cat >connect.py <<-'EOF'
		import socket, sys
		listener = socket.socket()
		try:
		    listener.bind(("127.0.0.1", int(sys.argv[1])))
		    listener.listen()
		    socket.create_connection(listener.getsockname())
		except PermissionError:
		    sys.exit(13)
	EOF
	reeve run --allow-bind 0 -- python3 connect.py 0
	run reeve run --allow-bind none -- python3 connect.py 0
	[ "$status" -eq 13 ]
	run reeve run --allow-connect 1 -- python3 connect.py 0
	[ "$status" -eq 13 ]
	run reeve run --allow-connect http -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'"http" is no port'* ]]
	[ ! -e started ]
}

@test "confinement: without Landlock its options are errors" {
	# a filter that answers as a kernel without it
	run reeve run --seccomp 'errno ENOSYS landlock_create_ruleset' -- \
		reeve run --allow-read / -- touch started
	[ "$status" -ne 0 ]
	[[ $output == *"this kernel has no Landlock"* ]]
	[ ! -e started ]
}

@test "confinement: capabilities by name, and none in a sandbox" {
	run reeve run --capabilities chown,kill -- grep CapBnd /proc/self/status
	[[ $output == *0000000000000021* ]]
	run reeve run --capabilities net_raw --user 65534 -- grep CapEff /proc/self/status
	[[ $output == *0000000000002000* ]]
	run reeve run --unshare uts -- grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status
	[[ $output == *CapEff*0000000000000000*CapBnd*0000000000000000*NoNewPrivs*1* ]]
	run reeve run --capabilities chwon -- touch started
	[ "$status" -eq 2 ]
	[[ $output == *'unknown capability "chwon" (did you mean "chown"?)'* ]]
	[ ! -e started ]
}
