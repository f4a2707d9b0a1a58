# shellcheck shell=bash
# What the tests of watch, record and ps share, besides helpers.bash. Other programs run on the same
# machine all the while: a test looks only at its own, which it copies into its folder.

# A program of one's own at each path: it ends at once, with 0.
program() { # PATH...
	local path

	for path; do
		mkdir -p "$(dirname "$path")"
		cp /bin/true "$path"
	done
}

# Begins to watch in the background, and returns when it sees. What it prints is in $WORK/out; $WATCH
# is its process. It ends by itself after a minute, whatever happens.
watching() { # ARGUMENT...
	# What an earlier one has printed must not be taken for this one's.
	: >"$WORK/out"
	timeout -k 1 600 reeve watch "$@" --runtime-dir "$RUN" >"$WORK/out" 2>"$WORK/err" </dev/null 3>&- &
	WATCHER=$!
	owned "$WATCHER"
	seeing
	WATCH=$(pgrep -P "$WATCHER")
}

# Waits for the record that says by what is seen, which is the first.
seeing() {
	local i

	for ((i = 0; i < 600; i++)); do
		! grep -qs "is used" "$WORK/out" || return 0
		alive "$WATCHER" || break
		sleep 0.05
	done
	echo "it does not watch:"
	cat "$WORK/out" "$WORK/err"
	return 1
}

# Ends it as an interrupt does; its exit code.
unwatch() {
	local code=0

	kill -INT "$WATCH"
	wait "$WATCHER" || code=$?
	return "$code"
}

# Waits until it ends by itself; its exit code.
watched() {
	local code=0

	wait "$WATCHER" || code=$?
	return "$code"
}

# How many lines of what was watched, as JSON, are true of `e`: an event, as Python has it.
events() { # EXPRESSION [FILE]
	python3 -c '
import json, sys
count = 0
for line in open(sys.argv[2]):
    e = json.loads(line)
    if eval(sys.argv[1]):
        count += 1
print(count)' "$1" "${2:-$WORK/out}"
}

# Whether a source works on this host.
source_works() { # NAME
	timeout 20 reeve watch --source "$1" --timeout 100ms --runtime-dir "$RUN" >/dev/null 2>"$WORK/why" 3>&-
}
