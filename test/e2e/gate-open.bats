#!/usr/bin/env bats
# Files that may not be written, read or executed: refused before it happens, in every way to try.

load helpers

setup() {
	e2e_setup
	unwatched
	WAYS=$BUILD/test/programs/e2e-ways
	# Emulated, a try takes a hundred times as long.
	TRIES=${REEVE_TEST_VM:+200}
	TRIES=${TRIES:-10000}
	mkdir names
}

teardown() {
	e2e_teardown
}

# try write|read|execute FILE: what got through, of how many.
try() {
	rm -rf names && mkdir names
	timeout 120 "$WAYS" "$1" "$2" "$WORK/names" "$TRIES" >"$WORK/said" 2>&1 || true
	cat "$WORK/said"
	[[ $(tail -n 1 "$WORK/said") == "all $TRIES tries, "*" $3" ]]
}

# At least 12 ways to open were there (8 to execute).
ways() { # COUNT
	local line
	line=$(tail -n 1 "$WORK/said")
	[[ $line =~ ([0-9]+)\ ways ]]
	[ "${BASH_REMATCH[1]}" -ge "$1" ]
}

forbid() { # OCCASION FILE MORE...
	policy <<-END
		rules:
		  forbidden: {paths: ["$2"], on: $1, ${3:-deny: true}}
	END
}

@test "gate-open: a forbidden writer gets no descriptor, in 10,000 tries of every way" {
	echo content >file
	sum=$(sha256sum file)
	forbid write "$WORK/file"
	start
	try write "$WORK/file" "$TRIES refused, 0 through"
	ways 12
	[ "$(sha256sum file)" = "$sum" ]
	# Reading is another matter: but who reads and writes, or hides his flags, is a writer too.
	cat file >/dev/null
	stop
}

@test "gate-open: a forbidden reader gets no byte" {
	echo content >file
	forbid read "$WORK/file"
	start
	try read "$WORK/file" "$TRIES refused, 0 through"
	ways 12
	stop
}

@test "gate-open: a forbidden program does not run" {
	cp "$BUILD/test/programs/demo-first" program
	forbid execute "$WORK/program"
	start
	try execute "$WORK/program" "$TRIES refused, 0 through"
	ways 8
	stop
}

@test "gate-open: killed instead of refused: no byte either" {
	echo content >file
	sum=$(sha256sum file)
	forbid write "$WORK/file" "kill: true"
	start
	for _ in {1..30}; do
		! (echo x >>file) 2>/dev/null
	done
	[ "$(sha256sum file)" = "$sum" ]
	stop
}

@test "gate-open: those that may are let, the others not" {
	echo content >file
	cp "$(command -v cat)" mine
	policy <<-END
		rules:
		  others: {paths: ["$WORK/file"], on: [read, write], not: {exe: ["$WORK/mine"]}, deny: true}
	END
	start
	[ "$(./mine file)" = content ]
	! cat file 2>/dev/null
	! (: >>file) 2>/dev/null
	[ "$(./mine file)" = content ]
	stop
}

@test "gate-open: a folder: files and folders that come later are in it" {
	mkdir -p folder/old
	echo content >folder/old/file
	policy <<-END
		rules:
		  still: {paths: ["$WORK/folder/"], on: write, not: {exe: [$(realpath "$(command -v cp)")]}, deny: true}
	END
	start
	! (echo x >folder/old/file) 2>/dev/null
	! (echo x >folder/new) 2>/dev/null
	cp folder/old/file folder/new
	! (echo x >folder/new) 2>/dev/null
	mkdir -p folder/a/b/c
	nap 0.3
	! (echo x >folder/a/b/c/file) 2>/dev/null
	cp folder/new folder/a/b/c/file
	! (echo x >folder/a/b/c/file) 2>/dev/null
	[ "$(cat folder/a/b/c/file)" = content ]
	stop
}

@test "gate-open: a file that is replaced, deleted and made anew stays watched" {
	echo one >file
	# With a line in the log it is the gate's, also where the kernel could refuse by itself: that one
	# would not let it be removed either.
	forbid write "$WORK/file" "deny: true, log: true"
	start
	! (echo x >>file) 2>/dev/null
	rm file
	nap 0.2
	! (echo x >file) 2>/dev/null
	echo two >other
	mv other file
	nap 0.2
	! (echo x >>file) 2>/dev/null
	[ "$(cat file)" = two ]
	stop
}

@test "gate-open: on tmpfs, and on an overlay by the name there" {
	mkdir mem
	mount -t tmpfs reeve-test mem
	echo content >mem/file
	mkdir low up work over
	echo content >low/file
	mount -t overlay -o "lowerdir=$WORK/low,upperdir=$WORK/mem/up,workdir=$WORK/mem/work" reeve-test over 2>/dev/null ||
		{ mkdir -p mem/up mem/work && mount -t overlay -o "lowerdir=$WORK/low,upperdir=$WORK/mem/up,workdir=$WORK/mem/work" reeve-test over; } ||
		skip "no overlay file system here"
	policy <<-END
		rules:
		  forbidden: {paths: ["$WORK/mem/file", "$WORK/over/file"], on: [read, write], deny: true}
	END
	start
	! cat mem/file 2>/dev/null
	! cat over/file 2>/dev/null
	! (echo x >>over/file) 2>/dev/null
	cat low/file
	stop
}

@test "gate-open: what cannot be asked before is acted on after" {
	echo content >file
	cat >hit <<-'END'
		#!/bin/sh
		echo "$REEVE_ACTION $REEVE_PATH" >>"$1"
	END
	chmod 755 hit
	install -m 666 /dev/null seen
	policy <<-END
		rules:
		  told: {paths: ["$WORK/file"], on: write, trigger: hit}
		triggers:
		  hit: {run: "$WORK/hit", user: root, args: ["$WORK/seen"]}
	END
	start
	# No open: truncate(2) by path, and another file at the name.
	perl -e 'truncate($ARGV[0], 3) or die' "$WORK/file"
	eventually grep -q "write $WORK/file" seen
	: >seen
	echo other >other
	mv other file
	eventually grep -q "write $WORK/file" seen
	: >seen
	nap 0.2
	rm file
	eventually grep -q "write $WORK/file" seen
	stop
}

@test "gate-open: a folder that the daemon itself opens files of does not make it wait for itself" {
	policy <<-END
		rules:
		  - {name: no-such-file, on: write, paths: ["/etc/$NAME"], deny: true}
		  - {name: home, on: read, paths: ["$WORK/home/"], not: {user: [root, nobody]}, trigger: t}
		triggers:
		  t: {run: /bin/true, user: nobody}
	END
	start
	# Accounts are read at both ends while this folder is watched.
	timeout 20 getent passwd root
	timeout 20 reeve status --runtime-dir "$RUN" >/dev/null
	! (: >"/etc/$NAME") 2>/dev/null
	[ ! -s "/etc/$NAME" ]
	reload
	timeout 20 getent group root
	stop
}
