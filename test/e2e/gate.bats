#!/usr/bin/env bats
# The gate: what is executed is in its group before its first instruction, however it is executed.

load helpers

setup() {
	e2e_setup
	unwatched
}

teardown() {
	e2e_teardown
}

# The last decision's program, as JSON shows it.
last_path_has() { # TEXT
	reeve status --json --runtime-dir "$RUN" | grep '"path":' | tail -n 1 | grep -F "$1"
}

@test "hundreds of short-lived programs are all right at their first instruction" {
	cp "$BUILD/test/programs/demo-first" a
	rules "$WORK/a=ga"
	start
	local count right
	count=$(few 500 100)
	read -r right _ < <(timeout 60 "$BUILD/test/programs/demo-burst" "$count" 4 ./a "/$NAME/ga" 1)
	[ "$right" = "$count" ]
	[ "$(counter keeper.moved)" = "$count" ]
}

# bats test_tags=alone,userland
@test "on a busy machine, too: what only waits for a processor in execve is not taken for failed" {
	local i right hogs=()
	cp "$BUILD/test/programs/demo-first" a
	rules "$WORK/a=ga"
	start
	for ((i = 0; i < 3 * $(nproc); i++)); do
		background "$BUILD/test/programs/demo-cpu-hog" 100000
		hogs+=("$!")
	done
	read -r right _ < <(timeout 100 nice -n 19 "$BUILD/test/programs/demo-burst" 20 4 ./a "/$NAME/ga" 1)
	kill "${hogs[@]}"
	[ "$right" = 20 ]
	[ "$(counter engine.put_back)" = 0 ]
}

@test "a group counts in every hierarchy that it is in" {
	probe a
	rules "$WORK/a=ga"
	start
	E2E_COUNT=$(reeve group show ga --json --runtime-dir "$RUN" | grep -c "/$NAME/ga")
	export E2E_COUNT
	[ "$E2E_COUNT" -ge 1 ]
	expect ga ./a
}

# bats test_tags=userland
@test "by absolute and relative path, and along PATH" {
	probe dir/a
	rules "$WORK/dir/a=ga"
	start
	expect ga "$WORK/dir/a"
	expect ga ./dir/a
	cd dir
	expect ga ./a
	expect ga ../dir/a
	PATH=$WORK/dir:$PATH expect ga a
}

# bats test_tags=userland
@test "through a symlink, a chain of them, and a symlinked folder" {
	probe dir/a
	ln -s dir/a one
	ln -s "$WORK/one" two
	ln -s dir folder
	rules "$WORK/dir/a=ga"
	start
	expect ga ./one
	expect ga ./two
	expect ga ./folder/a
}

@test "a rule on a symlink is one on its target" {
	probe a
	ln -s a link
	rules "$WORK/link=ga"
	start
	expect ga ./a
	expect ga ./link
}

@test "through a hard link" {
	probe a
	rules "$WORK/a=ga"
	ln a before
	start
	expect ga ./before
	ln a after
	expect ga ./after
}

@test "through a bind mount of the file and of its folder" {
	probe dir/a
	mkdir other
	touch file
	rules "$WORK/dir/a=ga"
	start
	mount --bind dir other
	mount --bind dir/a file
	expect ga ./other/a
	expect ga ./file
}

@test "by execveat, by descriptor, by folder, by /proc/self/exe and /proc/self/fd" {
	probe a start
	rules "$WORK/a=ga"
	start
	expect ga ./start by-fd "$WORK/a"
	expect ga ./start by-folder "$WORK" a
	expect ga ./a self
	expect ga /proc/self/fd/9 9<a
}

@test "by vfork, posix_spawn, and a thread that is not the first" {
	probe a start
	rules "$WORK/a=ga"
	start
	expect ga ./start vfork "$WORK/a"
	expect ga ./start spawn "$WORK/a"
	expect ga ./start by-thread "$WORK/a"
}

# bats test_tags=userland
@test "a program that was replaced by rename a moment ago, a hundred times" {
	probe a new
	rules "$WORK/a=ga"
	start
	expect ga ./a
	for ((i = 0; i < 100; i++)); do
		cp new next
		mv next a
		[ "$(./a)" = ga ] || {
			echo "replacement $i was missed"
			return 1
		}
	done
}

@test "programs that ran elsewhere and are moved onto a ruled path" {
	local i count
	rules "$WORK/a=ga"
	count=$(few 20 5)
	for ((i = 1; i <= count; i++)); do
		probe "p$i"
	done
	start
	settle
	for ((i = 1; i <= count; i++)); do
		expect - "./p$i"
		mv "p$i" a
		[ "$(./a)" = ga ] || {
			echo "move $i was missed"
			return 1
		}
	done
}

