#!/usr/bin/env bats
# The command line itself: usage, help, check, doctor, version. What needs a daemon, or changes
# groups, is in other files.

setup() {
	tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	PATH=$tree/bin:$PATH
	folder=$BATS_TEST_TMPDIR
	# Where no daemon is, whatever else runs on this machine.
	none=$folder/none
	unset NO_COLOR
}

# Every command's name, one a line, as help lists them.
commands() {
	reeve --help | awk '/^commands:/ { on = 1; next } !/^  / { on = 0 }
		on { match($0, /^  [a-z]+( [a-z]+)?/); print substr($0, 3, RLENGTH - 2) }'
}

# Runs reeve with its two outputs apart: $output, $errors, $status.
reeve_apart() {
	status=0
	output=$(reeve "$@" 2>"$folder/errors") || status=$?
	errors=$(cat "$folder/errors")
}

assert_json() {
	python3 -c 'import json, sys; json.loads(sys.argv[1])' "$output"
}

# A member of the JSON in $output, as Python writes it: json_get '["diagnostics"][0]["line"]'
json_get() {
	python3 -c "import json, sys; print(json.loads(sys.argv[1])$1)" "$output"
}

# Runs a copy of reeve without any privilege, in a folder where good.yaml is, if it was made.
as_nobody() {
	local place program

	[ "$(id -u)" -eq 0 ] || skip "needs root, to stop being it"
	program=$(readlink -f "$tree/bin/reeve")
	place=$(mktemp -d /tmp/reeve-test-XXXXXX)
	chmod 755 "$place"
	cp "${program%/*}/reeve" "${program%/*}/reeve-commands" "$place"
	[ ! -e "$folder/good.yaml" ] || cp "$folder/good.yaml" "$place"
	cd "$place" || return
	run setpriv --reuid=65534 --regid=65534 --clear-groups ./reeve "$@"
	cd /
	rm -r "$place"
}

good_policy() {
	cat >"$folder/good.yaml" <<-END
		name: reeve-test-$$
		rules:
		  compilers:
		    paths: [/usr/bin/cc]
		    action: execute
		    group: build
		groups:
		  build:
		    cpu: 50%
		    ram: 2G
	END
}

bad_policy() {
	cat >"$folder/bad.yaml" <<-END
		rules:
		  compilers:
		    paths: [/usr/bin/cc]
		    action: exceute
		    group: bulid
		groups:
		  build:
		    ram: -1
	END
}

# bats file_tags=userland

@test "no command: usage on standard error, exit 2" {
	reeve_apart
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $errors == "usage: reeve "* ]]
}

@test "--help lists every command; the table has them all" {
	run reeve --help
	[ "$status" -eq 0 ]
	for name in check clean doctor events "group create" "group delete" "group freeze" \
		"group kill" "group list" "group move" "group set" "group show" "group thaw" help \
		mount reload run scan status version; do
		commands | grep -qx "$name"
	done
}

@test "--help of every command: exit 0, usage, the options of all" {
	while read -r -a words; do
		for dashes in --help -h; do
			reeve_apart "${words[@]}" "$dashes"
			[ "$status" -eq 0 ]
			[ -z "$errors" ]
			[[ $output == "usage: reeve ${words[*]}"* ]]
			[[ $output == *"--json"*"--runtime-dir DIR"* ]]
		done
		run reeve help "${words[@]}"
		[ "$status" -eq 0 ]
		[[ $output == "usage: reeve ${words[*]}"* ]]
	done < <(commands)
}

@test "an unknown option of every command: exit 2, one line and the usage" {
	while read -r -a words; do
		reeve_apart "${words[@]}" --jsno
		[ "$status" -eq 2 ]
		[ -z "$output" ]
		[[ $errors == "reeve: ${words[*]}: unknown option --jsno (did you mean --json?)"* ]]
	done < <(commands)
}

@test "unknown commands are named with a suggestion" {
	reeve_apart stauts
	[ "$status" -eq 2 ]
	[[ $errors == 'reeve: unknown command "stauts" (did you mean "status"?)'* ]]
	reeve_apart group frezee x
	[ "$status" -eq 2 ]
	[[ $errors == *'(did you mean "group freeze"?)'* ]]
	reeve_apart group
	[ "$status" -eq 2 ]
	[[ $errors == *"which one of these?"*"group thaw"* ]]
}

