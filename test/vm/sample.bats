# What test/vm/cases has to make of cases as bats does: cases-test runs this by both.
bats_require_minimum_version 1.5.0

setup() {
	[ "$BATS_TEST_NUMBER" != 12 ]
}

teardown() {
	[ "$BATS_TEST_NUMBER" != 13 ]
}

in_helper() {
	false
	true
}

@test "passes" {
	[ -d "$BATS_TEST_TMPDIR" ]
	[ "$BATS_TEST_NUMBER $BATS_TEST_DESCRIPTION" = "1 passes" ]
}

@test "fails in the middle" {
	false
	true
}

@test "fails in a function" {
	in_helper
	true
}

@test "fails in a subshell" {
	(false)
	true
}

@test "fails in a pipe's end" {
	true | false
	true
}

@test "is skipped" {
	skip "it needs luck"
}

@test "run passes" {
	run sh -c 'echo a; echo; echo b >&2; exit 3'
	[ "$status" = 3 ]
	[ "$output" = $'a\n\nb' ]
	[ "${#lines[@]} ${lines[1]}" = "2 b" ]
	run ! false
	run -3 sh -c 'exit 3'
}

@test "run finds a success that must not be" {
	run ! true
	true
}

@test "run finds another exit code" {
	run -3 sh -c 'exit 4'
	true
}

@test "ends with an exit code" {
	exit 3
}

@test "ends with success before its end" {
	exit 0
}

@test "is not set up" {
	true
}

@test "is not torn down" {
	true
}

@test "fails in an assignment" {
	word=$(false)
	true
}

@test "fails in a condition of brackets" {
	[[ $unset == some ]]
	true
}

@test "does not fail in a condition" {
	if false; then true; fi
	! false
	false || true
}
