#!/usr/bin/env bats
# Network and FUSE file systems: watched where a rule reaches, and never in the user's way.

load helpers

setup() {
	e2e_setup
	unwatched
	[ -c /dev/fuse ] || modprobe fuse 2>/dev/null || true
	[ -c /dev/fuse ] || skip "needs /dev/fuse"
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	probe a
	mkdir mnt
}

teardown() {
	e2e_teardown
}

# Mounts a file system with ./a in it at ./mnt.
fuse() { # UID OPTIONS
	background "$BUILD/test/programs/e2e-fuse" "$WORK/mnt" "$1" "$2" "$WORK/opens" "$WORK/a"
	eventually grep -q " $WORK/mnt fuse" /proc/self/mounts
	# The daemon has looked at its mounts again.
	sleep 0.2
}

AS_USER=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# How often the file was opened by root, which is how the gate takes an event.
by_gate() {
	grep -c "^open 0" opens || true
}

# Whether the file system is marked, by the line of `reeve status`.
remote_marked() { # COUNT
	reeve status --runtime-dir "$RUN" | grep -q "and $1 remote file systems"
}

# Who else of root's looks into it, as a daemon of another test, counts too.
# bats test_tags=alone
@test "a user's own file system, which root may not look into, is not in his way" {
	policy <<-EOF
		rules:
		  all: {paths: ["$WORK/mnt/"], action: execute, group: ga}
		  a:   {paths: ["$WORK/mnt/a"], action: execute, group: ga}
		  r:   {paths: ["$WORK/mnt/"], action: read, group: ga}
		$(groups_section ga)
	EOF
	fuse 65534 ""
	start
	expect - "${AS_USER[@]}" mnt/a
	expect - "${AS_USER[@]}" mnt/a
	umount mnt
	fuse 65534 ",allow_other"
	expect - "${AS_USER[@]}" mnt/a
	remote_marked 0
	[ "$(by_gate)" = 0 ]
	[ "$(counter gate.read_errors)" = 0 ]
}

@test "a file system that no rule reaches is not asked about" {
	rules "$WORK/a=ga"
	fuse 0 ",allow_other"
	start
	remote_marked 0
	expect - "${AS_USER[@]}" mnt/a
	[ "$(by_gate)" = 0 ]
}

@test "by exact name, by folder and by pattern; and until a reload takes the rule away" {
	local path
	for path in mnt/a mnt/ 'mnt/?'; do
		policy <<-EOF
			rules:
			  a: {paths: ["$WORK/$path"], action: execute, group: ga}
			$(groups_section ga)
		EOF
		[ -n "$DAEMON" ] && reload || {
			start
			fuse 0 ",allow_other"
		}
		eventually remote_marked 1
		expect ga "${AS_USER[@]}" mnt/a
	done
	rules "$WORK/a=ga"
	reload
	remote_marked 0
	expect - "${AS_USER[@]}" mnt/a
	expect ga ./a
}

@test "a server that does not let root open what the user may: told, and let go" {
	policy <<-EOF
		rules:
		  all: {paths: ["$WORK/mnt/"], action: execute, group: ga}
		  a:   {paths: ["$WORK/a"], action: execute, group: gb}
		$(groups_section ga gb)
	EOF
	start
	fuse 0 ",allow_other"
	expect ga "${AS_USER[@]}" mnt/a
	touch opens.refuse
	# The kernel refuses this one, whatever the gate does.
	"${AS_USER[@]}" mnt/a || true
	eventually remote_marked 0
	expect - "${AS_USER[@]}" mnt/a
	expect - "${AS_USER[@]}" mnt/a
	[ "$(counter gate.open_refused)" = 1 ]
	log_has "could not open a file below $WORK/mnt"
	reeve status --runtime-dir "$RUN" | grep "$WORK/mnt is not watched until the next reload"
	# Other mounts do not bring it back; a reload does.
	mkdir other
	mount -t tmpfs none other
	sleep 0.2
	expect - "${AS_USER[@]}" mnt/a
	rm opens.refuse
	reload
	remote_marked 1
	expect ga "${AS_USER[@]}" mnt/a
	expect gb ./a
}

@test "the same for a rule on reading" {
	policy <<-EOF
		rules:
		  r: {paths: ["$WORK/mnt/"], action: read, group: ga}
		$(groups_section ga)
	EOF
	fuse 0 ",allow_other"
	start
	expect ok "${AS_USER[@]}" ./a open r mnt/a
	[ "$(counter keeper.matched)" = 1 ]
	touch opens.refuse
	"${AS_USER[@]}" ./a open r mnt/a || true
	eventually log_has "could not open a file below $WORK/mnt"
	expect ok "${AS_USER[@]}" ./a open r mnt/a
	[ "$(counter keeper.matched)" = 1 ]
	rm opens.refuse
	reload
	expect ok "${AS_USER[@]}" ./a open r mnt/a
	[ "$(counter keeper.matched)" = 2 ]
}
