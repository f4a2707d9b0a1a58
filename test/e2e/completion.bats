# What bash offers behind "reeve": asked of the programs themselves, so it must follow their tables.

# bats file_tags=userland

setup() {
	cd "$BATS_TEST_DIRNAME/../.." && PATH=$PWD/bin:$PATH
	# What the bash-completion package would bring, as far as it is used.
	_init_completion() {
		words=("${COMP_WORDS[@]}")
		cword=$COMP_CWORD
		cur=${words[cword]}
		prev=${words[cword - 1]}
	}
	_filedir() { COMPREPLY=("files${1:+ $1}"); }
	_command_offset() { COMPREPLY=("command at $1"); }
	source data/reeve.bash-completion
}

# Prints what is offered for the last word.
offered() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	"_$1"
	printf '%s\n' "${COMPREPLY[@]}"
}

@test "completion: every command of reeve --help" {
	bin/reeve --help | sed -n '/^commands:/,/^$/p' | awk '/^  / { print $1 }' | sort -u >"$BATS_TEST_TMPDIR/commands"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -gt 10 ]
	offered reeve '' | sort -u | diff "$BATS_TEST_TMPDIR/commands" -
}

@test "completion: the beginning of a command" {
	[ "$(offered reeve rel)" = reload ]
	[ "$(offered reeve --json che)" = check ]
}

@test "completion: commands of two words" {
	offered reeve group '' | grep -qx freeze
	[ "$(offered reeve group fr)" = freeze ]
	[ -z "$(offered reeve group '' | grep -x check)" ]
}

@test "completion: options of the command that stands there" {
	offered reeve run --cpu-w | grep -qx -- --cpu-weight
	[ -z "$(offered reeve check --cpu-w)" ]
	offered reeve --v | grep -qx -- --version
	offered reeved --dr | grep -qx -- --dry-run
}

@test "completion: files and folders" {
	[[ $(offered reeve check '') == files* ]]
	[[ $(offered reeved --config '') == files* ]]
	[ "$(offered reeve status --runtime-dir '')" = "files -d" ]
}

@test "completion: the program to run has its own" {
	[ "$(offered reeve run --ram 1G -- ls -)" = "command at 5" ]
	offered reeve run bas | grep -qx bash
}
