#!/usr/bin/env bats
# Which rule applies: scripts and interpreters, folders and globs, mounts, programs that everything
# needs.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# ---- scripts ----

script() { # PATH INTERPRETER-LINE [BODY]
	printf '#!%s\n%s\n' "$2" "${3:-}" >"$1"
	chmod +x "$1"
}

@test "a rule on a script, and one on its interpreter" {
	probe interpreter
	script one "$WORK/interpreter"
	script two "$WORK/interpreter"
	rules "$WORK/one=gs" "$WORK/interpreter=gi"
	start
	expect gs ./one
	expect gi ./two
	expect gi ./interpreter
	expect gs "$WORK/one" argument
}

@test "the order of the rules does not matter for a script and its interpreter" {
	probe interpreter
	script one "$WORK/interpreter -x"
	rules "$WORK/interpreter=gi" "$WORK/one=gs"
	start
	expect gs ./one
	eventually counter_is engine.decisions 2
	[ "$(counter keeper.moved)" = 1 ]
	[ "$(counter engine.put_back)" = 0 ]
}

@test "a rule on an interpreter alone holds for its scripts, and one on a script alone for it" {
	probe interpreter
	script one "$WORK/interpreter"
	rules "$WORK/interpreter=gi"
	start
	expect gi ./one
	rules "$WORK/one=gs"
	reload
	expect gs ./one
	expect - ./interpreter
}

@test "a script whose interpreter is a script" {
	probe interpreter
	script inner "$WORK/interpreter"
	script outer "$WORK/inner"
	rules "$WORK/interpreter=gi" "$WORK/inner=gn" "$WORK/outer=go"
	start
	expect go ./outer
	expect gn ./inner
}

@test "a script by env, and a program that env finds" {
	probe bin/interpreter
	script one "/usr/bin/env interpreter"
	PATH=$WORK/bin:$PATH
	rules "$WORK/one=gs"
	start
	expect gs ./one
	# env executes the interpreter anew: that is an execution of its own, and its own rule's.
	rules "$WORK/one=gs" "$WORK/bin/interpreter=gi"
	reload
	expect gi ./one
}

# The kernel refuses it, and the caller executes /bin/sh with it instead: another execution.
@test "a script without #! is placed by its own rule, unless the shell has one" {
	probe start where
	printf '%s/where; :\n' "$WORK" >plain
	chmod +x plain
	rules "$WORK/plain=gp"
	start
	PATH=$WORK:$PATH expect gp ./start path plain
	rules "$WORK/plain=gp" "/bin/sh=gsh"
	reload
	PATH=$WORK:$PATH expect gsh ./start path plain
}

@test "the triggers of a script and of its interpreter both run" {
	probe interpreter
	script one "$WORK/interpreter"
	script note /bin/sh 'echo "$REEVE_RULE" >>'"$WORK/noted"
	policy <<-EOF
		rules:
		  i: {paths: [$WORK/interpreter], action: execute, group: gi, trigger: t}
		  s: {paths: [$WORK/one], action: execute, group: gs, trigger: t}
		triggers:
		  t: {run: $WORK/note, user: root}
		groups:
		  gi: {pids: 100}
		  gs: {pids: 100}
	EOF
	start
	expect gs ./one
	eventually lines 2 noted
	[ "$(sort noted)" = $'i\ns' ]
}

# ---- folders and globs ----

@test "a rule on a folder: everything below it, now and later" {
	probe f/a f/deep/er/b outside
	rules "$WORK/f/=gf"
	start
	expect gf ./f/a
	expect gf ./f/deep/er/b
	expect - ./outside
	probe f/new f/new-folder/c
	expect gf ./f/new
	expect gf ./f/new-folder/c
}

@test "a file that ran elsewhere and is moved or linked into a ruled folder" {
	probe f/deep/x one two
	rules "$WORK/f/=gf"
	start
	settle
	expect - ./one
	expect - ./two
	mv one f/deep/one
	ln two f/two
	expect gf ./f/deep/one
	eventually expect gf ./f/two
}

