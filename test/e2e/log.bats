#!/usr/bin/env bats
# The record of decisions: in its file, asked for, and followed.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
	cp /bin/cat a
	cp /bin/cat b
	policy <<-END
		decisions: {file: "$WORK/record", size: 64K}
		rules:
		  one: {on: execute, paths: ["$WORK/a"], nice: 3}
		  two: {on: execute, paths: ["$WORK/b"], deny: true}
	END
	start
}

teardown() {
	e2e_teardown
}

@test "log: by rule, and what was refused" {
	./a /dev/null
	run ./b
	eventually counter_is record.written 2
	[ "$(reeve log --runtime-dir "$RUN" | wc -l)" = 2 ]
	[ "$(reeve log --runtime-dir "$RUN" --rule one | wc -l)" = 1 ]
	reeve log --runtime-dir "$RUN" --denied --json | grep -q '"rule":"two"'
	[ "$(stat -c %a record)" = 600 ]
}

@test "log: it outlives the daemon, and stays within its bound" {
	for i in $(seq 400); do ./a /dev/null; done
	eventually counter_is record.written 400
	[ "$(($(stat -c %s record) + $(stat -c %s record.1)))" -le 65536 ]
	stop
	start
	[ "$(reeve log --runtime-dir "$RUN" | wc -l)" -gt 90 ]
}

@test "log: what is followed begins where the list ends" {
	./a /dev/null
	eventually counter_is record.written 1
	reeve log --runtime-dir "$RUN" --follow -n 10 >followed 3>&- &
	follower=$!
	eventually lines 1 followed
	./a /dev/null
	eventually lines 2 followed
	kill "$follower"
}

@test "log: status counts each rule" {
	for i in 1 2 3; do ./a /dev/null; done
	run ./b
	eventually counter_is engine.decisions 4
	reeve status --runtime-dir "$RUN" | grep -Eq '^ +one +3 +3 +0'
	reeve status --runtime-dir "$RUN" | grep -Eq '^ +two +1 +1 +0'
}
