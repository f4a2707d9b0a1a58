# What shells offer behind "reeve": asked of the programs themselves, so it must follow their tables.

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
	source data/completions/reeve.bash
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

@test "completion: what an option's value can be" {
	[ "$(offered reeve check --compat l)" = libcgroup ]
	offered reeve run --user ro | grep -qx root
	[ "$(offered reeved --compat f)" = fetter ]
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

fish_offers() { # LINE
	HOME=$BATS_TEST_TMPDIR timeout 60 fish --no-config -c 'source data/completions/reeve.fish; complete -C $argv[1]' "$1"
}

@test "completion: fish" {
	command -v fish >/dev/null || skip "needs fish"
	fish --no-execute data/completions/reeve.fish
	fish_offers "reeve " | cut -f 1 | sort -u >"$BATS_TEST_TMPDIR/fish"
	offered reeve '' | sort -u | diff - "$BATS_TEST_TMPDIR/fish"
	[ "$(fish_offers "reeve group fr")" = "freeze	Make everything in a group stand still" ]
	fish_offers "reeve run --cpu-w" | grep -q '^--cpu-weight	'
	fish_offers "reeve check data/comp" | grep -q '^data/completions/'
	fish_offers "reeve run --ram 1G -- cat data/comp" | grep -q '^data/completions/'
	fish_offers "reeve run bas" | grep -q '^bash\b'
	fish_offers "reeved --dr" | grep -q '^--dry-run	'
}

# Zsh's own completion, of which only what it is asked is of interest.
zsh_offers() { # WORD...
	timeout 60 zsh -fc '
		_describe() { print -rl -- "${(@P)4}"; }
		_files() { print -r -- files "$@"; }
		_command_names() { print -r -- programs; }
		_gnu_generic() { print -r -- generic; }
		_normal() { print -r -- "$CURRENT of $words"; }
		words=("$@") CURRENT=$# service=$1
		source data/completions/_reeve' zsh "$@"
}

@test "completion: zsh" {
	command -v zsh >/dev/null || skip "needs zsh"
	zsh -n data/completions/_reeve
	zsh_offers reeve '' | cut -d : -f 1 | sort -u >"$BATS_TEST_TMPDIR/zsh"
	offered reeve '' | sort -u | diff - "$BATS_TEST_TMPDIR/zsh"
	[ "$(zsh_offers reeve group fr)" = "freeze:Make everything in a group stand still" ]
	zsh_offers reeve run --cpu-w | grep -q '^--cpu-weight:'
	[ "$(zsh_offers reeve status --runtime-dir '')" = "files -/" ]
	[ "$(zsh_offers reeve run ba)" = programs ]
	[ "$(zsh_offers reeve run --ram 1G -- ls -)" = "2 of ls -" ]
	[ "$(zsh_offers reeved --dr)" = generic ]
}

@test "completion: zsh finds it, and inserts what is offered" {
	command -v zsh >/dev/null || skip "needs zsh"
	local folder=$BATS_TEST_TMPDIR
	cp data/completions/_reeve "$folder/"
	cat >"$folder/rc" <<-END
		fpath=("$folder" \$fpath)
		autoload -Uz compinit
		compinit -u -d "$folder/dump"
		PS1='ready> '
		accept() { print -r -- "\$BUFFER" >"$folder/inserted"; exit; }
		zle -N accept
		bindkey '^X' accept
	END
	timeout 100 python3 - "$folder" <<-'END'
		import os, pty, sys
		folder = sys.argv[1]
		pid, terminal = pty.fork()
		if pid == 0:
		    os.environ.update(TERM="dumb", ZDOTDIR=folder)
		    os.execlp("zsh", "zsh", "-f", "-i")
		os.write(terminal, f". {folder}/rc\r".encode())
		said = b""
		while b"ready> " not in said.split(b"/rc")[-1]:
		    said += os.read(terminal, 4096)
		os.write(terminal, b"reeve group fre\t\x18")
		try:
		    while os.read(terminal, 4096):
		        pass
		except OSError:
		    pass
		os.waitpid(pid, 0)
	END
	grep -qx 'reeve group freeze *' "$folder/inserted"
}