@test "a folder of programs that ran elsewhere is moved into a ruled folder" {
	probe other/deep/a f/x
	rules "$WORK/f/=gf"
	start
	settle
	expect - ./other/deep/a
	mv other f/other
	eventually expect gf ./f/other/deep/a
	mv f/other other
	eventually expect - ./other/deep/a
	mv other/deep/a f/other
	eventually expect gf ./f/other
}

@test "globs: * in a part, ** over parts, ? and brackets" {
	probe g/python3.11 g/x/y/rustc g/rustc g/gcc-9 g/gcc-x g/ab g/abc "g/a*b"
	rules "$WORK/g/python*=g1" "$WORK/g/**/rustc=g2" "$WORK/g/gcc-[0-9]=g3" "$WORK/g/a?=g4" \
		"$WORK/g/a[*]b=g5"
	start
	expect g1 ./g/python3.11
	expect g2 ./g/x/y/rustc
	expect g2 ./g/rustc
	expect g3 ./g/gcc-9
	expect - ./g/gcc-x
	expect g4 ./g/ab
	expect - ./g/abc
	expect g5 "./g/a*b"
}

@test "a program that ran elsewhere and comes under a glob by a rename" {
	probe g/one/other g/one/x
	rules "$WORK/g/*/tool-*=gt"
	start
	settle
	expect - ./g/one/other
	mv g/one/other g/one/tool-1
	eventually expect gt ./g/one/tool-1
	mkdir g/two
	mv g/one/tool-1 g/two/tool-2
	expect gt ./g/two/tool-2
}

