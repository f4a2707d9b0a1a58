#!/usr/bin/env bats
# What rules match: scripts and interpreters, loaders, folders, patterns, names and identities.

load helpers

setup() {
	e2e_setup
	unwatched
}

teardown() {
	e2e_teardown
}

script() { # PATH INTERPRETER [ARGUMENT]
	printf '#!%s %s\n' "$2" "${3:-}" >"$1"
	chmod 755 "$1"
}

# Rules from standard input, one a line: "NAME ACTION-PART", with groups ga to gd and the trigger
# `tell`, which adds its rule's name to out/told.
told_policy() {
	mkdir -p -m 1777 out
	chmod a+x "$BATS_RUN_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
	printf '#!/bin/sh\necho "$REEVE_RULE $REEVE_GROUP" >>%s/out/told\n' "$WORK" >tell
	chmod 755 tell
	{
		echo "rules:"
		sed 's/^/  /'
		groups_section ga gb gc gd
		printf 'triggers:\n  tell: {run: %s/tell}\n' "$WORK"
	} | policy
}

told() { # LINE...
	eventually test -s out/told
	eventually lines $# out/told
	[ "$(sort out/told)" = "$(printf '%s\n' "$@" | sort)" ] || {
		cat out/told
		return 1
	}
	rm out/told
}

# A small root with a shell and its loader: a rule on them must not be one for the whole machine.
jail() {
	local file
	mkdir -p jail/bin jail/proc jail/tmp
	for file in /bin/dash $(ldd /bin/dash | grep -o '/[^ ]*'); do
		mkdir -p "jail$(dirname "$file")"
		cp -L "$file" "jail$file"
	done
	ln -s dash jail/bin/sh
	probe jail/bin/a
	mount -t proc proc jail/proc
	LOADER=$(ldd /bin/dash | sed -n 's,^[^=]*\(/lib[^ ]*ld[^ ]*\).*,\1,p')
}

in_jail() { # WANTED COMMAND...
	local wanted=$1
	shift
	expect "$wanted" chroot "$WORK/jail" "$@"
}

# ---- scripts ----

# bats test_tags=userland
@test "a script's group wins over its interpreter's, whose trigger is run too" {
	probe interpreter
	script script "$WORK/interpreter"
	script other "$WORK/interpreter"
	told_policy <<-EOF
		i: {paths: [$WORK/interpreter], action: execute, group: gb, trigger: tell}
		s: {paths: [$WORK/script], action: execute, group: ga, trigger: tell}
	EOF
	start
	expect ga ./script
	told "s ga" "i "
	expect gb ./other
	told "i gb"
	expect gb ./interpreter script
	told "i gb"
}

# bats test_tags=userland
@test "a script with nothing but a trigger gets its interpreter's group" {
	probe interpreter
	script script "$WORK/interpreter"
	told_policy <<-EOF
		s: {paths: [$WORK/script], action: execute, trigger: tell}
		i: {paths: [$WORK/interpreter], action: execute, group: gb}
	EOF
	start
	expect gb ./script
	told "s "
}

# bats test_tags=userland
@test "an interpreter with nothing but a trigger leaves the script's group" {
	probe interpreter
	script script "$WORK/interpreter"
	told_policy <<-EOF
		s: {paths: [$WORK/script], action: execute, group: ga}
		i: {paths: [$WORK/interpreter], action: execute, trigger: tell}
	EOF
	start
	expect ga ./script
	told "i "
}

# bats test_tags=userland
@test "scripts whose interpreters are scripts: the first one with a group decides" {
	probe interpreter
	script third "$WORK/interpreter"
	script second "$WORK/third"
	script first "$WORK/second"
	rules "$WORK/first=ga" "$WORK/second=gb" "$WORK/third=gc" "$WORK/interpreter=gd"
	start
	expect ga ./first
	expect gb ./second
	expect gc ./third
	expect gd ./interpreter
}

# bats test_tags=userland
@test "a script with nothing but a trigger, as the interpreter of another" {
	probe interpreter
	script second "$WORK/interpreter"
	script first "$WORK/second"
	told_policy <<-EOF
		first: {paths: [$WORK/first], action: execute, group: ga}
		second: {paths: [$WORK/second], action: execute, trigger: tell}
		i: {paths: [$WORK/interpreter], action: execute, group: gd}
	EOF
	start
	expect ga ./first
	told "second "
	expect gd ./second
}

