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

# bats test_tags=userland
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

# bats test_tags=userland
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
	local count right
	count=$(few 100 25)
	read -r right _ < <(timeout 60 "$BUILD/test/programs/demo-burst" "$count" 4 ./first "/$RAW/x" 1)
	[ "$right" = "$count" ]
}

@test "cgrules: at the first instruction, of a user who has just become one" {
	raw_group cpu x
	cgrules <<-END
		reeve-one	cpu	$RAW/x
		@reeve-class	cpu	$RAW/x
	END
	cgred
	local i rounds
	rounds=$(few 15 4)
	for ((i = 0; i < rounds; i++)); do
		expect_at cpu x as reeve-one ./a
		expect_at cpu x as reeve-two ./b
		expect_at cpu - ./a
	done
}

# bats test_tags=userland
@test "cgrules: what is started by /proc/self/exe is the program, not the link" {
	raw_group cpu x
	cgrules <<-END
		*:$WORK/shell	cpu	$RAW/x
	END
	cgred
	./shell -c 'exec /proc/self/exe -c "cat /proc/self/cgroup"' | grep -q "/$RAW/x$"
}

# bats test_tags=userland
@test "cgrules: a name that a user gives itself is not believed" {
	raw_group cpu x
	cgrules <<-END
		reeve-one:$WORK/b	cpu	$RAW/x
	END
	cgred
	ln -s a high
	expect_at cpu - as reeve-one bash -c "exec -a '$WORK/b' ./high \"\$@\"" b
}

# bats test_tags=userland
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

# Processes that each make one of these calls, and stay.
callers() { # CALL...
	timeout 60 python3 -c '
import ctypes, os, sys, time
libc = ctypes.CDLL(None)
for call in sys.argv[1:]:
    done, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        exec(call)
        os.write(ready, b"x")
        time.sleep(600)
    os.close(ready)
    assert os.read(done, 1), call
    os.close(done)
    print(pid)' "$@" >callers 3>&-
	mapfile -t CALLERS <callers
	owned "${CALLERS[@]}"
}

@test "cgrules: every change of user or group is seen" {
	local pid
	raw_group cpu one
	raw_group cpu class
	cgrules <<-END
		reeve-one	cpu	$RAW/one
		@reeve-class	cpu	$RAW/class
	END
	cgred
	# Neither the effective user nor the effective group: libcgroup's rules do not ask about these.
	callers 'libc.setfsuid(61201)' 'libc.setfsgid(61203)' 'os.setgroups([61203])' \
		'os.setreuid(61201, 0)' 'os.setresuid(0, 0, 61201)' 'os.setregid(61203, 0)' 'os.setresgid(0, 0, 61203)'
	local others=("${CALLERS[@]}")
	callers 'os.setuid(61201)' 'os.seteuid(61201)' 'os.setreuid(61201, 61201)' 'os.setreuid(-1, 61201)' \
		'os.setresuid(61201, 61201, 0)' 'os.setresuid(-1, 61201, -1)' \
		'import threading; threading.Thread(target=time.sleep, args=[600]).start(); os.setuid(61201)'
	for pid in "${CALLERS[@]}"; do
		eventually is_at "$pid" cpu one
	done
	callers 'os.setgid(61203)' 'os.setegid(61203)' 'os.setregid(61203, 61203)' 'os.setresgid(0, 61203, 0)' \
		'os.initgroups("root", 61203); os.setgid(61203)'
	for pid in "${CALLERS[@]}"; do
		eventually is_at "$pid" cpu class
	done
	# The later ones have been told since.
	for pid in "${others[@]}"; do
		is_at "$pid" cpu -
	done
	reeve log --runtime-dir "$RUN" | grep -q setgid
	# In turns that do not wait for a processor, where a SCHED_FIFO task may be had.
	[ $(($(counter loop.urgent) + $(counter loop.urgent_refused) + $(counter loop.urgent_exhausted))) -gt 0 ]
}

