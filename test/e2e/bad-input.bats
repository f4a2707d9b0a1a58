#!/usr/bin/env bats
# Bad input: each gets a clear error, and nothing that ran before is lost.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	GOOD=
}

teardown() {
	e2e_teardown
}

# A daemon with a good policy, a placed process, and a copy of the policy.
running() {
	probe a
	cp "$(readlink -f "$(command -v sleep)")" s
	rules "$WORK/a=ga" "$WORK/s=gs"
	cp "$POLICY" good.yaml
	start
	background ./s 100
	GOOD=$!
	eventually placed
}

placed() {
	[ "$(group_of "$GOOD")" = gs ]
}

# What ran before is as it was: daemon, group, process, rules.
unharmed() {
	alive "$DAEMON" && alive "$GOOD" && placed && expect ga ./a &&
		timeout 20 reeve status --runtime-dir "$RUN" >/dev/null
}

# The policy as it is now is refused by check, by a reload, and by a second daemon's start.
bad() { # REGULAR-EXPRESSION
	refused 1 "$1" reeve check "$POLICY"
	bad_for_daemon "$1"
}

bad_for_daemon() { # REGULAR-EXPRESSION
	refused 1 "$1" reeve reload --runtime-dir "$RUN"
	refused 1 "$1" reeved --config "$POLICY" --runtime-dir "$WORK/other"
	unharmed
}

# A rule for ./a with these lines for its group.
with_group() { # NAME LIMITS
	policy <<-EOF
		rules:
		  a: {paths: [$WORK/a], action: execute, group: "$1"}
		groups:
		  "$1": {$2}
	EOF
}

# ---- files ----

@test "a policy that is not there" {
	running
	rm "$POLICY"
	bad "policy.yaml: (error: )?cannot be read: No such file"
}

@test "a policy that cannot be read" {
	running
	command -v setpriv >/dev/null || skip "needs setpriv"
	rm "$POLICY"
	mkdir "$POLICY"
	bad_for_daemon "has neither reeve.yaml nor"
	rmdir "$POLICY"
	mkfifo "$POLICY"
	bad "is not a regular file"
	rm "$POLICY"
	ln -s "$POLICY" "$POLICY"
	bad "cannot be read"
	rm "$POLICY"
	cp good.yaml "$POLICY"
	reload
}

@test "an empty policy, and one of nothing but comments" {
	running
	: >"$POLICY"
	bad "the file is empty"
	echo "# nothing" >"$POLICY"
	bad "the file is empty"
	echo "name: $NAME" >"$POLICY"
	bad "\"rules\" is missing"
}

@test "a policy of 10 MB" {
	# A reader that is not linear is stopped by the time-out of what must be refused. QEMU takes its
	# time even for a tenth of that.
	local count=${REEVE_TEST_VM:+15000}
	running
	python3 - "$POLICY" "$NAME" "${count:-150000}" <<-'EOF2'
		import sys
		with open(sys.argv[1], "w") as file:
		    file.write(f"name: {sys.argv[2]}\nrules:\n")
		    for i in range(int(sys.argv[3])):
		        file.write(f"  r{i}: {{paths: [/nowhere/at/all/that/could/be/program-{i}], action: jump}}\n")
	EOF2
	[ "$(stat -c %s "$POLICY")" -gt 900000 ]
	bad "policy.yaml:3:"
	[ "$(wc -c <said)" -lt 1000000 ]
}

@test "a policy that is too large" {
	running
	truncate -s 2G "$POLICY"
	bad "is larger than [0-9]+ MiB"
}

@test "a binary policy" {
	running
	cp "$TREE/bin/reeve" "$POLICY"
	bad "policy.yaml:1:[0-9]+: "
	printf '\xff\xfen\0a\0' >"$POLICY"
	refused 1 "UTF-16" reeve check "$POLICY"
	bad "byte 0xff is no text"
	printf 'rules: \xe9\n' >"$POLICY"
	bad "policy.yaml:1:8: (error: )?byte 0xe9"
}

@test "a policy that others can write, or that is another user's" {
	running
	chmod 666 "$POLICY"
	bad_for_daemon "can be written by other users"
	chmod 644 "$POLICY"
	chown 65534 "$POLICY"
	bad_for_daemon "belongs to another user"
	chown 0 "$POLICY"
	mkdir -p folder/conf.d
	cp good.yaml folder/reeve.yaml
	chmod 777 folder/conf.d
	refused 1 "conf.d: error: can be written by other users" \
		reeved --config folder --runtime-dir "$WORK/other"
	reload
}

