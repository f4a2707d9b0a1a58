# On a host that systemd runs, in a virtual machine only: a unit of systemd is made and removed.
bats_require_minimum_version 1.5.0
load limits-helpers

setup() {
	[ -d /run/systemd/system ] || skip "needs systemd as process 1"
	in_vm || skip "needs a virtual machine: units are made"
	instance
	UNIT=reeved.service
}

teardown() {
	[ -d /run/systemd/system ] && in_vm || return 0
	systemctl kill --kill-who=all --signal=KILL "$UNIT" by-hand.service 2>/dev/null || true
	rm -f /run/systemd/system/reeved*.service
	end_instances
}

# The units that are installed, but for where things are.
install_unit() {
	sed "s,^ExecStart=.*,ExecStart=$TREE/data/prepare-unit," "${REEVE_BUILD:-$TREE/build}/data/reeved-prepare.service" \
		>/run/systemd/system/reeved-prepare.service
	sed -e "s,^ExecStart=.*,ExecStart=$TREE/bin/reeved --config $POLICY --runtime-dir $RUNTIME," \
		-e "s,^ExecReload=.*,ExecReload=$TREE/bin/reeve reload --runtime-dir $RUNTIME," \
		-e '/^Condition/d; /^RuntimeDirectory/d' \
		"${REEVE_BUILD:-$TREE/build}/data/reeved.service" >"/run/systemd/system/$UNIT"
	systemctl daemon-reload
}

# Every folder of our name, in any hierarchy.
all_folders() {
	local point
	for point in "${HIERARCHIES[@]}"; do
		find "$point" -type d -name "$NAME"
	done | sort
}

@test "the service: ready when systemctl start returns, groups below its own unit and nowhere else" {
	need_controller pids
	policy <<<"  g: {pids: 50}
  g/h: {pids: 20}"
	install_unit
	systemctl start "$UNIT"
	[ -S "$RUNTIME/reeve.sock" ]
	[[ $(r status) == *"$NAME"* ]]
	[ "$(value_of g pids.max)" = 50 ]
	all_folders
	local folder
	while read -r folder; do
		[[ $folder == */system.slice/$UNIT/$NAME ]] || [[ $folder != */unified/* && $folder != /sys/fs/cgroup/$NAME ]]
	done < <(all_folders)
	[[ $(all_folders) == *"/system.slice/$UNIT/$NAME"* ]]

	[[ $(systemctl status "$UNIT") == *"active (running)"*"Status:"*"groups"* ]]

	# In it, a program is held.
	r run -g g/h -- "$PROGRAMS/demo-first" /g/h 1
	in_group g/h "$PROGRAMS/demo-forker" 40
	ended
	[ "$(<"$OUT")" = "19 11" ]

	# A reload that is good, and one that is not.
	policy <<<"  g: {pids: 60}"
	systemctl reload "$UNIT"
	[ "$(value_of g pids.max)" = 60 ]
	echo "nonsense: 1" >>"$POLICY"
	run ! systemctl reload "$UNIT"
	systemctl is-active "$UNIT"
	[ "$(value_of g pids.max)" = 60 ]

	# What runs in the groups is not the daemon's to end.
	policy <<<"  g: {pids: 60}"
	in_group g sleep 100
	systemctl restart "$UNIT" || { journalctl -n 40 --no-pager; false; }
	alive "$PID"
	[[ $(<"/proc/$PID/cgroup") == *"$UNIT/$NAME/g"* ]]
	systemctl stop "$UNIT"
	[ "$(systemctl is-active "$UNIT")" != active ]
	alive "$PID"
	kill "$PID"
}

@test "the service: executed anew, the unit's main process is the same, and so are the groups" {
	local main before folders
	need_controller pids
	policy <<<"  g: {pids: 50}"
	install_unit
	systemctl start "$UNIT"
	main=$(systemctl show -p MainPID --value "$UNIT")
	before=$(r status --json | sed -n 's/^  "pid": \([0-9]*\).*/\1/p')
	folders=$(all_folders)
	in_group g sleep 100
	policy <<<"  g: {pids: 60}"
	r reload --exec
	[ "$(systemctl show -p MainPID --value "$UNIT")" = "$main" ]
	systemctl is-active "$UNIT"
	wait_until "! kill -0 $before"
	[ "$(all_folders)" = "$folders" ]
	[ "$(value_of g pids.max)" = 60 ]
	[[ $(<"/proc/$PID/cgroup") == *"$UNIT/$NAME/g"* ]]
	# It answers systemd, which may reload it and stop it.
	systemctl reload "$UNIT"
	systemctl stop "$UNIT"
	[ "$(systemctl is-active "$UNIT")" != active ]
	kill "$PID"
}

@test "the service: ram is measured, the OOM kill does not end the unit" {
	need_controller memory
	policy <<<"  g: {ram: 32M, swap: 0}"
	install_unit
	systemctl start "$UNIT"
	in_group g "$PROGRAMS/demo-memory-hog" 100
	ended
	cat "$OUT" "$OUT.err"
	echo "status $STATUS"
	[ "$STATUS" -eq 137 ]
	nap 0.5
	systemctl is-active "$UNIT"
	[ "$(key_of g oom_kill memory.events memory.oom_control)" -ge 1 ]
}

@test "started by hand, outside a delegated unit: groups are in a scope of reeve's own" {
	need_controller pids
	policy <<<"  g: {pids: 50}"
	systemd-run --quiet --unit=by-hand.service --service-type=exec \
		"$TREE/bin/reeved" --config "$POLICY" --runtime-dir "$RUNTIME"
	wait_until "r status"
	all_folders
	[[ $(all_folders) == *"/reeve-"*".scope/$NAME"* ]]
	[ "$(find /sys/fs/cgroup -name "g" -path "*.scope/$NAME/g" | head -n 1 | wc -l)" = 1 ]
	[[ $(all_folders) != *"by-hand.service/$NAME"* ]]
	r run -g g -- "$PROGRAMS/demo-first" /g 1
	systemctl stop by-hand.service
}

@test "a command without a daemon works in the unit that it is started in" {
	need_controller pids
	r run --pids 5 -- "$PROGRAMS/demo-first" /none 0
	run r run --pids 5 -- "$PROGRAMS/demo-forker" 20
	[ "$output" = "4 11" ]
	r group create g --pids 7
	[ "$(value_of g pids.max)" = 7 ]
	[[ $(all_folders) == *.service/"$NAME"* ]]
	r clean
	[ -z "$(all_folders)" ]
}

@test "check and doctor say where groups will be" {
	policy <<<"  g: {pids: 50}"
	run systemd-run --quiet --wait --pipe "$TREE/bin/reeve" check "$POLICY"
	[[ $output == *systemd* ]]
	run reeve doctor
	[[ $output == *systemd* ]]
}