@test "version" {
	run reeve --version
	[ "$status" -eq 0 ]
	[[ $output == "reeve "[0-9]* ]]
	reeve_apart version --json
	[ "$status" -eq 0 ]
	[[ $(reeve version) == "reeve $(json_get '["version"]')" ]]
}

@test "the manual page has the reference that the program prints" {
	diff <(sed -n '/^; begin of reference/,/^; end of reference/p' "$tree/man/reeve.1.scd" |
		sed '1d;$d' | cat -s) <(echo; reeve help --scdoc | cat -s)
}

# The sequences that begin a colour, of a command whose output has some.
colours() { # TERMINAL|PIPE [OPTION...]
	local where=$1
	shift
	if [ "$where" = TERMINAL ]; then
		python3 "$tree/test/e2e/terminal.py" reeve rules list "$@" "$folder/good.yaml" <<<"< what it does"
	else
		reeve rules list "$@" "$folder/good.yaml"
	fi | grep -c $'\033\\['
}

@test "colour: on a terminal, without NO_COLOR, or as --color says" {
	local colourful=[1-9]*
	good_policy
	export TERM=xterm
	[[ $(colours TERMINAL) == $colourful ]]
	[ "$(colours PIPE)" = 0 ]
	[ "$(colours TERMINAL --color never)" = 0 ]
	[[ $(colours PIPE --color always) == $colourful ]]
	[ "$(NO_COLOR=1 colours TERMINAL)" = 0 ]
	[[ $(NO_COLOR=1 colours PIPE --color=always) == $colourful ]]
	[ "$(TERM=dumb colours TERMINAL)" = 0 ]
	[[ $(NO_COLOR='' colours TERMINAL --color auto) == $colourful ]]
	reeve_apart rules list --color sometimes
	[ "$status" -eq 2 ]
	[[ $errors == *'"sometimes" is not auto, always or never'* ]]
}

@test "check: a good policy" {
	good_policy
	reeve_apart check "$folder/good.yaml"
	[ "$status" -eq 0 ]
	[[ $output == "$folder/good.yaml: valid, 1 rule, 1 group"* ]]
	reeve_apart check --json "$folder/good.yaml"
	[ "$status" -eq 0 ]
	[ "$(json_get '["valid"]')" = True ]
}

@test "check: every mistake of a bad policy, with place and suggestion" {
	bad_policy
	reeve_apart check "$folder/bad.yaml"
	[ "$status" -eq 1 ]
	[[ $errors == *"$folder/bad.yaml:4:13: error: "*"exceute"* ]]
	[[ $errors == *"$folder/bad.yaml:5:12: error: "*"bulid"*"build"* ]]
	[[ $errors == *"$folder/bad.yaml:8:10: error: "* ]]
	reeve_apart check --json "$folder/bad.yaml"
	[ "$status" -eq 1 ]
	[ -z "$errors" ]
	[ "$(json_get '["valid"]')" = False ]
	[ "$(json_get '["diagnostics"][0]["line"]')" = 4 ]
	[ "$(json_get '["diagnostics"][0]["severity"]')" = error ]
}

@test "check: one bad policy of several" {
	good_policy
	bad_policy
	reeve_apart check "$folder/good.yaml" "$folder/bad.yaml"
	[ "$status" -eq 1 ]
	[[ $output == "$folder/good.yaml: valid"* ]]
	[[ $output != *bad.yaml* ]]
}

@test "check: a folder with conf.d" {
	mkdir -p "$folder/etc/conf.d"
	good_policy
	mv "$folder/good.yaml" "$folder/etc/reeve.yaml"
	printf 'groups: {other: {pids: 9}}\n' >"$folder/etc/conf.d/10-other.yaml"
	reeve_apart check "$folder/etc"
	[ "$status" -eq 0 ]
	[[ $output == *"valid, 1 rule, 2 groups"* ]]
}

@test "check: what cannot be read is not valid" {
	reeve_apart check "$folder/missing.yaml"
	[ "$status" -eq 1 ]
	[[ $errors == *"missing.yaml"*"error: "* ]]
	: >"$folder/empty.yaml"
	head -c 4096 /dev/urandom >"$folder/binary.yaml"
	for file in empty binary; do
		reeve_apart check --json "$folder/$file.yaml"
		[ "$status" -eq 1 ]
		assert_json
	done
}

@test "check: a policy that others may write is a warning" {
	good_policy
	chmod 666 "$folder/good.yaml"
	reeve_apart check "$folder/good.yaml"
	[ "$status" -eq 0 ]
	[[ $errors == *warning* ]]
	[[ $output == *warning* ]]
}