@test "a policy in another syntax" {
	running
	cp good.yaml policy.toml
	refused 1 "TOML is not read" reeved --config policy.toml --runtime-dir "$WORK/other"
	cp good.yaml policy.txt
	refused 1 "must end in" reeved --config policy.txt --runtime-dir "$WORK/other"
	unharmed
}

@test "YAML bombs: aliases and depth" {
	running
	{
		echo "a: &a [x, x, x, x, x, x, x, x, x]"
		for pair in ab bc cd de ef fg gh hi ij; do
			last=${pair:0:1} next=${pair:1:1}
			echo "$next: &$next [*$last, *$last, *$last, *$last, *$last, *$last, *$last, *$last, *$last]"
		done
		echo "rules: *j"
	} >"$POLICY"
	bad "policy.yaml:[0-9]+:[0-9]+: "
	python3 -c 'print("rules: " + "[" * 200000)' >"$POLICY"
	bad "policy.yaml:1:[0-9]+: "
	python3 -c 'print("rules: " + "{a: " * 50000 + "}" * 50000)' >"$POLICY"
	bad "policy.yaml:1:[0-9]+: "
}

# ---- values ----

@test "names that lead out of the folder" {
	running
	for name in ../../x .. . a/b /abs "a b/../c" '""'; do
		sed "s|^name: .*|name: $name|" good.yaml >"$POLICY"
		refused 1 "policy.yaml:1:[0-9]+: " reeve check "$POLICY"
		refused 1 "policy.yaml:1:[0-9]+: " reeved --config "$POLICY" --runtime-dir "$WORK/other"
	done
	for name in ../ga ga/../gb ./ga /ga ga//gb ga/ "" 'a\u0001b'; do
		with_group "$name" "pids: 9"
		refused 1 "policy.yaml:[0-9]+:[0-9]+: " reeve check "$POLICY"
	done
	bad_for_daemon "policy.yaml:[0-9]+:[0-9]+: "
}

@test "a group name of 300 bytes" {
	running
	with_group "$(printf 'g%.0s' {1..300})" "pids: 9"
	bad "policy.yaml:[0-9]+:[0-9]+: .*255"
}

