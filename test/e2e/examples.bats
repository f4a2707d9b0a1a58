#!/usr/bin/env bats
# Every policy of data/examples is in force in a daemon, and its own tests hold.
# bats file_tags=userland

load helpers

setup() {
	e2e_setup
}

teardown() {
	e2e_teardown
}

# The example under the name of this test's instance. Nothing of the machine is touched by a dry run.
run_example() { # NAME
	local example=$BATS_TEST_DIRNAME/../../data/examples/$1.yaml
	reeve rules test "$example"
	grep -v '^name:' "$example" | policy
	start --dry-run
	[ "$(reeve status --runtime-dir "$RUN" --json | grep -c '"dry_run": true')" -ge 1 ]
	/bin/true
	stop
}

@test "examples: a build that does not freeze the desktop, a browser, a backup" {
	for name in build browser backup; do run_example $name; done
}

@test "examples: a fork bomb, who writes to passwd, who reads a file, mail of sudo" {
	for name in fork-bomb passwd who-reads sudo-mail; do run_example $name; done
}

# bats test_tags=userland
@test "examples: training, container host, laptop" {
	for name in training container-host laptop; do run_example $name; done
}

# As its first lines have udev do it, for the machine is on battery or not when the daemon cannot know.
# bats test_tags=userland
@test "examples: the laptop's rules come when there is no current, and go when there is" {
	mkdir -p conf.d
	probe a
	sed "s,/usr/bin/make,$WORK/a,g" "$BATS_TEST_DIRNAME/../../data/examples/laptop.yaml" >battery.yaml
	printf 'name: %s\nrules: {}\n' "$NAME" >reeve.yaml
	POLICY=$WORK
	start
	expect - ./a
	ln -sf "$WORK/battery.yaml" conf.d/battery.yaml
	reload
	expect battery/work ./a
	rm -f conf.d/battery.yaml
	reload
	expect - ./a
}
