#!/usr/bin/env bats
# cgexec and cgclassify without -g: the place that cgrules.conf has. /etc is a copy, in a mount
# namespace of the test's own.

load helpers
load cgtools-helpers

setup() {
	e2e_setup
	cg_setup
	mkdir -p "$WORK/etc/cgrules.d"
	cp -L /etc/passwd /etc/group /etc/nsswitch.conf "$WORK/etc/"
	[ ! -e /etc/ld.so.cache ] || cp -L /etc/ld.so.cache "$WORK/etc/"
	RULES=$WORK/etc/cgrules.conf
	# A command behind these words sees $WORK/etc as /etc.
	RULED=(unshare --mount --propagation private -- sh -c 'mount --bind "$0/etc" /etc && exec "$@"' "$WORK")
}

teardown() {
	cg_teardown
	e2e_teardown
}

own_path() {
	echo "sed -n 's/^[0-9]*:$KEY://p' /proc/self/cgroup"
}

@test "cgexec by rules: the first that fits, with its continuations; by name, path and user" {
	cgcreate -g "$C:$NAME/a" -g "$C:$NAME/b" -g "$C:$NAME/c"
	cat >"$RULES" <<-END
		nobody  $C  $NAME/c
		*:$WORK/bin/*  $C  $NAME/b
		root:sh  $C  $NAME/a   # a comment
		*:nosuch  nosuch  $NAME/a
	END
	mkdir "$WORK/bin"
	cp /bin/sed "$WORK/bin/sed"
	says 0 "/$NAME/a" "" "${RULED[@]}" cgexec sh -c "$(own_path)"
	says 0 "/$NAME/b" "" "${RULED[@]}" cgexec "$WORK/bin/sed" -n "s/^[0-9]*:$KEY://p" /proc/self/cgroup
	# No rule: it just runs.
	says 0 "hello" "" "${RULED[@]}" cgexec echo hello
}

@test "cgexec by rules: destinations by user and program, by template" {
	cat >"$RULES" <<-END
		@root:sh  $C  $NAME/%u/%p-%U
	END
	cat >"$WORK/etc/cgconfig.conf" <<-END
		template $NAME/%u { $C { $LIMIT = 77; } }
	END
	says 0 "/$NAME/root/sh-0" "" "${RULED[@]}" cgexec sh -c "$(own_path)"
	[ "$(<"$TOP/$NAME/root/$LIMIT")" = 77 ]
	# A group that is there is not set up again.
	cgset -r "$LIMIT=78" "$NAME/root"
	says 0 "/$NAME/root/sh-0" "" "${RULED[@]}" cgexec sh -c "$(own_path)"
	[ "$(<"$TOP/$NAME/root/$LIMIT")" = 78 ]
}

@test "cgexec by rules: no rules, and rules with mistakes, are 99, with their place" {
	says 99 "" "cgroup change of group failed: Cgroup parsing failed" "${RULED[@]}" cgexec true
	printf '* %s\n' "$C" >"$RULES"
	says 99 "" "cgrules.conf:1:" "${RULED[@]}" cgexec true
	echo "root $C $NAME/none" >"$RULES"
	says 82 "" "cgroup change of group failed: Cgroup does not exist" "${RULED[@]}" cgexec true
}

@test "cgclassify by rules: running programs; ignore leaves who is there already" {
	cgcreate -g "$C:$NAME/a" -g "$C:$NAME/b"
	cp /bin/sleep "$WORK/napper"
	cat >"$RULES" <<-END
		*:$WORK/napper  $C  $NAME/b  ignore
	END
	echo "*:napper  $C  $NAME/a" >"$WORK/etc/cgrules.d/more"
	background "$WORK/napper" 60
	eventually grep -q "^$WORK/napper" "/proc/$!/cmdline"
	says 0 "" "" "${RULED[@]}" cgclassify "$!"
	in_path "$!" "/$NAME/a"
	cgclassify -g "$C:$NAME/b" "$!"
	says 0 "" "" "${RULED[@]}" cgclassify "$!"
	in_path "$!" "/$NAME/b"
	says 1 "" "change of cgroup failed for pid 4194303: No such process" "${RULED[@]}" cgclassify 4194303
	says 2 "" "Error: abc is not valid pid." "${RULED[@]}" cgclassify abc
}