@test "limits that make no sense" {
	local limits i
	running
	limits=("ram: -1" "ram: 0" "cpu: 0" "cpu: -5" "cpu: .nan" "cpu: .inf" "pids: 1e99"
		"pids: -3" "pids: 1.5" "ram: 1e99" "ram: 99999999999999999999" "ram: 4.5Q"
		"cpu_weight: 0" "cpus: 0-" "cpus: 3-1" "oom: maybe" "ram: [1]" "pids: {}"
		"nonsense: 1" "raw: {../x: 1}" "raw: {cgroup.procs: 1}" "io: {sda: fast}")
	{
		echo "rules: {}"
		echo "groups:"
		for ((i = 0; i < ${#limits[@]}; i++)); do
			echo "  g$i: {${limits[i]}}"
		done
	} | policy
	# Each of them is told where it is.
	refused 1 "" reeve check "$POLICY"
	for ((i = 0; i < ${#limits[@]}; i++)); do
		grep -q "policy.yaml:$((i + 4)):[0-9]*: error: " said || {
			echo "not told: ${limits[i]}"
			cat said
			return 1
		}
	done
	# And one is enough.
	for i in "ram: -1" "pids: 1.5" "raw: {../x: 1}"; do
		with_group ga "$i"
		bad "policy.yaml:5:[0-9]+: "
	done
}

@test "what the command line says is refused, too" {
	running
	refused 2 "ram" reeve run --ram -1 --runtime-dir "$WORK/other" true ||
		refused 125 "ram" reeve run --ram -1 --runtime-dir "$WORK/other" true
	for words in "create ../x" "create $(printf 'g%.0s' {1..300})" "delete ga" "delete nobody" \
		"set ga --pids 1e99" "set ga --cpu 0" "set ga --ram=-1" "move nobody 1" "show nobody"; do
		# shellcheck disable=SC2086
		code=0
		timeout 20 reeve group $words --runtime-dir "$RUN" >said 2>&1 </dev/null || code=$?
		[ "$code" = 1 ] || [ "$code" = 2 ] || {
			echo "$words: $code"
			cat said
			return 1
		}
		[ -s said ]
	done
	unharmed
}

@test "two rules on one path: the same file in two rules is told" {
	running
	policy <<-EOF
		rules:
		  one: {paths: [$WORK/a], action: execute, group: ga}
		  two: {paths: [$WORK/a], action: execute, group: gs}
		groups:
		  ga: {pids: 3000}
		  gs: {pids: 3000}
	EOF
	code=0
	timeout 20 reeve check "$POLICY" >said 2>&1 || code=$?
	cat said
	grep -qE "policy.yaml:4:[0-9]+: (error|warning)" said
	code2=0
	reload || code2=$?
	[ "$code" = "$code2" ]
	# In either case the first one holds.
	unharmed
}

@test "a rule twice by name, and unknown groups, are told with their places" {
	running
	policy <<-EOF
		rules:
		  one: {paths: [$WORK/a], action: execute, group: ga}
		  one: {paths: [$WORK/b], action: execute, group: ga}
		groups:
		  ga: {pids: 3000}
	EOF
	bad "policy.yaml:4:"
	policy <<-EOF
		rules:
		  one: {paths: [], action: execute, group: ga}
		groups:
		  ga: {pids: 3000}
	EOF
	bad "policy.yaml:3:"
}

@test "a rule on a path that is not there is taken, and holds once it is" {
	running
	rules "$WORK/a=ga" "$WORK/s=gs" "$WORK/not/yet=gn"
	timeout 20 reeve check "$POLICY"
	reload
	probe not/yet
	expect gn ./not/yet
	unharmed
}

# ---- the machine ----

namespace=(timeout 20 unshare -m --propagation private sh -c)

# Runs a daemon's start in a mount namespace of its own, after a command there.
in_namespace() { # COMMAND
	"${namespace[@]}" "$1; $second_start" 3>&-
}

second_policy() {
	second_start="exec reeved --config '$WORK/second.yaml' --runtime-dir '$WORK/other'"
	cat >second.yaml <<-EOF
		name: $NAME-2
		rules:
		  a: {paths: [$WORK/b], action: execute, group: ga}
		groups:
		  ga: {pids: 100, ram: 100}
	EOF
}

@test "no cgroup hierarchy is mounted" {
	running
	second_policy
	refused 1 "no cgroup hierarchy is mounted; try: reeve mount" "${namespace[@]}" \
		"awk '\$3 ~ /^cgroup2?\$/ { print \$2 }' /proc/self/mounts | tac | while read -r m; do umount -l \"\$m\"; done; $second_start"
	unharmed
}

@test "the cgroup hierarchies are read-only" {
	running
	second_policy
	refused 1 "[Rr]ead-only" "${namespace[@]}" \
		"awk '\$3 ~ /^cgroup2?\$/ { print \$2 }' /proc/self/mounts | while read -r m; do mount -o remount,ro,bind \"\$m\"; done; $second_start"
	unharmed
	[ ! -e "/run/reeve-$NAME-2.lock" ]
}

@test "a controller that is gone is told, and the rest works" {
	running
	second_policy
	mount=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2 }' /proc/mounts)
	[ -n "$mount" ] || skip "needs cgroup v1"
	in_namespace "umount -l '$mount'" </dev/null >"$WORK/log2" 2>&1 &
	second=$!
	eventually timeout 5 reeve status --runtime-dir "$WORK/other"
	timeout 5 reeve status --runtime-dir "$WORK/other" >said
	grep -q pids said
	timeout 5 reeve group set ga --pids 5 --runtime-dir "$WORK/other" >said 2>&1 || true
	grep -q pids said
	kill -TERM "$(timeout 5 reeve status --runtime-dir "$WORK/other" | sed -n '1s/.*pid \([0-9]*\).*/\1/p')"
	wait_gone "$second"
	timeout 20 reeve clean --config second.yaml --runtime-dir "$WORK/other"
	unharmed
}

@test "the disk is full for the record of groups" {
	running
	second_policy
	mkdir full
	mount -t tmpfs -o size=16k,mode=755 none full
	dd if=/dev/zero of=full/rest bs=4096 2>/dev/null || true
	refused 1 "No space left" reeved --config second.yaml --runtime-dir "$WORK/full"
	[ ! -e "/run/reeve-$NAME-2.lock" ]
	# Room again: as if nothing had been.
	rm full/rest
	reeved --config second.yaml --runtime-dir "$WORK/full" </dev/null >"$WORK/log2" 2>&1 3>&- &
	second=$!
	eventually timeout 5 reeve status --runtime-dir "$WORK/full"
	# And full again while it runs: a new group cannot be recorded, the old record stays whole.
	dd if=/dev/zero of=full/rest bs=4096 2>/dev/null || true
	code=0
	timeout 10 reeve group create gz --runtime-dir "$WORK/full" >said 2>&1 || code=$?
	[ "$code" = 0 ] || grep -q "No space left" said
	python3 -c 'import json, sys; json.load(open(sys.argv[1]))' full/state.json
	rm full/rest
	kill -TERM "$second"
	wait_gone "$second"
	timeout 20 reeve clean --config second.yaml --runtime-dir "$WORK/full"
	unharmed
}

@test "a runtime folder that is not ours, or no folder" {
	running
	second_policy
	touch file
	refused 1 "not a folder" reeved --config second.yaml --runtime-dir "$WORK/file"
	mkdir -m 777 open
	refused 1 "not be writable by others" reeved --config second.yaml --runtime-dir "$WORK/open"
	mkdir theirs
	chown 65534 theirs
	refused 1 "must belong to us" reeved --config second.yaml --runtime-dir "$WORK/theirs"
	refused 1 "cannot make the runtime folder" \
		reeved --config second.yaml --runtime-dir "$WORK/no/such/folder"
	unharmed
}

@test "the path of the socket is too long" {
	running
	second_policy
	long=$WORK/$(printf 'l%.0s' {1..100})
	mkdir "$long"
	refused 1 "path of the control socket is [0-9]+ bytes long.*shorter runtime folder" \
		reeved --config second.yaml --runtime-dir "$long"
	[ ! -e "$long/state.json" ]
	unharmed
}

@test "the path of the socket is taken" {
	running
	second_policy
	mkdir -m 755 other
	echo "not a socket" >other/reeve.sock
	refused 1 "is there and is not a socket" reeved --config second.yaml --runtime-dir "$WORK/other"
	[ "$(cat other/reeve.sock)" = "not a socket" ]
	rm other/reeve.sock
	background python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("other/reeve.sock")
s.listen()
time.sleep(60)'
	eventually test -S other/reeve.sock
	refused 1 "another daemon answers at" reeved --config second.yaml --runtime-dir "$WORK/other"
	kill "${STARTED[-1]}"
	wait_gone "${STARTED[-1]}"
	# A socket that nobody answers is taken over.
	reeved --daemon --config second.yaml --runtime-dir "$WORK/other" </dev/null 3>&-
	timeout 5 reeve status --runtime-dir "$WORK/other" >said
	guard=$(sed -n '1s/.*guard \([0-9]*\).*/\1/p' said)
	kill -TERM "$guard"
	wait_gone "$guard"
	timeout 20 reeve clean --config second.yaml --runtime-dir "$WORK/other"
	unharmed
}

@test "the runtime folder of an instance with another name" {
	running
	stop
	sed "s/^name: .*/name: $NAME-2/" good.yaml >second.yaml
	local sentence="holds the groups of the instance \"$NAME\".*policy's name is \"$NAME-2\".*reeve clean --runtime-dir $RUN"
	refused 1 "$sentence" reeved --config second.yaml --runtime-dir "$RUN"
	refused 1 "$sentence" reeve clean --config second.yaml --runtime-dir "$RUN"
	refused 125 "$sentence" reeve run --config second.yaml --runtime-dir "$RUN" -g ga -- true
	[ ! -e "$RUN/state.json.bad" ]
	start
	unharmed
	stop
	# As the sentence says.
	timeout 20 reeve clean --runtime-dir "$RUN"
	timeout 20 reeve group list --config second.yaml --runtime-dir "$RUN"
	timeout 20 reeve clean --runtime-dir "$RUN"
	[ ! -e "$RUN/state.json" ]
}

@test "a damaged record of groups is put aside, and clean tells what stays and how to remove it" {
	running
	stop
	echo '{"version": 1, "groups": [' >"$RUN/state.json"
	start
	log_has "is damaged"
	[ -e "$RUN/state.json.bad" ]
	unharmed
	stop
	refused 1 "/$NAME stays, for no record says that reeve made it" \
		reeve clean --config "$POLICY" --runtime-dir "$RUN"
	placed
	kill -KILL "$GOOD"
	wait_gone "$GOOD"
	sed -n 's/.*once nobody needs it: //p' said >how
	[ -s how ]
	eventually sh -e how
	[ -z "$(find /sys/fs/cgroup -name "$NAME")" ]
	expect "nothing to remove" reeve clean --config "$POLICY" --runtime-dir "$RUN"
}