@test "check: names in messages cannot act on a terminal" {
	printf 'rules:\n  "a\\e[2Jb": {paths: [], action: execute}\n' >"$folder/escape.yaml"
	reeve_apart check "$folder/escape.yaml"
	[ "$status" -eq 1 ]
	[[ $errors != *$'\e'* ]]
}

@test "check: --compat fetter" {
	good_policy
	printf 'colour: blue\n' >>"$folder/good.yaml"
	run reeve check "$folder/good.yaml"
	[ "$status" -eq 1 ]
	run reeve check --compat fetter "$folder/good.yaml"
	[ "$status" -eq 0 ]
	run reeve check --compat feter "$folder/good.yaml"
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean fetter?"* ]]
}

@test "check: needs no root" {
	good_policy
	as_nobody check good.yaml
	[ "$status" -eq 0 ]
	[[ $output == "good.yaml: valid"* ]]
}

@test "without a daemon: status, reload and events say so" {
	for command in status reload events; do
		reeve_apart "$command" --runtime-dir "$none"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[[ $errors == "reeve: no daemon runs: nothing answers at $none/reeve.sock"* ]]
	done
	reeve_apart status --json --runtime-dir "$none"
	[ "$status" -eq 1 ]
	[ "$(json_get '["running"]')" = False ]
}

@test "a runtime folder that is too long for a socket is an error, not a crash" {
	long=/$(printf 'x%.0s' {1..200})
	reeve_apart status --runtime-dir "$long"
	[ "$status" -eq 1 ]
	[[ $errors == "reeve: "*"$long"* ]]
}

# bats file_tags=

# bats test_tags=userland
@test "doctor: every line is ok or no, with a reason; --json says the same" {
	run reeve doctor
	[ "$status" -le 1 ]
	[[ ${lines[0]} == "ok  kernel "* ]]
	strange=$(printf '%s\n' "${lines[@]}" | grep -vE '^(ok|no)  .{20}|^    |^reeve can' || true)
	[ -z "$strange" ]
	reeve_apart doctor --json
	[ "$status" -le 1 ]
	[ "$(json_get '["checks"][0]["name"]')" = kernel ]
	[ "$(json_get '["able"]')" = "$([ "$status" -eq 0 ] && echo True || echo False)" ]
}

@test "doctor: sources stand with what they use of the kernel" {
	reeve_apart doctor --json
	[ "$(json_get '["sources"][3]["name"]')" = procfs ]
	[ "$(json_get '["sources"][3]["ok"]')" = True ]
	[ "$(json_get '["sources"][3]["hooks"][0]["state"]')" = works ]
}

# bats test_tags=userland
@test "doctor --self-test: what the sources tell is what was done; nothing is left" {
	mkdir "$folder/tmp"
	TMPDIR=$folder/tmp run reeve doctor --self-test
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"folder-link "*"chroot "*"exe_in_root "* ]]
	[[ $output != *wrong* ]]
	rmdir "$folder/tmp"
}

@test "doctor --self-test: any user can have that of procfs" {
	as_nobody doctor --self-test --source procfs
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"chroot "*"skipped"* ]]
	as_nobody doctor --self-test --source procfs --json
	[ "$(json_get '["sources"][0]["passed"]')" = True ]
	[ "$(json_get '["sources"][0]["source"]')" = procfs ]
}

@test "doctor: without root, what root lacks" {
	as_nobody doctor
	[ "$status" -eq 1 ]
	[[ $output == *"no  root "*"run as root"* ]]
}

# bats file_tags=userland

@test "limits on the command line are checked before anything is done" {
	for words in "run true" "run -g a --ram 1G true" "run --limit rma=1 true" \
		"run --raw x true" "group set g" "group set g --freeze maybe" \
		"group move g 0" "group move g pid" "events --count -1"; do
		# shellcheck disable=SC2086
		reeve_apart $words --runtime-dir "$none"
		[ "$status" -eq 2 ] || { echo "$words: $status"; false; }
		[ -z "$output" ]
		[[ $errors == "reeve: "*"usage: reeve "* ]]
	done
	[ ! -e "$none" ]
}

@test "a full disk behind standard output is an error" {
	[ -e /dev/full ] || skip "needs /dev/full"
	status=0
	reeve --help >/dev/full 2>"$folder/errors" || status=$?
	[ "$status" -eq 1 ]
	grep -q "cannot write the output" "$folder/errors"
}
