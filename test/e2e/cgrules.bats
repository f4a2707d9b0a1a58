#!/usr/bin/env bats
# The rules of cgrules.conf, as cgrulesengd carries them out.

load helpers
load raw-groups
load register
load cgred

setup() {
	cgred_setup
	cp /bin/cat a
	cp /bin/cat b
	cp /bin/bash shell
	cp /bin/sleep c
	chmod 755 a b c shell
}

teardown() {
	raw_teardown
}

@test "cgrules: users, programs and groups, the first rule that matches" {
	raw_group cpu one
	raw_group cpu program
	raw_group cpu class
	cgrules <<-END
		reeve-one:$WORK/b	cpu	$RAW/program
		reeve-one	cpu	$RAW/one/
		@reeve-class	cpu	/$RAW/class
		reeve-two	cpu	$RAW/one
	END
	cgred
	expect_at cpu one as reeve-one ./a
	expect_at cpu program as reeve-one ./b
	expect_at cpu class as reeve-two ./a
	expect_at cpu - ./a
}

@test "cgrules: lines that go on, wildcards, several hierarchies" {
	raw_group cpu x
	raw_group pids y
	raw_group cpu z
	cgrules <<-END
		# a comment
		*:$WORK/a	cpu	$RAW/x
		%	pids	$RAW/y	# another
		*:$WORK/b*	cpu	$RAW/z
	END
	cgred
	expect_at cpu x ./a
	[ -z "$(v1_of cpu)" ] || expect_at pids y ./a
	cp a bbb
	expect_at cpu z ./bbb
}

@test "cgrules: at the first instruction, each time" {
	raw_group cpu x
	cp "$BUILD/test/programs/demo-first" first
	cgrules <<-END
		*:first	cpu	$RAW/x
	END
	cgred
	local controller=
	[ -z "$(v1_of cpu)" ] || controller=cpu
	read -r right _ < <(timeout 60 "$BUILD/test/programs/demo-burst" 100 4 ./first "/$RAW/x" 1)
	[ "$right" = 100 ]
}

@test "cgrules: what is started by /proc/self/exe is the program, not the link" {
	raw_group cpu x
	cgrules <<-END
		*:$WORK/shell	cpu	$RAW/x
	END
	cgred
	./shell -c 'exec /proc/self/exe -c "cat /proc/self/cgroup"' | grep -q "/$RAW/x$"
}

@test "cgrules: a name that a user gives itself is not believed" {
	raw_group cpu x
	cgrules <<-END
		reeve-one:$WORK/b	cpu	$RAW/x
	END
	cgred
	ln -s a high
	expect_at cpu - as reeve-one bash -c "exec -a '$WORK/b' ./high \"\$@\"" b
}

@test "cgrules: ignore, by where a process is" {
	raw_group cpu here
	raw_group cpu there
	cgrules <<-END
		*:$WORK/a	*	$RAW/here	ignore
		*:$WORK/a	cpu	$RAW/there
	END
	cgred
	expect_at cpu there ./a
	./shell -c "echo \$\$ >$(mounted cpu)/$RAW/here/cgroup.procs; exec ./a /proc/self/cgroup" | grep -q "/$RAW/here$"
}

@test "cgrules: every change of user or group is seen" {
	raw_group cpu one
	raw_group cpu class
	cgrules <<-END
		reeve-one	cpu	$RAW/one
		@reeve-class	cpu	$RAW/class
	END
	cgred
	local call
	for call in 'setuid(61201)' 'seteuid(61201)' 'setreuid(61201, 61201)' 'setresuid(61201, 61201, 0)'; do
		background python3 -c "import os, time; os.$call; time.sleep(600)"
		eventually is_at "$!" cpu one
	done
	for call in 'setgid(61203)' 'setegid(61203)' 'setregid(61203, 61203)' 'setresgid(0, 61203, 0)'; do
		background python3 -c "import os, time; os.$call; time.sleep(600)"
		eventually is_at "$!" cpu class
	done
	# As daemons without PAM do it: the group, its supplementary ones, the user.
	background python3 -c 'import os, time; os.setgid(61201); os.initgroups("root", 61201); os.setuid(61201); time.sleep(600)'
	eventually is_at "$!" cpu one
	reeve log --runtime-dir "$RUN" | grep -q setgid
}

@test "cgrules: who runs already is placed at the start" {
	raw_group cpu x
	background ./c 600
	cgrules <<-END
		*:c	cpu	$RAW/x
	END
	cgred
	is_at "${STARTED[0]}" cpu x
}

