#!/usr/bin/env bats
# cgconfigparser and cgclear: configuration files carried out, taken back, and refused as a whole.

load helpers
load cgtools-helpers

setup() {
	e2e_setup
	cg_setup
	CONF=$WORK/groups.conf
}

teardown() {
	cg_teardown
	e2e_teardown
}

# A file of that text; its path.
conf() { # TEXT
	printf '%s\n' "$1" >"$WORK/one.conf"
	echo "$WORK/one.conf"
}

value() { # GROUP
	cat "$TOP/$NAME/$1/$LIMIT"
}

@test "cgconfigparser: groups, values and owners; cgclear -l takes them back" {
	cat >"$CONF" <<-END
		# made by a test
		group $NAME/a {
			perm {
				task { uid = daemon; gid = daemon; fperm = 664; }
				admin { uid = nobody; gid = nogroup; dperm = 750; fperm = 640; }
			}
			$C { $LIMIT = 11; }
		}
		group $NAME/a/b { $C { $LIMIT = "12"; } }
		group $NAME/empty { $C { } }
	END
	says 0 "" "" cgconfigparser -l "$CONF"
	[ "$(value a)" = 11 ]
	[ "$(value a/b)" = 12 ]
	[ -d "$TOP/$NAME/empty" ]
	[ "$(stat -c %U:%G:%a "$TOP/$NAME/a")" = nobody:nogroup:750 ]
	[ "$(stat -c %U:%G:%a "$TOP/$NAME/a/$TASKS")" = daemon:daemon:664 ]
	# Once more is no error.
	says 0 "" "" cgconfigparser "--load=$CONF"
	background sleep 60
	cgclassify -g "$C:$NAME/empty" "$!"
	says 0 "" "" cgclear -e -l "$CONF"
	[ -d "$TOP/$NAME/empty" ]
	[ ! -e "$TOP/$NAME/a" ]
	if [ -z "$V2" ]; then
		says 0 "" "" cgclear -l "$CONF"
		[ ! -e "$TOP/$NAME/empty" ]
		in_path "$!" "/$NAME"
	fi
}

@test "cgconfigparser: what was there before outlives a file that fails, with its values and processes" {
	cgcreate -g "$C:$NAME/old/sub"
	cgset -r "$LIMIT=50" "$NAME/old/sub"
	background sleep 60
	cgclassify -g "$C:$NAME/old/sub" "$!"
	cat >"$CONF" <<-END
		group $NAME/old/sub { $C { $LIMIT = 51; } }
		group $NAME/new/deep { $C { $LIMIT = 52; } }
		group $NAME/bad { $C { $LIMIT = abc; } }
	END
	says 96 "" "Invalid argument" cgconfigparser -l "$CONF"
	grep -q "groups.conf:3:[0-9]*: $LIMIT = \"abc\"" "$WORK/err"
	[ "$(value old/sub)" = 50 ]
	in_path "$!" "/$NAME/old/sub"
	[ ! -e "$TOP/$NAME/new" ]
	[ ! -e "$TOP/$NAME/bad" ]
	# A file of its own each: the good one is carried out.
	sed '3d' "$CONF" >"$WORK/good.conf"
	says 96 "" "error loading $CONF" cgconfigparser -l "$CONF" -l "$WORK/good.conf"
	[ "$(value new/deep)" = 52 ]
	says 84 "" "no mounted hierarchy has \"nosuch\"" cgconfigparser -l "$(conf "group $NAME/x { $C { } nosuch { } }")"
	[ ! -e "$TOP/$NAME/x" ]
	says 95 "" "requested group parameter does not exist" cgconfigparser -l "$(conf "group $NAME/x { $C { $C.nosuch = 1; } }")"
	[ ! -e "$TOP/$NAME/x" ]
}