# bats test_tags=userland
@test "a relative interpreter, blanks and an argument in the first line" {
	probe dir/interpreter
	printf '#! \t%s/dir/interpreter \t an argument \n' "$WORK" >blanks
	printf '#!dir/interpreter\n' >relative
	chmod +x blanks relative
	rules "$WORK/blanks=ga" "$WORK/relative=gb" "$WORK/dir/interpreter=gc"
	start
	expect ga ./blanks
	expect gb ./relative
}

# bats test_tags=userland
@test "env: the script's group stays, unless env starts what a rule names" {
	cp /usr/bin/env env
	probe bin/interpreter
	script script "$WORK/env" interpreter
	export PATH=$WORK/bin:$PATH
	rules "$WORK/script=ga"
	start
	expect ga ./script
	rules "$WORK/script=ga" "$WORK/env=gb"
	reload
	expect ga ./script
	expect gb ./env interpreter
	# env executes it, which is another execution.
	rules "$WORK/script=ga" "$WORK/bin/interpreter=gc"
	reload
	expect gc ./script
}

# ---- /bin/sh and the loader, of a root of their own ----

@test "a rule on /bin/sh, through its symlink, scripts and children" {
	jail
	script jail/bin/script /bin/sh
	echo 'a; /bin/sh -c a; exec a' >>jail/bin/script
	rules "$WORK/jail/bin/sh=ga"
	start
	in_jail ga /bin/sh -c a
	in_jail ga /bin/dash -c 'exec a'
	in_jail $'ga\nga\nga' /bin/sh /bin/script
	in_jail $'ga\nga\nga' /bin/script
	in_jail - /bin/a
	rules "$WORK/jail/bin/sh=ga" "$WORK/jail/bin/script=gb"
	reload
	in_jail $'gb\nga\ngb' /bin/script
}

@test "a rule on the loader is one on every program that it loads" {
	jail
	rules "$WORK/jail$LOADER=ga"
	start
	in_jail ga /bin/sh -c a
	in_jail ga "$LOADER" /bin/dash -c a
	in_jail - /bin/a
	rules "$WORK/jail$LOADER=ga" "$WORK/jail/bin/dash=gb"
	reload
	in_jail gb /bin/sh -c a
	# To the kernel the shell is not executed, but a file that the loader reads.
	in_jail ga "$LOADER" /bin/dash -c a
}

# ---- folders ----

# bats test_tags=userland
@test "a folder, with and without a slash at its end, and nothing beside it" {
	probe one/a one/deep/deeper/a two/a two/deep/a onemore/a
	rules "$WORK/one=ga" "$WORK/two/=gb"
	start
	expect ga ./one/a
	expect ga ./one/deep/deeper/a
	expect gb ./two/a
	expect gb ./two/deep/a
	expect - ./onemore/a
}

# bats test_tags=userland
@test "with a slash at its end it is a folder before it is there" {
	rules "$WORK/late/=ga" "$WORK/x/y//./late2/=gb"
	start
	probe late/a late/deep/a x/y/late2/a
	expect ga ./late/a
	expect ga ./late/deep/a
	expect gb ./x/y/late2/a
}

# bats test_tags=userland
@test "without a slash, a path that becomes a folder later" {
	rules "$WORK/late=ga"
	start
	probe late/a
	eventually expect ga ./late/a
	rm -r late
	probe late
	eventually expect ga ./late
}

@test "a file that was executed elsewhere and is moved or linked into the folder" {
	local i count
	mkdir -p folder/deep
	count=$(few 10 3)
	for ((i = 1; i <= count; i++)); do
		probe "p$i" "q$i"
	done
	rules "$WORK/folder/=ga"
	start
	settle
	for ((i = 1; i <= count; i++)); do
		expect - "./p$i"
		expect - "./q$i"
		expect - "./p$i"
	done
	for ((i = 1; i <= count; i++)); do
		mv "p$i" folder
		ln "q$i" folder/deep
		eventually expect ga "./folder/p$i"
		eventually expect ga "./folder/deep/q$i"
		expect - "./q$i"
	done
	mv folder/p1 back
	eventually expect - ./back
}

