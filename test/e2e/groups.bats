# Groups as a whole: made, changed, taken back, removed, with a daemon and without.
bats_require_minimum_version 1.5.0
load limits-helpers

setup() {
	instance
}

teardown() {
	end_instances
	# What tests put there that is not reeve's.
	[ ! -d "$BATS_TEST_TMPDIR/full" ] || umount "$BATS_TEST_TMPDIR/full" 2>/dev/null || true
}

reload() {
	r reload
}

pids_max() { # GROUP
	value_of "$1" pids.max
}

# ---- the commands ----

# Everything that `reeve group` does, whoever answers.
all_commands() {
	local before
	need_controller pids
	r group create a --pids 20
	[ "$(pids_max a)" = 20 ]
	run ! r group create a
	[[ $output == *"already"*"reeve group set"* ]]
	r group create a/b
	[[ $(r group list) == *a/b* ]]

	r group set a --pids 30
	[ "$(pids_max a)" = 30 ]
	r group set a --cpu "0.5 cores"
	[ "$(pids_max a)" = 30 ]
	r group set a --pids max
	[ "$(pids_max a)" = max ]
	run ! r group set none --pids 3
	[[ $output == *none* ]]

	"$PROGRAMS/demo-cpu-hog" 60000 >/dev/null 3>&- &
	PID=$!
	[[ $(r group move a/b "$PID") == "1 of 1 moved" ]]
	[[ $(<"/proc/$PID/cgroup") == *"$NAME/a/b"* ]]
	[[ $(r group show a/b --json) == *"\"pids\": ["*"$PID"* ]]
	# Everywhere: none of the hierarchies of a/b has it elsewhere.
	while read -r place; do
		[[ " $(echo $(<"$place/cgroup.procs")) " == *" $PID "* ]]
	done < <(places a/b)

	run ! r group delete a
	[[ $output == *process* ]]
	[ -n "$(places a)" ]

	r group freeze a
	before=$(used_ns "$PID")
	nap 0.2
	[ "$(used_ns "$PID")" = "$before" ]
	r group thaw a
	wait_until "[ \$(used_ns $PID) -gt $before ]"

	r group move a "$PID"
	[[ $(<"/proc/$PID/cgroup") != *"$NAME/a/b"* ]]
	r group delete a/b
	[ -z "$(places a/b)" ]
	[[ $(<"/proc/$PID/cgroup") == *"$NAME/a"* ]]

	r group create a/c
	r group move a/c "$PID"
	r group delete a/c --evacuate
	[[ $(<"/proc/$PID/cgroup") == *"$NAME/a"* ]]
	alive "$PID"

	r group kill a
	wait_until "! alive $PID"
	r group delete a
	[ -z "$(places a)" ]
	run ! r group delete a
	[[ $output == *"no group"* ]]
	run ! r group move a 1
}

@test "create, set, move, freeze, thaw, kill, delete: without a daemon" {
	all_commands
}

@test "create, set, move, freeze, thaw, kill, delete: with a daemon" {
	start_daemon
	all_commands
}

@test "a move of a process that is gone, and of a kernel thread, is told" {
	r group create g --cpu 50%
	run ! r group move g 4194304
	[[ $output == *4194304* ]]
	run ! r group move g 2
	[[ $output == *"process 2 "* ]]
}