@test "a file that appears later, and comes and goes" {
	rules "$WORK/a=ga"
	start
	probe a
	expect ga ./a
	rm a
	probe a
	expect ga ./a
	ln a b
	rm a
	sleep 0.05
	ln b a
	eventually expect ga ./a
}

@test "folders that appear later" {
	rules "$WORK/x/y/z/a=ga"
	start
	probe x/y/z/a
	expect ga ./x/y/z/a
	mv x w
	probe v/y/z/a
	sleep 0.1
	expect - ./w/y/z/a
	mv v x
	expect ga ./x/y/z/a
}

# bats test_tags=userland
@test "a symlink that is switched to another target" {
	probe v1/a v2/a
	ln -s v1 current
	rules "$WORK/current/a=ga"
	start
	settle
	expect ga ./v1/a
	expect - ./v2/a
	ln -s v2 next
	mv -T next current
	sleep 0.1
	expect ga ./v2/a
	expect - ./v1/a
}

# bats test_tags=userland
@test "names with spaces, newlines, and bytes that are no UTF-8" {
	local odd=$'sp ace\n"quo\\te' bytes=$'caf\xe9\xff'
	probe "$odd/a" "$bytes/a"
	rules "$WORK/sp ace\\n\\\"quo\\\\te/a=ga" "$WORK/caf?[!a-z]/a=gb"
	start
	expect ga "./$odd/a"
	expect gb "./$bytes/a"
	eventually last_path_has 'caf\\xe9\\xff'
}

