#!/usr/bin/env bats
# bats file_tags=userland
# Rules that are asked once, by cgclassify and cgexec, say what the daemon carries out.

load helpers
load raw-groups
load register
load cgred
load cgtools-helpers

setup() {
	cgred_setup
	mkdir programs
	cp /bin/sleep programs/rv-al
	cp /bin/sleep programs/rv-alpha
	printf '#!/bin/bash\nread -r _ <never\n' >programs/rv-job
	mkfifo never
	chmod 755 programs programs/*
	for group in aside g1 g2; do
		raw_group pids "$group"
	done
}

teardown() {
	raw_teardown
	release_hierarchy
}

# Rules of all kinds, about the test's users and programs only. The same seed gives the same.
random_rules() { # SEED
	python3 - "$1" "$WORK/programs" "$RAW" <<-'END'
		import random, sys
		seed, folder, raw = sys.argv[1:]
		pick = random.Random(int(seed)).choice
		users = ["reeve-one", "reeve-two", "@reeve-one", "@reeve-two", "@reeve-class", "*"]
		names = ["rv-al", "rv-alpha", "rv-job", "rv-*", "rv-a"]
		paths = [f"{folder}/rv-al", f"{folder}/rv-al*", f"{folder}/rv-job", f"{folder}/*", f"{folder}/rv"]
		for _ in range(9):
		    user = pick(users)
		    program = pick([None] * 3 + names + paths * 2) if user != "*" else pick(names + paths)
		    key = user + (f":{program}" if program else "")
		    place = raw + pick(["/g1", "/g2", "/g1/%u", "/g2/%p-%G"])
		    print(pick(["", "  "]) + key, "pids", place + pick(["", "/", "  # why"]))
		    if pick([0, 0, 1]):
		        print("%", "pids", f"{raw}/g2")
		    if pick([0, 0, 1]):
		        where = pick([f"{raw}/aside", f"{raw}/as", f"/{raw}/g1", "*", f"{raw}/aside/"])
		        print(key, "*", where, pick(["ignore", "ignore_rt", "ignore,ignore_rt"]))
	END
}

# Its number in $PID: a program of somebody, begun in the group "aside".
begin() { # PROGRAM WORDS...
	local program=$1
	shift
	# Its user is another before it is put aside: what that would be told of is over by then.
	background "$@" sh -c 'read -r _ <go; exec "$0" 60' "./programs/$program"
	PID=$!
	eventually grep -qx sh "/proc/$PID/comm"
	cgclassify -g "pids:$RAW/aside" "$PID"
	echo >go
	eventually grep -qx "$program" "/proc/$PID/comm"
}

@test "cgrules, once: cgclassify puts a process where the daemon has put it" {
	local seed who program told
	local -a someone=(
		"setpriv --reuid 61211 --regid 61211 --clear-groups"
		"setpriv --reuid 61212 --regid 61212 --groups 61213"
		"setpriv --reuid 61211 --regid 61212 --groups 61213"
		"setpriv --reuid 61212 --regid 61213 --clear-groups"
		"chrt --fifo 1 setpriv --reuid 61211 --regid 61211 --clear-groups"
		"env"
	)
	mkfifo -m 666 go
	chrt --fifo 1 true 2>/dev/null || unset 'someone[4]'
	cgred
	for seed in 1 2 3 4; do
		random_rules "$seed" | cgrules
		kill -HUP "$GUARD"
		eventually counter_is engine.reloads "$seed"
		for who in "${!someone[@]}"; do
			for program in rv-al rv-alpha rv-job; do
				# A third of them, each time others.
				[ $(((seed + who + ${#program}) % 3)) = 0 ] || continue
				# shellcheck disable=SC2086 # words
				begin "$program" ${someone[who]}
				told=$(raw_of "$PID" pids)
				cgclassify -g "pids:$RAW/aside" "$PID"
				"$WORK/inside" "$TREE/bin/cgclassify" "$PID"
				is_at "$PID" pids "$told" || {
					echo "seed $seed, ${someone[who]}, $program: the daemon says $told, cgclassify $(raw_of "$PID" pids)"
					cat "$ETC/cgrules.conf"
					return 1
				}
				echo "$told" >>places
				kill -KILL "$PID"
			done
		done
	done
	# Several places were there to be found.
	[ "$(sort -u places | wc -l)" -ge 4 ]
}

@test "cgrules, once: who is asked about must be there, and be one that may be looked at" {
	echo "reeve-one pids $RAW/g1" | cgrules
	says_of() { # CODE TEXT COMMAND...
		local code=$1 text=$2 got=0
		shift 2
		"$WORK/inside" "$@" >out 2>&1 || got=$?
		[ "$got" = "$code" ] && grep -qF "$text" out && return 0
		echo "got $got: $(<out)"
		return 1
	}
	says_of 1 "No such process" "$TREE/bin/cgclassify" 4194303
	says_of 1 "pid 1: Permission denied" setpriv --reuid 61211 --regid 61211 --clear-groups "$TREE/bin/cgclassify" 1
	# Of several, who cannot be moved does not keep the others.
	background sleep 60
	says_of 1 "pid 4194303" "$TREE/bin/cgclassify" 4194303 "$!"
	echo "*:sleep pids $RAW/g2" | cgrules
	says_of 1 "pid 4194303" "$TREE/bin/cgclassify" 4194303 "$!"
	is_at "$!" pids g2
}

@test "cgrules, once: a command counts by the name it is called by" {
	ln -s rv-al programs/rv-link
	cgrules <<-END
		*:rv-link pids $RAW/g1/%p
		*:rv-al pids $RAW/g2
	END
	background "$WORK/inside" "$TREE/bin/cgexec" "$WORK/programs/rv-link" 60
	eventually is_at "$!" pids g1/rv-link
	background "$WORK/inside" "$TREE/bin/cgexec" "$WORK/programs/rv-al" 60
	eventually is_at "$!" pids g2
}

@test "cgrules, once: a rule that names a link fits where it leads" {
	ln -s rv-al programs/rv-link
	cgrules <<-END
		*:/nowhere/rv-al pids $RAW/g1
		*:$WORK/programs/rv-alp* pids $RAW/g1
		*:$WORK/programs/rv-link pids $RAW/g1
		*:rv-al pids $RAW/g2
	END
	background "$WORK/inside" "$TREE/bin/cgexec" "$WORK/programs/rv-al" 60
	eventually is_at "$!" pids g1
	background "$WORK/programs/rv-al" 60
	eventually grep -qx rv-al "/proc/$!/comm"
	"$WORK/inside" "$TREE/bin/cgclassify" "$!"
	is_at "$!" pids g1
}

@test "cgrules: hierarchies without controllers are placed in, but systemd's where it is named alone" {
	mkdir named
	mount -t cgroup -o "none,name=$NAME" reeve-test "$WORK/named"
	mkdir -p "named/$RAW/x" "named/$RAW/y"
	cp /bin/cat programs/rv-cat
	cp /bin/cat programs/rv-all
	cgrules <<-END
		*:rv-cat name=$NAME,pids $RAW/x
		*:rv-all * $RAW/y
	END
	raw_group pids x
	raw_group pids y
	cgred
	./programs/rv-cat /proc/self/cgroup >places
	grep -q ":name=$NAME:/$RAW/x$" places
	./programs/rv-all /proc/self/cgroup >places
	grep -q ":name=$NAME:/$RAW/y$" places
	! grep ":name=systemd:/$RAW" places
	# By cgexec as well.
	"$WORK/inside" "$TREE/bin/cgexec" ./programs/rv-cat /proc/self/cgroup >places
	grep -q ":name=$NAME:/$RAW/x$" places
}

@test "cgrules: a hierarchy that is mounted while the daemon runs is placed in" {
	mkdir named
	cp /bin/cat programs/rv-cat
	cgrules <<-END
		*:rv-cat name=$NAME $RAW/x
	END
	cgred
	! ./programs/rv-cat /proc/self/cgroup | grep ":name=$NAME:"
	mount -t cgroup -o "none,name=$NAME" reeve-test "$WORK/named"
	mkdir -p "named/$RAW/x"
	nsenter --target "$JOB" --mount mount -t cgroup -o "none,name=$NAME" reeve-test "$WORK/named"
	eventually counter_is engine.hierarchies_found 1
	./programs/rv-cat /proc/self/cgroup | grep -q ":name=$NAME:/$RAW/x$"
	grep -q "was mounted, and is used: name=$NAME at $WORK/named" log
}