@test "the first rule of the file that names a group decides, all triggers run" {
	probe f/a
	printf '#!/bin/sh\necho "$REEVE_RULE" >>%s/noted\n' "$WORK" >note
	chmod +x note
	policy <<-EOF
		rules:
		  only-trigger: {paths: [$WORK/f/*], action: execute, trigger: t}
		  first: {paths: [$WORK/f/], action: execute, group: g1}
		  second: {paths: [$WORK/f/a], action: execute, group: g2, trigger: t}
		triggers:
		  t: {run: $WORK/note, user: root}
		groups:
		  g1: {pids: 100}
		  g2: {pids: 100}
	EOF
	start
	expect g1 ./f/a
	eventually lines 2 noted
	[ "$(sort noted)" = $'only-trigger\nsecond' ]
}

# ---- programs that everything needs ----

@test "a rule on /bin/sh: nothing hangs, and every shell is placed" {
	probe where
	rules "/bin/sh=gsh"
	start
	expect gsh sh -c "$WORK/where; :"
	for i in {1..20}; do
		timeout 10 sh -c 'sh -c "sh -c true"'
	done
	reload
	stop
}

@test "a rule on the dynamic loader: nothing hangs, programs are placed by it" {
	local loader
	loader=$(readelf -l /bin/true 2>/dev/null | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	[ -n "$loader" ] || loader=/lib64/ld-linux-x86-64.so.2
	[ -e "$loader" ] || skip "needs to know the dynamic loader"
	probe where
	rules "$loader=gl"
	start
	# A static program needs no loader.
	[ "$(./where)" = - ]
	[ "$(cat /proc/self/cgroup | grep -c "/$NAME/gl")" -gt 0 ]
	expect gl "$loader" "$(command -v env)" "$WORK/where"
	reload
	stop
}

@test "rules on reeve, reeved and its guard themselves: nothing hangs" {
	probe where
	rules "$TREE/bin/reeve=gr" "$TREE/bin/reeved=gd" "$TREE/bin/reeve-guard=gd" "$TREE/bin/=ga"
	start --scan
	reeve status --runtime-dir "$RUN" | grep -q "running"
	eventually counter_above keeper.moved 0
	[ "$(group_of "$DAEMON")" = - ]
	[ "$(group_of "$GUARD")" = - ]
	timeout 20 reeve scan --runtime-dir "$RUN"
	[ "$(group_of "$DAEMON")" = - ]
	timeout 20 reeve group kill gr --runtime-dir "$RUN" || true
	alive "$DAEMON"
	reload
	stop
}

@test "a rule that kills reeved does not kill the one that runs" {
	policy <<-EOF
		rules:
		  self: {paths: ["$(readlink -f "$TREE/bin/reeved")"], action: execute, trigger: KILL}
	EOF
	start --scan
	refused 137 "" reeved --version
	alive "$DAEMON"
	stop
}

# ---- mounts ----

# What is executed before the daemon knows of a new mount is not asked about (docs/paths.md).

@test "a tmpfs that is mounted while the daemon runs, and mounted again" {
	mkdir m
	rules "$WORK/m/a=ga"
	start
	for i in 1 2; do
		mount -t tmpfs none m
		probe m/a m/b
		eventually expect ga ./m/a
		expect - ./m/b
		umount m
	done
	mount -t tmpfs none m
	probe m/a
	eventually expect ga ./m/a
}

@test "an overlay" {
	mkdir -p lower upper work merged
	mount -t tmpfs none upper
	mkdir upper/u upper/w
	probe lower/a lower/b
	mount -t overlay none -o "lowerdir=$WORK/lower,upperdir=$WORK/upper/u,workdir=$WORK/upper/w" merged ||
		skip "needs overlay"
	rules "$WORK/merged/a=ga" "$WORK/lower/b=gb"
	start
	expect ga ./merged/a
	expect - ./lower/a
	expect gb ./lower/b
	probe merged/c merged/a
	expect - ./merged/c
	expect ga ./merged/a
	# Mounted while the daemon runs.
	umount merged
	mount -t overlay none -o "lowerdir=$WORK/lower,upperdir=$WORK/upper/u,workdir=$WORK/upper/w" merged
	eventually expect ga ./merged/a
}

# Newer kernels ask about the layer's file, too.
@test "an overlay: one execution is one, for its rules and triggers" {
	mkdir -p lower upper merged
	mount -t tmpfs none upper
	mkdir upper/u upper/w
	probe lower/a lower/b
	script note /bin/sh 'echo "$REEVE_EXE" >>'"$WORK/noted"
	mount -t overlay none -o "lowerdir=$WORK/lower,upperdir=$WORK/upper/u,workdir=$WORK/upper/w" merged ||
		skip "needs overlay"
	chmod 750 merged/b
	chmod 755 merged/b # copied up
	policy <<-EOF
		rules:
		  everything: {user: nobody, action: execute, trigger: t}
		  placed: {user: daemon, action: execute, group: ga, trigger: t}
		triggers:
		  t: {run: $WORK/note, user: root}
		groups:
		  ga: {pids: 100}
	EOF
	chmod 711 .
	start
	setpriv --reuid nobody --clear-groups ./merged/a
	setpriv --reuid daemon --clear-groups ./merged/b
	eventually lines 2 noted
	setpriv --reuid nobody --clear-groups ./lower/a
	eventually lines 3 noted
	[ "$(LC_ALL=C sort noted | tr '\n' ,)" = "$WORK/lower/a,$WORK/merged/a,$WORK/merged/b," ]
}

@test "a private mount namespace: a file system that is known here is seen there, too" {
	command -v unshare >/dev/null || skip "needs unshare"
	probe a
	touch bound
	rules "$WORK/a=ga"
	start
	expect ga unshare -m "$WORK/a"
	expect ga unshare -m sh -c "mount --bind $WORK/a $WORK/bound && $WORK/bound"
}

# ---- names in other mount namespaces ----

# Rules by name of each kind, and a folder of a user's own with files of the same names.
ruled_and_forged() {
	command -v unshare >/dev/null || skip "needs unshare"
	probe ruled/a ruled/folder/b ruled/c-1 mine/a mine/folder/b mine/c-1 mine/d
	chown -R 65534 mine
	policy <<-EOF
		rules:
		  exact:   {paths: [$WORK/ruled/a], action: execute, group: ga}
		  folder:  {paths: [$WORK/ruled/folder/], action: execute, group: gb}
		  pattern: {paths: ["$WORK/ruled/c-*"], action: execute, group: gc}
		  mine:    {paths: ["$WORK/mine/d*"], action: execute, group: gd}
		$(groups_section ga gb gc gd)
	EOF
	start
}

@test "a user's namespace that gives his own files the names of rules" {
	ruled_and_forged
	local bound="mount --bind $WORK/mine $WORK/ruled"
	for program in a folder/b c-1; do
		expect - unshare -Urm sh -c "$bound && $WORK/ruled/$program"
		expect - unshare -Urm sh -c "$bound && cd $WORK/ruled && ./$program"
	done
	expect - unshare -Urm sh -c "mount --bind $WORK/mine/a $WORK/ruled/a && $WORK/ruled/a"
	# As the user himself, where he may.
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	if setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urm true; then
		expect - setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urm sh -c "$bound && $WORK/ruled/a"
	fi
	[ "$(counter keeper.matched)" = 0 ]
	# What is asked for by its own name is not let go for having been seen under another.
	expect ga ./ruled/a
	expect gb ./ruled/folder/b
}

@test "a namespace does not hide a file from the rule on its name here" {
	ruled_and_forged
	local bound="mount --bind $WORK/ruled $WORK/mine"
	expect ga unshare -Urm sh -c "$bound && $WORK/mine/a"
	expect gb unshare -Urm sh -c "$bound && $WORK/mine/folder/b"
	expect gc unshare -Urm sh -c "$bound && $WORK/mine/c-1"
	expect gd unshare -Urm sh -c "mount --bind $WORK/mine $WORK/ruled && $WORK/ruled/d"
}

@test "a namespace that differs elsewhere: names are what they are here" {
	ruled_and_forged
	mkdir tmp
	local private="mount -t tmpfs none $WORK/tmp"
	expect ga unshare -m sh -c "$private && $WORK/ruled/a"
	expect gb unshare -m sh -c "$private && $WORK/ruled/folder/b"
	expect gc unshare -m sh -c "$private && $WORK/ruled/c-1"
}

@test "a container's overlay that is mounted here: its names here count" {
	command -v unshare >/dev/null || skip "needs unshare"
	mkdir -p lower upper merged lower/old lower/proc
	probe lower/bin/a lower/bin/b
	mount -t tmpfs none upper
	mkdir upper/u upper/w
	mount -t overlay none -o "lowerdir=$WORK/lower,upperdir=$WORK/upper/u,workdir=$WORK/upper/w" merged
	policy <<-EOF
		rules:
		  inside: {paths: [/bin/a], action: execute, group: ga}
		  here:   {paths: ["$WORK/merged/bin/*"], action: execute, group: gb}
		$(groups_section ga gb)
	EOF
	start
	mount -t proc proc merged/proc
	local enter="cd $WORK/merged && pivot_root . old && cd / && exec"
	expect gb unshare -m sh -c "$enter /bin/a"
	expect gb unshare -m sh -c "$enter /bin/b"
	expect gb chroot "$WORK/merged" /bin/a
}

@test "a scan goes by the names here, too" {
	ruled_and_forged
	stop
	background unshare -Urm sh -c "mount --bind $WORK/mine $WORK/ruled && exec $WORK/ruled/folder/b hold 20000 $WORK/there1" >out1
	background unshare -Urm sh -c "mount --bind $WORK/ruled $WORK/mine && exec $WORK/mine/folder/b hold 20000 $WORK/there2" >out2
	eventually test -e there1
	eventually test -e there2
	start --scan
	[ "$(group_of "${STARTED[0]}")" = - ]
	[ "$(group_of "${STARTED[1]}")" = gb ]
}

# The kernel opens the file below, and tells of that from about 6.8 on.
@test "a private overlay over a folder of the host: the file below is known by identity" {
	command -v unshare >/dev/null || skip "needs unshare"
	mkdir -p lower upper merged
	probe lower/a lower/b
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/lower/a], action: execute, group: ga}
		  b: {paths: ["$WORK/lower/b*", "$WORK/merged/", "/b*"], action: execute, group: gb}
		$(groups_section ga gb)
	EOF
	start
	local private="mount -t tmpfs none $WORK/upper && mkdir upper/u upper/w &&
		mount -t overlay none -o lowerdir=$WORK/lower,upperdir=$WORK/upper/u,workdir=$WORK/upper/w $WORK/merged"
	got=$(unshare -m sh -c "$private && $WORK/merged/a")
	[ "$got" = ga ] || [ "$got" = - ]
	expect - unshare -m sh -c "$private && $WORK/merged/b"
	# What is written there is a file of nobody else's.
	expect - unshare -m sh -c "$private && touch merged/a && $WORK/merged/a"
	echo "# on $(uname -r): $got" >&3
}

# What docs say cannot be: a file system that is mounted nowhere but in a private namespace.
@test "a tmpfs in a private mount namespace passes, is not placed, and hangs nothing" {
	command -v unshare >/dev/null || skip "needs unshare"
	probe a
	mkdir m
	rules "$WORK/m/a=ga"
	start
	expect - unshare -m sh -c "mount -t tmpfs none $WORK/m && cp $WORK/a $WORK/m/a && $WORK/m/a"
}

@test "in a pid namespace of its own the process is known, too" {
	command -v unshare >/dev/null || skip "needs unshare"
	probe a
	rules "$WORK/a=ga"
	start
	expect ga unshare -p -f "$WORK/a"
	expect ga unshare -U "$WORK/a"
	expect ga chroot / "$WORK/a"
}

# The daemon in a pid namespace sees executions of processes that have no number there.
@test "a daemon in a pid namespace lets outsiders pass, and touches nobody else for them" {
	command -v unshare >/dev/null || skip "needs unshare"
	probe a k
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, group: ga}
		  k: {paths: [$WORK/k], action: execute, trigger: KILL}
		groups:
		  ga: {pids: 100}
	EOF
	DAEMON_PREFIX=(unshare -p -f --mount-proc)
	start || {
		grep -q "namespace" log && skip "the daemon refuses to run in a pid namespace"
		return 1
	}
	expect - ./a
	timeout 10 ./k || true
	timeout 20 reeve status --runtime-dir "$RUN"
}

# The daemon has an /etc of its own, which is a folder of the test's.
other_etc() {
	mkdir etc
	cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache etc/ || true
	[ ! -e /etc/localtime ] || cp -aL /etc/localtime etc/
	DAEMON_PREFIX=(unshare -m sh -c "mount --bind '$WORK/etc' /etc && exec \"\$@\"" -)
}

@test "a user who is added while the daemon runs counts for the rules that name it" {
	command -v setpriv || skip "needs setpriv"
	unshare -m true || skip "needs a mount namespace"
	probe a
	other_etc
	policy <<-END
		rules:
		  new: {on: execute, paths: ["$WORK/a"], user: reeve-newcomer, group: held}
		groups: {held: {pids: 50}}
	END
	start
	expect - setpriv --reuid 61234 --clear-groups ./a
	echo 'reeve-newcomer:x:61234:61234::/:/bin/sh' >>etc/passwd
	eventually counter_is engine.accounts_read 1
	expect held setpriv --reuid 61234 --clear-groups ./a
	# A policy that was edited meanwhile is not in force before it is asked for.
	sed -i 's/group: held/nice: 3/' policy.yaml
	echo 'reeve-other:x:61235:61235::/:/bin/sh' >>etc/passwd
	eventually log_has 'both count from the next reload on'
	expect held setpriv --reuid 61234 --clear-groups ./a
}