@test "a path of 4,000 bytes" {
	local part path=$WORK
	part=$(printf 'd%.0s' {1..200})
	while [ $((${#path} + 201)) -lt 3990 ]; do
		path+=/$part
	done
	path+=/$(printf 'f%.0s' $(seq $((4000 - ${#path} - 1))))
	[ "${#path}" = 4000 ]
	probe "$path"
	rules "$path=ga"
	start
	expect ga "$path"
	eventually last_path_has ffff
}

@test "/bin/x and /usr/bin/x are one on a merged /usr" {
	[ -L /bin ] || skip "/bin is no symlink here"
	probe "/usr/bin/$NAME"
	rules "/bin/$NAME=ga"
	start
	expect ga "/usr/bin/$NAME"
	expect ga "/bin/$NAME"
	expect ga "$NAME"
	rm "/usr/bin/$NAME"
}

@test "what nobody names stays where it is" {
	probe a b
	rules "$WORK/a=ga"
	start
	expect - ./b
	expect - ./b
	[ "$(counter keeper.moved)" = 0 ]
}

# bats test_tags=userland
@test "children of a placed process stay, a tree of 121 of them" {
	probe a
	rules "$WORK/a=ga"
	start
	export E2E_OUT=$WORK/out
	timeout 60 ./a tree 4 3
	[ "$(wc -l <out)" = 121 ]
	[ "$(sort -u out)" = ga ]
}

# bats test_tags=userland
@test "a process that is in its group already is not moved again" {
	probe a b
	rules "$WORK/a=ga" "$WORK/b=gb"
	start
	expect ga ./a exec "$WORK/a"
	[ "$(counter keeper.moved)" = 1 ]
	expect gb ./a exec "$WORK/b"
	[ "$(counter keeper.moved)" = 3 ]
}

# bats test_tags=userland
@test "a wrapper that executes another program at once stays in its group" {
	probe a b
	rules "$WORK/a=ga"
	start
	expect ga ./a exec "$WORK/b"
	expect $'ga\nga' ./a exec "$WORK/b" hold 300
	[ "$(counter engine.put_back)" = 0 ]
}

@test "a fork bomb is held to its group's number of tasks" {
	probe a
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, group: ga}
		groups:
		  ga: {pids: 50}
	EOF
	start
	expect 49 ./a bomb "$(few 2000 200)"
}

# ---- executions that fail ----

@test "an execution that fails moves nobody for good" {
	probe start
	printf '\x7fELF rubbish' >noexec
	printf '#!/nowhere/to/be/found\n' >nointerpreter
	chmod +x noexec nointerpreter
	policy <<-EOF
		rules:
		  bad: {paths: [$WORK/noexec, $WORK/nointerpreter], action: execute, group: ga}
		groups:
		  ga: {pids: 100}
	EOF
	start
	expect "ENOEXEC -" ./start attempt "$WORK/noexec"
	expect "ENOENT -" ./start attempt "$WORK/nointerpreter"
	[ "$(counter engine.put_back)" = 2 ]
}

@test "a failed execution puts the process back into the group of its own" {
	probe start
	printf 'neither this nor that' >noexec
	chmod +x noexec
	rules "$WORK/noexec=ga" "$WORK/start=gs"
	start
	expect "ENOEXEC gs" ./start attempt "$WORK/noexec"
}

# bats test_tags=userland
@test "too many arguments, and a file that is open for writing" {
	probe start a
	rules "$WORK/a=ga"
	start
	expect "E2BIG -" ./start attempt-big "$WORK/a"
	got=$(timeout 20 ./start attempt-busy "$WORK/a")
	[ "$got" = "ETXTBSY -" ] || [ "$got" = ga ]
}

@test "asking whether a file may be executed moves nobody for good" {
	probe start a
	rules "$WORK/a=ga"
	start
	got=$(timeout 20 ./start check "$WORK/a")
	[ "$got" != "EINVAL -" ] || skip "needs AT_EXECVE_CHECK (kernel 6.14)"
	[ "$got" = "allowed -" ]
}

@test "a process that only computes after its execution failed is put back, too" {
	probe start
	printf 'neither this nor that' >noexec
	chmod +x noexec
	rules "$WORK/noexec=ga"
	start
	expect "ENOEXEC -" ./start attempt-spin "$WORK/noexec"
}

@test "executions that wait long for a processor are not taken for failed ones" {
	local i count right
	cp "$BUILD/test/programs/demo-first" a
	rules "$WORK/a=ga"
	start
	for i in 1 2 3 4 5 6; do
		background sh -c 'while :; do :; done'
	done
	count=$(few 200 40)
	read -r right _ < <(timeout 60 "$BUILD/test/programs/demo-burst" "$count" 8 ./a "/$NAME/ga" 1)
	[ "$right" = "$count" ]
	[ "$(counter engine.put_back)" = 0 ]
}

@test "an execution after a failed one is judged by itself" {
	probe start a
	printf 'neither this nor that' >noexec
	chmod +x noexec
	rules "$WORK/noexec=ga" "$WORK/a=gb"
	start
	expect gb ./start attempt-then "$WORK/noexec" "$WORK/a"
}

# Often: the second failure has to come before anybody has asked for the first one.
several_failures() {
	local i rounds

	for i in 1 2 3; do
		printf 'neither this nor that' >"bad$i"
		chmod +x "bad$i"
	done
	rules "$WORK/bad1=ga" "$WORK/bad2=gb" "$WORK/bad3=gc" "$WORK/start=gs"
	probe start other
	start
	rounds=$(few 10 3)
	for ((i = 0; i < rounds; i++)); do
		expect "ENOEXEC -" ./other attempt-many "$WORK/bad1" "$WORK/bad2"
		expect "ENOEXEC gs" ./start attempt-many "$WORK/bad1" "$WORK/bad2" "$WORK/bad3" "$WORK/bad1"
		expect "ENOEXEC -" ./other attempt-many "$WORK/bad1" "$WORK/bad1"
	done
	[ "$(counter engine.put_back_failed)" = 0 ]
	[ "$(counter engine.unverified)" = 0 ]
}

@test "after several failures in a row the process is back where it was at first" {
	several_failures
}

@test "without BPF, several failures in a row" {
	DAEMON_PREFIX=("$BUILD/test/programs/e2e-without" bpf EPERM)
	several_failures
}

@test "without BPF, a failed execution and the one after it" {
	probe start a
	printf 'neither this nor that' >noexec
	chmod +x noexec
	rules "$WORK/noexec=ga" "$WORK/a=gb" "$WORK/start=gs"
	DAEMON_PREFIX=("$BUILD/test/programs/e2e-without" bpf EPERM)
	start
	expect "ENOEXEC gs" ./start attempt "$WORK/noexec"
	expect gb ./start attempt-then "$WORK/noexec" "$WORK/a"
	expect gb ./start exec "$WORK/a"
	[ "$(counter engine.put_back)" = 2 ]
}

@test "without BPF, a program that executes itself while addresses are not random" {
	command -v setarch >/dev/null || skip "needs setarch"
	probe a
	rules "$WORK/other=ga"
	DAEMON_PREFIX=("$BUILD/test/programs/e2e-without" bpf EPERM)
	start
	# It runs already, in no group, when the rule comes.
	mkfifo go
	E2E_OUT=$WORK/out background setarch -R "$WORK/a" again "$WORK/go" "$WORK/there"
	eventually test -e there
	rules "$WORK/a=ga"
	reload
	: >go
	eventually lines 2 out
	[ "$(cat out)" = $'ga\nga' ]
	[ "$(counter engine.put_back)" = 0 ]
}