@test "cgrules: who does not exist is skipped, and the rest is in force" {
	raw_group cpu x
	cgrules <<-END
		nobody-of-this-name	cpu	$RAW/y
		%	pids	$RAW/y
		@no-such-group	cpu	$RAW/y
		*:a	cpu	$RAW/x
	END
	cgred
	log_has nobody-of-this-name
	expect_at cpu x ./a
	echo "nobody-of-this-name:x:61204:61204::/:/bin/sh" >>"$ETC/passwd"
	raw_group cpu y
	kill -USR2 "$GUARD"
	eventually counter_is engine.reloads 1
	expect_at cpu y setpriv --reuid 61204 --clear-groups ./b
}

@test "cgrules: a reload takes all, or leaves the old rules" {
	raw_group cpu x
	raw_group cpu y
	cgrules <<-END
		*:a	cpu	$RAW/x
	END
	cgred
	cgrules <<-END
		*:a	cpu	$RAW/y
		*:a	cpu	$RAW/y	no-such-option
	END
	kill -USR2 "$GUARD"
	eventually counter_is engine.reloads_failed 1
	eventually log_has 'cgrules.conf:2:.*no-such-option'
	expect_at cpu x ./a
	rm "$ETC/cgrules.conf"
	kill -HUP "$GUARD"
	eventually counter_is engine.reloads_failed 2
	expect_at cpu x ./a
	cgrules <<-END
		*:a	cpu	$RAW/y
	END
	kill -USR1 "$GUARD"
	eventually counter_is engine.reloads 1
	expect_at cpu y ./a
}

@test "cgrules: what a placed program starts stays with it, unless a rule names it" {
	raw_group cpu program
	raw_group cpu users
	raw_group cpu other
	cgrules <<-END
		reeve-one:$WORK/shell	cpu	$RAW/program
		reeve-one:$WORK/b	cpu	$RAW/other
		reeve-one	cpu	$RAW/users
		reeve-two	cpu	$RAW/users
	END
	cgred
	expect_at cpu users as reeve-one ./a
	expect_at cpu program as reeve-one ./shell -c './a "$@"; :' a
	expect_at cpu other as reeve-one ./shell -c './b "$@"; :' b
	# Another user is meant by another rule.
	expect_at cpu users ./shell -c 'setpriv --reuid 61202 --regid 61202 --clear-groups ./a "$@"; :' a
}

@test "cgrules: groups with fields are made by their templates" {
	raw_group pids users
	cgrules <<-END
		reeve-one	pids	$RAW/users/%u
	END
	cat >"$ETC/cgconfig.conf" <<-END
		template $RAW/users/%u {
			perm { task { uid = reeve-one; gid = reeve-class; } admin { uid = reeve-one; gid = reeve-class; dperm = 750; } }
			pids { pids.max = 77; }
		}
	END
	cgred
	expect_at pids users/reeve-one as reeve-one ./a
	[ "$(<"$(mounted pids)/$RAW/users/reeve-one/pids.max")" = 77 ]
	[ "$(stat -c '%u:%g %a' "$(mounted pids)/$RAW/users/reeve-one")" = "61201:61203 750" ]
	[ "$(stat -c '%u:%g' "$(mounted pids)/$RAW/users/reeve-one/cgroup.procs")" = 61201:61203 ]
}

@test "cgrules: exit codes and flags are cgrulesengd's" {
	refused 2 'invalid option' "$TREE/bin/cgrulesengd" -x
	refused 2 'no facility' "$TREE/bin/cgrulesengd" -s9
	refused 3 'no user' "$TREE/bin/cgrulesengd" -u no-such-user
	refused 3 'no group' "$TREE/bin/cgrulesengd" -g no-such-group
	refused 1 'root' setpriv --reuid 61201 --clear-groups "$TREE/bin/cgrulesengd"
	"$TREE/bin/cgrulesengd" --help | grep -q -- --socket-user
	cgrules <<-END
		*:a	cpu	x	nonsense
	END
	refused 99 'cgrules.conf:1:' "$WORK/inside" "$TREE/bin/cgrulesengd" -n -f -
	rm "$ETC/cgrules.conf"
	refused 99 'cgrules.conf' "$WORK/inside" "$TREE/bin/cgrulesengd" -n -f -
}

@test "cgrules: as a daemon it returns when it is ready, with its pid file and socket" {
	raw_group cpu x
	cgrules <<-END
		*:a	cpu	$RAW/x
	END
	"$WORK/inside" "$TREE/bin/cgrulesengd" -v -v -f /run/log -u reeve-one -g reeve-class
	owned "$(<"$PID_FILE")"
	expect_at cpu x ./a
	[ "$(stat -c '%u:%g %a' "$SOCKET")" = "61201:61203 660" ]
	register "$SOCKET" $$ 0 | grep -q SUCCESS
	grep -q ' rules, ' "$WORK/host-run/log"
	kill -TERM "$(<"$PID_FILE")"
	eventually test ! -e "$PID_FILE"
	eventually test ! -e "$SOCKET"
}
