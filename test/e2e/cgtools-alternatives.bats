#!/usr/bin/env bats
# reeve-libcgroup: libcgroup's names by Debian's alternatives, in a root of the test's own.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	command -v dpkg-divert >/dev/null || skip "needs dpkg"
	ROOT=$WORK/root
	TOOL=$BUILD/data/reeve-libcgroup
	PROGRAMS=$(sed -n 's/^programs=//p' "$TOOL")
	mkdir -p "$ROOT"/{usr/bin,usr/sbin,etc/alternatives,var/lib/dpkg/{info,updates,alternatives},var/log,"$PROGRAMS"}
	: >"$ROOT/var/lib/dpkg/status"
	local name
	for name in cgexec cgget cgclear; do
		printf "#!/bin/sh\necho reeve\n" >"$ROOT$PROGRAMS/$name"
		chmod 755 "$ROOT$PROGRAMS/$name"
	done
}

teardown() {
	e2e_teardown
}

theirs() { # NAME
	echo "libcgroup's $1" >"$ROOT/usr/bin/$1"
	chmod 755 "$ROOT/usr/bin/$1"
}

@test "reeve-libcgroup: beside libcgroup's own, and back again" {
	theirs cgexec
	theirs lscgroup
	timeout 60 sh "$TOOL" install --root "$ROOT"
	[ "$(readlink "$ROOT/etc/alternatives/cgexec")" = "$PROGRAMS/cgexec" ]
	[ "$(readlink "$ROOT/usr/bin/cgexec")" = /etc/alternatives/cgexec ]
	[ "$(readlink "$ROOT/usr/bin/cgget")" = /etc/alternatives/cgget ]
	[ "$(readlink "$ROOT/usr/sbin/cgclear")" = /etc/alternatives/cgclear ]
	[ "$(<"$ROOT/usr/bin/cgexec.libcgroup")" = "libcgroup's cgexec" ]
	# What reeve has not is left alone.
	[ "$(<"$ROOT/usr/bin/lscgroup")" = "libcgroup's lscgroup" ]
	update-alternatives --root "$ROOT" --quiet --set cgexec /usr/bin/cgexec.libcgroup
	[ "$(<"$ROOT$(readlink "$ROOT/etc/alternatives/cgexec")")" = "libcgroup's cgexec" ]
	timeout 60 sh "$TOOL" status --root "$ROOT" | grep -qx "/usr/bin/cgexec	/usr/bin/cgexec.libcgroup"
	# Twice is once.
	timeout 60 sh "$TOOL" install --root "$ROOT"
	timeout 60 sh "$TOOL" remove --root "$ROOT"
	[ "$(<"$ROOT/usr/bin/cgexec")" = "libcgroup's cgexec" ]
	[ ! -e "$ROOT/usr/bin/cgexec.libcgroup" ]
	[ ! -L "$ROOT/usr/bin/cgget" ]
	timeout 60 sh "$TOOL" remove --root "$ROOT"
}

@test "reeve-libcgroup: wrong command lines, and a reeve that is not there" {
	refused 2 "usage: reeve-libcgroup install" sh "$TOOL"
	refused 2 "usage:" sh "$TOOL" install --bogus
	refused 2 "usage:" sh "$TOOL" bogus
	rm -rf "$ROOT$PROGRAMS"
	refused 1 "install reeve first" sh "$TOOL" install --root "$ROOT"
	[ -z "$(ls "$ROOT/usr/bin")" ]
}