# As Apache's suexec does it, without PAM: a program of root's that any daemon may execute, which becomes
# the user of a page and executes its script.
@test "cgrules: daemons that change the user without PAM, and programs with the set-user-id bit" {
	raw_group cpu one
	raw_group cpu two
	raw_group cpu script
	cgrules <<-END
		reeve-one:$WORK/page	cpu	$RAW/script
		reeve-one	cpu	$RAW/one
		reeve-two	cpu	$RAW/two
	END
	cgred
	cat >suexec.py <<-END
		import os, sys, time
		if os.fork() == 0:
		    os.setgid(61201)
		    os.initgroups("root", 61201)
		    os.setuid(61201)
		    os.execv(sys.argv[1], [sys.argv[1], "/proc/self/cgroup"])
		sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
	END
	cp a page
	expect_at cpu script python3 suexec.py ./page
	expect_at cpu one python3 suexec.py ./a
	# Its user's from when it is that user.
	cp c bit
	chown 61202 bit
	chmod 4755 bit
	! findmnt -no OPTIONS -T bit | grep -q nosuid || return 0
	background setpriv --reuid 61201 --regid 61201 --clear-groups ./bit 600
	eventually is_at "$!" cpu two
	[ "$(awk '$1 == "Uid:" { print $2, $3 }' "/proc/$!/status")" = "61201 61202" ]
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

# bats test_tags=userland
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

# bats test_tags=userland
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

# bats test_tags=userland
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

# bats test_tags=userland
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

# A group as container runtimes name it, below ours.
container() {
	echo "docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope"
}

# bats test_tags=userland
@test "cgrules: containers are left alone, with their users' numbers; namespaces alone make none" {
	raw_group cpu one
	raw_group cpu "$(container)"
	cgrules <<-END
		reeve-one	cpu	$RAW/one
		*:b	cpu	$RAW/one
	END
	cgred
	# Started in the container, executed there, and of another user there.
	cat >inside-container <<-END
		echo \$\$ >$(mounted cpu)/$RAW/$(container)/cgroup.procs
		./b /proc/self/cgroup
		exec setpriv --reuid 61201 --clear-groups ./a /proc/self/cgroup
	END
	sh inside-container >said
	[ "$(grep -c "/$RAW/$(container)" said)" = "$(grep -c "/$RAW/" said)" ]
	[ "$(grep -c "/$RAW/$(container)" said)" -ge 2 ]
	# A scan and a start do not take them out, either.
	background sh -c "echo \$\$ >$(mounted cpu)/$RAW/$(container)/cgroup.procs; exec setpriv --reuid 61201 --clear-groups ./c 600"
	eventually is_at "$!" cpu "$(container)"
	reeve scan --runtime-dir "$RUN" >/dev/null
	is_at "$!" cpu "$(container)"
	# Somebody's sandbox is that user's: by the number that the host knows, whatever it is called there.
	expect_at cpu one unshare --pid --fork --mount --kill-child setpriv --reuid 61201 --clear-groups ./a
	expect_at cpu one as reeve-one unshare --user --map-root-user ./a || ! as reeve-one unshare --user true
}

# bats test_tags=userland
@test "cgrules: a directory of users that hangs keeps neither the start nor the gate waiting" {
	raw_group cpu x
	sed -i 's/^\(passwd\|group\):.*/\1: files hangs/' "$ETC/nsswitch.conf"
	cp "$BUILD/test/programs/libnss_hangs.so.2" "$WORK/host-run/"
	cgrules <<-END
		nobody-of-this-name	cpu	$RAW/y
		@no-such-group	cpu	$RAW/y
		*:a	cpu	$RAW/x
	END
	LD_LIBRARY_PATH=/run cgred
	log_has 'nobody-of-this-name'
	expect_at cpu x ./a
	# While a reload waits for it, executions do not.
	kill -USR2 "$GUARD"
	local before after
	before=$(now_ms)
	expect_at cpu x ./a
	after=$(now_ms)
	eventually counter_is engine.reloads 1
	# Not even half of what the reload took.
	[ $((2 * (after - before))) -lt $(($(now_ms) - before)) ]
}

# bats test_tags=userland
@test "cgrules: names that are no parts of a path, and templates that come to nothing" {
	local uid
	raw_group cpu users
	cgrules <<-END
		root	cpu	$RAW/root	ignore
		reeve-one	cpu	$RAW/users/%u/\\
		*:b	cpu	$RAW/users/%u
	END
	echo 'template '"$RAW"'/users/%u { perm { task { } admin { } } }' >"$ETC/cgconfig.conf"
	echo "..:x:61205:61201::/:/bin/sh
.:x:61206:61201::/:/bin/sh
up/../../..:x:61207:61201::/:/bin/sh
:x:61208:61201::/:/bin/sh" >>"$ETC/passwd"
	cgred
	for uid in 61205 61206 61207 61208; do
		setpriv --reuid "$uid" --regid 61201 --clear-groups ./b /proc/self/cgroup >said
		# Below users, one level deep, and nowhere else.
		grep "/$RAW" said
		grep -qE "/$RAW/users/[^/]+$" said
		! grep -E "/$RAW/users/\.{1,2}$" said
	done
	expect_at cpu 'users/reeve-one/\' as reeve-one ./a
	[ "$(find "$(mounted cpu)/$RAW" -mindepth 2 -maxdepth 2 -type d | wc -l)" = 5 ]
}

@test "cgrules: who was nothing to the rules is placed under a name of theirs" {
	raw_group cpu x
	cgrules <<-END
		*:named	cpu	$RAW/x
		*:$WORK/full	cpu	$RAW/x
	END
	cgred
	# Then the gate knows them for files that have not changed lately, and forgets them.
	sleep 2.5
	expect_at cpu - ./a
	expect_at cpu - ./b
	expect_at cpu - ./a
	expect_at cpu - ./b
	cp a named
	expect_at cpu x ./named
	rm named
	ln a named
	eventually expect_at cpu x ./named
	# All are asked about again after the start, and when one of them gets another name.
	[ "$(counter gate.forgotten_reset)" -gt "$(counter gate.forgotten_renamed)" ]
	mv b full
	eventually expect_at cpu x ./full
	mkdir deeper
	mv full deeper/named
	eventually expect_at cpu x deeper/named
	mv deeper/named b
	eventually expect_at cpu - ./b
}

observes() {
	! reeve status --runtime-dir "$RUN" --json | tr -d ' \n' | grep -qF '"state":"starting"'
}

# bats test_tags=userland
@test "cgrules: changes of users while the daemon starts are not missed" {
	local pid
	raw_group cpu one
	cgrules <<-END
		reeve-one	cpu	$RAW/one
	END
	cat >changing.py <<-END
		import os, time
		began = time.monotonic()
		pids = []
		for i in range(100):
		    pid = os.fork()
		    if pid == 0:
		        time.sleep(max(0, began + 0.01 * i - time.monotonic()))
		        os.setuid(61201)
		        time.sleep(600)
		    pids.append(pid)
		time.sleep(max(0, began + 1 - time.monotonic()))
		open("pids.new", "w").write("".join(f"{pid}\\n" for pid in pids))
		os.rename("pids.new", "pids")
		time.sleep(600)
	END
	background python3 changing.py
	cgred
	# Whoever is told that it is ready may change its user at once.
	observes
	eventually test -e pids
	owned $(<pids)
	while read -r pid; do
		eventually is_at "$pid" cpu one
	done <pids
}

# A storm of changes that nobody is told of while the daemon is stopped, and one among them that counts.
# Where the kernel audits such calls for somebody, there is no storm.
# bats test_tags=alone,userland
@test "cgrules: events that were lost are made up for by a scan" {
	raw_group cpu one
	cgrules <<-END
		reeve-one	cpu	$RAW/one
	END
	cgred
	cat >storm.py <<-END
		import os, time
		done = open("done", "w")
		for i in range(400000):
		    os.seteuid(61202)
		    os.seteuid(0)
		os.setuid(61201)
		print("done", file=done, flush=True)
		time.sleep(600)
	END
	eventually observes
	mkfifo done
	kill -STOP "$DAEMON"
	background python3 storm.py
	timeout 120 head -1 done >said
	kill -CONT "$DAEMON"
	eventually counter_above observer.lost 0
	eventually is_at "${STARTED[-1]}" cpu one
}

# bats test_tags=userland
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
	: >"$ETC/cgrules.conf"
	echo 'template x { cpu { } ' >"$ETC/cgconfig.conf"
	refused 96 'cgconfig.conf:2:' "$WORK/inside" "$TREE/bin/cgrulesengd" -n -f -
	rm "$ETC/cgconfig.conf"
	mkdir "$ETC/cgconfig.d"
	echo 'template x { cpu { } ' >"$ETC/cgconfig.d/one.conf"
	refused 96 'one.conf:2:' "$WORK/inside" "$TREE/bin/cgrulesengd" -n -f -
	rm "$ETC/cgconfig.d/one.conf"
	touch "$WORK/host-run/cgred"
	refused 255 'cgred' "$WORK/inside" "$TREE/bin/cgrulesengd" -n -f -
	rm "$WORK/host-run/cgred"
	refused 81 'no cgroup' unshare --mount --propagation private sh -c \
		'umount -R -l /sys/fs/cgroup && exec "$0" -n -f -' "$TREE/bin/cgrulesengd"
}

# bats test_tags=userland
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

# bats test_tags=userland
@test "cgrules: a rule that names a link is about where it leads, and about where it leads next" {
	raw_group cpu x
	ln -s b chosen
	ln -s chosen link
	cgrules <<-END
		*:$WORK/link	cpu	$RAW/x
		*:$WORK/later	cpu	$RAW/x
	END
	cgred
	expect_at cpu x ./link
	expect_at cpu x ./b
	expect_at cpu - ./a
	# As update-alternatives does.
	ln -s a chosen.new
	mv -T chosen.new chosen
	eventually counter_is engine.links_read 1
	expect_at cpu x ./link
	expect_at cpu x ./a
	expect_at cpu - ./b
	# A program that comes as a link.
	ln -s b later
	eventually counter_is engine.links_read 2
	expect_at cpu x ./later
	grep -q 'links to programs have changed: the rules know them' log
}