@test "cgconfigparser: mistakes with their place; wrong command lines" {
	echo "group x { }" >"$CONF"
	says 104 "" "groups.conf:1:" cgconfigparser -l "$CONF"
	grep -q "error loading $CONF: Failed to parse config file" "$WORK/err"
	printf 'group %s {\n perm { task { uid = nosuch; } admin { uid = root; } }\n %s { }\n}\n' "$NAME" "$C" >"$CONF"
	says 104 "" "groups.conf:2:" cgconfigparser -l "$CONF"
	printf 'group %s/../.. { %s { } }\n' "$NAME" "$C" >"$CONF"
	says 104 "" "groups.conf:1:" cgconfigparser -l "$CONF"
	[ ! -e "$TOP/$NAME" ]
	[ -d /run/systemd/system ] || says 99 "" "systemd is not process 1" cgconfigparser -l "$(conf "systemd { slice = a.slice; scope = b.scope; } group $NAME { $C { } }")"
	[ ! -e "$TOP/$NAME" ]
	says 96 "" "No such file or directory" cgconfigparser -l "$WORK/none"
	says 1 "" "cannot open $WORK/none" cgconfigparser -L "$WORK/none"
	: >"$WORK/empty"
	says 0 "" "" cgconfigparser -l "$WORK/empty"
	says 129 "" "Wrong input parameters" cgconfigparser
	says 129 "" "Wrong input parameters" cgconfigparser extra
	says 255 "" "wrong mode format 1" cgconfigparser -d 1 -l "$WORK/empty"
	says 255 "" "can't find uid of user nosuch" cgconfigparser -a nosuch -l "$WORK/empty"
	cgconfigparser -h | grep -q "Parse and load the specified cgroups"
	# What libcgroup took for the order to clear the whole machine.
	says 1 "" "Wrong input parameters" cgclear extra
	says 1 "" "Wrong input parameters" cgclear --bogus
	says 3 "" "Failed to parse config file" cgclear -l "$CONF"
	says 3 "" "No such file or directory" cgclear -l "$WORK/none"
}

@test "cgconfigparser: defaults of the file and the command line; folders in name order" {
	mkdir "$WORK/d"
	cat >"$WORK/d/a.conf" <<-END
		default { perm { task { uid = daemon; gid = daemon; } admin { uid = daemon; gid = daemon; } } }
		group $NAME/a { $C { $LIMIT = 1; } }
	END
	echo "group $NAME/b { $C { $LIMIT = 2; } }" >"$WORK/d/b.conf"
	echo "group $NAME/b { $C { $LIMIT = 3; } }" >"$WORK/d/c.conf"
	echo "no configuration" >"$WORK/d/README"
	says 0 "" "" cgconfigparser -L "$WORK/d" -a nobody:nogroup -d 700
	[ "$(stat -c %U:%a "$TOP/$NAME/a")" = daemon:700 ]
	[ "$(stat -c %U:%a "$TOP/$NAME/b")" = nobody:700 ]
	[ "$(value b)" = 3 ]
	says 0 "" "" cgclear -L "$WORK/d"
	[ ! -e "$TOP/$NAME/b" ]
}