# bats test_tags=userland
@test "folders that are made in it, and moved into it, after their programs ran" {
	probe away/deep/a
	mkdir folder
	rules "$WORK/folder/=ga"
	start
	settle
	expect - ./away/deep/a
	probe folder/new/newer/a
	expect ga ./folder/new/newer/a
	mv away folder/new
	sleep 0.1
	expect ga ./folder/new/away/deep/a
	probe b
	settle
	expect - ./b
	mv b folder/new/away/deep
	sleep 0.1
	expect ga ./folder/new/away/deep/b
}

@test "a symlink in a folder does not bring its target into it; one to the folder does" {
	probe folder/a outside
	ln -s ../outside folder/link
	ln -s folder way
	rules "$WORK/way/=ga"
	start
	expect - ./folder/link
	expect ga ./folder/a
	expect ga ./way/a
}

@test "a symlink to a folder that is switched to another" {
	probe v1/a v2/a
	ln -s v1 current
	rules "$WORK/current/=ga"
	start
	settle
	expect ga ./v1/a
	expect - ./v2/a
	ln -s v2 next
	mv -T next current
	sleep 0.1
	expect ga ./v2/a
	expect - ./v1/a
	rm current
	sleep 0.1
	expect - ./v2/a
}

# ---- patterns ----

# bats test_tags=userland
@test "*, ?, [] stay within one part; ** crosses parts" {
	probe one/a-1 one/a-12 one/b1 one/bx one/deep/a-1 two/x/y/tool two/tool two/toolx
	rules "$WORK/one/a-?=ga" "$WORK/on*/b[0-9]=gb" "$WORK/two/**/tool=gc"
	start
	expect ga ./one/a-1
	expect - ./one/a-12
	expect gb ./one/b1
	expect - ./one/bx
	expect - ./one/deep/a-1
	expect gc ./two/x/y/tool
	expect gc ./two/tool
	expect - ./two/toolx
}

@test "a file that was executed and is renamed to what a pattern matches" {
	probe dir/p q
	rules "$WORK/dir/a-*=ga" "$WORK/**/b-*=gb"
	start
	settle
	expect - ./dir/p
	expect - ./q
	mv dir/p dir/a-1
	sleep 0.1
	expect ga ./dir/a-1
	mkdir -p x/y
	sleep 0.1
	mv q x/y/b-1
	sleep 0.1
	expect gb ./x/y/b-1
}

# bats test_tags=userland
@test "signs that mean something in a pattern, in brackets" {
	probe 'a*b' axb '[x]' x 'c\d' 'c\*d'
	rules "$WORK/a[*]b=ga" "$WORK/[[]x]=gb" "$WORK/c\\\\d=gc" "$WORK/c\\\\\\\\[*]d=gd"
	start
	expect ga './a*b'
	expect - ./axb
	expect gb './[x]'
	expect - ./x
	# In an exact path a backslash is a byte; in a pattern it takes the next one literally.
	expect gc './c\d'
	expect gd './c\*d'
	rules "$WORK/c\\\\*d=ga"
	refused 1 'write "\[\*\]" for a literal' reeve check "$POLICY"
}

# ---- several rules ----

# bats test_tags=userland
@test "the first rule in the file's order decides, whatever its kind" {
	probe dir/a dir/b dir/c
	told_policy <<-EOF
		zz: {paths: [$WORK/dir/a], action: execute, group: gd}
		yy: {paths: ["$WORK/dir/[ab]"], action: execute, group: gc}
		xx: {paths: [$WORK/dir], action: execute, group: gb}
		aa: {paths: [$WORK/dir/b, $WORK/dir/c], action: execute, group: ga}
	EOF
	start
	expect gd ./dir/a
	expect gc ./dir/b
	expect gb ./dir/c
	told_policy <<-EOF
		t: {paths: ["$WORK/**"], action: execute, trigger: tell}
		xx: {paths: [$WORK/dir], action: execute, group: gb}
		zz: {paths: [$WORK/dir/a], action: execute, group: gd, trigger: tell}
	EOF
	reload
	expect gb ./dir/a
	eventually grep -qx "t gb" out/told
	eventually grep -qx "zz gb" out/told
}

