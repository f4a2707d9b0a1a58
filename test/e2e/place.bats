#!/usr/bin/env bats
# Rules that place processes into groups which are not reeve's.

load helpers
load raw-groups

setup() {
	raw_setup
	cp /bin/cat a
	cp /bin/sleep b
}

teardown() {
	raw_teardown
}

@test "place: a process is there at its first instruction, and stays when the daemon goes" {
	raw_group cpu x/y
	raw_group pids z
	policy <<-END
		rules:
		  r: {on: execute, paths: ["$WORK/a", "$WORK/b"], place: ["cpu:$RAW/x/y", "pids:/$RAW/z"]}
	END
	start
	./a /proc/self/cgroup >seen
	[ "$(grep -c "/$RAW/" seen)" -ge 1 ]
	[ -z "$(v1_of cpu)" ] || grep -q "cpu.*:/$RAW/x/y$" seen
	background ./b 60
	eventually is_at "$!" cpu x/y
	reeve log --runtime-dir "$RUN" | grep -q "$RAW/x/y"
	stop
	is_at "$!" cpu x/y
	[ -d "$(mounted cpu)/$RAW/x/y" ]
}

@test "place: a group that is not there is told, and taken when it has been made" {
	policy <<-END
		rules:
		  r: {on: execute, paths: ["$WORK/a"], place: "cpu:$RAW/late"}
	END
	start
	./a /dev/null
	eventually log_has "cannot move process .* into group \"cpu:/$RAW/late\".*No such file"
	raw_group cpu late
	./a /proc/self/cgroup | grep -q "/$RAW/late$"
	rmdir "$(mounted cpu)/$RAW/late"
	raw_group cpu late
	./a /proc/self/cgroup | grep -q "/$RAW/late$"
}

@test "place: fields make a group each, also in one that is there" {
	raw_group cpu users
	policy <<-END
		rules:
		  r: {on: execute, paths: ["$WORK/a"], place: "cpu:$RAW/users/%u/%n"}
	END
	start
	./a /proc/self/cgroup | grep -q "/$RAW/users/root/a$"
	[ -d "$(mounted cpu)/$RAW/users/root/a" ]
}

@test "place: an execution that fails moves nobody for good" {
	raw_group cpu x
	cat >fails <<-END
		#!$WORK/no-such-interpreter
	END
	chmod +x fails
	cp /bin/bash shell
	policy <<-END
		rules:
		  r: {on: execute, paths: ["$WORK/fails"], place: "cpu:$RAW/x"}
	END
	start
	# The process that executes goes on by itself.
	background ./shell -c 'shopt -s execfail; exec ./fails; while :; do read -r -t 0.1 _ <> <(:); done'
	eventually counter_is engine.put_back 1
	is_at "$!" cpu -
}

@test "place: a controller that is not mounted keeps nobody from the others" {
	raw_group cpu x
	policy <<-END
		rules:
		  r: {on: execute, paths: ["$WORK/a"], place: "cpu,nosuch:$RAW/x"}
	END
	start
	log_has 'of the controllers "cpu,nosuch" not all are mounted'
	./a /proc/self/cgroup | grep -q "/$RAW/x$"
}
