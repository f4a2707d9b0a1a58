#!/usr/bin/env bats
# What we print beside what Debian's cgroup-tools 2.0.2 prints, on the same groups of cgroup v1, where
# that is installed. Only commands that look, and such as make and remove the test's own groups.
# bats file_tags=userland

load helpers
load cgtools-helpers

setup() {
	e2e_setup
	[ -x /usr/bin/cgget ] && ! [ /usr/bin/cgget -ef "$TREE/bin/reeve-compat" ] || skip "needs cgroup-tools"
	cg_setup
	[ -n "$V1" ] || skip "needs cgroup v1, which cgroup-tools 2.0.2 knows best"
}

teardown() {
	cg_teardown
	e2e_teardown
}

# The same standard output and the same exit code.
alike() { # NAME ARGUMENT...
	local tool=$1 theirs=0 ours=0
	shift
	timeout 20 "/usr/bin/$tool" "$@" >"$WORK/theirs" 2>/dev/null </dev/null 3>&- || theirs=$?
	timeout 20 "$tool" "$@" >"$WORK/ours" 2>"$WORK/err" </dev/null 3>&- || ours=$?
	if cmp -s "$WORK/theirs" "$WORK/ours" && [ "$theirs" = "$ours" ]; then
		return 0
	fi
	echo "$tool $*: exit $theirs, here $ours"
	diff "$WORK/theirs" "$WORK/ours"
	cat "$WORK/err"
	return 1
}

@test "beside cgroup-tools: what is printed, to the character" {
	/usr/bin/cgcreate -g "$C,cpu:$NAME/a/b" -g "$C:$NAME/c"
	alike cgget -r "$LIMIT" "$NAME/a"
	alike cgget -r "$LIMIT" -r cpu.shares -r "$C.current" "$NAME/a" "$NAME/a/b"
	alike cgget -n -r cpu.stat "$NAME/a"
	alike cgget -v -r cpu.stat "/$NAME/a"
	alike cgget -nv -g "$C" -g cpu "$NAME/a"
	alike cgget -g "$C,cpu:$NAME/a/b" -g "$C:$NAME/c"
	alike lscgroup "$C:$NAME"
	alike lscgroup -g "cpu:/$NAME/"
	alike lscgroup "$C:$NAME/none"
	alike lscgroup "cpu:$NAME" "$C:$NAME"
	alike lssubsys nosuch
	/usr/bin/cgsnapshot -s -b /dev/null cpu >"$WORK/theirs"
	cgsnapshot -s -b /dev/null cpu >"$WORK/ours"
	diff <(sed -n "/^group $NAME/,/^}/p" "$WORK/theirs") <(sed -n "/^group $NAME/,/^}/p" "$WORK/ours")
	[ "$(head -3 "$WORK/theirs")" = "$(head -3 "$WORK/ours")" ]
}

@test "beside cgroup-tools: exit codes of what fails" {
	/usr/bin/cgcreate -g "$C:$NAME/a"
	alike cgget -r "$C.nosuch" "$NAME"
	alike cgget -r nosuch.x "$NAME"
	alike cgget -r limit "$NAME"
	alike cgget -r "$LIMIT" "$NAME/none"
	alike cgset -r "$LIMIT=abc" "$NAME"
	alike cgset -r "$C.nosuch=1" "$NAME"
	alike cgset -r "$LIMIT=1" "$NAME/none"
	alike cgset -r nosuch.x=1 "$NAME"
	alike cgcreate -g "nosuch:$NAME"
	alike cgexec -g "$C:$NAME/none" true
	alike cgexec -g "nosuch:$NAME" true
	alike cgexec -g "$C:$NAME" "$WORK/none"
	alike cgexec -g "$C:$NAME" sh -c 'exit 9'
	alike cgclassify -g "$C:$NAME" 4194303
	alike cgclassify -g "$C:$NAME" abc
	alike cgdelete "$C:$NAME/none"
	alike cgdelete "$C:$NAME"
	alike cgdelete "nosuch:$NAME"
	alike lscgroup "nosuch:$NAME"
}
