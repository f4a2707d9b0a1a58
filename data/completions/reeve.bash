# SPDX-License-Identifier: MIT
# Completion in bash, for reeve and reeved. What can stand where is asked of the programs, out of their tables.

_reeve() {
	local cur prev words cword line place
	local -a lines

	# A word is what a space ends: neither "=" nor ":" does.
	_init_completion -n =: || return
	mapfile -t lines < <(reeve help --complete -- "${words[@]:1:cword}" 2>/dev/null)
	COMPREPLY=()
	for line in "${lines[@]}"; do
		case $line in
		:files) _filedir ;;
		:folders) _filedir -d ;;
		:programs) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur") ;;
		:users) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -u -- "$cur") ;;
		':command '*)
			place=${line#:command }
			_command_offset $((place + 1))
			return
			;;
		*) COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done
}

_reeved() {
	local cur prev words cword

	_init_completion || return
	case $prev in
	-c | --config | -p | --pid-file) _filedir && return ;;
	-r | --runtime-dir) _filedir -d && return ;;
	--compat) mapfile -t COMPREPLY < <(compgen -W "fetter libcgroup" -- "$cur") && return ;;
	esac
	[[ $cur == -* ]] || return 0
	mapfile -t COMPREPLY < <(compgen -W "$(reeved --help 2>/dev/null |
		sed -n -E 's/^  (-., )?(--[a-z0-9_-]+)( [^ ]+)?( .*|$)/\2/p')" -- "$cur")
}

complete -F _reeve reeve
complete -F _reeved reeved
