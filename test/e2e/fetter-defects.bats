#!/usr/bin/env bats
# Defects of fetter that no other test is about (docs/fetter.md has the whole list, with their tests).
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# Defect 5: only the first word of such a path was watched, and such a rule did nothing.
@test "fetter-defects: blanks and commas in the names of rules, groups and paths" {
	probe 'my program, the one'
	probe my
	policy <<-END
		rules:
		  "my rule, the first": {on: execute, paths: ["$WORK/my program, the one"], group: held}
		groups: {held: {pids: 50}}
	END
	start
	expect held './my program, the one'
	expect - ./my
	eventually bash -c "reeve log --runtime-dir '$RUN' --rule 'my rule, the first' | grep -q moved"
}

# Defect 9: a process from before audit was switched on was never seen.
@test "fetter-defects: a process that was there before the daemon, and executes" {
	probe a
	mkfifo go
	background sh -c "read -r line <go; exec ./a hold 60000 '$WORK/there'"
	local pid=$!
	rules "$WORK/a=held"
	start
	echo >go
	eventually test -e there
	is_in "$pid" held
}

# Defect 12: it ran for milliseconds before it stood, and the daemon could hang on the way.
@test "fetter-defects: what is placed into a frozen group does not run, and can be killed" {
	probe a
	policy <<-END
		rules: {in: {on: execute, paths: ["$WORK/a"], group: ice}}
		groups: {ice: {freeze: true}}
	END
	start
	background ./a hold 60000 "$WORK/there"
	local pid=$!
	eventually is_in "$pid" ice
	timeout 20 reeve status --runtime-dir "$RUN" >/dev/null
	nap 0.3
	[ ! -e there ]
	timeout 30 reeve group kill --runtime-dir "$RUN" ice
	wait_gone "$pid"
	[ ! -e there ]
}


# Defect 17: it was moved in all hierarchies, out of its session and its container's `devices`.
@test "fetter-defects: hierarchies that a group's limits do not need are left alone" {
	probe a b
	rules "$WORK/a=held"
	start
	background ./a hold 60000 "$WORK/there"
	eventually test -e there
	is_in "$!" held
	local in_group=$! name
	background ./b hold 60000 "$WORK/there-too"
	eventually test -e there-too
	while IFS=: read -r _ name _; do
		case $name in
		"" | pids | freezer | cpuacct | cpu,cpuacct) continue ;;
		esac
		[ "$(grep ":$name:" "/proc/$in_group/cgroup")" = "$(grep ":$name:" "/proc/$!/cgroup")" ]
	done <"/proc/$in_group/cgroup"
	! grep ':name=systemd:\|:devices:' "/proc/$in_group/cgroup" | grep "/$NAME/"
}

# Defect 29: the console had everything at debug level, in colours, whatever the file said.
@test "fetter-defects: what is logged is what the level says, without colours" {
	probe a
	{
		echo "logging: {level: error}"
		echo "rules: {a: {on: execute, paths: [$WORK/a], group: held}}"
		groups_section held
	} | policy
	start
	expect held ./a
	[ ! -s log ]
	sed -i 's/level: error/level: debug/' policy.yaml
	reload
	expect held ./a
	eventually log_has 'goes into group "held"'
	! grep -q $'\033' log
}