# bats test_tags=userland
@test "names that could become paths are refused" {
	local name long
	printf -v long '%256s' ''
	long=${long// /x}
	for name in ../x a/../b a//b /a a/ . .. cgroup.procs a/cgroup.kill "$(printf 'a\nb')" "$(printf 'a\001')" _ "$long"; do
		run ! r group create "$name"
		[ -n "$output" ]
	done
	[ -z "$(trees "$NAME")" ]
	policy <<<"  ../../x: {pids: 3}"
	run ! r group list
	[[ $output == *reeve.yaml:4* ]]
	# 255 bytes are one part; blanks and letters of all alphabets are names.
	policy <<<""
	r group create "${long:1}/${long:1}"
	r group create "größe 1"
}

# ---- exact and repeatable ----

@test "reload and restart end in what the file says, whatever was changed by hand" {
	need_controller pids
	need_controller memory
	policy <<<"  a: {pids: 50, ram: 64M, cpu: 50%}
  a/b: {pids: 20}"
	start_daemon
	[ "$(pids_max a) $(pids_max a/b)" = "50 20" ]
	echo 7 >"$(file_of a pids.max)"
	echo 7 >"$(file_of a/b pids.max)"
	echo $((128 << 20)) >"$(file_of a memory.max memory.limit_in_bytes)"
	[ "$(version_of memory)" != 2 ] || echo $((32 << 20)) >"$(file_of a memory.high)"
	reload
	[ "$(pids_max a) $(pids_max a/b)" = "50 20" ]
	[ "$(value_of a memory.max memory.limit_in_bytes)" = $((64 << 20)) ]
	[ "$(version_of memory)" != 2 ] || [ "$(value_of a memory.high)" = max ]

	# A command's change holds until then, too.
	r group set a --pids 60
	[ "$(pids_max a)" = 60 ]
	reload
	[ "$(pids_max a)" = 50 ]

	# A folder removed by hand is made again.
	find "$(places a/b | head -n 1)" -maxdepth 0 -exec rmdir {} \;
	reload
	[ "$(pids_max a/b)" = 20 ]
	[ "$(places a/b | wc -l)" -ge 1 ]

	stop_daemon
	echo 7 >"$(file_of a pids.max)"
	policy <<<"  a: {pids: 51, ram: 64M, cpu: 50%}
  a/b: {pids: 20}"
	start_daemon
	[ "$(pids_max a) $(pids_max a/b)" = "51 20" ]
}

# What $FILES hold, as far as the group has them.
read_files() { # VARIABLE
	local -n to=$1
	local file place
	while read -r place; do
		for file in $FILES; do
			[ ! -e "$place/$file" ] || to[$file]=$(<"$place/$file")
		done
	done < <(places g)
}

@test "a limit taken out of the file is the kernel's default again" {
	local -A before after
	local all file key
	need_controller memory
	all="cpu: 50%, cpu_burst: 5ms, cpu_weight: 300, cpus: '0', mems: '0', ram: 64M, swap: 8M, pids: 50, freeze: false"
	[ "$(version_of memory)" = 1 ] || all="$all, ram_high: 48M, ram_low: 8M, ram_min: 4M, oom: group"
	[ -z "$(version_of hugetlb)" ] || all="$all, hugetlb: {2MB: 8M}"
	# Every controller stays in use by another group, so that the files stay to be read.
	policy <<<"  g: {cpu_weight: 100, cpus: '0-1', ram: max, pids: max}"
	start_daemon
	FILES="cpu.max cpu.max.burst cpu.weight cpu.cfs_quota_us cpu.cfs_period_us cpu.cfs_burst_us cpu.shares cpuset.cpus
		cpuset.mems memory.max memory.high memory.low memory.min memory.swap.max memory.oom.group
		memory.limit_in_bytes memory.memsw.limit_in_bytes pids.max hugetlb.2MB.max hugetlb.2MB.limit_in_bytes"
	read_files before
	policy <<<"  g: {$all}"
	reload
	in_group g sleep 60
	read_files after
	for file in cpu.max cpu.cfs_quota_us cpu.weight cpu.shares memory.max memory.limit_in_bytes pids.max; do
		[ -z "${before[$file]:-}" ] || [ "${after[$file]}" != "${before[$file]}" ]
	done
	kill "$PID"
	ended
	policy <<<"  g: {cpu_weight: 100, cpus: '0-1', ram: max, pids: max}"
	reload
	read_files after
	for file in "${!before[@]}"; do
		echo "$file: ${before[$file]}, now ${after[$file]:-gone}"
		[ "${after[$file]:-${before[$file]}}" = "${before[$file]}" ]
	done
}

@test "ram lowered below what is in use: the old limit stays, the group is usable" {
	need_controller memory
	r group create g --ram 96M --swap 0
	in_group g "$PROGRAMS/demo-memory-hog" 48 /g 60
	wait_until "[[ \$(<'$OUT') == *48 ]]"
	run ! r group set g --ram 16M
	[[ $output == *"cannot be lowered"*stays* ]]
	[ "$(value_of g memory.max memory.limit_in_bytes)" = $((96 << 20)) ]
	[ "$(version_of memory)" != 2 ] || [ "$(value_of g memory.high)" = max ]
	alive "$PID"
	[ "$(key_of g oom_kill memory.events memory.oom_control)" = 0 ]
	kill "$PID"
	ended
	in_group g "$PROGRAMS/demo-memory-hog" 8
	ended
	[ "$STATUS" = 0 ]
	r group set g --ram 16M
	[ "$(value_of g memory.max memory.limit_in_bytes)" = $((16 << 20)) ]
}

@test "ram lowered below page cache: it is reclaimed" {
	need_controller memory
	local data=$BATS_TEST_TMPDIR/data used open
	if in_vm; then
		data=$REEVE_TEST_DISK
	else
		dd if=/dev/zero of="$data" bs=1M count=48 status=none
		sync "$data"
		# Cached already, by whoever wrote it: out with it, so that the group is charged.
		dd if="$data" iflag=nocache count=0 status=none
	fi
	# A disk's cache goes with the last who has it open.
	exec {open}<"$data"
	r group create g --ram 96M
	in_group g dd if="$data" of=/dev/null bs=1M status=none
	ended
	used=$(value_of g memory.current memory.usage_in_bytes)
	tell "page cache: $used bytes"
	[ "$used" -gt $((20 << 20)) ] || skip "needs a disk whose cache is charged"
	r group set g --ram 8M
	[ "$(value_of g memory.max memory.limit_in_bytes)" = $((8 << 20)) ]
}

# ---- nesting ----

@test "nested: a limit holds for all that is below; parent and child both have processes" {
	need_controller pids
	local parent
	policy <<<"  a: {pids: 5}
  a/b/c: {pids: 100}"
	start_daemon
	in_group a sleep 60
	parent=$PID
	in_group a/b/c "$PROGRAMS/demo-forker" 50
	ended
	tell "five tasks less one of the parent's and itself: $(<"$OUT")"
	[ "$(<"$OUT")" = "3 11" ]
	[ "$(pids_max a/b/c)" = 100 ]
	# The child group goes: the parent's own process stays where it was, and limits hold on.
	policy <<<"  a: {pids: 5}"
	reload
	[ -z "$(places a/b)" ]
	alive "$parent"
	[[ $(<"/proc/$parent/cgroup") == *"$NAME/a"* ]]
	in_group a "$PROGRAMS/demo-forker" 50
	ended
	[ "$(<"$OUT")" = "3 11" ]
}

@test "removed from the file: gone without processes; with them it stays until they end" {
	need_controller pids
	policy <<<"  empty: {pids: 5}
  busy: {pids: 5}"
	start_daemon
	in_group busy sleep 60
	policy <<<"  other: {pids: 5}"
	reload
	[ -z "$(places empty)" ]
	[ -n "$(places other)" ]
	[ -n "$(places busy)" ]
	alive "$PID"
	[[ $(r status --json) == *"busy is not wanted"* ]]
	kill "$PID"
	ended
	reload
	[ -z "$(places busy)" ]
}

# ---- what is not ours ----

@test "groups that somebody else made survive, inside ours and in our place" {
	need_controller pids
	local theirs ours
	# Where reeve would make it itself.
	r group create x --pids 10
	theirs=$(file_of x pids.max)
	theirs=${theirs%/x/pids.max}/theirs
	r group delete x
	mkdir "$theirs"
	r group create theirs --pids 10
	[ "$(<"$theirs/pids.max")" = 10 ]
	r group create ours
	ours=$(places ours)
	mkdir "$ours/foreign"
	run ! r group delete ours
	[[ $output == *"ours"* ]]
	r group delete theirs || true
	run r clean
	[[ $output == *ours* ]]
	[ -d "$ours/foreign" ]
	[ -d "$theirs" ]
	rmdir "$ours/foreign"
	run ! r clean
	[[ $output == *"$NAME"*"not ours"* ]]
	[ ! -d "$ours" ]
	[ -d "$theirs" ]
	rmdir "$theirs"
	r clean
	[ -z "$(trees "$NAME")" ]
}

# ---- the record ----

# bats test_tags=userland
@test "state.json is damaged: put aside, told, and nothing of the earlier run removed" {
	local text
	r group create old --pids 5
	for text in "" "{" "[]" "{\"version\": 1, \"boot_id\": 7}" "$(printf '\001\002')"; do
		echo "$text" >"$RUNTIME/state.json"
		r group list
		[ -e "$RUNTIME/state.json.bad" ]
		[ -n "$(places old)" ]
		rm "$RUNTIME/state.json.bad"
	done
	echo "{" >"$RUNTIME/state.json"
	start_daemon
	[[ $(r status) == *state.json* ]] || [[ $(<"$FOLDER/out") == *state.json* ]]
	[ -n "$(places old)" ]
	stop_daemon
	run ! r clean
	[[ $output == *"/$NAME stays, for no record"* ]]
	[ -n "$(places old)" ]
}

# bats test_tags=userland
@test "state.json of another boot is worth nothing" {
	r group create old --pids 5
	sed -i 's/"boot_id": "[^"]*"/"boot_id": "00000000-0000-4000-8000-000000000000"/' "$RUNTIME/state.json"
	r group create new
	[[ $(<"$RUNTIME/state.json") != *'/old"'* ]]
	run ! r clean
	[[ $output == *"/$NAME stays, for no record"* ]]
	[ -n "$(places old)" ]
	[ -z "$(places new)" ]
}

@test "the disk is full: nothing is made that could not be recorded" {
	mkdir "$BATS_TEST_TMPDIR/full"
	mount -t tmpfs -o size=24k,mode=755 none "$BATS_TEST_TMPDIR/full" || skip "needs to mount"
	RUNTIME=$BATS_TEST_TMPDIR/full
	dd if=/dev/zero of="$RUNTIME/fill" bs=4k count=20 status=none 2>/dev/null || true
	run ! r group create g --pids 5
	[[ $output == *state.json* || $output == *"No space"* ]]
	[ -z "$(places g)" ]
	rm "$RUNTIME/fill"
	r group create g --pids 5
	[ -n "$(places g)" ]
	r clean
}

# ---- a daemon that ends otherwise ----

@test "kill -9 of the daemon: processes stay in their groups, the next one takes them back" {
	need_controller pids
	local before
	policy <<<"  a: {pids: 50}
  gone: {pids: 50}"
	start_daemon
	r group create made --pids 9
	in_group a sleep 60
	before=$(stat -c %i "$(file_of a pids.max)")
	kill_daemon
	[[ $(<"/proc/$PID/cgroup") == *"$NAME/a"* ]]
	policy <<<"  a: {pids: 40}"
	start_daemon
	[ "$(stat -c %i "$(file_of a pids.max)")" = "$before" ]
	[ "$(pids_max a)" = 40 ]
	[ -z "$(places gone)" ]
	alive "$PID"
	[[ $(r group show a --json) == *"$PID"* ]]
	# And without a third: clean knows all that the first made.
	kill_daemon
	r clean
	[ -z "$(trees "$NAME")" ]
	alive "$PID"
}

@test "a restart leaves processes where they are" {
	policy <<<"  a: {pids: 50}"
	start_daemon
	in_group a sleep 60
	stop_daemon
	[[ $(<"/proc/$PID/cgroup") == *"$NAME/a"* ]]
	start_daemon
	[[ $(<"/proc/$PID/cgroup") == *"$NAME/a"* ]]
	[[ $(r group show a --json) == *"$PID"* ]]
}

@test "clean: everybody out, frozen ones too, and nothing left" {
	local frozen busy
	policy <<<"  a: {pids: 50, cpu: 50%}
  a/b: {ram: 64M}"
	start_daemon
	r group create a/b/c --cpus 0
	in_group a sleep 60
	busy=$PID
	in_group a/b/c "$PROGRAMS/demo-cpu-hog" 60000
	frozen=$PID
	r group freeze a/b
	run ! r clean
	[[ $output == *"daemon"*"running"* ]]
	[ -n "$(places a)" ]
	stop_daemon
	r clean
	[ -z "$(trees "$NAME")" ]
	[ ! -e "$RUNTIME/state.json" ]
	alive "$busy"
	[[ $(<"/proc/$busy/cgroup") != *"$NAME"* ]]
	[[ $(<"/proc/$frozen/cgroup") != *"$NAME"* ]]
	before=$(used_ns "$frozen")
	wait_until "[ \$(used_ns $frozen) -gt $before ]"
	[[ $(r clean) == "nothing to remove" ]]
	kill "$busy" "$frozen"
}

# bats test_tags=userland
@test "two instances with different names live side by side, of one name only one" {
	need_controller pids
	local first=$NAME first_policy=$POLICY
	policy <<<"  a: {pids: 50}"
	start_daemon
	instance -other
	policy <<<"  a: {pids: 60}"
	start_daemon
	[ "$(pids_max a)" = 60 ]
	r group create b
	stop_daemon
	r clean
	[ -z "$(trees "$NAME")" ]
	# The same name from another folder is refused, and takes nothing along.
	sed -i "s/^name: .*/name: $first/" "$POLICY"
	run ! timeout 20 reeved --config "$POLICY" --runtime-dir "$RUNTIME"
	[[ $output == *"$first"*running* ]]
	sed -i "s/^name: .*/name: $NAME/" "$POLICY"
	instance
	[ "$NAME" = "$first" ]
	[ "$(pids_max a)" = 50 ]
	[[ $(r status) == *"$first"* ]]
}

# ---- reeve run ----

@test "run: exit codes are the program's, or say whose fault it was" {
	local code
	r group create g --pids 50
	for code in 0 1 77 255; do
		run r run -g g -- sh -c "exit $code"
		[ "$status" -eq $code ]
	done
	run r run -g g -- sh -c 'kill -TERM $$'
	[ "$status" -eq $((128 + 15)) ]
	run r run -g g -- sh -c 'kill -KILL $$'
	[ "$status" -eq $((128 + 9)) ]
	run -127 r run -g g -- /no/such/program
	run -127 r run -g g -- reeve-no-such-program
	run r run -g g -- /etc/passwd
	[ "$status" -eq 126 ]
	run r run -g nowhere -- true
	[ "$status" -eq 125 ]
	[[ $output == *nowhere* ]]
	run r run --ram nonsense -- true
	[ "$status" -eq 125 ] || [ "$status" -eq 2 ]
	run r run -- true
	[ "$status" -eq 2 ]
}

@test "run -g: in its group, in every hierarchy, at the first instruction" {
	r group create g --pids 50 --ram 64M --cpu 50%
	local count
	count=$(places g | wc -l)
	r run -g g -- "$PROGRAMS/demo-first" /g "$count"
	# Below a group with children, too, and with a daemon.
	policy <<<"  a: {pids: 50}
  a/b: {pids: 20}"
	start_daemon
	r run -g a/b -- "$PROGRAMS/demo-first" /a/b 1
	r run -g a -- sh -c "grep -q '$NAME/a' /proc/self/cgroup || { cat /proc/self/cgroup; exit 1; }"
}

@test "run with limits: its own group, gone afterwards" {
	need_controller memory
	local count=2
	[ -n "$(v2_mount)" ] && [ "$(version_of memory)" = 1 ] || count=1
	r run --ram 32M --swap 0 --name own -- "$PROGRAMS/demo-first" /own "$count"
	[ -z "$(places own)" ]
	run r run --ram 32M --swap 0 -- "$PROGRAMS/demo-memory-hog" 100
	[ "$status" -eq 137 ]
	[[ $output == *"memory"*"limit"* ]]
	run r run --pids 5 -- "$PROGRAMS/demo-forker" 20
	[ "$status" -eq 0 ]
	[[ $output == "4 11" ]]
	[[ $(r group list) == *"no groups"* ]]
	# A limit that cannot be set: not started.
	run r run --raw memory.no_such_file=1 -- touch "$FOLDER/started"
	[ "$status" -eq 125 ]
	[ ! -e "$FOLDER/started" ]
	[[ $(r group list) == *"no groups"* ]]
}

@test "run with limits: children that outlive the program keep the group, and it is told" {
	run r run --pids 20 --name left -- sh -c 'sleep 30 >/dev/null 2>&1 3>&- & exit 3'
	[ "$status" -eq 3 ]
	[[ $output == *left*stays* ]]
	[ -n "$(places left)" ]
	r group kill left
	r group delete left
	[ -z "$(places left)" ]
}

@test "run: many at once in one group with a task limit" {
	need_controller pids
	local i code=0
	local -a jobs=()
	r group create g --pids 60
	for i in 1 2 3 4 5 6; do
		r run -g g -- "$PROGRAMS/demo-first" /g 1 &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i" || code=$?
	done
	[ $code = 0 ]
}