# bats test_tags=userland
@test "more rules than four: the first group decides all the same" {
	probe dir/a
	told_policy <<-EOF
		t1: {paths: ["$WORK/dir/*"], action: execute, trigger: tell}
		t2: {paths: ["$WORK/d*/a"], action: execute, trigger: tell}
		t3: {paths: ["$WORK/di*/a"], action: execute, trigger: tell}
		t4: {paths: ["$WORK/dir/?"], action: execute, trigger: tell}
		five: {paths: [$WORK/dir/a], action: execute, group: ga}
		six: {paths: [$WORK/dir/], action: execute, group: gb}
	EOF
	start
	expect ga ./dir/a
	told "t1 ga" "t2 ga" "t3 ga" "t4 ga"
	told_policy <<-EOF
		t1: {paths: ["$WORK/dir/*"], action: execute, trigger: tell}
		t2: {paths: ["$WORK/d*/a"], action: execute, trigger: tell}
		t3: {paths: ["$WORK/di*/a"], action: execute, trigger: tell}
		t4: {paths: ["$WORK/dir/?"], action: execute, trigger: tell}
		five: {paths: [$WORK/dir/a], action: execute, trigger: KILL}
	EOF
	reload
	expect "" "$BUILD/test/programs/e2e-probe" spawn ./dir/a
	[ "$(counter keeper.killed)" = 1 ]
}

# bats test_tags=userland
@test "more rules than are listed: the group counts all the same, and it is told" {
	local i letters=
	probe a
	{
		for i in {1..33}; do
			letters+=a
			echo "t$i: {paths: [\"$WORK/[$letters]\"], action: execute, trigger: tell}"
		done
		echo "last: {paths: [$WORK/a], action: execute, group: ga}"
	} | told_policy
	start
	expect ga ./a
	eventually lines 32 out/told
	[ "$(counter keeper.too_many_rules)" = 1 ]
	eventually log_has "more than 32 rules match $WORK/a"
}

# bats test_tags=userland
@test "several rules on one path all act, and the first group counts" {
	probe a
	probe x
	told_policy <<-EOF
		one: {paths: [$WORK/a], action: execute, group: ga}
		two: {paths: [$WORK/x, $WORK//./a], action: execute, group: gb}
		three: {paths: [$WORK/a], action: execute, trigger: tell}
	EOF
	timeout 10 reeve check "$POLICY" >"$WORK/checked" 2>&1
	grep -q 'warning: rule "two" has no effect on ".*/a": rule "one" has put it into a group' \
		"$WORK/checked"
	start
	expect ga ./a
	eventually lines 1 out/told
	expect gb ./x
}

# bats test_tags=userland
@test "two names of one file: each has its own rule, a third has the first" {
	probe a
	ln a b
	ln a c
	rules "$WORK/b=gb" "$WORK/a=ga"
	start
	expect ga ./a
	expect gb ./b
	expect gb ./c
}

@test "a hard link out of a folder is not in it, and one into it is" {
	probe folder/a b
	ln folder/a out
	ln b folder/b
	rules "$WORK/folder=ga"
	start
	settle
	for i in 1 2 3; do
		expect - ./out
		expect ga ./folder/a
		expect - ./b
		expect ga ./folder/b
	done
}

# bats test_tags=userland
@test "folders with spaces, newlines and signs in their names" {
	local odd=$'a b\nc\td*[x]'
	probe "$odd/sub folder/a" "$odd/b" "a b"
	rules "$WORK/a b\\nc\\td[*][[]x]/=ga" "$WORK/a b=gb"
	start
	expect gb "./a b"
	expect ga "./$odd/b"
	expect ga "./$odd/sub folder/a"
}

@test "a copy, and what was moved away, are matched no longer" {
	probe a
	rules "$WORK/a=ga"
	start
	expect ga ./a
	cp a copy
	expect - ./copy
	mv a away
	sleep 0.1
	expect - ./away
}