@test "cgconfigparser: namespaces, templates, and a snapshot that is read again" {
	cat >"$CONF" <<-END
		namespace { $C = $NAME/ns; }
		group g1 { $C { $LIMIT = 21; } }
		template $NAME/%u { $C { $LIMIT = 22; } }
	END
	says 0 "" "" cgconfigparser -l "$CONF"
	[ "$(value ns/g1)" = 21 ]
	cgsnapshot -s -b /dev/null "$C" | sed -n "/^group .*$NAME/,/^}/p" >"$WORK/snapshot.conf"
	cgdelete -r "$C:$NAME"
	says 0 "" "" cgconfigparser -l "$WORK/snapshot.conf"
	[ "$(value ns/g1)" = 21 ]
	# What is empty, and stays so, is not written: not all such files take it.
	if [ -n "$V2" ] && grep -qw io "$TOP/cgroup.controllers"; then
		cgcreate -g "io:$NAME"
		says 0 "" "" cgconfigparser -l "$(conf "group $NAME { io { io.max = \"\"; } }")"
	fi
	# What libcgroup's snapshots have, and nobody can write.
	says 0 "" "" cgconfigparser -l "$(conf "group $NAME/ns { $C { $C.current = 5; $LIMIT = 6; } }")"
	[ "$(value ns)" = 6 ]
}

@test "cgconfigparser: a snapshot of every controller is read again, to the same" {
	local controller controllers
	controllers=$(if [ -n "$V2" ]; then cat "$TOP/cgroup.controllers"; else lssubsys; fi)
	for controller in ${controllers//,/ }; do
		cgcreate -g "$controller:$NAME/a b"
		cgsnapshot -s -b /dev/null "$controller" | sed -n "/^group .*$NAME/,/^}/p" >before
		cgdelete -r "$controller:$NAME"
		grep -q "$NAME/a b" before
		says 0 "" "" cgconfigparser -l before
		cgsnapshot -s -b /dev/null "$controller" | sed -n "/^group .*$NAME/,/^}/p" >after
		cmp before after
		cgdelete -r "$controller:$NAME"
	done
	# As libcgroup's own snapshot has it.
	[ -n "$V2" ] || [[ $controllers != *memory* ]] || says 0 "" "" \
		cgconfigparser -l "$(conf "group $NAME { memory { memory.oom_control = \"oom_kill_disable 0
under_oom 0
oom_kill 0\"; } }")"
}

@test "cgconfigparser: words of the other cgroup version" {
	if [ -n "$V2" ]; then
		echo "group $NAME { cpu { cpu.shares = 512; cpu.cfs_period_us = 50000; cpu.cfs_quota_us = 20000; } }" >"$CONF"
		says 0 "" "" cgconfigparser -l "$CONF"
		says 0 "50" "" cgget -nv -r cpu.weight "$NAME"
		says 0 "20000 50000" "" cgget -nv -r cpu.max "$NAME"
	else
		echo "group $NAME { cpu { cpu.weight = 50; cpu.max = \"20000 50000\"; } }" >"$CONF"
		says 0 "" "" cgconfigparser -l "$CONF"
		says 0 "512" "" cgget -nv -r cpu.shares "$NAME"
		says 0 "20000 50000" "" cgxget -2 -nv -r cpu.max "$NAME"
	fi
}

# A hierarchy more shows in every process's groups.
# bats test_tags=alone
@test "cgconfigparser: mounts are made and taken back; never over anything else" {
	local place=$WORK/mnt
	cat >"$CONF" <<-END
		mount { "name=$NAME" = $place; }
		group a/b { "name=$NAME" { } }
	END
	says 0 "" "" cgconfigparser -l "$CONF"
	grep -q "^cgroup $place cgroup .*name=$NAME" /proc/self/mounts
	[ -d "$place/a/b" ]
	says 0 "" "" cgconfigparser -l "$CONF"
	[ "$(grep -c " $place cgroup " /proc/self/mounts)" = 1 ]
	lscgroup "name=$NAME:a" | grep -qx "name=$NAME:/a/b"
	says 0 "" "" cgclear -l "$(conf "$(<"$CONF") group a { \"name=$NAME\" { } }")"
	! grep -q " $place cgroup " /proc/self/mounts
	rmdir "$place"
	# A later mistake takes the mount back, and the folder.
	echo "group $NAME { $C { $LIMIT = abc; } }" >>"$CONF"
	says 96 "" "Invalid argument" cgconfigparser -l "$CONF"
	! grep -q " $place " /proc/self/mounts
	[ ! -e "$place" ]
	mkdir "$place"
	mount -t tmpfs reeve-test "$place"
	says 101 "" "something else is mounted on $place" cgconfigparser -l "$CONF"
	[ "$(grep -c " $place " /proc/self/mounts)" = 1 ]
	umount "$place"
}

# Runs what it is given where one hierarchy of the test's own is all that is mounted, and only if so: a
# whole machine is cleared there.
on_a_machine_of_its_own() { # SCRIPT
	mkdir -p "$WORK/machine"
	unshare --mount --propagation private -- sh -eu -c '
		umount -R -l /sys/fs/cgroup
		mount -t cgroup -o "none,name=$1" reeve-test "$2"
		[ "$(grep -c " - cgroup2* " /proc/self/mountinfo)" = 1 ]
		grep -q " $2 .* - cgroup .*name=$1" /proc/self/mountinfo
		eval "$3"' sh "$NAME" "$WORK/machine" "$1"
}

# bats test_tags=alone
@test "cgclear: the whole machine, processes to the top, and unmounted" {
	on_a_machine_of_its_own '
		cgcreate -g "name=$1:a/b" -g "name=$1:c"
		sleep 60 &
		cgclassify -g "name=$1:a/b" $!
		cgclear -e
		[ -d "$2/a/b" ] && [ ! -e "$2/c" ]
		cgclear
		! grep -q " - cgroup " /proc/self/mountinfo
		grep -q ":name=$1:/$" /proc/$!/cgroup || ! grep -q "name=$1" /proc/$!/cgroup
		kill $!'
	# Ours are all there still.
	[ -d "$TOP" ] && [ -e "$TOP/cgroup.procs" ]
}
