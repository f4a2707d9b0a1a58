# shellcheck shell=bash
# Control groups that are not reeve's, as libcgroup's tools and rules have them: below $RAW, in the
# hierarchy of a controller, wherever that is on this host.

raw_setup() {
	e2e_setup
	RAW=$NAME-raw
}

raw_teardown() {
	local round left
	end_processes
	# What has just been killed may keep a group busy for a moment.
	for round in {1..50}; do
		remove_raw
		left=($(raw_tops))
		[ ${#left[@]} -gt 0 ] || break
		nap 0.1
	done
	e2e_teardown
}

remove_raw() {
	local top
	raw_tops | while read -r top; do
		find "$top" -depth -type d -exec rmdir {} \; 2>/dev/null || true
	done
}

raw_tops() {
	local point type top
	while read -r _ point type _; do
		case $type in cgroup | cgroup2) ;; *) continue ;; esac
		for top in "$point/$RAW" "$point/$RAW"-*; do
			[ ! -d "$top" ] || echo "$top"
		done
	done </proc/mounts
}

# Where a controller's hierarchy is mounted.
mounted() { # CONTROLLER
	local point type options
	while read -r _ point type options _; do
		[ "$type" != cgroup ] || [[ ,$options, != *,$1,* ]] || { echo "$point" && return; }
	done </proc/mounts
	while read -r _ point type _; do
		[ "$type" != cgroup2 ] || ! grep -qw "$1" "$point/cgroup.controllers" || { echo "$point" && return; }
	done </proc/mounts
	return 1
}

raw_group() { # CONTROLLER PATH
	mkdir -p "$(mounted "$1")/$RAW/$2"
}

# The path below $RAW in which a process is there, "" for $RAW itself, or "-".
raw_of() { # PID CONTROLLER
	local number names path found=-
	while IFS=: read -r number names path; do
		[[ ,$names, == *,$2,* || ($number = 0 && -z $(v1_of "$2")) ]] || continue
		[[ $path != "/$RAW" ]] || found=
		[[ $path != "/$RAW/"* ]] || found=${path#"/$RAW/"}
	done <"/proc/$1/cgroup"
	echo "$found"
}

# The v1 hierarchy of a controller, if it has one.
v1_of() { # CONTROLLER
	local point type options
	while read -r _ point type options _; do
		[ "$type" != cgroup ] || [[ ,$options, != *,$1,* ]] || echo "$point"
	done </proc/mounts
}

is_at() { # PID CONTROLLER PATH
	[ "$(raw_of "$1" "$2")" = "$3" ]
}
