#!/usr/bin/env bats
# Scopes that libcgroup's commands ask systemd for, in a virtual machine only: units are made.

load helpers
load cgtools-helpers

setup() {
	[ -d /run/systemd/system ] || skip "needs systemd as process 1"
	[ -n "${REEVE_TEST_VM:-}" ] || skip "needs a virtual machine: units are made"
	e2e_setup
	cg_setup
	SLICE=reevetest$BATS_TEST_NUMBER-a.slice
	SCOPE=one.scope
	PLACE=reevetest$BATS_TEST_NUMBER.slice/$SLICE/$SCOPE
}

teardown() {
	[ -d /run/systemd/system ] && [ -n "${REEVE_TEST_VM:-}" ] || return 0
	systemctl kill --signal=KILL "$SCOPE" 2>/dev/null || true
	eventually gone
	rm -f /run/libcgroup/systemd
	e2e_teardown
}

gone() {
	! systemctl is-active "$SCOPE"
}

@test "cgcreate -c: a scope with a process that keeps it alive; cgexec -r takes its place" {
	says 0 "" "" cgcreate -c -g "$C:$SLICE/$SCOPE"
	[ "$(systemctl show -P Delegate "$SCOPE")" = yes ]
	[ "$(systemctl show -P ControlGroup "$SCOPE")" = "/$PLACE" ]
	[ "$(cat "/proc/$(head -1 "$TOP/$PLACE/cgroup.procs")/comm")" = libcgroup_syste ]
	says 99 "" "there is a scope $SCOPE already" cgcreate -c -g "$C:$SLICE/$SCOPE"
	background cgexec -r -g "$C:$PLACE" sleep 60
	eventually sleeps_alone
	[ ! -e /run/libcgroup/systemd ]
}

sleeps_alone() {
	[ "$(wc -l <"$TOP/$PLACE/cgroup.procs")" = 1 ] &&
		[ "$(cat "/proc/$(<"$TOP/$PLACE/cgroup.procs")/comm")" = sleep ]
}

@test "cgcreate -c -p -S: a process of one's own; all commands then work below the scope" {
	background sleep 60
	says 0 "" "" cgcreate -c -p "$!" -S -g "$C:$SLICE/$SCOPE"
	grep -qx "$!" "$TOP/$PLACE/cgroup.procs"
	[ "$(</run/libcgroup/systemd)" = "$PLACE" ]
	says 0 "" "" cgcreate -g ":sub"
	[ -d "$TOP/$PLACE/sub" ]
	says 0 "" "" cgdelete ":sub"
	says 0 "" "" cgcreate -b -g "$C:$NAME"
	[ -d "$TOP/$NAME" ]
	says 0 "" "" cgdelete "$C:/$NAME"
}

@test "cgconfigparser: the systemd section, and the scope goes when the file fails" {
	cat >"$WORK/scope.conf" <<-END
		systemd { slice = $SLICE; scope = $SCOPE; setdefault = yes; }
		group nosuch { nosuch { } }
	END
	says 84 "" "no mounted hierarchy has \"nosuch\"" cgconfigparser -l "$WORK/scope.conf"
	eventually gone
	[ ! -e /run/libcgroup/systemd ]
	sed -i 2d "$WORK/scope.conf"
	says 0 "" "" cgconfigparser -l "$WORK/scope.conf"
	[ "$(systemctl show -P ControlGroup "$SCOPE")" = "/$PLACE" ]
}
